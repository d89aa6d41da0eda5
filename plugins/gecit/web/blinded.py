"""Keeps names out of pages that show several exams, for whoever has a blind review of one of them to do."""

from __future__ import annotations

from gecit.core.order import ExamKey
from gecit.core.values import Text
from gecit.ports.reviews import ReviewDoors

from .access import person
from .problem import Problem

BLIND = Problem(
    type="blind-review",
    status=403,
    title=Text(tr="Bu tetkik kör incelemede", en="This exam is under your blind review"),
    detail=Text(
        tr="Raporu yazanın adı bu sayfada görünürdü. İnceleme turu kapanınca açılır; Teleradyoloji Birimi kapatır.",
        en="This page would name who wrote the report. It opens when the round of reviews is closed, which the "
        "Teleradiology unit does.",
    ),
)


def is_blinded(reviews: ReviewDoors, exam: ExamKey) -> bool:
    """Whether who asks may not learn who wrote the report of an exam.

    Whatever he asks with: a token of his own bears his name, though it may review nothing.
    """
    return reviews.is_blind(person().name, exam)
