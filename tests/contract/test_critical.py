"""Critical findings on both engines: marked at once or with the signature, told, read, taken back, escalated."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.critical import WAITS, State, Way
from gecit.core.order import Person as OrderedBy
from gecit.core.reading import Act
from gecit.edges.store import SqlLedger
from gecit.ports import CriticalSearch
from gecit.steps import critical
from gecit.steps.critical import CriticalFault, CriticalRefused, CriticalTeller
from gecit.steps.read_exam import ReadingRefused
from gecit.steps.watch_health import Facts, Limits, facts, wrong
from tests.support.critical import DOCTOR, OTHER_DOCTOR, WHAT
from tests.support.flow import HOSPITAL, key
from tests.support.reading import AYSE, BORA, NOW, sign, take, wait_for_reader, write

MINUTE = timedelta(minutes=1)


@pytest.fixture
def reading(ledger: SqlLedger) -> SqlLedger:
    wait_for_reader(ledger, physician=OrderedBy(identifier="10000000146", family="HEKİM", given="Deneme"))
    take(ledger, AYSE)
    write(ledger, AYSE)
    return ledger


def mark(ledger: SqlLedger, text: str = WHAT, at: Any = NOW) -> Any:
    return ledger.write(lambda tx: critical.mark(tx, key(), AYSE, text, at))


def confirm(ledger: SqlLedger, who: Any = DOCTOR, number: int = 1, at: Any = NOW + MINUTE) -> Any:
    return ledger.write(lambda tx: critical.confirm(tx, key(), who, number, at))


def standing(ledger: SqlLedger) -> Any:
    exam = ledger.read(lambda tx: tx.exam(key()))
    assert exam
    return exam.critical


def waiting(ledger: SqlLedger) -> list[tuple[str, State]]:
    found = ledger.read(lambda tx: tx.critical_lines(CriticalSearch(states=tuple(WAITS))))
    return [(one.key.accession, one.state) for one in found]


def queued(ledger: SqlLedger) -> list[Any]:
    return [one for one in ledger.deliveries() if one.destination == critical.DESTINATION]


def test_marking_tells_at_once_and_before_anything_is_signed(reading: SqlLedger) -> None:
    mark(reading)
    assert waiting(reading) == [("A1", State.UNREAD)]
    rows = queued(reading)
    assert len(rows) == 1 and WHAT.encode() not in rows[0].payload
    mark(reading, f" {WHAT} ", NOW + MINUTE)
    assert len(queued(reading)) == 1


def test_a_version_that_is_signed_holds_what_was_marked(reading: SqlLedger) -> None:
    mark(reading)
    sign(reading, AYSE)
    exam = reading.read(lambda tx: tx.exam(key()))
    assert exam and exam.report and exam.report.report.critical == WHAT
    assert len(queued(reading)) == 1


def test_what_the_draft_says_is_marked_with_the_signature(reading: SqlLedger) -> None:
    draft = reading.read(lambda tx: tx.draft(key(), "ayse"))
    assert draft
    reading.write(lambda tx: tx.save_draft(replace(draft, critical=WHAT)))
    assert waiting(reading) == []
    sign(reading, AYSE, Act.SIGN_PRELIMINARY)
    assert waiting(reading) == [("A1", State.UNREAD)]
    assert standing(reading).text == WHAT and standing(reading).by == "ayse"


def test_somebody_of_the_hospital_reads_it_and_the_receipt_says_who_and_when(reading: SqlLedger) -> None:
    mark(reading)
    confirm(reading)
    assert waiting(reading) == []
    assert [(one.by, one.at, one.way) for one in standing(reading).receipts] == [("hekim", NOW + MINUTE, Way.PAGE)]
    confirm(reading, at=NOW + 2 * MINUTE)
    assert len(standing(reading).receipts) == 1


@pytest.mark.parametrize(
    ("who", "number", "fault"),
    [
        (OTHER_DOCTOR, 1, CriticalFault.NOT_ALLOWED),
        (AYSE, 1, CriticalFault.OWN_MARK),
        (DOCTOR, 2, CriticalFault.CHANGED),
    ],
)
def test_who_may_not_or_read_something_else_confirms_nothing(
    reading: SqlLedger, who: Any, number: int, fault: CriticalFault
) -> None:
    mark(reading)
    with pytest.raises(CriticalRefused) as refused:
        confirm(reading, who, number)
    assert refused.value.fault is fault
    assert waiting(reading) == [("A1", State.UNREAD)]


def test_only_who_has_the_exam_marks(reading: SqlLedger) -> None:
    with pytest.raises(ReadingRefused):
        reading.write(lambda tx: critical.mark(tx, key(), BORA, WHAT, NOW))
    for text, fault in ((" ", CriticalFault.NO_TEXT), ("x" * 501, CriticalFault.TOO_LONG)):
        with pytest.raises(CriticalRefused) as refused:
            mark(reading, text)
        assert refused.value.fault is fault
    assert waiting(reading) == []


def test_a_mark_that_is_taken_back_is_told_and_read_too_and_the_correction_says_nothing(reading: SqlLedger) -> None:
    mark(reading)
    sign(reading, AYSE)
    confirm(reading)
    take(reading, AYSE, act=Act.CORRECT)
    write(reading, AYSE)
    reading.write(lambda tx: critical.take_back(tx, key(), AYSE, "artefakt", NOW + 2 * MINUTE))
    assert waiting(reading) == [("A1", State.TAKEN_BACK)] and len(queued(reading)) == 2
    sign(reading, AYSE)
    exam = reading.read(lambda tx: tx.exam(key()))
    assert exam and exam.report and exam.report.report.critical == ""
    assert [one.report.critical for one in exam.reports] == [WHAT, ""]
    confirm(reading, number=2)
    assert standing(reading).state is State.CLOSED and waiting(reading) == []


def test_whom_the_author_told_by_telephone_is_recorded_as_said_by_him(reading: SqlLedger) -> None:
    mark(reading)
    for who, whom, fault in ((AYSE, " ", CriticalFault.NO_WHOM), (BORA, "acil", CriticalFault.NOT_ALLOWED)):
        with pytest.raises(CriticalRefused) as refused:
            reading.write(lambda tx, who=who, whom=whom: critical.telephoned(tx, key(), who, 1, whom, NOW))  # type: ignore[misc]
        assert refused.value.fault is fault
    reading.write(lambda tx: critical.telephoned(tx, key(), AYSE, 1, "Acil nöbetçi hekimi", NOW + MINUTE))
    receipt = standing(reading).receipts[0]
    assert (receipt.way, receipt.whom, receipt.by) == (Way.TELEPHONE, "Acil nöbetçi hekimi", "ayse")
    assert waiting(reading) == []


def test_what_nobody_reads_becomes_an_incident_that_names_no_exam_and_ends_when_it_is_read(reading: SqlLedger) -> None:
    mark(reading)
    at = NOW + 31 * MINUTE

    def found(limits: Limits = Limits()) -> dict[str, Any]:  # noqa: B008
        known = facts(reading, at)
        return {name: text for name, text in wrong(known, limits).items() if name.startswith("critical:")}

    (name, text), *others = found().items()
    assert not others and name.startswith(f"critical:{HOSPITAL.skrs}/")
    assert "A1" not in name + text.tr + text.en and WHAT not in text.tr
    assert found(Limits(critical=None)) == {} and found(Limits(critical=timedelta(hours=1))) == {}
    confirm(reading)
    assert found() == {}
    assert Facts(now=at).critical == ()


def test_a_rebuild_gives_the_identical_list(reading: SqlLedger) -> None:
    mark(reading)
    _, same = reading.rebuild()
    assert same and waiting(reading) == [("A1", State.UNREAD)]


class Post:
    """Keeps what it was given to send."""

    def __init__(self) -> None:
        self.sent: list[tuple[tuple[str, ...], str, str]] = []

    def to(self, addresses: tuple[str, ...]) -> Any:
        post = self

        class One:
            def send(self, subject: str, text: str, number: str) -> None:
                post.sent.append((addresses, subject, text))

        return One()


def test_the_mail_goes_to_the_house_and_the_ordering_physician_and_holds_a_link_alone(reading: SqlLedger) -> None:
    doctor = Account(name="isteyen", roles=(Role.CLINICIAN,), email="isteyen@hastane.example", tckn="10000000146")
    reading.save_account(doctor, NOW)
    mark(reading)
    post, house = Post(), {HOSPITAL.skrs: ("nobet@hastane.example",)}
    teller = CriticalTeller(reading, reading, house, post.to, "https://gecit.example/")
    (row,) = queued(reading)
    assert teller(row) == ()
    ((to, subject, text),) = post.sent
    assert to == ("nobet@hastane.example", "isteyen@hastane.example")
    assert "https://gecit.example/gecit/critical" in text
    exam = reading.read(lambda tx: tx.exam(key()))
    assert exam
    for secret in ("A1", WHAT, exam.patient.tckn, exam.patient.family):
        assert secret not in subject + text
    confirm(reading)
    assert teller(row) == () and len(post.sent) == 1
    assert CriticalTeller(reading, reading, {}, None, "")(row) == ()
    assert msgspec.json.decode(row.payload) == {"number": 1}
