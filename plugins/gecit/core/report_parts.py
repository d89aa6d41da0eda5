"""What a report must hold by a profile: the same for one that came by HL7 and for a draft that is being written."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from .profile import Profile
from .report import ReportPart, ReportStatus
from .values import Value

NAMES: dict[ReportPart, tuple[str, str]] = {
    ReportPart.TECHNIQUE: ("Teknik", "technique"),
    ReportPart.COMPARISON: ("Karşılaştırma", "comparison"),
    ReportPart.FINDINGS: ("Bulgular", "findings"),
    ReportPart.CONCLUSION: ("Sonuç ve Öneriler", "conclusion"),
}


class PartFault(Value):
    """One thing that the parts lack; `code` is that of the remark (`codes_of_remarks`), `values` fill its sentence."""

    code: str
    values: dict[str, str | int] = msgspec.field(default_factory=dict)
    part: ReportPart | None = None


def part_faults(
    parts: Mapping[ReportPart, str], status: ReportStatus | None, profile: Profile, plain: Callable[[str], str]
) -> list[PartFault]:
    """Return what the parts lack; `plain` takes mark-up and doubled blanks out of a text before it is measured."""
    if status is ReportStatus.ADDENDUM:
        return _of_addendum(parts, profile)
    found = _required(parts, profile.required_parts)
    length = len(plain(parts.get(ReportPart.FINDINGS, "")))
    if ReportPart.FINDINGS in parts and length < profile.findings_min:
        values: dict[str, str | int] = {"found": length, "expected": profile.findings_min}
        found.append(PartFault(code="findings-too-short", values=values, part=ReportPart.FINDINGS))
    return found


def _of_addendum(parts: Mapping[ReportPart, str], profile: Profile) -> list[PartFault]:
    """An addendum need not say everything again, but something."""
    found = _required(parts, profile.addendum_parts)
    if not any(parts.values()) and not profile.addendum_parts:
        found.append(PartFault(code="addendum-empty"))
    return found


def _required(parts: Mapping[ReportPart, str], required: tuple[ReportPart, ...]) -> list[PartFault]:
    return [
        PartFault(
            code="report-part-missing",
            values={"part": one.value, "name_tr": NAMES[one][0], "name_en": NAMES[one][1]},
            part=one,
        )
        for one in required
        if one not in parts
    ]
