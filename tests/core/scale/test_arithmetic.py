"""The arithmetic of sizes: by hand, and by what must hold whatever is assumed."""

from __future__ import annotations

import math
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gecit.core.scale.amounts import amount, span, times
from gecit.core.scale.assumptions import AssumptionFault, Assumptions, Basis, Unit
from gecit.core.scale.day import (
    DRAWN_MOST,
    Lost,
    day_of_database,
    day_of_node,
    drawn,
    drawn_of_database,
    refuse_endless,
)
from gecit.core.scale.limits import FILLING, Limit, Outlook, months_until_full, outlook
from gecit.core.scale.load import HOURS, Load, Size, busiest, hospitals, load, load_of, peak_share, shares, weights
from gecit.core.scale.remedies import REMEDIES
from gecit.edges.scale_files import shipped

KNOWN = shipped()
SIZES = st.sampled_from(list(Size))
FIELDS = Load.__struct_fields__
GROWS = tuple(key for key, one in KNOWN.numbers.items() if key.split(".")[0] in ("kind", "exam", "ledger"))
"""Of these more is never less of anything."""


@st.composite
def assumed(draw: st.DrawFn) -> Assumptions:
    """The shipped numbers, some of them anything that they may be."""
    changes = []
    for key in draw(st.lists(st.sampled_from(list(KNOWN.numbers)), max_size=8, unique=True)):
        one = KNOWN.numbers[key]
        least = max(one.least, 1e-3 if key in ("hour.h10", "kind.CT.exams") else 0.0)  # not all of them are 0
        changes.append((key, draw(st.floats(least, one.most, allow_subnormal=False)), "test"))
    return KNOWN.assuming(changes)


def numbers(one: Load) -> dict[str, float]:
    return {name: getattr(one, name) for name in FIELDS}


# By hand


def test_the_country_is_people_times_exams_of_each_kind() -> None:
    country = load(Size.COUNTRY, KNOWN)
    assert country.exams_year == pytest.approx(85_000 * (295 + 207 + 1000 + 250 + 35 + 20))
    assert country.exams_day == pytest.approx(country.exams_year / 365 * 1.25)
    instances = 85_000 * (295 * 400 + 207 * 300 + 1000 * 2 + 250 * 20 + 35 * 4 + 20 * 10)
    assert country.instances_year == pytest.approx(instances)
    assert country.rows_year == pytest.approx(country.exams_year * (17 + 2.6 + 2.2 + 4))
    assert country.ledger_year == pytest.approx(country.exams_year * (19_900 + 2.6 * 2_600 + 2.2 * 1_400 + 4 * 700))


def test_a_large_hospital_has_its_exams_on_a_working_day() -> None:
    large = load(Size.LARGE, KNOWN)
    assert large.exams_day == pytest.approx(3_000)
    assert large.messages_second == pytest.approx(3_000 * peak_share(KNOWN) * 2.6 / 3600)


def test_an_exam_is_stored_by_whichever_takes_longer_its_files_or_its_bytes() -> None:
    only = {f"kind.{kind}.exams": 0.0 for kind in ("MR", "DX", "US", "MG", "ES")}
    many = KNOWN.assuming([(key, value, "test") for key, value in only.items()])
    small = many.assuming([("kind.CT.bytes", 1_000, "test")])
    second = load(Size.COUNTRY, many).exams_hour / 3600
    assert load(Size.COUNTRY, small).store_second == pytest.approx(second * 400 / 498)
    large = many.assuming([("kind.CT.bytes", 5e6, "test")])
    assert load(Size.COUNTRY, large).store_second == pytest.approx(second * 400 * 5e6 / 264e6)


def test_a_bound_that_fills_says_when() -> None:
    found = {one.key: one for one in outlook(Size.LARGE, KNOWN).each_own}
    disk = found["disk"]
    assert disk.used == pytest.approx(busiest(Size.LARGE, KNOWN).bytes_year * 5 / 40e12)
    assert months_until_full(disk, KNOWN) == pytest.approx(40e12 / busiest(Size.LARGE, KNOWN).bytes_year * 12)
    assert months_until_full(found["connections"], KNOWN) == math.inf


