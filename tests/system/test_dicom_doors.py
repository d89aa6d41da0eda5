"""The worklist, C-FIND, C-MOVE, C-GET and C-ECHO of a real node, asked by DCMTK and pynetdicom."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace
from pydicom import Dataset
from pydicom.uid import (
    HEVCMP51,
    JPEG2000,
    MPEG2MPML,
    MPEG4HP41,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEGLossless,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
)
from pynetdicom import AE, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    ModalityPerformedProcedureStep,
    ModalityWorklistInformationFind,
    PatientRootQueryRetrieveInformationModelFind,
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    StudyRootQueryRetrieveInformationModelFind,
)

from gecit.core import events as e
from gecit.core.facts import SeriesFacts, StudyFacts, StudyKey
from gecit.core.order import Control, ExamKey, Order, Patient, Person, Procedure
from gecit.core.values import ISTANBUL
from gecit.core.worklist import study_uid
from gecit.edges.store import open_ledger
from gecit.ports import Institution, Station
from gecit.steps.receive_study import link_exam
from tests.support.dicom import dcmtk, find, picture, statuses, store
from tests.support.node import Node, until

pytestmark = pytest.mark.system

HERE, THERE = "900001", "900002"
NOW = datetime.now(UTC)
TODAY = NOW.astimezone(ISTANBUL).replace(hour=12, minute=0, second=0, microsecond=0)
FOR_HERE = study_uid(ExamKey(institution=HERE, accession="P1"))  # what THERE's modality read in the worklist
TURKISH = "ŞIĞÖÇÜİ^Ilgıt ğüşıöç"


def order(accession: str, *, skrs: str = HERE, modality: str = "CT", **changes: object) -> Order:
    made = Order(
        key=ExamKey(institution=skrs, accession=accession),
        control=Control.NEW,
        patient=Patient(tckn="10000000146", file_number="D7", family="ŞIĞÖÇÜİ", given="Ilgıt ğüşıöç", sex="F"),
        procedures=(Procedure(sut="R100250", sut_name="Beyin BT, ığüşöç", loinc="24725-4", loinc_name="CT Head"),),
        ordered_at=TODAY,
        scheduled_at=TODAY,
        modality=modality,
        physician=Person(family="DENEME", given="Işıl"),
    )
    return replace(made, **changes)


def study(uid: str, sender: str, **changes: object) -> StudyFacts:
    series = (SeriesFacts(series_instance_uid=f"{uid}.1", modality="CT", instances=3, images=3),)
    made = StudyFacts(
        key=StudyKey(node="Gecit", orthanc_id=f"o-{uid}"), study_instance_uid=uid, accession=f"B{uid[-1]}",
        patient_id="10000000146", patient_name="ŞIĞÖÇÜİ^Ilgıt", institution=sender, study_date=f"{TODAY:%Y%m%d}",
        study_time="101500", description="Beyin BT", series=series, settled=True,
    )  # fmt: skip
    return replace(made, **changes)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node with two institutions, whose modalities Orthanc has been told of."""
    made = Node(tmp_path_factory.mktemp("doors"))
    made.add_administrator()
    ledger = open_ledger(made.database)
    here = Institution(
        skrs=HERE, name="Örnek Hastanesi", aets=("HERECT", "HEREMR", "HEREPACS"),
        stations=(Station(aet="HEREMR", modalities=("MR",)),),
    )  # fmt: skip
    there = Institution(skrs=THERE, aets=("THERECT",))
    events: list[e.Event] = [
        placed(order("A1")),
        placed(order("A2", modality="MR", scheduled_at=TODAY + timedelta(days=1))),
        placed(order("A3", patient=Patient(tckn="10000000214", family="OĞUZ", given="Çağla"))),
        placed(order("OLD", scheduled_at=TODAY - timedelta(days=8))),
        placed(order("A1", skrs=THERE)),
        placed(order("P1", skrs=HERE, performing_institution=THERE)),
    ]

    def fill(tx) -> None:
        tx.record_institution(here, NOW)
        tx.record_institution(there, NOW)
        for one in events:
            tx.append(one)

    ledger.write(fill)
    ledger.close()
    try:
        made.start().wait_live()
        until(lambda: len(made.get("/modalities").json()) == 4, 30, "Orthanc knows the AE titles")
        send_studies(made)
        yield made
    finally:
        made.end()
        sys.stdout.write(f"--- log of the node\n{made.log_text()}")


