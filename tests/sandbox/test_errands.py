"""What the people of the demo find to do is recorded by the same steps that the pages use."""

from __future__ import annotations

import pytest

from gecit.core.accounts import person_of
from gecit.core.critical import State
from gecit.core.disclosures import Ground
from gecit.core.exam import reading_of
from gecit.core.order import ExamKey
from gecit.core.reading import State as Reading
from gecit.edges.store import SqlLedger
from gecit.ports import CriticalSearch
from gecit.sandbox import errands
from gecit.sandbox.day import CRITICAL, INSTITUTION, TO_READ
from gecit.sandbox.people import OUTSIDE_CLINICIAN, PEOPLE
from gecit.steps import critical
from gecit.steps.disclosing import disclosed
from tests.support.flow import OTHER_TCKN, TCKN
from tests.support.ledgers import sqlite_ledger
from tests.support.reading import NOW, wait_for_reader

__all__ = ["sqlite_ledger"]

KEY = ExamKey(institution=INSTITUTION.skrs, accession="D1")
CLINICIAN = next(person_of(one) for one in PEOPLE if one.name == "klinisyen")


def waiting(ledger: SqlLedger) -> list[ExamKey]:
    return [one.key for one in ledger.read(lambda tx: tx.critical_lines(CriticalSearch(states=(State.UNREAD,))))]


def test_the_finding_waits_for_the_clinician_and_the_exam_for_a_reader(sqlite_ledger: SqlLedger) -> None:
    wait_for_reader(sqlite_ledger, key=KEY)
    assert errands.find_critical(sqlite_ledger, KEY, NOW)
    exam = sqlite_ledger.exam_of(KEY)
    assert exam and exam.critical and exam.critical.by == "radyolog" and waiting(sqlite_ledger) == [KEY]
    assert reading_of(exam).state is Reading.UNREAD
    sqlite_ledger.write(lambda tx: critical.confirm(tx, KEY, CLINICIAN, exam.critical.number, NOW))
    assert waiting(sqlite_ledger) == []
    assert CRITICAL in {one.id for one in TO_READ}


def test_no_finding_is_made_of_an_exam_without_images(
    sqlite_ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands, "PATIENCE_SECONDS", 0.0)
    assert not errands.find_critical(sqlite_ledger, KEY, NOW)
    assert waiting(sqlite_ledger) == []


def test_the_citizen_opens_one_exam_to_the_physician_next_door_and_to_nobody_else(sqlite_ledger: SqlLedger) -> None:
    wait_for_reader(sqlite_ledger, key=KEY)
    sqlite_ledger.write(lambda tx: tx.record_institution(INSTITUTION, NOW, by="test"))
    made = errands.open_to_physician(sqlite_ledger, KEY, TCKN, NOW)
    assert made.ground is Ground.CONSENT
    opened = {one.name: disclosed(sqlite_ledger)(one, NOW).exams for one in PEOPLE}
    assert {name for name, exams in opened.items() if exams} == {OUTSIDE_CLINICIAN.name}
    assert opened[OUTSIDE_CLINICIAN.name] == (KEY,) and OUTSIDE_CLINICIAN.tckn != OTHER_TCKN