def test_one_hospital_breaks_nothing_and_the_country_breaks_connections_first() -> None:
    assert [one.key for one in outlook(Size.HOSPITAL, KNOWN).one_node if one.breaks] == []
    country = outlook(Size.COUNTRY, KNOWN)
    assert country.each_own[0].key == "connections"
    assert {one.key for one in country.one_node if one.breaks} >= {"store", "index", "disk", "sqlite"}


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [(0, "", "0"), (30, "", "30"), (999.6, "B", "1.00 kB"), (9.55e15, "B", "9.55 PB"), (0.0192, "/s", "0.0192 /s"),
     (486.8, "", "487"), (math.inf, "", "∞"), (2361, "", "2.36 k"), (1.2e19, "B", "12,000 PB")],
)  # fmt: skip
def test_amounts_have_three_digits(value: float, unit: str, written: str) -> None:
    assert amount(value, unit) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0 ms"), (0.00074, "0.740 ms"), (1.6, "1.60 s"), (1793, "29.9 min"), (8000, "2.22 h")],
)
def test_spans(seconds: float, written: str) -> None:
    assert span(seconds) == written


def test_times() -> None:
    assert [times(one) for one in (0, 0.001, 0.5, 1.0, 6.81, 1190)] == [
        "0.00",
        "< 0.01",
        "0.50",
        "1.00",
        "6.81",
        "1,190",
    ]


# Whatever is assumed


@given(assumed(), SIZES)
def test_nothing_is_negative_or_no_number(known: Assumptions, size: Size) -> None:
    for one in (load(size, known), busiest(size, known)):
        assert {name: value for name, value in numbers(one).items() if not 0 <= value < math.inf} == {}
    found = outlook(size, known)
    assert all(limit.used >= 0 for limit in (*found.one_node, *found.each_own))


@given(assumed())
def test_the_parts_add_up_to_the_country(known: Assumptions) -> None:
    country = numbers(load(Size.COUNTRY, known))
    parts = {
        Size.HOSPITAL: known["country.hospitals"],
        Size.PROVINCE: known["country.provinces"],
        Size.REGION: known["country.regions"],
    }
    for size, count in parts.items():
        for name, value in numbers(load(size, known)).items():
            assert value * count == pytest.approx(country[name], rel=1e-9), (size, name)


@given(assumed(), st.floats(0, 1e9), st.floats(0, 1e9))
def test_more_exams_are_more_of_everything_in_proportion(known: Assumptions, some: float, more: float) -> None:
    one, two, both = (numbers(load_of(1, exams, known)) for exams in (some, more, some + more))
    for name in set(FIELDS) - {"hospitals"}:
        assert both[name] == pytest.approx(one[name] + two[name], rel=1e-6, abs=1e-9), name


@given(assumed(), SIZES, st.sampled_from(GROWS), st.floats(1, 10))
def test_more_of_an_assumption_is_never_less_of_anything(known: Assumptions, size: Size, key: str, by: float) -> None:
    if size is Size.LARGE and key.endswith(".exams"):
        return  # its exams are given; another kind's share changes what they weigh
    more = known.assuming([(key, min(known[key] * by, KNOWN.numbers[key].most), "test")])
    before, after = numbers(load(size, known)), numbers(load(size, more))
    assert {name for name in FIELDS if after[name] < before[name] * (1 - 1e-9)} == set()


@given(assumed())
def test_shares_add_up(known: Assumptions) -> None:
    assert sum(weights(known)) == pytest.approx(1)
    assert sum(shares(known).values()) == pytest.approx(1)
    assert len(weights(known)) == len(HOURS) == 24


@given(assumed(), SIZES)
def test_the_worst_bound_stands_first_and_each_has_words(known: Assumptions, size: Size) -> None:
    found: Outlook = outlook(size, known)
    for limits in (found.one_node, found.each_own):
        assert [one.used for one in limits] == sorted((one.used for one in limits), reverse=True)
        assert len({one.key for one in limits}) == len(limits)
    keys = {one.key for one in (*found.one_node, *found.each_own)}
    assert keys == set(REMEDIES) and keys >= FILLING
    assert found.nodes >= hospitals(size, known) > found.nodes - 1


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_bound_breaks_exactly_when_more_comes_than_it_bears(come: float, bears: float) -> None:
    one = Limit(key="hl7", load=come, capacity=bears, unit="1/s", basis=Basis.ASSUMED)
    assert one.breaks == (come > bears)


# Assumptions


def test_every_number_says_where_it_comes_from() -> None:
    for key, one in KNOWN.numbers.items():
        assert one.source.strip(), key
        assert one.basis is not Basis.GIVEN, key


