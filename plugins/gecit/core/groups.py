"""Groups of radiologists (radyolog grubu): who belongs to one, from when until when. A group is asked each time."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from .exam_kinds import Subspecialty
from .values import Text, Value

LONGEST_NAME = 100


class Member(Value):
    """One radiologist's time in a group; who leaves and comes back has two of them."""

    account: str
    since: datetime
    until: datetime | None = None  # exclusive; None = no end is known


class Group(Value):
    """Radiologists who are asked, assigned to or granted together; a change is a new record of its id."""

    id: str
    name: str
    subspecialty: Subspecialty = Subspecialty.GENERAL
    members: tuple[Member, ...] = ()
    recorded_at: datetime | None = None
    recorded_by: str = ""
    closed_at: datetime | None = None  # it has no members from then on
    closed_by: str = ""


class GroupFault(StrEnum):
    """Why a group cannot be recorded."""

    NO_NAME = "no name"
    NAME_TAKEN = "name taken"
    NO_RADIOLOGIST = "no radiologist"
    ENDS_BEFORE_IT_BEGINS = "ends before it begins"
    TWICE_AT_ONCE = "twice at once"


GROUP_FAULTS: Mapping[GroupFault, Text] = {
    GroupFault.NO_NAME: Text(tr="Grubun adı gerekir.", en="The group needs a name."),
    GroupFault.NAME_TAKEN: Text(
        tr="Bu adla açık bir grup var; başka bir ad verin ya da o grubu değiştirin.",
        en="There is an open group of that name; choose another one, or change that group.",
    ),
    GroupFault.NO_RADIOLOGIST: Text(
        tr="Üyelerden biri, açık bir radyolog hesabı değil.", en="One of the members is no radiologist's open account."
    ),
    GroupFault.ENDS_BEFORE_IT_BEGINS: Text(
        tr="Üyeliğin son günü, ilk gününden önce olamaz.",
        en="The last day of a membership cannot lie before its first.",
    ),
    GroupFault.TWICE_AT_ONCE: Text(
        tr="Bir hekim aynı günlerde iki kez yazılmış.", en="A radiologist is written twice for the same days."
    ),
}


def members_at(group: Group, now: datetime) -> tuple[str, ...]:
    """Return the accounts that belong to a group at an instant, by name; a closed group has none."""
    if group.closed_at is not None and group.closed_at <= now:
        return ()
    return tuple(sorted({one.account for one in group.members if belongs(one, now)}))


def belongs(member: Member, now: datetime) -> bool:
    """Whether a membership holds at an instant."""
    return member.since <= now and (member.until is None or now < member.until)


def group_faults(group: Group, others: Iterable[Group], radiologists: Container[str]) -> tuple[GroupFault, ...]:
    """Return everything that stands against recording a group.

    `others`: all groups on record; `radiologists`: accounts that may become members. Who was one already may have been
    disabled since: that stops nothing, and he is no member then.
    """
    found = []
    before = next((one for one in others if one.id == group.id), None)
    known = {one.account for one in before.members} if before else set()
    if not group.name.strip():
        found.append(GroupFault.NO_NAME)
    if any(one.id != group.id and not one.closed_at and _same(one.name, group.name) for one in others):
        found.append(GroupFault.NAME_TAKEN)
    if any(one.account not in radiologists and one.account not in known for one in group.members):
        found.append(GroupFault.NO_RADIOLOGIST)
    if any(one.until is not None and one.until <= one.since for one in group.members):
        found.append(GroupFault.ENDS_BEFORE_IT_BEGINS)
    if _overlapping(group.members):
        found.append(GroupFault.TWICE_AT_ONCE)
    return tuple(found)


def closed(group: Group, by: str, at: datetime) -> Group:
    """Return a group as it stands once a person has closed it."""
    return msgspec.structs.replace(group, closed_at=at, closed_by=by)


def _overlapping(members: Iterable[Member]) -> bool:
    last: dict[str, datetime | None] = {}
    for one in sorted(members, key=lambda one: (one.account, one.since)):
        if one.account in last:
            end = last[one.account]
            if end is None or one.since < end:
                return True
        last[one.account] = one.until
    return False


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
