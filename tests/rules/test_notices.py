"""The shipped exemptions are what the Ministry's notices say: compared with a second, independent transcription.

`notices.csv` was written from the text alone, by somebody who had not seen `rules/`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gecit.core.background import Background, EarlierExam
from gecit.core.checks import Context
from gecit.core.exam import Exam
from gecit.core.judge import judge
from gecit.core.rulebook import Rulebook, Window
from gecit.core.values import Value, local
from gecit.core.verdict import Finding, Status
from gecit.edges.rules_files import read_folder
from tests.builders import NOW, clean, exam_of

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


class Notice(Value):
    """One row of notices.csv; `last` is the last minute inside."""

    kind: str  # the exemption's id
    title: str
    published: str
    start: datetime
    last: datetime

    @classmethod
    def of(cls, row: dict[str, str]) -> Notice:
        return cls(
            kind=row["kind"],
            title=row["title"],
            published=row["published"],
            start=local(datetime.fromisoformat(row["from"])),
            last=_last(row["last"]),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.start:%Y-%m-%d %H:%M}"


def _last(text: str) -> datetime:
    """A day without a time is inside until its last minute."""
    last = datetime.fromisoformat(text)
    return local(last if "T" in text else datetime.combine(last, time(23, 59)))


def _rows() -> list[Notice]:
    with Path(__file__).with_name("notices.csv").open(encoding="utf-8", newline="") as lines:
        return [Notice.of(row) for row in csv.DictReader(lines)]


NOTICES = _rows()
EXCUSES = {
    "duplicate-query": ("duplicate-query-missing",),
    "duplicate-2019": ("duplicate-query-missing",),
    "dose-report": ("dose-report",),
}


def _unasked() -> Exam:
    """An exam that lacks nothing but a duplicate query."""
    return replace(clean("CT"), background=Background())


# What the exemption is for: exams that its rule would hold.
EXAMS: dict[str, Callable[[], Exam]] = {
    "duplicate-query": _unasked,
    "duplicate-2019": _unasked,
    "dose-report": lambda: exam_of({"base": "clean CT", "dose": False}),
}

# Two notices of 12.02.2024 meet at 14:00: an instant just outside one, and the start of the other, which excuses it.
TOUCHING = {"2024-02-12T13:59:59": "2024-02-12T09:30", "2024-02-12T14:01:00": "2024-02-12T14:00"}


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return read_folder(Path(__file__).parents[2] / "rules")


def _windows(book: Rulebook) -> list[tuple[str, Window]]:
    return [(one.id, window) for one in book.exemptions for window in one.windows]


def _window_id(book: Rulebook, kind: str, start: datetime) -> str:
    found = [window.id for exemption, window in _windows(book) if (exemption, window.start) == (kind, start)]
    assert len(found) == 1, f"{kind} has {len(found)} windows that start at {start}"
    return found[0]


def _found_at(book: Rulebook, exam: Exam, kind: str, instant: datetime) -> Finding:
    """What the exam's rule says of it when it was ordered at `instant`."""
    assert exam.order is not None
    dated = replace(
        exam, order=replace(exam.order, ordered_at=instant), order_received_at=instant, order_changed_at=instant
    )
    return judge(dated, book, Context(), judged_at=NOW, known_at=NOW).finding(EXCUSES[kind][0])


def _assert_not_excused_by(book: Rulebook, notice: Notice, instant: datetime) -> Finding:
    found = _found_at(book, EXAMS[notice.kind](), notice.kind, instant)
    other = TOUCHING.get(f"{instant:%Y-%m-%dT%H:%M:%S}")
    if other:
        assert found.exemptions == (_window_id(book, notice.kind, local(datetime.fromisoformat(other))),)
    else:
        assert (found.status is Status.EXCUSED, found.exemptions) == (False, ())
    return found