def test_a_rate_that_was_measured_names_its_bench_and_stands_in_the_page_of_figures() -> None:
    for key, one in KNOWN.numbers.items():
        assert (one.basis is Basis.MEASURED) == one.source.startswith(("bench ", "the same: ")), key


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("kind.CT.instance", 1, "there are: kind.CT.exams"),
        ("exams", 1, "there are: country.…"),
        ("exam.views", -1, "-1 will not do: it must be a number from 0 to 1000 (per exam)"),
        ("exam.views", math.nan, "must be a number"),
        ("exam.views", math.inf, "must be a number"),
        ("ledger.events", 1.5, "from 0 to 1 (share)"),
        ("rate.messages", 0, "from 0.1 to"),
        ("country.hospitals", 1e-3, "0.001 olmaz: 1 ile 100000 arasında"),
        ("country.busy_day", 1e9, "1000000000 will not do"),
    ],
)
def test_what_cannot_be_assumed_is_told(key: str, value: float, said: str) -> None:
    with pytest.raises(AssumptionFault) as told:
        KNOWN.assuming([(key, value, "test")])
    assert said in str(told.value) and str(told.value).startswith(key)


def test_a_day_has_at_least_one_hour() -> None:
    with pytest.raises(AssumptionFault, match="at least one hour"):
        KNOWN.assuming([(f"hour.{hour}", 0, "test") for hour in HOURS])


def test_there_is_at_least_one_kind_of_exam() -> None:
    with pytest.raises(AssumptionFault, match="at least one kind"):
        KNOWN.assuming([(f"kind.{kind}.exams", 0, "test") for kind in KNOWN.below("kind")])


MAY_BE_NOTHING = {Unit.EXAMS_PER_1000, Unit.EXAMS_PER_DAY, Unit.PER_EXAM, Unit.WEIGHT, Unit.SHARE, Unit.RATIO}
"""What may be left out whole: an exam without a view, an hour without an exam. By nothing else may be 0 divided."""


def test_every_number_has_bounds_around_it_and_nothing_that_is_divided_by_may_be_0() -> None:
    for key, one in KNOWN.numbers.items():
        assert 0 <= one.least < one.value < one.most < math.inf, key
        assert one.least > 0 or one.unit in MAY_BE_NOTHING, key
        assert one.unit is not Unit.SHARE or one.most == 1, key


EDGES = [
    (key, value) for key, one in KNOWN.numbers.items() for value in dict.fromkeys((0.0, one.least, one.most, 1e12))
]


@pytest.mark.parametrize(("key", "value"), EDGES)
def test_each_assumption_at_its_edges_has_an_answer_in_seconds_or_is_refused(key: str, value: float) -> None:
    one = KNOWN.numbers[key]
    if not one.least <= value <= one.most:
        said = re.escape(f"{key}: {value:.12g} olmaz: {one.least:.12g} ile {one.most:.12g}")
        with pytest.raises(AssumptionFault, match=f"^{said}"):
            KNOWN.assuming([(key, value, "test")])
        return
    known = KNOWN.assuming([(key, value, "test")])
    found = {size: outlook(size, known) for size in Size}
    for size, one_size in found.items():
        assert size is Size.HOSPITAL or drawn(one_size.node, known) <= DRAWN_MOST, size
        assert drawn_of_database(one_size.whole) <= DRAWN_MOST, size
    few = msgspec.structs.replace(known, numbers={**known.numbers, **FEW})
    day_of_node(load(Size.LARGE, few), known, 1, Lost.NODE, 30)
    day_of_database(load_of(1, 1000, known), known, 1, Lost.DATABASE, 30)


FEW = {"country.large_hospital": msgspec.structs.replace(KNOWN.numbers["country.large_hospital"], value=200)}
"""How many exams a day has is counted above; here it is drawn at every edge, so of a small hospital."""


def test_a_day_that_only_all_together_make_endless_is_refused_with_what_was_given() -> None:
    known = KNOWN.assuming([("country.people", 2e8, "test"), ("country.busy_day", 3, "test")])
    with pytest.raises(AssumptionFault, match=r"^country\.people=200000000, country\.busy_day=3: .*4\.00 M"):
        refuse_endless(drawn_of_database(load(Size.COUNTRY, known)), known)
    refuse_endless(drawn_of_database(load(Size.COUNTRY, KNOWN)), KNOWN)


def test_what_is_changed_is_marked_as_given_and_the_rest_stays() -> None:
    changed = KNOWN.assuming([("exam.views", 7, "ours")])
    assert changed.numbers["exam.views"] == msgspec.structs.replace(
        KNOWN.numbers["exam.views"], value=7, basis=Basis.GIVEN, source="ours"
    )
    assert {key for key in KNOWN.numbers if changed.numbers[key] != KNOWN.numbers[key]} == {"exam.views"}
