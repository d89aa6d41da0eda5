"""What the citizen's pages keep and read, on both engines."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from msgspec.structs import replace

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.audit import AuditEntry
from gecit.core.events import OrderPlaced
from gecit.core.order import ExamKey, Patient
from gecit.core.patient_requests import Act, PatientRequest, Side, State, moved
from gecit.edges.audit_book import AuditBook
from gecit.edges.store import SqlLedger
from gecit.ports.citizens import Download
from tests.fakes import NOON, StillClock
from tests.support.exams import order

AYSE, VELI = "10000000146", "10000000214"
DAY = timedelta(days=1)


def asked(number: str, tckn: str = AYSE, institution: str = "910001", **more: object) -> PatientRequest:
    values = {"name": "A", "when": "2025", "what": "diz MR", "asked_at": NOON, "due_at": NOON + 7 * DAY, **more}
    return PatientRequest(id=number, institution=institution, tckn=tckn, **values)  # type: ignore[arg-type]


@pytest.fixture
def with_accounts(ledger: SqlLedger) -> SqlLedger:
    for name, tckn in (("ayse", AYSE), ("veli", VELI)):
        ledger.save_account(Account(name=name, roles=(Role.CITIZEN,), tckn=tckn), NOON)
    return ledger


def test_a_patient_has_exams_of_every_institution_and_nobody_elses(ledger: SqlLedger) -> None:
    placed = []
    for number, (institution, tckn) in enumerate(
        [("910001", AYSE), ("910002", AYSE), ("910001", VELI), ("910001", "")]
    ):
        one = order(ExamKey(institution=institution, accession=f"A{number}"))
        one = replace(one, patient=Patient(tckn=tckn, file_number=f"F{number}"), ordered_at=NOON + number * DAY)
        placed.append(OrderPlaced(at=NOON, exam=one.key, order=one, message=number))
    ledger.write(lambda tx: [tx.append(one) for one in placed])
    assert [one.key.accession for one in ledger.exams_of(AYSE, 10)] == ["A1", "A0"]
    assert [one.key.accession for one in ledger.exams_of(AYSE, 1, 1)] == ["A0"]
    assert ledger.exams_of("", 10) == []


def test_what_was_done_with_a_patients_data_is_told_newest_first_without_refusals(ledger: SqlLedger) -> None:
    book = AuditBook(ledger, b"k" * 32, "N/test", StillClock(NOON))
    for number, (tckn, what, outcome) in enumerate(
        [
            (AYSE, "see images", "done"),
            (VELI, "see images", "done"),
            (AYSE, "see images", "refused"),
            (AYSE, "see a report", "done"),
            (AYSE, "manage users", "done"),
        ]
    ):
        book.record(
            AuditEntry(at=NOON + timedelta(minutes=number), who=f"w{number}", what=what, patient=tckn, outcome=outcome)  # type: ignore[arg-type]
        )
    wanted = ("see images", "see a report")
    assert [one.who for one in ledger.looks(book.digest(AYSE), wanted, 10)] == ["w3", "w0"]
    assert [one.who for one in ledger.looks(book.digest(AYSE), wanted, 10, 1)] == ["w0"]


def test_requests_are_found_by_their_citizen_and_by_the_desk(with_accounts: SqlLedger) -> None:
    ledger = with_accounts
    first, other = asked("1"), asked("2", VELI, due_at=NOON + DAY)
    elsewhere = asked("3", institution="910002", asked_at=NOON + DAY)
    assert all(ledger.add_request(one, 5) for one in (first, other, elsewhere))
    assert ledger.request("1") == first and ledger.request("4") is None
    assert [one.id for one in ledger.requests_of(AYSE, 10)] == ["3", "1"]
    assert [one.id for one in ledger.requests_at("910001", is_open=True, limit=10)] == ["2", "1"]
    assert [one.id for one in ledger.requests_at("", is_open=True, limit=2, offset=1)] == ["1", "3"]
    changed = ledger.change_request("1", lambda one: moved(one, Act.ANSWER, Side.DESK, NOON, by="m", text="yok"))
    assert changed and changed.state is State.ANSWERED and ledger.request("1") == changed
    assert [one.id for one in ledger.requests_at("910001", is_open=False, limit=10)] == ["1"]
    assert ledger.change_request("9", lambda one: one) is None


def test_open_requests_are_limited_also_where_they_come_at_once(with_accounts: SqlLedger) -> None:
    ledger = with_accounts
    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(lambda number: ledger.add_request(asked(str(number)), 2), range(6)))
    assert sorted(kept) == [False] * 4 + [True] * 2
    assert ledger.add_request(asked("v", VELI), 2)
    mine = ledger.requests_of(AYSE, 10)[0]
    ledger.change_request(mine.id, lambda one: moved(one, Act.WITHDRAW, Side.CITIZEN, NOON))
    assert ledger.add_request(asked("again"), 2) and not ledger.add_request(asked("more"), 2)


def test_a_download_moves_and_is_forgotten(ledger: SqlLedger) -> None:
    key = ExamKey(institution="910001", accession="A/1")
    for number, at in (("1", NOON), ("2", NOON + DAY)):
        ledger.add_download(Download(id=number, node="N", owner="ayse", exam=key, asked_at=at, touched_at=at))
    ledger.move_download("1", NOON + DAY, state="running", done=5_000_000_000, total=6_000_000_000)
    found = ledger.download("1")
    assert found and (found.state, found.done, found.exam) == ("running", 5_000_000_000, key)
    assert [one.id for one in ledger.downloads_of("ayse", NOON)] == ["2", "1"] and not ledger.downloads_of("veli", NOON)
    ledger.forget_downloads(NOON + DAY)
    assert ledger.download("1") is None and ledger.download("2")
