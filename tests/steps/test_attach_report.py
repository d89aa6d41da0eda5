"""A report reaches its studies once, whichever came first; the last tests ask a real Orthanc."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
import requests
from msgspec.structs import replace
from pydicom import dcmread

from gecit.core import events
from gecit.core.facts import SeriesFacts, StudyFacts, StudyKey
from gecit.core.report import Document, ReportPart, ReportStatus
from gecit.core.worklist import study_uid
from gecit.edges.orthanc_http import OrthancArchive
from gecit.edges.report_documents import Documents
from gecit.edges.report_header import template_of
from gecit.edges.store import SqlLedger
from gecit.ports import Delivery, Refused
from gecit.sandbox.day import INSTITUTION, exams_of_the_day
from gecit.sandbox.imaging import build_study
from gecit.steps.attach_report import (
    LONGEST_REPORT,
    Attacher,
    Template,
    document_uids,
    missing_attachments,
    plan_attach,
)
from tests.support.postgres import free_port

NOW = datetime(2024, 7, 1, 9, 30, tzinfo=UTC)
STORY = exams_of_the_day(NOW)[0]
KEY = STORY.order.key


class Standing:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW


class Shelf:
    """What was stored, by its identifier."""

    def __init__(self) -> None:
        self.stored: list[bytes] = []

    def store(self, dicom: bytes) -> str:
        self.stored.append(dicom)
        return str(dcmread(BytesIO(dicom)).SOPInstanceUID)


def facts(name: str = "a", images: int = 3) -> StudyFacts:
    series = SeriesFacts(series_instance_uid=f"2.25.1{ord(name)}", modality="CT", instances=images, images=images)
    return StudyFacts(
        key=StudyKey(node="n", orthanc_id=name),
        study_instance_uid=f"2.25.{ord(name)}",
        patient_id=STORY.order.patient.tckn,
        series=(series,),
    )


def ordered() -> events.OrderPlaced:
    return events.OrderPlaced(at=NOW, exam=KEY, order=STORY.order, message=1)


def reported(message: int = 2, status: str = "F") -> events.ReportReceived:
    assert STORY.report is not None
    report = replace(STORY.report, status=ReportStatus(status))
    return events.ReportReceived(at=NOW, exam=KEY, report=report, message=message)


def linked(study: StudyFacts) -> events.StudyLinked:
    return events.StudyLinked(at=NOW, exam=KEY, facts=study, path="accession+patient-id")


def happen(ledger: SqlLedger, *happened: events.AnyExamEvent) -> int:
    """Record events, planning after each; return how many deliveries were queued."""

    def work(tx) -> int:  # type: ignore[no-untyped-def]
        queued = 0
        for event in happened:
            tx.append(event)
            exam = tx.exam(KEY)
            assert exam is not None
            queued += plan_attach(tx, exam, NOW)
        return queued

    return ledger.write(work)


def leased(ledger: SqlLedger, node: str = "n") -> list[Delivery]:
    return ledger.lease("archive", "test", NOW, NOW.replace(hour=10), 10, node)


def attacher(ledger: SqlLedger, shelf: object, template: Template | None = None) -> Attacher:
    make = Documents(lambda _skrs: INSTITUTION.name)
    return Attacher(ledger, shelf, lambda _id: template, make, Standing())  # type: ignore[arg-type]


def test_nothing_is_attached_before_both_have_come(sqlite_ledger: SqlLedger) -> None:
    assert happen(sqlite_ledger, ordered()) == 0
    assert happen(sqlite_ledger, reported()) == 0
    assert happen(sqlite_ledger, linked(facts(images=0))) == 0
    assert happen(sqlite_ledger, linked(facts())) == 2


def test_images_before_the_report_end_in_the_same_row(sqlite_ledger: SqlLedger) -> None:
    assert happen(sqlite_ledger, linked(facts()), ordered(), reported()) == 2
    exam = sqlite_ledger.read(lambda tx: tx.exam(KEY))
    assert exam is not None
    pdf, sr = missing_attachments(exam)
    assert [json.loads(row.payload) for row in leased(sqlite_ledger)] == [
        {"study": {"node": "n", "orthanc_id": "a"}, "version": 1, "sop_instance_uid": pdf.sop_instance_uid},
        {
            "study": {"node": "n", "orthanc_id": "a"}, "version": 1, "sop_instance_uid": sr.sop_instance_uid,
            "document": "sr",
        },
    ]  # fmt: skip


@pytest.mark.parametrize("status", ["F", "C", "P", "B"])
def test_both_documents_of_every_version_reach_every_study(sqlite_ledger: SqlLedger, status: str) -> None:
    assert happen(sqlite_ledger, ordered(), linked(facts()), linked(facts("b")), reported(2, status)) == 4
    assert happen(sqlite_ledger, reported(3, "C")) == 4


def test_a_preliminary_version_that_comes_late_is_attached_nowhere(sqlite_ledger: SqlLedger) -> None:
    assert happen(sqlite_ledger, ordered(), linked(facts()), reported(2)) == 2
    assert happen(sqlite_ledger, reported(3, "P")) == 0


def test_a_row_names_no_patient(sqlite_ledger: SqlLedger) -> None:
    happen(sqlite_ledger, ordered(), linked(facts()), reported())
    for row in leased(sqlite_ledger):
        assert STORY.order.patient.tckn not in f"{row.key}{row.payload.decode()}"


def test_an_attached_report_is_not_planned_again(sqlite_ledger: SqlLedger) -> None:
    happen(sqlite_ledger, ordered(), linked(facts()), reported())
    rows, shelf = leased(sqlite_ledger), Shelf()
    for row, document in zip(rows, (Document.PDF, Document.SR), strict=True):
        done = attacher(sqlite_ledger, shelf, {})(row)
        assert [type(one) for one in done] == [events.ReportAttached]
        assert isinstance(done[0], events.ReportAttached)
        assert done[0].document is document
        assert sqlite_ledger.settle(row, "test", "done", events=done)
    exam = sqlite_ledger.read(lambda tx: tx.exam(KEY))
    assert exam is not None
    assert missing_attachments(exam) == []
    for row in rows:
        assert attacher(sqlite_ledger, shelf, {})(row) == ()
    assert len(shelf.stored) == 2


def test_a_node_that_had_attached_its_pdf_before_attaches_only_what_is_new(sqlite_ledger: SqlLedger) -> None:
    happen(sqlite_ledger, ordered(), linked(facts()), reported())
    uid = document_uids(KEY, 1, facts().study_instance_uid).instance
    old = events.ReportAttached(at=NOW, exam=KEY, study=facts().key, sop_instance_uid=uid, version=1)
    assert old.document is Document.PDF
    happen(sqlite_ledger, old)
    exam = sqlite_ledger.read(lambda tx: tx.exam(KEY))
    assert exam is not None
    assert [one.document for one in missing_attachments(exam)] == [Document.SR]


@pytest.mark.parametrize("gone", ["unlinked", "deleted"])
def test_a_study_that_is_gone_is_not_written_to(sqlite_ledger: SqlLedger, gone: str) -> None:
    happen(sqlite_ledger, ordered(), linked(facts()), reported())
    row, _ = leased(sqlite_ledger)
    if gone == "unlinked":
        happen(sqlite_ledger, events.StudyUnlinked(at=NOW, exam=KEY, study=facts().key, reason="test"))
    shelf = Shelf()
    with pytest.raises(Refused, match="study-gone"):
        attacher(sqlite_ledger, shelf, {} if gone == "unlinked" else None)(row)
    assert shelf.stored == []


def others(name: str = "z") -> StudyFacts:
    """A study that another hospital sent, and which is of the exam by its order's word (OBR-15) alone."""
    return replace(facts(name), institution="999777")


