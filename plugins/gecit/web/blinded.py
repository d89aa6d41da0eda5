"""Keeps names out of pages that show several exams, for whoever has a blind review of one of them to do."""

from __future__ import annotations

from gecit.core.access import Action
from gecit.core.order import ExamKey
from gecit.ports.reviews import ReviewDoors

from .access import may_at_all, person


def is_blinded(reviews: ReviewDoors, exam: ExamKey) -> bool:
    """Whether who asks may not learn who wrote the report of an exam."""
    return may_at_all(person(), Action.REVIEW_REPORT) and reviews.is_blind(person().name, exam)
