"""Which exams a change of rulebook can touch."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gecit.core.checks import Context
from gecit.core.dates import date_of
from gecit.core.exam import Exam
from gecit.core.judge import Compiled
from gecit.core.reach import Reach, reach
from gecit.core.rulebook import Exemption, Rule, Rulebook, Scope, Source, Window
from gecit.core.values import ISTANBUL, Text
from gecit.core.verdict import Effect
from gecit.edges.rules_files import read_folder
from tests.builders import NOW, clean
from tests.support.books import books, changed, exams

BOOK = read_folder(Path(__file__).parents[2] / "rules")
TEXT = Text(tr="t", en="t")


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ISTANBUL)  # type: ignore[arg-type, misc]


def window(start: datetime, last: datetime | None, name: str = "w") -> Window:
    return Window(id=name, start=start, last=last, published=start.date(), source=Source(kind="site", title="t"))


def with_exemption(*windows: Window, dated_by: str = "order_date") -> Rulebook:
    new = Exemption(id="new", title=TEXT, excuses=("dose-report",), dated_by=dated_by, windows=windows)
    return Rulebook.of(BOOK.rules, (*BOOK.exemptions, new))


def with_rule(rule: Rule) -> Rulebook:
    return Rulebook.of((*(one for one in BOOK.rules if one.id != rule.id), rule), BOOK.exemptions)


@settings(max_examples=150, deadline=None)
@given(st.data(), exams(), books())
def test_an_exam_outside_the_reach_has_equal_marks_under_both_rulebooks(
    data: st.DataObject, exam: Exam, before: Rulebook
) -> None:
    after = data.draw(changed(before))
    if not reach(before, after).meets(date_of(exam, "order_date", NOW)):
        old, new = (Compiled(one, Context()).marks(exam, NOW) for one in (before, after))
        assert old == new


def test_the_first_rulebook_reaches_everything() -> None:
    assert reach(None, BOOK) == Reach(everything=True)


def test_a_rulebook_that_stays_the_same_or_only_speaks_otherwise_reaches_nothing() -> None:
    assert reach(BOOK, BOOK) == Reach()
    spoken = replace(BOOK.rule("dose-report"), title=TEXT, fix=TEXT, who="PACS", where="x")
    assert reach(BOOK, with_rule(spoken)) == Reach()
    assert reach(BOOK, Rulebook.from_json(BOOK.to_json())) == Reach()


def test_a_new_window_reaches_the_minutes_inside_it() -> None:
    after = with_exemption(window(at(2025, 5, 14, 9, 30), at(2025, 5, 14, 12, 30)))
    assert reach(BOOK, after) == Reach(ordered=((at(2025, 5, 14, 9, 30), at(2025, 5, 14, 12, 31)),))
    assert reach(after, BOOK) == reach(BOOK, after)


def test_windows_that_touch_are_one_stretch_and_others_stay_apart() -> None:
    after = with_exemption(
        window(at(2025, 5, 14), at(2025, 5, 14, 23, 59)),
        window(at(2025, 5, 15), at(2025, 5, 15, 23, 59), "v"),
        window(at(2025, 6, 1), None, "u"),
    )
    assert reach(BOOK, after).ordered == ((at(2025, 5, 14), at(2025, 5, 16)), (at(2025, 6, 1), None))


def test_a_window_made_longer_reaches_what_was_added() -> None:
    before = with_exemption(window(at(2025, 5, 14), at(2025, 5, 14, 12)))
    after = with_exemption(window(at(2025, 5, 14), at(2025, 5, 14, 14)))
    assert reach(before, after).ordered == ((at(2025, 5, 14, 12, 1), at(2025, 5, 14, 14, 1)),)


def test_a_window_that_is_narrowed_reaches_its_own_minutes() -> None:
    whole = window(at(2025, 5, 14), at(2025, 5, 14, 12))
    narrow = replace(whole, applies=Scope(device_serial=("S-1",)))
    (stretch,) = reach(with_exemption(whole), with_exemption(narrow)).ordered
    assert stretch == (whole.start, whole.end)


def test_what_goes_by_another_date_reaches_everything() -> None:
    after = with_exemption(window(at(2025, 5, 14), at(2025, 5, 14, 12)), dated_by="performed_date")
    assert reach(BOOK, after).everything


def test_a_parameter_of_one_edition_reaches_the_exams_of_that_edition() -> None:
    rule = BOOK.rule("loinc-code")
    (edition,) = rule.editions
    stricter = replace(rule, editions=(replace(edition, params={**edition.params, "check_digit": True}),))
    assert reach(BOOK, with_rule(stricter)).ordered == ((edition.start, None),)


def test_a_default_that_is_written_out_changes_nothing() -> None:
    rule = BOOK.rule("loinc-code")
    bare = replace(rule, editions=tuple(replace(one, params={}) for one in rule.editions))
    assert reach(BOOK, with_rule(bare)) == Reach()


def test_a_rule_that_comes_goes_or_weighs_otherwise_reaches_everything() -> None:
    less = Rulebook.of(BOOK.rules[1:], ())
    assert reach(less, BOOK).everything
    assert reach(Rulebook.of(BOOK.rules), Rulebook.of(BOOK.rules[1:])).everything
    assert reach(BOOK, with_rule(replace(BOOK.rule("loinc-code"), effect=Effect.WARN))).everything


def test_an_exam_without_an_order_date_is_touched_by_everything_alone() -> None:
    assert Reach(everything=True).meets(None)
    assert not Reach(ordered=((None, None),)).meets(None)


def test_a_stretch_holds_its_first_instant_and_not_its_last() -> None:
    first, last = at(2025, 5, 14), at(2025, 5, 15)
    one = Reach(ordered=((first, last),))
    assert [one.meets(moment) for moment in (first - timedelta(seconds=1), first, last)] == [False, True, False]


def test_whom_an_edition_means_touches_exams_without_a_date_too() -> None:
    """Such an exam waits for its date only where the rule means it."""
    rule = BOOK.rule("loinc-code")
    (edition,) = rule.editions
    wider = [
        with_rule(replace(rule, editions=(replace(edition, applies=Scope(modality=named)),)))
        for named in (("MR",), ("MR", "CT"))
    ]
    undated = replace(clean(), order=None, order_received_at=None, order_changed_at=None)
    said = [Compiled(one, Context()).marks(undated, NOW) for one in wider]
    assert said[0] != said[1]
    assert reach(*wider).everything


def test_a_window_whose_beginning_changes_its_place_among_others_reaches_where_both_excuse() -> None:
    first, second = at(2025, 5, 1), at(2025, 5, 2)
    other = replace(window(second, at(2025, 6, 1)), id="second")
    book = [
        with_exemption(replace(window(start, at(2025, 6, 1)), id="first"), other) for start in (first, at(2025, 5, 3))
    ]
    assert reach(*book).meets(at(2025, 5, 20))
