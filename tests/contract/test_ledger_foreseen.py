"""What was foreseen is answered as the ledger itself would, whatever the transaction has changed meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from gecit.core import events as e
from gecit.core.background import DuplicateQuery
from gecit.core.facts import StudyKey
from gecit.core.order import Control, ExamKey, Patient, Procedure
from gecit.core.report import Report, ReportPart, ReportStatus
from gecit.edges.store import SqlLedger
from gecit.edges.store.transaction import SqlTransaction
from gecit.ports import Institution, NewMessage, Transaction

from .test_ledger import NOW, facts, new_message, order, placed

PATIENTS = ("10000000146", "10000000214", "10000000382")
SUTS = ("801950", "801590", "899001")
INSTITUTIONS = ("10001", "20002")
KEYS = [ExamKey(institution=one, accession=f"A{number}") for one in INSTITUTIONS for number in range(5)]
CONTROLS = [(("HBYS", "FIRM"), f"M{number}") for number in range(3)]


class _UndoneError(Exception):
    """Nothing of a trial stays in the ledger."""


def some_event(dice: random.Random, number: int) -> e.Event:
    """One thing that may happen to one of a few exams of a few patients."""
    key, at = dice.choice(KEYS), NOW + timedelta(minutes=number)
    patient = Patient(tckn=dice.choice(PATIENTS), file_number=dice.choice(("F1", "F2")))
    ordered_at = dice.choice((None, NOW - timedelta(days=dice.randrange(5))))
    procedures = tuple(Procedure(sut=dice.choice(SUTS), sut_name="BT") for _ in range(dice.randrange(1, 3)))
    changed = msgspec.structs.replace(order(key), patient=patient, ordered_at=ordered_at, procedures=procedures)
    parts = {ReportPart.FINDINGS: "Doğal", ReportPart.CONCLUSION: "Doğal"}
    report = Report(key=key, patient=patient, status=ReportStatus.FINAL, parts=parts, procedures=procedures)
    study = facts(StudyKey(node="n1", orthanc_id=f"s{dice.randrange(3)}"), accession=key.accession)
    study = msgspec.structs.replace(study, patient_id=patient.tckn, study_date="20260302")
    query = DuplicateQuery(
        id=f"q{dice.randrange(3)}", at=at, institution=key.institution, tckn=patient.tckn, sut=(SUTS[0],),
    )  # fmt: skip
    kinds: list[e.Event] = [
        e.OrderPlaced(at=at, exam=key, order=changed, message=1),
        e.OrderChanged(at=at, exam=key, order=msgspec.structs.replace(changed, control=Control.CHANGE), message=2),
        e.OrderCancelled(at=at, exam=key, order=msgspec.structs.replace(changed, control=Control.CANCEL), message=3),
        e.ReportReceived(at=at, exam=key, report=report, message=4),
        e.StudyLinked(at=at, exam=key, facts=study, path="accession+patient-id"),
        e.StudyUnlinked(at=at, exam=key, study=study.key, reason="gone"),
        e.StudyFactsRecorded(at=at, study=study.key, facts=study),
        e.StudyDeleted(at=at, study=study.key),
        e.DuplicateQueried(at=at, query=query),
    ]
    return dice.choice(kinds)


def answers(tx: Transaction) -> list[object]:
    """Everything that taking messages in may ask, of everybody."""
    found: list[object] = []
    for key in KEYS:
        found += [tx.exam(key), tx.exams_of_accession(key.accession), tx.studies_of_accession(key.accession)]
    for tckn in PATIENTS:
        found += [tx.exams_of_patient(tckn, one, file) for one in ("", "10001") for file in ("", "F1")]
        found += [tx.studies_of_patient([tckn, "F1"]), tx.earlier_exams(tckn, SUTS), tx.earlier_exams(tckn, SUTS[:1])]
        found.append(tx.duplicate_queries(tckn, NOW, NOW + timedelta(hours=1)))
    return found + [tx.message_with(*control) for control in CONTROLS]


def tried(ledger: SqlLedger, work: Callable[[Transaction], list[object]]) -> list[object]:
    """What `work` returns, nothing of it kept."""
    found: list[object] = []

    def trial(tx: Transaction) -> None:
        found.extend(work(tx))
        raise _UndoneError

    with pytest.raises(_UndoneError):
        ledger.write(trial)
    return found


@pytest.mark.parametrize("seed", range(6))
def test_foreseen_searches_answer_what_the_ledger_answers(ledger: SqlLedger, seed: int) -> None:
    """Some of it stands before, some happens after it was foreseen, and each search is asked before and after."""
    dice = random.Random(seed)
    before = [some_event(dice, number) for number in range(25)]
    after = [some_event(dice, number) for number in range(25, 40)]
    ledger.write(lambda tx: tx.record_institution(Institution(skrs="10001", name="Örnek"), NOW))
    ledger.write(lambda tx: [tx.append(one) for one in before])
    ledger.write(lambda tx: tx.add_message(new_message("M0")))

    def happen(tx: Transaction, *, foreseen: bool) -> list[object]:
        if foreseen:
            tx.foresee(KEYS, [*PATIENTS, "F1"], CONTROLS)
        found = answers(tx)
        for one in after:
            tx.append(one)
            found += answers(tx)
        number = tx.add_message(new_message("M1"))
        tx.answer_message(number, b"ACK2", "AE", transient=True)
        return found + [_without_raw(tx, control) for control in CONTROLS]

    plain = tried(ledger, lambda tx: happen(tx, foreseen=False))
    assert tried(ledger, lambda tx: happen(tx, foreseen=True)) == plain


def _without_raw(tx: Transaction, control: tuple[tuple[str, str], str]) -> object:
    return [(one.digest, one.answer, one.answer_code, one.transient) for one in tx.message_with(*control)]


def test_messages_of_one_group_are_numbered_in_their_order_and_found_before_they_are_written(ledger: SqlLedger) -> None:
    """A number is never given twice, whoever reserved it and whether or not it was used."""

    def group(names: list[str], reserved: int) -> Callable[[Transaction], list[int]]:
        def work(tx: Transaction) -> list[int]:
            tx.foresee([], [], [(("HBYS", "FIRM"), f"X{number}") for number in range(reserved)])
            numbers = [tx.add_message(new_message(name)) for name in names]
            found = [tx.message_with(("HBYS", "FIRM"), name)[-1].id for name in names]
            kept = [tx.message(number) for number in numbers]
            assert found == numbers
            assert [one.control_id for one in kept if one] == names
            return numbers

        return work

    first = ledger.write(group(["M1", "M2", "M3"], reserved=2))
    second = ledger.write(group(["M4"], reserved=9))
    third = ledger.write(group(["M5", "M6"], reserved=0))
    together = [*first, *second, *third]
    assert together == sorted(set(together))
    assert [ledger.read(lambda tx, n=n: tx.message(n)).control_id for n in together] == [
        "M1",
        "M2",
        "M3",
        "M4",
        "M5",
        "M6",
    ]


def test_the_same_message_twice_in_one_group_is_seen_as_the_same(ledger: SqlLedger) -> None:
    """The second one finds the first, with the answer that it got a moment ago."""

    def work(tx: Transaction) -> list[NewMessage | object]:
        tx.foresee([], [], CONTROLS)
        number = tx.add_message(new_message("M1"))
        tx.answer_message(number, b"ANSWER", "AA", transient=False)
        return tx.message_with(("HBYS", "FIRM"), "M1")

    [found] = ledger.write(work)
    assert (found.answer, found.answer_code) == (b"ANSWER", "AA")
    [kept] = ledger.read(lambda tx: tx.message_with(("HBYS", "FIRM"), "M1"))
    assert kept == found


def test_an_order_of_the_group_is_an_earlier_exam_of_the_next_one(ledger: SqlLedger) -> None:
    """Two orders of one patient in one group know of each other."""
    second = ExamKey(institution="10001", accession="A2")

    def work(tx: Transaction) -> list[str]:
        tx.foresee([placed().exam, second], ["10000000146"], [])
        tx.append(placed())
        tx.append(placed(second))
        return [one.accession for one in tx.earlier_exams("10000000146", ["801950"])]

    assert ledger.write(work) == ["A1", "A2"]


def test_messages_without_a_control_id_or_of_another_sender_are_not_read(ledger: SqlLedger) -> None:
    """Many senders count from 1, and some do not count at all: their messages must not slow the next one."""
    other = msgspec.structs.replace(new_message("M1"), sender=("HBYS2", "FIRM2"))
    ledger.write(lambda tx: [tx.add_message(one) for one in (new_message(""), other, new_message("M1"))])

    def work(tx: Transaction) -> dict[object, int]:
        assert isinstance(tx, SqlTransaction)
        tx.foresee([], [], [(("HBYS", "FIRM"), "M1"), (("HBYS", "FIRM"), "")])
        return {control: len(found) for control, found in tx._foreseen._messages.items()}

    assert ledger.write(work) == {(("HBYS", "FIRM"), "M1"): 1}


def test_what_is_due_is_named_with_its_patient_longest_waiting_first(ledger: SqlLedger) -> None:
    """So that it can be locked in one order before it is read."""
    later = ExamKey(institution="10001", accession="A2")
    ledger.write(lambda tx: [tx.append(placed(later, NOW + timedelta(hours=1))), tx.append(placed())])
    due = ledger.read(lambda tx: tx.due(NOW + timedelta(hours=2), 10))
    assert due == [(placed().exam, "10000000146"), (later, "10000000146")]
    assert ledger.read(lambda tx: tx.due(NOW, 10)) == due[:1]
    assert ledger.read(lambda tx: tx.due(NOW + timedelta(hours=2), 1)) == due[:1]
