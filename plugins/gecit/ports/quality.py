"""What pages and statistics of quality ask of the ledger."""

from __future__ import annotations

from typing import Protocol

from ..core.access import Reach
from ..core.quality import QualityLine, QualitySearch
from ..core.search import Place


class Quality(Protocol):
    """The folded ratings and hints; they are written with the exam's own events."""

    def quality_lines(
        self, reach: Reach, search: QualitySearch, limit: int, after: Place | None = None
    ) -> list[QualityLine]:
        """Return exams that have a hint or a low rating, the newest order first, from after a place on."""
        ...
