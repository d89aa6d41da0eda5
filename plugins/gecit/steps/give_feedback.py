"""A review or a bad rating -> feedback to the institution and the radiologist; what they say; what came of it."""

from __future__ import annotations

import secrets
from datetime import datetime

from ..core.events import FeedbackAnswered, FeedbackClosed, FeedbackSent
from ..core.exam import Exam
from ..core.feedback import LONGEST, About, Closing, Fault, Feedback, Message, Part, said
from ..core.identifiers import holds_tckn
from ..core.peer_review import PeerReview, ReviewRound
from ..core.reviewing import accounts_of
from ..ports.accounts import Accounts
from ..ports.reviews import Reviews, ReviewTransaction


class FeedbackRefused(Exception):
    """Something cannot be done with a feedback."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def radiologist_of(exam: Exam, version: int, accounts: Accounts) -> str:
    """Return the account of who approved a version (0 = the one in force); empty where none is known here."""
    received = exam.reports[version - 1] if version else exam.report
    if received is None:
        return ""
    signed = accounts_of([received])
    if signed:
        return signed[0]
    first = received.report.radiologists[0].identifier if received.report.radiologists else ""
    found = accounts.account_of_tckn(first) if first else None
    return found.name if found else ""


def of_review(drawn: ReviewRound, review: PeerReview, exam: Exam, sender: str, accounts: Accounts) -> Feedback:
    """Return the feedback that a review makes; who sends it out of a blind round is not named."""
    return Feedback(
        id=secrets.token_hex(8),
        exam=review.exam,
        about=About.REVIEW,
        sender=sender,
        radiologist=radiologist_of(exam, review.version, accounts),
        score=review.score,
        review=review.id,
        round=drawn.id,
        number=review.number,
        blind=drawn.blind,
    )


def of_rating(exam: Exam, about: About, score: int, sender: str, accounts: Accounts) -> Feedback:
    """Return the feedback that a rating makes."""
    return Feedback(
        id=secrets.token_hex(8),
        exam=exam.key,
        about=about,
        sender=sender,
        radiologist=radiologist_of(exam, 0, accounts),
        score=score,
    )


def send(reviews: Reviews, feedback: Feedback, text: str, now: datetime) -> Feedback:
    """Send a feedback with its first message; the same thing is sent once. Raises `FeedbackRefused`."""
    _check(text)
    sent = said(feedback, Message(by=feedback.sender, part=Part.SENDER, at=now, text=text.strip()))

    def work(tx: ReviewTransaction) -> Feedback:
        tx.lock_rounds()
        if tx.feedback_of(feedback.exam, feedback.about, feedback.review):
            raise FeedbackRefused(Fault.TWICE)
        tx.append(FeedbackSent(at=now, feedback=sent))
        return sent

    return reviews.write_reviews(work)


def answer(reviews: Reviews, number: str, by: str, part: Part, text: str, now: datetime) -> None:
    """Say something in an open discussion; raises `FeedbackRefused`."""
    _check(text)
    message = Message(by=by, part=part, at=now, text=text.strip())
    _append(reviews, number, FeedbackAnswered(at=now, feedback=number, message=message))


def close(reviews: Reviews, number: str, by: str, outcome: Closing, text: str, now: datetime) -> None:
    """End a discussion with what came of it; raises `FeedbackRefused`."""
    if text.strip():
        _check(text)
    _append(reviews, number, FeedbackClosed(at=now, feedback=number, outcome=outcome, by=by, text=text.strip()))


def _append(reviews: Reviews, number: str, event: FeedbackAnswered | FeedbackClosed) -> None:
    def work(tx: ReviewTransaction) -> None:
        tx.lock_rounds()
        found = tx.feedback(number)
        if found is None or not found.open:
            raise FeedbackRefused(Fault.CLOSED)
        tx.append(event)

    reviews.write_reviews(work)


def _check(text: str) -> None:
    if not text.strip():
        raise FeedbackRefused(Fault.EMPTY)
    if len(text) > LONGEST:
        raise FeedbackRefused(Fault.TOO_LONG)
    if holds_tckn(text):
        raise FeedbackRefused(Fault.NUMBER)
