"""Which versions of a report are issued as documents, what they show, and what they take the place of."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gecit.core.exam import Exam
from gecit.core.issue import Issue, issue, issued, shown, signers
from gecit.core.order import Person
from gecit.core.versions import Effect
from tests.support.reports import exam, version

# Sent and accepted in this order: the versions that are issued; of the last one what it shows (by message number),
# its predecessor, and what it takes the place of.
STORIES = [
    ("F", (1,), [1], 0, []),
    ("P", (1,), [1], 0, []),
    ("PF", (1, 2), [2], 1, [1]),
    ("FC", (1, 2), [2], 1, [1]),
    ("FB", (1, 2), [1, 2], 1, []),
    ("FBB", (1, 2, 3), [1, 2, 3], 2, []),
    ("FBC", (1, 2, 3), [3], 2, [1, 2]),
    ("B", (1,), [1], 0, []),
    ("BF", (1, 2), [2, 1], 1, []),
    ("FCB", (1, 2, 3), [2, 3], 2, []),
]


def of(found: Exam, number: int) -> Issue:
    made = issue(found, number)
    assert made
    return made


@pytest.mark.parametrize(("sent", "numbers", "shows", "predecessor", "replaced"), STORIES)
def test_what_a_version_shows_and_replaces(
    sent: str, numbers: tuple[int, ...], shows: list[int], predecessor: int, replaced: list[int]
) -> None:
    made, last = exam(sent), len(sent)
    found = of(made, last)
    assert issued(made) == numbers
    assert [one.message for one in shown(found)] == shows
    assert (found.predecessor, [one.message for one in found.replaced]) == (predecessor, replaced)
    assert found.own is made.reports[-1]


def test_a_late_preliminary_version_is_not_issued_and_is_nobodys_predecessor() -> None:
    made = exam("FPC")
    assert issued(made) == (1, 3)
    assert issue(made, 2) is None
    assert of(made, 3).predecessor == 1


def test_a_version_that_waited_for_the_registry_and_was_overtaken_is_not_issued() -> None:
    made = exam([version("C", 3), version("F", 2)])
    assert issued(made) == (1,)


def test_a_version_stays_as_it_was_issued_whatever_comes_later() -> None:
    first = of(exam("F"), 1)
    for later in ("FP", "FC", "FB", "FBC"):
        assert of(exam(later), 1) == first
    addendum = exam([version("B", 3)])
    assert of(replace(addendum, reports=(*addendum.reports, version("F", 2))), 1) == of(addendum, 1)


@pytest.mark.parametrize(
    ("sent", "final"), [("F", True), ("C", True), ("P", False), ("PB", False), ("FB", True), ("B", True)]
)
def test_what_shows_a_preliminary_report_is_not_final(sent: str, final: bool) -> None:
    assert of(exam(sent), len(sent)).final is final


def test_there_is_no_version_beyond_the_last_one() -> None:
    assert issue(exam("F"), 0) is None
    assert issue(exam("F"), 2) is None
    assert issued(exam("")) == ()


def test_an_addendum_says_that_it_adds_and_one_alone_that_it_waits() -> None:
    assert of(exam("FB"), 2).effect is Effect.ADDS
    assert of(exam("B"), 1).effect is Effect.WAITS


def test_a_signer_who_came_without_a_name_has_the_registry_s() -> None:
    nameless = version("F", 1, radiologists=(Person(identifier="10000090178"),))
    named = replace(nameless, registry=(replace(nameless.registry[0], name="Ayşegül ÖRNEKÇİ"),))
    assert signers(named) == (Person(identifier="10000090178", family="Ayşegül ÖRNEKÇİ"),)
    assert signers(nameless) == (Person(identifier="10000090178"),)
