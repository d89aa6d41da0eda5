"""Whoever may write to the database: events, folded tables, outbox, and the audit's chains made anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from msgspec.structs import replace

from gecit.core.audit import AuditEntry
from gecit.core.audit_chain import ChainCheck, Head, anchor_detail, linked
from gecit.core.billing import key_of, read_notification
from gecit.core.event_seal import KINDS, WHAT, detail_of, sealed
from gecit.core.medula_codes import NOT_QUEUED
from gecit.core.values import to_json
from gecit.core.verdict import Outcome
from gecit.edges.audit_book import AuditBook
from gecit.edges.seal_book import EVERY, NEWEST, Sealer, ends, faults
from gecit.edges.store import SqlLedger
from gecit.edges.store.schema import audit, audit_chain, event, message, outbox
from gecit.processes.build import Parts
from gecit.processes.entrance import audit_of, sealer_of
from gecit.settings import load
from tests.fakes import NOON, StillClock
from tests.processes.test_reception import HERE, Door
from tests.support.billing import START, arrive, judge, key
from tests.support.flow import orm_wire, oru_wire, register
from tests.support.world import World, world  # noqa: F401

KEY = b"k" * 32


class Sealing:
    """A real ledger with orders and reports, sealed."""

    def __init__(self, ledger: SqlLedger) -> None:
        self.ledger, self.clock = ledger, StillClock()
        self.book = AuditBook(ledger, KEY, "n/web", self.clock)
        self.sealer = Sealer(ledger, self.book, KEY)
        register(ledger, HERE)
        self.door = Door(ledger)
        self.sent = 0

    def take_in(self, count: int = 3) -> None:
        for _ in range(count):
            self.sent += 1
            name = f"A{self.sent}"
            frames = (orm_wire(name, control_id=f"o{self.sent}"), oru_wire(name, control_id=f"r{self.sent}"))
            assert all(one.startswith("AA") for one in self.door.knock(*frames))

    def beat(self, times: int = 1) -> None:
        for _ in range(times):
            self.clock.advance(EVERY.total_seconds())
            self.sealer.tick(self.clock.now())

    def found(self, key: bytes | None = KEY) -> list[tuple[str, str]]:
        return [(one.kind, one.fault) for one in faults(self.ledger, key)]

    def change(self, statement: sa.Executable) -> None:
        with self.ledger.engine.begin() as connection:
            assert connection.execute(statement).rowcount != 0


@pytest.fixture
def kept(ledger: SqlLedger) -> Sealing:
    made = Sealing(ledger)
    made.take_in()
    made.beat(3)
    return made


def test_what_was_sealed_is_whole_and_goes_on_growing(kept: Sealing) -> None:
    assert kept.found() == []
    assert ends(kept.ledger, KEY) == {kind: kept.ledger.newest(kind) for kind in KINDS}
    kept.take_in()
    kept.beat(2)
    assert kept.found() == []
    assert len(kept.ledger.seals()) == 4, "two stretches of each kind"
    again = Sealer(kept.ledger, kept.book, KEY)  # another process, or the same one started anew
    kept.take_in()
    for _ in range(3):
        kept.clock.advance(EVERY.total_seconds())
        again.tick(kept.clock.now())
    assert kept.found() == [] and len(kept.ledger.seals()) == 6


EDITED = sa.update(event).where(event.c.id == 2).values(data=sa.func.replace(event.c.data, "A1", "A9"))
TOUCHED = {
    "edited": EDITED,
    "deleted": sa.delete(event).where(event.c.id == 2),
    "moved to another day": sa.update(event).where(event.c.id == 2).values(at=NOON - timedelta(days=9)),
    "given to another exam": sa.update(event).where(event.c.id == 2).values(accession="A9"),
    "its tail cut off": sa.delete(event).where(event.c.id >= 4),
    "the first one cut off": sa.delete(event).where(event.c.id == 1),
    "moved": sa.update(event).where(event.c.id == 2).values(id=2_000_000),
}


@pytest.mark.parametrize("how", TOUCHED)
def test_an_event_that_was_touched_shows(kept: Sealing, how: str) -> None:
    kept.change(TOUCHED[how])
    assert ("event", "edited") in kept.found()


@pytest.mark.parametrize(
    "values",
    [
        {"raw": b"MSH|^~\\&|forged"},
        {"digest": "0" * 64},
        {"control_id": "x"},
        {"peer": "192.0.2.66"},
        {"institution": "910002"},
        {"received_at": NOON - timedelta(days=9)},
    ],
)
def test_a_message_that_was_touched_shows(kept: Sealing, values: dict[str, object]) -> None:
    kept.change(sa.update(message).where(message.c.id == 1).values(**values))
    assert kept.found() == [("message", "edited")]


def test_an_event_put_in_between_shows(kept: Sealing) -> None:
    kept.change(sa.delete(event).where(event.c.id == 3))
    with kept.ledger.engine.begin() as connection:
        row = dict(connection.execute(sa.select(event).where(event.c.id == 2)).one()._mapping)
        connection.execute(sa.insert(event).values({**row, "id": 3}))
    assert kept.found() == [("event", "edited")]


def test_who_has_the_database_alone_can_seal_nothing(kept: Sealing) -> None:
    """He edits an event, computes the stretch anew, and writes it into the audit with its chain made anew."""
    kept.change(EDITED)
    last = kept.ledger.newest("event")
    forged = detail_of(sealed("event", 0, last, kept.ledger.record_rows("event", 0, last)), b"guessed" * 5)
    for one in kept.ledger.seals():
        if one["kind"] == "event":
            kept.change(sa.update(audit).where(audit.c.what == WHAT, audit.c.detail == to_json(one).decode()).values(
                detail=to_json(forged).decode()))  # fmt: skip
    assert ("event", "seal broken") in kept.found()
    assert ("event", "seal broken") not in kept.found(key=None), "without the key nobody can tell"


def test_a_seal_that_is_taken_away_leaves_a_gap(kept: Sealing) -> None:
    kept.take_in()
    kept.beat(3)
    first = next(one for one in kept.ledger.seals() if one["kind"] == "event")
    kept.change(sa.delete(audit).where(audit.c.what == WHAT, audit.c.detail == to_json(first).decode()))
    assert kept.found() == [("event", "not sealed")]


def test_a_ledger_that_was_never_sealed_is_caught_up_with_piece_by_piece(
    kept: Sealing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gecit.edges.seal_book.AT_ONCE", 2)
    kept.take_in(4)
    kept.beat(30)
    assert ends(kept.ledger, KEY) == {kind: kept.ledger.newest(kind) for kind in KINDS}
    assert kept.found() == []


def test_a_clock_that_is_set_back_leaves_no_stretch_unsealed(kept: Sealing) -> None:
    kept.clock.advance(-3600)
    kept.take_in()
    kept.beat(3)
    assert ends(kept.ledger, KEY) == {kind: kept.ledger.newest(kind) for kind in KINDS}, "within minutes"
    assert kept.found() == []


def test_a_number_whose_transaction_takes_long_is_waited_for(kept: Sealing) -> None:
    """PostgreSQL gives numbers out before they are committed: a seal without them would call them put in later."""
    if kept.ledger.engine.dialect.name == "sqlite":
        pytest.skip("one writer, who numbers in turn")
    row = sa.select(sa.text("nextval('event_id_seq')"), *(one for one in event.c if one.name != "id"))
    with kept.ledger.engine.connect() as slow, slow.begin():
        slow.execute(sa.insert(event).from_select([one.name for one in event.c], row.where(event.c.id == 2)))
        kept.take_in()
        kept.beat(5)
        assert ends(kept.ledger, KEY)["event"] < kept.ledger.newest("event")
    kept.beat(2)
    assert ends(kept.ledger, KEY)["event"] == kept.ledger.newest("event")
    assert kept.found() == []


def test_sealing_that_fails_stops_nobody_and_goes_on(kept: Sealing, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.take_in()
    with monkeypatch.context() as broken:
        broken.setattr(kept.ledger, "record_rows", lambda *_: 1 / 0)
        kept.beat(2)
    kept.beat(2)
    assert kept.found() == [] and ends(kept.ledger, KEY)["event"] == kept.ledger.newest("event")


def test_nobody_writes_while_it_is_folded_again(kept: Sealing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that came in between would be taken for one that somebody changed."""
    if kept.ledger.engine.dialect.name == "sqlite":
        pytest.skip("one writer")
    fold, said = kept.ledger._fold_anew, []

    def folding(connection: sa.Connection) -> int:
        try:
            with kept.ledger.engine.begin() as other:
                other.exec_driver_sql("SET LOCAL lock_timeout = 200")
                other.execute(sa.update(event).where(event.c.id == 1).values(kind=event.c.kind))
        except sa.exc.OperationalError as waited:
            said.append(str(waited.orig))
        return fold(connection)

    monkeypatch.setattr(kept.ledger, "_fold_anew", folding)
    assert kept.ledger.folds_alike()
    assert "lock timeout" in said[0]


