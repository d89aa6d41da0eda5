"""PostgreSQL is killed, a disk fills, a clock jumps while a hospital sends: its own books say what must be there."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from ..support.disks import fill, small_disk
from ..support.node import until
from .checks import Verdicts
from .runs import Bench, Day, bench

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
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


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forwards", "backwards"])
def test_a_clock_that_jumps_an_hour_changes_nothing(tmp_path: Path, undisturbed: Verdicts, jump: int) -> None:
    """By libfaketime, under Orthanc and all its processes; the senders keep their own time."""
    offset = tmp_path / "offset"
    offset.write_text("+0")
    environ = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    with bench("sqlite", tmp_path, environ=environ) as place:

        def jumped(day: Day) -> None:
            more(day, 6, "before the jump")
            offset.write_text(f"{jump:+d}")
            more(day, 12, "after the jump")
            offset.write_text("+0")
            more(day, 6, "after the jump back")

        _, found = place.through(jumped, undisturbed)
        assert found.good, found
        assert hours_recorded(place, jump), "the node's clock did not jump"


def hours_recorded(place: Bench, jump: int) -> bool:
    """Whether anything was recorded an hour off."""
    now = time.time()
    with place.made.ledger.engine.connect() as connection:
        import sqlalchemy as sa

        from gecit.edges.store import schema

        received = [one.timestamp() for one in connection.scalars(sa.select(schema.message.c.received_at))]
    return any(abs(now + jump - one) < HOUR / 2 for one in received)
