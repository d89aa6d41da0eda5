"""The page of orphaned drafts: an author's own text and nobody else's, and nothing of the exam that he lost."""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskClient
from msgspec.structs import replace

from gecit.core.access import Role
from gecit.edges.store import SqlLedger
from gecit.steps.read_exam import release_due
from tests.fakes import StillClock
from tests.support.flow import FINDINGS, HOSPITAL, key
from tests.support.reading import LIMITS, NOW

from .test_reading import (  # noqa: F401 -- fixtures
    GRANT,
    PASSWORD,
    act,
    ask,
    audit,
    client,
    clock,
    ledger,
    registry,
    tags,
    written,
)

# ruff: noqa: F811 -- fixtures are named as what they give

PLACE = "/gecit/reading/drafts"


def lose(client: FlaskClient, ledger: SqlLedger) -> None:
    """Write as a radiologist who is granted the institution, then end the grant."""
    ask(client, "yonetici", "/gecit/grants", GRANT)
    act(client, "uzak", "take")
    act(client, "uzak", "draft", **written(ledger, "uzak"))
    (grant,) = ledger.read(lambda tx: tx.grants())
    ask(client, "yonetici", f"/gecit/grants/{grant.id}/end", {})
    ledger.write(lambda tx: release_due(tx, LIMITS, NOW, lambda reader, skrs: reader != "uzak"))


def test_who_lost_the_grant_sees_his_own_text_and_nothing_of_the_patient(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    lose(client, ledger)
    page = ask(client, "uzak", PLACE).text
    exam = ledger.read(lambda tx: tx.exam(key()))
    assert exam
    assert FINDINGS[:30] in page and "yetkiniz artık yok" in page
    assert exam.patient.family not in page and exam.patient.tckn not in page
    assert FINDINGS[:30] not in ask(client, "bora", PLACE).text
    discard = f"{PLACE}/discard/{HOSPITAL.skrs}/A1"
    assert ask(client, "bora", discard, {}).status_code == 404
    assert ask(client, "uzak", discard, {}).status_code == 303
    assert "Böyle bir taslağınız yok" in ask(client, "uzak", PLACE).text


def test_who_is_no_radiologist_any_more_reaches_it_too(client: FlaskClient, ledger: SqlLedger) -> None:
    lose(client, ledger)
    account = ledger.account("uzak")
    assert account
    ledger.save_account(replace(account, roles=(Role.CLINICIAN,)), NOW)
    assert FINDINGS[:30] in ask(client, "uzak", PLACE).text


def test_the_draft_of_an_exam_that_one_has_is_not_thrown_away_there(client: FlaskClient, ledger: SqlLedger) -> None:
    act(client, "ayse", "take")
    assert "Böyle bir taslağınız yok" in ask(client, "ayse", PLACE).text
    assert ask(client, "ayse", f"{PLACE}/discard/{HOSPITAL.skrs}/A1", {}).status_code == 404
    assert ledger.read(lambda tx: tx.draft(key(), "ayse"))


def test_the_day_counts_what_a_grant_opens_and_no_more_when_it_ends(
    client: FlaskClient, ledger: SqlLedger, clock: StillClock
) -> None:
    day = f"/gecit/day?day={NOW:%Y-%m-%d}"
    assert "(1)" not in ask(client, "uzak", day).text
    ask(client, "yonetici", "/gecit/grants", GRANT)
    assert "(1)" in ask(client, "uzak", day).text
    clock.at = NOW + timedelta(days=40)
    assert "(1)" not in ask(client, "uzak", day).text
