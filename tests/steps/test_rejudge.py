"""A new rulebook reaches the exams that it can touch: released, proposed for withdrawal, or left without a row."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gecit.core.background import DuplicateQuery
from gecit.core.events import DuplicateQueried, Event, ExamJudged, Rejudged
from gecit.core.exam import Billing, Exam
from gecit.core.judge import Compiled, Marks, marks_of
from gecit.core.order import Control, Patient, Procedure
from gecit.core.reach import Reach
from gecit.core.rulebook import Edition, Exemption, Rulebook, Scope, Source, Window
from gecit.core.values import Text
from gecit.core.verdict import Outcome, Status, Verdict
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import Institution, Transaction, Unavailable
from gecit.processes.judging import Judge
from gecit.sandbox.medula import PretendMedula
from gecit.steps.background import ask_for_query, look_up
from gecit.steps.deliver import Courier
from gecit.steps.judge_exam import judge_due
from gecit.steps.notify_medula import handlers
from gecit.steps.reached import EVERYTHING, stretches_of
from gecit.steps.receive_message import Judging
from gecit.steps.rejudge import CALM, Rejudger
from tests.support.billing import HandClock
from tests.support.flow import (
    DOSE,
    HOSPITAL,
    JUDGING,
    NOT_ASKED,
    ORDERED,
    OTHER_TCKN,
    SHIPPED,
    START,
    TCKN,
    arrive,
    exam,
    incoming,
    kinds,
    order,
    register,
    report,
    send,
    study,
)

FIRST = JUDGING.rulebook
DAY = timedelta(days=1)
NO_LOINC = (Procedure(sut="R100250"),)
WORDS = Text(tr="deneme", en="trial")
SOURCE = Source(kind="site", title="deneme")


def without(*ids: str, of: Rulebook = FIRST) -> Rulebook:
    return Rulebook.of(tuple(one for one in of.rules if one.id not in ids), of.exemptions)


def window(start: datetime, last: datetime | None, name: str = "") -> Window:
    published = start.date()
    return Window(id=name or f"w@{start.isoformat()}", start=start, last=last, published=published, source=SOURCE)


def excusing(rule: str, *windows: Window, of: Rulebook = FIRST, **more: Any) -> Rulebook:
    """The rulebook with one exemption more."""
    new = Exemption(
        id="trial", title=WORDS, excuses=(rule,), dated_by="order_date", windows=windows, origin="site", **more
    )
    return Rulebook.of(of.rules, (*(one for one in of.exemptions if one.id != "trial"), new))


class World:
    """A ledger with a revision in force, the judge, the rejudger and MEDULA."""

    def __init__(self, ledger: SqlLedger, role: str = "Node", group: int = 2, page: int = 3) -> None:
        self.ledger, self.clock, self.role = ledger, HandClock(START), role
        self.book, self.sizes, self.group, self.page = FIRST, [0], group, page
        register(ledger, HOSPITAL)
        self.medula = PretendMedula()
        self.courier = Courier(ledger, "medula", handlers(self.medula, ledger, self.clock), self.clock, "one")
        self.activate(FIRST)
        self.rejudger = self.new()

    def new(self) -> Rejudger:
        return Rejudger(self.ledger, self.ledger, self.clock, self.judging, self.role, group=self.group, page=self.page)

    def judging(self) -> Judging:
        return replace(JUDGING, rulebook=self.book)

    def activate(self, book: Rulebook) -> None:
        self.clock.forward(seconds=1)
        self.ledger.activate_rulebook(book.revision, book.to_json(), self.clock.now())
        self.book = book

    def judge(self) -> None:
        while self.ledger.write(lambda tx: judge_due(tx, self.judging(), self.clock.now(), self.role)):
            pass

    def deliver(self) -> None:
        while self.courier.step():
            pass
        self.judge()

    def rejudge(self) -> Rejudged | None:
        """Go on until there is nothing to do; return what was recorded."""
        before = len(self.rejudged())
        self.rejudger.step()
        self.clock.forward(seconds=CALM.total_seconds())
        while self.rejudger.step():
            pass
        found = self.rejudged()
        assert len(found) - before in (0, 1)
        return found[-1] if len(found) > before else None

    def rejudged(self) -> list[Rejudged]:
        return [one for _, one in self.ledger.events() if isinstance(one, Rejudged)]

    def complete(self, name: str = "A1", days: int = 0, **differs: Any) -> None:
        """Let everything of a CT come; patients differ, so that none is a duplicate of another."""
        number = {"tckn": TCKN, "file_number": name}
        order_ = order(name, ordered_at=ORDERED + days * DAY, **{"procedures": sut_of(name), **differs})
        send(self.ledger, incoming(replace(order_, patient=Patient(**number)), f"o{name}"))
        arrive(self.ledger, study(f"s{name}", name, dose_reports=(replace(DOSE, sop_instance_uid=name),)))
        send(self.ledger, incoming(report(name), f"r{name}"))


def sut_of(name: str, loinc: str = "36938-9") -> tuple[Procedure, ...]:
    return (Procedure(sut=f"R1{name}", loinc=loinc),)


def status(ledger: SqlLedger, name: str, rule: str) -> Status:
    verdict = exam(ledger, name).verdict
    assert verdict is not None
    return verdict.finding(rule).status


def outcome(ledger: SqlLedger, name: str = "A1") -> Outcome:
    verdict = exam(ledger, name).verdict
    assert verdict is not None
    return verdict.outcome


def last(ledger: SqlLedger, kind: type[Event], name: str = "A1") -> Any:
    return [one for one in ledger.timeline(exam(ledger, name).key) if isinstance(one, kind)][-1]


def count(ledger: SqlLedger) -> int:
    return sum(1 for _ in ledger.events())


def outbox(ledger: SqlLedger) -> list[tuple[str, str]]:
    told = [one for one in ledger.deliveries() if one.destination == "medula"]
    return sorted((one.kind, one.exam.accession) for one in told)


@pytest.fixture
def world(sqlite_ledger: SqlLedger) -> World:
    return World(sqlite_ledger)


def test_an_exam_that_a_new_window_excuses_is_released(ledger: SqlLedger) -> None:
    world = World(ledger)
    world.complete(procedures=sut_of("A1", loinc=""))
    world.judge()
    assert (outcome(ledger), outbox(ledger)) == (Outcome.HOLD, [])
    book = excusing("loinc-code", window(ORDERED, ORDERED, "the outage"))
    world.activate(book)
    done = world.rejudge()
    assert done is not None
    assert (done.looked_at, done.changed, done.released, done.withdrawals) == (1, 1, 1, 0)
    assert (done.before, done.revision) == (FIRST.revision, book.revision)
    assert (outcome(ledger), outbox(ledger)) == (Outcome.SUBMIT, [("notify", "A1")])
    judged = last(ledger, ExamJudged)
    assert judged.cause == f"rulebook {book.revision[:12]}"
    assert judged.verdict.rulebook == book.revision
    assert judged.verdict.finding("loinc-code").exemptions == ("the outage",)
    assert ledger.rejudged_by() == book.revision


def test_what_stays_as_it_is_costs_no_row(ledger: SqlLedger) -> None:
    world = World(ledger)
    for number in range(7):
        world.complete(f"A{number}", number)
    world.judge()
    world.activate(excusing("loinc-code", window(ORDERED, None)))
    before, content = count(ledger), ledger.content()
    done = world.rejudge()
    assert done is not None
    assert (done.looked_at, done.changed) == (7, 0)
    assert count(ledger) == before + 1
    assert ledger.content() == content


def test_a_new_window_is_looked_for_in_its_own_dates_alone(world: World) -> None:
    for number in range(7):
        world.complete(f"A{number}", -number, procedures=sut_of(f"A{number}", loinc=""))
    world.judge()
    world.activate(excusing("loinc-code", window(ORDERED - 4 * DAY, ORDERED - 2 * DAY)))
    done = world.rejudge()
    assert done is not None
    assert (done.looked_at, done.changed, done.released) == (3, 3, 3)
    assert [outcome(world.ledger, f"A{number}") for number in range(7)] == [
        Outcome.SUBMIT if number in (2, 3, 4) else Outcome.HOLD for number in range(7)
    ]


def test_what_medula_was_told_is_never_taken_back_by_a_rule_alone(world: World) -> None:
    world.activate(without("loinc-code"))
    world.complete(procedures=sut_of("A1", loinc=""))
    world.judge()
    world.deliver()
    assert exam(world.ledger).billing is Billing.TOLD
    world.activate(FIRST)
    done = world.rejudge()
    assert done is not None
    assert (done.changed, done.released, done.withdrawals) == (1, 0, 1)
    assert exam(world.ledger).billing is Billing.WITHDRAWAL_PROPOSED
    assert outbox(world.ledger) == [("notify", "A1")]


def test_a_proposal_is_void_once_the_exam_passes_again(world: World) -> None:
    """Otherwise somebody would approve later what takes back good money."""
    lenient = without("loinc-code")
    world.activate(lenient)
    world.complete(procedures=sut_of("A1", loinc=""))
    world.judge()
    world.deliver()
    for book in (FIRST, lenient):
        world.activate(book)
        assert world.rejudge() is not None
    assert exam(world.ledger).billing is Billing.TOLD
    assert kinds(world.ledger)[-1] == "WithdrawalDropped"
    assert outbox(world.ledger) == [("notify", "A1")]


def test_a_preflight_is_judged_anew_and_tells_nobody(sqlite_ledger: SqlLedger) -> None:
    world = World(sqlite_ledger, role="Preflight")
    world.complete(procedures=sut_of("A1", loinc=""))
    world.judge()
    world.activate(without("loinc-code"))
    done = world.rejudge()
    assert done is not None
    assert (done.changed, done.released, outbox(world.ledger)) == (1, 0, [])


def test_where_the_revision_in_force_was_judged_by_nothing_is_done(world: World) -> None:
    world.complete()
    world.judge()
    assert world.rejudge() is None
    world.activate(without("loinc-code"))
    assert world.rejudge() is not None
    world.rejudger = world.new()  # as after a restart
    assert world.rejudge() is None


def test_a_pending_exam_is_judged_anew_before_its_due_time_and_a_due_one_by_the_ordinary_judge(world: World) -> None:
    send(world.ledger, incoming(order("A1", procedures=sut_of("A1", loinc="")), "1"))
    world.judge()
    assert exam(world.ledger).judge_at is None  # held: nobody waits
    send(world.ledger, incoming(order("A2", procedures=sut_of("A2")), "2"))
    world.judge()
    assert outcome(world.ledger, "A2") is Outcome.PENDING
    due = exam(world.ledger, "A2").judge_at
    kept = ("order-present", "order-active", "loinc-code")
    world.activate(without(*(one.id for one in FIRST.rules if one.id not in kept)))
    send(world.ledger, incoming(order("A1", Control.CHANGE, procedures=sut_of("A1")), "3"))
    done = world.rejudge()
    assert due is not None and world.clock.now() < due
    assert done is not None
    assert done.changed == 1
    assert outcome(world.ledger, "A2") is Outcome.SUBMIT
    assert last(world.ledger, ExamJudged).cause == "order NW"  # A1 stands as it was, and is the judge's
    world.judge()
    assert outcome(world.ledger, "A1") is Outcome.SUBMIT


def test_who_starts_over_after_a_crash_finds_the_rest(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"A{number}" for number in range(7)]
    for name in names:
        world.complete(name, procedures=sut_of(name, loinc=""))
    world.judge()
    world.activate(without("loinc-code"))
    real, written = world.ledger.write, Counter[str]()

    def write(work: Callable[[Transaction], object]) -> object:
        written["times"] += 1
        if written["times"] == 3:
            raise KeyboardInterrupt
        return real(work)

    with monkeypatch.context() as patched:
        patched.setattr(world.ledger, "write", write)
        with pytest.raises(KeyboardInterrupt):
            world.rejudge()
    released = len(outbox(world.ledger))
    assert 0 < released < 7
    assert world.rejudged() == []
    world.rejudger = world.new()
    done = world.rejudge()
    assert done is not None
    assert done.changed == 7 - released
    assert outbox(world.ledger) == [("notify", name) for name in names]
    judged = Counter(one.exam.accession for _, one in world.ledger.events() if isinstance(one, ExamJudged))
    assert set(judged.values()) == {2}


def test_a_revision_that_comes_into_force_meanwhile_is_what_exams_end_judged_by(world: World) -> None:
    names = [f"A{number}" for number in range(7)]
    for name in names:
        world.complete(name, procedures=sut_of(name, loinc=""))
    world.judge()
    world.activate(without("loinc-code"))
    world.rejudger.step()
    world.clock.forward(seconds=2)
    assert world.rejudger.step()
    assert 0 < len(outbox(world.ledger)) < 7
    world.activate(FIRST)
    done = world.rejudge()
    assert done is not None
    assert (done.revision, [one.revision for one in world.rejudged()]) == (FIRST.revision, [FIRST.revision])
    assert {outcome(world.ledger, name) for name in names} == {Outcome.HOLD}


def test_a_revision_given_up_half_way_is_undone_even_after_a_restart(world: World) -> None:
    names = [f"A{number}" for number in range(7)]
    for name in names:
        world.complete(name, procedures=sut_of(name, loinc=""))
    world.judge()
    world.activate(excusing("loinc-code", window(ORDERED, None)))
    assert world.rejudge() is not None
    world.activate(FIRST)
    assert world.rejudge() is not None
    world.activate(without("loinc-code"))
    world.rejudger.step()
    world.clock.forward(seconds=2)
    world.rejudger.step()
    world.activate(FIRST)  # the very revision that was judged by last
    world.rejudger = world.new()
    done = world.rejudge()
    assert done is not None
    assert done.before == done.revision == FIRST.revision
    assert {outcome(world.ledger, name) for name in names} == {Outcome.HOLD}


def test_a_revision_stands_for_a_moment_before_anybody_is_judged_by_it_anew(world: World) -> None:
    world.complete(procedures=sut_of("A1", loinc=""))
    world.judge()
    world.activate(without("loinc-code"))
    assert not world.rejudger.step()
    world.clock.forward(seconds=CALM.total_seconds() - 0.1)
    assert not world.rejudger.step()
    assert outcome(world.ledger) is Outcome.HOLD
    world.clock.forward(seconds=0.1)
    assert world.rejudger.step()
    assert outcome(world.ledger) is Outcome.SUBMIT
    assert world.rejudger.progress.endswith("1 looked at, 1 changed")


def test_no_transaction_holds_more_than_a_group(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        world.complete(f"A{number}", procedures=sut_of(f"A{number}", loinc=""))
    world.judge()
    world.activate(without("loinc-code"))
    real, sizes = world.ledger.write, list[int]()

    def write(work: Callable[[Transaction], Any]) -> Any:
        before = count(world.ledger)
        result = real(work)
        sizes.append(count(world.ledger) - before)
        return result

    monkeypatch.setattr(world.ledger, "write", write)
    world.rejudge()
    assert sum(sizes) == 7 * 2 + 1  # verdict and notification of each, and the end
    assert max(sizes) == 2 * world.group


def test_an_exam_that_changes_between_looking_and_writing_is_judged_as_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("A1", "A2"):
        world.complete(name, procedures=sut_of(name, loinc=""))
    world.judge()
    world.activate(without("loinc-code"))
    real, scanned = world.ledger.scan, world.ledger.scan(None, 10)

    def scan(*args: Any, **more: Any) -> Any:
        page = real(*args, **more)
        if not world.rejudged() and page == scanned:
            send(world.ledger, incoming(order("A1", Control.CANCEL, procedures=sut_of("A1", "")), "gone"))
            world.judge()
        return page

    world.rejudger = Rejudger(world.ledger, world.ledger, world.clock, world.judging, "Node", page=10)
    monkeypatch.setattr(world.ledger, "scan", scan)
    done = world.rejudge()
    assert done is not None
    assert (done.looked_at, done.changed, done.released) == (2, 1, 1)
    assert outbox(world.ledger) == [("notify", "A2")]
    assert outcome(world.ledger, "A1") is Outcome.HOLD


def test_an_exam_that_cannot_be_judged_stops_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    names = [f"A{number}" for number in range(5)]
    for name in names:
        world.complete(name, procedures=sut_of(name, loinc=""))
    world.judge()
    world.activate(without("loinc-code"))
    real = Compiled.marks

    def marks(self: Compiled, one: Exam, now: datetime) -> Marks:
        if one.key.accession == "A2":
            raise ValueError("division by 10000000146")
        return real(self, one, now)

    monkeypatch.setattr(Compiled, "marks", marks)
    with caplog.at_level(logging.WARNING):
        done = world.rejudge()
    assert done is not None
    assert (done.looked_at, done.changed) == (5, 4)
    assert [outcome(world.ledger, name) is Outcome.HOLD for name in names] == [False, False, True, False, False]
    assert "910001/A2 cannot be judged anew: ValueError at" in caplog.text
    assert [name for name in names if exam(world.ledger, name).judge_at] == ["A2"]  # the ordinary judge tries again
    assert "10000000146" not in caplog.text


def test_a_judge_that_waited_for_the_ledger_judges_by_no_revision_of_before(world: World) -> None:
    world.complete(procedures=sut_of("A1", loinc=""))
    old = world.judging()
    world.activate(without("loinc-code"))
    assert world.rejudge() is not None  # the exam is due, so it was left to the judge
    assert not Judge(world.ledger, world.clock, lambda: old, "Node").step()
    assert exam(world.ledger).verdict is None
    assert Judge(world.ledger, world.clock, world.judging, "Node").step()
    assert outcome(world.ledger) is Outcome.SUBMIT


@pytest.mark.parametrize("loinc", ["", "36938-9"], ids=["an exam that differs", "none that does"])
def test_nothing_is_rewritten_or_concluded_by_a_revision_that_is_not_in_force_any_more(
    world: World, monkeypatch: pytest.MonkeyPatch, loinc: str
) -> None:
    world.complete(procedures=sut_of("A1", loinc=loinc))
    world.judge()
    world.activate(without("loinc-code"))
    old, real = world.judging(), world.ledger.scan
    late = Rejudger(world.ledger, world.ledger, world.clock, lambda: old, "Node", calm=timedelta(0))

    def scan(*args: Any, **named: Any) -> Any:
        found = real(*args, **named)
        if world.book is not FIRST:
            world.activate(FIRST)  # between reading a page and writing what came of it
        return found

    monkeypatch.setattr(world.ledger, "scan", scan)
    before = exam(world.ledger)
    with pytest.raises(Unavailable):
        deque(iter(late.step, False), maxlen=0)
    assert (exam(world.ledger), world.rejudged()) == (before, [])


def test_another_ownership_is_judged_by_all_rules_not_only_by_those_that_changed(world: World) -> None:
    """What is recorded is not stale any more, so nobody would come back for the rules that were not asked."""
    rule = FIRST.rule("loinc-code")
    editions = tuple(replace(one, applies=Scope(ownership=("private",))) for one in rule.editions)
    others = tuple(one for one in FIRST.rules if one.id != rule.id)
    book = Rulebook.of((*others, replace(rule, editions=editions)), FIRST.exemptions)
    world.activate(book)
    world.rejudge()
    world.complete(procedures=sut_of("A1", loinc=""))
    world.judge()
    assert outcome(world.ledger) is Outcome.SUBMIT
    register(world.ledger, replace(HOSPITAL, ownership="private"))
    world.activate(excusing("report-present", window(ORDERED, ORDERED), of=book))
    assert world.rejudge() is not None
    assert status(world.ledger, "A1", "loinc-code") is Status.FAILED
    assert outcome(world.ledger) is Outcome.HOLD


def test_another_ownership_is_noticed_by_the_next_rejudging(world: World) -> None:
    world.complete("A1")
    world.complete("A2")
    world.judge()
    register(world.ledger, replace(HOSPITAL, ownership="private"))
    world.activate(excusing("loinc-code", window(ORDERED, None)))
    before = count(world.ledger)
    assert world.rejudge() is not None
    assert {exam(world.ledger, name).background.ownership for name in ("A1", "A2")} == {"private"}
    assert count(world.ledger) == before + 3  # the two backgrounds and the end: no verdict changed


def test_stretches_are_put_together_so_that_no_exam_is_looked_at_twice() -> None:
    def day(number: int) -> datetime:
        return ORDERED + number * DAY

    def of(*stretches: tuple[datetime | None, datetime | None]) -> Reach:
        return Reach(everything=False, ordered=stretches)

    assert stretches_of([of((day(5), day(6)), (day(1), day(3))), of((day(2), day(4)))]) == (
        (day(1), day(4)),
        (day(5), day(6)),
    )
    assert stretches_of([of((day(1), day(9)), (day(2), day(3)))]) == ((day(1), day(9)),)
    assert stretches_of([of((day(1), None)), of((None, day(0)))]) == ((None, day(0)), (day(1), None))
    assert stretches_of([of((day(1), None)), of((None, day(2)))]) == EVERYTHING
    assert stretches_of([of((day(1), day(2)), (day(2), day(3)))]) == ((day(1), day(3)),)
    assert stretches_of([of((day(1), day(2))), Reach(everything=True, ordered=())]) == EVERYTHING
    assert stretches_of([of()]) == ()


# Whatever happened: judged anew is judged from scratch

NAMES = ("A1", "A2", "A3", "A4")
PATIENTS = (Patient(tckn=TCKN), Patient(tckn=OTHER_TCKN))
SUTS = (Procedure(sut="R100250", loinc="36938-9"), Procedure(sut="R100250"), Procedure(sut="R100260", loinc="36938-9"))
WITH_QUERIES = SHIPPED


def _changed(book: Rulebook, rule: str, **changes: Any) -> Rulebook:
    def edition(one: Edition) -> Edition:
        return replace(one, **changes)

    rules = tuple(
        replace(one, editions=tuple(map(edition, one.editions))) if one.id == rule else one for one in book.rules
    )
    return Rulebook.of(rules, book.exemptions)


BOOKS: tuple[Rulebook, ...] = (
    FIRST,
    WITH_QUERIES,
    without("loinc-code"),
    without("duplicate-found", "loinc-code", of=WITH_QUERIES),
    excusing("loinc-code", window(ORDERED - 3 * DAY, ORDERED + 2 * DAY)),
    excusing("loinc-code", window(ORDERED - 9 * DAY, ORDERED - 2 * DAY), window(ORDERED, None)),
    excusing(NOT_ASKED, window(ORDERED - 5 * DAY, ORDERED + 5 * DAY), of=WITH_QUERIES, applies=Scope(sut=("R10025*",))),
    excusing(
        NOT_ASKED,
        window(ORDERED - 30 * DAY, ORDERED + 30 * DAY),
        of=WITH_QUERIES,
        provided="no_earlier_exam",
        provided_params={"months": 1},
    ),
    _changed(FIRST, "image-present", params={"minimum": 30}),
    _changed(FIRST, "duplicate-found", params={"performed_only": False, "months": 0, "days": 4}),
    _changed(FIRST, "loinc-code", until=ORDERED),
)

days = st.integers(-9, 9)
steps = st.one_of(
    st.tuples(
        st.just("order"),
        st.sampled_from(NAMES),
        days,
        st.sampled_from(PATIENTS),
        st.sampled_from(SUTS),
        st.sampled_from([Control.NEW, Control.NEW, Control.CHANGE, Control.CANCEL]),
    ),
    st.tuples(st.just("images"), st.sampled_from(NAMES), st.sampled_from([5, 20, 40])),
    st.tuples(st.just("report"), st.sampled_from(NAMES)),
    st.tuples(st.just("query"), days, st.sampled_from(PATIENTS), st.sampled_from(["R100250", "R100260"])),
    st.tuples(st.just("activate"), st.sampled_from(BOOKS)),
    st.tuples(st.just("judge")),
    st.tuples(st.just("rejudge"), st.integers(1, 4)),
)


class History(World):
    """Plays steps on a ledger in memory."""

    def __init__(self) -> None:
        super().__init__(open_ledger("sqlite://"), group=2, page=2)
        self.number = 0

    def play(self, step: Sequence[Any]) -> None:
        self.number += 1
        getattr(self, f"do_{step[0]}")(*step[1:])

    def do_order(self, name: str, day: int, patient: Patient, procedure: Procedure, control: Control) -> None:
        new = order(name, control, ordered_at=ORDERED + day * DAY, patient=patient, procedures=(procedure,))
        send(self.ledger, incoming(new, f"{self.number}", at=self.clock.now()), judging=self.judging())

    def do_images(self, name: str, images: int) -> None:
        facts = study(f"s{name}", name, images, other_patient_ids=(OTHER_TCKN,))
        arrive(self.ledger, facts, self.clock.now())

    def do_report(self, name: str) -> None:
        send(self.ledger, incoming(report(name), f"{self.number}", at=self.clock.now()), judging=self.judging())

    def do_query(self, day: int, patient: Patient, sut: str) -> None:
        query = DuplicateQuery(
            id=str(self.number), at=ORDERED + day * DAY, institution=HOSPITAL.skrs, tckn=patient.tckn, sut=(sut,)
        )

        def work(tx: Transaction) -> None:
            tx.append(DuplicateQueried(at=self.clock.now(), query=query))
            ask_for_query(tx, query, self.clock.now())

        self.ledger.write(work)

    def do_activate(self, book: Rulebook) -> None:
        self.activate(book)

    def do_judge(self) -> None:
        self.judge()

    def do_rejudge(self, steps: int) -> None:
        self.rejudger.step()
        self.clock.forward(seconds=2)
        for _ in range(steps):
            self.rejudger.step()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(steps, min_size=4, max_size=25), st.sampled_from(BOOKS), st.booleans())
def test_judged_anew_is_judged_from_scratch(
    history: list[tuple[Any, ...]], book: Rulebook, rejudge_first: bool
) -> None:
    world = History()
    for step in history:
        world.play(step)
    world.activate(book)
    if rejudge_first:
        world.rejudge()
    world.judge()
    world.rejudger = world.new()
    world.rejudge()
    for one in world.ledger.scan(None, 100).exams:
        assert marks_of(verdict_of(one)) == from_scratch(world, one)
    world.ledger.close()


def verdict_of(one: Exam) -> Verdict:
    assert one.verdict is not None
    return one.verdict


def from_scratch(world: World, one: Exam) -> Marks:
    institution: Institution = HOSPITAL
    background = world.ledger.read(lambda tx: look_up(tx, one, institution))
    return Compiled(world.book, JUDGING.context).marks(replace(one, background=background), world.clock.now())


def test_an_exam_judged_before_backgrounds_were_kept_is_looked_up_when_it_is_judged_anew(
    sqlite_ledger: SqlLedger,
) -> None:
    """Otherwise its duplicate would pass for want of anything to look at."""
    world, same = World(sqlite_ledger), (Procedure(sut="R100250", loinc="36938-9"),)
    world.activate(without("duplicate-found"))
    world.complete("A0", -30, procedures=same, scheduled_at=None)
    world.complete("A1", procedures=same, scheduled_at=None)
    judging, now = world.judging(), world.clock.now()
    for name in ("A0", "A1"):
        one = exam(world.ledger, name)
        verdict = Compiled(judging.rulebook, judging.context).judge(one, judged_at=now, known_at=now)
        event = ExamJudged(at=now, exam=one.key, verdict=verdict)
        world.ledger.write(lambda tx, event=event: tx.append(event))  # type: ignore[misc]
    world.activate(FIRST)
    world.rejudge()
    assert status(world.ledger, "A1", "duplicate-found") is Status.FAILED
