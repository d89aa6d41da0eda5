"""The DICOM door and DICOMweb: worklist, storing, finding, reading back; and who is not let in."""

from __future__ import annotations

import io
import secrets

from pydicom import dcmread
from pydicom.dataset import Dataset

from gecit.core.values import Text

from . import dcmtk
from .checking import Check, CheckFailed, failed, said, skipped, wait_for
from .kit import BAD, GOOD, Kit

STRANGER, NOBODY = "GSTSTRANGER", "GSTNOBODY"
READ = 'multipart/related; type="application/dicom"'


def _ended(tr: str, en: str, last: str) -> CheckFailed:
    """Return what ends a check as failed, with what the program itself said last."""
    more = f": {last}" if last else ""
    return failed(tr + more, en + more)


def echo(kit: Kit) -> Text:
    """C-ECHO."""
    ran = dcmtk.run(kit, "echoscu")
    if not ran.good:
        raise _ended("ilişki kurulamadı", "no association", ran.last)
    return said(f"{kit.aet} → {kit.site.site.dicom_aet}", f"{kit.aet} → {kit.site.site.dicom_aet}")


def title(kit: Kit) -> Text:
    """Our AE title is let in."""
    found = dcmtk.find(kit, "-S", ["QueryRetrieveLevel=STUDY", "AccessionNumber=-", "StudyInstanceUID"])
    if found.entries is None:
        raise _ended(f"{kit.aet} geri çevrildi", f"{kit.aet} was turned away", found.last)
    return said(f"{kit.aet} tanınıyor", f"{kit.aet} is known")


def worklist(kit: Kit) -> Text:
    """The order stands on the worklist."""
    accession = kit.accession(GOOD)
    keys = [f"AccessionNumber={accession}", "PatientID", "ScheduledProcedureStepSequence[0].Modality"]
    found = dcmtk.find(kit, "-W", keys)
    if found.entries is None:
        raise _ended("sorgu reddedildi", "the query was refused", found.last)
    if [one.get("AccessionNumber", "") for one in found.entries] != [accession]:
        raise failed(f"{len(found.entries)} kayıt döndü", f"{len(found.entries)} entries came")
    return said("istem listede", "the order is on it")


def store(kit: Kit) -> Text:
    """C-STORE of the good exam."""
    files = kit.files(GOOD)
    ran = dcmtk.run(kit, "storescu", "-R", files=files)
    if not ran.good:
        raise _ended("saklanmadı", "not stored", ran.last)
    kit.sent.add(GOOD)
    return said(f"{len(files)} nesne saklandı (doz raporu dahil)", f"{len(files)} objects stored (a dose report too)")


def find(kit: Kit) -> Text:
    """C-FIND finds the study that was sent."""
    keys = ["QueryRetrieveLevel=STUDY", f"AccessionNumber={kit.accession(GOOD)}", "StudyInstanceUID"]
    last = ""

    def there() -> list[Dataset] | None:
        nonlocal last
        entries, last = dcmtk.find(kit, "-S", keys)
        return entries or None

    found = wait_for(there, kit.options.patience)
    uid = dcmread(kit.files(GOOD)[0]).StudyInstanceUID
    if not found:
        raise _ended("bulunamadı", "not found", last)
    if [one.StudyInstanceUID for one in found] != [uid]:
        raise failed(f"{len(found)} çalışma döndü", f"{len(found)} studies came")
    return said("çalışma bulundu", "the study was found")


def stranger(kit: Kit) -> Text:
    """An AE title that nobody recorded stores nothing."""
    if dcmtk.run(kit, "storescu", "-R", calling=STRANGER, files=kit.files(GOOD)[:1]).good:
        raise failed(f"{STRANGER} başlığıyla saklandı", f"it was stored for {STRANGER}")
    return said(f"{STRANGER} geri çevrildi", f"{STRANGER} was turned away")


def wrong_called(kit: Kit) -> Text:
    """Whoever calls somebody else is not answered."""
    if dcmtk.run(kit, "echoscu", called=NOBODY).good:
        raise failed(f"{NOBODY} çağrısına yanıt verildi", f"a call to {NOBODY} was answered")
    return said(f"{NOBODY} çağrısı geri çevrildi", f"a call to {NOBODY} was turned away")


def plain(kit: Kit) -> Text:
    """Where the door speaks TLS, nobody is heard without it."""
    if not kit.options.dicom_tls:
        raise skipped("DICOM TLS ile sınanmıyor (--dicom-tls)", "DICOM is not tested with TLS (--dicom-tls)")
    if dcmtk.run(kit, "echoscu", tls=False).good:
        raise failed("şifresiz yanıt verildi", "it was answered in the clear")
    return said("şifresiz ilişki kurulamadı", "no association in the clear")


def stow(kit: Kit) -> Text:
    """STOW-RS of the bad exam."""
    boundary = secrets.token_hex(16)
    parts = b"".join(
        f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode() + one.read_bytes() + b"\r\n"
        for one in kit.files(BAD)
    )
    kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
    head = {"Content-Type": kind, "Accept": "application/dicom+json"}
    answer = kit.ask("POST", "/dicom-web/studies", data=parts + f"--{boundary}--\r\n".encode(), headers=head)
    if answer.status_code != 200:
        raise failed(f"HTTP {answer.status_code}", f"HTTP {answer.status_code}")
    kit.sent.add(BAD)
    return said(f"{len(kit.files(BAD))} nesne saklandı", f"{len(kit.files(BAD))} objects stored")


