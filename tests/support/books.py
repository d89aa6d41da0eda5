"""Random rulebooks and exams on a small calendar, so that dates and boundaries meet often."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from gecit.core.background import Background
from gecit.core.checks import CHECKS
from gecit.core.exam import Exam
from gecit.core.order import Procedure
from gecit.core.rulebook import Edition, Exemption, Rule, Rulebook, Scope, Source, Window
from gecit.core.values import ISTANBUL, Text
from gecit.core.verdict import Effect
from tests.builders import DAY, OTHER_PHYSICIAN, clean, facts, linked, order, received

TEXT = Text(tr="t", en="e")
SOURCE = Source(kind="site", title="t")
FIRST = datetime(2024, 5, 10, tzinfo=ISTANBUL)
DAYS = [FIRST + timedelta(days=one) for one in range(8)]
MODALITIES, SERIALS, SUTS = ("CT", "MG", "MR"), ("S-1", "S-2", "S-16"), ("R100250", "R100260", "L200")
RULES, WINDOWS = ("r1", "r2", "r3"), ("a", "b", "c", "d")
ASKED = (
    *tuple(
        (name, {})
        for name in ("has_order", "order_is_active", "has_loinc", "has_images", "has_dose_report", "has_report")
    ),
    ("signed_by_radiologist", {}),
    ("has_images", {"minimum": 20}),
    ("has_report", {"preliminary_counts": True}),
)
DATES = st.sampled_from(("order_date", "order_date", "order_date", "performed_date", "judged"))


def some(names: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Nothing twice as often as one or two of the names."""
    few = st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True).map(tuple)
    return st.one_of(st.just(()), st.just(()), few)


scopes = st.builds(
    Scope,
    modality=some(MODALITIES),
    not_modality=some(MODALITIES),
    institution=some(("900001", "900002")),
    not_institution=some(("900001", "900002")),
    ownership=some(("public", "private")),
    sut=some((*SUTS, "R1*")),
    not_sut=some((*SUTS, "R1*")),
    device_serial=some(SERIALS),
)
plain = st.one_of(st.just(Scope()), scopes)


@st.composite
def editions(draw: st.DrawFn) -> tuple[Edition, ...]:
    """Up to two tracks, each a succession of editions."""
    made: list[Edition] = []
    for track in range(draw(st.integers(1, 2))):
        bounds: list[datetime | None] = list(draw(st.lists(st.sampled_from(DAYS), max_size=2, unique=True).map(sorted)))
        ends = [draw(st.sampled_from([None, FIRST - timedelta(days=1)])), *bounds, None]
        for start, until in itertools.pairwise(ends):
            check, params = draw(st.sampled_from(ASKED))
            scope = draw(plain)
            one = Edition(start=start, until=until, check=check, params=dict(params), applies=scope, source=SOURCE)
            made.append(replace(one, track=str(track)))
    return tuple(made)


@st.composite
def rules(draw: st.DrawFn, rule_id: str) -> Rule:
    """One rule."""
    effect, dated_by = draw(st.sampled_from(Effect)), draw(DATES)
    return Rule(
        id=rule_id,
        title=TEXT,
        fix=TEXT,
        who="HBYS",
        where="x",
        effect=effect,
        dated_by=dated_by,
        editions=draw(editions()),
    )


@st.composite
def windows(draw: st.DrawFn, window_id: str) -> Window:
    """One window of up to four days, or one that stays open."""
    start = draw(st.sampled_from(DAYS))
    last = draw(st.one_of(st.none(), st.integers(0, 4).map(lambda days: start + timedelta(days=days))))
    return Window(id=window_id, start=start, last=last, published=start.date(), source=SOURCE, applies=draw(plain))


@st.composite
def exemptions(draw: st.DrawFn, exemption_id: str) -> Exemption:
    """One exemption."""
    provided, params = draw(st.one_of(st.just(("", {})), st.sampled_from(ASKED)))
    rows = [draw(windows(f"{exemption_id}-{one}")) for one in draw(st.sets(st.sampled_from(WINDOWS), min_size=1))]
    excuses = draw(st.lists(st.sampled_from(RULES), min_size=1, unique=True).map(tuple))
    return Exemption(
        id=exemption_id,
        title=TEXT,
        excuses=excuses,
        dated_by=draw(DATES),
        windows=tuple(sorted(rows, key=lambda one: (one.start, one.id))),
        applies=draw(plain),
        provided=provided,
        provided_params=dict(params),
    )


