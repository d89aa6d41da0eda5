"""Exam -> what stands beside it, and the other way round: whose background a change is part of.

The judge reads `exam.background` only. So whatever a background is looked up from asks for a new judging of the exams
that see it, in the same transaction as the change; a background that stands is then never out of date.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from ..core.background import Background, DuplicateQuery, EarlierExam
from ..core.dates import date_of, order_date
from ..core.duplicates import LEDGER, was_performed
from ..core.events import BackgroundRecorded, JudgingAsked
from ..core.exam import Exam
from ..core.facts import StudyFacts
from ..core.order import ExamKey
from ..core.values import Value
from ..ports import Institution, Transaction

MOST_EARLIER = 20
"""Of earlier exams the newest are kept, and the newest that were performed: orders alone must not crowd those out."""

QUERIES_FROM = timedelta(days=7)
"""How long before the order a query is looked up; a rule's own `before_hours` narrows it."""

QUERIES_UNTIL = timedelta(days=1)
"""How long after the order."""

REACH = timedelta(days=24 * 31)
"""How long after an exam others are told of it: no rule looks further back than 24 months."""

EARLIER_CHANGED = "earlier exam changed"
QUERIED = "duplicate query"
UID_SHARED = "study instance uid"


def look_up(tx: Transaction, exam: Exam, institution: Institution) -> Background:
    """Return what stands beside the exam now; nobody asks for duplicates of an order that was taken back."""
    ownership, elsewhere = institution.ownership, _uid_elsewhere(tx, exam)
    seen = _seen(exam)
    if seen is None:
        return Background(uid_elsewhere=elsewhere, ownership=ownership)
    return Background(
        earlier=_earlier(tx, exam.key, seen),
        queries=_queries(tx, exam.key.institution, seen),
        uid_elsewhere=elsewhere,
        ownership=ownership,
    )


def record(tx: Transaction, exam: Exam, background: Background, now: datetime) -> Exam:
    """Record a background that differs from the one that stands; return the exam with it."""
    if background == exam.background:
        return exam
    tx.append(BackgroundRecorded(at=now, exam=exam.key, background=background))
    return tx.exam(exam.key) or exam


def institution_of(exam: Exam, institutions: Mapping[str, Institution]) -> Institution:
    """Return the exam's institution; one that nobody recorded has nothing but its code."""
    return institutions.get(exam.key.institution) or Institution(skrs=exam.key.institution)


class _Seen(Value):
    """What later exams of the patient see of one; None in its place: they see nothing."""

    tckn: str
    suts: tuple[str, ...]
    ordered_at: datetime
    scheduled_at: datetime | None
    performed_at: datetime | None
    images: bool
    report: bool


def _seen(exam: Exam | None) -> _Seen | None:
    if exam is None or exam.order is None or exam.cancelled:
        return None
    tckn, suts = exam.order.patient.tckn, sorted({one.sut for one in exam.order.procedures if one.sut})
    ordered_at = order_date(exam)
    if not tckn or not suts or ordered_at is None:
        return None
    performed_at = date_of(exam, "performed_date", ordered_at)
    return _Seen(
        tckn=tckn,
        suts=tuple(suts),
        ordered_at=ordered_at,
        scheduled_at=exam.order.scheduled_at,
        performed_at=performed_at,
        images=exam.images > 0,
        report=exam.report is not None,
    )


def _earlier(tx: Transaction, key: ExamKey, seen: _Seen) -> tuple[EarlierExam, ...]:
    mine = (seen.ordered_at, key.accession, key.institution)
    found = [
        one
        for one in tx.earlier_exams(seen.tckn, seen.suts)
        if one.ordered_at is not None and (one.ordered_at, one.accession, one.institution) < mine
    ]
    found.sort(key=lambda one: (one.ordered_at or seen.ordered_at, one.accession, one.institution))
    performed = [place for place, one in enumerate(found) if was_performed(one)][-MOST_EARLIER:]
    newest = range(max(0, len(found) - MOST_EARLIER), len(found))
    return tuple(found[place] for place in sorted({*performed, *newest}))


def _queries(tx: Transaction, institution: str, seen: _Seen) -> tuple[DuplicateQuery, ...]:
    since, until = seen.ordered_at - QUERIES_FROM, seen.ordered_at + QUERIES_UNTIL
    found = tx.duplicate_queries(seen.tckn, since, until)
    own = [one for one in found if one.institution == institution and not set(seen.suts).isdisjoint(one.sut)]
    return _nearest(own, seen.ordered_at)


