"""What stands against recording a group."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from gecit.core.groups import Group, GroupFault, Member, group_faults

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
GROUP = Group(id="g1", name="Nöro", members=(Member(account="ayse", since=NOW, until=NOW + DAY),))


def test_a_sound_group_has_no_fault() -> None:
    again = replace(GROUP, members=(*GROUP.members, Member(account="ayse", since=NOW + DAY)))
    assert group_faults(again, [GROUP], {"ayse"}) == ()


def test_everything_is_said_at_once() -> None:
    other = replace(GROUP, id="g2", name="Meme")
    bad = Group(
        id="g1",
        name="MEME",
        members=(
            Member(account="ayse", since=NOW, until=NOW),
            Member(account="kimse", since=NOW),
            Member(account="kimse", since=NOW + DAY),
        ),
    )
    assert set(group_faults(bad, [other], {"ayse"})) == {
        GroupFault.NAME_TAKEN,
        GroupFault.NO_RADIOLOGIST,
        GroupFault.ENDS_BEFORE_IT_BEGINS,
        GroupFault.TWICE_AT_ONCE,
    }
    assert group_faults(replace(GROUP, name=" "), [], {"ayse"}) == (GroupFault.NO_NAME,)


def test_the_name_of_a_closed_group_is_free() -> None:
    other = replace(GROUP, id="g2", closed_at=NOW)
    assert group_faults(GROUP, [other], {"ayse"}) == ()


def test_who_was_a_member_before_stops_nothing_though_his_account_is_shut() -> None:
    assert group_faults(GROUP, [GROUP], set()) == ()
    assert group_faults(GROUP, [], set()) == (GroupFault.NO_RADIOLOGIST,)
