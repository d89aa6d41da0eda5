"""What the judge looks up beside an exam, and who is asked to be judged again when it changes."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from gecit.core.background import Answering, DuplicateQuery, EarlierExam
from gecit.core.events import BackgroundRecorded, DuplicateQueried, JudgingAsked
from gecit.core.exam import Exam
from gecit.core.order import Control, Patient, Procedure
from gecit.edges.store import SqlLedger
from gecit.ports import Institution, Transaction
from gecit.steps.background import (
    MOST_EARLIER,
    QUERIES_FROM,
    QUERIES_UNTIL,
    REACH,
    ask_for_query,
    look_up,
)
from tests.support.flow import (
    HOSPITAL,
    ORDERED,
    OTHER_TCKN,
    START,
    TCKN,
    arrive,
    events,
    exam,
    incoming,
    judge,
    kinds,
    order,
    register,
    report,
    send,
    study,
)

SUT = "R100250"
OTHER_SUT = (Procedure(sut="R100260", loinc="36938-9"),)
DAY = timedelta(days=1)


def place(ledger: SqlLedger, name: str, days: float = 0, **differs: object) -> None:
    """Order an exam, `days` after the usual day."""
    differs.setdefault("scheduled_at", None)
    send(ledger, incoming(order(name, ordered_at=ORDERED + days * DAY, **differs), f"{name}-{days}-{differs}"))


def asked(query_id: str = "q", at: datetime = ORDERED, **differs: object) -> DuplicateQuery:
    clean: dict[str, object] = {"institution": HOSPITAL.skrs, "tckn": TCKN, "sut": (SUT,)}
    return DuplicateQuery(id=query_id, at=at, **(clean | differs))  # type: ignore[arg-type]


def ask(ledger: SqlLedger, *queries: DuplicateQuery) -> None:
    def work(tx: Transaction) -> None:
        for one in queries:
            tx.append(DuplicateQueried(at=one.at, query=one))
            ask_for_query(tx, one, START)

    ledger.write(work)


def earlier(ledger: SqlLedger, name: str, institution: Institution = HOSPITAL) -> list[str]:
    found = ledger.read(lambda tx: look_up(tx, exam(ledger, name), institution))
    return [one.accession for one in found.earlier]


def queries(ledger: SqlLedger, name: str) -> list[str]:
    return [one.id for one in ledger.read(lambda tx: look_up(tx, exam(ledger, name), HOSPITAL)).queries]


def waits(ledger: SqlLedger, *names: str) -> list[str]:
    """Which exams are due, everything having been judged before."""
    return [name for name in names if (at := exam(ledger, name).judge_at) is not None and at <= START]


def settle(ledger: SqlLedger) -> None:
    while judge(ledger):
        pass


# Looking up


def test_earlier_exams_are_those_of_the_patient_with_a_shared_sut_code_that_were_ordered_before(
    ledger: SqlLedger,
) -> None:
    place(ledger, "M")
    place(ledger, "before", -30)
    place(ledger, "long before", -900)
    place(ledger, "after", 1)
    place(ledger, "other sut", -5, procedures=OTHER_SUT)
    place(ledger, "two", -4, procedures=(*OTHER_SUT, Procedure(sut=SUT)))
    place(ledger, "other patient", -3, patient=Patient(tckn=OTHER_TCKN))
    place(ledger, "cancelled", -2)
    place(ledger, "cancelled", -2, control=Control.CANCEL)
    place(ledger, "A", 0)  # the same instant: the accession number decides, so that only one is the earlier
    place(ledger, "Z", 0)
    assert earlier(ledger, "M") == ["long before", "before", "two", "A"]
    assert earlier(ledger, "A") == ["long before", "before", "two"]


def test_only_the_newest_earlier_exams_are_kept(sqlite_ledger: SqlLedger) -> None:
    for number in range(MOST_EARLIER + 3):
        place(sqlite_ledger, f"E{number:02}", number)
    place(sqlite_ledger, "last", 100)
    assert earlier(sqlite_ledger, "last") == [f"E{number:02}" for number in range(3, MOST_EARLIER + 3)]


def test_orders_that_were_never_performed_crowd_out_no_exam_that_was(sqlite_ledger: SqlLedger) -> None:
    place(sqlite_ledger, "performed", -1)
    arrive(sqlite_ledger, study("s", "performed"))
    for number in range(MOST_EARLIER + 3):
        place(sqlite_ledger, f"E{number:02}", number)
    place(sqlite_ledger, "last", 100)
    newest = [f"E{number:02}" for number in range(3, MOST_EARLIER + 3)]
    assert earlier(sqlite_ledger, "last") == ["performed", *newest]


def test_whoever_does_not_see_an_exam_any_more_is_not_asked_when_it_changes(sqlite_ledger: SqlLedger) -> None:
    names = [f"E{number:02}" for number in range(MOST_EARLIER + 5)]
    for number, name in enumerate(names):
        place(sqlite_ledger, name, number)
    settle(sqlite_ledger)
    place(sqlite_ledger, "E00", 0, control=Control.CANCEL)
    assert waits(sqlite_ledger, *names) == names[: MOST_EARLIER + 1]
    settle(sqlite_ledger)
    place(sqlite_ledger, "A00", -1)
    arrive(sqlite_ledger, study("s", "A00"))  # among performed ones it is the newest
    assert waits(sqlite_ledger, *names) == names[1:]


def test_a_query_asked_again_and_again_is_kept_once_on_each_side_of_the_order(sqlite_ledger: SqlLedger) -> None:
    place(sqlite_ledger, "A1")
    minutes = [timedelta(minutes=one) for one in range(-50, 50, 2)]
    ask(sqlite_ledger, *(asked(f"q{number}", ORDERED + one) for number, one in enumerate(minutes)))
    ask(sqlite_ledger, asked("failed", ORDERED - 3 * minutes[-1], state=Answering.FAILED))
    ask(sqlite_ledger, asked("other", ORDERED - 2 * minutes[-1], physician=OTHER_TCKN))
    assert queries(sqlite_ledger, "A1") == ["failed", "other", "q25", "q26"]


def test_what_the_service_above_found_is_kept_with_the_query_and_what_we_found_stands_beside(
    sqlite_ledger: SqlLedger,
) -> None:
    ours = EarlierExam(institution="1", accession="X", sut=SUT)
    above = replace(ours, accession="Y", source="above")
    place(sqlite_ledger, "A1")
    ask(sqlite_ledger, asked("both", ORDERED - 2 * DAY, found=(ours, above)), asked("none", ORDERED - DAY))
    found = sqlite_ledger.read(lambda tx: look_up(tx, exam(sqlite_ledger, "A1"), HOSPITAL)).queries
    assert [(one.id, one.found) for one in found] == [("both", (above,)), ("none", ())]


def test_an_order_without_a_date_of_its_own_is_dated_by_its_receipt(sqlite_ledger: SqlLedger) -> None:
    place(sqlite_ledger, "A1", -1)
    send(sqlite_ledger, incoming(order("A2", ordered_at=None), "2"))
    assert earlier(sqlite_ledger, "A2") == ["A1"]


def test_nobody_asks_for_duplicates_of_an_order_taken_back_or_of_no_order_at_all(sqlite_ledger: SqlLedger) -> None:
    place(sqlite_ledger, "A1", -1)
    ask(sqlite_ledger, asked())
    place(sqlite_ledger, "A2", control=Control.CANCEL)
    send(sqlite_ledger, incoming(report("A3"), "3"))
    for name in ("A2", "A3"):
        assert (earlier(sqlite_ledger, name), queries(sqlite_ledger, name)) == ([], [])


def test_a_patient_without_a_number_has_no_earlier_exams(sqlite_ledger: SqlLedger) -> None:
    nobody = Patient(file_number="D-7")
    place(sqlite_ledger, "A1", -1, patient=nobody)
    place(sqlite_ledger, "A2", patient=nobody)
    assert earlier(sqlite_ledger, "A2") == []


def test_queries_are_those_of_patient_institution_and_sut_around_the_order(ledger: SqlLedger) -> None:
    place(ledger, "A1")
    second = timedelta(seconds=1)
    ask(
        ledger,
        asked("too early", ORDERED - QUERIES_FROM - second),
        asked("first", ORDERED - QUERIES_FROM),
        asked("last", ORDERED + QUERIES_UNTIL),
        asked("too late", ORDERED + QUERIES_UNTIL + second),
        asked("several", sut=("X", SUT)),
        asked("other sut", sut=("X",)),
        asked("elsewhere", institution="910002"),
        asked("other patient", tckn=OTHER_TCKN),
    )
    assert queries(ledger, "A1") == ["first", "several", "last"]


def test_a_study_instance_uid_under_another_accession_is_found_whichever_came_first(ledger: SqlLedger) -> None:
    for name in ("A1", "A2"):
        place(ledger, name, patient=Patient(tckn=TCKN, file_number=name))
    arrive(ledger, study("a", "A1", study_instance_uid="1.2.9"))
    settle(ledger)
    assert exam(ledger, "A1").background.uid_elsewhere == ()
    arrive(ledger, study("b", "A2", study_instance_uid="1.2.9"))
    settle(ledger)
    assert exam(ledger, "A1").background.uid_elsewhere == ("A2",)
    assert exam(ledger, "A2").background.uid_elsewhere == ("A1",)
    arrive(ledger, study("b", "A2", study_instance_uid="1.2.10"))
    settle(ledger)
    assert exam(ledger, "A1").background.uid_elsewhere == ()


def test_the_same_study_on_two_nodes_is_not_elsewhere(sqlite_ledger: SqlLedger) -> None:
    place(sqlite_ledger, "A1")
    for node in ("N", "N2"):
        facts = study("a", "A1")
        arrive(sqlite_ledger, type(facts)(**{**_fields(facts), "key": type(facts.key)(node=node, orthanc_id="a")}))
    settle(sqlite_ledger)
    assert exam(sqlite_ledger, "A1").background.uid_elsewhere == ()


def _fields(facts: object) -> dict[str, object]:
    return {name: getattr(facts, name) for name in facts.__struct_fields__}  # type: ignore[attr-defined]


def test_ownership_is_the_institutions(sqlite_ledger: SqlLedger) -> None:
    register(sqlite_ledger, Institution(skrs=HOSPITAL.skrs, ownership="private"))
    place(sqlite_ledger, "A1")
    settle(sqlite_ledger)
    assert exam(sqlite_ledger, "A1").background.ownership == "private"


def test_a_background_is_recorded_before_the_verdict_and_only_where_it_differs(ledger: SqlLedger) -> None:
    place(ledger, "A1", -1)
    place(ledger, "A2")
    settle(ledger)
    assert kinds(ledger, "A1") == ["OrderPlaced", "ExamJudged"]
    assert kinds(ledger, "A2") == ["OrderPlaced", "BackgroundRecorded", "ExamJudged"]
    send(ledger, incoming(report("A2"), "r"))
    settle(ledger)
    assert len(events(ledger, BackgroundRecorded, "A2")) == 1


# Who is touched


def test_later_exams_are_judged_again_when_what_they_see_of_an_earlier_one_changes(ledger: SqlLedger) -> None:
    place(ledger, "earlier", -10)
    for name, days in (("before", -20), ("later", 0), ("last", 20)):
        place(ledger, name, days)
    place(ledger, "other", 0, procedures=OTHER_SUT)
    names = ("before", "later", "last", "other")
    changes = (
        lambda: arrive(ledger, study("a", "earlier")),
        lambda: send(ledger, incoming(report("earlier"), "r")),
        lambda: place(ledger, "earlier", -9, control=Control.CHANGE),
        lambda: place(ledger, "earlier", -9, control=Control.CANCEL),
        lambda: place(ledger, "earlier", -9.5),
    )
    for change in changes:
        settle(ledger)
        assert waits(ledger, *names) == []
        change()
        assert waits(ledger, *names) == ["later", "last"]
        assert {type(one).__name__ for one in ledger.timeline(exam(ledger, "later").key)[-1:]} == {"JudgingAsked"}
        assert exam(ledger, "later").judge_cause == "earlier exam changed"


def test_a_change_of_patient_or_sut_reaches_those_who_saw_it_and_those_who_now_do(sqlite_ledger: SqlLedger) -> None:
    ledger, other = sqlite_ledger, Patient(tckn=OTHER_TCKN)
    place(ledger, "moved", -10)
    place(ledger, "old", 0)
    place(ledger, "new", 0, patient=other)
    settle(ledger)
    assert earlier(ledger, "old") == ["moved"]
    place(ledger, "moved", -10, control=Control.CHANGE, patient=other)
    assert waits(ledger, "old", "new") == ["old", "new"]
    settle(ledger)
    assert exam(ledger, "old").background.earlier == ()
    place(ledger, "moved", -10, control=Control.CHANGE, patient=other, procedures=OTHER_SUT)
    assert waits(ledger, "old", "new") == ["new"]


def test_what_nobody_sees_asks_nobody(sqlite_ledger: SqlLedger) -> None:
    ledger = sqlite_ledger
    place(ledger, "earlier", -10)
    place(ledger, "later")
    arrive(ledger, study("a", "earlier"))
    send(ledger, incoming(report("earlier"), "r1"))
    settle(ledger)
    arrive(ledger, study("a", "earlier", images=21))  # one picture more
    arrive(ledger, study("a", "earlier", images=21, description="another name"))
    send(ledger, incoming(report("earlier"), "r2"))  # another version
    place(ledger, "earlier", -10, control=Control.CHANGE, department="0801")
    assert events(ledger, JudgingAsked, "later") == []
    assert waits(ledger, "earlier") == ["earlier"]


def test_exams_beyond_the_reach_of_any_rule_are_left_alone(sqlite_ledger: SqlLedger) -> None:
    place(sqlite_ledger, "inside", REACH / DAY)
    place(sqlite_ledger, "outside", REACH / DAY + 1)
    settle(sqlite_ledger)
    place(sqlite_ledger, "earlier")
    assert waits(sqlite_ledger, "inside", "outside") == ["inside"]


def test_an_exam_that_waits_for_the_judge_anyway_is_not_asked_twice(sqlite_ledger: SqlLedger) -> None:
    place(sqlite_ledger, "later")
    place(sqlite_ledger, "earlier", -1)
    assert events(sqlite_ledger, JudgingAsked, "later") == []
    settle(sqlite_ledger)
    assert [one.accession for one in exam(sqlite_ledger, "later").background.earlier] == ["earlier"]


def test_a_query_wakes_the_exams_around_it(ledger: SqlLedger) -> None:
    second = timedelta(seconds=1) / DAY
    place(ledger, "A1")
    place(ledger, "too old", -1 - second)
    place(ledger, "too new", 7 + second)
    place(ledger, "other sut", procedures=OTHER_SUT)
    settle(ledger)
    ask(ledger, asked(institution="910002"))
    ask(ledger, asked(tckn=OTHER_TCKN), asked("nobody", tckn=""))
    assert waits(ledger, "A1", "too old", "too new", "other sut") == []
    ask(ledger, asked("mine"))
    assert waits(ledger, "A1", "too old", "too new", "other sut") == ["A1"]
    settle(ledger)
    assert [one.id for one in exam(ledger, "A1").background.queries] == ["mine"]


def test_whatever_was_looked_up_when_judged_is_what_would_be_looked_up_now(sqlite_ledger: SqlLedger) -> None:
    """The contract of the whole module, over a day with every kind of change."""
    ledger = sqlite_ledger
    names = ["A1", "A2", "A3", "A4"]
    for number, name in enumerate(names):
        place(ledger, name, number * 3)
    settle(ledger)
    for step in (
        lambda: arrive(ledger, study("a", "A1")),
        lambda: place(ledger, "A2", 1, control=Control.CHANGE, patient=Patient(tckn=OTHER_TCKN)),
        lambda: place(ledger, "A3", 6, control=Control.CANCEL),
        lambda: ask(ledger, asked("q1", ORDERED + 8 * DAY)),
        lambda: place(ledger, "A4", -3, control=Control.CHANGE),
        lambda: place(ledger, "A2", 1, control=Control.CHANGE),
        lambda: send(ledger, incoming(report("A4"), "r")),
        lambda: arrive(ledger, study("a", "A4")),
    ):
        step()
        settle(ledger)
        assert [exam(ledger, name).background for name in names] == [looked_up(ledger, name) for name in names]


def looked_up(ledger: SqlLedger, name: str) -> object:
    found: Exam = exam(ledger, name)
    return ledger.read(lambda tx: look_up(tx, found, HOSPITAL))
