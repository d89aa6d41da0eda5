"""Groups of radiologists, as `ports.groups` asks for them."""

from __future__ import annotations

from datetime import datetime

from gecit.core.access import Role
from gecit.core.groups import Group, members_at
from gecit.ports import Transaction

from .accounts import Admitting
from .group_rows import all_groups


class Grouped(Admitting):
    """Implements `ports.groups.Groups` beside the accounts that its members are."""

    def groups(self) -> list[Group]:
        """Return all groups, closed ones too, by name."""
        with self._reading() as connection:
            return all_groups(connection)

    def group(self, group: str) -> Group | None:
        """Return a group by its id."""
        return next((one for one in self.groups() if one.id == group), None)

    def members(self, group: str, now: datetime) -> tuple[str, ...]:
        """Return who belongs to a group at an instant and can report."""
        found = self.group(group)
        return tuple(one for one in members_at(found, now) if self._reports(one)) if found else ()

    def groups_of(self, account: str, now: datetime) -> list[Group]:
        """Return the groups that an account belongs to at an instant."""
        if not self._reports(account):
            return []
        return [one for one in self.groups() if account in members_at(one, now)]

    def save_group(self, group: Group, at: datetime, by: str = "") -> None:
        """Add a group, or record how it stands now."""

        def work(tx: Transaction) -> None:
            tx.record_group(group, at, by)

        self.write(work)

    def _reports(self, name: str) -> bool:
        found = self.account(name)
        return found is not None and not found.disabled and Role.RADIOLOGIST in found.roles
