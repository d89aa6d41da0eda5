"""Signed reports of a stretch -> a round of peer review, by seed, strata and position of the ledger; and again."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from ..core.events import ReviewRoundClosed, ReviewRoundDrawn
from ..core.exam_kinds import Kind
from ..core.order import ExamKey
from ..core.peer_review import Pick, ReviewRound, RoundState
from ..core.sampling import Candidate, candidate_of, draw
from ..core.values import Text
from ..ports.reviews import Reviews, ReviewTransaction

TRIES = 3

NO_REVIEWER = Text(
    tr="Değerlendirici seçilmedi; değerlendirici ya da radyolog rolünde en az bir hesap gerekir.",
    en="No reviewer is chosen; at least one account with the role of assessor or radiologist is needed.",
)
NO_STRETCH = Text(tr="Bitiş, başlangıçtan sonra olmalı.", en="The end must lie after the beginning.")
NOTHING = Text(
    tr="Bu dönemde ve bu katmanlarda çekilecek imzalı rapor yok (ya da hepsi daha önce çekildi).",
    en="In this stretch and these strata there is no signed report to draw (or all of them were drawn before).",
)
AGAIN = Text(
    tr="Aynı anda başka bir örneklem çekildi; yeniden deneyin.", en="Another sample was drawn meanwhile; try again."
)


class SampleRefused(Exception):
    """A sample cannot be drawn; `text` says why."""

    def __init__(self, text: Text) -> None:
        super().__init__(f"{text.tr} / {text.en}")
        self.text = text


def new_round_id() -> str:
    """Return the id of a round to come."""
    return secrets.token_hex(6)


def draw_round(reviews: Reviews, asked: ReviewRound, kinds: Sequence[Kind], by: str, now: datetime) -> RoundState:
    """Draw a round and record it; `asked` without position and picks. Raises `SampleRefused`."""
    for _ in range(TRIES):
        known = _ids(reviews.read_reviews(lambda tx: tx.review_rounds()))
        drawn = plan(reviews, asked, kinds)
        recorded = reviews.write_reviews(lambda tx, one=drawn, ids=known: _record(tx, one, ids, by, now))  # type: ignore[misc]
        if recorded:
            return RoundState(round=drawn, drawn_at=now, drawn_by=by)
    raise SampleRefused(AGAIN)


def plan(reviews: Reviews, asked: ReviewRound, kinds: Sequence[Kind]) -> ReviewRound:
    """Return the round as it would be drawn now; nothing is recorded. Raises `SampleRefused`."""
    if not asked.reviewers:
        raise SampleRefused(NO_REVIEWER)
    if asked.until <= asked.since:
        raise SampleRefused(NO_STRETCH)
    by_kind = any(one.kinds or one.per == "kind" for one in asked.strata)
    bare = tuple(msgspec.structs.replace(one, template={}) for one in kinds) if by_kind else ()
    drawn = _drawn(reviews, msgspec.structs.replace(asked, kinds=bare, position=reviews.position()))
    if not drawn.picks:
        raise SampleRefused(NOTHING)
    return drawn


def draw_again(reviews: Reviews, drawn: ReviewRound) -> bool:
    """Whether seed, strata and position still give the very exams that the round has."""
    again = _drawn(reviews, msgspec.structs.replace(drawn, picks=(), short=()))
    return again == drawn


def _drawn(reviews: Reviews, asked: ReviewRound) -> ReviewRound:
    earlier = reviews.read_reviews(lambda tx: tx.review_rounds())
    candidates = list(_candidates(reviews, asked))
    numbers = {one.account: one.tckn for one in asked.reviewers}
    taken, short = draw(candidates, asked.strata, asked.seed, _gone(earlier, asked), numbers)
    picks = tuple(
        Pick(
            number=number,
            exam=one.candidate.exam,
            version=one.candidate.version,
            stratum=one.stratum,
            reviewer=one.reviewer,
        )
        for number, one in enumerate(taken, start=1)
    )
    return msgspec.structs.replace(asked, picks=picks, short=short)


def _candidates(reviews: Reviews, asked: ReviewRound) -> Iterable[Candidate]:
    for exam in reviews.reported(asked.since, asked.until, asked.institutions, asked.position):
        one = candidate_of(exam, asked.kinds)
        if one and asked.since <= one.signed_at < asked.until:
            yield one


def _gone(earlier: Iterable[RoundState], asked: ReviewRound) -> frozenset[ExamKey]:
    """Return the exams that rounds of the same time, drawn before, have: there is no replacement.

    A round is recorded only where none was since its position; so the rounds before it are those with a lower one.
    """
    rounds = (one.round for one in earlier if one.round.position < asked.position)
    overlap = (one for one in rounds if one.since < asked.until and asked.since < one.until)
    return frozenset(pick.exam for one in overlap for pick in one.picks)


def _record(tx: ReviewTransaction, drawn: ReviewRound, known: frozenset[str], by: str, now: datetime) -> bool:
    tx.lock_rounds()
    if _ids(tx.review_rounds()) != known:
        return False
    tx.append(ReviewRoundDrawn(at=now, round=drawn, by=by))
    return True


def _ids(rounds: Iterable[RoundState]) -> frozenset[str]:
    return frozenset(one.round.id for one in rounds)


def close_round(reviews: Reviews, round_id: str, by: str, now: datetime) -> bool:
    """End a round; False where there is none that is open."""

    def work(tx: ReviewTransaction) -> bool:
        tx.lock_rounds()
        found = tx.review_round(round_id)
        if found is None or found.closed_at is not None:
            return False
        tx.append(ReviewRoundClosed(at=now, round=round_id, by=by))
        return True

    return reviews.write_reviews(work)
