"""What stands beside an exam on its page: the exemptions that excuse it, duplicate queries, earlier exams."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Protocol, TypeVar

from gecit.core.background import Answering, Background, DuplicateQuery, EarlierExam
from gecit.core.duplicates import LEDGER
from gecit.core.exam import Exam
from gecit.core.rulebook import Rulebook
from gecit.core.values import Text, Value
from gecit.ports import Snapshot, Transaction

from .masking import mask

T = TypeVar("T")
KEPT = 4  # rulebooks in memory


class Evidence(Protocol):
    """What is asked of the ledger: queries with what was opened since, and rulebooks by their revision."""

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one consistent view."""
        ...

    def rulebook_named(self, revision: str) -> Snapshot | None:
        """Return a revision that was in force once."""
        ...

    def rulebook_at(self, known_at: datetime | None = None) -> Snapshot | None:
        """Return the revision in force, by default now."""
        ...


class ShownExemption(Value):
    """A window that excuses; only its id where no rulebook at hand has it."""

    id: str
    exemption: str = ""
    title: Text | None = None
    start: datetime | None = None
    last: datetime | None = None  # its whole minute is inside; None beside a `start` = until further notice
    published: date | None = None
    teletip_id: str = ""
    source: str = ""


class ShownEarlier(Value):
    """An earlier exam of the patient; `ours` = it has a page here."""

    institution: str
    institution_name: str
    accession: str
    ours: bool
    procedures: tuple[str, ...]
    ordered_at: datetime | None
    performed_at: datetime | None
    images: bool
    report: bool
    source: str


class ShownOpening(Value):
    """Something of an earlier exam that was opened; `what` is `report` or `images`."""

    institution: str
    accession: str
    what: str
    at: datetime


class ShownQuery(Value):
    """A duplicate query; `found` counts exams."""

    id: str
    at: datetime
    state: Answering
    sut: tuple[str, ...]
    found: int
    openings: tuple[ShownOpening, ...] = ()
    upstream: str = ""
    reason: str = ""


class ShownBeside(Value):
    """All of it."""

    exemptions: tuple[ShownExemption, ...] = ()
    queries: tuple[ShownQuery, ...] = ()
    earlier: tuple[ShownEarlier, ...] = ()
    uid_elsewhere: tuple[str, ...] = ()


class Beside:
    """Reads what stands beside an exam; without `evidence` there is what the exam itself holds."""

    def __init__(self, evidence: Evidence | None = None) -> None:
        self._evidence = evidence
        self._named = lru_cache(maxsize=KEPT)(self._read_named)

    def show(self, exam: Exam) -> ShownBeside:
        """Return what stands beside the exam as it was last judged, with what was opened since."""
        return ShownBeside(
            exemptions=self._exemptions(exam),
            queries=tuple(_query(one) for one in self._whole(exam.background.queries)),
            earlier=_earlier(exam.background),
            uid_elsewhere=exam.background.uid_elsewhere,
        )

    def _exemptions(self, exam: Exam) -> tuple[ShownExemption, ...]:
        if exam.verdict is None:
            return ()
        ids = dict.fromkeys(window for one in exam.verdict.findings for window in one.exemptions)
        known = _windows(self._named(exam.verdict.rulebook)) if ids else {}
        if ids.keys() - known.keys():
            known = {**_windows(self._in_force()), **known}
        return tuple(known.get(one) or ShownExemption(id=one) for one in ids)

    def _read_named(self, revision: str) -> Rulebook | None:
        return _book(self._evidence.rulebook_named(revision)) if self._evidence else None

    def _in_force(self) -> Rulebook | None:
        return _book(self._evidence.rulebook_at()) if self._evidence else None

    def _whole(self, queries: tuple[DuplicateQuery, ...]) -> list[DuplicateQuery]:
        """A background leaves out what a query found in our own ledger and what was opened: the evidence has it."""
        if self._evidence is None or not queries:
            return list(queries)
        return self._evidence.read(lambda tx: [tx.duplicate_query(one.id) or one for one in queries])


def _book(snapshot: Snapshot | None) -> Rulebook | None:
    return Rulebook.from_json(snapshot.content) if snapshot else None


def _windows(book: Rulebook | None) -> dict[str, ShownExemption]:
    return {
        window.id: ShownExemption(
            id=window.id,
            exemption=one.id,
            title=one.title,
            start=window.start,
            last=window.last,
            published=window.published,
            teletip_id=window.teletip_id,
            source=window.source.title,
        )
        for one in (book.exemptions if book else ())
        for window in one.windows
    }


def _query(query: DuplicateQuery) -> ShownQuery:
    return ShownQuery(
        id=query.id,
        at=query.at,
        state=query.state,
        sut=query.sut,
        found=len({(one.institution, one.accession, one.reference) for one in query.found}),
        openings=tuple(
            ShownOpening(institution=one.institution, accession=one.accession, what=one.what, at=one.at)
            for one in query.openings
        ),
        upstream=query.upstream,
        reason=mask(query.reason),
    )


def _earlier(background: Background) -> tuple[ShownEarlier, ...]:
    """Earlier exams, each once with all its procedures: what our ledger knows goes before what others answered."""
    above = (one for query in background.queries for one in query.found if one.source != LEDGER)
    exams: dict[tuple[str, str, str], list[EarlierExam]] = {}
    ours = {(one.institution, one.accession) for one in background.earlier}
    for one in (*background.earlier, *above):
        if one.source == LEDGER or (one.institution, one.accession) not in ours:
            exams.setdefault((one.institution, one.accession, one.reference), []).append(one)
    return tuple(_one_earlier(procedures) for procedures in exams.values())


def _one_earlier(procedures: Iterable[EarlierExam]) -> ShownEarlier:
    every = list(procedures)
    first = every[0]
    return ShownEarlier(
        institution=first.institution,
        institution_name=first.institution_name,
        accession=first.accession,
        ours=first.source == LEDGER,
        procedures=tuple(dict.fromkeys(f"{one.sut} {one.description}".strip() for one in every)),
        ordered_at=first.ordered_at,
        performed_at=first.performed_at or first.scheduled_at,
        images=any(one.images for one in every),
        report=any(one.report for one in every),
        source=first.source,
    )
