from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gecit.core.identifiers import (
    IdentifierPolicy,
    Kind,
    accepts,
    age_in_days,
    classify,
    has_tckn_checksum,
    is_loinc,
    is_sut,
    is_tckn,
    masked,
    normal_sut,
)

POLICY = IdentifierPolicy()
NINE_DIGITS = st.integers(100_000_000, 999_999_999)


def complete(nine: int) -> str:
    """Write the two check digits behind nine digits: a second transcription of the rule, term by term."""
    d1, d2, d3, d4, d5, d6, d7, d8, d9 = (int(one) for one in str(nine))
    d10 = (7 * (d1 + d3 + d5 + d7 + d9) - (d2 + d4 + d6 + d8)) % 10
    d11 = (d1 + d2 + d3 + d4 + d5 + d6 + d7 + d8 + d9 + d10) % 10
    return f"{nine}{d10}{d11}"


@pytest.mark.parametrize("number", ["10000000146", "10562272296", "10000000214"])
def test_known_numbers_pass(number: str) -> None:
    assert is_tckn(number)


@given(NINE_DIGITS)
def test_any_nine_digits_with_their_two_check_digits_pass(nine: int) -> None:
    assert is_tckn(complete(nine))


@given(NINE_DIGITS, st.integers(0, 10), st.integers(1, 9))
def test_one_wrong_digit_is_noticed_wherever_it_stands(nine: int, place: int, by: int) -> None:
    digits = [int(one) for one in complete(nine)]
    digits[place] = (digits[place] + by) % 10
    wrong = "".join(map(str, digits))
    # The rule cannot see one change of its own making: none of the eleven digits may change alone.
    assert not has_tckn_checksum(wrong)


@pytest.mark.parametrize(
    "number", ["", "1000000014", "100000001460", "1000000014a", "١٠٠٠٠٠٠٠١٤٦", "00000000000", "10000000147"]
)
def test_what_is_no_number_fails(number: str) -> None:
    assert not is_tckn(number)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("10000000146", Kind.CITIZEN),
        ("10000000147", Kind.INVALID),
        (complete(990000001), Kind.FOREIGN),
        ("99000000101", Kind.INVALID),
        ("10000000000", Kind.NAMELESS),
        ("ABC", Kind.INVALID),
        ("", Kind.MISSING),
    ],
)
def test_a_number_is_classified(number: str, kind: Kind) -> None:
    assert classify(number, POLICY) is kind


def test_foreign_numbers_go_without_checksum_where_the_site_says_so() -> None:
    assert classify("99000000101", IdentifierPolicy(foreign_checksum=False)) is Kind.FOREIGN


@pytest.mark.parametrize(
    ("age", "kind"), [(0, Kind.NEWBORN), (28, Kind.NEWBORN), (29, Kind.MISSING), (-1, Kind.MISSING)]
)
def test_an_empty_number_is_a_newborns_only_in_its_first_days(age: int, kind: Kind) -> None:
    assert classify("", POLICY, age_days=age) is kind


def test_an_empty_number_is_nameless_where_the_site_lists_it() -> None:
    assert classify("", IdentifierPolicy(nameless_numbers=("",))) is Kind.NAMELESS


@pytest.mark.parametrize(
    ("kind", "policy", "file_number", "accepted"),
    [
        (Kind.CITIZEN, POLICY, "", True),
        (Kind.FOREIGN, POLICY, "", True),
        (Kind.INVALID, IdentifierPolicy(accept_newborn=True, accept_nameless=True), "D-1", False),
        (Kind.MISSING, IdentifierPolicy(accept_newborn=True, accept_nameless=True), "D-1", False),
        (Kind.NEWBORN, POLICY, "D-1", False),
        (Kind.NEWBORN, IdentifierPolicy(accept_newborn=True), "D-1", True),
        (Kind.NEWBORN, IdentifierPolicy(accept_newborn=True), "", False),
        (Kind.NAMELESS, POLICY, "D-1", False),
        (Kind.NAMELESS, IdentifierPolicy(accept_nameless=True), "D-1", True),
        (Kind.NAMELESS, IdentifierPolicy(accept_nameless=True), "", False),
    ],
)
def test_what_a_site_accepts_still_needs_a_file_number(
    kind: Kind, policy: IdentifierPolicy, file_number: str, accepted: bool
) -> None:
    assert accepts(kind, policy, file_number=file_number) is accepted


@pytest.mark.parametrize(
    ("birth", "days"), [("20240510", 4), ("20240510093000", 4), ("2024", None), ("20241340", None)]
)
def test_age_is_counted_from_a_date_and_from_nothing_else(birth: str, days: int | None) -> None:
    assert age_in_days(birth, date(2024, 5, 14)) == days


@pytest.mark.parametrize(("code", "normal"), [("801.590", "801590"), ("r 100-250", "R100250"), ("801,590", "801590")])
def test_a_sut_code_is_brought_into_the_form_of_messages(code: str, normal: str) -> None:
    assert normal_sut(code) == normal
    assert is_sut(normal)


@pytest.mark.parametrize("code", ["", "80159", "R1002X0", "RR10025"])
def test_what_is_no_sut_code_is_told(code: str) -> None:
    assert not is_sut(code)


@pytest.mark.parametrize("code", ["24725-4", "24590-2", "24558-9", "36643-5", "24606-6", "18748-4"])
def test_published_loinc_codes_have_their_check_digit(code: str) -> None:
    assert is_loinc(code)


@pytest.mark.parametrize("code", ["24725-5", "24752-4", "24725", "-4", "24725-44", "LP24725-4", ""])
def test_a_loinc_code_with_a_slip_is_told(code: str) -> None:
    assert not is_loinc(code)


@pytest.mark.parametrize(("number", "shown"), [("10000000146", "********146"), ("146", "***"), ("", "")])
def test_a_number_is_shown_by_its_last_three_digits_only(number: str, shown: str) -> None:
    assert masked(number) == shown
