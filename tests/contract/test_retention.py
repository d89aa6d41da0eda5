"""Retention on both engines: lists, approval, holds, and deletion that goes on where it was stopped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from gecit.core.audit import AuditEntry
from gecit.core.events import LegalHoldRecorded, RetentionListRecorded, StudyDeleted
from gecit.core.facts import StudyFacts
from gecit.core.retention import Fault, Hold, ItemState, RetentionList, Terms
from gecit.edges.store import SqlLedger
from gecit.ports import Unavailable
from gecit.steps.retention import (
    Deleting,
    RetentionRefused,
    approve,
    drop,
    hold,
    make_list,
    past,
    release,
    unfinished,
)
from tests.fake_accounts import FakeAudit
from tests.fakes import StillClock
from tests.support.flow import arrive, study

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TERMS = Terms(years=20)


class FakeRemover:
    """An index in memory; fails once where it is told to, before or after it has deleted."""

    def __init__(self) -> None:
        self.gone: list[str] = []
        self.last: dict[str, datetime] = {}
        self.fails_before = self.fails_after = ""

    def last_instance_at(self, orthanc_id: str) -> datetime | None:
        return self.last.get(orthanc_id)

    def remove_study(self, orthanc_id: str) -> bool:
        if self.fails_before == orthanc_id:
            self.fails_before = ""
            raise Unavailable("orthanc")
        there = orthanc_id not in self.gone
        self.gone.append(orthanc_id)
        if self.fails_after == orthanc_id:
            self.fails_after = ""
            raise Unavailable("orthanc")
        return there


def old(name: str, day: str) -> StudyFacts:
    return replace(study(name, name), study_date=day, patient_id=f"F-{name}", last_instance_at=NOW - timedelta(days=9))


@pytest.fixture
def node(ledger: SqlLedger) -> str:
    for name, day in (("s1", "20000101"), ("s2", "20010101"), ("s3", "20060302"), ("s4", "20060303"), ("s5", "")):
        arrive(ledger, old(name, day), NOW)
    return study("s1").key.node


def named(found: RetentionList | None) -> list[str]:
    return [one.key.orthanc_id for one in found.studies] if found else []


def ids(ledger: SqlLedger, node: str) -> list[str]:
    return sorted(ledger.read(lambda tx: tx.study_ids(node)))


def deleting(ledger: SqlLedger, remover: FakeRemover, node: str, audit: FakeAudit | None = None) -> Deleting:
    return Deleting(ledger, remover, audit or FakeAudit(), StillClock(NOW), node, 40)


def approved(ledger: SqlLedger, node: str) -> RetentionList:
    made = make_list(ledger, node, TERMS, "yonetici", NOW)
    assert made
    return approve(ledger, made.id, made.digest, "onaylayan", NOW)


def test_a_list_names_what_is_past_its_time_on_that_day(ledger: SqlLedger, node: str) -> None:
    assert make_list(ledger, node, Terms(), "yonetici", NOW) is None
    made = make_list(ledger, node, TERMS, "yonetici", NOW)
    assert [one.study_date for one in (made.studies if made else ())] == ["20000101", "20010101", "20060302"]
    assert ledger.read(lambda tx: tx.retention_lists()) == [made]
    assert ledger.read(lambda tx: past(tx, "elsewhere", TERMS, NOW)) == []


def test_nothing_goes_without_approval_of_the_very_list(ledger: SqlLedger, node: str) -> None:
    made = make_list(ledger, node, TERMS, "yonetici", NOW)
    assert made
    remover = FakeRemover()
    with pytest.raises(RetentionRefused) as found:
        list(deleting(ledger, remover, node).run(made.id))
    assert found.value.faults == (Fault.NOT_OPEN,)
    for digest in ("", "x", made.digest[:-1]):
        with pytest.raises(RetentionRefused) as found:
            approve(ledger, made.id, digest, "onaylayan", NOW)
        assert found.value.faults == (Fault.OTHER_LIST,)
    drop(ledger, made.id, "onaylayan", NOW)
    with pytest.raises(RetentionRefused):
        approve(ledger, made.id, made.digest, "onaylayan", NOW)
    with pytest.raises(RetentionRefused):
        list(deleting(ledger, remover, node).run(made.id))
    assert remover.gone == [] and len(ids(ledger, node)) == 5


def test_what_was_approved_goes_and_each_is_an_event_and_a_row_of_the_audit(ledger: SqlLedger, node: str) -> None:
    one, remover, audit = approved(ledger, node), FakeRemover(), FakeAudit()
    done = list(deleting(ledger, remover, node, audit).run(one.id))
    assert [state for _, state in done] == [ItemState.DELETED] * 3
    assert remover.gone == named(one) and len(ids(ledger, node)) == 2
    events = [event for _, event in ledger.events() if isinstance(event, StudyDeleted)]
    assert [event.reason for event in events] == [f"retention list {one.id}"] * 3
    assert [(row.who, row.what) for row in audit.entries] == [("onaylayan", "delete a study past its time")] * 3
    assert list(deleting(ledger, remover, node).run(one.id)) == [], "once is enough"
    recorded = [event for _, event in ledger.events() if isinstance(event, RetentionListRecorded)]
    assert [event.retention.approved_by for event in recorded] == ["", "onaylayan"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_whoever_is_stopped_goes_on(ledger: SqlLedger, node: str, when: str) -> None:
    one, remover = approved(ledger, node), FakeRemover()
    setattr(remover, f"fails_{when}", named(one)[1])
    with pytest.raises(Unavailable):
        list(deleting(ledger, remover, node).run(one.id))
    assert [state for _, state in deleting(ledger, remover, node).run(one.id)] == [ItemState.DELETED] * 2
    assert len(ids(ledger, node)) == 2


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_came_while_deleting_was_stopped_stays(ledger: SqlLedger, node: str, when: str) -> None:
    """Orthanc was gone for a night between decision and deletion; the hospital sent the study again meanwhile."""
    one, remover = approved(ledger, node), FakeRemover()
    stopped = named(one)[1]
    setattr(remover, f"fails_{when}", stopped)
    with pytest.raises(Unavailable):
        list(deleting(ledger, remover, node).run(one.id))
    gone = list(remover.gone)
    remover.last[stopped] = NOW
    done = list(deleting(ledger, remover, node).run(one.id))
    assert [state for _, state in done] == [ItemState.CHANGED, ItemState.DELETED]
    assert remover.gone == [*gone, named(one)[2]]
    assert stopped in ids(ledger, node)


def test_a_hold_that_comes_while_deleting_is_stopped_keeps_it(ledger: SqlLedger, node: str) -> None:
    one, remover = approved(ledger, node), FakeRemover()
    remover.fails_before = named(one)[1]
    with pytest.raises(Unavailable):
        list(deleting(ledger, remover, node).run(one.id))
    known = ledger.read(lambda tx: tx.study(one.studies[1].key))
    assert known
    arrive(ledger, replace(known.facts, other_patient_ids=("10000000146",)), NOW)
    hold(ledger, Hold(id="", reason="dava", at=NOW, by="y", exam=None, patient="10000000146"), NOW)
    done = list(deleting(ledger, remover, node).run(one.id))
    assert [state for _, state in done] == [ItemState.HELD, ItemState.DELETED]
    assert named(one)[1] not in remover.gone


class HoldingAudit(FakeAudit):
    """Somebody puts the patient on hold at the very moment at which the audit is told of the deletion."""

    def __init__(self, ledger: SqlLedger) -> None:
        super().__init__()
        self._ledger = ledger

    def record(self, entry: AuditEntry) -> None:
        super().record(entry)
        if entry.outcome == "done":
            hold(self._ledger, Hold(id="", reason="dava", at=NOW, by="y", exam=None, patient="10000000146"), NOW)


def test_a_hold_that_comes_between_decision_and_deletion_wins(ledger: SqlLedger, node: str) -> None:
    known = ledger.read(lambda tx: tx.study(approved(ledger, node).studies[0].key))
    assert known
    arrive(ledger, replace(known.facts, other_patient_ids=("10000000146",)), NOW)
    one, remover, audit = approved(ledger, node), FakeRemover(), HoldingAudit(ledger)
    (first, *rest) = deleting(ledger, remover, node, audit).run(one.id)
    assert (first[0].key, first[1]) == (known.key, ItemState.HELD)
    assert known.key.orthanc_id not in remover.gone and known.key.orthanc_id in ids(ledger, node)
    assert [state for _, state in rest] == [ItemState.DELETED] * len(rest)
    mine = [row.outcome for row in audit.entries if row.detail["study"] == known.facts.study_instance_uid]
    assert mine == ["done", "refused"], "the audit says that it was not done"


def test_two_that_carry_a_list_out_at_once_both_say_that_it_was_deleted(ledger: SqlLedger, node: str) -> None:
    one, remover = approved(ledger, node), FakeRemover()
    first, second = (deleting(ledger, remover, node).run(one.id) for _ in range(2))
    next(first)
    study, state = next(second)
    assert state is ItemState.DELETED
    assert next(first) == (study, ItemState.DELETED)
    assert ledger.read(lambda tx: tx.retention_items(one.id))[study.key].state is ItemState.DELETED
    assert remover.gone.count(study.key.orthanc_id) == 1


def test_approved_lists_are_carried_out_some_at_a_time_and_no_other(ledger: SqlLedger, node: str) -> None:
    remover = FakeRemover()
    work = deleting(ledger, remover, node)
    open_one = make_list(ledger, node, TERMS, "yonetici", NOW)
    assert open_one and work.step() is False and remover.gone == []
    approve(ledger, open_one.id, open_one.digest, "onaylayan", NOW)
    assert ledger.read(lambda tx: unfinished(tx, node)) == [open_one.id]
    assert ledger.read(lambda tx: unfinished(tx, "elsewhere")) == []
    assert work.step(1) is True and len(remover.gone) == 1
    assert work.step() is False and sorted(remover.gone) == named(open_one)
    assert ledger.read(lambda tx: unfinished(tx, node)) == []


def test_a_hold_keeps_it_out_of_a_list_and_out_of_one_that_was_approved(ledger: SqlLedger, node: str) -> None:
    first = hold(ledger, Hold(id="", reason="dava", at=NOW, by="y", exam=None, patient="10000000146"), NOW)
    one = approved(ledger, node)
    study_key = one.studies[0].key
    facts = ledger.read(lambda tx: tx.study(study_key))
    assert facts
    arrive(ledger, replace(facts.facts, other_patient_ids=("10000000146",)), NOW)
    done = list(deleting(ledger, FakeRemover(), node).run(one.id))
    assert [state for _, state in done] == [ItemState.HELD, ItemState.DELETED, ItemState.DELETED]
    assert study_key.orthanc_id in ids(ledger, node)
    assert make_list(ledger, node, TERMS, "y", NOW) is None, "held"
    with pytest.raises(RetentionRefused):
        release(ledger, first.id, "", "z", NOW)
    assert release(ledger, first.id, "dava bitti", "z", NOW)
    assert not release(ledger, first.id, "dava bitti", "z", NOW)
    assert named(make_list(ledger, node, TERMS, "y", NOW)) == [study_key.orthanc_id]
    recorded = [event for _, event in ledger.events() if isinstance(event, LegalHoldRecorded)]
    assert [(event.by, event.hold.release_reason) for event in recorded] == [("y", ""), ("z", "dava bitti")]


def test_what_grew_or_moved_since_is_another_study(ledger: SqlLedger, node: str) -> None:
    one, remover = approved(ledger, node), FakeRemover()
    first, second, third = (item.key for item in one.studies)
    remover.last[first.orthanc_id] = NOW
    study_now = ledger.read(lambda tx: tx.study(second))
    assert study_now
    arrive(ledger, replace(study_now.facts, study_date="20250101"), NOW)
    done = list(deleting(ledger, remover, node).run(one.id))
    assert [state for _, state in done] == [ItemState.CHANGED, ItemState.CHANGED, ItemState.DELETED]
    assert remover.gone == [third.orthanc_id]


def test_where_the_audit_cannot_be_told_nothing_goes(ledger: SqlLedger, node: str) -> None:
    one, remover, audit = approved(ledger, node), FakeRemover(), FakeAudit()
    audit.broken = True
    with pytest.raises(OSError, match="cannot read"):
        list(deleting(ledger, remover, node, audit).run(one.id))
    assert remover.gone == [] and len(ids(ledger, node)) == 5
