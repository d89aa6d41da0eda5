"""The whole application of a node: each changing route is proved to tell the audit first, here or where it is named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask

from gecit.core.access import Action, Person, Role
from gecit.edges.audit_book import AuditBook
from gecit.edges.doors import Admission, Doors
from gecit.edges.store import SqlLedger, open_ledger, schema
from gecit.processes.web import application
from gecit.settings import load
from gecit.web.access import NEEDS
from tests.fakes import StillClock
from tests.support.everything import fill
from tests.support.flow import HOSPITAL, TCKN
from tests.support.reading import NOW

from .test_audit_first import ASKS_ONLY, AUDIT
from .test_audit_first import CASES as FIRST

AYSE = Person(name="ayse", roles=(Role.RADIOLOGIST,), institution=HOSPITAL.skrs)
CERRAH = Person(name="cerrah", roles=(Role.CLINICIAN,), institution=HOSPITAL.skrs)
MANAGER = Person(name="mudur", roles=(Role.MANAGER,), institution=HOSPITAL.skrs)
UNIT = Person(name="birim", roles=(Role.ADMINISTRATOR,))
ASSESSOR = Person(name="cem", roles=(Role.ASSESSOR,), institution=HOSPITAL.skrs)
CITIZEN = Person(name="hasta", roles=(Role.CITIZEN,), tckn=TCKN)
DAYS = {"since": "2026-03-02", "until": "2026-03-20"}


class Case(NamedTuple):
    """Who posts what where."""

    who: Person
    path: str
    form: dict[str, Any]


CASES: dict[str, Case] = {
    "assigning.keep": Case(AYSE, "/gecit/reading/profile", {"away-until": "2026-04-01"}),
    "editor.take": Case(AYSE, f"/gecit/reading/take/{HOSPITAL.skrs}/A2", {}),
    "editor.hold": Case(AYSE, f"/gecit/reading/hold/{HOSPITAL.skrs}/A2", {"reason": "önceki tetkik"}),
    "editor.give_back": Case(AYSE, f"/gecit/reading/give-back/{HOSPITAL.skrs}/A2", {}),
    "own_templates.keep": Case(
        AYSE, "/gecit/templates/own",
        {"what": "macro", "macro": "olagan", "title": "Olağan", "part": "findings", "text": "Olağan."},
    ),
    "own_templates.remove": Case(AYSE, "/gecit/templates/own/remove", {"macro": "olagan"}),
    "groups.add": Case(UNIT, "/gecit/groups", {"name": "Nöro", "account": "ayse", "since": "2026-03-01", "until": ""}),
    "critical.confirm": Case(CERRAH, f"/gecit/critical/confirm/{HOSPITAL.skrs}/A1", {"number": "1"}),
    "reviews.say": Case(ASSESSOR, "/gecit/reviews/r1/1", {"score": "1", "significance": "none"}),
    "samples.close": Case(UNIT, "/gecit/samples/r1/close", {}),
    "consulting_acts.close": Case(AYSE, "/gecit/consultations/of/c1/close", {"outcome": "record"}),
    "retention.put_on_hold": Case(UNIT, "/gecit/retention/holds", {"tckn": TCKN, "reason": "dava"}),
    "own_requests.ask": Case(
        CITIZEN, "/gecit/own/requests",
        {"institution": HOSPITAL.skrs, "when": "mart", "what": "beyin tomografisi", "contact": "page"},
    ),
    "sharing.add": Case(CITIZEN, "/gecit/sharing", {"which": "all", "institution": HOSPITAL.skrs, **DAYS}),
    "care.record": Case(
        MANAGER, "/gecit/care",
        {"way": "treating", "physician": "cerrah", "tckn": TCKN, "reason": "başvuru 12", **DAYS},
    ),
}  # fmt: skip
"""In an order in which each finds what it changes."""

WATCHED = {
    "assigning.assign", "care.end", "care.open_in_emergency", "care.review", "consulting_acts.accept",
    "consulting_acts.again", "consulting_acts.answer", "consulting_acts.decline", "consulting_acts.extend",
    "consulting_acts.withdraw", "consulting_ask.ask", "downloads.begin", "drafts.discard", "editor.sign",
    "feedback.add", "feedback.end", "feedback.say", "grants.add", "grants.end", "groups.change", "groups.close",
    "institution_templates.keep", "institution_templates.remove", "institution_templates.take_in",
    "key_images.change", "marking.mark", "marking.take_back", "marking.telephone", "own_requests.withdraw",
    "own_templates.take_in", "patient_desk.act", "retention.approve_list", "retention.drop_list", "retention.make",
    "quality.rate_exam", "retention.release_hold", "reviews.feedback", "samples.draw", "samples.feedback",
    "sharing.add_link", "sharing.end", "link.code", "link.enter", "link.leave", "link.take", "selftest.take_away",
}  # fmt: skip
"""The tests of their own pages watch them: tests/support/watched.py."""

OF_DOORS = {
    "institutions.add", "institutions.change", "own.change_password", "own.end", "own.end_all", "sign_in.sign_in",
    "sign_in.sign_out", "tokens.add", "tokens.revoke", "users.add", "users.change", "users.disable",
    "users.password", "users.sign_out", "over.take",
}  # fmt: skip
"""The desk of accounts tells first: tests/web/test_accounts.py breaks the audit there, and test_over.py."""

NOTHING = {
    "care.find",  # asks only, by a number that must not stand in an address
    "editor.draft",  # a pause in typing is no row
    "samples.again",  # draws again and compares
    "selftest.seal", "selftest.check_seal",  # reckon; the first tells the audit first all the same
    "duplicates.previous_studies", "duplicates.previous_studies_for_list", "duplicates.search_detail",  # they tell
}  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlLedger]:
    for name in [one for one in os.environ if one.startswith(("GECIT_", "ORTHANC__"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GECIT_DATA", str(tmp_path))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "internal.token").write_text("inside", encoding="utf-8")
    opened = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    fill(opened)
    yield opened
    opened.close()


@pytest.fixture
def app(ledger: SqlLedger) -> Flask:
    clock = StillClock(NOW)
    return application(load(), ledger, AuditBook(ledger, b"k" * 32, "N1/web", clock), clock)


def state(ledger: SqlLedger) -> dict[str, list[str]]:
    with ledger.engine.connect() as connection:
        return {
            one.name: sorted(map(repr, connection.execute(sa.select(one)).all()))
            for one in schema.metadata.sorted_tables
            if one.name not in AUDIT
        }


def test_nothing_is_changed_that_cannot_be_audited(
    app: Flask, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = app.test_client()
    for name, case in CASES.items():
        monkeypatch.setattr(Doors, "admit", lambda *_, of=case: Admission(who=of.who.name, person=of.who))
        before = state(ledger)
        with monkeypatch.context() as broken:
            broken.setattr(ledger, "add_audit", lambda *_: (_ for _ in ()).throw(OSError("full")))
            assert client.post(case.path, data=case.form).status_code == 503, name
        assert state(ledger) == before, name
        answer = client.post(case.path, data=case.form)
        assert answer.status_code < 400, (name, answer.text)
        assert state(ledger) != before, f"{name}: the test would prove nothing"


def test_every_changing_route_of_the_node_is_proved_somewhere(app: Flask) -> None:
    changing = {one.endpoint for one in app.url_map.iter_rules() if (one.methods or set()) - {"GET", "HEAD", "OPTIONS"}}
    proved = [set(FIRST), set(CASES), WATCHED, OF_DOORS, NOTHING, ASKS_ONLY]
    assert changing == set().union(*proved)
    assert sum(map(len, proved)) == len(changing), "each once"
    silent = {one for one in changing if not isinstance(getattr(app.view_functions[one], NEEDS, None), Action)}
    assert silent == {"link.code", "link.enter", "link.take", "over.take", "sign_in.sign_in"} | {
        "selftest.check_seal"
    }, "open to all: their steps tell; a seal is compared, and nothing changes"
