"""Groups of radiologists on both engines: who belongs to one is asked each time, and so is what a grant to it opens."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.events import GroupRecorded
from gecit.core.exam_kinds import Subspecialty
from gecit.core.grants import Basis, Fault, Grant, Paper
from gecit.core.groups import Group, Member
from gecit.edges.store import SqlLedger
from gecit.ports import Institution
from gecit.ports.groups import Groups
from gecit.steps.granting import Granting, GrantRefused
from tests.support.reading import NOW

DAY = timedelta(days=1)
AYSE = Account(name="ayse", roles=(Role.RADIOLOGIST,), institution="910001")
BORA = Account(name="bora", roles=(Role.RADIOLOGIST,), institution="910001")
NEURO = Group(
    id="g-neuro",
    name="Nöroradyoloji ekibi",
    subspecialty=Subspecialty.NEURO,
    members=(Member(account="ayse", since=NOW), Member(account="bora", since=NOW + DAY, until=NOW + 3 * DAY)),
)
GRANT = Grant(
    id="y1",
    readers=(),
    groups=("g-neuro",),
    institutions=("910002",),
    since=NOW,
    until=NOW + 30 * DAY,
    paper=Paper(number="14", dated=date(2026, 2, 20)),
    basis=Basis.OTHER,
    basis_text="Protokol 2026/3",
)


@pytest.fixture
def groups(ledger: SqlLedger) -> Groups:
    for one in (AYSE, BORA):
        ledger.save_account(one, NOW)
    for skrs in ("910001", "910002"):
        one_more = Institution(skrs=skrs, ownership="public", province="Ankara")
        ledger.write(lambda tx, one=one_more: tx.record_institution(one, NOW))  # type: ignore[misc]
    ledger.save_group(NEURO, NOW, "yonetici")
    return ledger


def test_a_member_belongs_from_his_first_instant_until_his_last(groups: Groups) -> None:
    moments = (NOW - DAY, NOW, NOW + DAY, NOW + 3 * DAY - timedelta(seconds=1), NOW + 3 * DAY)
    assert [groups.members("g-neuro", at) for at in moments] == [
        (), ("ayse",), ("ayse", "bora"), ("ayse", "bora"), ("ayse",),
    ]  # fmt: skip
    assert [one.id for one in groups.groups_of("bora", NOW + DAY)] == ["g-neuro"]
    assert groups.groups_of("bora", NOW) == []
    assert groups.members("g-none", NOW) == ()


def test_who_is_disabled_or_no_radiologist_any_more_is_no_member(groups: Groups, ledger: SqlLedger) -> None:
    ledger.save_account(replace(AYSE, disabled=True), NOW)
    ledger.save_account(replace(BORA, roles=(Role.CLINICIAN,)), NOW)
    assert groups.members("g-neuro", NOW + DAY) == ()
    assert groups.groups_of("ayse", NOW + DAY) == []


def test_a_closed_group_has_no_members_and_stays_on_record(groups: Groups, ledger: SqlLedger) -> None:
    groups.save_group(replace(NEURO, closed_at=NOW + DAY, closed_by="yonetici"), NOW + DAY, "yonetici")
    assert groups.members("g-neuro", NOW) == ("ayse",)
    assert groups.members("g-neuro", NOW + DAY) == ()
    found = groups.group("g-neuro")
    assert found is not None and found.closed_by == "yonetici"
    recorded = [one for _, one in ledger.events() if isinstance(one, GroupRecorded)]
    assert [(one.by, one.group.closed_at) for one in recorded] == [("yonetici", None), ("yonetici", NOW + DAY)]


def test_a_grant_to_a_group_opens_to_its_members_of_that_moment(groups: Groups, ledger: SqlLedger) -> None:
    granting = Granting(ledger, ledger, None)
    granting.record(GRANT, "yonetici", NOW)
    assert granting.granted(AYSE, NOW) == ("910002",)
    assert [granting.granted(BORA, at) for at in (NOW, NOW + DAY, NOW + 3 * DAY)] == [(), ("910002",), ()]
    assert granting.may_report("bora", "910002", NOW + 2 * DAY)
    assert not granting.may_report("bora", "910002", NOW + 3 * DAY)
    groups.save_group(replace(NEURO, closed_at=NOW + DAY), NOW + DAY)
    assert granting.granted(AYSE, NOW + DAY) == ()


def test_a_grant_to_a_group_that_is_closed_or_unknown_is_not_recorded(groups: Groups, ledger: SqlLedger) -> None:
    groups.save_group(replace(NEURO, closed_at=NOW), NOW)
    for wanted in ("g-neuro", "g-none"):
        with pytest.raises(GrantRefused) as fault:
            Granting(ledger, ledger, None).record(replace(GRANT, groups=(wanted,)), "y", NOW)
        assert fault.value.faults == (Fault.NO_GROUP,)
