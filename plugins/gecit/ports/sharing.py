"""What sharing needs of the outside: links with their codes and visits kept, and somebody who sends a code."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ..core.share_links import ShareLink, Visit


class SharingKept(Protocol):
    """The part of a transaction that keeps links. Codes are kept as hashes only."""

    def share_links_of(self, patient: str) -> list[ShareLink]:
        """Return all links of a patient (TCKN), the newest first."""
        ...

    def share_link_with(self, digest: str) -> ShareLink | None:
        """Return the link whose token has that digest."""
        ...

    def add_share_link(self, link: ShareLink) -> None:
        """Keep a link."""
        ...

    def set_share_code(self, link_id: str, code_hash: str, expires_at: datetime) -> None:
        """Put a code in the place of a link's last one, with no tries yet."""
        ...

    def try_share_code(self, link_id: str, now: datetime, most: int) -> str:
        """Count one try of a link's code and return its hash; "" where there is none, it expired or had `most` tries.

        Tries that come at the same moment are each counted, on every engine.
        """
        ...

    def use_share_code(self, link_id: str, code_hash: str) -> bool:
        """Use a code up; False for all but the first who do."""
        ...

    def add_visit(self, visit: Visit, now: datetime) -> None:
        """Keep a visit; those that have expired are forgotten."""
        ...

    def visit(self, digest: str) -> Visit | None:
        """Return a visit, an expired one too."""
        ...

    def visits_until(self, link: str, expires_at: datetime) -> list[Visit]:
        """Return the visits of a link that end at an instant: one, and those that it was carried over to."""
        ...

    def end_visits(self, *, digest: str = "", link: str = "") -> int:
        """End one visit, or all of a link; return how many this call ended."""
        ...


class CodeSender(Protocol):
    """Sends a one-time code to an address."""

    def send(self, address: str, subject: str, text: str, number: str) -> None:
        """Send one message; `number` tells it from others. Raises `Refused`, `Unavailable` or `AnswerUnknown`."""
        ...
