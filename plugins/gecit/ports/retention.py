"""What retention needs: holds, lists and how far they are, in the ledger; and who deletes a study."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ..core.exam import Study
from ..core.facts import StudyKey
from ..core.retention import Hold, Item, RetentionList


class RetentionKept(Protocol):
    """The part of a transaction that keeps retention."""

    def legal_holds(self, *, standing: bool = False) -> list[Hold]:
        """Return all holds, the newest first; `standing`: those alone that nobody released."""
        ...

    def record_legal_hold(self, hold: Hold, at: datetime, by: str) -> None:
        """Add a hold, or record that it was released."""
        ...

    def retention_lists(self) -> list[RetentionList]:
        """Return all lists, the newest first."""
        ...

    def retention_list(self, number: str) -> RetentionList | None:
        """Return one list; locked until commit."""
        ...

    def record_retention_list(self, one: RetentionList, at: datetime, by: str) -> None:
        """Add a list, or record how it stands now."""
        ...

    def retention_items(self, number: str) -> dict[StudyKey, Item]:
        """Return how far the studies of a list are; one that is not named waits."""
        ...

    def record_retention_item(self, number: str, key: StudyKey, item: Item) -> None:
        """Record how far a study of a list is."""
        ...

    def studies_until(self, node: str, day: str, after: tuple[str, str], limit: int) -> list[Study]:
        """Return studies of a node whose StudyDate is `day` (YYYYMMDD) or before, the oldest first.

        Deleted ones and those without a date are left out; `after`: StudyDate and Orthanc id of the last one before.
        """
        ...


class Remover(Protocol):
    """Deletes studies of one index. Every method raises `Unavailable`."""

    def last_instance_at(self, orthanc_id: str) -> datetime | None:
        """Return when an instance last came for a study; None where the study is gone or nothing says so."""
        ...

    def remove_study(self, orthanc_id: str) -> bool:
        """Delete a study with all of its instances; False where it was gone."""
        ...