def _assert_excused_by(book: Rulebook, notice: Notice, instant: datetime) -> None:
    found = _found_at(book, EXAMS[notice.kind](), notice.kind, instant)
    assert found.status is Status.EXCUSED
    assert _window_id(book, notice.kind, notice.start) in found.exemptions


def test_the_notices_hold_thirty_four_windows_and_two_exemptions_of_their_own() -> None:
    kinds = [one.kind for one in NOTICES]
    assert {kind: kinds.count(kind) for kind in EXCUSES} == {
        "duplicate-query": 34,
        "duplicate-2019": 1,
        "dose-report": 1,
    }
    assert len(kinds) == 36


def test_the_shipped_windows_are_exactly_those_of_the_notices(book: Rulebook) -> None:
    shipped = [(kind, one.start, one.last, one.published.isoformat()) for kind, one in _windows(book)]
    assert sorted(map(str, shipped)) == sorted(str((one.kind, one.start, one.last, one.published)) for one in NOTICES)


def test_each_shipped_window_names_its_notice(book: Rulebook) -> None:
    named = {(kind, one.start): (one.source.kind, one.source.title) for kind, one in _windows(book)}
    assert named == {(one.kind, one.start): ("notice", one.title) for one in NOTICES}


def test_each_exemption_excuses_exactly_its_rule_by_the_order_date(book: Rulebook) -> None:
    assert {one.id: one.excuses for one in book.exemptions} == EXCUSES
    assert {one.dated_by for one in book.exemptions} == {"order_date"}


@pytest.mark.parametrize("notice", NOTICES, ids=str)
def test_the_second_before_a_window_is_outside(book: Rulebook, notice: Notice) -> None:
    _assert_not_excused_by(book, notice, notice.start - SECOND)


@pytest.mark.parametrize("notice", NOTICES, ids=str)
def test_the_first_second_of_a_window_is_inside(book: Rulebook, notice: Notice) -> None:
    _assert_excused_by(book, notice, notice.start)


@pytest.mark.parametrize("notice", NOTICES, ids=str)
def test_the_last_second_of_the_last_minute_of_a_window_is_inside(book: Rulebook, notice: Notice) -> None:
    _assert_excused_by(book, notice, notice.last + MINUTE - SECOND)


@pytest.mark.parametrize("notice", NOTICES, ids=str)
def test_the_minute_after_a_window_is_outside_and_the_exam_is_held(book: Rulebook, notice: Notice) -> None:
    instant = notice.last + MINUTE
    found = _assert_not_excused_by(book, notice, instant)
    assert found.status is (Status.EXCUSED if f"{instant:%Y-%m-%dT%H:%M:%S}" in TOUCHING else Status.FAILED)


@pytest.mark.parametrize("modality", ["CT", "MG"])
def test_the_dose_notice_is_for_tomography_and_mammography(book: Rulebook, modality: str) -> None:
    exam = exam_of({"base": f"clean {modality}", "dose": False})
    notice = next(one for one in NOTICES if one.kind == "dose-report")
    assert _found_at(book, exam, notice.kind, notice.start).status is Status.EXCUSED
    assert _found_at(book, exam, notice.kind, notice.last + MINUTE).status is Status.FAILED


@pytest.mark.parametrize("ordered", ["2019-10-01T00:00", "2019-11-30T23:59"])
def test_the_2019_notice_leaves_out_an_exam_whose_query_would_have_found_something(
    book: Rulebook, ordered: str
) -> None:
    instant = local(datetime.fromisoformat(ordered))
    exam, then = _unasked(), instant - timedelta(days=30)
    assert exam.order is not None
    earlier = EarlierExam(
        institution="900002",
        accession="B1",
        sut=exam.order.procedures[0].sut,
        ordered_at=then,
        performed_at=then,
        images=True,
        report=True,
    )
    repeated = replace(exam, background=Background(earlier=(earlier,)))
    assert _found_at(book, exam, "duplicate-2019", instant).status is Status.EXCUSED
    assert _found_at(book, repeated, "duplicate-2019", instant).status is Status.FAILED
