"""Numbers of people, procedures and observations: what can be told of them without asking anybody."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum

from .values import Value

TCKN_LENGTH = 11
FOREIGN_PREFIX = "99"
SUT_SHORTEST = 6  # the guide: undotted, at least six characters

_LOINC = re.compile(r"([0-9]{1,7})-([0-9])", re.ASCII)
_SUT = re.compile(r"[A-Z]?[0-9]+", re.ASCII)  # R100250 and L-codes exist beside the digits-only ones


class Kind(StrEnum):
    """What a patient's number is."""

    CITIZEN = "citizen"
    FOREIGN = "foreign"
    NEWBORN = "newborn"
    NAMELESS = "nameless"
    INVALID = "invalid"
    MISSING = "missing"


class IdentifierPolicy(Value):
    """What a site accepts where no source settles it."""

    foreign_checksum: bool = True  # 99... numbers must pass the checksum too
    accept_newborn: bool = False  # a newborn without a number, known by its file number
    accept_nameless: bool = False  # a patient nobody knows yet, known by the file number
    nameless_numbers: tuple[str, ...] = ("10000000000",)  # stand-ins for "no number"; "" = an empty field is one
    newborn_days: int = 28  # how old a newborn is at the most, at the order


def has_tckn_checksum(number: str) -> bool:
    """Whether the two last of eleven digits follow from the others.

    d10 = (7 (d1+d3+d5+d7+d9) - (d2+d4+d6+d8)) mod 10; d11 = (d1+...+d10) mod 10.
    """
    if not _is_eleven_digits(number):
        return False
    return number == tckn_of(number[:9])


def tckn_of(nine: str) -> str:
    """Return a number that passes the checksum, of its first nine digits; for patients that are made up."""
    d = [int(one) for one in nine]
    tenth = (7 * sum(d[0:9:2]) - sum(d[1:8:2])) % 10
    return f"{nine}{tenth}{(sum(d) + tenth) % 10}"


def is_tckn(number: str) -> bool:
    """Whether it can be the number of a citizen or of a foreigner: eleven digits, no leading 0, checksum."""
    return has_tckn_checksum(number) and number[0] != "0"


def holds_tckn(text: str) -> bool:
    """Whether a text holds what can be somebody's number."""
    return any(is_tckn(one) for one in re.findall(r"(?<!\d)\d{11}(?!\d)", text, re.ASCII))


def classify(number: str, policy: IdentifierPolicy, *, age_days: int | None = None) -> Kind:
    """Say what a patient's number is; `age_days` at the order tells a newborn from a forgotten number."""
    if not number and age_days is not None and 0 <= age_days <= policy.newborn_days:
        return Kind.NEWBORN
    if number in policy.nameless_numbers:
        return Kind.NAMELESS
    if not number:
        return Kind.MISSING
    if not _is_eleven_digits(number):
        return Kind.INVALID
    if number.startswith(FOREIGN_PREFIX):
        return Kind.FOREIGN if not policy.foreign_checksum or has_tckn_checksum(number) else Kind.INVALID
    return Kind.CITIZEN if is_tckn(number) else Kind.INVALID


def accepts(kind: Kind, policy: IdentifierPolicy, *, file_number: str) -> bool:
    """Whether an exam of such a patient may go on; without a number a file number must identify the patient."""
    return {
        Kind.CITIZEN: True,
        Kind.FOREIGN: True,
        Kind.NEWBORN: policy.accept_newborn and bool(file_number),
        Kind.NAMELESS: policy.accept_nameless and bool(file_number),
    }.get(kind, False)


def age_in_days(birth_date: str, on: date) -> int | None:
    """Days from a PID-7 date (YYYYMMDD, longer forms cut) to `on`; None where it is no date."""
    try:
        born = date(int(birth_date[0:4]), int(birth_date[4:6]), int(birth_date[6:8]))
    except ValueError:
        return None
    return (on - born).days


def masked(number: str) -> str:
    """A number as it may be shown: its last three characters."""
    return "*" * max(len(number) - 3, 0) + number[-3:] if len(number) > 3 else "*" * len(number)


def normal_sut(code: str) -> str:
    """A SUT code as HL7 wants it: printed lists say 801.590, messages 801590."""
    return re.sub(r"[.,\-\s]", "", code).upper()


def is_sut(code: str) -> bool:
    """Whether a normalised code has the form of a SUT code; says nothing of its being listed."""
    return len(code) >= SUT_SHORTEST and _SUT.fullmatch(code) is not None


def is_loinc(code: str) -> bool:
    """Whether a LOINC code has its form and check digit (mod 10 with doubling, as printed after the hyphen)."""
    match = _LOINC.fullmatch(code)
    return match is not None and _check_digit(match[1]) == int(match[2])


def _check_digit(digits: str) -> int:
    doubled = (2 * int(one) if place % 2 == 0 else int(one) for place, one in enumerate(reversed(digits)))
    return -sum(one // 10 + one % 10 for one in doubled) % 10


def _is_eleven_digits(number: str) -> bool:
    return len(number) == TCKN_LENGTH and number.isascii() and number.isdigit()