def test_a_study_of_another_hospital_gets_no_report_because_an_order_names_it(sqlite_ledger: SqlLedger) -> None:
    assert happen(sqlite_ledger, ordered(), linked(others()), reported()) == 0
    own = replace(facts("b"), institution=KEY.institution)
    assert happen(sqlite_ledger, linked(own), linked(facts("c"))) == 4, "its own, and what nobody sent, do"
    assert {json.loads(row.payload)["study"]["orthanc_id"] for row in leased(sqlite_ledger)} == {"b", "c"}


def test_a_study_made_for_this_order_by_our_worklist_gets_its_report(sqlite_ledger: SqlLedger) -> None:
    made = replace(others(), accession=KEY.accession, study_instance_uid=study_uid(KEY))
    assert happen(sqlite_ledger, ordered(), linked(made), reported()) == 2


def test_a_row_that_was_queued_for_anothers_study_before_is_refused(sqlite_ledger: SqlLedger) -> None:
    happen(sqlite_ledger, ordered(), linked(facts("z")), reported())
    row, _ = leased(sqlite_ledger)
    happen(sqlite_ledger, linked(others()))
    shelf = Shelf()
    with pytest.raises(Refused, match="study-of-others"):
        attacher(sqlite_ledger, shelf, {})(row)
    assert shelf.stored == []


