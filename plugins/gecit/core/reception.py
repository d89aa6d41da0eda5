"""Reception rules: what a site may refuse at C-STORE. None is on by default: a rule costs a patient an image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from .values import Text, Value, local


class Received(Value):
    """An instance at the door: its identifiers as text, trimmed, by keyword, and when it came."""

    attributes: dict[str, str]
    at: datetime
    accession_known: bool | None = None  # whether the sender's institution ordered it; None = not asked
    study_of_others: bool | None = None  # whether its study stands here, and is none of the sender's institution's


class ReceptionRule(Value):
    """One rule: the status that its sender reads (PS3.4 B.2.3, failures only) and what it says."""

    id: str
    status: int
    title: Text


def _missing(keyword: str) -> Callable[[Received], bool]:
    return lambda one: not one.attributes.get(keyword, "")


def _in_future(one: Received) -> bool:
    """Whether the study's day is later than tomorrow, which no clock of a modality excuses."""
    day = one.attributes.get("StudyDate", "")
    return len(day) == 8 and day.isdigit() and day > f"{local(one.at) + timedelta(days=1):%Y%m%d}"


def _unknown(one: Received) -> bool:
    return bool(one.attributes.get("AccessionNumber", "")) and one.accession_known is False


def _of_others(one: Received) -> bool:
    return one.study_of_others is True


CHECKS: Mapping[str, Callable[[Received], bool]] = {
    "accession-missing": _missing("AccessionNumber"),
    "patient-id-missing": _missing("PatientID"),
    "accession-unknown": _unknown,
    "study-date-in-future": _in_future,
    "study-of-others": _of_others,
}
RULES: Mapping[str, ReceptionRule] = {
    one.id: one
    for one in (
        ReceptionRule(
            id="accession-missing",
            status=0xC101,
            title=Text(tr="Erişim numarası (0008,0050) boş", en="Accession Number (0008,0050) is empty"),
        ),
        ReceptionRule(
            id="patient-id-missing",
            status=0xC102,
            title=Text(tr="Hasta kimliği (0010,0020) boş", en="Patient ID (0010,0020) is empty"),
        ),
        ReceptionRule(
            id="accession-unknown",
            status=0xC103,
            title=Text(
                tr="Bu erişim numarasıyla kurumun bir istemi yok",
                en="The institution has no order with this accession number",
            ),
        ),
        ReceptionRule(
            id="study-date-in-future",
            status=0xC104,
            title=Text(tr="Çalışma tarihi (0008,0020) gelecekte", en="Study Date (0008,0020) lies in the future"),
        ),
        ReceptionRule(
            id="study-of-others",
            status=0xC105,
            title=Text(
                tr="Bu Study Instance UID (0020,000D) başka bir kurumun çalışmasıdır",
                en="This Study Instance UID (0020,000D) is a study of another institution",
            ),
        ),
    )
}


def broken(rules: tuple[str, ...], received: Received) -> ReceptionRule | None:
    """Return the first of the rules that an instance breaks."""
    return next((RULES[name] for name in rules if CHECKS[name](received)), None)
