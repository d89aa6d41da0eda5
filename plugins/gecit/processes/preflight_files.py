"""Files that an integrator hands over, read one by one: messages, instances, and what is neither."""

from __future__ import annotations

from pathlib import Path

from ..core.codes_of_remarks import CATALOGUE, remark
from ..core.profile import Profile
from ..core.values import Value
from ..edges import hl7_profile, hl7_reader, hl7_structure, sent_files
from ..edges.dicom_files import DicomFiles, NotReadError
from ..edges.mllp_framer import Fault


class Unused(Value):
    """A file, or a part of one, that is nothing Geçit takes."""

    file: str
    text: str
    broken: bool = False  # it claims to be DICOM or HL7, or cannot be opened


class Sent(Value):
    """A message as it stands in a file."""

    file: str
    number: int
    data: bytes
    message: str  # type
    sent_at: str  # MSH-7
    reading: hl7_profile.Reading
    structure: tuple[str, ...]  # hl7apy's own words


class Files:
    """Reads files one by one and keeps what they hold."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self.sent: list[Sent] = []
        self.dicom = DicomFiles()
        self.unused: list[Unused] = []

    def add(self, path: Path, *, named: bool = False) -> None:
        """Take in one file; `named`: the caller asked for this very file, so it should be something."""
        try:
            match sent_files.kind_of(path):
                case "dicom":
                    self.dicom.add(path)
                case "hl7":
                    self._messages(path)
                case _:
                    unknown = "ne HL7 ne DICOM; bakılmadı / neither HL7 nor DICOM; not looked at"
                    self.unused.append(Unused(file=str(path), text=unknown, broken=named))
        except NotReadError as fault:
            self.unused.append(Unused(file=str(path), text=str(fault), broken="DICOMDIR" not in str(fault)))
        except OSError as fault:
            reason = f"açılamadı / cannot be opened: {fault.strerror}"
            self.unused.append(Unused(file=str(path), text=reason, broken=True))

    def _messages(self, path: Path) -> None:
        if path.stat().st_size > sent_files.MAX_BYTES:
            self.unused.append(Unused(file=str(path), text="çok büyük / too large", broken=True))
            return
        found = sent_files.messages_in(path.read_bytes())
        for number, one in enumerate((one for one in found if isinstance(one, bytes)), start=1):
            self._message(path, number, one)
        for fault in (one for one in found if isinstance(one, Fault)):
            self.unused.append(Unused(file=str(path), text=_told(fault), broken=fault.kind != "garbage"))

    def _message(self, path: Path, number: int, data: bytes) -> None:
        message = hl7_reader.parse(data, agreed=self._profile.character_set)
        reading = hl7_profile.read(message, self._profile)
        self.sent.append(
            Sent(
                file=str(path),
                number=number,
                data=data,
                message=reading.type,
                sent_at=message.get("MSH", 7),
                reading=reading,
                structure=tuple(hl7_structure.complaints(data)),  # slow, and the progress counts files
            )
        )


def _told(fault: Fault) -> str:
    """Say of a bad frame what its ACK would say, by the same catalogue."""
    size = f"({fault.size} bayt / bytes)"
    if fault.kind not in CATALOGUE:
        return f"MLLP: {fault.kind} {size}"
    text, mender = remark(fault.kind, limit=sent_files.MAX_BYTES).text, CATALOGUE[fault.kind].mender
    return f"MLLP {fault.kind}: {text.tr} / {text.en} {size}; kim / who: {mender.who}"
