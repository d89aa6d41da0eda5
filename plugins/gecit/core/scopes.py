"""Whether a scope names an exam: scopes prepared once, and each fact that they ask of an exam looked up once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from .dates import DATED_BY
from .exam import Exam
from .rulebook import Scope
from .values import local

DEFAULT_OWNERSHIP = "public"
"""An institution whose ownership nobody recorded counts as this; "cannot tell" would hold its exams for ever."""

_ANY_TIME = datetime.max.replace(tzinfo=UTC)  # no scope asks for a date

Inside = bool | None
"""Whether an exam is meant; None while what decides it is not known."""


class Moments(dict[str, float | None]):
    """An exam's dates by the names of `dates.DATED_BY`, as seconds since 1970, which compare across zones."""

    def __init__(self, exam: Exam, now: datetime, valid_at: datetime | None) -> None:
        super().__init__()
        self._exam = exam
        self._now = now
        self._valid_at = valid_at

    def __missing__(self, dated_by: str) -> float | None:
        date = self.date(dated_by)
        self[dated_by] = moment = None if date is None else date.timestamp()
        return moment

    def date(self, dated_by: str) -> datetime | None:
        """Return the date itself; None while it is not known."""
        date = self._valid_at or DATED_BY[dated_by].read(self._exam, self._now)
        return local(date) if date and date.tzinfo is None else date


class Subject:
    """An exam as it is being judged; its dates and what scopes ask of it are found at the first asking and kept.

    `valid_at` stands in for every one of its dates.
    """

    __slots__ = ("_devices", "_imaged", "_suts", "exam", "modality", "moments")

    def __init__(self, exam: Exam, now: datetime, valid_at: datetime | None = None) -> None:
        self.exam = exam
        self.modality = exam.modality
        self.moments = Moments(exam, now, valid_at)
        self._imaged: frozenset[str] | None = None
        self._devices: frozenset[str] | None = None
        self._suts: tuple[str, ...] | None = None

    @property
    def imaged(self) -> frozenset[str]:
        """The modalities of its pictures."""
        if self._imaged is None:
            series = [one for study in self.exam.studies for one in study.facts.series]
            self._imaged = frozenset([one.modality for one in series if one.images])
        return self._imaged

    @property
    def devices(self) -> frozenset[str]:
        """The serial numbers of the devices that made its pictures; empty text = a device that does not say."""
        if self._devices is None:
            series = [one for study in self.exam.studies for one in study.facts.series]
            self._devices = frozenset([one.device_serial for one in series if one.images])
        return self._devices

    @property
    def suts(self) -> tuple[str, ...]:
        """The SUT code of each procedure as ordered, else as reported; empty text = a procedure without one."""
        if self._suts is None:
            exam = self.exam
            procedures = exam.order.procedures if exam.order else exam.report.report.procedures if exam.report else ()
            self._suts = tuple([one.sut for one in procedures])
        return self._suts


Part = Callable[[Subject], Inside]


def prepare_scope(scope: Scope) -> Part | None:
    """Return a scope as judging asks it: only what it limits is looked at; None where it limits nothing."""
    parts = tuple(make(scope) for name, make in _PARTS.items() if getattr(scope, name))
    if len(parts) < 2:
        return parts[0] if parts else None

    def holds(subject: Subject) -> Inside:
        """One "no" decides; without one, what is not known does."""
        inside: Inside = True
        for part in parts:
            said = part(subject)
            if said is False:
                return False
            if said is None:
                inside = None
        return inside

    return holds


def in_scope(scope: Scope, exam: Exam) -> Inside:
    """Whether the exam is meant; None while its modality or SUT code, where the scope asks for them, is not known.

    An institution without recorded ownership counts as `DEFAULT_OWNERSHIP`.
    """
    holds = prepare_scope(scope)
    return True if holds is None else holds(Subject(exam, _ANY_TIME))


def _modality(scope: Scope) -> Part:
    wanted = frozenset(scope.modality)

    def asked(subject: Subject) -> Inside:
        declared = subject.modality
        if declared in wanted or not wanted.isdisjoint(subject.imaged):
            return True
        return False if declared or subject.imaged else None

    return asked


def _not_modality(scope: Scope) -> Part:
    unwanted = frozenset(scope.not_modality)

    def asked(subject: Subject) -> Inside:
        declared = subject.modality
        return declared not in unwanted if declared else unwanted.isdisjoint(subject.imaged)

    return asked


def _institution(scope: Scope) -> Part:
    wanted = frozenset(scope.institution)
    return lambda subject: subject.exam.key.institution in wanted


def _not_institution(scope: Scope) -> Part:
    unwanted = frozenset(scope.not_institution)
    return lambda subject: subject.exam.key.institution not in unwanted


def _ownership(scope: Scope) -> Part:
    wanted = frozenset(scope.ownership)
    return lambda subject: (subject.exam.background.ownership or DEFAULT_OWNERSHIP) in wanted


def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    exact = frozenset(one for one in patterns if not one.endswith("*"))
    prefixes = tuple(one.removesuffix("*") for one in patterns if one.endswith("*"))
    return lambda sut: bool(sut) and (sut in exact or sut.startswith(prefixes))


def _sut(scope: Scope) -> Part:
    matches = _matcher(scope.sut)

    def asked(subject: Subject) -> Inside:
        suts = subject.suts
        return True if any(map(matches, suts)) else False if any(suts) else None

    return asked


def _not_sut(scope: Scope) -> Part:
    matches = _matcher(scope.not_sut)
    return lambda subject: not (subject.suts and all(map(matches, subject.suts)))


def _device_serial(scope: Scope) -> Part:
    """One device that is not listed breaks it."""
    wanted = frozenset(scope.device_serial)
    return lambda subject: bool(subject.devices) and subject.devices <= wanted


# Every key of a scope; the cheap ones first.
_PARTS: dict[str, Callable[[Scope], Part]] = {
    "institution": _institution,
    "not_institution": _not_institution,
    "ownership": _ownership,
    "not_modality": _not_modality,
    "modality": _modality,
    "sut": _sut,
    "not_sut": _not_sut,
    "device_serial": _device_serial,
}