def test_where_sealing_goes_on_is_asked_of_the_newest_seals(kept: Sealing, monkeypatch: pytest.MonkeyPatch) -> None:
    """An audit of millions of rows is read through at no start."""
    asked, seals = [], kept.ledger.seals

    def counted(last: int = 0) -> list[dict[str, str]]:
        asked.append(last)
        return seals(last)

    monkeypatch.setattr(kept.ledger, "seals", counted)
    newest = {kind: kept.ledger.newest(kind) for kind in KINDS}
    assert ends(kept.ledger, KEY) == newest and asked == [NEWEST]
    assert [one["kind"] for one in seals(1)] == [seals()[-1]["kind"]]
    for _ in range(NEWEST):  # no message came for long
        kept.book.record(AuditEntry(at=kept.clock.now(), who="gecit", what=WHAT, outcome="done", detail=seals()[0]))
    missing = seals()[0]["kind"]
    assert ends(kept.ledger, KEY) == newest and asked[1:] == [NEWEST, 0], missing


# The command


def test_the_command_says_what_was_touched(gecit: Callable[..., Result], data: Path) -> None:
    opened = Parts(load())
    register(opened.ledger, HERE)
    Door(opened.ledger).knock(orm_wire("A1"))
    sealer = sealer_of(opened.settings, opened.ledger, audit_of(opened.settings, opened.ledger, "web"))
    assert gecit("ledger", "verify").stdout.count("not sealed yet and was not compared") == len(KINDS)
    for number in range(3):
        sealer.tick(NOON + number * EVERY)
    told = gecit("ledger", "verify", "--folded").stdout
    assert "bozulmamış / whole" in told and "not sealed yet" not in told
    with opened.ledger.engine.begin() as connection:
        connection.execute(sa.text("UPDATE exam SET data = replace(data, 'A1', 'A9')"))
    told = gecit("ledger", "verify", "--folded", code=1).stdout
    assert "whole" not in told and "1 KUSUR / FAULTS" in told and "`gecit ledger rebuild`" in told
    said = gecit("ledger", "verify", "--folded", "--json", code=1).stdout
    assert json.loads(said)["folded"] is False and json.loads(said)["faults"] == []
    with opened.ledger.engine.begin() as connection:
        connection.execute(sa.text("UPDATE event SET data = replace(data, 'A1', 'A9')"))
    told = gecit("ledger", "verify", code=1).stdout
    assert "edited, deleted or put in" in told
    assert "A seal is of a stretch" in told, "finer is no answer"
    opened.ledger.close()


