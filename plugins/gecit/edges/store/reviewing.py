"""What a sample is drawn from, at a position of the ledger; and what the doors ask of reviews under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar, cast

import sqlalchemy as sa

from gecit.core import events as e
from gecit.core.exam import Exam, fold_exam
from gecit.core.order import ExamKey
from gecit.core.peer_review import ReviewView
from gecit.core.reviewing import pictures
from gecit.core.worklist import may_find
from gecit.ports.reviews import ReviewTransaction

from . import rows
from .base import Transactions
from .schema import event, link, review_pick, study
from .sql import of_exams, pages

T = TypeVar("T")
REPORTS = ("ReportReceived", "ReportSigned")
_OF_EXAMS = (
    sa.select(event.c.data)
    .where(of_exams(event), event.c.id <= sa.bindparam("position"))
    .order_by(event.c.institution, event.c.accession, event.c.id)
)


class Reviewing(Transactions):
    """Implements `ports.reviews.Reviews` and `ports.reviews.ReviewDoors`."""

    def write_reviews(self, work: Callable[[ReviewTransaction], T]) -> T:
        """Run work in one transaction and commit."""
        return self.write(lambda tx: work(cast(ReviewTransaction, tx)))

    def read_reviews(self, work: Callable[[ReviewTransaction], T]) -> T:
        """Run work on one consistent view."""
        return self.read(lambda tx: work(cast(ReviewTransaction, tx)))

    # Drawing

    def position(self) -> int:
        """Return the number of the last event, behind which no earlier one can appear any more.

        On PostgreSQL numbers are given before they are committed; so the writers that are at work are waited for.
        """
        with self._begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"LOCK TABLE {event.name} IN SHARE MODE")
            return connection.scalar(sa.select(sa.func.max(event.c.id))) or 0

    def reported(self, since: datetime, until: datetime, institutions: Sequence[str], position: int) -> Iterator[Exam]:
        """Yield the exams of which a report came or was signed in a stretch, as they stood at a position, by key."""
        of = sa.select(event.c.institution, event.c.accession).distinct()
        of = of.where(event.c.id <= position, event.c.kind.in_(REPORTS), event.c.at >= since, event.c.at < until)
        if institutions:
            of = of.where(event.c.institution.in_(list(institutions)))
        with self._reading() as connection:
            keys = sorted(
                ExamKey(institution=row.institution, accession=row.accession) for row in connection.execute(of)
            )
        for page in pages(keys):
            with self._reading() as connection:
                found = connection.scalars(_OF_EXAMS, {**page, "position": position}).all()
            yield from _folded(found)

    # Doors

    def views_of(self, reviewer: str, node: str, study_uid: str = "") -> list[ReviewView]:
        """Return the studies that somebody may look into for open reviews; of a blind one its pictures alone.

        A study that only the order of another institution names is no study of the exam, as at every other door.
        """
        of_exam = sa.and_(link.c.institution == review_pick.c.institution, link.c.accession == review_pick.c.accession)
        of_study = sa.and_(link.c.node == study.c.node, link.c.orthanc_id == study.c.orthanc_id)
        tied = review_pick.join(link, of_exam).join(study, of_study)
        query = sa.select(study.c.data, review_pick.c.blind, review_pick.c.institution).select_from(tied)
        mine = (review_pick.c.reviewer == reviewer, review_pick.c.open, link.c.node == node, sa.not_(study.c.deleted))
        query = query.where(*mine, *([study.c.study_instance_uid == study_uid] if study_uid else []))
        views: dict[str, ReviewView] = {}
        with self._reading() as connection:
            found = connection.execute(query.order_by(review_pick.c.blind))  # a blind one counts last
            for data, blind, institution in found:
                facts = rows.read_study(data).facts
                if not may_find(facts, institution):
                    continue
                seen = pictures((one.series_instance_uid, one.images) for one in facts.series) if blind else None
                views[facts.study_instance_uid] = ReviewView(study=facts.study_instance_uid, series=seen)
        return [views[uid] for uid in sorted(views)]

    def is_blind(self, reviewer: str, exam: ExamKey) -> bool:
        """Whether somebody has a blind review of an exam to do, so that no page may name who wrote its report."""
        mine = sa.and_(
            review_pick.c.reviewer == reviewer,
            review_pick.c.open,
            review_pick.c.blind,
            review_pick.c.institution == exam.institution,
            review_pick.c.accession == exam.accession,
        )
        with self._reading() as connection:
            return connection.execute(sa.select(review_pick.c.number).where(mine).limit(1)).first() is not None


def _folded(found: Sequence[str]) -> Iterator[Exam]:
    """Fold the events of several exams, which stand exam by exam."""
    current: Exam | None = None
    for data in found:
        one = rows.read_event(data)
        if not isinstance(one, e.ExamEvent):
            continue
        if current is not None and current.key != one.exam:
            yield current
            current = None
        current = fold_exam(current, one)
    if current is not None:
        yield current
