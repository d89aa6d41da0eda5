"""The hospital's HBYS, as the receiver of reports that were written here."""

from __future__ import annotations

from typing import Protocol

from ..core.values import Value
from . import Institution


class HospitalSaid(Value):
    """An acknowledgment: MSA-1 and what stands in MSA-3 or ERR."""

    code: str  # AA | AE | AR, or CA | CE | CR
    text: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the message was taken."""
        return self.code in ("AA", "CA")


class Hospital(Protocol):
    """Sends one message and waits for its acknowledgment."""

    def tell(self, institution: Institution, message: bytes, control_id: str) -> HospitalSaid:
        """Send; raises `Refused` (no receiver), `Unavailable` (surely not received) or `AnswerUnknown`."""
        ...
