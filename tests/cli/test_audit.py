"""`gecit audit`: what was done, and whether the record of it is whole."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from gecit.cli import cli
from gecit.core.audit import AuditEntry
from gecit.edges.store.schema import audit
from gecit.processes.build import Parts
from gecit.processes.entrance import audit_of
from gecit.settings import load
from tests.fakes import NOON

TCKN = "10000000146"


@pytest.fixture
def opened(data: object) -> Parts:
    """A ledger with three rows."""
    parts = Parts(load())
    book = audit_of(parts.settings, parts.ledger, "web")
    for who, outcome in (("ayşe", "done"), ("veli", "refused"), ("ayşe", "done")):
        book.record(AuditEntry(at=NOON, who=who, what="see an exam", outcome=outcome, accession="A1", patient=TCKN))
    return parts


def run(*arguments: str, **more: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["audit", *arguments], **more)
    return done.exit_code, done.stdout


def test_a_whole_audit_is_said_to_be_whole(opened: Parts) -> None:
    code, text = run("verify")
    assert code == 0 and "3 satır / rows: bozulmamış / whole" in text
    code, text = run("verify", "--json")
    assert code == 0 and json.loads(text) == {"rows": 3, "sealsChecked": True, "keyLost": None, "faults": []}


def test_an_edit_is_named_with_its_row(opened: Parts) -> None:
    with opened.ledger.engine.begin() as connection:
        connection.execute(sa.update(audit).where(audit.c.number == 2).values(who="ayşe"))
    code, text = run("verify")
    assert code == 1 and " 2: satır değiştirilmiş / the row was edited" in text and "1 KUSUR / FAULTS" in text
    code, text = run("verify", "--json")
    assert code == 1 and [one["fault"] for one in json.loads(text)["faults"]] == ["edited"]


def test_without_the_key_the_chain_is_looked_at_and_seals_are_not(opened: Parts) -> None:
    opened.settings.audit_key_file.unlink()
    code, text = run("verify")
    assert code == 0 and "seals were not looked at" in text
    assert not opened.settings.audit_key_file.exists(), "looking makes no key"


def test_the_list_is_narrowed_and_a_patients_number_is_asked_for(opened: Parts) -> None:
    assert [one["who"] for one in json.loads(run("list", "--json")[1])] == ["ayşe", "veli", "ayşe"]
    assert [one["who"] for one in json.loads(run("list", "--json", "--outcome", "refused")[1])] == ["veli"]
    code, text = run("list", "--who", "ayşe", "--limit", "1")
    assert code == 0 and text.count("see an exam") == 1
    assert len(json.loads(run("list", "--json", "--patient", input=f"{TCKN}\n")[1])) == 3
    assert json.loads(run("list", "--json", "--patient", input="10000000214\n")[1]) == []
    code, text = run("list", "--patient", input="1\n")
    assert code == 1
    assert run("list", "--json", "--since", "2026-03-03")[1].strip() == "[]"