def send_studies(node: Node) -> None:
    """One study by each institution, and one that THERE makes for an order of HERE."""
    day = f"{TODAY:%Y%m%d}"
    assert store(node.dicom, picture("1.2.3.1", AccessionNumber="B1", StudyDate=day), "HEREPACS") == 0
    assert store(node.dicom, picture("1.2.3.2", AccessionNumber="B2", StudyDate=day), "THERECT") == 0
    other = picture(FOR_HERE, AccessionNumber="P1", StudyDate=day, OtherPatientIDs="10000000146", PatientID="D8")
    assert store(node.dicom, other, "THERECT") == 0
    until(lambda: len(seen(node, "HEREPACS")) == len(seen(node, "THERECT")) == 2, 30, "the ledger knows the studies")


def seen(node: Node, aet: str) -> list[str]:
    _, found = find(node.dicom, StudyRootQueryRetrieveInformationModelFind, level("STUDY"), aet)
    return [str(one.StudyInstanceUID) for one in found]


def placed(one: Order) -> e.OrderPlaced:
    return e.OrderPlaced(at=NOW, exam=one.key, order=one, message=1)


WHOLE = (
    "PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID", "RequestedProcedureID",
    "RequestedProcedureDescription", "RequestedProcedureCodeSequence", "ReferringPhysicianName",
)  # fmt: skip
IN_STEP = (
    "Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime",
    "ScheduledProcedureStepID",
)  # fmt: skip


def asked(**keys: object) -> Dataset:
    """A worklist query; what begins with `step_` stands in the step."""
    made, step = Dataset(), Dataset()
    for name in WHOLE:
        setattr(made, name, [] if name.endswith("Sequence") else "")
    for name in IN_STEP:
        setattr(step, name, "")
    for name, value in keys.items():
        setattr(step if name.startswith("step_") else made, name.removeprefix("step_"), value)
    made.ScheduledProcedureStepSequence = [step]
    return made


def accessions(node: Node, aet: str = "HERECT", **keys: object) -> list[str]:
    status, found = find(node.dicom, ModalityWorklistInformationFind, asked(**keys), aet)
    assert status == 0
    return [str(one.AccessionNumber) for one in found]


def test_findscu_lists_the_institutions_orders_with_turkish_names_intact(node: Node, tmp_path: Path) -> None:
    said = dcmtk("findscu", "-W", "-d", "-aet", "HERECT", "-aec", "GECIT", "127.0.0.1", str(node.dicom),
                 "-k", "0010,0010", "-k", "0008,0050", "-k", "0040,0100[0].0008,0060=CT")  # fmt: skip
    assert statuses(said) == ["0x0000"]
    assert "[ISO_IR 148]" in said and f"[{TURKISH}]" in said and "[A1]" in said
    assert "OLD" not in said


def test_pynetdicom_reads_every_asked_attribute(node: Node) -> None:
    query = asked(AccessionNumber="A1", SpecificCharacterSet="ISO_IR 192")
    status, found = find(node.dicom, ModalityWorklistInformationFind, query, "HERECT")
    assert status == 0 and len(found) == 1
    one, step = found[0], found[0].ScheduledProcedureStepSequence[0]
    assert str(one.PatientName) == TURKISH
    assert (one.PatientID, one.StudyInstanceUID) == ("10000000146", study_uid(order("A1").key))
    assert one.RequestedProcedureDescription == "Beyin BT, ığüşöç"
    code = one.RequestedProcedureCodeSequence[0]
    assert (code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning) == ("R100250", "99SUT", "Beyin BT, ığüşöç")
    assert (step.Modality, step.ScheduledStationAETitle) == ("CT", "HERECT")
    assert (step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime) == (f"{TODAY:%Y%m%d}", "120000")
    assert str(one.ReferringPhysicianName) == "DENEME^Işıl"


