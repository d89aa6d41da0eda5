"""Hints in the judge's transaction: found when images are whole, kept as an event, and no part of the verdict."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from gecit.core.events import HintsFound
from gecit.core.facts import SeriesDetails, StudyFacts
from gecit.core.order import Procedure
from gecit.core.quality_data import QualityData
from gecit.edges.quality_files import read_quality
from gecit.edges.store import SqlLedger
from gecit.steps.find_hints import find_again
from gecit.steps.judge_exam import judge_due
from gecit.steps.receive_message import Judging
from tests.support.flow import (
    DOSE,
    HOSPITAL,
    JUDGING,
    START,
    TCKN,
    arrive,
    exam,
    incoming,
    key,
    order,
    register,
    report,
    send,
    study,
)

DATA = read_quality(Path(__file__).parents[2] / "rules")
WITH_HINTS = replace(JUDGING, quality=DATA)
LATER = START + timedelta(minutes=10)


def flat(name: str = "a", spacing: str = "", **differs: Any) -> StudyFacts:
    """A CT study whose pictures have that pixel spacing."""
    whole = study(name, dose_reports=(DOSE,), **differs)
    details = SeriesDetails(looked_at=1, sop_class="1.2.840.10008.5.1.4.1.1.2", lateralities=("",))
    series = tuple(replace(one, details=replace(details, pixel_spacing=spacing)) for one in whole.series)
    return replace(whole, series=series)


def judged(ledger: SqlLedger, judging: Judging = WITH_HINTS) -> list[str]:
    """Judge what is due, and return the codes of the exam's hints."""
    ledger.write(lambda tx: judge_due(tx, judging, LATER, "Node"))
    return [one.code for one in exam(ledger).hints]


def complete(ledger: SqlLedger) -> None:
    register(ledger, HOSPITAL)
    send(ledger, incoming(order(), "1"))
    arrive(ledger, flat())
    send(ledger, incoming(report(), "2"))


def test_hints_are_found_when_an_exam_is_judged_and_go_when_the_images_are_mended(ledger: SqlLedger) -> None:
    complete(ledger)
    assert judged(ledger) == ["pixel-spacing-missing"]
    assert exam(ledger).hints_by == DATA.revision
    arrive(ledger, flat(spacing="0.5\\0.5"))
    assert judged(ledger) == []
    found = [one for _, one in ledger.events() if isinstance(one, HintsFound)]
    assert [len(one.hints) for one in found] == [1, 0]


def test_the_verdict_is_the_same_with_hints_and_without(ledger: SqlLedger) -> None:
    complete(ledger)
    assert judged(ledger, JUDGING) == []
    without = exam(ledger).verdict
    ledger.write(lambda tx: find_again(tx, [key()], DATA, LATER))
    assert [one.code for one in exam(ledger).hints] == ["pixel-spacing-missing"]
    assert exam(ledger).verdict == without
    assert exam(ledger).judge_at is None  # advice wakes no judge


def test_what_is_judged_again_without_a_change_has_no_second_event(ledger: SqlLedger) -> None:
    complete(ledger)
    judged(ledger)
    changed = [ledger.write(lambda tx: find_again(tx, [key()], DATA, LATER)) for _ in range(2)]
    assert changed == [0, 0]
    assert len([one for _, one in ledger.events() if isinstance(one, HintsFound)]) == 1


def test_other_data_is_looked_for_again_and_without_data_what_stands_stays(ledger: SqlLedger) -> None:
    complete(ledger)
    judged(ledger)
    assert ledger.write(lambda tx: find_again(tx, [key()], QualityData(), LATER)) == 0
    low = tuple(replace(one, value=1.0, match=replace(one.match, loinc=("36938-9",))) for one in DATA.levels[:1])
    strict = replace(DATA, levels=low, revision="strict")
    named = (Procedure(sut="R100250", sut_name="BT BEYİN", loinc="36938-9"),)
    born = replace(order().patient, birth_date="19800101")
    send(ledger, incoming(replace(order(), procedures=named, patient=born), "3"))
    assert ledger.write(lambda tx: find_again(tx, [key()], strict, LATER)) == 1
    assert [one.code for one in exam(ledger).hints] == ["pixel-spacing-missing", "dose-high"]
    assert exam(ledger).hints_by == "strict"


def test_hints_are_rebuilt_from_the_events_though_the_data_changed_since(ledger: SqlLedger) -> None:
    complete(ledger)
    judged(ledger)
    before = ledger.content()
    assert [row[3] for row in before["hint"]] == ["pixel-spacing-missing"]
    count, same = ledger.rebuild()
    assert (same, ledger.content()) == (True, before)
    assert count > 3


def test_a_patient_who_differs_is_told_without_a_name_in_the_ledgers_hint(ledger: SqlLedger) -> None:
    register(ledger, HOSPITAL)
    send(ledger, incoming(order(), "1"))
    arrive(ledger, flat(spacing="0.5\\0.5", patient_name="YABANCI^BİRİ"))
    assert judged(ledger) == ["patient-name-differs"]
    row = next(iter(ledger.content()["hint"]))
    assert not any(secret in str(row) for secret in ("YABANCI", "ŞAHİN", TCKN))
