"""Queues and days: nothing is lost on the way, nobody is served before he comes, and an outage only delays."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gecit.core.scale.day import DAY, HOUR, Day, Lost, Stage, arrivals, day_of_database, day_of_node, peak_hour
from gecit.core.scale.load import Size, load, weights
from gecit.core.scale.queue import Down, serve
from gecit.edges.scale_files import shipped

KNOWN = shipped()
JOBS = st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 50)), max_size=40)


@st.composite
def outages(draw: st.DrawFn) -> list[Down]:
    cuts = sorted(draw(st.lists(st.integers(0, 1500), max_size=6, unique=True)))
    return [(float(a), float(b)) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]


# By hand


def test_whoever_comes_while_another_is_served_waits() -> None:
    served = serve([(0, 10), (5, 10), (40, 10)])
    assert served.done == (10, 20, 50)
    assert served.waits() == [10, 10, 15]
    assert (served.most_waiting(), served.waiting(5), served.waiting(15), served.waiting(30)) == (2, 2, 1, 0)


def test_what_an_outage_interrupts_goes_on_after_it() -> None:
    served = serve([(0, 10), (12, 1), (30, 5)], [(5, 20)])
    assert served.done == (25, 26, 35)
    assert (served.caught_up(20), served.caught_up(28)) == (26, 28)


def test_what_is_done_when_the_outage_begins_was_done_before() -> None:
    assert serve([(0, 5)], [(5, 20)]).done == (5,)
    assert serve([(5, 1)], [(5, 20)]).done == (21,)


def test_outages_that_touch_are_one() -> None:
    assert serve([(0, 10)], [(5, 7), (7, 9)]).done == serve([(0, 10)], [(5, 9)]).done


@pytest.mark.parametrize("down", [[(5.0, 5.0)], [(5.0, 1.0)], [(1.0, 5.0), (4.0, 6.0)]])
def test_outages_that_make_no_sense_are_refused(down: list[Down]) -> None:
    with pytest.raises(ValueError, match="overlap"):
        serve([(0, 1)], down)


# Whatever comes


@given(JOBS, outages())
def test_nothing_is_lost_and_nobody_overtakes(jobs: list[tuple[float, float]], down: list[Down]) -> None:
    served = serve(jobs, down)
    assert sorted(served.came) == sorted(at for at, _ in jobs)
    assert len(served.done) == len(jobs)
    assert list(served.done) == sorted(served.done)
    for (at, seconds), came, done in zip(sorted(jobs), served.came, served.done, strict=True):
        assert came == at and done >= at + seconds - 1e-6
    assert served.waiting(1e9) == 0


@given(JOBS, outages())
def test_the_server_never_works_faster_than_it_can(jobs: list[tuple[float, float]], down: list[Down]) -> None:
    served = serve(jobs, down)
    if jobs:
        away = sum(max(0.0, min(end, served.done[-1]) - max(start, served.came[0])) for start, end in down)
        work = sum(seconds for _, seconds in jobs)
        assert served.done[-1] - served.came[0] - away >= work - 1e-6


@given(JOBS, outages())
def test_an_outage_only_delays(jobs: list[tuple[float, float]], down: list[Down]) -> None:
    well, ill = serve(jobs), serve(jobs, down)
    length = sum(end - start for start, end in down)
    for before, after in zip(well.done, ill.done, strict=True):
        assert before - 1e-6 <= after <= before + length + 1e-6


@given(JOBS, outages(), st.floats(1, 5))
def test_slower_service_ends_nothing_earlier(jobs: list[tuple[float, float]], down: list[Down], by: float) -> None:
    slow = serve([(at, seconds * by) for at, seconds in jobs], down)
    assert all(a >= b - 1e-6 for a, b in zip(slow.done, serve(jobs, down).done, strict=True))


@given(JOBS, outages(), st.floats(0, 1500))
def test_caught_up_is_the_first_instant_at_which_nobody_waits(
    jobs: list[tuple[float, float]], down: list[Down], after: float
) -> None:
    served = serve(jobs, down)
    at = served.caught_up(after)
    assert at >= after and (served.waiting(at) == 0 or at in served.came)
    assert all(served.waiting(one) > 0 for one in served.done if after <= one < at and one not in served.came)


@given(JOBS, outages())
def test_most_waiting_is_the_most_that_waits_at_any_arrival(jobs: list[tuple[float, float]], down: list[Down]) -> None:
    served = serve(jobs, down)
    assert served.most_waiting() >= max((served.waiting(at) for at in served.came), default=0)
    assert served.most_waiting() <= len(jobs)


# A day


def test_arrivals_follow_the_hours_and_the_seed() -> None:
    found = arrivals(50_000, KNOWN, Random(3))
    assert found == sorted(found) and found[0] >= 0 and found[-1] < DAY
    assert found == arrivals(50_000, KNOWN, Random(3)) != arrivals(50_000, KNOWN, Random(4))
    by_hour = [sum(hour * HOUR <= at < (hour + 1) * HOUR for at in found) for hour in range(24)]
    for came, share in zip(by_hour, weights(KNOWN), strict=True):
        assert came == pytest.approx(50_000 * share, abs=6 * (50_000 * share) ** 0.5), "six standard deviations"
    assert arrivals(0, KNOWN, Random(1)) == []


def check(day: Day) -> None:
    for one in day.stages:
        assert sum(hour.came for hour in one.hours) == one.came
        assert one.came - sum(hour.done for hour in one.hours) == one.left
        waiting = 0
        for hour in one.hours:
            waiting += hour.came - hour.done
            assert waiting == hour.waiting >= 0
            assert 0 <= hour.mean <= hour.longest <= one.longest
        assert 0 <= one.p99 <= one.longest


@pytest.mark.parametrize(("lost", "minutes"), [(Lost.NOTHING, 0), (Lost.NODE, 30), (Lost.DATABASE, 45)])
def test_a_days_hours_add_up(lost: Lost, minutes: float) -> None:
    check(day_of_node(load(Size.LARGE, KNOWN), KNOWN, 1, lost, minutes))
    check(day_of_database(load(Size.PROVINCE, KNOWN), KNOWN, 1, lost, minutes))


def stages(day: Day) -> dict[Stage, float]:
    return {one.stage: one.longest for one in day.stages}


def test_a_lost_node_holds_up_all_of_it_and_a_lost_database_all_but_the_images() -> None:
    large = load(Size.LARGE, KNOWN)
    well, node, database = (
        stages(day_of_node(large, KNOWN, 1, *how)) for how in ((Lost.NOTHING, 0), (Lost.NODE, 30), (Lost.DATABASE, 30))
    )
    assert 29 * 60 < node[Stage.STORE] < 31 * 60 and 29 * 60 < node[Stage.HL7] < 31 * 60
    assert database[Stage.STORE] == well[Stage.STORE] and database[Stage.HL7] == node[Stage.HL7]


def test_longer_away_is_more_to_catch_up_and_nothing_less() -> None:
    large = load(Size.LARGE, KNOWN)
    short, long = (day_of_node(large, KNOWN, 1, Lost.NODE, minutes) for minutes in (10, 60))
    for before, after in zip(short.stages[:2], long.stages[:2], strict=True):
        assert before.came == after.came
        assert before.most_waiting < after.most_waiting and before.longest < after.longest


def test_a_server_that_is_too_slow_is_left_with_work_at_midnight() -> None:
    slow = KNOWN.assuming([("rate.stored", 1e6, "test")])
    [store, *_] = day_of_node(load(Size.LARGE, KNOWN), slow, 1).stages
    assert store.left > 1000 and store.hours[peak_hour(KNOWN)].waiting > 100


def test_no_exams_are_no_day() -> None:
    nobody = KNOWN.assuming([("country.large_hospital", 0, "test")])
    day = day_of_node(load(Size.LARGE, nobody), nobody, 1, Lost.NODE, 30)
    assert [(one.came, one.longest, one.caught_up) for one in day.stages] == [(0, 0, 0)] * 4
