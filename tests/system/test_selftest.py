"""`gecit selftest` against real nodes: all well, and broken on purpose; afterwards nothing of it is left."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.rulebook import Rulebook
from gecit.core.trials import PREFIX
from gecit.edges.doors import new_token, token_digest
from gecit.edges.store import schema
from gecit.ports import Institution
from gecit.sandbox.day import INSTITUTION, RADIOLOGIST
from tests.support.hospital import Hospital, hospital, run_gecit
from tests.support.node import free_ports

pytestmark = pytest.mark.system

TRIAL = Institution(
    skrs="990001",
    medula_code="11990001",
    name="Geçit Deneme Kurumu",
    aets=("GECITTEST",),
    hl7_peers=("127.0.0.1/32",),
    trial=True,
)
PLACES = (TRIAL, Institution(skrs=INSTITUTION.skrs, name=INSTITUTION.name, aets=INSTITUTION.aets))
Ran = tuple[int, dict[str, Any], Path]


def give(made: Hospital, role: Role = Role.SERVICE, skrs: str = TRIAL.skrs) -> str:
    """A token of an account of a role at an institution."""
    token, now, name = new_token(), datetime.now(UTC), f"{role.value} {skrs}"
    made.ledger.save_account(Account(name=name, roles=(role,), institution=skrs), now)
    made.ledger.add_token(token_digest(token), name, now, None)
    return token


def run(made: Hospital, token: str, folder: Path, *more: str, target: str = "") -> Ran:
    page = folder / "page.html"
    environ = {**made.node.environ, "GECIT_SELFTEST_TOKEN": token, "GECIT_SELFTEST_RADIOLOGIST": RADIOLOGIST.identifier}
    arguments = ("--target", target or made.node.url, "--patience", "60", "--by", "Deneme Kuran", "--page", str(page))
    done = run_gecit(environ, "selftest", "--json", *arguments, *more, seconds=280)
    assert done.stdout, done.stderr
    assert token not in done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout), page


def ended(found: dict[str, Any], state: str) -> dict[str, str]:
    return {one["id"]: one["got"]["en"] for one in found["results"] if one["state"] == state}


def nothing_left(made: Hospital) -> None:
    """Neither Orthanc nor what is folded of the ledger knows anything of a self-test."""
    assert made.node.ask("POST", "/tools/find", json={"Level": "Study", "Query": {"AccessionNumber": "GST-*"}}).json() == []
    with made.ledger.engine.connect() as connection:
        for table in (*schema.FOLDED, schema.outbox):
            rows = [str(tuple(row)) for row in connection.execute(sa.select(table))]
            assert not [one for one in rows if PREFIX in one or "100007" in one], table.name
    assert not [one for one in made.effective() if one[0] == TRIAL.skrs]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    with hospital(tmp_path_factory.mktemp("site"), institutions=PLACES) as made:
        yield made


@pytest.fixture(scope="module")
def token(site: Hospital) -> str:
    return give(site)


def test_a_site_that_is_well_passes_and_is_left_as_it_was(site: Hospital, token: str, tmp_path: Path) -> None:
    code, found, page = run(site, token, tmp_path)
    assert ended(found, "failed") == {}
    assert set(ended(found, "skipped")) == {"https", "hl7-plain", "dicom-plain"}
    assert code == 0
    assert found["good"]
    nothing_left(site)
    html = page.read_text(encoding="utf-8")
    assert "Deneme Kuran" in html
    assert RADIOLOGIST.identifier not in html
    assert token not in html
