"""Who is to read it: always alike, always explained; and a day read again."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from gecit.core.balance import Reader, Work, choose
from gecit.core.exam_kinds import Subspecialty
from gecit.core.order import ExamKey
from gecit.core.reading_list import Urgency
from gecit.core.simulation import Shift, simulate

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NEURO = Subspecialty.NEURO


def work(accession: str = "A1", institution: str = "1", **differs: Any) -> Work:
    made = Work(
        key=ExamKey(institution=institution, accession=accession),
        urgency=Urgency.ROUTINE,
        waits_from=NOW,
        minutes=10,
        target=timedelta(hours=72),
    )
    return replace(made, **differs)


def reader(name: str, *institutions: str, **differs: Any) -> Reader:
    return replace(Reader(name=name, institutions=institutions or ("1",)), **differs)


def chosen(one: Work, *readers: Reader) -> str:
    found = choose(one, readers, NOW)
    return found.reader if found else ""


def test_who_has_less_to_do_is_chosen() -> None:
    assert chosen(work(), reader("a", load=60.0, waiting=5), reader("b", load=20.0, waiting=2)) == "b"


def test_who_may_not_report_for_it_or_is_away_is_never_chosen() -> None:
    assert chosen(work(), reader("a", "2"), reader("b", available=False)) == ""
    assert chosen(work(), reader("a", "2"), reader("b", "2", "1", load=500.0)) == "b"


def test_subspecialty_outweighs_a_little_load_and_not_much_of_it() -> None:
    neuro = work(subspecialty=NEURO)
    assert chosen(neuro, reader("a"), reader("b", subspecialties=(NEURO,), load=4.0)) == "b"
    assert chosen(neuro, reader("a"), reader("b", subspecialties=(NEURO,), load=60.0)) == "a"


def test_own_institution_comes_before_another_of_equal_load() -> None:
    assert chosen(work(), reader("a", "2", "1"), reader("b", "1", load=5.0)) == "b"


def test_who_meets_the_target_comes_before_who_would_cost_less() -> None:
    urgent = work(target=timedelta(minutes=15))
    late_but_own, in_time = reader("a", load=8.0), reader("b", "2", "1", load=0.0)
    assert chosen(urgent, late_but_own, in_time) == "b"
    assert chosen(work(), late_but_own, in_time) == "a"


def test_the_order_in_which_readers_are_given_changes_nothing() -> None:
    readers = [reader(name, load=float(load)) for name, load in zip("dcba", (30, 10, 10, 20), strict=True)]
    assert {chosen(work(), *random.Random(seed).sample(readers, 4)) for seed in range(20)} == {"b"}


def test_the_choice_says_why_in_both_languages() -> None:
    found = choose(
        work(subspecialty=NEURO),
        [reader("a", subspecialties=(NEURO,), waiting=2, load=20.0), reader("b", load=90.0)],
        NOW,
    )
    assert found
    said = " ".join(one.tr for one in found.why)
    assert "2 tetkik" in said
    assert "30 dakika" in said
    assert "Nöroradyoloji" in said
    assert "kendi kurumunuz" in said
    assert len({one.en for one in found.why}) == len(found.why)
    assert [one.reader for one in found.candidates] == ["a", "b"]


def test_who_misses_the_target_is_told_so() -> None:
    found = choose(work(target=timedelta(minutes=1)), [reader("a")], NOW)
    assert found
    assert "hedef süreye yetişemiyor" in " ".join(one.tr for one in found.why)


def hours(count: int) -> timedelta:
    return timedelta(hours=count)


SHIFTS = (
    Shift(reader="a", institutions=("1", "2"), start=NOW, end=NOW + hours(2)),
    Shift(reader="b", institutions=("2", "1"), start=NOW, end=NOW + hours(2)),
)


def test_shared_work_is_read_sooner_where_one_hospital_has_all_of_it() -> None:
    works = [work(f"A{number:02}") for number in range(12)]
    alone = simulate(works, SHIFTS, shared=False)
    together = simulate(works, SHIFTS, shared=True)
    end = NOW + hours(2)
    assert {one.reader for one in alone} == {"a"}
    assert {one.reader for one in together} == {"a", "b"}
    assert max(one.waited(end) for one in together) < max(one.waited(end) for one in alone)


def test_an_emergency_is_read_before_what_waits_longer() -> None:
    works = [work("A1"), work("A2"), work("A3", urgency=Urgency.AT_ONCE, waits_from=NOW + timedelta(minutes=1))]
    order = [one.work.key.accession for one in simulate(works, SHIFTS[:1], shared=False)]
    assert order == ["A1", "A3", "A2"]


def test_what_comes_after_the_last_shift_stays_unread() -> None:
    [left] = simulate([work(waits_from=NOW + hours(3))], SHIFTS, shared=True)
    assert (left.reader, left.done_at) == ("", None)
    assert left.waited(NOW + hours(5)) == hours(2)


def test_the_same_day_ends_the_same_way() -> None:
    rng = random.Random(7)
    works = [work(f"A{n}", rng.choice("12"), waits_from=NOW + timedelta(minutes=rng.randrange(90))) for n in range(60)]
    shuffled = rng.sample(works, len(works))
    assert simulate(works, SHIFTS, shared=True) == simulate(shuffled, SHIFTS[::-1], shared=True)
