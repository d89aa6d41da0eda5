"""The audit's chains on SQLite and on PostgreSQL: what is written is found again, what was touched is found out."""

from __future__ import annotations

import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from gecit.core.audit import AuditEntry
from gecit.core.audit_chain import ANCHOR, AuditFault, ChainCheck
from gecit.edges.audit_book import ANCHOR_EVERY, AuditBook, AuditKeyMissingError, key_of, patient_digest, read_key
from gecit.edges.store import SqlLedger
from gecit.edges.store.schema import audit, audit_chain
from gecit.ports import AuditSearch, Unavailable
from tests.fakes import StillClock

KEY = b"k" * 32
NOW = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
TCKN = "10000000146"


def entry(what: str = "see an exam", **changes: object) -> AuditEntry:
    values: dict[str, object] = {"at": NOW, "who": "ayşe", "what": what, "outcome": "done"}
    return AuditEntry(**{**values, **changes})


def book(ledger: SqlLedger, name: str = "N1/web", clock: StillClock | None = None) -> AuditBook:
    return AuditBook(ledger, KEY, name, clock or StillClock(NOW))


def verify(ledger: SqlLedger, key: bytes | None = KEY) -> list[tuple[str, int]]:
    check = ChainCheck(ledger.audit_anchors(), ledger.audit_heads(), key)
    found: list[AuditFault] = []
    for row in ledger.audit_by_chain():
        found += check.look(row)
    return [(one.fault, one.number) for one in [*found, *check.finish()]]


def test_an_entry_is_kept_without_its_tckn_and_found_by_whose_it_is(ledger: SqlLedger) -> None:
    one = entry(patient=TCKN, institution="10001", accession="A1", address="192.0.2.7", detail={"payload": "beef"})
    writer = book(ledger)
    writer.record(one)
    writer.record(entry("sign in", who="veli\0", outcome="refused", why="yanlış \udce7"))
    (found,) = ledger.audit_rows(AuditSearch(patient=patient_digest(KEY, TCKN)))
    assert (found.who, found.what, found.at, found.accession) == ("ayşe", "see an exam", NOW, "A1")
    assert found.detail["payload"] not in ("", "beef")
    with ledger.engine.connect() as connection:
        assert TCKN not in repr(connection.execute(sa.select(audit)).all())
    assert [one.who for one in ledger.audit_rows(AuditSearch(outcome="refused"))] == ["veli"]
    assert ledger.audit_rows(AuditSearch(since=NOW + timedelta(seconds=1))) == []
    assert ledger.audit_rows(AuditSearch(until=NOW)) == []
    assert len(ledger.audit_rows(AuditSearch(limit=1, offset=1))) == 1
    assert verify(ledger) == []


