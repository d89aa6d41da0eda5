"""The pages of critical findings: marked in the editor, read at the hospital, seen by whom they concern alone."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.critical import Critical, State
from gecit.core.events import ReviewRoundDrawn
from gecit.core.peer_review import Pick, Reviewer, ReviewRound
from gecit.edges.store import SqlLedger
from tests.fake_accounts import FakeAudit
from tests.support.critical import WHAT
from tests.support.flow import HOSPITAL, key
from tests.support.markup import POISON, shown_as_text
from tests.support.reading import NOW

from .test_reading import (  # noqa: F401 -- fixtures
    CHEAP,
    EDITOR,
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

PLACE = f"{HOSPITAL.skrs}/A1"
DOCTOR = Account(name="hekim", roles=(Role.CLINICIAN,), institution=HOSPITAL.skrs)


@pytest.fixture(autouse=True)
def hospital(ledger: SqlLedger) -> None:
    for one in (
        DOCTOR,
        replace(DOCTOR, name="komsu", institution="910009"),
        replace(DOCTOR, name="denetci", roles=(Role.ASSESSOR,)),
        replace(DOCTOR, name="hasta", roles=(Role.CITIZEN,), institution=""),
    ):
        ledger.save_account(one, NOW)
        ledger.set_password(one.name, CHEAP.hash(PASSWORD), NOW)


def mark(client: FlaskClient, ledger: SqlLedger, text: str = WHAT) -> None:
    act(client, "ayse", "take", act="take")
    form = {**written(ledger, "ayse"), "critical": text}
    assert ask(client, "ayse", f"/gecit/critical/mark/{PLACE}", form).status_code == 303


def standing(ledger: SqlLedger) -> Critical:
    exam = ledger.read(lambda tx: tx.exam(key()))
    assert exam is not None
    assert exam.critical is not None
    return exam.critical


def confirm(client: FlaskClient, who: str, number: int = 1) -> int:
    return ask(client, who, f"/gecit/critical/confirm/{PLACE}", {"number": str(number)}).status_code


def test_what_the_editor_marks_the_hospital_reads_and_the_author_sees_who_did(
    client: FlaskClient, ledger: SqlLedger, audit: FakeAudit
) -> None:
    mark(client, ledger)
    assert WHAT in ask(client, "ayse", EDITOR).text
    assert "kritik</span>" in ask(client, "bora", "/gecit/reading").text
    assert "sizi bekliyor" not in ask(client, "ayse", "/gecit/critical").text, "the own mark waits for others"
    page = ask(client, "hekim", "/gecit/critical")
    assert page.status_code == 200 and WHAT in page.text and "Okudum" in page.text
    assert '>1<span class="visually-hidden"> sizi bekliyor</span>' in page.text
    assert WHAT in ask(client, "hekim", f"/gecit/exams/{PLACE}").text
    assert confirm(client, "hekim") == 303
    assert standing(ledger).state is State.READ
    after = ask(client, "ayse", "/gecit/critical").text
    assert "hekim (" in after and "sizi bekliyor" not in after
    rows = [(one.who, one.what, one.accession, bool(one.patient)) for one in audit.entries if "critical" in one.what]
    assert rows == [
        ("ayse", "mark a critical finding", "A1", True),
        ("hekim", "confirm a critical finding", "A1", True),
    ]


def test_a_critical_finding_is_text_wherever_it_stands(client: FlaskClient, ledger: SqlLedger) -> None:
    mark(client, ledger, POISON)
    for who, path in (("ayse", EDITOR), ("hekim", "/gecit/critical"), ("ayse", "/gecit/critical")):
        assert shown_as_text(ask(client, who, path).text), path
    whom = {"number": "1", "whom": f"Dr. {POISON}"}
    assert ask(client, "ayse", f"/gecit/critical/telephone/{PLACE}", whom).status_code == 303
    assert shown_as_text(ask(client, "hekim", "/gecit/critical").text, f"Dr. {POISON}")
    page = ask(client, "hekim", f"/gecit/exams/{PLACE}").text
    assert shown_as_text(page) and shown_as_text(page, f"Dr. {POISON}")


def test_what_is_refused_was_never_done_in_the_audit(client: FlaskClient, ledger: SqlLedger, audit: FakeAudit) -> None:
    mark(client, ledger)
    del audit.entries[:]
    assert confirm(client, "hekim", 2) == 409
    telephoned = {"number": "1", "whom": ""}
    assert ask(client, "ayse", f"/gecit/critical/telephone/{PLACE}", telephoned).status_code == 409
    changes = [(who, what, outcome) for who, what, outcome in audit.said() if "critical finding" in what]
    assert changes == [
        ("hekim", "confirm a critical finding", "refused"),
        ("ayse", "tell a critical finding by telephone", "refused"),
    ]


def test_another_hospital_a_patient_and_who_marked_it_confirm_nothing(client: FlaskClient, ledger: SqlLedger) -> None:
    mark(client, ledger)
    assert WHAT not in ask(client, "komsu", "/gecit/critical").text
    assert confirm(client, "komsu") == 409
    assert ask(client, "hasta", "/gecit/critical").status_code == 403
    assert [confirm(client, who) for who in ("hasta", "denetci", "yonetici")] == [403, 403, 403]
    assert confirm(client, "ayse") == 409
    assert confirm(client, "hekim", 2) == 409
    assert standing(ledger).state is State.UNREAD


def test_the_list_names_no_author_to_whoever_has_a_blind_review_of_the_report(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    mark(client, ledger)
    telephoned = {"number": "1", "whom": "Dr. Acil"}
    assert ask(client, "ayse", f"/gecit/critical/telephone/{PLACE}", telephoned).status_code == 303
    assert ">ayse<" in ask(client, "bora", "/gecit/critical").text
    pick = Pick(number=1, exam=key(), version=1, stratum="s", reviewer="bora")
    drawn = ReviewRound(
        id="r1", title="t", since=NOW, until=NOW, strata=(), seed="s", position=0,
        reviewers=(Reviewer(account="bora"),), picks=(pick,),
    )  # fmt: skip
    ledger.write(lambda tx: tx.append(ReviewRoundDrawn(at=NOW, round=drawn, by="yonetici")))
    page = ask(client, "bora", "/gecit/critical").text
    assert WHAT in page and "ayse" not in page and "Dr. Acil" in page
    assert ">ayse<" in ask(client, "hekim", "/gecit/critical").text


def test_text_is_shown_as_text(client: FlaskClient, ledger: SqlLedger) -> None:
    mark(client, ledger, "<b>kanama</b>")
    assert "&lt;b&gt;kanama" in ask(client, "hekim", "/gecit/critical").text


def test_marking_keeps_what_was_written_and_an_empty_mark_is_refused_with_its_reason(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    act(client, "ayse", "take", act="take")
    form = {**written(ledger, "ayse"), "critical": "  "}
    refused = ask(client, "ayse", f"/gecit/critical/mark/{PLACE}", form)
    assert refused.status_code == 422 and "Kritik bulgunun ne olduğunu yazın" in refused.text
    draft = ledger.read(lambda tx: tx.draft(key(), "ayse"))
    assert draft and "olağan" in " ".join(draft.parts.values()).lower()


def test_what_is_taken_back_is_not_marked_again_by_the_signature(client: FlaskClient, ledger: SqlLedger) -> None:
    mark(client, ledger)
    form = {**written(ledger, "ayse"), "critical": WHAT, "critical-reason": "artefakt"}
    assert ask(client, "ayse", f"/gecit/critical/take-back/{PLACE}", form).status_code == 303
    signed = act(client, "ayse", "sign", **written(ledger, "ayse"), act="sign", password=PASSWORD)
    assert signed.status_code == 303, signed.text
    assert standing(ledger).state is State.TAKEN_BACK
    assert "Geri alınan" in ask(client, "hekim", "/gecit/critical").text
    assert confirm(client, "hekim", 2) == 303


def test_the_author_records_whom_he_telephoned_after_signing_too(client: FlaskClient, ledger: SqlLedger) -> None:
    act(client, "ayse", "take", act="take")
    form = {**written(ledger, "ayse"), "critical": WHAT}
    assert act(client, "ayse", "sign", **form, act="sign", password=PASSWORD).status_code == 303
    place = f"/gecit/critical/telephone/{PLACE}"
    assert ask(client, "bora", place, {"number": "1", "whom": "Acil"}).status_code == 409
    assert ask(client, "ayse", place, {"number": "1", "whom": ""}).status_code == 409
    assert ask(client, "ayse", place, {"number": "1", "whom": "Acil nöbetçisi"}).status_code == 303
    assert "telefonla: Acil nöbetçisi" in ask(client, "hekim", "/gecit/critical").text
