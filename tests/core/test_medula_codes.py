"""Result codes in words: none without a meaning, a remedy and somebody who mends it."""

from __future__ import annotations

import pytest

from gecit.core import medula_codes
from gecit.core.medula_codes import EXPLAINED, PARTLY, SUCCESS, UNKNOWN, explained

OURS = {
    value for name, value in vars(medula_codes).items() if name[0] != "_" and name.isupper() and isinstance(value, str)
}


def test_every_code_of_ours_is_explained_but_the_one_that_is_never_an_end() -> None:
    assert OURS - set(EXPLAINED) == {PARTLY}


def test_success_is_these_two_codes_and_explains_nothing() -> None:
    assert frozenset({"0000", "9000"}) == SUCCESS
    assert not SUCCESS & set(EXPLAINED)


@pytest.mark.parametrize("code", sorted(EXPLAINED))
def test_each_code_is_said_in_both_languages_with_what_to_do(code: str) -> None:
    one = EXPLAINED[code]
    assert all((one.meaning.tr, one.meaning.en, one.fix.tr, one.fix.en))
    assert bool(one.who) == ("Nothing is to be done" not in one.fix.en)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        ("GECIT-NO-BRANCH tescil no 1", EXPLAINED["GECIT-NO-BRANCH"]),
        ("1229 R100250: 1229 kayıtlı", EXPLAINED["1229"]),
        ("GECIT-NO-DATE", EXPLAINED["GECIT-NO-DATE"]),
        ("0536 Takip bulunamadı", UNKNOWN),
        ("ValueError at x.py:1", UNKNOWN),
        ("", None),
    ],
)
def test_an_error_is_explained_by_the_code_it_begins_with(error: str, meaning: object) -> None:
    assert explained(error) is meaning
