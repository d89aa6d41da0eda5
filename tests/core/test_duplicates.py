"""How far back a duplicate reaches, on both sides of its boundary."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gecit.core.background import EarlierExam
from gecit.core.duplicates import counts, months_before, reaches_back
from gecit.core.values import ISTANBUL

ORDERED = datetime(2024, 7, 15, 10, 0, tzinfo=ISTANBUL)


def earlier(**told: object) -> EarlierExam:
    fields = {"institution": "910001", "accession": "A", "sut": "801590", "images": True, **told}
    return EarlierExam(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "before"),
    [
        (date(2024, 7, 15), date(2024, 1, 15)),
        (date(2024, 3, 1), date(2023, 9, 1)),
        (date(2024, 8, 31), date(2024, 2, 29)),
        (date(2023, 8, 31), date(2023, 2, 28)),
        (date(2024, 12, 31), date(2024, 6, 30)),
        (date(2024, 6, 30), date(2023, 12, 30)),
    ],
)
def test_six_calendar_months_before_a_day(day: date, before: date) -> None:
    assert months_before(day, 6) == before
    assert reaches_back(day, before)
    assert not reaches_back(day, before - timedelta(days=1))


def test_the_orders_own_day_is_within_reach_and_the_next_is_not() -> None:
    assert reaches_back(date(2024, 7, 15), date(2024, 7, 15))
    assert not reaches_back(date(2024, 7, 15), date(2024, 7, 16))


def test_days_replace_the_months_where_a_site_says_so() -> None:
    assert reaches_back(date(2024, 7, 15), date(2024, 1, 17), 6, 180)
    assert not reaches_back(date(2024, 7, 15), date(2024, 1, 16), 6, 180)


def test_the_day_is_the_day_in_istanbul() -> None:
    late = datetime(2024, 1, 14, 21, 30, tzinfo=UTC)  # 15 January, 00:30 in Istanbul
    assert counts(earlier(ordered_at=late), ORDERED)
    assert not counts(earlier(ordered_at=late - timedelta(hours=1)), ORDERED)


def test_an_exam_that_never_took_place_counts_only_where_a_site_says_so() -> None:
    ordered = earlier(images=False, ordered_at=ORDERED - timedelta(days=3))
    assert not counts(ordered, ORDERED)
    assert counts(ordered, ORDERED, performed_only=False)


def test_which_date_of_the_earlier_exam_counts_is_a_choice() -> None:
    one = earlier(ordered_at=ORDERED - timedelta(days=300), performed_at=ORDERED - timedelta(days=30))
    assert not counts(one, ORDERED)
    assert counts(one, ORDERED, dated="performed")


def test_what_is_ordered_later_the_same_day_is_no_earlier_exam() -> None:
    assert not counts(earlier(ordered_at=ORDERED + timedelta(minutes=1)), ORDERED)


def test_a_result_without_a_date_counts_only_from_an_upstream_service() -> None:
    assert counts(earlier(source="upstream"), ORDERED)
    assert not counts(earlier(), ORDERED)
