"""DCMTK's own programs and pynetdicom as the other side of the DICOM doors, on loopback."""

from __future__ import annotations

import os
import re
import subprocess

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from pynetdicom import AE

ENVIRON = {**os.environ, "TCP_NODELAY": "1"}


def dcmtk(*command: str, check: bool = False) -> str:
    """Run a program of DCMTK and return all that it wrote; its exit code tells little."""
    done = subprocess.run(command, capture_output=True, env=ENVIRON, timeout=60, check=check)
    return (done.stdout + done.stderr).decode("iso8859_9")


def statuses(text: str) -> list[str]:
    """Return the DIMSE statuses of a debug log, in order, without the pending ones."""
    found = re.findall(r"DIMSE Status +: (0x[0-9a-f]{4})", text)
    return [one for one in found if one not in ("0xff00", "0xff01")]


def find(port: int, model: str, identifier: Dataset, aet: str) -> tuple[int | None, list[Dataset]]:
    """Ask with pynetdicom; returns the last status, None where the association ended, and the answers."""
    ae = AE(ae_title=aet)
    ae.add_requested_context(model)
    ae.connection_timeout = ae.acse_timeout = ae.dimse_timeout = 20
    association = ae.associate("127.0.0.1", port, ae_title="GECIT")
    if not association.is_established:
        return None, []
    status, answers = None, []
    try:
        for given, found in association.send_c_find(identifier, model):
            status = given.Status if given else None
            if found is not None:
                answers.append(found)
    finally:
        if association.is_established:
            association.release()
    return status, answers


def picture(uid: str, **changes: object) -> Dataset:
    """Return a secondary capture of four pixels, the only one of its study, encoded in UTF-8."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID, made.SOPInstanceUID = SecondaryCaptureImageStorage, f"{uid}.1.1"
    made.StudyInstanceUID, made.SeriesInstanceUID = uid, f"{uid}.1"
    made.PatientID, made.PatientName, made.AccessionNumber, made.Modality = "10000000146", "ŞIĞÖÇÜİ^Ilgıt", "", "CT"
    made.StudyDate, made.StudyTime, made.StudyDescription = "20260302", "101500", "Beyin BT"
    made.Rows = made.Columns = 2
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated = made.BitsStored = 8
    made.HighBit, made.PixelData = 7, b"\0\1\2\3"
    made.ConversionType = "WSD"
    for name, value in changes.items():
        setattr(made, name, value)
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return made


def store(port: int, instance: Dataset, aet: str, source: str = "") -> int | None:
    """Send one instance with pynetdicom, from an address of loopback; its status, None where it was aborted."""
    ae = AE(ae_title=aet)
    ae.add_requested_context(instance.SOPClassUID, ExplicitVRLittleEndian)
    ae.connection_timeout = ae.acse_timeout = ae.dimse_timeout = 20
    association = ae.associate("127.0.0.1", port, ae_title="GECIT", bind_address=(source, 0) if source else None)
    if not association.is_established:
        return None
    try:
        return association.send_c_store(instance).get("Status")
    finally:
        association.release()
