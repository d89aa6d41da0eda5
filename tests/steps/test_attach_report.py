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
from gecit.core.report import ReportPart
from gecit.edges.encapsulated_pdf import Documents, template_of
from gecit.edges.orthanc_http import OrthancArchive
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


def reported(message: int = 2) -> events.ReportReceived:
    assert STORY.report is not None
    return events.ReportReceived(at=NOW, exam=KEY, report=STORY.report, message=message)


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


def leased(ledger: SqlLedger) -> list[Delivery]:
    return ledger.lease("archive", "test", NOW, NOW.replace(hour=10), 10)


def attacher(ledger: SqlLedger, shelf: object, template: Template | None = None) -> Attacher:
    make = Documents(lambda _skrs: INSTITUTION.name)
    return Attacher(ledger, shelf, lambda _id: template, make, Standing())  # type: ignore[arg-type]


def test_nothing_is_attached_before_both_have_come(sqlite_ledger: SqlLedger) -> None:
    assert happen(sqlite_ledger, ordered()) == 0
    assert happen(sqlite_ledger, reported()) == 0
    assert happen(sqlite_ledger, linked(facts(images=0))) == 0
    assert happen(sqlite_ledger, linked(facts())) == 1


def test_images_before_the_report_end_in_the_same_row(sqlite_ledger: SqlLedger) -> None:
    assert happen(sqlite_ledger, linked(facts()), ordered(), reported()) == 1
    (row,) = leased(sqlite_ledger)
    exam = sqlite_ledger.read(lambda tx: tx.exam(KEY))
    assert exam is not None
    (wanted,) = missing_attachments(exam)
    assert json.loads(row.payload) == {
        "study": {"node": "n", "orthanc_id": "a"}, "version": 1, "sop_instance_uid": wanted.sop_instance_uid,
    }  # fmt: skip


def test_every_version_reaches_every_study(sqlite_ledger: SqlLedger) -> None:
    assert happen(sqlite_ledger, ordered(), linked(facts()), linked(facts("b")), reported(2), reported(3)) == 4


def test_a_row_names_no_patient(sqlite_ledger: SqlLedger) -> None:
    happen(sqlite_ledger, ordered(), linked(facts()), reported())
    (row,) = leased(sqlite_ledger)
    assert STORY.order.patient.tckn not in f"{row.key}{row.payload.decode()}"


def test_an_attached_report_is_not_planned_again(sqlite_ledger: SqlLedger) -> None:
    happen(sqlite_ledger, ordered(), linked(facts()), reported())
    (row,) = leased(sqlite_ledger)
    shelf = Shelf()
    done = attacher(sqlite_ledger, shelf, {})(row)
    assert [type(one) for one in done] == [events.ReportAttached]
    assert sqlite_ledger.settle(row, "test", "done", events=done)
    exam = sqlite_ledger.read(lambda tx: tx.exam(KEY))
    assert exam is not None
    assert missing_attachments(exam) == []
    assert attacher(sqlite_ledger, shelf, {})(row) == ()
    assert len(shelf.stored) == 1


@pytest.mark.parametrize("gone", ["unlinked", "deleted"])
def test_a_study_that_is_gone_is_not_written_to(sqlite_ledger: SqlLedger, gone: str) -> None:
    happen(sqlite_ledger, ordered(), linked(facts()), reported())
    (row,) = leased(sqlite_ledger)
    if gone == "unlinked":
        happen(sqlite_ledger, events.StudyUnlinked(at=NOW, exam=KEY, study=facts().key, reason="test"))
    shelf = Shelf()
    with pytest.raises(Refused, match="study-gone"):
        attacher(sqlite_ledger, shelf, {} if gone == "unlinked" else None)(row)
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
    happen(sqlite_ledger, ordered(), reported(), linked(read.facts))
    (row,) = leased(sqlite_ledger)
    attach = Attacher(
        sqlite_ledger,
        archive,
        lambda orthanc_id: template_of(requests.get(f"{url}/studies/{orthanc_id}", timeout=10).json()),
        Documents(lambda _skrs: INSTITUTION.name),
        Standing(),
    )
    (attached,) = attach(row)
    attach(row)  # died before it was settled: done again
    assert requests.get(f"{url}/studies", timeout=10).json() == [study]
    modalities = [
        one["MainDicomTags"]["Modality"] for one in requests.get(f"{url}/studies/{study}/series", timeout=10).json()
    ]
    assert sorted(modalities) == ["CT", "DOC", "SR"]
    assert len(requests.get(f"{url}/patients", timeout=10).json()) == 1
    assert isinstance(attached, events.ReportAttached)
    found = requests.post(f"{url}/tools/lookup", data=attached.sop_instance_uid, timeout=10).json()
    pdf = requests.get(f"{url}{found[0]['Path']}/pdf", timeout=10).content
    text = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    assert "Şule ÖRNEKOĞLU" in text
    again = archive.read_study(study)
    assert again is not None
    assert again.facts.images == read.facts.images  # a document is no picture


def test_the_identifiers_depend_on_exam_version_and_study_alone() -> None:
    other = replace(KEY, institution="999002")
    named = {
        document_uids(key, version, study).instance
        for key in (KEY, other)
        for version in (1, 2)
        for study in ("1", "2")
    }
    assert len(named) == 8
    assert document_uids(KEY, 1, "1") == document_uids(KEY, 1, "1")


def test_what_is_too_long_for_a_report_is_parked_and_not_made_into_a_document(sqlite_ledger: SqlLedger) -> None:
    assert STORY.report is not None
    long = replace(STORY.report, parts={ReportPart.FINDINGS: "x\n" * LONGEST_REPORT})
    happen(sqlite_ledger, ordered(), linked(facts()), events.ReportReceived(at=NOW, exam=KEY, report=long, message=2))
    (row,) = leased(sqlite_ledger)
    with pytest.raises(Refused, match="report-too-long"):
        attacher(sqlite_ledger, Shelf(), {})(row)
