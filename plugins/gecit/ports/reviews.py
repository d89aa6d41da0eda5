"""What peer review, its samples and feedback need of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from ..core.exam import Exam
from ..core.feedback import About, Feedback
from ..core.order import ExamKey
from ..core.peer_review import GivenReview, Pick, ReviewView, RoundState
from ..core.values import Value
from . import Transaction

T = TypeVar("T")


class FeedbackSearch(Value):
    """Whose feedback: any of what is given; all empty = nobody's."""

    everything: bool = False
    institution: str = ""  # SKRS code
    radiologist: str = ""  # account
    sender: str = ""  # account
    limit: int = 200


class ReviewTransaction(Transaction, Protocol):
    """A transaction, with what peer review and feedback read in it."""

    def lock_rounds(self) -> None:
        """Let nobody else draw until this transaction ends."""
        ...

    def review_rounds(self) -> list[RoundState]:
        """Return all rounds, the newest first."""
        ...

    def review_round(self, number: str) -> RoundState | None:
        """Return one round."""
        ...

    def open_picks(self, reviewer: str) -> list[tuple[RoundState, Pick]]:
        """Return what somebody has to review, in rounds that are open."""
        ...

    def reviews(self, round_id: str) -> list[GivenReview]:
        """Return what was said in a round, superseded reviews too."""
        ...

    def review(self, number: str) -> GivenReview | None:
        """Return one review."""
        ...

    def feedback(self, number: str) -> Feedback | None:
        """Return one feedback as it stands."""
        ...

    def feedbacks(self, search: FeedbackSearch) -> list[Feedback]:
        """Return those that one of the ways reaches: open ones first, then the newest."""
        ...

    def feedback_of(self, exam: ExamKey, about: About, review: str = "") -> Feedback | None:
        """Return what was sent already of the same review or rating."""
        ...


class Reviews(Protocol):
    """Transactions of peer review, and what a sample is drawn from."""

    def write_reviews(self, work: Callable[[ReviewTransaction], T]) -> T:
        """Run work in one transaction and commit."""
        ...

    def read_reviews(self, work: Callable[[ReviewTransaction], T]) -> T:
        """Run work on one consistent view."""
        ...

    def position(self) -> int:
        """Return the number of the last event, behind which no earlier one can appear any more."""
        ...

    def reported(self, since: datetime, until: datetime, institutions: Sequence[str], position: int) -> Iterator[Exam]:
        """Yield the exams of which a report came or was signed in a stretch, as they stood at a position, by key."""
        ...


class ReviewDoors(Protocol):
    """What the doors ask of reviews that are under way."""

    def views_of(self, reviewer: str, node: str, study_uid: str = "") -> list[ReviewView]:
        """Return the studies that somebody may look into for open reviews; of a blind one its pictures alone."""
        ...

    def is_blind(self, reviewer: str, exam: ExamKey) -> bool:
        """Whether somebody has a blind review of an exam to do, so that no page may name who wrote its report."""
        ...
