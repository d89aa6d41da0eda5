"""Dose quantities: what Geçit keeps of a dose report, and how several reports of one examination are read together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from .facts import DoseReport, DoseValue

# PS3.16 CID 10011/10012/10013 and TID 10002..10014: DCM code -> (our name, is a total of the whole report)
QUANTITIES: dict[str, tuple[str, bool]] = {
    "113813": ("DLPTotal", True),  # TID 10012 CT Dose Length Product Total
    "113830": ("CTDIvol", False),  # TID 10013 Mean CTDIvol
    "113838": ("DLP", False),  # TID 10013
    "111637": ("AccumulatedAverageGlandularDose", True),  # TID 10005, once per breast
    "111631": ("AverageGlandularDose", False),  # TID 10003
    "113722": ("DoseAreaProductTotal", True),  # TID 10007
    "113725": ("DoseRPTotal", True),  # TID 10007
}

KINDS: dict[str, frozenset[str]] = {
    "113813": frozenset({"CT"}),
    "113830": frozenset({"CT"}),
    "113838": frozenset({"CT"}),
    "111637": frozenset({"MG"}),
    "111631": frozenset({"MG"}),
}
"""Which modality a quantity can only come from."""

UNITS = {"mGycm": "mGy.cm", "mGy*cm": "mGy.cm", "Gym2": "Gy.m2", "Gy*m2": "Gy.m2", "dGy*m2": "dGy.m2"}
"""What devices write -> the UCUM code that it means."""


def unit_of(code: str) -> str:
    """Return the UCUM code of a unit as a device wrote it."""
    return UNITS.get(code.strip(), code.strip())


def kinds(reports: Iterable[DoseReport]) -> frozenset[str]:
    """Return the modalities that the quantities of the reports give away; empty where they do not tell."""
    codes = {value.code for report in reports for value in report.values}
    return frozenset().union(*(KINDS.get(code, frozenset()) for code in codes))


def combine(reports: Sequence[DoseReport]) -> tuple[DoseValue, ...]:
    """Return what several reports say together, each irradiation event once.

    Siemens writes cumulative reports (1, then 2, then 3 events) and may continue in further ones. Reports whose events
    all stand in another one are dropped with their totals; of equal ones the last counts.
    Where the rest share no event, their totals add up; where they overlap, the DLP total is summed from the events
    and other totals are left out, since they cannot be told apart.
    """
    kept = _not_contained(reports)
    events = {
        (one.event_uid, one.code, one.laterality): one for report in kept for one in report.values if one.event_uid
    }
    seen = [uid for report in kept for uid in report.irradiation_events]
    totals = _added(kept) if len(seen) == len(set(seen)) else _dlp_of(events.values())
    loose = _loose(kept)
    return (*totals, *loose, *events.values())


def _not_contained(reports: Sequence[DoseReport]) -> list[DoseReport]:
    kept: list[DoseReport] = []
    for number, report in enumerate(reports):
        mine = set(report.irradiation_events)
        later = [set(one.irradiation_events) for one in reports[number + 1 :]]
        earlier = [set(one.irradiation_events) for one in reports[:number]]
        if not mine or not (any(mine <= one for one in later) or any(mine < one for one in earlier)):
            kept.append(report)
    return kept


def _added(reports: Iterable[DoseReport]) -> list[DoseValue]:
    sums: dict[tuple[str, str, str, str], float] = defaultdict(float)
    for value in (one for report in reports for one in report.values if not one.event_uid):
        if QUANTITIES[value.code][1]:
            sums[value.code, value.name, value.unit, value.laterality] += value.value
    return [
        DoseValue(code=code, name=name, value=round(total, 6), unit=unit, laterality=laterality)
        for (code, name, unit, laterality), total in sums.items()
    ]


def _dlp_of(events: Iterable[DoseValue]) -> list[DoseValue]:
    found = [one for one in events if one.code == "113838" and one.unit == "mGy.cm"]
    total = round(sum(one.value for one in found), 6)
    return [DoseValue(code="113813", name="DLPTotal", value=total, unit="mGy.cm")] if found else []


def _loose(reports: Iterable[DoseReport]) -> list[DoseValue]:
    values = [one for report in reports for one in report.values if not one.event_uid]
    return [one for one in values if not QUANTITIES[one.code][1]]
