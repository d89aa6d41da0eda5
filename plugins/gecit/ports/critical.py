"""What is asked of the list of critical findings."""

from __future__ import annotations

from ..core.critical import State
from ..core.values import Value


class CriticalSearch(Value):
    """Which critical findings are asked for."""

    states: tuple[State, ...]
    institutions: tuple[str, ...] | None = None  # SKRS codes; None = any
    author: str = ""  # account; "" = anybody's
    limit: int = 200
    newest_first: bool = False  # else who waits longest first
