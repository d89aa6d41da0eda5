"""Bad input through the real doors: a clear answer in both languages, with its place, and nothing is lost."""

import base64
import html
import re
import socket
import warnings
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pydicom
import pytest
import requests
from dicomweb_client import DICOMwebClient
from msgspec.structs import replace
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid
from pynetdicom import AE
from requests.auth import HTTPBasicAuth

from gecit.core.order import ExamKey, Order
from gecit.edges import hl7_build
from gecit.ports import Institution
from gecit.sandbox.day import INSTITUTION, NO_RADIOLOGIST
from gecit.sandbox.imaging import build_study
from tests.support.hospital import (
    FS_CR,
    VT,
    Ack,
    Hospital,
    hospital,
    order_of,
    read_ack,
    stories_at,
    with_accession,
    with_field,
)
from tests.support.node import ADMINISTRATOR, until

pytestmark = pytest.mark.system

LIMIT = 64 * 1024
OTHER = Institution(
    skrs="999002",
    medula_code="11999002",
    name="Öteki Deneme Hastanesi",
    aets=("OTEKIPACS",),
    hl7_peers=("127.0.0.2/32",),
)
PYDICOM_FILES = Path(pydicom.__file__).parent / "data/test_files"
CT_STORY, US_STORY = stories_at(0)[0], stories_at(0)[4]
numbers = count(1)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    environ = {"ORTHANC__GECIT__MLLP_MAX_MESSAGE_BYTES": str(LIMIT)}
    with hospital(tmp_path_factory.mktemp("bad"), environ, (INSTITUTION, OTHER)) as made:
        yield made


def fresh(institution: str = INSTITUTION.skrs) -> Order:
    """A clean order under an accession number of its own."""
    accession = f"B{next(numbers):06}"
    return replace(US_STORY.order, key=ExamKey(institution=institution, accession=accession))


def message(order: Order | None = None, **fields: str) -> bytes:
    """A clean order in HL7 in which fields, named as PID_4, are changed."""
    return changed(order_of(order or fresh()), **fields)


def report(order: Order, **fields: str) -> bytes:
    said = CT_STORY.report
    assert said
    made = replace(said, key=order.key, patient=order.patient, modality=order.modality, procedures=order.procedures)
    envelope = hl7_build.Envelope(control_id=f"R{order.key.accession}")
    return changed(hl7_build.report_message(made, envelope), **fields)


def changed(data: bytes, **fields: str) -> bytes:
    for name, value in fields.items():
        segment, number = name.split("_")
        data = with_field(data, segment, int(number), value)
    return data


def raw(node: Hospital, data: bytes, *, source: str = "127.0.0.1", end: bool = False) -> list[Ack]:
    """Send bytes as they are and return all answers until the door falls silent or closes."""
    found = b""
    with socket.create_connection(("127.0.0.1", node.node.mllp), timeout=10, source_address=(source, 0)) as connection:
        connection.sendall(data)
        if end:
            connection.shutdown(socket.SHUT_WR)
        try:
            while piece := connection.recv(65536):
                found += piece
                connection.settimeout(0.7)
        except TimeoutError:
            pass
    return [read_ack(one) for one in found.split(FS_CR) if one]


def kept(node: Hospital, data: bytes) -> bool:
    """Whether a frame stands in the ledger, to the byte."""
    return any(one.raw == data for one in node.messages(containing=data[:200]))


class Bad(NamedTuple):
    make: Callable[[], bytes]
    code: str  # MSA-1
    remark: str
    where: str


