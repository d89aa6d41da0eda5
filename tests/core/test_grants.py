"""Who may report for whom: the rule, other bases, and the ends of a grant."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gecit.core.grants import (
    AccessEdition,
    AccessRule,
    Basis,
    Employer,
    Fault,
    Grant,
    Paper,
    covered,
    ended,
    faults_of,
    granted_to,
    in_force,
    shown_days,
)
from gecit.core.values import ISTANBUL, Text

SINCE = datetime(2026, 3, 1, tzinfo=ISTANBUL)
UNTIL = datetime(2026, 4, 1, tzinfo=ISTANBUL)
EDITION = AccessEdition(reader_ownership=("public",), institution_ownership=("public",))
RULE = AccessRule(id="r", title=Text(tr="k", en="r"), editions=(EDITION,))
HOSPITALS = {
    "1": Employer(skrs="1", ownership="public", province="İzmir"),
    "2": Employer(skrs="2", ownership="public", province="IZMIR"),
    "3": Employer(skrs="3", ownership="public", province="Manisa"),
    "4": Employer(skrs="4", ownership="private", province="İzmir"),
    "5": Employer(skrs="5", ownership="public", province="izmir "),
    "6": Employer(skrs="6", ownership="public"),
}
EMPLOYERS = {"ayse": "1", "ozel": "4"}


def grant(**differs: Any) -> Grant:
    made = Grant(
        id="g",
        readers=("ayse",),
        institutions=("5",),
        since=SINCE,
        until=UNTIL,
        paper=Paper(number="2026/14", dated=date(2026, 2, 20)),
    )
    return replace(made, **differs)


def of(one: Grant) -> tuple[Fault, ...]:
    return faults_of(one, EMPLOYERS, HOSPITALS, RULE)


def test_a_public_radiologist_reports_for_another_public_institution_of_the_province() -> None:
    assert of(grant()) == ()


@pytest.mark.parametrize(
    ("institution", "against"),
    [("3", Fault.OTHER_PROVINCE), ("4", Fault.INSTITUTION_OWNERSHIP), ("6", Fault.OTHER_PROVINCE)],
)
def test_what_the_rule_does_not_cover_needs_another_basis(institution: str, against: Fault) -> None:
    assert of(grant(institutions=(institution,))) == (against,)
    assert of(grant(institutions=(institution,), basis=Basis.OTHER)) == (Fault.NO_BASIS,)
    assert of(grant(institutions=(institution,), basis=Basis.OTHER, basis_text="Bakanlık oluru 2026/7")) == ()


def test_a_radiologist_of_a_private_hospital_is_not_covered() -> None:
    assert of(grant(readers=("ozel",))) == (Fault.READER_OWNERSHIP,)


def test_everything_that_is_missing_is_said_at_once() -> None:
    bad = grant(readers=(), institutions=("99",), until=SINCE, paper=Paper(number=" ", dated=date(2026, 1, 1)))
    assert of(bad) == (Fault.NO_READER, Fault.UNKNOWN_INSTITUTION, Fault.NO_PAPER, Fault.ENDS_BEFORE_IT_BEGINS)


def test_nobody_needs_a_grant_for_the_own_institution() -> None:
    assert of(grant(institutions=("1",))) == (Fault.OWN_INSTITUTION,)


def test_names_of_a_province_are_the_same_however_they_are_written() -> None:
    assert covered(RULE, HOSPITALS["1"], HOSPITALS["5"], SINCE) is None


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        (SINCE - timedelta(microseconds=1), False),
        (SINCE, True),
        (UNTIL - timedelta(microseconds=1), True),
        (UNTIL, False),
    ],
)
def test_a_grant_opens_from_its_beginning_until_its_end(at: datetime, opens: bool) -> None:
    assert in_force(grant(), at) is opens
    assert granted_to("ayse", HOSPITALS["1"], [grant()], HOSPITALS, RULE, at) == (("5",) if opens else ())


def test_what_a_person_ended_opens_nothing_from_that_moment() -> None:
    at = SINCE + timedelta(days=3)
    over = ended(grant(), "yonetici", at)
    assert in_force(over, at - timedelta(seconds=1))
    assert not in_force(over, at)


def test_who_moves_to_another_province_loses_what_rested_on_the_rule_alone() -> None:
    moved, at = HOSPITALS["3"], SINCE + timedelta(days=1)
    by_rule, by_paper = grant(), grant(id="h", institutions=("4",), basis=Basis.OTHER, basis_text="Olur")
    assert granted_to("ayse", HOSPITALS["1"], [by_rule, by_paper], HOSPITALS, RULE, at) == ("4", "5")
    assert granted_to("ayse", moved, [by_rule, by_paper], HOSPITALS, RULE, at) == ("4",)


def test_a_grant_is_nobody_elses() -> None:
    assert granted_to("bora", HOSPITALS["1"], [grant()], HOSPITALS, RULE, SINCE) == ()


def test_without_an_edition_in_force_nothing_rests_on_the_rule() -> None:
    late = AccessRule(id="r", title=RULE.title, editions=(replace(EDITION, since=datetime(2027, 1, 1, tzinfo=UTC)),))
    assert faults_of(grant(), EMPLOYERS, HOSPITALS, late) == (Fault.NO_RULE,)
    assert granted_to("ayse", HOSPITALS["1"], [grant()], HOSPITALS, late, SINCE) == ()


def test_the_last_day_is_shown_as_people_count_days() -> None:
    assert shown_days(grant()) == (date(2026, 3, 1), date(2026, 3, 31))
