"""What the other side's failures are called."""

from __future__ import annotations


class Unavailable(Exception):
    """The other side cannot be asked now; ask again later. Nothing is known of what was asked."""


class AnswerUnknown(Unavailable):
    """The other side may or may not have carried out what it was sent."""


class Refused(Exception):
    """The other side understood and said no; asking again unchanged is useless."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
