"""What documents of a report say of themselves: what they are, and what they take the place of."""

from __future__ import annotations

from datetime import datetime

from ..core.exam import ReceivedReport
from ..core.issue import Issue
from ..core.report import ROUTES, Contrast, ReportStatus
from ..core.values import local
from ..core.versions import Effect

STATUS: dict[ReportStatus, str] = {
    ReportStatus.PRELIMINARY: "Ön rapor",
    ReportStatus.FINAL: "Kesin rapor",
    ReportStatus.CORRECTED: "Düzeltilmiş rapor",
    ReportStatus.ADDENDUM: "Ek rapor",
}
_OF: dict[ReportStatus, str] = {  # the same in the genitive
    ReportStatus.PRELIMINARY: "ön raporun",
    ReportStatus.FINAL: "kesin raporun",
    ReportStatus.CORRECTED: "düzeltilmiş raporun",
    ReportStatus.ADDENDUM: "ek raporun",
}

_TO: dict[ReportStatus, str] = {  # and in the dative
    ReportStatus.PRELIMINARY: "ön rapora",
    ReportStatus.FINAL: "kesin rapora",
    ReportStatus.CORRECTED: "düzeltilmiş rapora",
}


def written_at(received: ReceivedReport) -> datetime:
    """When the report was approved, else sent, else received."""
    return received.report.approved_at or received.report.message_at or received.received_at


def moment(instant: datetime | None) -> str:
    """Write an instant as it is read in Turkey; nothing for None."""
    return f"{local(instant):%d.%m.%Y %H:%M}" if instant else ""


def title(version: Issue) -> str:
    """What a viewer's list shows."""
    return f"Radyoloji raporu ({STATUS[version.own.report.status].lower()})"


def _shown(version: Issue) -> list[ReceivedReport]:
    return [*([version.report] if version.report else []), *version.addenda]


def notes_of(version: Issue) -> list[str]:
    """What a reader must know before reading; nothing for a first and final report."""
    found = [f"KRİTİK BULGU: {one.report.critical}" for one in _shown(version) if one.report.critical]
    if not version.final:
        found.append("Bu bir ön rapordur; radyolog onayı tamamlanmamıştır, kesin rapor bulguları değiştirebilir.")
    if version.replaced:
        of = " ve ".join(f"{moment(written_at(one))} tarihli {_OF[one.report.status]}" for one in version.replaced)
        found.append(f"Bu rapor, {of} yerine geçer.")
    if version.effect is Effect.ADDS and version.report:
        base = version.report
        to = _TO[base.report.status]
        found.append(
            f"Bu ek, aşağıda yinelenen {moment(written_at(base))} tarihli {to} eklenmiştir; ek metni sondadır."
        )
    if version.report is None:
        found.append("Bu ekin eklendiği rapor henüz alınmamıştır.")
    return found


def contrast_text(one: Contrast) -> str:
    """Write a contrast medium as it is read: agent, concentration, route."""
    route = f"{ROUTES[one.route].tr} ({one.route})" if one.route in ROUTES else ""
    return ", ".join(filter(None, (one.agent, one.concentration, route)))