@st.composite
def books(draw: st.DrawFn) -> Rulebook:
    """One rulebook of up to three rules and two exemptions."""
    own = tuple(draw(rules(one)) for one in sorted(draw(st.sets(st.sampled_from(RULES), min_size=1))))
    return Rulebook.of(own, tuple(draw(exemptions(one)) for one in sorted(draw(st.sets(st.sampled_from(("x", "y")))))))


@st.composite
def changed(draw: st.DrawFn, book: Rulebook) -> Rulebook:
    """The rulebook with one of its rules or exemptions made anew, or only a window or an edition of it, or retitled."""
    own = {one.id: one for one in book.rules}
    others = {one.id: one for one in book.exemptions}
    what = draw(st.sampled_from(("rule", "edition", "effect", "exemption", "window", "narrowed", "title")))
    rule = draw(st.sampled_from(book.rules))
    if what == "rule":
        own[rule.id] = draw(rules(rule.id))
    elif what == "edition":
        check, params = draw(st.sampled_from(ASKED))
        at = draw(st.integers(0, len(rule.editions) - 1))
        one = replace(rule.editions[at], check=check, params=dict(params), applies=draw(plain))
        own[rule.id] = replace(rule, editions=(*rule.editions[:at], one, *rule.editions[at + 1 :]))
    elif what == "exemption" or not others:
        others["x"] = draw(exemptions("x"))
    elif what == "effect":
        own[rule.id] = replace(rule, effect=draw(st.sampled_from(Effect)))
    elif what == "narrowed":
        old = draw(st.sampled_from(book.exemptions))
        rows = tuple(replace(one, applies=draw(plain)) for one in old.windows)
        others[old.id] = replace(old, windows=rows)
    elif what == "window":
        old = draw(st.sampled_from(book.exemptions))
        rows = (*old.windows, draw(windows(f"{old.id}-new")))
        others[old.id] = replace(old, windows=tuple(sorted(rows, key=lambda one: (one.start, one.id))))
    else:
        own[rule.id] = replace(rule, title=Text(tr="başka", en="other"))
    return Rulebook.of(tuple(own.values()), tuple(others.values()))


@st.composite
def exams(draw: st.DrawFn) -> Exam:
    """One exam, of which anything may be missing."""
    modality = draw(st.sampled_from(("", *MODALITIES)))
    ordered = draw(st.one_of(st.none(), st.sampled_from(DAYS), st.integers(0, 9 * 24 * 60).map(_minute)))
    changes: dict[str, Any] = {
        "ordered_at": ordered,
        "procedures": tuple(
            Procedure(sut=one, loinc=draw(st.sampled_from(("", "24725-4")))) for one in draw(some((*SUTS, "")))
        ),
    }
    return replace(
        clean(),
        order=draw(st.one_of(st.none(), st.just(order(modality, **changes)))),
        order_received_at=draw(st.sampled_from((None, DAY))),
        studies=tuple(draw(st.lists(_studies(), max_size=2))),
        reports=draw(st.sampled_from(((), (received(),), (received(OTHER_PHYSICIAN, radiologist=False),)))),
        background=Background(ownership=draw(st.sampled_from(("", "public", "private")))),
    )


@st.composite
def _studies(draw: st.DrawFn) -> Any:
    modality, serial = draw(st.sampled_from(MODALITIES)), draw(st.sampled_from(("", *SERIALS)))
    made = facts(modality, settled=draw(st.booleans()), study_date=draw(st.sampled_from(("", "20240511", "20240514"))))
    made = replace(made, series=tuple(replace(one, device_serial=serial) for one in made.series))
    return linked(made if draw(st.booleans()) else replace(made, dose_reports=()))


def _minute(number: int) -> datetime:
    return FIRST - timedelta(days=1) + timedelta(minutes=number)


assert all(name in CHECKS for name, _ in ASKED)