def _nearest(queries: Iterable[DuplicateQuery], ordered_at: datetime) -> tuple[DuplicateQuery, ...]:
    """Of queries that say the same, the last before the order and the first after it: a rule asks for no other.

    HBYS may ask a thousand times. What was found in our own ledger is left out: it stands in `earlier` as it is now.
    """
    kept: dict[object, DuplicateQuery] = {}
    for one in queries:  # oldest first
        above = tuple(exam for exam in one.found if exam.source != LEDGER)
        after = one.at > ordered_at
        same = (after, one.state, frozenset(one.sut), one.physician, above)
        if not after or same not in kept:
            kept[same] = replace(one, found=above, openings=())
    return tuple(sorted(kept.values(), key=lambda one: (one.at, one.id)))


def _uid_elsewhere(tx: Transaction, exam: Exam) -> tuple[str, ...]:
    """Accession numbers under which other studies carry one of the exam's Study Instance UIDs."""
    own = {exam.key.accession, ""} | {one.facts.accession for one in exam.studies}
    uids = {one.facts.study_instance_uid for one in exam.studies} - {""}
    others = {other.facts.accession for uid in sorted(uids) for other in tx.study_by_uid(uid)}
    return tuple(sorted(others - own))


# Who is touched


def tell_later(tx: Transaction, before: Exam | None, key: ExamKey, now: datetime) -> None:
    """Have later exams of the patient judged again where what they see of this exam is no longer what it was.

    `before`: the exam before the change. Its old TCKN, SUT codes and date reach whom they reached until now.
    """
    was, is_now = _seen(before), _seen(tx.exam(key))
    if was == is_now:
        return
    told: set[ExamKey] = {key}
    for seen in (was, is_now):
        if seen is not None:
            told |= _tell(tx, seen, key, told, now)


def _tell(tx: Transaction, seen: _Seen, key: ExamKey, told: set[ExamKey], now: datetime) -> set[ExamKey]:
    later = _who_see(tx.earlier_exams(seen.tckn, seen.suts), seen, key) - told
    _ask(tx, later, EARLIER_CHANGED, now)
    return later


def _who_see(rows: Iterable[EarlierExam], seen: _Seen, key: ExamKey) -> set[ExamKey]:
    """The later exams whose background this one is in: no more than `MOST_EARLIER` of its kind lie between.

    Without that, a patient with many exams would have all of them judged again for each.
    """
    mine = (seen.ordered_at, key.accession, key.institution)
    performed = seen.images or seen.report or seen.performed_at is not None
    exams: dict[tuple[datetime, str, str], list[EarlierExam]] = {}
    for one in rows:
        if one.ordered_at and one.ordered_at <= seen.ordered_at + REACH and _key(one) != key:
            exams.setdefault((one.ordered_at, one.accession, one.institution), []).append(one)
    between, found = Counter[str](), set[ExamKey]()
    for place in sorted(place for place in exams if place > mine):
        procedures = exams[place]
        if sum(between[sut] for sut in {one.sut for one in procedures}) < MOST_EARLIER:
            found.add(_key(procedures[0]))
        between.update(one.sut for one in procedures if was_performed(one) or not performed)
    return found


def ask_for_query(tx: Transaction, query: DuplicateQuery, now: datetime) -> None:
    """Have the exams judged again whose background a new query is part of; most often it comes before any."""
    if not query.tckn or not query.sut:
        return
    since, until = query.at - QUERIES_UNTIL, query.at + QUERIES_FROM
    rows = tx.earlier_exams(query.tckn, query.sut)
    own = (one for one in rows if one.institution == query.institution)
    _ask(tx, {_key(one) for one in own if one.ordered_at and since <= one.ordered_at <= until}, QUERIED, now)


def ask_for_uid(tx: Transaction, before: StudyFacts | None, after: StudyFacts | None, now: datetime) -> None:
    """Have the exams judged again whose study shares its Study Instance UID with one that came, went or changed."""
    carried = [(one.study_instance_uid, one.accession) if one else None for one in (before, after)]
    facts = after or before
    if facts is None or carried[0] == carried[1]:
        return
    uids = sorted({one[0] for one in carried if one and one[0]})
    others = {other.key for uid in uids for other in tx.study_by_uid(uid)} - {facts.key}
    _ask(tx, {exam.key for other in sorted(others) for exam in tx.exams_of_study(other)}, UID_SHARED, now)


def _key(one: EarlierExam) -> ExamKey:
    return ExamKey(institution=one.institution, accession=one.accession)


def _ask(tx: Transaction, keys: Iterable[ExamKey], cause: str, now: datetime) -> None:
    """Ask for judging, unless it waits for the judge anyway."""
    ordered: Sequence[ExamKey] = sorted(keys)
    if ordered:
        tx.prefetch(ordered)
    for key in ordered:
        exam = tx.exam(key)
        if exam is not None and (exam.judge_at is None or exam.judge_at > now):
            tx.append(JudgingAsked(at=now, exam=key, cause=cause))
