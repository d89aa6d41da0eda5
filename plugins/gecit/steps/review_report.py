"""Reviewer -> what he says of one signed report of an open round; a later word takes the place of an earlier one."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from ..core.events import ReportReviewed
from ..core.exam import Exam
from ..core.identifiers import holds_tckn
from ..core.peer_review import (
    LONGEST_NOTE,
    GivenReview,
    PeerReview,
    Pick,
    Reviewer,
    RoundState,
    Scale,
    Significance,
)
from ..core.reviewing import is_own
from ..core.values import Text
from ..ports.reviews import Reviews, ReviewTransaction


class Why(StrEnum):
    """Why a review is not taken."""

    NOT_YOURS = "not yours"  # or there is none: who may not see it learns no difference
    CLOSED = "closed"
    OWN_REPORT = "own report"
    NO_SCORE = "no score"
    NO_NOTE = "no note"  # a difference is explained
    TOO_LONG = "too long"
    NUMBER = "number"


WORDS: dict[Why, Text] = {
    Why.NOT_YOURS: Text(tr="Bu inceleme size verilmemiş.", en="This review is not given to you."),
    Why.CLOSED: Text(tr="Bu tur kapatıldı; inceleme eklenmez.", en="This round is closed; no review is added."),
    Why.OWN_REPORT: Text(
        tr="Bu raporu siz imzaladınız; kimse kendi raporunu incelemez. Teleradyoloji Birimi başkasına vermeli.",
        en="You signed this report; nobody reviews his own. The Teleradiology unit must give it to somebody else.",
    ),
    Why.NO_SCORE: Text(tr="Ölçekten bir puan seçin.", en="Choose a step of the scale."),
    Why.NO_NOTE: Text(tr="Farkın ne olduğunu not olarak yazın.", en="Write as a note what the difference is."),
    Why.TOO_LONG: Text(
        tr=f"Not en çok {LONGEST_NOTE} karakter olabilir; kısaltın.",
        en=f"The note can have {LONGEST_NOTE} characters at the most; shorten it.",
    ),
    Why.NUMBER: Text(
        tr="Notta bir kişinin kimlik numarası var; çıkarıp yeniden deneyin.",
        en="The note holds the number of a person; take it out and try again.",
    ),
}


class ReviewRefused(Exception):
    """A review is not taken."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


class Said(Reviewer, kw_only=True):
    """What the reviewer chose and wrote; the account and TCKN are his."""

    score: int
    significance: Significance = Significance.NONE
    note: str = ""


def in_force(given: Iterable[GivenReview], number: int, reviewer: str) -> GivenReview | None:
    """Return what a reviewer says of a pick now."""
    mine = (one for one in given if one.review.number == number and one.review.reviewer == reviewer)
    return next((one for one in mine if not one.superseded), None)


def pick_for(tx: ReviewTransaction, round_id: str, number: int, reviewer: str) -> tuple[RoundState, Pick, Exam]:
    """Return a pick that is the reviewer's, with its exam; `ReviewRefused` where it is not, or its round is closed."""
    state = tx.review_round(round_id)
    pick = next((one for one in state.round.picks if one.number == number), None) if state else None
    exam = tx.exam(pick.exam) if pick else None
    if state is None or pick is None or exam is None or pick.reviewer != reviewer:
        raise ReviewRefused(Why.NOT_YOURS)
    if state.closed_at is not None:
        raise ReviewRefused(Why.CLOSED)
    return state, pick, exam


def review_report(reviews: Reviews, round_id: str, number: int, said: Said, scale: Scale, now: datetime) -> PeerReview:
    """Record a review; raises `ReviewRefused`."""
    _check(said, scale)

    def work(tx: ReviewTransaction) -> PeerReview:
        tx.lock_rounds()
        _, pick, exam = pick_for(tx, round_id, number, said.account)
        if is_own(said, exam):
            raise ReviewRefused(Why.OWN_REPORT)
        before = in_force(tx.reviews(round_id), number, said.account)
        made = PeerReview(
            id=secrets.token_hex(8),
            round=round_id,
            number=number,
            exam=pick.exam,
            version=pick.version,
            reviewer=said.account,
            score=said.score,
            significance=said.significance,
            note=said.note.strip(),
            supersedes=before.review.id if before else "",
        )
        tx.append(ReportReviewed(at=now, review=made))
        return made

    return reviews.write_reviews(work)


def _check(said: Said, scale: Scale) -> None:
    step = scale.of(said.score)
    if step is None:
        raise ReviewRefused(Why.NO_SCORE)
    if step.differs and not said.note.strip():
        raise ReviewRefused(Why.NO_NOTE)
    if len(said.note) > LONGEST_NOTE:
        raise ReviewRefused(Why.TOO_LONG)
    if holds_tckn(said.note):
        raise ReviewRefused(Why.NUMBER)
