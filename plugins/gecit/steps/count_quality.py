"""Exams of a stretch and what reviewers said of them -> measures that figures are counted of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from ..core.exam import Exam
from ..core.identifiers import masked
from ..core.listing import devices, listed_at
from ..core.order import ExamKey
from ..core.peer_review import PeerReview, Scale, Significance
from ..core.quality_figures import Measure
from ..core.ratings import ratings_of
from ..core.report import RatingKind
from ..core.values import local
from ..ports.accounts import Accounts
from ..ports.reviews import Reviews, ReviewTransaction


def reviews_in_force(reviews: Reviews) -> dict[ExamKey, list[PeerReview]]:
    """Return what stands of all rounds, by exam."""

    def work(tx: ReviewTransaction) -> dict[ExamKey, list[PeerReview]]:
        found: dict[ExamKey, list[PeerReview]] = {}
        for state in tx.review_rounds():
            for one in tx.reviews(state.round.id):
                if not one.superseded:
                    found.setdefault(one.review.exam, []).append(one.review)
        return found

    return reviews.read_reviews(work)


def measures(
    exams: Iterable[Exam], reviewed: Mapping[ExamKey, list[PeerReview]], accounts: Accounts, scale: Scale
) -> Iterator[Measure]:
    """Yield one measure for each exam that is not cancelled."""
    names = {one.tckn: one.name for one in accounts.accounts() if one.tckn}
    for exam in exams:
        if not exam.cancelled:
            yield _measure(exam, reviewed.get(exam.key, []), names, scale)


def _measure(exam: Exam, said: list[PeerReview], names: Mapping[str, str], scale: Scale) -> Measure:
    rated = ratings_of(exam)
    steps = [scale.of(one.score) for one in said]
    return Measure(
        institution=exam.key.institution,
        month=_month(listed_at(exam)),
        modality=exam.modality,
        devices=tuple(one.name for one in devices(exam)),
        radiologist=_radiologist(exam, names),
        images=tuple(one.score for one in rated if one.kind is RatingKind.IMAGE),
        requests=tuple(one.score for one in rated if one.kind is RatingKind.REQUEST),
        reasons=tuple(sorted({code for one in rated for code in one.reasons})),
        hints=tuple(sorted({one.code for one in exam.hints})),
        reviews=tuple(step.differs for step in steps if step),
        significant=sum(one.significance is Significance.LIKELY for one in said),
    )


def _month(at: datetime) -> str:
    return local(at).strftime("%Y-%m")


def _radiologist(exam: Exam, names: Mapping[str, str]) -> str:
    received = exam.report
    if received is None:
        return ""
    if received.signature:
        return received.signature.by
    number = received.report.radiologists[0].identifier if received.report.radiologists else ""
    return names.get(number) or masked(number)
