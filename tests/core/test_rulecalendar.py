"""A rulebook seen from one instant, at both ends of what counts."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gecit.core.boundaries import boundaries
from gecit.core.rulecalendar import Standing, months, soon, standing
from gecit.core.values import ISTANBUL, local
from gecit.edges.rules_files import read_folder
from gecit.web.rules.strips import WIDTH, drawing

BOOK = read_folder(Path(__file__).parents[2] / "rules")
MINUTE = timedelta(minutes=1)
LOINC = datetime(2020, 3, 16, tzinfo=ISTANBUL)
OUTAGE = datetime(2021, 8, 31, 12, 30, tzinfo=ISTANBUL)


@pytest.mark.parametrize(
    ("at", "said"), [(LOINC - MINUTE, Standing.LATER), (LOINC, Standing.IN_FORCE), (LOINC + MINUTE, Standing.IN_FORCE)]
)
def test_an_edition_counts_from_its_first_minute(at: datetime, said: Standing) -> None:
    assert standing(BOOK.rule("loinc-code").editions[0], at) is said


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (OUTAGE - timedelta(hours=4), Standing.LATER),
        (OUTAGE + timedelta(seconds=59), Standing.IN_FORCE),
        (OUTAGE + MINUTE, Standing.ENDED),
    ],
)
def test_a_window_counts_through_its_last_minute(at: datetime, said: Standing) -> None:
    window = next(one for one in BOOK.exemptions if one.id == "duplicate-query").windows[0]
    assert standing(window, at) is said


def test_soon_is_after_now_and_within_ninety_days() -> None:
    assert [one.id for one in soon(BOOK, LOINC - timedelta(days=1))] == ["dose-report", "loinc-code"]
    assert [one.id for one in soon(BOOK, LOINC)] == []
    assert "loinc-code" in {one.id for one in soon(BOOK, LOINC - timedelta(days=90))}
    assert "loinc-code" not in {one.id for one in soon(BOOK, LOINC - timedelta(days=90) - MINUTE)}


def test_every_dated_boundary_is_in_its_month_once() -> None:
    found = months(boundaries(BOOK))
    assert [(one.year, one.month) for one in found] == sorted({(one.year, one.month) for one in found}, reverse=True)
    listed = [change for one in found for change in one.changes]
    assert len(listed) == sum(one.at is not None for one in boundaries(BOOK))
    assert all(
        (local(change.at).year, local(change.at).month) == (one.year, one.month)
        for one in found
        for change in one.changes
        if change.at
    )


def test_the_drawing_has_every_rule_and_stays_on_its_paper() -> None:
    found = drawing(BOOK, datetime(2026, 3, 2, tzinfo=ISTANBUL))
    assert {one.id for one in found.strips} == {one.id for one in (*BOOK.rules, *BOOK.exemptions)}
    bars = [bar for one in found.strips for bar in one.bars]
    assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH + 3 for bar in bars)
    assert found.years[0] == 2018 and found.years[-1] == 2026
    assert 0 < found.today < WIDTH
    assert len(next(one for one in found.strips if one.id == "duplicate-query").bars) == 34
    early = drawing(BOOK, LOINC - timedelta(days=1))
    assert [bar.kind for one in early.strips if one.id == "loinc-code" for bar in one.bars] == ["later"]
