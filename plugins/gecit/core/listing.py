"""By what an exam is found in the list: its place, the rules that keep it back, the devices that made its pictures."""

from __future__ import annotations

from datetime import UTC, datetime

from .dates import order_date
from .exam import Exam, LinkedStudy
from .facts import SeriesFacts
from .search import Device
from .verdict import DECIDES, Outcome, Status

UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
"""Of an exam of which only a report is known that waits for the registry: it stands last."""


def listed_at(exam: Exam) -> datetime:
    """Return the instant by which the exam is listed: that of its order, else of what first came without one.

    It hangs on order, reports and studies alone, so that a verdict moves nothing.
    """
    ordered = order_date(exam)
    if ordered is not None:
        return ordered
    came = [one.received_at for one in exam.reports] + [one.linked_at for one in exam.studies]
    return min(came, default=UNDATED)


def keeping_back(exam: Exam) -> dict[str, Status]:
    """Return the rules for which the exam may not be billed yet (design 7.1), with what each says."""
    if exam.verdict is None or exam.verdict.outcome is Outcome.SUBMIT:  # nearly every exam, and asked of each
        return {}
    return {one.rule: one.status for one in exam.verdict.findings if (one.status, one.effect) in DECIDES}


def devices(exam: Exam) -> tuple[Device, ...]:
    """Return the devices that made the exam's pictures, each once, by name."""
    found: dict[str, Device] = {}
    dosed = {one for study in exam.studies for one in _dosed(study)}
    any_dose = any(study.facts.dose_reports for study in exam.studies)
    for study in exam.studies:
        for series in study.facts.series:
            if series.images:
                name = _name(series, study)
                label = f"{series.manufacturer} {series.model}".strip()
                dose = name in dosed if dosed else any_dose  # a report that names no device counts for all
                found.setdefault(name, Device(name=name, modality=series.modality, label=label, dose=dose))
    return tuple(found[name] for name in sorted(found))


def _name(series: SeriesFacts, study: LinkedStudy) -> str:
    return series.device_serial or series.station or study.facts.calling_aet or "?"


def _dosed(study: LinkedStudy) -> list[str]:
    return [one.device_serial for one in study.facts.dose_reports if one.device_serial]
