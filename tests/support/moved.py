"""An exam's studies at another node than the one that is asked, which browsers reach under an address of its own."""

from __future__ import annotations

from msgspec.structs import replace

from gecit.core.events import Event, StudyFactsRecorded, StudyLinked, StudyUnlinked
from gecit.core.facts import StudyKey
from gecit.core.order import ExamKey
from gecit.edges.store import SqlLedger
from gecit.ports.nodes import NewNode

from .flow import START

FAR = "Uzak-1"
ADDRESS = "https://uzak-1.example"


def move(ledger: SqlLedger, exam: ExamKey, *, known: bool = True) -> None:
    """Have an exam's studies lie at `FAR` alone; not `known`: the ledger has no such node."""
    found = ledger.exam_of(exam)
    assert found
    for one in found.studies:
        key = StudyKey(node=FAR, orthanc_id=one.facts.key.orthanc_id)
        facts = replace(one.facts, key=key)
        events: list[Event] = [
            StudyUnlinked(at=START, exam=exam, study=one.facts.key, reason="moved"),
            StudyFactsRecorded(at=START, study=key, facts=facts),
            StudyLinked(at=START, exam=exam, facts=facts, path="accession"),
        ]
        ledger.write(lambda tx, events=events: [tx.append(each) for each in events])  # type: ignore[misc]
    if known:
        make_known(ledger)


def make_known(ledger: SqlLedger) -> None:
    """Have `FAR` be a living node."""
    assert ledger.claim_node(NewNode(name=FAR, mark="far", home="far", address=ADDRESS)) is None
