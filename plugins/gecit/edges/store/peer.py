"""Peer review and feedback in the ledger: folded when their events are recorded, and found again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa

from gecit.core import events as e
from gecit.core import feedback as talk
from gecit.core.feedback import Feedback
from gecit.core.order import ExamKey
from gecit.core.peer_review import GivenReview, PeerReview, Pick, ReviewRound, RoundState
from gecit.core.values import to_json
from gecit.ports.reviews import FeedbackSearch

from .schema import feedback, peer_review, review_pick, review_round
from .sql import upsert

ROUNDS = "review rounds"


class PeerDesk:
    """The part of a transaction that peer review and feedback alone ask for."""

    _connection: sa.Connection

    def flush(self) -> None:
        """Write what was appended."""
        raise NotImplementedError

    def _lock(self, names: Iterable[str]) -> None:
        raise NotImplementedError

    # Folding: rare events, written at once

    def fold_peer(self, event: e.Event) -> None:
        """Fold an event of the installation; most are none of ours."""
        match event:
            case e.ReviewRoundDrawn():
                self._drawn(event)
            case e.ReviewRoundClosed():
                self._closed(event)
            case e.ReportReviewed():
                self._reviewed(event)
            case e.FeedbackSent(feedback=sent):
                self._keep(sent)
            case e.FeedbackAnswered(feedback=number, message=message):
                if found := self._locked(number):
                    self._keep(talk.said(found, message))
            case e.FeedbackClosed(feedback=number):
                if found := self._locked(number):
                    self._keep(talk.closed(found, event.outcome, event.by, event.text, event.at))

    def _drawn(self, event: e.ReviewRoundDrawn) -> None:
        drawn = event.round
        row = {"id": drawn.id, "at": event.at, "by": event.by, "closed_at": None, "data": to_json(drawn).decode()}
        upsert(self._connection, review_round, [row])
        upsert(self._connection, review_pick, [_pick_row(drawn, one) for one in drawn.picks])

    def _closed(self, event: e.ReviewRoundClosed) -> None:
        mine = sa.update(review_round).where(review_round.c.id == event.round, review_round.c.closed_at.is_(None))
        self._connection.execute(mine.values(closed_at=event.at))
        self._connection.execute(sa.update(review_pick).where(review_pick.c.round == event.round).values(open=False))

    def _reviewed(self, event: e.ReportReviewed) -> None:
        one = event.review
        if one.supersedes:
            before = sa.update(peer_review).where(peer_review.c.id == one.supersedes)
            self._connection.execute(before.values(superseded=True))
        row = {"id": one.id, "round": one.round, "number": one.number, "at": event.at, "superseded": False}
        upsert(self._connection, peer_review, [{**row, "data": to_json(one).decode()}])

    def _keep(self, one: Feedback) -> None:
        row = {
            "id": one.id,
            "at": one.messages[0].at,
            "institution": one.exam.institution,
            "radiologist": one.radiologist,
            "sender": one.sender,
            "open": one.open,
            "data": to_json(one).decode(),
        }
        upsert(self._connection, feedback, [row])

    def _locked(self, number: str) -> Feedback | None:
        self._lock([f"feedback {number}"])
        return self.feedback(number)

    # Rounds

    def lock_rounds(self) -> None:
        """Let nobody else draw until this transaction ends."""
        self._lock([ROUNDS])

    def review_rounds(self) -> list[RoundState]:
        """Return all rounds, the newest first."""
        found = self._connection.execute(sa.select(review_round).order_by(review_round.c.at.desc(), review_round.c.id))
        return [_round(row) for row in found]

    def review_round(self, number: str) -> RoundState | None:
        """Return one round."""
        row = self._connection.execute(sa.select(review_round).where(review_round.c.id == number)).first()
        return _round(row) if row else None

    def open_picks(self, reviewer: str) -> list[tuple[RoundState, Pick]]:
        """Return what somebody has to review, in rounds that are open, by round and number."""
        mine = sa.select(review_pick.c.round, review_pick.c.number)
        mine = mine.where(review_pick.c.reviewer == reviewer, review_pick.c.open)
        found = self._connection.execute(mine.order_by(review_pick.c.round, review_pick.c.number)).all()
        rounds = {name: self.review_round(name) for name in {row.round for row in found}}
        return [
            (state, pick)
            for row in found
            if (state := rounds[row.round]) and (pick := pick_of(state.round, row.number))
        ]

    def reviews(self, round_id: str) -> list[GivenReview]:
        """Return what was said in a round, superseded reviews too, by number, the oldest first."""
        mine = sa.select(peer_review).where(peer_review.c.round == round_id)
        found = self._connection.execute(
            mine.order_by(peer_review.c.number, peer_review.c.at, peer_review.c.superseded.desc(), peer_review.c.id)
        )
        return [_review(row) for row in found]

    def review(self, number: str) -> GivenReview | None:
        """Return one review."""
        row = self._connection.execute(sa.select(peer_review).where(peer_review.c.id == number)).first()
        return _review(row) if row else None

    # Feedback

    def feedback(self, number: str) -> Feedback | None:
        """Return one feedback as it stands."""
        data = self._connection.scalar(sa.select(feedback.c.data).where(feedback.c.id == number))
        return msgspec.json.decode(data, type=Feedback) if data else None

    def feedbacks(self, search: FeedbackSearch) -> list[Feedback]:
        """Return those that one of the ways reaches: open ones first, then the newest."""
        query = sa.select(feedback.c.data)
        if not search.everything:
            ways = (
                (feedback.c.institution, search.institution),
                (feedback.c.radiologist, search.radiologist),
                (feedback.c.sender, search.sender),
            )
            query = query.where(sa.or_(sa.false(), *(column == value for column, value in ways if value)))
        ordered = query.order_by(feedback.c.open.desc(), feedback.c.at.desc(), feedback.c.id).limit(search.limit)
        return [msgspec.json.decode(data, type=Feedback) for data in self._connection.scalars(ordered)]

    def feedback_of(self, exam: ExamKey, about: talk.About, review: str = "") -> Feedback | None:
        """Return what was sent already of the same review or rating."""
        found = self._connection.scalars(sa.select(feedback.c.data).where(feedback.c.institution == exam.institution))
        decoded = (msgspec.json.decode(data, type=Feedback) for data in found)
        return next((one for one in decoded if (one.exam, one.about, one.review) == (exam, about, review)), None)


def pick_of(drawn: ReviewRound, number: int) -> Pick | None:
    """Return a pick by its number."""
    return next((one for one in drawn.picks if one.number == number), None)


def _pick_row(drawn: ReviewRound, one: Pick) -> dict[str, Any]:
    return {
        "round": drawn.id,
        "number": one.number,
        "institution": one.exam.institution,
        "accession": one.exam.accession,
        "reviewer": one.reviewer,
        "blind": drawn.blind,
        "open": True,
    }


def _round(row: Any) -> RoundState:
    drawn = msgspec.json.decode(row.data, type=ReviewRound)
    return RoundState(round=drawn, drawn_at=row.at, drawn_by=row.by, closed_at=row.closed_at)


def _review(row: Any) -> GivenReview:
    return GivenReview(review=msgspec.json.decode(row.data, type=PeerReview), at=row.at, superseded=row.superseded)
