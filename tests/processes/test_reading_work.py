"""What `work` does for reading: it gives exams back, and tells hospitals, by the settings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gecit.core.access import Person, Role
from gecit.core.accounts import Account
from gecit.core.consultation import State as Asked
from gecit.core.exam import reading_of
from gecit.core.grants import Basis, Grant, Paper
from gecit.core.reading import State
from gecit.core.reading_list import Urgency
from gecit.ports import Institution
from gecit.processes.build import Parts
from gecit.processes.entrance import granting_of
from gecit.processes.reading_room import targets_of
from gecit.processes.work import Worker
from gecit.settings import from_orthanc
from gecit.steps import read_exam
from tests.support.consulting import admit, ask
from tests.support.flow import HOSPITAL, key
from tests.support.reading import wait_for_reader


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    reading = {"IdleMinutes": 10, "TargetEmergencyHours": 2}
    made = Parts(from_orthanc({"Gecit": {"Data": str(tmp_path / "data"), "Reading": reading}}, {}))
    yield made
    made.ledger.close()


@pytest.fixture
def worker(parts: Parts) -> Any:
    parts.ensure_rulebook()
    return Worker(parts, archive=None)  # type: ignore[arg-type] -- nothing here asks it


def take(parts: Parts, who: str, institution: str, ago: timedelta, *granted: str) -> None:
    person = Person(name=who, roles=(Role.RADIOLOGIST,), institution=institution, granted=granted)
    at = parts.clock.now() - ago
    parts.ledger.write(lambda tx: read_exam.take(tx, key(), person, parts.limits(), at))


def state(parts: Parts) -> State:
    exam = parts.ledger.read(lambda tx: tx.exam(key()))
    assert exam
    return reading_of(exam).state


def test_an_exam_goes_back_when_the_minutes_of_the_settings_are_over(parts: Parts, worker: Any) -> None:
    now = parts.clock.now()
    parts.ledger.save_account(Account(name="a", roles=(Role.RADIOLOGIST,), institution=HOSPITAL.skrs), now)
    wait_for_reader(parts.ledger)
    take(parts, "a", HOSPITAL.skrs, timedelta(minutes=9))
    worker.release_readings()
    assert state(parts) is State.TAKEN
    parts.ledger.write(
        lambda tx: read_exam.give_back(
            tx, key(), Person(name="a", roles=(Role.RADIOLOGIST,), institution=HOSPITAL.skrs), now
        )
    )
    take(parts, "a", HOSPITAL.skrs, timedelta(minutes=11))
    worker.release_readings()
    assert state(parts) is State.UNREAD


def test_after_a_week_off_the_first_look_gives_readings_back_and_ends_consultations(parts: Parts, worker: Any) -> None:
    week = timedelta(days=7)
    begun = parts.clock.now() - week
    admit(parts.ledger, at=begun)
    wait_for_reader(parts.ledger)
    take(parts, "ayse", HOSPITAL.skrs, week)
    ask(parts.ledger, at=begun)
    assert (state(parts), consultation(parts)) == (State.TAKEN, Asked.ASKED)
    for one in worker.loops():
        if one.name in ("readings", "consultations"):
            one.step()
    worker.close()
    assert (state(parts), consultation(parts)) == (State.UNREAD, Asked.EXPIRED)


def consultation(parts: Parts) -> Asked:
    found = parts.ledger.read(lambda tx: tx.consultation("c1"))
    assert found
    return found[1].state


def test_an_exam_goes_back_when_its_readers_grant_ends(parts: Parts, worker: Any) -> None:
    now, granting = parts.clock.now(), granting_of(parts.settings, parts.ledger)
    for skrs in (HOSPITAL.skrs, "910009"):
        one = Institution(skrs=skrs, ownership="private", province="Ankara")
        parts.ledger.write(lambda tx, one=one: tx.record_institution(one, now))  # type: ignore[misc]
    parts.ledger.save_account(Account(name="b", roles=(Role.RADIOLOGIST,), institution="910009"), now)
    grant = Grant(
        id="g",
        readers=("b",),
        institutions=(HOSPITAL.skrs,),
        since=now - timedelta(days=1),
        until=now + timedelta(days=1),
        paper=Paper(number="1", dated=date(2026, 1, 1)),
        basis=Basis.OTHER,
        basis_text="Protokol",
    )
    granting.record(grant, "y", now)
    wait_for_reader(parts.ledger)
    take(parts, "b", "910009", timedelta(minutes=1), HOSPITAL.skrs)
    worker.release_readings()
    assert state(parts) is State.TAKEN
    granting.end("g", "y", parts.clock.now())
    worker.release_readings()
    assert state(parts) is State.UNREAD


def test_a_node_tells_hospitals_and_a_preflight_tells_nobody(parts: Parts, worker: Any, tmp_path: Path) -> None:
    assert {"deliver hbys", "readings"} <= {one.name for one in worker.loops()}
    worker.close()
    section = {"Data": str(tmp_path / "other"), "Role": "Preflight"}
    other = Parts(from_orthanc({"Gecit": section}, {}))
    other.ensure_rulebook()
    made = Worker(other, archive=None)  # type: ignore[arg-type]
    assert not {"deliver hbys", "readings"} & {one.name for one in made.loops()}
    made.close()
    other.ledger.close()


def test_targets_are_the_settings(parts: Parts) -> None:
    assert targets_of(parts.settings) == {
        Urgency.AT_ONCE: timedelta(hours=2),
        Urgency.SOON: timedelta(hours=6),
        Urgency.INPATIENT: timedelta(hours=24),
        Urgency.ROUTINE: timedelta(hours=72),
    }