# With a real Orthanc


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """A bare Orthanc: its address and its DICOM port."""
    folder = tmp_path_factory.mktemp("orthanc")
    http, dicom = free_port(), free_port()
    configuration = {
        "StorageDirectory": str(folder / "storage"), "IndexDirectory": str(folder / "index"), "HttpPort": http,
        "DicomPort": dicom, "DicomAet": "GECIT", "RemoteAccessAllowed": False, "AuthenticationEnabled": False,
        "HttpServerEnabled": True, "Plugins": [], "OverwriteInstances": False,
    }  # fmt: skip
    (folder / "orthanc.json").write_text(json.dumps(configuration))
    environment = {**os.environ, "TCP_NODELAY": "1"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(["Orthanc", str(folder / "orthanc.json")], stdout=log, stderr=log, env=environment)
    url = f"http://127.0.0.1:{http}"
    try:
        _wait(url, process, folder / "log")
        yield url, dicom
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            requests.get(f"{url}/system", timeout=5).raise_for_status()
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(log.read_text())


@pytest.mark.system
def test_on_a_real_orthanc_the_report_stands_in_its_study_once(
    orthanc: tuple[str, int], sqlite_ledger: SqlLedger, tmp_path: Path
) -> None:
    url, port = orthanc
    files = build_study("CT", order=STORY.order, institution=INSTITUTION, folder=tmp_path, with_dose=True, slices=3)
    sender = ["storescu", "-aec", "GECIT", "127.0.0.1", str(port), *map(str, files)]
    subprocess.run(sender, check=True, env={**os.environ, "TCP_NODELAY": "1"}, capture_output=True)
    (study,) = requests.get(f"{url}/studies", timeout=10).json()
    archive = OrthancArchive(url)
    read = archive.read_study(study)
    assert read is not None
    happen(sqlite_ledger, ordered(), linked(read.facts))
    attach = Attacher(
        sqlite_ledger,
        archive,
        lambda orthanc_id: template_of(requests.get(f"{url}/studies/{orthanc_id}", timeout=10).json()),
        Documents(lambda _skrs: INSTITUTION.name),
        Standing(),
    )
    attached = {}
    for number, status in enumerate("FCB", start=1):
        happen(sqlite_ledger, reported(number, status))
        for row in leased(sqlite_ledger, archive.node()):
            (event,) = attach(row)
            attach(row)  # died before it was settled: done again
            assert isinstance(event, events.ReportAttached)
            attached[event.version, event.document] = event.sop_instance_uid
            assert sqlite_ledger.settle(row, "test", "done", events=[event])
    assert len(attached) == 6
    assert requests.get(f"{url}/studies", timeout=10).json() == [study]
    assert len(requests.get(f"{url}/patients", timeout=10).json()) == 1
    modalities = [
        one["MainDicomTags"]["Modality"] for one in requests.get(f"{url}/studies/{study}/series", timeout=10).json()
    ]
    assert sorted(modalities) == ["CT", "DOC", "DOC", "DOC", "SR", "SR", "SR", "SR"]
    again = archive.read_study(study)
    assert again is not None
    assert again.facts.images == read.facts.images  # a document is no picture
    assert again.facts.slices == read.facts.slices
    assert again.facts.dose_reports == read.facts.dose_reports  # nor is our report one of dose
    assert len(read.facts.dose_reports) == 1
    assert again.facts.unreadable == ()
    assert sum(one.ours for one in again.facts.series) == 6
    _look_at(url, attached)


def _look_at(url: str, attached: dict[tuple[int, Document], str]) -> None:
    """What Orthanc gives back is what DCMTK and poppler can read, and each version refers to the one before."""
    for (version, document), uid in attached.items():
        asked = {"Level": "Instance", "Query": {"SOPInstanceUID": uid}}
        [found] = requests.post(f"{url}/tools/find", json=asked, timeout=10).json()
        file = requests.get(f"{url}/instances/{found}/file", timeout=10).content
        before = dcmread(BytesIO(file)).get("PredecessorDocumentsSequence")
        if version == 1:
            assert before is None
        else:
            [instance] = before[0].ReferencedSeriesSequence[0].ReferencedSOPSequence
            assert instance.ReferencedSOPInstanceUID == attached[version - 1, document]
        if document is Document.PDF:
            pdf = requests.get(f"{url}/instances/{found}/pdf", timeout=10).content
            text = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
            assert "Şule ÖRNEKOĞLU" in text


def test_the_identifiers_depend_on_exam_version_and_study_alone() -> None:
    other = replace(KEY, institution="999002")
    named = {
        document_uids(key, version, study, document).instance
        for key in (KEY, other)
        for version in (1, 2)
        for study in ("1", "2")
        for document in Document
    }
    assert len(named) == 24
    assert document_uids(KEY, 1, "1") == document_uids(KEY, 1, "1")


def test_what_is_too_long_for_a_report_is_parked_and_not_made_into_a_document(sqlite_ledger: SqlLedger) -> None:
    assert STORY.report is not None
    long = replace(STORY.report, parts={ReportPart.FINDINGS: "x\n" * LONGEST_REPORT})
    happen(sqlite_ledger, ordered(), linked(facts()), events.ReportReceived(at=NOW, exam=KEY, report=long, message=2))
    row, _ = leased(sqlite_ledger)
    with pytest.raises(Refused, match="report-too-long"):
        attacher(sqlite_ledger, Shelf(), {})(row)
