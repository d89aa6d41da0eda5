"""Grants on both engines: recorded with their paper, open at once, shut at once."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gecit.core.access import Action, Role, may_with
from gecit.core.accounts import Account, person_of
from gecit.core.events import GrantRecorded
from gecit.core.grants import AccessEdition, AccessRule, Basis, Fault, Grant, Paper
from gecit.core.values import Text
from gecit.edges.doors import Doors
from gecit.edges.passwords import hash_password
from gecit.edges.store import SqlLedger
from gecit.ports import Institution
from gecit.steps.granting import Granting, GrantRefused
from tests.fakes import StillClock
from tests.support.reading import NOW

DAY = timedelta(days=1)
RULE = AccessRule(
    id="r",
    title=Text(tr="k", en="r"),
    editions=(AccessEdition(reader_ownership=("public",), institution_ownership=("public",)),),
)
ACCOUNT = Account(name="ayse", roles=(Role.RADIOLOGIST,), institution="910001")


@pytest.fixture
def granting(ledger: SqlLedger) -> Granting:
    for skrs, ownership, province in (
        ("910001", "public", "Ankara"),
        ("910002", "public", "Ankara"),
        ("910003", "private", "Ankara"),
    ):
        one = Institution(skrs=skrs, ownership=ownership, province=province)
        ledger.write(lambda tx, one=one: tx.record_institution(one, NOW))  # type: ignore[misc]
    ledger.save_account(ACCOUNT, NOW)
    ledger.save_account(Account(name="mudur", roles=(Role.MANAGER,), institution="910001"), NOW)
    return Granting(ledger, ledger, RULE)


def grant(**differs: Any) -> Grant:
    made = Grant(
        id="g1",
        readers=("ayse",),
        institutions=("910002",),
        since=NOW,
        until=NOW + 30 * DAY,
        paper=Paper(number="14", dated=date(2026, 2, 20)),
    )
    return replace(made, **differs)


def test_what_was_recorded_opens_and_what_was_ended_opens_no_more(granting: Granting, ledger: SqlLedger) -> None:
    granting.record(grant(), "yonetici", NOW)
    assert granting.granted(ACCOUNT, NOW) == ("910002",)
    assert granting.may_report("ayse", "910002", NOW)
    assert granting.end("g1", "yonetici", NOW + DAY)
    assert not granting.end("g1", "yonetici", NOW + DAY)
    assert granting.granted(ACCOUNT, NOW + DAY) == ()
    assert not granting.may_report("ayse", "910002", NOW + DAY)
    recorded = [one for _, one in ledger.events() if isinstance(one, GrantRecorded)]
    assert [(one.by, one.grant.ended_by) for one in recorded] == [("yonetici", ""), ("yonetici", "yonetici")]


def test_it_opens_from_its_beginning_until_its_end(granting: Granting) -> None:
    granting.record(grant(), "y", NOW)
    ends = [NOW - timedelta(seconds=1), NOW, NOW + 30 * DAY - timedelta(seconds=1), NOW + 30 * DAY]
    assert [bool(granting.granted(ACCOUNT, at)) for at in ends] == [False, True, True, False]


def test_everything_against_it_is_said_and_nothing_is_recorded(granting: Granting, ledger: SqlLedger) -> None:
    with pytest.raises(GrantRefused) as fault:
        granting.record(grant(readers=("mudur",), institutions=("910003", "9")), "y", NOW)
    assert set(fault.value.faults) == {Fault.NO_READER, Fault.UNKNOWN_INSTITUTION, Fault.READER_OWNERSHIP}
    assert granting.all() == []


def test_a_private_hospital_needs_another_basis(granting: Granting) -> None:
    with pytest.raises(GrantRefused) as fault:
        granting.record(grant(institutions=("910003",)), "y", NOW)
    assert fault.value.faults == (Fault.INSTITUTION_OWNERSHIP,)
    granting.record(grant(institutions=("910003",), basis=Basis.OTHER, basis_text="Protokol 2026/3"), "y", NOW)
    assert granting.granted(ACCOUNT, NOW) == ("910003",)


def test_of_who_is_disabled_or_no_radiologist_nothing_is_open(granting: Granting) -> None:
    granting.record(grant(), "y", NOW)
    assert granting.granted(replace(ACCOUNT, disabled=True), NOW) == ()
    assert granting.granted(replace(ACCOUNT, roles=(Role.CLINICIAN,)), NOW) == ()
    assert not granting.may_report("kimse", "910002", NOW)


def test_a_door_knows_the_grant_and_forgets_it_when_it_ends(granting: Granting, ledger: SqlLedger) -> None:
    granting.record(grant(), "y", NOW)
    ledger.set_password("ayse", hash_password("uzun bir parola 7"), NOW)
    clock, ticks = StillClock(NOW), [0.0]
    doors = Doors(ledger, "inside", clock, lambda: ticks[0], granted=granting.granted)

    def may() -> bool:
        person = doors.sign_in("ayse", "uzun bir parola 7", "127.0.0.1").person
        return may_with(person, Action.SEE_IMAGES, ("910002",))

    assert may()
    clock.advance((31 * DAY).total_seconds())
    ticks[0] += 60
    assert not may()
    assert not may_with(person_of(ACCOUNT), Action.WRITE_REPORT, ("910002",))


def test_the_paper_of_a_grant_is_kept_to_the_byte_with_its_digest_in_the_event(
    granting: Granting, ledger: SqlLedger
) -> None:
    paper = b"%PDF-1.4\n" + bytes(range(256))
    granting.record(grant(), "y", NOW, paper)
    found = granting.paper("g1")
    assert found is not None
    assert found[1].content == paper
    assert found[1].media_type == "application/pdf"
    (event,) = [one for _, one in ledger.events() if isinstance(one, GrantRecorded)]
    assert event.grant.paper.digest == hashlib.sha256(paper).hexdigest()
    assert granting.paper("g2") is None
    with pytest.raises(GrantRefused) as fault:
        granting.record(grant(id="g2"), "y", NOW, b"GIF89a")
    assert fault.value.faults == (Fault.PAPER_UNREADABLE,)
