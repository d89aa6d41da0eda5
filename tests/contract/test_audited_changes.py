"""A change and its row of the audit on both engines: both stand, or neither, whatever fails and whoever else writes."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from gecit.edges.audit_book import ANCHOR_EVERY, AuditBook
from gecit.edges.store import SqlLedger
from gecit.ports import AuditSearch, Institution, Transaction, Unavailable
from tests.fake_accounts import FakeAudit
from tests.fakes import StillClock

from .test_audit import NOW, book, entry, verify


class Refused(Exception):
    """What the work says no with."""


def recording(skrs: str) -> Callable[[Transaction], str]:
    def work(tx: Transaction) -> str:
        tx.record_institution(Institution(skrs=skrs), NOW)
        return skrs

    return work


def refusing(tx: Transaction) -> None:
    recording("910009")(tx)
    raise Refused


def institutions(ledger: SqlLedger) -> list[str]:
    return sorted(one.skrs for one in ledger.read(lambda tx: tx.institutions()))


def told(ledger: SqlLedger) -> list[tuple[str, str]]:
    return sorted((one.what, one.outcome) for one in ledger.audit_rows(AuditSearch()))


@pytest.mark.parametrize("kind", ["real", "fake"])
def test_what_is_refused_leaves_neither_a_change_nor_a_row(ledger: SqlLedger, kind: str) -> None:
    fake = FakeAudit()
    audit = book(ledger) if kind == "real" else fake
    assert audit.carry_out(entry("add"), ledger, recording("910001")) == "910001"
    with pytest.raises(Refused):
        audit.carry_out(entry("refused one"), ledger, refusing)
    assert institutions(ledger) == ["910001"]
    assert (told(ledger) or [(what, how) for _, what, how in fake.said()]) == [("add", "done")]


def test_refusals_and_changes_are_one_chain_between_rows_that_are_told_alone(ledger: SqlLedger) -> None:
    audit = book(ledger)
    audit.record(entry("one"))
    audit.carry_out(entry("two"), ledger, recording("910001"))
    with pytest.raises(Refused):
        audit.carry_out(entry("no"), ledger, refusing)
    audit.record(entry("no", outcome="refused"))
    audit.carry_out(entry("three"), ledger, recording("910002"))
    assert told(ledger) == [("no", "refused"), ("one", "done"), ("three", "done"), ("two", "done")]
    assert len(ledger.audit_heads()) == 1 and verify(ledger) == []


def test_what_cannot_be_audited_is_not_done_and_a_new_chain_goes_on(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = book(ledger)
    audit.record(entry("one"))
    with monkeypatch.context() as broken:
        broken.setattr(ledger, "add_audit", lambda *_: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(Unavailable):
            audit.carry_out(entry("two"), ledger, recording("910001"))
    assert institutions(ledger) == []
    audit.carry_out(entry("three"), ledger, recording("910002"))
    assert institutions(ledger) == ["910002"]
    assert told(ledger) == [("one", "done"), ("three", "done")]
    assert len(ledger.audit_heads()) == 2 and verify(ledger) == []


def test_a_chain_that_another_went_on_with_is_an_audit_that_is_away_and_a_new_one_goes_on(ledger: SqlLedger) -> None:
    audit, other = book(ledger), book(ledger)
    audit.record(entry("one"))
    other._head = audit._head
    other.record(entry("of another"))
    with pytest.raises(Unavailable):
        audit.carry_out(entry("two"), ledger, recording("910001"))
    assert institutions(ledger) == []
    audit.carry_out(entry("three"), ledger, recording("910002"))
    assert told(ledger) == [("of another", "done"), ("one", "done"), ("three", "done")]
    assert verify(ledger) == []


def test_many_who_change_tell_and_write_at_once_wait_for_each_other_and_not_for_ever(ledger: SqlLedger) -> None:
    clock = StillClock(NOW)
    audits = [book(ledger, "N1/web", clock), book(ledger, "N1/work", clock)]
    faults: list[BaseException] = []

    def person(number: int, audit: AuditBook) -> None:
        try:
            for turn in range(4):
                audit.carry_out(entry(f"change {number}.{turn}"), ledger, recording(f"91{number:02}{turn:02}"))
                audit.record(entry(f"look {number}.{turn}"))
                ledger.write(recording(f"92{number:02}{turn:02}"))
                with pytest.raises(Refused):
                    audit.carry_out(entry("never"), ledger, refusing)
        except BaseException as fault:  # noqa: BLE001 -- told to the test's own thread
            faults.append(fault)

    threads = [threading.Thread(target=person, args=(n, audits[n % 2]), daemon=True) for n in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(120)
    assert faults == [] and not any(one.is_alive() for one in threads)
    for audit in audits:
        audit.tick(NOW + 2 * ANCHOR_EVERY)
    assert len(institutions(ledger)) == 48 and len(told(ledger)) == 48
    assert verify(ledger) == []
