"""What the ledger promises to re-judging and reproducing: pages of exams, what was known at an instant."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from gecit.core import events as e
from gecit.core.exam import Exam
from gecit.core.order import ExamKey
from gecit.core.values import Text
from gecit.core.verdict import Effect, Finding, Outcome, Status, Verdict
from gecit.edges.store import SqlLedger
from gecit.edges.store.engine import open_engine

from .test_ledger import KEY, NOW, order, placed

TITLE = Text(tr="Kural", en="Rule")


def key_of(number: int) -> ExamKey:
    return ExamKey(institution=f"1000{number % 3}", accession=f"A{number:03d}")


def judged(key: ExamKey = KEY, at: datetime = NOW, *excused_by: str, note: str = "") -> e.ExamJudged:
    status = Status.EXCUSED if excused_by else Status.PASSED
    finding = Finding(
        rule="dose-report", status=status, effect=Effect.HOLD, title=TITLE, exemptions=excused_by, found=note
    )
    verdict = Verdict(outcome=Outcome.SUBMIT, findings=(finding,), judged_at=at, known_at=at, rulebook="r1")
    return e.ExamJudged(at=at, exam=key, verdict=verdict)


def ordered(key: ExamKey, ordered_at: datetime | None, received_at: datetime = NOW) -> e.OrderPlaced:
    return e.OrderPlaced(at=received_at, exam=key, order=replace(order(key), ordered_at=ordered_at), message=1)


def scanned(ledger: SqlLedger, limit: int, **stretch: datetime | None) -> list[ExamKey]:
    found: list[Exam] = []
    page = ledger.scan(None, limit, **stretch)
    found += page.exams
    while page.after:
        page = ledger.scan(page.after, limit, **stretch)
        found += page.exams
    return [one.key for one in found]


@pytest.fixture
def dated(ledger: SqlLedger) -> dict[ExamKey, datetime]:
    """Sixty judged exams, a dozen of them at each of five order dates, in no order; one that nobody judged."""
    keys = [key_of(number) for number in range(60)]
    dates = {key: NOW + timedelta(days=number % 5) for number, key in enumerate(keys)}
    random.Random(3).shuffle(keys)

    def work(tx) -> None:
        for key in keys:
            tx.append(ordered(key, dates[key]))
            tx.append(judged(key))
        tx.append(placed(ExamKey(institution="10000", accession="unjudged")))

    ledger.write(work)
    return dates


@pytest.mark.parametrize("limit", [1, 7, 60, 61])
def test_a_scan_gives_every_judged_exam_once(ledger: SqlLedger, dated: dict[ExamKey, datetime], limit: int) -> None:
    assert sorted(scanned(ledger, limit)) == sorted(dated)


@pytest.mark.parametrize("limit", [1, 5, 12, 100])
def test_a_stretch_of_order_dates_is_half_open_and_gives_each_exam_once_where_many_share_a_date(
    ledger: SqlLedger, dated: dict[ExamKey, datetime], limit: int
) -> None:
    first, last = NOW + timedelta(days=1), NOW + timedelta(days=3)
    inside = sorted((at, key) for key, at in dated.items() if first <= at < last)
    assert scanned(ledger, limit, ordered_from=first, ordered_until=last) == [key for _, key in inside]
    assert sorted(scanned(ledger, limit, ordered_from=last)) == sorted(k for k, at in dated.items() if at >= last)
    assert sorted(scanned(ledger, limit, ordered_until=first)) == sorted(k for k, at in dated.items() if at < first)


def test_pieces_between_milestones_are_the_whole_each_exam_once(
    ledger: SqlLedger, dated: dict[ExamKey, datetime]
) -> None:
    ends = [None, *ledger.milestones(3), None]
    pieces = [[one.key for one in ledger.scan(after, len(dated), until=until).exams] for after, until in pairwise(ends)]
    assert len([one for one in pieces if one]) > 2
    assert sorted(key for piece in pieces for key in piece) == sorted(dated)


def test_a_scan_of_a_stretch_goes_on_from_a_bare_key(ledger: SqlLedger, dated: dict[ExamKey, datetime]) -> None:
    everything = scanned(ledger, 100, ordered_from=NOW)
    page = ledger.scan(everything[20], 100, ordered_from=NOW)
    assert [one.key for one in page.exams] == everything[21:]


def test_an_order_that_is_redated_during_a_scan_makes_it_skip_no_other_exam(
    ledger: SqlLedger, dated: dict[ExamKey, datetime]
) -> None:
    everything = scanned(ledger, 100, ordered_from=NOW)
    page = ledger.scan(None, 10, ordered_from=NOW)
    moved = page.exams[-1].key
    changed = replace(order(moved), ordered_at=NOW + timedelta(days=90))
    ledger.write(lambda tx: tx.append(e.OrderChanged(at=NOW, exam=moved, order=changed, message=2)))
    rest = ledger.scan(page.after, 100, ordered_from=NOW)
    assert [one.key for one in rest.exams] == [*everything[10:], moved]


def test_the_order_date_of_an_order_without_one_is_when_it_was_received(ledger: SqlLedger) -> None:
    later = NOW + timedelta(hours=1)
    ledger.write(lambda tx: [tx.append(ordered(KEY, None, later)), tx.append(judged())])
    assert scanned(ledger, 5, ordered_from=later) == [KEY]
    assert scanned(ledger, 5, ordered_until=later) == []


def test_a_page_of_a_scan_is_read_by_an_index(sqlite_ledger: SqlLedger, statements: list[str]) -> None:
    sqlite_ledger.write(lambda tx: [tx.append(placed()), tx.append(judged())])
    statements.clear()
    sqlite_ledger.scan(KEY, 5)
    sqlite_ledger.scan(KEY, 5, ordered_from=NOW, ordered_until=NOW + timedelta(days=1))
    sqlite_ledger.activate_rulebook("r1", b"{}", NOW)
    sqlite_ledger.rejudged_by()
    plans = [plan_of(sqlite_ledger, one) for one in statements if "LIMIT" in one and "rulebook" not in one]
    assert len(plans) == 3
    assert "USING INTEGER PRIMARY KEY (rowid>?)" in plans[0]
    assert "exam_ordered_at ((ordered_at,institution,accession)>(?,?,?) AND ordered_at<?)" in plans[1]
    assert "event_rejudged" in plans[2]
    assert not [one for one in plans if "TEMP B-TREE" in one]


@pytest.fixture
def statements(sqlite_ledger: SqlLedger) -> list[str]:
    """Every statement that the ledger runs."""
    found: list[str] = []
    sa.event.listen(sqlite_ledger.engine, "before_cursor_execute", lambda *args: found.append(args[2]))
    return found


def plan_of(ledger: SqlLedger, statement: str) -> str:
    values = tuple("x" for _ in range(statement.count("?")))
    engine = open_engine(str(ledger.engine.url))
    with engine.connect() as connection:
        return " ".join(str(row) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values))


def test_the_exams_that_a_window_or_an_exemption_excused_are_found_by_its_id(ledger: SqlLedger) -> None:
    key = {name: ExamKey(institution="10001", accession=name) for name in "ABCDEF"}
    by = {
        "A": ("dose-report@2020-03-01T00:00",),
        "B": ("dose-report@2021-01-01T00:00", "letter-7"),
        "C": ("dose-reports@2020-03-01T00:00",),
        "D": ("DOSE-REPORT@2020-03-01T00:00",),
        "E": (),
        "F": ('odd "50%" mük\\',),
    }

    def work(tx) -> None:
        for name, ids in by.items():
            tx.append(placed(key[name]))
            tx.append(judged(key[name], NOW, *ids, note="dose-report@ stands here too"))

    def found(*ids: str) -> str:
        return "".join(one.key.accession for one in ledger.exams_excused_by(ids, None, 100).exams)

    ledger.write(work)
    assert found("dose-report") == "AB"
    assert found("dose-report@2020-03-01T00:00") == "A"
    assert found("letter-7", "dose-report@2020-03-01T00:00") == "AB"
    assert found('odd "50%" mük\\') == "F"
    assert found("letter") == found() == ""
    page = ledger.exams_excused_by(["dose-report"], None, 1, ordered_from=NOW, ordered_until=NOW + timedelta(days=1))
    assert [one.key.accession for one in page.exams] == ["A"]
    assert page.after is not None
    assert ledger.exams_excused_by(["dose-report"], None, 9, ordered_from=NOW + timedelta(days=1)).exams == ()


def test_an_exam_as_it_stood_is_folded_from_the_events_until_then(ledger: SqlLedger) -> None:
    later = NOW + timedelta(hours=1)
    ledger.write(lambda tx: [tx.append(placed()), tx.append(judged(KEY, later))])
    before, after = ledger.exam_at(KEY, later - timedelta(microseconds=1)), ledger.exam_at(KEY, later)
    assert before is not None
    assert (before.order, before.verdict) == (order(), None)
    assert after == ledger.read(lambda tx: tx.exam(KEY))
    assert ledger.exam_at(KEY, NOW - timedelta(seconds=1)) is None


def test_the_revision_in_force_at_an_instant_comes_with_when_it_was_activated(ledger: SqlLedger) -> None:
    ledger.activate_rulebook("r1", b'{"a":"\xc4\xb0"}', NOW)
    ledger.activate_rulebook("r2", b"{}", NOW + timedelta(days=1))
    assert ledger.rulebook_at(NOW - timedelta(seconds=1)) is None
    found = ledger.rulebook_at(NOW + timedelta(hours=1))
    assert found is not None
    assert (found.revision, found.recorded_at, found.content) == ("r1", NOW, b'{"a":"\xc4\xb0"}')


def test_a_context_is_recorded_where_it_differs_from_the_last_one(ledger: SqlLedger) -> None:
    days = [NOW + timedelta(days=number) for number in range(4)]
    recorded = [ledger.record_context(one, one.encode(), at) for one, at in zip("aaba", days, strict=True)]
    assert recorded == [True, False, True, True]
    assert ledger.context_at(NOW - timedelta(seconds=1)) is None
    seen = [ledger.context_at(at) for at in days]
    assert [(one.revision, one.recorded_at, one.content) for one in seen if one] == [
        ("a", days[0], b"a"),
        ("a", days[0], b"a"),
        ("b", days[2], b"b"),
        ("a", days[3], b"a"),
    ]


def test_all_exams_stand_judged_by_the_newest_rejudging_else_by_the_only_rulebook(ledger: SqlLedger) -> None:
    assert ledger.rejudged_by() == ""
    ledger.activate_rulebook("r1", b"{}", NOW)
    assert ledger.rejudged_by() == "r1"
    ledger.activate_rulebook("r2", b"{}", NOW)
    assert ledger.rejudged_by() == ""
    for revision in ("r2", "r3"):
        ledger.write(lambda tx, one=revision: tx.append(e.Rejudged(at=NOW, revision=one, before="r1")))
    assert ledger.rejudged_by() == "r3"


def test_a_verdict_alone_rewrites_neither_procedures_nor_links(sqlite_ledger: SqlLedger, statements: list[str]) -> None:
    sqlite_ledger.write(lambda tx: tx.append(placed()))
    statements.clear()
    sqlite_ledger.write(lambda tx: tx.append(judged()))
    assert not [one for one in statements if one.startswith(("DELETE", "INSERT INTO exam", "INSERT INTO procedure"))]
    exam = sqlite_ledger.read(lambda tx: tx.exam(KEY))
    assert exam is not None
    assert exam.verdict == judged().verdict
    assert sqlite_ledger.rebuild() == (2, True)