def qido(kit: Kit) -> Text:
    """QIDO-RS finds both studies by their accession numbers."""
    for number in (GOOD, BAD):
        path = f"/gecit/dicom-web/studies?AccessionNumber={kit.accession(number)}"
        found = wait_for(lambda path=path: kit.ask("GET", path).json() or None, kit.options.patience)  # type: ignore[misc]
        if not found:
            raise failed(
                f"{kit.accession(number)} bulunamadı",
                f"{kit.accession(number)} was not found",
                said(
                    "Birkaç düğüm varsa: bütün kapılar aynı düğümün olmalı, her düğüm yalnız kendindekini bulur",
                    "With several nodes: all doors must be the same node's, each finds only what it holds",
                ),
            )
    return said("iki çalışma bulundu", "both studies were found")


def wado(kit: Kit) -> Text:
    """WADO-RS gives back the very picture that was sent."""
    sent = dcmread(kit.files(GOOD)[0])
    path = f"/dicom-web/studies/{sent.StudyInstanceUID}/series/{sent.SeriesInstanceUID}/instances/{sent.SOPInstanceUID}"
    answer = kit.ask("GET", path, headers={"Accept": READ})
    if answer.status_code != 200:
        raise failed(f"HTTP {answer.status_code}", f"HTTP {answer.status_code}")
    got = dcmread(io.BytesIO(_first_part(answer.content)))
    if got.SOPInstanceUID != sent.SOPInstanceUID or got.PixelData != sent.PixelData:
        raise failed("başka bir görüntü geldi", "another picture came")
    return said("gönderilen görüntü, bayt bayt aynı", "the picture that was sent, to the byte")


def _first_part(body: bytes) -> bytes:
    """Return the content of the first part of a multipart answer."""
    line, _, rest = body.lstrip(b"\r\n").partition(b"\r\n")
    return rest.partition(b"\r\n\r\n")[2].partition(b"\r\n" + line)[0]


DOOR = (
    Check(
        id="dicom-echo", run=echo, after=("token",),
        title=said("DICOM: C-ECHO", "DICOM: C-ECHO"), expected=said("başarılı", "success"),
        fix=said("Kapı, AE başlığı ve varsa sertifikalar doğru mu?", "Are port, AE title and certificates right?"),
    ),
    Check(
        id="dicom-title", run=title, after=("dicom-echo",),
        title=said("DICOM: AE başlığımız", "DICOM: our AE title"), expected=said("tanınır", "is known"),
        fix=said(
            "Çağıran AE başlığı deneme kurumunun AE başlıkları arasında olmalı.",
            "The calling AE title has to be among the trial institution's.",
        ),
    ),
    Check(
        id="dicom-worklist", run=worklist, after=("dicom-title", "hl7-order"),
        title=said("DICOM: çalışma listesi (MWL C-FIND)", "DICOM: worklist (MWL C-FIND)"),
        expected=said("istem listede", "the order is on it"),
    ),
)  # fmt: skip
IMAGES = (
    Check(
        id="dicom-store", run=store, after=("dicom-title", "hl7-order"),
        title=said("DICOM: C-STORE", "DICOM: C-STORE"), expected=said("saklanır", "stored"),
    ),
    Check(
        id="dicom-find", run=find, after=("dicom-store",),
        title=said("DICOM: C-FIND", "DICOM: C-FIND"), expected=said("gönderilen çalışma", "the study that was sent"),
    ),
    Check(
        id="dicom-stranger", run=stranger, after=("dicom-echo",),
        title=said("DICOM: kayıtsız AE başlığı", "DICOM: an unknown AE title"),
        expected=said("saklanmaz", "stores nothing"),
        fix=said("DicomAlwaysAllowStore false olmalı.", "DicomAlwaysAllowStore has to be false."),
    ),
    Check(
        id="dicom-wrong-called", run=wrong_called, after=("dicom-echo",),
        title=said("DICOM: başka AE başlığına çağrı", "DICOM: a call to another AE title"),
        expected=said("yanıtlanmaz", "is not answered"),
        fix=said("DicomCheckCalledAet true olmalı.", "DicomCheckCalledAet has to be true."),
    ),
    Check(
        id="dicom-plain", run=plain, after=("dicom-echo",),
        title=said("DICOM: TLS'siz ilişki", "DICOM: an association without TLS"),
        expected=said("kurulamaz", "is refused"),
    ),
    Check(
        id="stow", run=stow, after=("hl7-order",),
        title=said("DICOMweb: STOW-RS", "DICOMweb: STOW-RS"), expected=said("saklanır", "stored"),
        fix=said("Belirtecin görüntü saklama yetkisi var mı?", "May the token store images?"),
    ),
    Check(
        id="qido", run=qido, after=("dicom-store", "stow"),
        title=said("DICOMweb: QIDO-RS", "DICOMweb: QIDO-RS"), expected=said("iki çalışma", "both studies"),
    ),
    Check(
        id="wado", run=wado, after=("qido",),
        title=said("DICOMweb: WADO-RS", "DICOMweb: WADO-RS"),
        expected=said("gönderilen görüntü aynen", "the picture as it was sent"),
    ),
)  # fmt: skip
