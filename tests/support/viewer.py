"""Studies of every kind that the viewer must open, and people who may see them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from argon2 import PasswordHasher
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import ComputedRadiographyImageStorage, EncapsulatedPDFStorage
from reportlab.pdfgen.canvas import Canvas

from gecit.core import events as e
from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.order import Control, ExamKey, Order, Patient, Procedure
from gecit.edges.store import open_ledger
from gecit.ports import Institution
from gecit.sandbox.imaging import build_study
from tests.support.node import Node, until

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HERE = Institution(skrs="910001", name="Işıl Devlet Hastanesi", aets=("BURASI",))
THERE = Institution(skrs="910002", name="Şehir Hastanesi", aets=("ORASI",))
RADIOLOGIST = ("radyolog", "çok gizli: parola 2")
PATIENT = Patient(tckn="10000000146", file_number="D-12", family="ŞIĞÖÇÜ", given="İsmail Işıl", sex="M")
SHOWN_NAME = "ŞIĞÖÇÜ, İsmail Işıl"
# Pictures of real devices as their vendors compress them, from pydicom's own test files.
COMPRESSED: Mapping[str, str] = {
    "JPEG-LS": "MR_small_jpeg_ls_lossless.dcm",
    "JPEG2000": "examples_jpeg2k.dcm",
    "RLE": "MR_small_RLE.dcm",
    "JPEG": "SC_rgb_jpeg_gdcm.dcm",
}


def order_of(kind: str, institution: Institution) -> Order:
    """Return an order of today for one study; its accession number names the kind."""
    return Order(
        key=ExamKey(institution=institution.skrs, accession=f"G-{kind}"),
        control=Control.NEW,
        patient=PATIENT,
        procedures=(Procedure(sut="R100250", sut_name=f"Deneme {kind} çekimi"),),
        ordered_at=NOW,
        scheduled_at=NOW,
        modality=kind,
    )


def make_studies(folder: Path) -> dict[str, list[Path]]:
    """Write a study of every kind, by kind; "foreign" is a CT of the other institution."""
    made: dict[str, list[Path]] = {}
    for kind in ("CT", "MR", "MG", "US"):
        made[kind] = build_study(
            kind,
            order=order_of(kind, HERE),
            institution=HERE,
            folder=folder / kind,
            with_dose=kind == "CT",
            slices=6 if kind in ("CT", "MR") else 1,
        )
    made["foreign"] = build_study("CT", order=order_of("CT", THERE), institution=THERE, folder=folder / "foreign")
    made["CR"] = [_as_cr(folder)]
    made["PDF"] = [_pdf(folder)]
    made["SR"] = [_ours("reportsi.dcm", "SR", folder)]
    return made | {kind: [_ours(name, kind, folder)] for kind, name in COMPRESSED.items()}


def _ours(name: str, kind: str, folder: Path) -> Path:
    dataset = dcmread(get_testdata_file(name))
    _identify(dataset, kind)
    return _save(dataset, folder / f"{kind}.dcm")


def _as_cr(folder: Path) -> Path:
    path = build_study("DX", order=order_of("CR", HERE), institution=HERE, folder=folder / "CR")[0]
    dataset = dcmread(path)
    dataset.SOPClassUID, dataset.Modality = ComputedRadiographyImageStorage, "CR"
    return _save(dataset, path)


def _pdf(folder: Path) -> Path:
    page = Canvas(str(folder / "report.pdf"))
    page.drawString(100, 700, "RAPOR")
    page.save()
    content = (folder / "report.pdf").read_bytes()
    dataset = dcmread(build_study("CT", order=order_of("PDF", HERE), institution=HERE, folder=folder / "PDF")[0])
    for element in list(dataset.group_dataset(0x0028)) + list(dataset.group_dataset(0x7FE0)):
        del dataset[element.tag]
    dataset.SOPClassUID, dataset.Modality = EncapsulatedPDFStorage, "DOC"
    dataset.MIMETypeOfEncapsulatedDocument, dataset.DocumentTitle = "application/pdf", "Rapor"
    dataset.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    return _save(dataset, folder / "report.dcm")


def _identify(dataset: Dataset, kind: str) -> None:
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName, dataset.PatientID = f"{PATIENT.family}^{PATIENT.given}", PATIENT.tckn
    dataset.AccessionNumber, dataset.StudyDate, dataset.StudyTime = f"G-{kind}", "20260302", "120000"
    dataset.InstitutionName = f"{HERE.name}^^^SKRS{HERE.skrs}"
    base = f"2.25.{4716_0000 + sum(kind.encode())}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID = base, f"{base}.1", f"{base}.1.1"


def _save(dataset: Dataset, path: Path) -> Path:
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(path, enforce_file_format=True)
    return path


def study_uid(files: list[Path]) -> str:
    """Return the StudyInstanceUID of files of one study."""
    return str(dcmread(files[0], stop_before_pixels=True).StudyInstanceUID)


def people(node: Node) -> None:
    """Give the node an administrator, two institutions, orders of two exams and a radiologist of the first."""
    node.add_administrator()
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    ledger = open_ledger(node.database)

    def work(tx) -> None:  # type: ignore[no-untyped-def]
        for one in (HERE, THERE):
            tx.record_institution(one, NOW, by="test")
        for kind, one in (("CT", HERE), ("MR", HERE), ("CT", THERE)):
            order = order_of(kind, one)
            tx.append(e.OrderPlaced(exam=order.key, at=NOW, order=order, message=1))

    ledger.write(work)
    account = Account(name=RADIOLOGIST[0], full_name="Işıl YILDIZ", roles=(Role.RADIOLOGIST,), institution=HERE.skrs)
    ledger.save_account(account, NOW)
    ledger.set_password(RADIOLOGIST[0], cheap.hash(RADIOLOGIST[1]), NOW)
    ledger.close()


def upload(node: Node, studies: Mapping[str, list[Path]]) -> None:
    """Store all studies and wait until the ledger has read them."""
    for files in studies.values():
        for path in files:
            assert node.ask("POST", "/instances", data=path.read_bytes()).status_code == 200, path
    count = len(studies)
    until(lambda: len(node.get("/gecit/dicom-web/studies").json()) == count, 60, f"{count} studies are followed")
