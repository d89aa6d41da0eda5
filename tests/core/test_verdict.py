"""Design 7.1, transcribed a second time: every finding there can be, alone and in pairs."""

from __future__ import annotations

from itertools import product

import pytest

from gecit.core.values import Text
from gecit.core.verdict import Effect, Finding, Outcome, Status, outcome

# Lines: the effect of the rule. Columns: what the rule found. h = hold, p = pending, . = does not stand in the way.
TABLE = """
                passed  failed  excused  cannot-tell  not-in-force
hold            .       h       .        p            .
wait            .       p       .        p            .
refuse-report   .       h       .        p            .
warn            .       .       .        .            .
"""
LETTERS = {".": Outcome.SUBMIT, "p": Outcome.PENDING, "h": Outcome.HOLD}
RANK = [Outcome.SUBMIT, Outcome.PENDING, Outcome.HOLD]


def _transcribed() -> dict[tuple[Status, Effect], Outcome]:
    head, *lines = TABLE.strip().splitlines()
    columns = [Status(one.replace("-", " ")) for one in head.split()]
    rows = [(Effect(line.split()[0]), line.split()[1:]) for line in lines]
    return {(status, effect): LETTERS[one] for effect, row in rows for status, one in zip(columns, row, strict=True)}


EXPECTED = _transcribed()


def _finding(status: Status, effect: Effect) -> Finding:
    return Finding(rule="r", status=status, effect=effect, title=Text(tr="t", en="t"))


def test_the_transcription_knows_every_status_and_every_effect() -> None:
    assert set(EXPECTED) == set(product(Status, Effect))


@pytest.mark.parametrize(("status", "effect"), list(product(Status, Effect)))
def test_one_finding_alone_decides_as_the_table_says(status: Status, effect: Effect) -> None:
    assert outcome((_finding(status, effect),), unsettled=False) is EXPECTED[status, effect]


@pytest.mark.parametrize(("status", "effect"), list(product(Status, Effect)))
def test_unsettled_images_make_pending_of_everything_but_a_hold(status: Status, effect: Effect) -> None:
    expected = Outcome.HOLD if EXPECTED[status, effect] is Outcome.HOLD else Outcome.PENDING
    assert outcome((_finding(status, effect),), unsettled=True) is expected


def test_of_two_findings_the_graver_decides_in_either_order() -> None:
    for one, other in product(EXPECTED, EXPECTED):
        graver = max(EXPECTED[one], EXPECTED[other], key=RANK.index)
        assert outcome((_finding(*one), _finding(*other)), unsettled=False) is graver


def test_no_finding_at_all_submits() -> None:
    assert outcome((), unsettled=False) is Outcome.SUBMIT
