"""Whose a study is, and which studies a reach finds, on SQLite and on PostgreSQL."""

from __future__ import annotations

from msgspec.structs import replace

from gecit.core import events as e
from gecit.core.access import Action, Person, Reach, Role
from gecit.core.belonging import Belonging, may_reach, may_reach_all
from gecit.core.exam import Study
from gecit.core.facts import MAKER, SeriesFacts, StudyFacts, StudyKey
from gecit.core.order import ExamKey, Patient
from gecit.core.worklist import study_uid
from gecit.edges.store import SqlLedger
from gecit.ports import ImageSearch

from .test_ledger import NOW, facts, order

TCKN, OTHER_TCKN = "10000000146", "10000000214"
HERE, THERE = "10001", "10002"
KEY = ExamKey(institution=HERE, accession="A1")


def study(number: int, sender: str, **changes: object) -> StudyFacts:
    made = facts(
        StudyKey(node="n1", orthanc_id=f"s{number}"), study_instance_uid=f"1.2.{number}", institution=sender,
        accession=f"X{number}", patient_id=f"F{number}", other_patient_ids=(), study_date=f"2026030{number}",
    )  # fmt: skip
    return replace(made, **changes)


SENT = study(1, HERE)
THEIRS = study(2, THERE, patient_id=OTHER_TCKN)
NOBODYS = study(3, "")
MADE_FOR_HERE = study(4, THERE, study_instance_uid=study_uid(KEY), accession="A1")
CLAIMED = study(5, THERE, accession="A1")  # linked, but under a UID of its own
GONE = study(6, HERE)


def fill(ledger: SqlLedger) -> None:
    placed = e.OrderPlaced(
        at=NOW, exam=KEY, order=replace(order(KEY), patient=Patient(tckn=TCKN, file_number="F9")), message=1
    )
    events: list[e.Event] = [placed]
    for one in (SENT, THEIRS, NOBODYS, MADE_FOR_HERE, CLAIMED, GONE):
        events.append(e.StudyFactsRecorded(at=NOW, study=one.key, facts=one))
    events += [e.StudyLinked(at=NOW, exam=KEY, facts=one, path="p") for one in (NOBODYS, MADE_FOR_HERE, CLAIMED)]
    events.append(e.StudyDeleted(at=NOW, study=GONE.key))
    ledger.write(lambda tx: [tx.append(one) for one in events])


def test_a_study_belongs_to_its_sender_and_to_the_exam_that_counts(ledger: SqlLedger) -> None:
    fill(ledger)
    assert whose(ledger, "1.2.1") == [Belonging(institutions=(HERE,))]
    assert whose(ledger, "1.2.2") == [Belonging(institutions=(THERE,), patients=(OTHER_TCKN,))]
    assert whose(ledger, "1.2.3") == [Belonging(institutions=(HERE,), patients=(TCKN,), exams=(KEY,))]
    assert whose(ledger, study_uid(KEY)) == [Belonging(institutions=(HERE, THERE), patients=(TCKN,), exams=(KEY,))]
    assert whose(ledger, "1.2.5") == [Belonging(institutions=(THERE,))], "an asker's link is no proof"
    assert ledger.belongings("n1", "1.2.6") == ledger.belongings("n2", "1.2.1") == ledger.belongings("n1", "9") == []


def whose(ledger: SqlLedger, uid: str) -> list[Belonging]:
    return [replace(one, sent=()) for one in ledger.belongings("n1", uid)]


def test_what_was_sent_of_a_study_is_every_series_but_the_documents_that_we_attached(ledger: SqlLedger) -> None:
    kinds = (
        ("1.1", "CT", "Scanner", 3),
        ("1.2", "SR", "Scanner", 0),
        ("1.3", "SR", MAKER, 0),
        ("1.4", "DOC", MAKER, 0),
    )
    kinds += (("1.5", "KO", MAKER, 0),)
    series = tuple(
        SeriesFacts(series_instance_uid=uid, modality=kind, instances=3, images=images, manufacturer=maker)
        for uid, kind, maker, images in kinds
    )
    one = replace(SENT, series=series)
    ledger.write(lambda tx: tx.append(e.StudyFactsRecorded(at=NOW, study=one.key, facts=one)))
    assert [found.sent for found in ledger.belongings("n1", "1.2.1")] == [("1.1", "1.2")]


def found(ledger: SqlLedger, reach: Reach, **search: object) -> list[str]:
    listed = ledger.reachable_studies(ImageSearch(reach=reach, node="n1", **search))
    person = Person(name="x", roles=(Role.MANAGER, Role.CITIZEN), institution=reach.institution, tckn=reach.patient)
    if reach.everything:
        return sorted(one.study.facts.study_instance_uid for one in listed)
    return sorted(
        one.study.facts.study_instance_uid for one in listed if may_reach(person, Action.SEE_IMAGES, one.whose)
    )


def test_a_reach_finds_its_studies_and_what_is_asked_narrows_them(ledger: SqlLedger) -> None:
    fill(ledger)
    mine = sorted(["1.2.1", "1.2.3", study_uid(KEY)])
    assert found(ledger, Reach(institution=HERE)) == mine
    assert found(ledger, Reach(institution=THERE)) == sorted(["1.2.2", "1.2.5", study_uid(KEY)])
    assert found(ledger, Reach(patient=TCKN)) == sorted(["1.2.3", study_uid(KEY)])
    assert found(ledger, Reach(patient=OTHER_TCKN)) == ["1.2.2"]
    assert found(ledger, Reach(institution=HERE, patient=OTHER_TCKN)) == sorted([*mine, "1.2.2"])
    assert found(ledger, Reach()) == found(ledger, Reach(institution="10009")) == []
    assert len(found(ledger, Reach(everything=True))) == 5
    assert found(ledger, Reach(institution=HERE), accession="A1") == [study_uid(KEY)]
    assert found(ledger, Reach(institution=HERE), patient_id="F1") == ["1.2.1"]
    assert found(ledger, Reach(institution=HERE), study_instance_uids=("1.2.1", "1.2.2")) == ["1.2.1"]
    assert found(ledger, Reach(institution=HERE), first_day="20260302", last_day="20260303") == ["1.2.3"]
    assert found(ledger, Reach(institution=HERE), last_day="20260301") == ["1.2.1"]
    assert found(ledger, Reach(patient=TCKN), first_day="20260304") == [study_uid(KEY)]
    assert len(found(ledger, Reach(everything=True), limit=2)) == 2


def test_a_uid_that_somebody_elses_study_shares_is_nobodys_to_see(ledger: SqlLedger) -> None:
    """Orthanc keeps two studies under one UID, and answers out of either."""
    twin = study(7, THERE, study_instance_uid="1.2.1")
    fill(ledger)
    ledger.write(lambda tx: tx.append(e.StudyFactsRecorded(at=NOW, study=twin.key, facts=twin)))
    both = ledger.belongings("n1", "1.2.1")
    assert len(both) == 2
    people = [Person(name="x", roles=(Role.MANAGER,), institution=one) for one in (HERE, THERE)]
    assert [may_reach_all(one, Action.SEE_IMAGES, both) for one in people] == [False, False]
    assert not may_reach_all(people[0], Action.SEE_IMAGES, [])
    assert may_reach_all(Person(name="a", roles=(Role.ADMINISTRATOR,)), Action.SEE_IMAGES, both)


def test_what_is_read_is_a_study(ledger: SqlLedger) -> None:
    fill(ledger)
    listed = ledger.reachable_studies(ImageSearch(reach=Reach(institution=HERE), node="n1", accession="X1"))
    assert [type(one.study) for one in listed] == [Study]