def test_a_modality_that_reads_latin1_gets_letters_it_can_show(node: Node) -> None:
    query = asked(AccessionNumber="A1", SpecificCharacterSet="ISO_IR 100")
    _, found = find(node.dicom, ModalityWorklistInformationFind, query, "HERECT")
    assert str(found[0].PatientName) == "SIGÖÇÜI^Ilgit güsiöç"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, ["A1", "A3", "A2"]),
        ({"step_Modality": "MR"}, ["A2"]),
        ({"step_Modality": ["MR", "US"]}, ["A2"]),
        ({"PatientName": "sigocui*", "SpecificCharacterSet": "ISO_IR 100"}, ["A1", "A2"]),
        ({"PatientName": "ŞIĞ*", "SpecificCharacterSet": "ISO_IR 192"}, ["A1", "A2"]),
        ({"PatientName": "O?UZ^*"}, ["A3"]),
        ({"PatientID": "10000000214"}, ["A3"]),
        ({"AccessionNumber": "A1"}, ["A1"]),
        ({"AccessionNumber": "a1"}, []),
        ({"step_ScheduledProcedureStepStartDate": f"{TODAY:%Y%m%d}"}, ["A1", "A3"]),
        ({"step_ScheduledProcedureStepStartDate": f"{TODAY + timedelta(days=1):%Y%m%d}-"}, ["A2"]),
        ({"step_ScheduledProcedureStepStartDate": f"{TODAY + timedelta(days=1):%Y%m%d}-99991231"}, ["A2"]),
        ({"step_ScheduledProcedureStepStartDate": f"-{TODAY:%Y%m%d}"}, ["A1", "A3"]),
        ({"step_ScheduledStationAETitle": "HEREMR"}, ["A1", "A3", "A2"]),
        ({"step_ScheduledStationAETitle": "HERECT", "step_Modality": "MR"}, []),
    ],
)
def test_matching(node: Node, keys: dict[str, object], expected: list[str]) -> None:
    assert sorted(accessions(node, **keys)) == sorted(expected)


def test_an_asterisk_for_a_scheduled_date_is_refused_by_orthanc(node: Node) -> None:
    """It takes wildcards in no date of a worklist query and asks no callback; a universal key there is an empty one."""
    query = asked(step_ScheduledProcedureStepStartDate="*")
    assert find(node.dicom, ModalityWorklistInformationFind, query, "HERECT") == (0xC000, [])
    assert "Wildcards are not allowed on tag 0040,0002" in node.log_text()


def test_only_the_callers_institution_is_answered_and_an_order_goes_where_it_is_performed(node: Node) -> None:
    assert sorted(accessions(node, "THERECT")) == ["A1", "P1"]
    assert "P1" not in accessions(node, "HERECT")


def test_an_unknown_title_is_refused(node: Node) -> None:
    assert find(node.dicom, ModalityWorklistInformationFind, asked(), "NOBODY") == (None, [])


def test_a_cancelled_order_leaves_and_a_changed_one_is_changed_at_once(node: Node) -> None:
    ledger, made = open_ledger(node.database), order("X1", modality="US")
    ledger.write(lambda tx: tx.append(placed(made)))
    assert accessions(node, step_Modality="US") == ["X1"]
    moved = replace(made, modality="XA", control=Control.CHANGE)
    ledger.write(lambda tx: tx.append(e.OrderChanged(at=NOW, exam=made.key, order=moved, message=2)))
    assert (accessions(node, step_Modality="US"), accessions(node, step_Modality="XA")) == ([], ["X1"])
    gone = replace(moved, control=Control.CANCEL)
    ledger.write(lambda tx: tx.append(e.OrderCancelled(at=NOW, exam=made.key, order=gone, message=3)))
    ledger.close()
    assert accessions(node, step_Modality="XA") == []


def test_an_order_whose_images_have_settled_leaves(node: Node) -> None:
    ledger, made = open_ledger(node.database), order("X2", modality="NM")
    arriving = study("1.2.3.8", HERE, settled=False)
    ledger.write(lambda tx: tx.append(placed(made)))
    ledger.write(lambda tx: tx.append(e.StudyLinked(at=NOW, exam=made.key, facts=arriving, path="p")))
    assert accessions(node, step_Modality="NM") == ["X2"]
    there = replace(arriving, settled=True)
    ledger.write(lambda tx: tx.append(e.StudyLinked(at=NOW, exam=made.key, facts=there, path="p")))
    ledger.close()
    assert accessions(node, step_Modality="NM") == []


