"""What-if of a date: one edition begins at another instant, and nothing else changes."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from gecit.core.rulebook import Edition, Rule, Rulebook, Source
from gecit.core.supposing import SupposedError, supposed
from gecit.core.values import ISTANBUL, Text
from gecit.core.verdict import Effect

FIRST, SECOND = datetime(2020, 2, 3, tzinfo=ISTANBUL), datetime(2024, 1, 1, tzinfo=ISTANBUL)
SOURCE = Source(kind="notice", title="Duyuru")


def edition(start: datetime | None, until: datetime | None = None, track: str = "") -> Edition:
    return Edition(start=start, until=until, check="has_loinc", source=SOURCE, track=track)


def book(*editions: Edition) -> Rulebook:
    text = Text(tr="x", en="x")
    rule = Rule(
        id="r", title=text, fix=text, who="HBYS", where="", effect=Effect.HOLD, dated_by="order_date", editions=editions
    )
    return Rulebook.of((rule, replace(rule, id="other")))


def test_an_edition_begins_earlier_and_the_one_before_ends_there() -> None:
    earlier = SECOND - timedelta(days=300)
    after = supposed(book(edition(FIRST, SECOND), edition(SECOND)), "r", 1, earlier)
    assert [(one.start, one.until) for one in after.rule("r").editions] == [(FIRST, earlier), (earlier, None)]
    assert [one.start for one in after.rule("other").editions] == [FIRST, SECOND]


def test_later_too_and_without_a_gap() -> None:
    later = SECOND + timedelta(days=1)
    after = supposed(book(edition(FIRST, SECOND), edition(SECOND)), "r", 1, later)
    assert [(one.start, one.until) for one in after.rule("r").editions] == [(FIRST, later), (later, None)]


def test_a_gap_that_stood_there_stays_a_gap() -> None:
    ends = FIRST + timedelta(days=9)
    after = supposed(book(edition(FIRST, ends), edition(SECOND)), "r", 1, SECOND - timedelta(days=1))
    assert after.rule("r").editions[0].until == ends


def test_another_track_is_left_alone() -> None:
    after = supposed(book(edition(FIRST, SECOND, "a"), edition(SECOND, track="b")), "r", 1, FIRST)
    assert after.rule("r").editions[0].until == SECOND


@pytest.mark.parametrize(
    ("place", "start", "why"),
    [(2, FIRST, "no such edition"), (0, SECOND, "ended"), (1, FIRST, "not have begun"), (-1, FIRST, "no such edition")],
)
def test_what_cannot_be_is_said(place: int, start: datetime, why: str) -> None:
    with pytest.raises(SupposedError, match=why):
        supposed(book(edition(FIRST, SECOND), edition(SECOND)), "r", place, start)


def test_an_edition_without_a_first_day_gets_one() -> None:
    after = supposed(book(edition(None)), "r", 0, FIRST)
    assert after.rule("r").editions[0].start == FIRST
    assert after.revision != book(edition(None)).revision
