"""What the DICOM doors read of the ledger, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from gecit.core import events as e
from gecit.core.facts import StudyKey
from gecit.core.order import Control, ExamKey
from gecit.edges.store import SqlLedger
from gecit.ports import StudySearch, WorklistSearch

from .test_ledger import KEY, NOW, facts, order, placed, recorded

OTHER = ExamKey(institution="10002", accession="A1")
SEARCH = StudySearch(institution="10001", node="n1")


def listed(ledger: SqlLedger, **search: object) -> list[str]:
    return [str(one.order.key) for one in ledger.worklist(WorklistSearch(**search))]


def test_the_worklist_is_what_waits_and_is_narrowed_by_what_is_asked(ledger: SqlLedger) -> None:
    """Each narrowing is one index look-up of the performer and his stretch of time."""
    later = ExamKey(institution="10001", accession="A2")
    events = [placed(), placed(OTHER), e.OrderPlaced(
        at=NOW, exam=later, order=replace(order(later), scheduled_at=NOW + timedelta(days=1), modality="MR"), message=1
    )]  # fmt: skip
    ledger.write(lambda tx: [tx.append(one) for one in events])
    assert listed(ledger) == ["10001/A1", "10002/A1", "10001/A2"]
    assert listed(ledger, performer="10001") == ["10001/A1", "10001/A2"]
    assert listed(ledger, performer="10001", modality="MR") == ["10001/A2"]
    assert listed(ledger, performer="10001", until=NOW + timedelta(hours=1)) == ["10001/A1"]
    assert listed(ledger, since=NOW + timedelta(hours=1)) == ["10001/A2"]
    assert listed(ledger, accession="A1", limit=1) == ["10001/A1"]
    assert listed(ledger, performer="10003") == []


def test_an_order_of_another_performer_stands_in_the_performers_list(ledger: SqlLedger) -> None:
    """OBR-15 says who makes the images."""
    event = e.OrderPlaced(at=NOW, exam=KEY, order=replace(order(), performing_institution="10009"), message=1)
    ledger.write(lambda tx: tx.append(event))
    assert (listed(ledger, performer="10001"), listed(ledger, performer="10009")) == ([], ["10001/A1"])


def test_what_is_done_or_cancelled_leaves_and_a_rebuild_says_the_same(ledger: SqlLedger) -> None:
    """The row is written in the transaction of its event; folding all events again gives the same rows."""
    changed = e.OrderChanged(at=NOW, exam=KEY, order=replace(order(), modality="MR"), message=2)
    settled = facts(institution="10001", settled=True, study_date="20260302")
    ledger.write(lambda tx: [tx.append(placed()), tx.append(placed(OTHER)), tx.append(changed)])
    assert listed(ledger, modality="MR") == ["10001/A1"]
    ledger.write(lambda tx: tx.append(e.StudyLinked(at=NOW, exam=KEY, facts=settled, path="p")))
    ledger.write(lambda tx: tx.append(recorded(institution="10001")))
    assert listed(ledger) == ["10002/A1"]
    count, same = ledger.rebuild()
    assert (count, same) == (5, True)
    assert listed(ledger) == ["10002/A1"]
    gone = e.StudyUnlinked(at=NOW, exam=KEY, study=settled.key, reason="deleted")
    ledger.write(lambda tx: tx.append(gone))
    assert listed(ledger) == ["10001/A1", "10002/A1"], "an order whose images went waits again"
    cancelled = e.OrderCancelled(at=NOW, exam=OTHER, order=order(OTHER, control=Control.CANCEL), message=3)
    ledger.write(lambda tx: tx.append(cancelled))
    assert listed(ledger) == ["10001/A1"]
    assert ledger.rebuild()[1] is True


def seen(ledger: SqlLedger, **changes: object) -> list[str]:
    return sorted(one.facts.study_instance_uid for one in ledger.visible_studies(replace(SEARCH, **changes)))


def test_an_institution_sees_what_it_sent_and_what_its_exams_have(ledger: SqlLedger) -> None:
    """Nobody else's studies, no deleted ones, and none of another node."""
    sent = facts(institution="10001", study_date="20260302")
    theirs = facts(
        StudyKey(node="n1", orthanc_id="s2"), study_instance_uid="2.25.4", institution="10002", accession="A2",
        patient_id="F7", study_date="20260305",
    )  # fmt: skip
    nobodys = replace(theirs, key=StudyKey(node="n1", orthanc_id="s3"), study_instance_uid="1.2.6", institution="")
    own = replace(theirs, key=StudyKey(node="n1", orthanc_id="s4"), study_instance_uid="1.2.7")
    elsewhere = facts(StudyKey(node="n2", orthanc_id="s1"), study_instance_uid="1.2.5", institution="10001")

    def fill(tx) -> None:
        for one in (sent, theirs, nobodys, own, elsewhere):
            tx.append(e.StudyFactsRecorded(at=NOW, study=one.key, facts=one))

    ledger.write(fill)
    assert seen(ledger) == ["1.2.3"]
    for one in (theirs, nobodys, own):
        ledger.write(lambda tx, one=one: tx.append(e.StudyLinked(at=NOW, exam=KEY, facts=one, path="p")))
    linked = ["1.2.6", "2.25.4"]  # another's under a UID of its own is shown to nobody else
    assert seen(ledger) == seen(ledger, first_day="20260302", last_day="20260305") == ["1.2.3", *linked]
    assert seen(ledger, accession="A2") == seen(ledger, patient_id="F7") == linked
    assert seen(ledger, study_instance_uids=("1.2.3", "1.2.5", "1.2.6", "1.2.7")) == ["1.2.3", "1.2.6"]
    assert seen(ledger, study_instance_uids=("1.2.5",)) == []
    assert seen(ledger, first_day="20260302", last_day="20260302") == ["1.2.3"]
    assert seen(ledger, first_day="20260303", last_day="20260304") == []
    assert seen(ledger, first_day="20260303") == linked
    assert seen(ledger, last_day="20260304", limit=1) == ["1.2.3"], "a day narrows before the limit cuts"
    assert seen(ledger, node="n2") == ["1.2.5"]
    ledger.write(lambda tx: tx.append(e.StudyDeleted(at=NOW, study=sent.key)))
    assert seen(ledger) == linked
