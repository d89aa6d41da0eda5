"""Samples for peer review: drawn at random within strata, and the same again from seed, strata and the same exams.

Chance is a digest: every candidate of a stratum is ranked by SHA-256 of seed, stratum and exam, and the first ones are
taken. So a sample hangs on no engine, no order of rows and no version of Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from .exam import Exam
from .exam_kinds import Kind, kind_of
from .order import ExamKey
from .peer_review import Per, Shortage, Stratum
from .ratings import ratings_of
from .report import FINAL
from .values import Value
from .verdict import Status


class Candidate(Value):
    """A signed report that may be drawn."""

    exam: ExamKey
    version: int
    signed_at: datetime
    modality: str = ""
    kind: str = ""
    radiologist: str = ""  # account of who approved, else the TCKN
    people: tuple[str, ...] = ()  # accounts and TCKNs of all who signed any version
    failed: tuple[str, ...] = ()  # rules
    critical: bool = False
    lowest: int = 0  # rating; 0 = nobody rated it


class Taken(Value):
    """A candidate that was drawn."""

    candidate: Candidate
    stratum: str
    reviewer: str


def candidate_of(exam: Exam, kinds: Sequence[Kind]) -> Candidate | None:
    """Return the exam as a candidate; None where it has no final report in force or no pictures."""
    number = exam.standing.report
    received = exam.reports[number - 1] if number else None
    if received is None or exam.cancelled or not exam.images:
        return None
    if received.report.status not in FINAL:
        return None
    signed = received.signature
    first = received.report.radiologists[0].identifier if received.report.radiologists else ""
    return Candidate(
        exam=exam.key,
        version=number,
        signed_at=received.received_at,
        modality=exam.modality,
        kind=kind_of(kinds, exam.modality, exam.order.procedures if exam.order else ()).id if kinds else "",
        radiologist=signed.by if signed else first,
        people=_people(exam),
        failed=tuple(one.rule for one in exam.verdict.findings if one.status is Status.FAILED) if exam.verdict else (),
        critical=exam.critical is not None and exam.critical.stands,
        lowest=min((one.score for one in ratings_of(exam)), default=0),
    )


def _people(exam: Exam) -> tuple[str, ...]:
    signatures = [one.signature for one in exam.reports if one.signature]
    accounts = {name for one in signatures for name in (one.by, one.second)}
    numbers = {one.identifier for some in exam.reports for one in some.report.radiologists}
    return tuple(sorted((accounts | numbers) - {""}))


def fits(one: Candidate, stratum: Stratum) -> bool:
    """Whether a candidate is of a stratum."""
    named = (
        (stratum.institutions, (one.exam.institution,)),
        (stratum.modalities, (one.modality,)),
        (stratum.kinds, (one.kind,)),
        (stratum.radiologists, one.people),
        (stratum.rules, (*one.failed, "*") if one.failed else ()),
    )
    if any(wanted and not set(wanted).intersection(has) for wanted, has in named):
        return False
    if stratum.rated_at_most and not 0 < one.lowest <= stratum.rated_at_most:
        return False
    return one.critical or not stratum.critical


def rank(seed: str, stratum: str, exam: ExamKey) -> str:
    """Return the place of an exam in a stratum, as hex: low ones are drawn first."""
    return sha256("\0".join((seed, stratum, exam.institution, exam.accession)).encode()).hexdigest()


def draw(
    candidates: Iterable[Candidate],
    strata: Sequence[Stratum],
    seed: str,
    gone: frozenset[ExamKey],
    reviewers: Mapping[str, str],
) -> tuple[tuple[Taken, ...], tuple[Shortage, ...]]:
    """Draw a sample, stratum after stratum; an exam is drawn once, and none of `gone`.

    `reviewers`: account -> TCKN. Each exam goes to the one who has fewest and did not sign it; whom nobody can review
    is not drawn.
    """
    pool = [one for one in candidates if one.exam not in gone]
    load = dict.fromkeys(sorted(reviewers), 0)
    taken: dict[ExamKey, Taken] = {}
    short: list[Shortage] = []
    for stratum in strata:
        for group, members in sorted(_groups(pool, stratum).items()):
            count = 0
            for one in sorted(members, key=lambda each: rank(seed, stratum.id, each.exam)):
                if count == stratum.size:
                    break
                if one.exam in taken or not (reviewer := _reviewer(one, reviewers, load, seed)):
                    continue
                load[reviewer] += 1
                taken[one.exam] = Taken(candidate=one, stratum=stratum.id, reviewer=reviewer)
                count += 1
            if count < stratum.size:
                short.append(Shortage(stratum=stratum.id, of=group, wanted=stratum.size, found=count))
    return tuple(taken.values()), tuple(short)


def _reviewer(one: Candidate, reviewers: Mapping[str, str], load: Mapping[str, int], seed: str) -> str:
    able = [name for name in load if name not in one.people and not (reviewers[name] and reviewers[name] in one.people)]
    return min(able, key=lambda name: (load[name], rank(seed, name, one.exam)), default="")


def _groups(pool: Iterable[Candidate], stratum: Stratum) -> dict[str, list[Candidate]]:
    found: dict[str, list[Candidate]] = {} if stratum.per else {"": []}
    for one in pool:
        if fits(one, stratum):
            found.setdefault(_GROUP[stratum.per](one), []).append(one)
    return found


_GROUP: dict[Per, Callable[[Candidate], str]] = {
    Per.ALL: lambda one: "",
    Per.INSTITUTION: lambda one: one.exam.institution,
    Per.MODALITY: lambda one: one.modality,
    Per.KIND: lambda one: one.kind,
    Per.RADIOLOGIST: lambda one: one.radiologist,
}
