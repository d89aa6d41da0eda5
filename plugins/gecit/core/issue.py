"""A version of a report as it is issued: what its documents show, and what they take the place of."""

from __future__ import annotations

from .exam import Exam, ReceivedReport
from .key_images import KeyImage
from .order import Person
from .report import ReportStatus
from .values import Value
from .versions import Effect, Standing, versions_of


class Issue(Value):
    """What the documents of one version hold; `number` counts accepted versions from 1."""

    number: int
    effect: Effect
    own: ReceivedReport  # the version itself: it names and dates the documents
    report: ReceivedReport | None  # in force with this version; None = an addendum that waits for its report
    addenda: tuple[ReceivedReport, ...] = ()
    predecessor: int = 0  # the version that was issued before this one; 0 = none
    replaced: tuple[ReceivedReport, ...] = ()  # what this one took the place of: a report and its addenda

    @property
    def final(self) -> bool:
        """Whether what it shows was approved: nothing of it is preliminary."""
        return self.report is None or self.report.report.status is not ReportStatus.PRELIMINARY


def issued(exam: Exam) -> tuple[int, ...]:
    """Return the numbers of the versions that came into force when they were accepted: those that have documents."""
    return tuple(number for number in range(1, len(exam.reports) + 1) if number in _standing(exam, number).numbers)


def issue(exam: Exam, number: int) -> Issue | None:
    """Return a version as it was issued; None where there is none, or where it never came into force.

    Only what was accepted up to it is looked at, so that what comes later changes no document.
    """
    numbers = issued(exam)
    if number not in numbers:
        return None
    at = exam.reports[:number]
    standing, before = _standing(exam, number), _standing(exam, number - 1)
    effect = next(one.effect for one in versions_of(at) if one.number == number)
    gone = [one for one in before.numbers if one not in standing.numbers]
    return Issue(
        number=number,
        effect=effect,
        own=at[-1],
        report=at[standing.report - 1] if standing.report else None,
        addenda=tuple(at[one - 1] for one in standing.addenda),
        predecessor=max((one for one in numbers if one < number), default=0),
        replaced=tuple(at[one - 1] for one in gone),
    )


def shown(version: Issue) -> tuple[ReceivedReport, ...]:
    """Return what its documents show: the report in force, and its addenda in the order of sending."""
    return ((version.report,) if version.report else ()) + version.addenda


def key_images(version: Issue, study_instance_uid: str = "") -> tuple[KeyImage, ...]:
    """Return the key images of what its documents show, each once; of one study, or of all."""
    found = {one.place: one for report in shown(version) for one in report.report.key_images}
    return tuple(one for one in found.values() if study_instance_uid in ("", one.study))


def signers(received: ReceivedReport) -> tuple[Person, ...]:
    """Return who signed, the approving one first; a name that was not sent is the registry's, if that knows it."""
    names = {one.identifier: one.name for one in received.registry}
    return tuple(
        one if one.family or one.given else Person(identifier=one.identifier, family=names.get(one.identifier, ""))
        for one in received.report.radiologists
    )


def _standing(exam: Exam, number: int) -> Standing:
    found = versions_of(exam.reports[:number])
    return found[-1].after if found else Standing()