BAD: dict[str, Bad] = {
    "wrong version": Bad(lambda: message(MSH_12="2.5"), "AR", "version-unsupported", "MSH-12"),
    "unknown type": Bad(lambda: message(MSH_9="MDM^T02"), "AR", "message-type-unknown", "MSH-9"),
    "type contradicts the body": Bad(lambda: message(MSH_9="ORU^R01"), "AE", "type-contradicts-body", "MSH-9"),
    "no control id": Bad(lambda: message(MSH_10=""), "AE", "control-id-missing", "MSH-10"),
    "no accession": Bad(
        lambda: message(ORC_2="", OBR_2="", OBR_3="", OBR_18=""), "AE", "accession-missing", "ORC-2"
    ),
    "contradictory accession": Bad(lambda: message(OBR_18="BASKA1"), "AE", "accession-contradictory", "OBR-18"),
    "accession too long": Bad(
        lambda: message(ORC_2="1" * 17, OBR_2="1" * 17, OBR_3="1" * 17, OBR_18="1" * 17),
        "AE", "accession-too-long", "ORC-2",
    ),
    "unknown control": Bad(lambda: message(ORC_1="ZZ"), "AE", "order-control-unknown", "ORC-1"),
    "no patient": Bad(lambda: message(PID_3="", PID_4=""), "AE", "patient-missing", "PID-4"),
    "unknown institution": Bad(lambda: message(ORC_21="999777"), "AR", "institution-unknown", "ORC-21"),
    "institution of somebody else": Bad(
        lambda: message(fresh(OTHER.skrs)), "AR", "institution-not-of-peer", "ORC-21"
    ),
    "binary": Bad(lambda: message() + b"NTE|1||\x00\x01\x02\xff\xfe\r", "AE", "binary", "NTE"),
    "report that is no base64": Bad(
        lambda: report(fresh(), OBX_5="bu metin base64 değil!^3~%%%^4"), "AE", "report-not-base64", "OBX-5"
    ),
    "report without conclusion": Bad(
        lambda: report(fresh(), OBX_5=f"{base64.b64encode(b'x' * 60).decode()}^3"), "AE", "report-part-missing", "OBX-5"
    ),
    "unknown doctor": Bad(
        lambda: report(fresh(), OBX_16="10000000146^YOK^BÖYLE"), "AE", "radiologist-refused", "OBX-16"
    ),
    "doctor who is no radiologist": Bad(
        lambda: report(fresh(), OBX_16=NO_RADIOLOGIST.identifier), "AE", "radiologist-refused", "OBX-16"
    ),
    "no doctor": Bad(lambda: report(fresh(), OBX_16=""), "AE", "radiologist-missing", "OBX-16"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_message_is_told_why_and_where_in_both_languages_and_is_kept(node: Hospital, case: str) -> None:
    data = BAD[case].make()
    answer = node.say(data)
    said = answer.told(BAD[case].remark)
    assert (answer.code, said.where) == (BAD[case].code, BAD[case].where), answer
    assert said.tr and said.en and said.tr != said.en
    assert kept(node, data)


REMARKED: dict[str, tuple[Callable[[], bytes], str]] = {
    "Windows-1254 labelled UTF-8": (lambda: message().decode().encode("cp1254"), "charset-mislabelled"),
    "UTF-8 labelled Windows-1254": (lambda: message(MSH_18="Windows1254"), "charset-mislabelled"),
    "no character set": (lambda: message(MSH_18=""), "charset-undeclared"),
    "TCKN with a wrong checksum": (lambda: message(PID_4="10000000147"), "patient-identifier"),
    "no LOINC": (lambda: message(OBR_4="899003^US^SUT"), "loinc-code"),
    "a cancellation of nothing": (lambda: message(ORC_1="CA"), "cancel-unknown-order"),
}


@pytest.mark.parametrize("case", REMARKED)
def test_what_can_be_used_is_accepted_and_remarked(node: Hospital, case: str) -> None:
    make, code = REMARKED[case]
    data = make()
    answer = node.say(data)
    assert answer.code == "AA" and code in answer.noted, answer
    assert kept(node, data)


def test_mislabelled_names_are_read_all_the_same(node: Hospital) -> None:
    order = fresh()
    node.say(message(order).decode().encode("cp1254"))
    exam = node.exam(order.key)
    assert exam and exam.order and exam.order.patient == order.patient


def test_an_invalid_tckn_holds_the_exam_and_the_json_says_who_mends_it(node: Hospital) -> None:
    order = fresh()
    node.say(message(order, PID_4="10000000147"))
    until(lambda: (found := node.exam(order.key)) and found.verdict, 10, "a verdict")
    shown = node.node.get(f"/gecit/api/exams/{order.key.institution}/{order.key.accession}").json()["exam"]
    [missing] = [one for one in shown["missing"] if one["rule"] == "patient-identifier"]
    assert shown["outcome"] == "hold" and missing["who"]
    assert missing["fix"]["tr"] and missing["fix"]["en"]
    assert "10000000147" not in str(shown)


# Frames


def test_a_frame_that_breaks_off_is_said_to_be_truncated_and_its_beginning_is_kept(node: Hospital) -> None:
    data = message()[:-100]
    [answer] = raw(node, VT + data, end=True)
    assert answer.code == "AR" and answer.told("truncated").tr and answer.told("truncated").en
    assert kept(node, data[:1024])


def test_a_message_that_begins_anew_is_answered_once_and_taken_in(node: Hospital) -> None:
    order = fresh()
    data = message(order)
    answers = raw(node, VT + data[:120] + VT + data + FS_CR)
    assert [one.code for one in answers] == ["AA"]
    assert node.kinds(order.key).count("OrderPlaced") == 1


def test_a_frame_sent_twice_gets_the_same_answer_and_is_one_order(node: Hospital) -> None:
    order = fresh()
    frame = VT + message(order) + FS_CR
    answers = raw(node, frame + frame)
    assert len(answers) == 2 and answers[0] == answers[1] and answers[0].code == "AA"
    assert node.kinds(order.key).count("OrderPlaced") == 1
    assert len(node.messages(control_id=answers[0].control_id)) == 1


def test_a_frame_beyond_the_limit_is_refused_with_the_limit_named(node: Hospital) -> None:
    data = message(OBR_13="x" * LIMIT)
    [answer] = raw(node, VT + data + FS_CR)
    said = answer.told("too-long")
    assert answer.code == "AR" and str(LIMIT) in said.tr and str(LIMIT) in said.en
    assert kept(node, data[:1024])


@pytest.mark.parametrize("data", [b"\x00\xff\x10 noise \x80" * 40, b"GET / HTTP/1.1\r\n\r\n", "şöyle böyle".encode()])
def test_a_frame_that_is_no_hl7_is_refused_and_kept(node: Hospital, data: bytes) -> None:
    [answer] = raw(node, VT + data + FS_CR)
    assert answer.code == "AR" and answer.told("not-hl7").tr and answer.told("not-hl7").en
    assert kept(node, data)


def test_after_each_bad_frame_the_door_serves_the_next_sender(node: Hospital) -> None:
    for spoilt in (b"\xff" * 2000, VT, VT + FS_CR, FS_CR * 50, VT + b"MSH|", b"\r\n" * 100):
        raw(node, spoilt, end=True)
        assert node.say(message()).code == "AA"


# The same message


def test_the_same_message_again_gets_the_same_bytes_and_has_no_effect(node: Hospital) -> None:
    order = fresh()
    data = message(order)
    answers = hl7_build.send("127.0.0.1", node.node.mllp, [data, data], timeout=10)
    answers += hl7_build.send("127.0.0.1", node.node.mllp, [data], timeout=10)
    assert len(set(answers)) == 1
    assert node.kinds(order.key).count("OrderPlaced") == 1


def test_a_used_control_id_with_other_bytes_is_a_new_message_and_remarked(node: Hospital) -> None:
    first, second = fresh(), fresh()
    node.say(message(first, MSH_10="AYNI1"))
    answer = node.say(message(second, MSH_10="AYNI1"))
    assert answer.code == "AA" and "control-id-reused" in answer.noted
    assert node.exam(first.key) and node.exam(second.key)
    assert len(node.messages(control_id="AYNI1")) == 2


def test_an_address_that_nobody_registered_is_refused_and_its_message_kept(node: Hospital) -> None:
    order = fresh()
    data = message(order)
    [answer] = raw(node, VT + data + FS_CR, source="127.0.0.3")
    assert answer.code == "AR" and answer.told("peer-unknown").en
    assert kept(node, data) and node.exam(order.key) is None


# Images


def study_of(order: Order, folder: Path, institution: Institution = INSTITUTION, **changes: object) -> Dataset:
    """One ultrasound picture of an order, with attributes changed; None deletes one."""
    [path] = build_study("US", order=order, institution=institution, folder=folder / order.key.accession)
    dataset = dcmread(path)
    for keyword, value in changes.items():
        if value is None:
            del dataset[keyword]
        else:
            setattr(dataset, keyword, value)
    return dataset


def saved(dataset: Dataset, folder: Path) -> Path:
    path = folder / f"{generate_uid()}.dcm"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.save_as(path)
    return path


def stored_in(node: Hospital, sop_instance_uid: str) -> bool:
    """Whether Orthanc itself has an instance."""
    return bool(node.node.ask("POST", "/tools/lookup", data=sop_instance_uid).json())


def page(node: Hospital, language: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(node.node.get(f"/gecit/unlinked?lang={language}").text))


def unlinked(node: Hospital, uid: str) -> bool:
    found = [one for one in node.ledger.unlinked_studies(500) if one.facts.study_instance_uid == uid]
    return bool(found) and found[0].facts.settled


UNLINKED: dict[str, tuple[dict[str, object], str, str]] = {
    "without accession": (
        {"AccessionNumber": ""},
        "Çalışmada erişim numarası (0008,0050) yok",
        "The study has no accession number",
    ),
    "without the accession attribute": (
        {"AccessionNumber": None},
        "Çalışmada erişim numarası (0008,0050) yok",
        "The study has no accession number",
    ),
    "without PatientID": (
        {"PatientID": ""},
        "Çalışmada hasta kimliği (0010,0020) yok",
        "The study has no PatientID",
    ),
    "of another patient": (
        {"PatientID": "10000000146"},
        "Erişim numarası uyuyor, hasta kimliği uymuyor",
        "The accession number agrees, the patient does not",
    ),
}


@pytest.mark.parametrize("case", UNLINKED)
def test_pictures_that_fit_no_order_are_stored_and_the_page_says_why(node: Hospital, case: str, tmp_path: Path) -> None:
    changes, tr, en = UNLINKED[case]
    order = fresh()
    assert node.order(order).code == "AA"
    dataset = study_of(order, tmp_path, **changes)
    assert node.store(saved(dataset, tmp_path)) == 0
    until(lambda: unlinked(node, dataset.StudyInstanceUID), 15, "the study is listed")
    assert stored_in(node, dataset.SOPInstanceUID)
    assert tr in page(node, "tr") and en in page(node, "en")
    exam = node.exam(order.key)
    assert exam and not exam.studies


def test_an_accession_of_another_institution_links_nothing_and_the_page_says_why(
    node: Hospital, tmp_path: Path
) -> None:
    order = fresh(OTHER.skrs)
    [answer] = raw(node, VT + message(order) + FS_CR, source="127.0.0.2")
    assert answer.code == "AA"
    dataset = study_of(order, tmp_path, InstitutionName=f"X^^^SKRS{INSTITUTION.skrs}^^^FKY")
    assert node.store(saved(dataset, tmp_path), calling=INSTITUTION.aets[0]) == 0
    until(lambda: unlinked(node, dataset.StudyInstanceUID), 15, "the study is listed")
    assert "başka bir kurumun istemine ait" in page(node, "tr")
    assert "belongs to an order of another institution" in page(node, "en")


def test_the_same_accession_in_two_institutions_goes_to_each_ones_own(node: Hospital, tmp_path: Path) -> None:
    ours = fresh()
    theirs = replace(
        with_accession(ours, ours.key.accession), key=ExamKey(institution=OTHER.skrs, accession=ours.key.accession)
    )
    assert node.order(ours).code == "AA"
    assert raw(node, VT + message(theirs) + FS_CR, source="127.0.0.2")[0].code == "AA"
    mine, other = (
        study_of(ours, tmp_path),
        study_of(theirs, tmp_path / "other", OTHER, StudyInstanceUID=generate_uid(), SOPInstanceUID=generate_uid()),
    )
    other.SeriesInstanceUID = generate_uid()
    assert node.store(saved(mine, tmp_path)) == 0
    assert node.store(saved(other, tmp_path), calling=OTHER.aets[0]) == 0
    for order, dataset in ((ours, mine), (theirs, other)):
        until(lambda key=order.key: (found := node.exam(key)) and found.studies, 15, "the exam has its study")  # type: ignore[misc]
        exam = node.exam(order.key)
        assert exam and [one.facts.study_instance_uid for one in exam.studies] == [dataset.StudyInstanceUID]


def test_letters_without_a_declared_character_set_are_stored_and_linked(node: Hospital, tmp_path: Path) -> None:
    order = fresh()
    node.order(order)
    dataset = study_of(order, tmp_path)
    path = saved(dataset, tmp_path)
    spoilt = path.read_bytes().replace(b"ISO_IR 148", b"          ")  # what then follows is undeclared Latin-5
    path.write_bytes(spoilt)
    assert node.store(path) == 0
    until(lambda: (found := node.exam(order.key)) and found.studies, 15, "the exam has its study")
    exam = node.exam(order.key)
    assert exam and order.patient.family in exam.studies[0].facts.patient_name.replace("=", "^").split("^")


def test_a_study_by_stow_is_linked_by_the_institution_that_it_names(node: Hospital, tmp_path: Path) -> None:
    order = fresh()
    node.order(order)
    session = requests.Session()
    session.auth = HTTPBasicAuth(*(one.encode() for one in ADMINISTRATOR))  # type: ignore[arg-type]
    client = DICOMwebClient(f"{node.node.url}/dicom-web", session=session)
    answer = client.store_instances([study_of(order, tmp_path)])
    assert len(answer.ReferencedSOPSequence) == 1
    until(lambda: (found := node.exam(order.key)) and found.studies, 15, "the exam has its study")


def test_a_truncated_file_is_refused_with_a_status_on_every_path(node: Hospital, tmp_path: Path) -> None:
    dataset = study_of(fresh(), tmp_path)
    path = saved(dataset, tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    half = path.read_bytes()
    assert node.node.ask("POST", "/instances", data=half).status_code == 400
    body = b"--B\r\nContent-Type: application/dicom\r\n\r\n" + half + b"\r\n--B--"
    kind = 'multipart/related; type="application/dicom"; boundary=B'
    assert node.node.ask("POST", "/dicom-web/studies", data=body, headers={"Content-Type": kind}).status_code >= 400
    assert node.store(path) != 0
    assert not stored_in(node, dataset.SOPInstanceUID)


def files_to_send() -> list[Dataset]:
    """pydicom's own files that say in which transfer syntax they are, each under a UID of its own."""
    found = []
    for path in sorted(PYDICOM_FILES.glob("*.dcm")):
        dataset = dcmread(path, force=True)
        sendable = "TransferSyntaxUID" in dataset.file_meta and "SOPClassUID" in dataset
        if sendable and "truncated" not in path.name and path.name != "SC_rgb_jpeg.dcm":  # pydicom cannot encode it
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            found.append(dataset)
    return found


def c_store(node: Hospital, dataset: Dataset) -> int:
    """Send one instance in its own transfer syntax by pynetdicom; returns the status."""
    sender = AE(ae_title=INSTITUTION.aets[0])
    sender.add_requested_context(dataset.SOPClassUID, dataset.file_meta.TransferSyntaxUID)
    association = sender.associate("127.0.0.1", node.node.dicom, ae_title="GECIT")
    assert association.is_established
    try:
        return int(association.send_c_store(dataset).Status)
    finally:
        association.release()


@pytest.mark.filterwarnings("ignore")
def test_every_transfer_syntax_is_stored_or_refused_and_what_is_stored_is_listed(node: Hospital) -> None:
    datasets = files_to_send()
    statuses = [c_store(node, one) for one in datasets]
    sent = {one.file_meta.TransferSyntaxUID for one, status in zip(datasets, statuses, strict=True) if status == 0}
    assert len(sent) >= 11, sorted(one.name for one in sent)
    for dataset, status in zip(datasets, statuses, strict=True):
        assert stored_in(node, dataset.SOPInstanceUID) == (status == 0), hex(status)
        if status:  # what PS3.3 asks of every image and these lack: no study to put them in
            assert not (dataset.get("StudyInstanceUID") and dataset.get("SeriesInstanceUID"))
    wanted = {str(one.StudyInstanceUID) for one, status in zip(datasets, statuses, strict=True) if status == 0}
    until(lambda: all(unlinked(node, uid) for uid in wanted), 30, "each study is listed as unlinked")


def test_an_unknown_calling_title_may_not_store(node: Hospital, tmp_path: Path) -> None:
    dataset = study_of(fresh(), tmp_path)
    assert node.store(saved(dataset, tmp_path), calling="YABANCI") != 0
    assert not stored_in(node, dataset.SOPInstanceUID)


def test_a_wrong_called_title_gets_no_association(node: Hospital, tmp_path: Path) -> None:
    sender = AE(ae_title=INSTITUTION.aets[0])
    sender.add_requested_context("1.2.840.10008.1.1")
    association = sender.associate("127.0.0.1", node.node.dicom, ae_title="YANLIS")
    assert association.is_rejected
    dataset = study_of(fresh(), tmp_path)
    assert node.store(saved(dataset, tmp_path), called="YANLIS") != 0
    assert not stored_in(node, dataset.SOPInstanceUID)


def test_unsigned_http_stores_and_reads_nothing(node: Hospital, tmp_path: Path) -> None:
    dataset = study_of(fresh(), tmp_path)
    data = saved(dataset, tmp_path).read_bytes()
    for path in ("/instances", "/dicom-web/studies"):
        assert node.node.ask("POST", path, data=data, signed_in=False).status_code == 403
    assert node.node.get("/gecit/api/exams", signed_in=False).status_code == 401
    assert not stored_in(node, dataset.SOPInstanceUID)


def test_after_all_this_the_folded_ledger_is_what_its_events_say(node: Hospital) -> None:
    until(lambda: not node.ledger.read(lambda tx: tx.unsettled_studies("Gecit")), 20, "nothing moves any more")
    before = node.ledger.content()
    done = node.gecit("ledger", "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert node.ledger.content() == before
    assert "Traceback" not in node.node.log_text()