def test_many_threads_make_one_chain_without_gaps(ledger: SqlLedger) -> None:
    writer = book(ledger)
    threads = [threading.Thread(target=lambda: [writer.record(entry()) for _ in range(5)]) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    rows = list(ledger.audit_by_chain())
    assert [one.number for one in rows] == list(range(1, 41))
    assert len({one.chain for one in rows}) == 1
    assert verify(ledger) == []


def filled(ledger: SqlLedger) -> None:
    """Two writers of three entries each; the second one's anchor names the first one's end."""
    clock = StillClock(NOW)
    first = book(ledger, "N1/a")
    for number in range(3):
        first.record(entry(who=f"u{number}"))
    clock.at = NOW + ANCHOR_EVERY
    second = book(ledger, "N1/b", clock)
    for number in range(3):
        second.record(entry(who=f"v{number}"))


def change(ledger: SqlLedger, *statements: sa.Executable) -> None:
    with ledger.engine.begin() as connection:
        for one in statements:
            connection.execute(one)


def of(chain: str, number: int) -> sa.ColumnElement[bool]:
    return sa.and_(audit.c.chain.startswith(f"N1/{chain}/"), audit.c.number == number)


def edit(ledger: SqlLedger) -> None:
    change(ledger, sa.update(audit).where(of("a", 2)).values(who="nobody"))


def delete(ledger: SqlLedger) -> None:
    change(ledger, sa.delete(audit).where(of("a", 2)))


def reorder(ledger: SqlLedger) -> None:
    swap = [(1, 91), (2, 1), (91, 2)]
    change(ledger, *(sa.update(audit).where(of("a", one)).values(number=other) for one, other in swap))


def cut(ledger: SqlLedger) -> None:
    change(ledger, sa.delete(audit).where(of("a", 3)))


def cut_and_hide(ledger: SqlLedger) -> None:
    """The tail goes, and the table that says where each chain ends is made to agree."""
    with ledger.engine.connect() as connection:
        before = connection.scalar(sa.select(audit.c.hash).where(of("a", 2)))
    mine = audit_chain.c.chain.startswith("N1/a/")
    change(ledger, sa.delete(audit).where(of("a", 3)), sa.update(audit_chain).where(mine).values(number=2, hash=before))


def remove_a_chain(ledger: SqlLedger) -> None:
    mine = (one.c.chain.startswith("N1/a/") for one in (audit, audit_chain))
    change(ledger, *(sa.delete(one).where(where) for one, where in zip((audit, audit_chain), mine, strict=True)))


def make_anew(ledger: SqlLedger) -> None:
    """A whole chain is written again with another name in it, its hashes right."""
    remove_a_chain(ledger)
    with ledger.engine.connect() as connection:
        named = connection.scalar(sa.select(audit.c.detail).where(audit.c.what == ANCHOR)) or ""
    chain = next(part for part in named.split('"') if part.startswith("N1/a/"))
    again = book(ledger, "N1/a")
    for number in range(3):
        again.record(entry(who=f"w{number}"))
    rows = [one for one in ledger.audit_by_chain() if one.chain.startswith("N1/a/") and one.what != ANCHOR]
    from gecit.core.audit_chain import Head
    from gecit.edges.audit_book import _tied

    tied = _tied(rows, Head(chain=chain, number=0, hash=""))
    change(ledger, *(sa.delete(one).where(one.c.chain.startswith("N1/a/")) for one in (audit, audit_chain)))
    ledger.add_audit(tied)


@pytest.mark.parametrize(
    ("touch", "faults"),
    [
        (edit, [("edited", 2)]),
        (delete, [("missing", 3)]),
        (reorder, [("out of order", 1), ("edited", 1), ("out of order", 2), ("edited", 2), ("out of order", 3)]),
        (cut, [("cut off", 3)]),
        (cut_and_hide, [("cut off", 3)]),
        (remove_a_chain, [("cut off", 3)]),
        (make_anew, [("not as anchored", 3)]),
    ],
)
def test_what_was_touched_is_found_out(
    ledger: SqlLedger, touch: Callable[[SqlLedger], None], faults: list[tuple[str, int]]
) -> None:
    filled(ledger)
    assert verify(ledger) == []
    touch(ledger)
    assert verify(ledger) == faults


def test_who_has_the_database_alone_cannot_make_an_anchor(ledger: SqlLedger) -> None:
    """A chain with an anchor is made again as a whole: its hashes are right, its seal needs the key."""
    filled(ledger)
    forger = AuditBook(ledger, b"x" * 32, "N1/c", StillClock(NOW))
    forger.record(entry())
    assert verify(ledger) == [("seal broken", 1)]
    assert verify(ledger, None) == [], "without the key no seal can be looked at"


def test_anchors_come_in_their_time_and_name_what_no_other_does(ledger: SqlLedger) -> None:
    clock = StillClock(NOW)
    first, second = book(ledger, "N1/a", clock), book(ledger, "N1/b", clock)
    first.record(entry())
    second.record(entry())
    second.record(entry())
    assert len(list(ledger.audit_anchors())) == 1
    first.tick(clock.at)
    assert len(list(ledger.audit_anchors())) == 1, "not yet"
    clock.at += ANCHOR_EVERY
    first.tick(clock.at)
    first.tick(clock.at)
    assert len(list(ledger.audit_anchors())) == 2
    assert verify(ledger) == []


def test_a_book_goes_by_one_clock_in_ticks_and_in_records(ledger: SqlLedger) -> None:
    """The ledger's clock may be hours from the computer's, by which rows are written."""
    clock = StillClock(NOW)
    first, second = book(ledger, "N1/a", clock), book(ledger, "N1/b", clock)
    for _ in range(4):
        second.record(entry())
        first.tick()
        second.record(entry())
        first.record(entry())
    assert len(list(ledger.audit_anchors())) == 1


def test_what_cannot_be_written_is_said_to_whoever_waits_and_a_new_chain_goes_on(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = book(ledger)
    writer.record(entry())
    with monkeypatch.context() as broken:
        broken.setattr(ledger, "add_audit", lambda *_: (_ for _ in ()).throw(OSError("10000000146")))
        with pytest.raises(Unavailable):
            writer.record(entry())
        writer.tick(NOW + 2 * ANCHOR_EVERY)
    writer.record(entry())
    assert len(ledger.audit_heads()) == 2
    assert verify(ledger) == []


def test_the_key_is_made_once_for_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "audit.key"
    made: list[bytes] = []
    threads = [threading.Thread(target=lambda: made.append(read_key(path))) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert set(made) == {path.read_bytes()}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["audit.key"]
    path.write_bytes(b"short")
    with pytest.raises(OSError, match=r"audit\.key"):
        read_key(path)


def test_a_node_makes_no_key_of_its_own_beside_an_audit_of_another(ledger: SqlLedger, tmp_path: Path) -> None:
    mine, other = tmp_path / "a" / "audit.key", tmp_path / "b" / "audit.key"
    key = key_of(mine, ledger)
    assert key == read_key(mine), "the first one makes it"
    AuditBook(ledger, key, "A/orthanc", StillClock(NOW)).record(entry())
    assert key_of(mine, ledger) == key
    with pytest.raises(AuditKeyMissingError, match=r"(?s)anahtarı yok.*no audit key"):
        key_of(other, ledger)
    assert not other.exists()
    other.parent.mkdir()
    other.write_bytes(key)
    assert key_of(other, ledger) == key


def test_two_that_anchor_each_other_at_one_moment_both_write(ledger: SqlLedger) -> None:
    """Crosswise locks: PostgreSQL ends the one that waits longer, which must try again instead of refusing its user."""
    one, other = book(ledger, "N1/web"), book(ledger, "N2/web")
    one.record(entry())
    other.record(entry())
    faults: list[BaseException] = []

    def anchor() -> None:
        one._anchored_at = None  # its time has come, and the other's chain is to be named
        try:
            one.record(entry("anchors"))
        except Unavailable as fault:
            faults.append(fault)

    mine, others = (sa.update(audit_chain).where(audit_chain.c.chain.startswith(of)) for of in ("N1/", "N2/"))
    touched = {"anchored": audit_chain.c.anchored}
    thread = threading.Thread(target=anchor, daemon=True)
    with ledger.engine.begin() as connection:
        connection.execute(others.values(touched))
        thread.start()
        thread.join(0.5)  # it holds its own by now and waits; PostgreSQL looks for circles after a second
        connection.execute(mine.values(touched))
    thread.join(60)
    assert not thread.is_alive() and faults == []
    assert verify(ledger) == []
