"""Facts of a study: what Geçit keeps of the images, so that judging never opens a DICOM file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from .values import Value

MAKER = "Geçit"
"""(0008,0070) of the documents that Geçit itself writes into a study."""


class StudyKey(Value, order=True):
    """Where a study is: the identity of the Orthanc index and Orthanc's own id of the study."""

    node: str
    orthanc_id: str

    def __str__(self) -> str:
        return f"{self.node}/{self.orthanc_id}"


class DoseValue(Value):
    """One dose quantity with the unit that stood in the report (UCUM: `mGy.cm`, `mGy`, `dGy.m2` ...)."""

    code: str  # DCM code value: 113813 DLP total, 113830 CTDIvol, 113838 DLP, 111637 glandular dose
    name: str  # CTDIvol, DLP, DLPTotal, AccumulatedAverageGlandularDose
    value: float
    unit: str
    event_uid: str = ""  # irradiation event UID; empty for totals
    laterality: str = ""  # MG: R, L or B


class DoseReport(Value):
    """A structured report whose root concept is 113701^DCM (PS3.16 TID 10001, TID 10011)."""

    sop_instance_uid: str
    values: tuple[DoseValue, ...] = ()
    irradiation_events: tuple[str, ...] = ()
    device_manufacturer: str = ""
    device_model: str = ""
    device_serial: str = ""


class SeriesDetails(Value):
    """What the headers of a series say of its pictures, as written: only hints rest on it, no verdict does.

    Read of every instance of a short series of projections, else of one that speaks for all.
    """

    looked_at: int  # instances
    sop_class: str = ""  # of the first
    lateralities: tuple[str, ...] = ()  # (0020,0062), else (0020,0060); each once, "" = one that names none
    views: tuple[str, ...] = ()  # (0018,5101), else the meaning of (0054,0220); likewise
    body_part: str = ""  # (0018,0015) of the first
    pixel_spacing: str = ""  # (0028,0030) of the first; "" = it has none
    imager_pixel_spacing: str = ""  # (0018,1164) of the first


class SeriesFacts(Value):
    """One series: modality, how many instances, and the device that made it."""

    series_instance_uid: str
    modality: str  # (0008,0060)
    instances: int
    images: int  # instances that are pictures: not SR, PR, KO, DOC ...
    manufacturer: str = ""
    model: str = ""
    device_serial: str = ""
    station: str = ""
    frames: int = 1  # of each picture, (0028,0008): an enhanced CT or MR has many slices in one instance
    details: SeriesDetails | None = None  # None = not read: no pictures, or recorded before these were

    @property
    def ours(self) -> bool:
        """Whether it is a report that Geçit itself attached: it tells nothing that Geçit does not know."""
        return self.manufacturer == MAKER and not self.images

    @property
    def slices(self) -> int:
        """How many slices its pictures hold."""
        return self.images * self.frames


def is_our_report(tags: Mapping[str, str]) -> bool:
    """Whether a series is a report that Geçit attached, or what it points at, by its main tags (by keyword)."""
    return tags.get("Manufacturer") == MAKER and tags.get("Modality") in ("DOC", "SR", "KO")


class StudyFacts(Value):
    """What is known of one study. Identifiers stand as sent, white space trimmed."""

    key: StudyKey
    study_instance_uid: str
    accession: str = ""  # (0008,0050)
    patient_id: str = ""  # (0010,0020)
    other_patient_ids: tuple[str, ...] = ()  # (0010,1000) and (0010,1002)
    patient_name: str = ""
    patient_birth_date: str = ""  # (0010,0030) YYYYMMDD
    patient_sex: str = ""  # (0010,0040)
    institution: str = ""  # SKRS code of who sent it, by AE title or by (0008,0080); empty = unknown
    institution_name: str = ""  # (0008,0080) as sent
    study_date: str = ""  # (0008,0020) YYYYMMDD
    study_time: str = ""
    description: str = ""
    character_set: str = ""  # (0008,0005) of the first instance; empty = undeclared
    calling_aet: str = ""
    series: tuple[SeriesFacts, ...] = ()
    dose_reports: tuple[DoseReport, ...] = ()
    unreadable: tuple[str, ...] = ()  # Orthanc ids of structured reports that could not be read
    aside: str = ""  # why Orthanc is not asked to read it: `set_aside.Reason`; the database alone was asked
    last_instance_at: datetime | None = None  # when the index last saw an instance arrive
    settled: bool = False  # nothing has arrived for the configured settle time

    @property
    def images(self) -> int:
        """How many pictures the study holds."""
        return sum(one.images for one in self.series)

    @property
    def slices(self) -> int:
        """How many slices its pictures hold; of a multi-frame instance, each frame."""
        return sum(one.slices for one in self.series)

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities of its pictures, each once, sorted."""
        return tuple(sorted({one.modality for one in self.series if one.images}))
