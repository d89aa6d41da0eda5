"""A profile: which field of an HBYS's HL7 carries which fact. Layouts are data: `rules/profiles/*.toml`."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import field

from .order import Control
from .remarks import Severity
from .report import ReportPart, ReportStatus
from .values import Text, Value

Subject = Literal["message", "order", "report", "encounter"]
FACTS: dict[str, str] = {
    # fact -> the HL7 v2.3.1 field of the Ministry's layout, for the loader's complaint
    "accession": "ORC-2",
    "institution": "ORC-21",
    "control": "ORC-1",
    "tckn": "PID-4",
    "file_number": "PID-3",
    "family": "PID-5.1",
    "given": "PID-5.2",
    "birth_date": "PID-7",
    "sex": "PID-8",
    "sut": "OBR-4.1",
    "sut_name": "OBR-4.2",
    "loinc": "OBR-4.4",
    "loinc_name": "OBR-4.5",
    "ordered_at": "OBR-6",
    "scheduled_at": "OBR-36",
    "modality": "OBR-24",
    "physician": "ORC-12",
    "department": "ORC-17",
    "admission": "PV1-19",
    "tracking_number": "OBR-20",
    "reference": "OBR-21",
    "performing_institution": "OBR-15",
    "clinical_information": "OBR-13",
    "repeat_reason": "OBR-31",
    "diagnoses": "DG1-3",
    "patient_class": "PV1-2",
    "priority": "OBR-27.6",
    "approved_at": "OBR-7",
    "radiologists": "OBX-16",
    "ratings": "OBX-13",
    "contrast": "OBX-17",
    "facility": "PV1-39",
    "attending": "PV1-7",
    "family_doctor": "PD1-4",
    "told_at": "EVN-2",
    "happened_at": "EVN-6",
    "discharged_at": "PV1-45",
}
OF_ENCOUNTERS = ("facility", "attending", "family_doctor", "told_at", "happened_at", "discharged_at")
"""Facts of ADT; a layout that says nothing of one has it where HL7 has it."""

_PATH = re.compile(
    r"(?P<segment>[A-Z][A-Z0-9]{2})-(?P<field>\d{1,3})"
    r"(?:\[(?P<filter_component>\d{1,2})(?:\.(?P<filter_sub>\d{1,2}))?=(?P<filter_value>[^\]]*)\])?"
    r"(?:\.(?P<component>\d{1,2})(?:\.(?P<sub>\d{1,2}))?)?"
    r"(?:/(?P<inner>\d{1,2}))?"
)


class Source(Value):
    """One place of a fact, written `SEG-field[component.sub=value].component.sub/inner`.

    The filter in brackets picks the repetition whose component has that value (empty = absent). `inner` cuts the
    unescaped value once more at the component separator, for senders that escape carets inside a component.
    """

    segment: str
    field: int
    component: int = 1
    sub: int = 1
    inner: int = 0  # 0 = the whole value
    filter_component: int = 0  # 0 = no filter
    filter_sub: int = 1
    filter_value: str = ""
    path: str = ""  # as written

    @classmethod
    def parse(cls, path: str) -> Source:
        """Read a path; ValueError where it is none."""
        match = _PATH.fullmatch(path)
        if not match:
            raise ValueError(f"{path!r} is no path such as PID-3[5=TC].1")
        numbers = ("field", "component", "sub", "inner", "filter_component", "filter_sub")
        found = {name: int(match[name]) for name in numbers if match[name]}
        return cls(segment=match["segment"], filter_value=match["filter_value"] or "", path=path, **found)


class Profile(Value):
    """A layout: facts with their places in order of preference, and what is accepted."""

    id: str
    title: Text
    versions: tuple[str, ...]  # MSH-12.1
    facts: dict[str, tuple[Source, ...]]
    processing_ids: tuple[str, ...] = ("P", "")  # MSH-11.1
    character_set: str = ""  # agreed for all senders of this profile; an institution's own agreement comes first
    patterns: dict[str, str] = field(
        default_factory=dict
    )  # fact -> regular expression; a value that does not match whole is passed over
    controls: dict[str, Control] = field(default_factory=lambda: {one.value: one for one in Control})  # ORC-1
    statuses: dict[str, ReportStatus] = field(  # OBX-11, HL7 table 0085; `B` = addendum is our default (decision 0016)
        default_factory=lambda: {one.value: one for one in ReportStatus}
    )
    formats: tuple[str, ...] = ("TXT", "HTML")  # OBX-3.1
    critical_flag: str = "AA"  # OBX-8 of a report with a critical finding, HL7 table 0078; "" = none is written
    required_parts: tuple[ReportPart, ...] = (ReportPart.FINDINGS, ReportPart.CONCLUSION)
    addendum_parts: tuple[ReportPart, ...] = ()  # required of an addendum; it needs one part whatever stands here
    findings_min: int = 50  # of a report, not of an addendum: characters of text, mark-up not counted
    severities: dict[str, Severity] = field(
        default_factory=dict
    )  # remark code -> the severity that this profile gives it

    def sources(self, fact: str) -> tuple[Source, ...]:
        """Return the places of a fact; none where the layout does not carry it."""
        return self.facts.get(fact, ())