# The audit's chain, made anew


def chain_of(ledger: SqlLedger) -> list:
    return list(ledger.audit_by_chain())


def checked(ledger: SqlLedger, key: bytes | None = KEY) -> list[str]:
    check = ChainCheck(list(ledger.audit_anchors()), ledger.audit_heads(), key)
    found = [fault.fault for row in chain_of(ledger) for fault in check.look(row)]
    return [*found, *(one.fault for one in check.finish())]


def test_a_chain_that_is_made_anew_with_a_forged_tail_is_not_as_anchored(ledger: SqlLedger) -> None:
    """He needs no key to hash a chain from its first row to its last; he needs it to anchor it in another one."""
    clock = StillClock()
    one, other = (AuditBook(ledger, KEY, f"n/{name}", clock) for name in ("web", "plugin"))
    for number in range(4):
        one.record(AuditEntry(at=NOON, who="ayşe", what="see an exam", outcome="done", accession=f"A{number}"))
    clock.advance(600)
    other.record(AuditEntry(at=NOON, who="veli", what="sign in", outcome="done"))
    assert checked(ledger) == []
    rows = [row for row in chain_of(ledger) if row.chain.startswith("n/web")]
    forged, previous = [], ""
    for row in rows:
        made = linked(replace(row, who="somebody else" if row.accession == "A2" else row.who), previous)
        forged.append(made)
        previous = made.hash
    with ledger.engine.begin() as connection:
        for row in forged:
            connection.execute(
                sa.update(audit).where(audit.c.chain == row.chain, audit.c.number == row.number)
                .values(who=row.who, previous=row.previous, hash=row.hash)
            )  # fmt: skip
        connection.execute(sa.update(audit_chain).where(audit_chain.c.chain == rows[0].chain).values(hash=previous))
    assert checked(ledger) == ["not as anchored"]
    # He writes the anchor anew too, and the chain that it stands in: its seal is what he cannot make.
    anchor = next(iter(ledger.audit_anchors()))
    head = Head(chain=rows[0].chain, number=forged[-1].number, hash=previous)
    evil = linked(replace(anchor, detail=anchor_detail([head], b"guessed" * 5)), anchor.previous)
    tail, before = [evil], evil.hash
    for row in [one for one in chain_of(ledger) if one.chain == anchor.chain and one.number > anchor.number]:
        tail.append(linked(row, before))
        before = tail[-1].hash
    with ledger.engine.begin() as connection:
        for row in tail:
            connection.execute(
                sa.update(audit).where(audit.c.chain == row.chain, audit.c.number == row.number)
                .values(detail=to_json(row.detail).decode(), previous=row.previous, hash=row.hash)
            )  # fmt: skip
        connection.execute(sa.update(audit_chain).where(audit_chain.c.chain == anchor.chain).values(hash=before))
    assert checked(ledger) == ["seal broken"]
    assert checked(ledger, None) == [], "without the key the forgery is perfect: keep it apart"