def level(name: str, **keys: str) -> Dataset:
    made = Dataset()
    made.QueryRetrieveLevel = name
    for key in ("PatientName", "StudyInstanceUID", "AccessionNumber", "ModalitiesInStudy", "StudyDate"):
        setattr(made, key, "")
    for key, value in keys.items():
        setattr(made, key, value)
    return made


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, ["1.2.3.1", FOR_HERE]),
        ({"StudyInstanceUID": "1.2.3.2"}, []),
        ({"AccessionNumber": "B1"}, ["1.2.3.1"]),
        ({"PatientID": "D8"}, [FOR_HERE]),
        ({"PatientName": "sig*"}, ["1.2.3.1", FOR_HERE]),
        ({"StudyDate": f"{TODAY:%Y%m%d}-"}, ["1.2.3.1", FOR_HERE]),
        ({"StudyDate": "19990101"}, []),
        ({"StudyDate": "19990101-99991231"}, ["1.2.3.1", FOR_HERE]),
        ({"StudyDate": "-19990101"}, []),
        ({"StudyDate": "*"}, ["1.2.3.1", FOR_HERE]),
        ({"StudyInstanceUID": "1.2.3.1\\1.2.3.2\\1.2.3.77"}, ["1.2.3.1"]),
        ({"ModalitiesInStudy": "MR"}, []),
    ],
)
def test_studies_are_answered_to_who_sent_them_or_ordered_them(
    node: Node, keys: dict[str, str], expected: list[str]
) -> None:
    model = StudyRootQueryRetrieveInformationModelFind
    status, found = find(node.dicom, model, level("STUDY", **keys), "HEREPACS")
    assert status == 0
    assert sorted(str(one.StudyInstanceUID) for one in found) == expected


def test_findscu_sees_a_study_with_its_name_and_modalities(node: Node) -> None:
    said = dcmtk("findscu", "-S", "-d", "-aet", "HEREPACS", "-aec", "GECIT", "127.0.0.1", str(node.dicom),
                 "-k", "0008,0052=STUDY", "-k", "0010,0010=*IĞ*", "-k", "0008,0061", "-k", "0020,000d=1.2.3.1",
                 "-k", "0008,0005=ISO_IR 192")  # fmt: skip
    assert statuses(said) == ["0x0000"]
    assert "[ŞIĞÖÇÜİ^Ilgıt" in said and "[1.2.3.1]" in said and "[CT]" in said


def test_series_and_patients_are_answered_and_instances_are_refused(node: Node) -> None:
    study_root, patient_root = StudyRootQueryRetrieveInformationModelFind, PatientRootQueryRetrieveInformationModelFind
    status, found = find(node.dicom, study_root, level("SERIES", StudyInstanceUID="1.2.3.1", Modality=""), "HEREPACS")
    assert status == 0 and [(one.SeriesInstanceUID, one.Modality) for one in found] == [("1.2.3.1.1", "CT")]
    status, found = find(node.dicom, patient_root, level("PATIENT", PatientID="D8"), "HEREPACS")
    assert status == 0 and [one.PatientID for one in found] == ["D8"]
    assert find(node.dicom, study_root, level("IMAGE", StudyInstanceUID="1.2.3.1"), "HEREPACS") == (0xC000, [])
    assert "levels PATIENT, STUDY and SERIES only" in node.log_text()


def test_move_and_get_are_refused_and_echo_answers(node: Node) -> None:
    peer = ("-aet", "HEREPACS", "-aec", "GECIT", "127.0.0.1", str(node.dicom))
    wanted = ("-k", "0008,0052=STUDY", "-k", "0020,000d=1.2.3.1")
    moved = dcmtk("movescu", "-S", "-d", "-aem", "HEREPACS", *peer, *wanted)
    got = dcmtk("getscu", "-S", "-d", *peer, *wanted)
    for said in (moved, got):
        assert statuses(said) == [] and "abort" in said.lower()
    assert "Rejected Move request" in node.log_text() and "Rejected Get request" in node.log_text()
    assert "Received Echo Response (Success)" in dcmtk("echoscu", "-v", *peer)


