"""Care relations and emergency access on both engines: recorded by an institution, stated by a physician, reviewed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from msgspec.structs import replace

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.events import OpeningRecorded
from gecit.core.openings import EMERGENCIES_A_DAY, CareEdition, CareOpening, CareRule, Fault, Way, faults_of
from gecit.core.values import local
from gecit.edges.audit_book import AuditBook
from gecit.edges.care_file import care_rule, read_care
from gecit.edges.doors import Doors
from gecit.edges.passwords import PasswordCheck
from gecit.edges.report_files import ReportFileError
from gecit.edges.store import SqlLedger
from gecit.ports import AuditSearch
from gecit.steps.disclosing import disclosed
from gecit.steps.openings import Openings, open_to
from gecit.steps.share_links import Hashing, Links, LinkTerms
from gecit.steps.watch_health import Facts, Limits, facts, wrong
from gecit.web.app import create_app
from gecit.web.care import MOST, CareDesk
from gecit.web.sharing import SharingDesk
from tests.fakes import FakeVitals, StillClock
from tests.support.flow import HOSPITAL

from .test_sharing import A1, AWAY, CHEAP, CONCLUSION, OTHER_PATIENT, PATIENT, ask, fill

RULES = Path(__file__).parents[2] / "rules"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
B1 = f"/gecit/shared/report/{HOSPITAL.skrs}/B1"
REASON = "Trafik kazası, bilinci kapalı hasta"


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOW)


@pytest.fixture
def audit(ledger: SqlLedger, clock: StillClock) -> AuditBook:
    return AuditBook(ledger, b"k" * 32, "N/web", clock)


def build(ledger: SqlLedger, clock: StillClock, audit: AuditBook, rule: CareRule) -> Flask:
    ticks = iter(range(0, 10**6, 10))
    doors = Doors(
        ledger, "inside", clock, lambda: float(next(ticks)), audit=audit, disclosed=disclosed(ledger, lambda: rule)
    )
    links = Links(ledger, ledger, audit, clock, {}, Hashing(hash=CHEAP.hash, fits=PasswordCheck().fits), LinkTerms())
    return create_app(
        doors=doors, views=ledger, vitals=FakeVitals(), clock=clock, node="N", ledger=ledger, audit=audit,
        sharing=SharingDesk(ledger, ledger, clock, audit.rows, audit.digest, links, rule=lambda: rule),
        care=CareDesk(ledger, clock, Openings(ledger, ledger, lambda: rule)),
    )  # fmt: skip


@pytest.fixture
def client(ledger: SqlLedger, clock: StillClock, audit: AuditBook) -> FlaskClient:
    fill(ledger)
    shipped = read_care(RULES).editions
    return build(
        ledger, clock, audit, CareRule(editions=tuple(replace(one, stated_reason_hours=4) for one in shipped))
    ).test_client()


def today(after: int = 0) -> str:
    return (local(NOW) + timedelta(days=after)).date().isoformat()


def relate(client: FlaskClient, who: str = "uzakmudur", **differs: Any) -> int:
    form = {"physician": "doktor", "tckn": PATIENT, "way": "treating", "reason": "B-17", "since": today(), **differs}
    return ask(client, who, "/gecit/care", form).status_code


def test_a_care_relation_opens_the_patients_exams_to_that_physician_until_it_is_ended(
    client: FlaskClient, ledger: SqlLedger, audit: AuditBook
) -> None:
    assert ask(client, "doktor", A1).status_code == 404
    assert relate(client) == 303
    assert CONCLUSION in ask(client, "doktor", A1).text
    assert [ask(client, who, A1).status_code for who in ("meslektas", "uzak")] == [404, 404]
    assert ask(client, "doktor", B1).status_code == 404
    seen = ask(client, "hasta", "/gecit/sharing").text
    assert "Onamım olmadan" in seen and "Uzak Hekimci" in seen, "the patient sees it"
    (one,) = ledger.read(lambda tx: tx.openings(institution=AWAY))
    assert ask(client, "mudur", f"/gecit/care/{one.id}/end", {}).status_code == 404, "another institution's manager"
    assert ask(client, "doktor", A1).status_code == 200
    assert ask(client, "uzakmudur", f"/gecit/care/{one.id}/end", {}).status_code == 303
    assert ask(client, "doktor", A1).status_code == 404
    rows = [(row.who, row.what) for row in audit.rows(AuditSearch(patient=audit.digest(PATIENT), outcome="done"))]
    assert rows.count(("uzakmudur", "record care relations")) == 2


def test_of_many_relations_the_newest_are_shown_and_a_patients_own_are_found(
    client: FlaskClient, ledger: SqlLedger, audit: AuditBook
) -> None:
    assert relate(client, reason="ESKI-1") == 303
    (old,) = ledger.read(lambda tx: tx.openings())
    for number in range(MOST):  # as the visits of an HBYS make them
        later = NOW + timedelta(seconds=1 + number)
        one = replace(old, id="", patient=OTHER_PATIENT, reason=f"V-{number}", since=later)
        ledger.write(lambda tx, one=one: open_to(tx, one, ledger.account("doktor"), read_care(RULES), NOW))  # type: ignore[misc]
    ask(client, "doktor", "/gecit/care/emergency", {"tckn": PATIENT, "reason": REASON})
    shown = ask(client, "uzakmudur", "/gecit/care").text
    assert f"V-{MOST - 1}<" in shown and "V-0<" in shown and "ESKI-1<" not in shown and REASON not in shown
    assert str(MOST) in shown and "bulun" in shown
    found = ask(client, "uzakmudur", "/gecit/care/find", {"tckn": PATIENT})
    assert found.status_code == 200 and "ESKI-1<" in found.text and "V-0<" not in found.text
    assert ("uzakmudur", "done") in [
        (row.who, row.outcome) for row in audit.rows(AuditSearch(patient=audit.digest(PATIENT)))
    ]
    assert "ESKI-1<" not in ask(client, "mudur", "/gecit/care/find", {"tckn": PATIENT}).text, "of his own institution"
    assert ask(client, "uzakmudur", "/gecit/care/find", {"tckn": "1"}).status_code == 422
    reviews = ask(client, "uzakmudur", "/gecit/care/reviews").text
    assert REASON in reviews and "V-0<" not in reviews


@pytest.mark.parametrize("how", ["relation", "emergency"])
def test_whoever_leaves_the_hospital_leaves_its_patients(client: FlaskClient, ledger: SqlLedger, how: str) -> None:
    if how == "relation":
        assert relate(client) == 303
    else:
        assert ask(client, "doktor", "/gecit/care/emergency", {"tckn": PATIENT, "reason": REASON}).status_code == 303
    assert ask(client, "doktor", A1).status_code == 200
    before = ledger.account("doktor")
    assert before is not None
    ledger.save_account(replace(before, institution="900077"), NOW)
    assert ask(client, "doktor", A1).status_code == 404
    ledger.save_account(before, NOW)
    assert ask(client, "doktor", A1).status_code == 200


@pytest.mark.parametrize(
    "differs",
    [
        {"physician": "hic"},
        {"physician": "uzak"},  # of another institution
        {"physician": "uzakmudur"},  # no physician
        {"tckn": "12345678901"},
        {"reason": ""},
        {"since": ""},
        {"until": "2026-01-01"},
        {"way": "stated-reason"},
    ],
)
def test_what_is_no_care_relation_opens_nothing(
    client: FlaskClient, ledger: SqlLedger, differs: dict[str, str]
) -> None:
    assert relate(client, **differs) == 422
    assert ledger.read(lambda tx: (tx.openings(), tx.disclosures_of(PATIENT))) == ([], [])


def test_who_may_record_and_review(client: FlaskClient) -> None:
    assert [relate(client, who) for who in ("doktor", "hasta", "mudur", "yonetici")] == [403, 403, 422, 303]
    for who in ("mudur", "uzakmudur", "yonetici", "hasta"):
        assert ask(client, who, "/gecit/care/emergency").status_code == (200 if who == "doktor" else 403)
    assert ask(client, "doktor", "/gecit/care/reviews").status_code == 403


def test_an_emergency_opens_for_hours_is_alerted_and_reviewed(
    client: FlaskClient, ledger: SqlLedger, clock: StillClock
) -> None:
    form = {"tckn": OTHER_PATIENT, "reason": REASON}
    assert ask(client, "doktor", "/gecit/care/emergency", form).status_code == 303
    assert ask(client, "doktor", B1).status_code == 200
    assert ask(client, "meslektas", B1).status_code == 404
    (one,) = ledger.read(lambda tx: tx.openings(waiting=True))
    assert f"emergency:{one.id}" in wrong(facts(ledger, NOW), Limits()), "people are told"
    assert REASON in ask(client, "uzakmudur", "/gecit/care/reviews").text
    assert REASON not in ask(client, "mudur", "/gecit/care/reviews").text, "another institution's manager"
    assert "Acil erişim: Uzak Hekimci" in ask(client, "komsu", "/gecit/sharing").text, "the patient sees it"
    path = f"/gecit/care/reviews/{one.id}"
    assert ask(client, "mudur", path, {"outcome": "justified", "note": "x"}).status_code == 404
    assert ask(client, "uzakmudur", path, {"outcome": "justified", "note": ""}).status_code == 422
    assert ask(client, "uzakmudur", path, {"outcome": "justified", "note": "Acil kaydı var"}).status_code == 303
    assert wrong(Facts(now=NOW, unreviewed=tuple(ledger.read(lambda tx: tx.openings(waiting=True)))), Limits()) == {}
    assert ask(client, "doktor", B1).status_code == 200, "justified: its hours run on"
    clock.advance(4 * 3600)
    assert ask(client, "doktor", B1).status_code == 404
    recorded = [event.opening.outcome for _, event in ledger.events() if isinstance(event, OpeningRecorded)]
    assert recorded == [None, "justified"]


def test_one_that_is_not_justified_is_shut_at_once(client: FlaskClient, ledger: SqlLedger) -> None:
    ask(client, "doktor", "/gecit/care/emergency", {"tckn": OTHER_PATIENT, "reason": REASON})
    (one,) = ledger.read(lambda tx: tx.openings())
    form = {"outcome": "not justified", "note": "Hasta kurumda değil"}
    assert ask(client, "yonetici", f"/gecit/care/reviews/{one.id}", form).status_code == 303
    assert ask(client, "doktor", B1).status_code == 404
    assert ask(client, "yonetici", f"/gecit/care/reviews/{one.id}", form).status_code == 303, "once is enough"


def test_a_short_reason_and_too_many_are_refused(client: FlaskClient, ledger: SqlLedger) -> None:
    assert ask(client, "doktor", "/gecit/care/emergency", {"tckn": PATIENT, "reason": "acil"}).status_code == 422
    form = {"tckn": PATIENT, "reason": REASON}
    asked = [ask(client, "doktor", "/gecit/care/emergency", form).status_code for _ in range(EMERGENCIES_A_DAY + 1)]
    assert asked == [303] * EMERGENCIES_A_DAY + [422]
    assert len(ledger.read(lambda tx: tx.openings())) == EMERGENCIES_A_DAY


def test_as_shipped_nobody_opens_anything_by_a_reason_of_his_own(
    ledger: SqlLedger, clock: StillClock, audit: AuditBook
) -> None:
    fill(ledger)
    client = build(ledger, clock, audit, read_care(RULES)).test_client()
    assert "açık değil" in ask(client, "doktor", "/gecit/care/emergency").text
    assert ask(client, "doktor", "/gecit/care/emergency", {"tckn": PATIENT, "reason": REASON}).status_code == 422
    assert ledger.read(lambda tx: tx.openings()) == []


def test_nobody_reviews_his_own(ledger: SqlLedger, client: FlaskClient) -> None:
    both = Account(name="bas", roles=(Role.CLINICIAN, Role.MANAGER), institution=AWAY)
    ledger.save_account(both, NOW)
    ledger.set_password("bas", CHEAP.hash("uzun bir parola 7"), NOW)
    ask(client, "bas", "/gecit/care/emergency", {"tckn": PATIENT, "reason": REASON})
    (one,) = ledger.read(lambda tx: tx.openings())
    answer = ask(client, "bas", f"/gecit/care/reviews/{one.id}", {"outcome": "justified", "note": "ben"})
    assert answer.status_code == 422 and ledger.read(lambda tx: tx.openings(waiting=True)) == [one]


# The rule

DOCTOR = Account(name="d", roles=(Role.CLINICIAN,), institution=AWAY)


def asked(way: Way, at: datetime) -> CareOpening:
    return CareOpening(
        id="", way=way, institution=AWAY, account="d", patient=PATIENT, reason=REASON, since=at,
        until=at + timedelta(hours=1), recorded_by="m",
    )  # fmt: skip


@pytest.mark.parametrize("way", ["family-doctor", "treating", "admission"])
@pytest.mark.parametrize(
    ("at", "found"),
    [
        (datetime(2025, 12, 2, 20, 59, 59, tzinfo=UTC), [Fault.NO_RULE]),
        (datetime(2025, 12, 2, 21, 0, tzinfo=UTC), []),  # midnight in Istanbul
    ],
)
def test_the_shipped_rule_begins_on_its_day(way: str, at: datetime, found: list[Fault]) -> None:
    assert faults_of(asked(Way(way), at), DOCTOR, read_care(RULES), at) == found


def test_the_file_is_read_again_when_it_changes_and_a_spoilt_one_opens_nothing(tmp_path: Path) -> None:
    site = tmp_path / "access/care.toml"
    rule = care_rule(RULES, tmp_path)
    assert rule() == read_care(RULES) and rule() is rule()
    site.parent.mkdir()
    text = (RULES / "access/care.toml").read_text(encoding="utf-8")
    site.write_text(text.replace('"treating", ', ""), encoding="utf-8")
    assert Way.TREATING not in rule().at(NOW).ways and Way.FAMILY in rule().at(NOW).ways
    site.write_text("spoilt", encoding="utf-8")
    assert rule() == CareRule() == care_rule(RULES, tmp_path)(), "whoever begins with it stands all the same"
    site.unlink()
    assert rule() == read_care(RULES)


def test_an_edition_ends_before_its_until() -> None:
    rule = CareRule(editions=(CareEdition(since=NOW, until=NOW + timedelta(days=1), ways=(Way.TREATING,)),))
    last, over = NOW + timedelta(days=1, seconds=-1), NOW + timedelta(days=1)
    assert [faults_of(asked(Way.TREATING, at), DOCTOR, rule, at) for at in (last, over)] == [[], [Fault.NO_RULE]]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("stated_reason_hours = 0", "stated_reason_hours = 73"),
        ('"family-doctor"]', '"stated-reason"]'),
        ('"family-doctor"]', '"komşu"]'),
        ("title = ", "titel = "),
        ("from = 2025-12-03T00:00:00", ""),
    ],
)
def test_a_file_that_says_something_else_is_refused(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "access").mkdir()
    text = (RULES / "access/care.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "access/care.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ReportFileError, match=r"care\.toml"):
        read_care(RULES, tmp_path)


def test_without_a_file_nothing_is_opened(tmp_path: Path) -> None:
    assert read_care(tmp_path) == CareRule()
    assert faults_of(asked(Way.TREATING, NOW), DOCTOR, CareRule(), NOW) == [Fault.NO_RULE]
