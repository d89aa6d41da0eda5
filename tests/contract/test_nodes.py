"""Nodes of one ledger: who is there by the database's clock, whose name is whose, and who carries out what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from gecit.core.order import ExamKey
from gecit.edges.ledger_clock import LedgerClock
from gecit.edges.store import SqlLedger
from gecit.edges.store.schema import beat, node
from gecit.ports import Beat, Unavailable
from gecit.ports.nodes import SILENT, NewNode
from gecit.processes.asking import record_absence

A = NewNode(name="A", mark="index-a", home="folder-a", address="https://a.example", version="1", orthanc="1.10.1")
B = NewNode(name="B", mark="index-b", home="folder-b")
KEY = ExamKey(institution="1001", accession="A1")
NOW = datetime(2024, 4, 1, 9, tzinfo=UTC)


def age(ledger: SqlLedger, name: str, by: timedelta) -> None:
    """Have a node's last sign be that long ago."""
    old = ledger.database_time() - by
    with ledger.engine.begin() as connection:
        connection.execute(sa.update(node).where(node.c.name == name).values(beat_at=old))


def test_nodes_are_known_by_what_they_say_and_since_when_they_are_silent(ledger: SqlLedger) -> None:
    assert ledger.claim_node(A) is None
    assert ledger.claim_node(B) is None
    first, second = ledger.nodes()
    assert (first.name, first.address, first.version, first.orthanc) == ("A", "https://a.example", "1", "1.10.1")
    assert first.schema
    assert first.up
    assert second.up
    age(ledger, "B", SILENT + timedelta(seconds=1))
    assert [one.up for one in ledger.nodes()] == [True, False]
    assert ledger.node_lives(B)
    assert [one.up for one in ledger.nodes()] == [True, True]


def test_the_name_of_a_living_node_is_its_own(ledger: SqlLedger) -> None:
    other = NewNode(name="A", mark="index-x", home="folder-x")
    ledger.claim_node(A)
    taken = ledger.claim_node(other)
    assert taken is not None
    assert taken.address == A.address
    assert not ledger.node_lives(other)
    assert ledger.node_lives(A)
    age(ledger, "A", SILENT + timedelta(seconds=1))
    assert ledger.claim_node(other) is None
    assert not ledger.node_lives(A)


@pytest.mark.parametrize(
    "same",
    [
        NewNode(name="A", mark="index-a", home="folder-x"),
        NewNode(name="A", mark="index-x", home="folder-a"),
    ],
    ids=["its index in another folder", "its folder with another index"],
)
def test_a_node_that_starts_again_keeps_its_name(ledger: SqlLedger, same: NewNode) -> None:
    ledger.claim_node(A)
    assert ledger.claim_node(same) is None


def test_two_indexes_that_nobody_marked_are_not_the_same(ledger: SqlLedger) -> None:
    ledger.claim_node(NewNode(name="A", mark="", home="folder-a"))
    assert ledger.claim_node(NewNode(name="A", mark="", home="folder-x")) is not None


def test_two_folders_whose_marks_are_empty_are_not_the_same(ledger: SqlLedger) -> None:
    ledger.claim_node(NewNode(name="A", mark="index-a", home=""))
    other = NewNode(name="A", mark="index-x", home="")
    assert ledger.claim_node(other) is not None
    assert not ledger.node_lives(other)


def test_a_node_is_forgotten_only_once_it_is_silent(ledger: SqlLedger) -> None:
    ledger.claim_node(A)
    ledger.beat(Beat(node="A", process="work", pid=1, at=NOW))
    assert not ledger.forget_node("A")
    age(ledger, "A", SILENT + timedelta(seconds=1))
    assert ledger.forget_node("A")
    assert ledger.nodes() == []
    assert ledger.beats() == []
    assert not ledger.forget_node("A")