def test_presentation_contexts_are_those_of_the_conformance_page(node: Node) -> None:
    """Orthanc has no MPPS, and takes compressed images but not HTJ2K."""
    ae = AE(ae_title="HEREPACS")
    images = (ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian, RLELossless, JPEGLossless,
              JPEGLSLossless, JPEG2000, MPEG2MPML, MPEG4HP41, HEVCMP51, HTJ2KLossless)  # fmt: skip
    for one in images:
        ae.add_requested_context(CTImageStorage, one)
    others = (ModalityWorklistInformationFind, StorageCommitmentPushModel, ModalityPerformedProcedureStep, "1.2.3.4.5")
    for one in others:
        ae.add_requested_context(one)
    association = ae.associate("127.0.0.1", node.dicom, ae_title="GECIT")
    accepted = {str(one.abstract_syntax) for one in association.accepted_contexts}
    compressed = {
        one.transfer_syntax[0] for one in association.accepted_contexts if one.abstract_syntax == CTImageStorage
    }
    association.release()
    assert set(others) - accepted == {ModalityPerformedProcedureStep}
    assert set(images) - compressed == {HTJ2KLossless}


def test_storage_commitment_is_answered_where_the_station_listens(node: Node) -> None:
    """Orthanc opens an association of its own for the answer, so it must be told host and port of the station."""
    heard: list[tuple[int, list[str]]] = []

    def on_report(event: evt.Event) -> tuple[int, None]:
        stored = [str(one.ReferencedSOPInstanceUID) for one in event.event_information.get("ReferencedSOPSequence", [])]
        failed = [one.FailureReason for one in event.event_information.get("FailedSOPSequence", [])]
        heard.append((event.event_type, [*stored, *(f"{one:04x}" for one in failed)]))
        return 0x0000, None

    modality = AE(ae_title="HERECOMMIT")
    modality.add_supported_context(StorageCommitmentPushModel, scu_role=False, scp_role=True)
    server = modality.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, on_report)])
    station = Station(aet="HERECOMMIT", host="127.0.0.1", port=server.socket.getsockname()[1])
    new = Institution(skrs="900003", aets=("HERECOMMIT", "HERESILENT"), stations=(station,))
    ledger = open_ledger(node.database)
    ledger.write(lambda tx: tx.record_institution(new, NOW))
    ledger.close()
    until(lambda: len(node.get("/modalities").json()) == 6, 30, "Orthanc knows the new AE titles")
    try:
        assert commit(node, "HERECOMMIT", "1.2.3.1.1.1") == 0x0000
        until(lambda: heard, 20, "an N-EVENT-REPORT")
        assert commit(node, "HERECOMMIT", "1.2.9.9") == 0x0000
        until(lambda: len(heard) == 2, 20, "another one")
    finally:
        server.shutdown()
    assert heard == [(1, ["1.2.3.1.1.1"]), (2, ["0112"])]
    assert commit(node, "HERESILENT", "1.2.3.1.1.1") is None


