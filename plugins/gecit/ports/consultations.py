"""Consultations, as they are looked for; how each stands is in its exam."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ..core.consultation import Consultation
from ..core.order import ExamKey

Found = tuple[ExamKey, Consultation]


class ConsultationsSought(Protocol):
    """The part of a transaction that finds consultations."""

    def consultation(self, number: str) -> Found | None:
        """Return a consultation by its id, with its exam; it is locked until commit, as the exam is."""
        ...

    def consultations_asked_of(self, account: str, limit: int) -> list[Found]:
        """Return what an account is or was asked: what waits for it first, the earliest deadline first."""
        ...

    def consultations_asked_by(self, account: str, limit: int) -> list[Found]:
        """Return what an account asked: what is not over first, the earliest deadline first."""
        ...

    def consultations_open(self, limit: int) -> list[Found]:
        """Return what is not over and not expired, the earliest deadline first."""
        ...

    def consultations_waiting(self, account: str) -> int:
        """Count what waits for an answer of an account."""
        ...

    def consultations_overdue(self, now: datetime, asker: str = "") -> int:
        """Count what nobody answered in time and its asker has not dealt with; of one asker, or of all."""
        ...