def test_what_another_folder_said_long_ago_is_taken_over_when_the_node_starts_again(ledger: SqlLedger) -> None:
    now = ledger.database_time()
    said = (("old", 4), ("", 3), ("b", 0))  # '': before folders had marks
    for home, times in said:
        ledger.beat(Beat(node="A", home=home, process="work", pid=times, at=now - times * SILENT))
    with ledger.engine.begin() as connection:  # the sign of another process drops those at once
        connection.execute(sa.insert(beat).values(node="A", home="", process="web", pid=3, at=now, detail="{}"))
    ledger.claim_node(A)
    assert [(one.home, one.process, one.pid) for one in ledger.beats()] == [
        ("folder-a", "web", 3), ("b", "work", 0), ("folder-a", "work", 4),
    ]  # fmt: skip


@pytest.mark.parametrize("home", ["", "folder-x"], ids=["before an upgrade", "the other of a pair"])
def test_a_node_that_comes_back_from_another_folder_records_since_when_it_was_away(
    ledger: SqlLedger, home: str
) -> None:
    now = ledger.database_time()
    left = now - timedelta(minutes=30)
    ledger.beat(Beat(node="A", home=home, process="web", pid=1, at=left))
    ledger.claim_node(A)
    ledger.beat(Beat(node="A", home=A.home, process="orthanc", pid=2, at=now))
    record_absence(ledger, ledger, "A", now)
    assert [one.began_at for one in ledger.read(lambda tx: tx.outages(left, now))] == [left]


def test_what_one_node_alone_can_do_no_other_is_given(ledger: SqlLedger) -> None:
    def work(tx) -> None:  # type: ignore[no-untyped-def]
        tx.queue("archive", "k", "of-a", KEY, b"{}", NOW, "A")
        tx.queue("archive", "k", "of-b", KEY, b"{}", NOW, "B")
        tx.queue("archive", "k", "of-all", KEY, b"{}", NOW)

    ledger.write(work)
    until = NOW + timedelta(minutes=1)
    assert {one.key for one in ledger.lease("archive", "a/1", NOW, until, 10, "A")} == {"of-a", "of-all"}
    assert [one.key for one in ledger.lease("archive", "b/1", NOW, until, 10, "B")] == ["of-b"]
    # A lease that ran out is taken over, and still by nobody who cannot carry it out.
    assert {one.key for one in ledger.lease("archive", "b/2", until, until + SILENT, 10, "B")} == {"of-b", "of-all"}
    assert ledger.lease("archive", "c/1", until, until + SILENT, 10, "C") == []


class Wrong:
    """A computer's clock that is wrong."""

    def __init__(self, by: timedelta) -> None:
        self.by = by

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


@pytest.mark.parametrize("by", [timedelta(hours=-3), timedelta(seconds=2), timedelta(days=40)])
def test_time_is_the_databases_however_wrong_a_computer_is(ledger: SqlLedger, by: timedelta) -> None:
    clock = LedgerClock(ledger.database_time, Wrong(by))
    assert abs(clock.now() - datetime.now(UTC) - by) < timedelta(seconds=1)
    assert abs(clock.measure() + by) < timedelta(seconds=1)
    assert abs(clock.now() - ledger.database_time()) < timedelta(seconds=1)


def test_a_database_that_is_away_changes_no_clock() -> None:
    answers = [datetime.now(UTC) + timedelta(hours=1)]

    def told() -> datetime:
        if not answers:
            raise Unavailable("ledger")
        return answers.pop()

    clock = LedgerClock(told)
    measured = clock.measure()
    assert measured > timedelta(minutes=59)
    assert clock.measure() == measured


def test_a_clock_that_is_right_runs_as_the_computer_does() -> None:
    clock = LedgerClock(lambda: datetime.now(UTC) + timedelta(milliseconds=100))
    assert clock.measure() == timedelta(0)


class Slow:
    """A computer's clock on which each question to the database takes a second."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


@pytest.mark.parametrize(
    ("off", "seen"), [(timedelta(hours=1), timedelta(hours=1)), (timedelta(seconds=0.9), timedelta(0))]
)
def test_a_slow_database_tells_a_clock_that_is_wrong_by_more_than_the_asking_takes(
    off: timedelta, seen: timedelta
) -> None:
    own = Slow()
    clock = LedgerClock(lambda: own.at + timedelta(seconds=0.5) + off, own)
    assert clock.measure() == seen