def commit(node: Node, aet: str, uid: str) -> int | None:
    """Ask for commitment of one instance; None where the association ended instead of an answer."""
    ae = AE(ae_title=aet)
    ae.add_requested_context(StorageCommitmentPushModel)
    ae.connection_timeout = ae.acse_timeout = ae.dimse_timeout = 20
    association = ae.associate("127.0.0.1", node.dicom, ae_title="GECIT")
    if not association.is_established:
        return None
    wanted, item = Dataset(), Dataset()
    wanted.TransactionUID = f"2.25.{uuid4().int}"
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = SecondaryCaptureImageStorage, uid
    wanted.ReferencedSOPSequence = [item]
    try:
        model, instance = StorageCommitmentPushModel, StorageCommitmentPushModelInstance
        status, _ = association.send_n_action(wanted, 1, model, instance)
    except RuntimeError:
        return None
    finally:
        if association.is_established:
            association.release()
    return status.get("Status") if status else None


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that reads a study again at once, with an order of HERE, and one of HERE that THERE performs."""
    made = Node(tmp_path_factory.mktemp("quick"), environ={"ORTHANC__GECIT__SETTLE_SECONDS": "1.5"})
    made.add_administrator()
    ledger = open_ledger(made.database)
    events = [placed(order("B5")), placed(order("P2", performing_institution=THERE))]

    def fill(tx) -> None:
        tx.record_institution(Institution(skrs=HERE, aets=("HERECT",)), NOW)
        tx.record_institution(Institution(skrs=THERE, aets=("THERECT",)), NOW)
        for one in events:
            tx.append(one)

    ledger.write(fill)
    ledger.close()
    try:
        made.start().wait_live()
        until(lambda: len(made.get("/modalities").json()) == 2, 30, "Orthanc knows the AE titles")
        send(made, "1.2.3.5", "HERECT", AccessionNumber="B5")
        until(lambda: series(made, "HERECT", "1.2.3.5") == [1], 30, "the ledger knows the study")
        yield made
    finally:
        made.end()
        sys.stdout.write(f"--- log of the quick node\n{made.log_text()}")


def send(node: Node, uid: str, aet: str, **tags: object) -> None:
    day = f"{TODAY:%Y%m%d}"
    assert store(node.dicom, picture(uid, StudyDate=day, OtherPatientIDs="10000000146", **tags), aet) == 0


def series(node: Node, aet: str, uid: str) -> list[int]:
    """How many series each study of the UID has, for who asks."""
    keys = level("STUDY", StudyInstanceUID=uid, NumberOfStudyRelatedSeries="")
    status, found = find(node.dicom, StudyRootQueryRetrieveInformationModelFind, keys, aet)
    assert status == 0
    return [int(one.NumberOfStudyRelatedSeries) for one in found]


def has_images(node: Node, key: ExamKey) -> bool:
    ledger = open_ledger(node.database)
    found = ledger.read(lambda tx: tx.exam(key))
    ledger.close()
    return found is not None and found.images > 0


def test_an_instance_of_another_institution_takes_no_study_over(quick: Node) -> None:
    """The study stays with who sent it first, though the alien's Series Instance UID is the smallest."""
    until(lambda: has_images(quick, order("B5").key), 30, "the exam has its images")
    send(quick, "1.2.3.5", "THERECT", AccessionNumber="B5", SeriesInstanceUID="1.1", SOPInstanceUID="1.1.1")
    until(lambda: series(quick, "HERECT", "1.2.3.5") != [1], 40, "the ledger has read the alien's instance")
    assert series(quick, "HERECT", "1.2.3.5") == [2]
    assert series(quick, "THERECT", "1.2.3.5") == []
    assert has_images(quick, order("B5").key)


def test_an_order_that_names_a_performer_shows_none_of_his_studies(quick: Node) -> None:
    """OBR-15 is the asker's word; the UID of the asker's worklist in the study is the performer's."""
    claim = order("B5", skrs=THERE, performing_institution=HERE)
    mine = order("P2").key
    ledger = open_ledger(quick.database)
    ledger.write(lambda tx: [tx.append(placed(claim)), link_exam(tx, claim.key, NOW, 40)])
    ledger.close()
    assert has_images(quick, claim.key), "the claim has the study as evidence"
    assert series(quick, "THERECT", "1.2.3.5") == []
    send(quick, "1.2.3.6", "THERECT", AccessionNumber="P2")
    send(quick, study_uid(mine), "THERECT", AccessionNumber="P2")
    until(lambda: series(quick, "HERECT", study_uid(mine)) == [1], 30, "what was made out of HERE's worklist is found")
    until(lambda: series(quick, "THERECT", "1.2.3.6") == [1], 30, "the ledger knows the other one")
    assert series(quick, "HERECT", "1.2.3.6") == []


def test_an_order_with_an_odd_modality_leaves_the_worklist_answerable(quick: Node) -> None:
    """OBR-24 with letters that no CS holds."""
    ledger, odd = open_ledger(quick.database), order("O1", modality="BİLG TOMO")
    ledger.write(lambda tx: [tx.append(placed(odd)), tx.append(placed(order("O2")))])
    ledger.close()
    status, found = find(quick.dicom, ModalityWorklistInformationFind, asked(), "HERECT")
    said = {one.AccessionNumber: one.ScheduledProcedureStepSequence[0].Modality for one in found}
    assert (status, said["O1"], said["O2"]) == (0, "BILG TOMO", "CT")


def test_no_patient_stands_in_the_log(node: Node) -> None:
    said = node.log_text()
    assert "10000000146" not in said and "ŞIĞ" not in said and "Ilgıt" not in said
