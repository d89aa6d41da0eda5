"""Groups of radiologists: who belongs to one now."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ..core.groups import Group


class Groups(Protocol):
    """The groups of radiologists. Who belongs to one is asked each time: a membership begins and ends by the clock."""

    def groups(self) -> list[Group]:
        """Return all groups, closed ones too, by name."""
        ...

    def group(self, group: str) -> Group | None:
        """Return a group by its id, a closed one too."""
        ...

    def members(self, group: str, now: datetime) -> tuple[str, ...]:
        """Return the accounts that belong to a group (its id) at an instant, by name.

        Only those who can sign in and are radiologists then; () for an unknown or closed group.
        """
        ...

    def groups_of(self, account: str, now: datetime) -> list[Group]:
        """Return the groups that an account belongs to at an instant, by name; [] where `members` would not name it."""
        ...

    def save_group(self, group: Group, at: datetime, by: str = "") -> None:
        """Add a group, or record how it stands now, with its event."""
        ...