# The outbox


ROWS = {
    "of a held exam": (key(2), {"accession": key(2).accession, "generation": 1}),
    "of a held exam, in the place of one that passes": (key(1), {"accession": key(2).accession, "generation": 1}),
    "of a generation that was never queued": (key(1), {"generation": 7}),
    "of no exam at all": (key(9), {"accession": key(9).accession, "generation": 1}),
}


@pytest.mark.parametrize("kind", ["notify", "withdraw"])
@pytest.mark.parametrize("state", ["queued", "unknown"])
@pytest.mark.parametrize("how", ROWS)
def test_a_row_that_somebody_put_into_the_outbox_bills_nobody(world: World, kind: str, state: str, how: str) -> None:  # noqa: F811
    """`unknown` asks MEDULA and then sends, without looking at the verdict: the record is looked at all the same."""
    for exam, outcome in ((key(1), Outcome.SUBMIT), (key(2), Outcome.HOLD)):
        arrive(world.ledger, exam, START)
        judge(world.ledger, exam, outcome, START)
    (genuine,) = world.ledger.deliveries()
    world.deliver_all()
    before, arrivals = world.effective(), world.medula.arrivals
    stands_for, changes = ROWS[how]
    forged = replace(read_notification(genuine.payload), kind=kind, **changes)
    world.ledger.write(lambda tx: tx.queue("medula", kind, key_of(forged), stands_for, to_json(forged), START))
    with world.ledger.engine.begin() as connection:
        mine = outbox.c.key == key_of(forged)
        connection.execute(sa.update(outbox).where(mine).values(state=state, resume=state, attempts=1))
    world.deliver_all()
    assert (world.effective(), world.medula.arrivals) == (before, arrivals)
    row = next(one for one in world.ledger.deliveries() if one.key == key_of(forged))
    assert row.state == "parked" and NOT_QUEUED in row.last_error


def test_the_content_of_a_row_is_of_its_own_exam(world: World) -> None:  # noqa: F811
    arrive(world.ledger, key(1), START)
    judge(world.ledger, key(1), Outcome.SUBMIT, START)
    (genuine,) = world.ledger.deliveries()
    forged = replace(read_notification(genuine.payload), accession=key(2).accession)
    with world.ledger.engine.begin() as connection:
        connection.execute(sa.update(outbox).values(payload=to_json(forged)))
    world.deliver_all()
    assert world.effective() == [] and NOT_QUEUED in next(iter(world.ledger.deliveries())).last_error


def test_events_need_their_seal_within_minutes() -> None:
    """What an operator may rely on: the time after which an edit shows."""
    assert timedelta(minutes=5) >= EVERY
