"""Codes of links on both engines: whoever comes at the same moment is counted, and one alone comes in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from gecit.core.share_links import TRIES, Channel, ShareLink, Visit
from gecit.edges.store import SqlLedger

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LINK = ShareLink(
    id="l1", digest="d" * 64, patient="10000000146", disclosure="l1", channel=Channel.EMAIL, address="a@b.example",
    made_at=NOW,
)  # fmt: skip
UNTIL = NOW + timedelta(minutes=10)


def with_code(ledger: SqlLedger) -> None:
    ledger.write(lambda tx: tx.add_share_link(LINK))
    ledger.write(lambda tx: tx.set_share_code("l1", "hash", UNTIL))


def test_a_link_is_found_by_its_token_and_its_patient(ledger: SqlLedger) -> None:
    with_code(ledger)
    assert ledger.read(lambda tx: (tx.share_link_with("d" * 64), tx.share_links_of("10000000146"))) == (LINK, [LINK])
    assert ledger.read(lambda tx: (tx.share_link_with("e" * 64), tx.share_links_of("10000000214"))) == (None, [])


def test_a_code_is_tried_until_its_time_and_so_many_times(ledger: SqlLedger) -> None:
    with_code(ledger)
    last = UNTIL - timedelta(seconds=1)
    tried = [ledger.write(lambda tx, at=at: tx.try_share_code("l1", at, 2)) for at in (UNTIL, last, last, last)]  # type: ignore[misc]
    assert tried == ["", "hash", "hash", ""]
    ledger.write(lambda tx: tx.set_share_code("l1", "new", UNTIL))
    assert ledger.write(lambda tx: tx.try_share_code("l1", NOW, 2)) == "new"
    assert ledger.write(lambda tx: tx.try_share_code("l2", NOW, 2)) == ""


def test_tries_at_the_same_moment_are_each_counted(ledger: SqlLedger) -> None:
    with_code(ledger)
    with ThreadPoolExecutor(8) as pool:
        tried = list(pool.map(lambda _: ledger.write(lambda tx: tx.try_share_code("l1", NOW, TRIES)), range(3 * TRIES)))
    assert tried.count("hash") == TRIES


def test_one_alone_uses_a_code(ledger: SqlLedger) -> None:
    with_code(ledger)
    with ThreadPoolExecutor(8) as pool:
        used = list(pool.map(lambda _: ledger.write(lambda tx: tx.use_share_code("l1", "hash")), range(8)))
    assert used.count(True) == 1
    assert not ledger.write(lambda tx: tx.use_share_code("l1", "")), "no code is no code"


def test_visits_end_alone_or_with_their_link(ledger: SqlLedger) -> None:
    visits = [Visit(digest=f"v{n}", link=link, expires_at=UNTIL) for n, link in enumerate(("l1", "l1", "l2"))]
    for one in visits:
        ledger.write(lambda tx, one=one: tx.add_visit(one, NOW))  # type: ignore[misc]
    ledger.write(lambda tx: tx.end_visits(digest="v0"))
    assert ledger.read(lambda tx: [tx.visit(one.digest) for one in visits]) == [None, *visits[1:]]
    ledger.write(lambda tx: tx.end_visits(link="l1"))
    assert ledger.read(lambda tx: [tx.visit(one.digest) for one in visits]) == [None, None, visits[2]]
    late = Visit(digest="v9", link="l1", expires_at=UNTIL + timedelta(hours=1))
    ledger.write(lambda tx: tx.add_visit(late, UNTIL))
    assert ledger.read(lambda tx: tx.visit("v2")) is None, "those that expired are forgotten"


def test_one_alone_goes_on_with_a_visit_and_those_of_one_beginning_are_found(ledger: SqlLedger) -> None:
    fine = UNTIL + timedelta(microseconds=123457)
    visits = [Visit(digest=f"v{n}", link="l1", expires_at=end) for n, end in enumerate((fine, fine, UNTIL))]
    for one in visits:
        ledger.write(lambda tx, one=one: tx.add_visit(one, NOW))  # type: ignore[misc]
    found = ledger.read(lambda tx: tx.visits_until("l1", fine))
    assert sorted(one.digest for one in found) == ["v0", "v1"]
    assert ledger.read(lambda tx: tx.visits_until("l2", fine)) == []
    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(lambda _: ledger.write(lambda tx: tx.end_visits(digest="v2")), range(8)))
    assert sum(ended) == 1
