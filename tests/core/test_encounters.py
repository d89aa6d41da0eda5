"""How a visit stands after each message, written down a second time, and what an old or late message may do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gecit.core.encounters import NEXT, Encounter, EncounterTold, Standing, Trigger, follow, is_stale
from gecit.core.openings import Way
from gecit.core.order import Patient, Person

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
DOCTOR = Person(identifier="10000090178")
# Before it: nothing known, open, discharged, cancelled. o = open, d = discharged, c = cancelled.
TABLE = {"A01": "oodo", "A02": "oodc", "A03": "dddc", "A04": "oodo", "A08": "oodc", "A11": "cccc", "A13": "oooc"}
STANDS = {"o": Standing.OPEN, "d": Standing.DISCHARGED, "c": Standing.CANCELLED}


def told(trigger: Trigger = Trigger.UPDATE, **differs: Any) -> EncounterTold:
    clean = EncounterTold(
        trigger=trigger, institution="1", number="K1", patient=Patient(tckn="10000000146"), patient_class="I",
        attending=(DOCTOR,), told_at=NOW,
    )  # fmt: skip
    return replace(clean, **differs)


def test_the_table_of_states_is_the_one_written_down_here() -> None:
    before = (None, Standing.OPEN, Standing.DISCHARGED, Standing.CANCELLED)
    wanted = {
        (old, Trigger(name)): STANDS[letter]
        for name, letters in TABLE.items()
        for old, letter in zip(before, letters, strict=True)
    }
    assert dict(NEXT) == wanted


@pytest.mark.parametrize(
    ("trigger", "after", "stale"),
    [
        (Trigger.UPDATE, -HOUR, True),
        (Trigger.ADMIT, -timedelta(seconds=1), True),
        (Trigger.UPDATE, timedelta(0), False),
        (Trigger.CANCEL_DISCHARGE, -HOUR, True),
        (Trigger.DISCHARGE, -HOUR, False),
        (Trigger.CANCEL_ADMIT, -HOUR, False),
    ],
)
def test_only_an_end_is_followed_though_something_newer_was_told(
    trigger: Trigger, after: timedelta, stale: bool
) -> None:
    before = follow(None, told(Trigger.ADMIT), 1, NOW)
    assert is_stale(before, told(trigger, told_at=NOW + after)) is stale
    assert not is_stale(before, told(trigger, told_at=None))
    assert not is_stale(None, told(trigger))


def test_a_late_end_does_not_make_what_is_older_news_again() -> None:
    before = follow(None, told(Trigger.ADMIT), 1, NOW)
    after = follow(before, told(Trigger.DISCHARGE, told_at=NOW - HOUR), 2, NOW)
    assert (after.standing, after.told_at) == (Standing.DISCHARGED, NOW)


def test_of_a_late_end_the_end_alone_is_followed() -> None:
    before = follow(None, told(Trigger.ADMIT, patient_class="O"), 1, NOW)
    other = Person(identifier="10000090246")
    late = told(Trigger.DISCHARGE, told_at=NOW - HOUR, attending=(other,), patient=Patient(tckn="10000000214"))
    after = follow(before, late, 2, NOW)
    assert after == replace(before, standing=Standing.DISCHARGED, message=2)


def test_a_clock_that_runs_ahead_does_not_make_what_follows_old() -> None:
    before = follow(None, told(Trigger.ADMIT, told_at=NOW + 1000 * HOUR), 1, NOW)
    assert before.told_at == NOW
    assert not is_stale(before, told(told_at=NOW + HOUR))


@pytest.mark.parametrize(
    ("trigger", "ended_at", "standing"),
    [
        (Trigger.UPDATE, NOW, Standing.DISCHARGED),
        (Trigger.UPDATE, NOW + HOUR, Standing.OPEN),
        (Trigger.ADMIT, NOW - HOUR, Standing.DISCHARGED),
        (Trigger.CANCEL_DISCHARGE, NOW - HOUR, Standing.OPEN),
    ],
)
def test_a_discharge_time_that_has_passed_closes_a_visit(
    trigger: Trigger, ended_at: datetime, standing: Standing
) -> None:
    assert follow(None, told(trigger, ended_at=ended_at), 1, NOW).standing is standing


def test_what_a_message_does_not_say_stays_as_it_was() -> None:
    before = follow(None, told(Trigger.ADMIT), 1, NOW)
    after = follow(before, told(attending=None, patient_class="", told_at=None), 2, NOW)
    assert after == replace(before, message=2)
    assert follow(before, told(attending=()), 3, NOW).attending == ()


@pytest.mark.parametrize(("written", "way"), [("I", Way.ADMISSION), ("E", Way.ADMISSION), ("O", Way.TREATING)])
def test_the_class_says_what_the_relation_rests_on(written: str, way: Way) -> None:
    assert follow(None, told(patient_class=written), 1, NOW).way is way


@pytest.mark.parametrize("tckn", ["", "10000000147", "99123456789"])
def test_a_patient_without_a_valid_tckn_is_nobody_to_whom_anything_is_opened(tckn: str) -> None:
    found = follow(None, told(patient=Patient(tckn=tckn, file_number="7")), 1, NOW)
    assert isinstance(found, Encounter) and found.patient == ""
