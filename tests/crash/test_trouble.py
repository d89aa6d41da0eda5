"""PostgreSQL is killed, a disk fills, a clock jumps while a hospital sends: its own books say what must be there."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from gecit.sandbox.day import Act

from ..support.disks import fill, small_disk
from ..support.node import until
from .checks import Verdicts
from .runs import Bench, Day, bench

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

HOUR = 3600


def acknowledged(day: Day) -> int:
    return len(day.sender.books.messages)


def more(day: Day, count: int, what: str) -> None:
    """Wait until so many more messages are acknowledged."""
    wanted = acknowledged(day) + count
    until(lambda: acknowledged(day) >= wanted or day.given_up.is_set(), 120, f"{count} more messages {what}")


def test_while_postgresql_is_killed_and_started_again_nothing_is_lost(tmp_path: Path, undisturbed: Verdicts) -> None:
    with bench("postgresql", tmp_path) as place:
        postgres = place.postgres
        assert postgres

        def killed_again_and_again(day: Day) -> None:
            for _ in range(4):
                more(day, 4, "before PostgreSQL is killed")
                postgres.kill()
                time.sleep(1)  # senders knock in vain
                postgres.start()
            more(day, 4, "at the end")

        day, found = place.through(killed_again_and_again, undisturbed)
        assert found.good, found
        assert acknowledged(day) >= 20
        assert place.rebuilt().good


def test_a_disk_that_fills_costs_nothing_that_was_acknowledged(tmp_path: Path, undisturbed: Verdicts) -> None:
    with (
        small_disk(tmp_path / "disk", 120) as disk,
        bench("sqlite", tmp_path, data=disk / "data") as place,
    ):

        def filled(day: Day) -> None:
            for _ in range(2):
                more(day, 4, "while there is room")
                filler = fill(disk)
                assert shutil.disk_usage(disk).free < 1 << 20
                time.sleep(5)  # senders go on trying
                filler.unlink()
            more(day, 4, "when there is room again")

        _, found = place.through(filled, undisturbed)
        assert found.good, found
        assert place.rebuilt().good


@pytest.mark.parametrize("way", [[HOUR], [-HOUR, 0]], ids=["forwards", "backwards and on again"])
def test_a_clock_that_jumps_an_hour_loses_nothing(tmp_path: Path, undisturbed: Verdicts, way: list[int]) -> None:
    """At the clock port of all the node's processes; Orthanc's own and the senders' go on as they were.

    Without the exams that begin with a duplicate query: one that a fast clock puts behind its order does not count.
    """
    with bench("sqlite", tmp_path) as place:
        place.plays = lambda story: Act.ASK not in story.acts

        def jumped(day: Day) -> None:
            for seconds in way:
                more(day, 6, "before the jump")
                place.set_clock(seconds)
                until(lambda seconds=seconds: off_by(place, seconds), 60, "the node has jumped")  # type: ignore[misc]
            more(day, 12, "after the jump")

        _, found = place.through(jumped, undisturbed)
        assert found.good, found
        assert place.rebuilt().good


def off_by(place: Bench, seconds: float) -> bool:
    """Whether `listen` and `work` have given signs of life at such a time."""
    wrong = {
        one.process for one in place.made.ledger.beats() if abs(one.at.timestamp() - time.time() - seconds) < HOUR / 4
    }
    return {"listen", "work"} <= wrong
