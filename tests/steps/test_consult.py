"""Consultations on both engines: who may do what, what is open to whom as long, and that one alone answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.consultation import Consultation, EntryKind, Outcome, State
from gecit.core.consulting import ConsultationRefused, Why
from gecit.core.events import ConsultationAnswered, OrderCancelled
from gecit.core.order import Control, ExamKey
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import Transaction
from gecit.steps import consult
from gecit.steps.consult import entry_of
from gecit.steps.disclosing import disclosed
from tests.support.consulting import ASKER, AWAY, CERRAH, DAY, NORO, UZMAN, admit, answer, ask, person
from tests.support.flow import HOSPITAL, TCKN, key, order
from tests.support.reading import NOW, wait_for_reader

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def exam(ledger: SqlLedger) -> ExamKey:
    admit(ledger)
    return wait_for_reader(ledger)


def state(ledger: SqlLedger, number: str = "c1") -> State:
    return standing(ledger, number).state


def standing(ledger: SqlLedger, number: str = "c1") -> Consultation:
    found = ledger.read(lambda tx: tx.consultation(number))
    assert found
    return found[1]


def open_for(ledger: SqlLedger, account: Account, at: datetime = NOW) -> bool:
    return key() in disclosed(ledger)(account, at).exams


def do(ledger: SqlLedger, work: Callable[[Transaction], object]) -> object:
    return ledger.write(work)


def refused(ledger: SqlLedger, why: Why, work: Callable[[Transaction], object]) -> None:
    with pytest.raises(ConsultationRefused) as found:
        ledger.write(work)
    assert found.value.why is why


# Asking


def test_who_is_asked_has_that_exam_open_until_the_deadline_and_only_that(ledger: SqlLedger, exam: ExamKey) -> None:
    wait_for_reader(ledger, "A2")
    assert not open_for(ledger, UZMAN)
    ask(ledger)
    opened = disclosed(ledger)
    assert [opened(UZMAN, at).exams for at in (NOW, NOW + DAY - timedelta(seconds=1), NOW + DAY)] == [
        (exam,),
        (exam,),
        (),
    ]
    assert not open_for(ledger, NORO)
    (record,) = ledger.read(lambda tx: tx.disclosures_of(TCKN))
    assert (record.reference, record.account, record.employer) == ("c1", "uzman", AWAY.skrs)


@pytest.mark.parametrize(
    ("differs", "why"),
    [
        ({"question": "  "}, Why.NO_TEXT),
        ({"question": "x" * 4001}, Why.TOO_LONG),
        ({"until": NOW + timedelta(minutes=4)}, Why.DEADLINE),
        ({"until": NOW + timedelta(days=30, seconds=1)}, Why.DEADLINE),
        ({"accounts": ()}, Why.NOBODY),
        ({"accounts": (ASKER,)}, Why.NOBODY),
        ({"accounts": (replace(UZMAN, disabled=True),)}, Why.NOBODY),
        ({"accounts": (replace(UZMAN, roles=(Role.MANAGER,)),)}, Why.NOBODY),
        ({"accounts": tuple(replace(UZMAN, name=f"u{n}") for n in range(51))}, Why.TOO_MANY_ASKED),
        ({"key": ExamKey(institution=HOSPITAL.skrs, accession="none")}, Why.NOT_ALLOWED),
        ({"by": person(NORO)}, Why.NOT_ALLOWED),
        ({"by": person(CERRAH)}, Why.NOT_ALLOWED),
    ],
)
def test_what_cannot_be_asked_is_refused_and_opens_nothing(
    ledger: SqlLedger, exam: ExamKey, differs: dict[str, object], why: Why
) -> None:
    with pytest.raises(ConsultationRefused) as found:
        ask(ledger, **differs)
    assert found.value.why is why
    assert ledger.read(lambda tx: tx.disclosures_for(["c1"])) == []
    assert ledger.read(lambda tx: tx.consultation("c1")) is None


def test_nothing_is_asked_about_a_cancelled_exam_or_one_without_images(ledger: SqlLedger, exam: ExamKey) -> None:
    gone = order(control=Control.CANCEL)
    ledger.write(lambda tx: tx.append(OrderCancelled(at=NOW, exam=exam, order=gone, message=2)))
    with pytest.raises(ConsultationRefused) as found:
        ask(ledger)
    assert found.value.why is Why.CANCELLED


def test_a_granted_radiologist_may_ask_and_no_more_when_the_grant_ended(ledger: SqlLedger, exam: ExamKey) -> None:
    granted = person(NORO, granted=(HOSPITAL.skrs,))
    ask(ledger, CERRAH, by=granted)
    refused(ledger, Why.NOT_ALLOWED, lambda tx: consult.withdraw(tx, "c1", person(NORO), "", NOW))
    do(ledger, lambda tx: consult.withdraw(tx, "c1", granted, "Gerek kalmadı", NOW))
    assert state(ledger) is State.WITHDRAWN


# The common way


def test_asked_accepted_answered_closed_and_then_shut(ledger: SqlLedger, exam: ExamKey) -> None:
    ask(ledger)
    do(ledger, lambda tx: consult.accept(tx, "c1", person(UZMAN), NOW))
    do(ledger, lambda tx: consult.accept(tx, "c1", person(UZMAN), NOW))  # pressed twice
    answer(ledger)
    assert state(ledger) is State.ANSWERED
    assert open_for(ledger, UZMAN, LATER)
    do(ledger, lambda tx: consult.close(tx, "c1", person(ASKER), Outcome.RECORD, LATER))
    assert (state(ledger), standing(ledger).outcome) == (State.CLOSED, Outcome.RECORD)
    assert not open_for(ledger, UZMAN, LATER)
    kinds = [type(one).__name__ for one in ledger.timeline(exam)][2:]
    assert kinds == ["ConsultationAsked", "ConsultationMoved", "ConsultationAnswered", "ConsultationClosed"]
    answered = next(one for one in ledger.timeline(exam) if isinstance(one, ConsultationAnswered))
    assert (answered.entry.signed, answered.entry.measurements[0].unit) == ("password", "mm")
    refused(ledger, Why.NOT_ALLOWED, lambda tx: consult.accept(tx, "c1", person(UZMAN), LATER))


def test_an_answer_needs_that_its_author_accepted_and_saw_the_last_word(ledger: SqlLedger, exam: ExamKey) -> None:
    ask(ledger)
    with pytest.raises(ConsultationRefused) as found:
        answer(ledger)
    assert found.value.why is Why.NOT_NOW
    do(ledger, lambda tx: consult.accept(tx, "c1", person(UZMAN), NOW))
    with pytest.raises(ConsultationRefused) as found:
        answer(ledger, seen=0)
    assert found.value.why is Why.CHANGED
    with pytest.raises(ConsultationRefused) as found:
        answer(ledger, NORO)
    assert found.value.why is Why.NOT_ALLOWED
    assert standing(ledger).answers == ()


def test_it_is_asked_again_answered_again_and_both_answers_stand(ledger: SqlLedger, exam: ExamKey) -> None:
    ask(ledger)
    do(ledger, lambda tx: consult.accept(tx, "c1", person(UZMAN), NOW))
    answer(ledger)
    more = entry_of(EntryKind.FOLLOW_UP, "Peki ya MR?", person(ASKER), "Ayşe", LATER)
    do(ledger, lambda tx: consult.ask_again(tx, "c1", more, person(ASKER), LATER + 2 * DAY, LATER))
    assert (state(ledger), open_for(ledger, UZMAN, NOW + 2 * DAY)) == (State.ASKED_AGAIN, True)
    answer(ledger, text="MR gerekmez.", at=LATER)
    assert [one.text for one in standing(ledger).answers] == ["Hemanjiom.", "MR gerekmez."]
    do(ledger, lambda tx: consult.ask_again(tx, "c1", more, person(ASKER), LATER + DAY, LATER))
    do(ledger, lambda tx: consult.decline(tx, "c1", person(UZMAN), "Eklenecek yok", LATER))
    assert (state(ledger), standing(ledger).declined) == (State.ANSWERED, ())


def test_who_declines_sees_it_no_more_and_a_declined_one_is_over(ledger: SqlLedger, exam: ExamKey) -> None:
    ask(ledger)
    do(ledger, lambda tx: consult.decline(tx, "c1", person(UZMAN), "Alanım değil", NOW))
    assert (state(ledger), open_for(ledger, UZMAN)) == (State.DECLINED, False)
    assert standing(ledger).thread[-1].text == "Alanım değil"
    refused(ledger, Why.NOT_NOW, lambda tx: consult.close(tx, "c1", person(ASKER), Outcome.RECORD, NOW))


# Groups


def test_of_a_group_who_accepts_has_it_alone_and_may_step_back(ledger: SqlLedger, exam: ExamKey) -> None:
    ask(ledger, UZMAN, NORO, CERRAH)
    assert [open_for(ledger, one) for one in (UZMAN, NORO, CERRAH)] == [True, True, True]
    do(ledger, lambda tx: consult.accept(tx, "c1", person(NORO), NOW))
    assert [open_for(ledger, one, LATER) for one in (UZMAN, NORO, CERRAH)] == [False, True, False]
    refused(ledger, Why.TAKEN, lambda tx: consult.accept(tx, "c1", person(UZMAN), LATER))
    do(ledger, lambda tx: consult.decline(tx, "c1", person(NORO), "", LATER))
    assert state(ledger) is State.ASKED
    assert [open_for(ledger, one, LATER) for one in (UZMAN, NORO, CERRAH)] == [True, False, True]
    for one in (UZMAN, CERRAH):
        do(ledger, lambda tx, one=one: consult.decline(tx, "c1", person(one), "", LATER))  # type: ignore[misc]
    assert state(ledger) is State.DECLINED


def at_once(works: list[Callable[[], object]]) -> list[object]:
    """Do all of them in threads that begin together; an exception is a result."""
    barrier, results = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int, work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results[place] = work()  # type: ignore[call-overload]
        except Exception as fault:  # noqa: BLE001 -- whatever it is, the test looks at it
            results[place] = fault  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    return results


def test_of_a_group_that_answers_at_the_same_moment_one_does(ledger: SqlLedger, ledger_url: str) -> None:
    group = [replace(NORO, name=f"n{n}") for n in range(6)]
    admit(ledger, ASKER, *group)
    own = [open_ledger(ledger_url) for _ in group]  # each as a process of its own
    for round_ in range(4):
        exam, number = wait_for_reader(ledger, f"A{round_}"), f"c{round_}"
        ask(ledger, *group, number=number, exam=exam)

        def both(one: SqlLedger, by: Account, number: str = number) -> Consultation:
            one.write(lambda tx: consult.accept(tx, number, person(by), NOW))
            return answer(one, by, number=number, text=by.name)

        found = at_once([lambda one=one, by=by, both=both: both(one, by) for one, by in zip(own, group, strict=True)])
        others = [one for one in found if isinstance(one, Exception)]
        assert len(found) - len(others) == 1
        assert all(isinstance(one, ConsultationRefused) and one.why is Why.TAKEN for one in others), others
        stands = standing(ledger, number)
        assert [one.by for one in stands.answers] == [stands.answerer]
        names = [type(one).__name__ for one in ledger.timeline(exam)]
        assert (names.count("ConsultationMoved"), names.count("ConsultationAnswered")) == (1, 1)
        assert sum(exam in disclosed(ledger)(one, NOW).exams for one in group) == 1
    for one in own:
        one.close()


def test_one_answer_pressed_in_two_windows_at_the_same_moment_stands_once(ledger: SqlLedger, ledger_url: str) -> None:
    admit(ledger)
    wait_for_reader(ledger)
    ask(ledger)
    do(ledger, lambda tx: consult.accept(tx, "c1", person(UZMAN), NOW))
    own = [open_ledger(ledger_url) for _ in range(4)]
    found = at_once([lambda one=one: answer(one, seen=1) for one in own])
    assert sum(isinstance(one, Consultation) for one in found) == 1
    assert all(one.why is Why.CHANGED for one in found if isinstance(one, ConsultationRefused))
    assert len(standing(ledger).answers) == 1
    for one in own:
        one.close()


# Time, and rights that end


def settle(ledger: SqlLedger, at: datetime, *, may: bool = True) -> int:
    return ledger.write(lambda tx: consult.settle_due(tx, at, ledger.account, lambda account, skrs: may))


def test_what_nobody_answered_in_time_is_expired_and_its_asker_gives_more_or_lets_it_be(
    ledger: SqlLedger, exam: ExamKey
) -> None:
    ask(ledger)
    end = NOW + DAY
    refused(ledger, Why.OVER, lambda tx: consult.accept(tx, "c1", person(UZMAN), end))
    assert ledger.read(lambda tx: tx.consultations_overdue(end - timedelta(seconds=1))) == 0
    assert ledger.read(lambda tx: tx.consultations_overdue(end, "ayse")) == 1
    assert (settle(ledger, end - timedelta(seconds=1)), settle(ledger, end), settle(ledger, end)) == (0, 1, 0)
    assert state(ledger) is State.EXPIRED
    assert ledger.counts()["consultation.expired"] == 1
    assert ledger.read(lambda tx: tx.consultations_overdue(end)) == 1
    do(ledger, lambda tx: consult.extend(tx, "c1", person(ASKER), end + DAY, end))
    assert (state(ledger), open_for(ledger, UZMAN, end)) == (State.ASKED, True)
    assert ledger.read(lambda tx: tx.consultations_overdue(end)) == 0
    late = end + DAY
    do(ledger, lambda tx: consult.close(tx, "c1", person(ASKER), Outcome.RECORD, late))  # before anybody expired it
    assert state(ledger) is State.CLOSED


def test_nothing_unanswered_goes_into_the_report(ledger: SqlLedger, exam: ExamKey) -> None:
    ask(ledger)
    settle(ledger, NOW + DAY)
    refused(ledger, Why.NO_ANSWER, lambda tx: consult.close(tx, "c1", person(ASKER), Outcome.REPORT, NOW + DAY))
    assert state(ledger) is State.EXPIRED


@pytest.mark.parametrize("left", [{"institution": HOSPITAL.skrs}, {"disabled": True}, {"roles": (Role.MANAGER,)}])
def test_who_left_his_employer_or_is_disabled_is_shut_out_at_once(
    ledger: SqlLedger, exam: ExamKey, left: dict[str, object]
) -> None:
    ask(ledger)
    do(ledger, lambda tx: consult.accept(tx, "c1", person(UZMAN), NOW))
    changed = replace(UZMAN, **left)
    ledger.save_account(changed, NOW)
    assert not open_for(ledger, changed)  # before anybody settled anything
    refused(ledger, Why.NOT_ALLOWED, lambda tx: consult.decline(tx, "c1", person(changed), "", NOW))
    assert settle(ledger, NOW) == 1
    assert state(ledger) is State.DECLINED


def test_of_a_group_who_left_is_asked_no_more_and_the_others_are(ledger: SqlLedger, exam: ExamKey) -> None:
    ask(ledger, UZMAN, NORO)
    ledger.save_account(replace(UZMAN, disabled=True), NOW)
    assert (settle(ledger, NOW), settle(ledger, NOW)) == (1, 0)
    assert (state(ledger), standing(ledger).declined) == (State.ASKED, ("uzman",))
    assert open_for(ledger, NORO)


@pytest.mark.parametrize("accepted", [False, True])
def test_when_the_askers_right_ends_it_is_taken_back_and_shut(ledger: SqlLedger, exam: ExamKey, accepted: bool) -> None:
    ask(ledger)
    if accepted:
        do(ledger, lambda tx: consult.accept(tx, "c1", person(UZMAN), NOW))
    assert settle(ledger, NOW, may=False) == 1
    assert (state(ledger), open_for(ledger, UZMAN)) == (State.WITHDRAWN, False)


def test_an_answered_one_whose_asker_is_gone_is_closed_beside_the_report(ledger: SqlLedger, exam: ExamKey) -> None:
    ask(ledger)
    do(ledger, lambda tx: consult.accept(tx, "c1", person(UZMAN), NOW))
    answer(ledger)
    ledger.save_account(replace(ASKER, institution=AWAY.skrs), NOW)
    assert settle(ledger, NOW) == 1
    assert (state(ledger), standing(ledger).outcome, open_for(ledger, UZMAN)) == (State.CLOSED, Outcome.RECORD, False)


# Lists, and the record


def test_lists_have_what_waits_first_and_count_it(ledger: SqlLedger, exam: ExamKey) -> None:
    ask(ledger, number="c1", until=NOW + 3 * DAY)
    ask(ledger, number="c2", until=NOW + 2 * DAY)
    ask(ledger, UZMAN, NORO, number="c3")
    ask(ledger, number="c4", until=NOW + timedelta(hours=2))
    do(ledger, lambda tx: consult.accept(tx, "c3", person(NORO), NOW))
    do(ledger, lambda tx: consult.withdraw(tx, "c4", person(ASKER), "", NOW))

    def numbers(found: list[tuple[ExamKey, Consultation]]) -> list[str]:
        return [one.id for _, one in found]

    assert numbers(ledger.read(lambda tx: tx.consultations_asked_of("uzman", 9)))[:2] == ["c2", "c1"]
    assert set(numbers(ledger.read(lambda tx: tx.consultations_asked_of("uzman", 9)))) == {"c1", "c2", "c3", "c4"}
    assert numbers(ledger.read(lambda tx: tx.consultations_asked_of("noro", 9))) == ["c3"]
    assert numbers(ledger.read(lambda tx: tx.consultations_asked_by("ayse", 9))) == ["c3", "c2", "c1", "c4"]
    waiting = [ledger.read(lambda tx, one=one: tx.consultations_waiting(one)) for one in ("uzman", "noro", "ayse")]  # type: ignore[misc]
    assert waiting == [2, 1, 0]
    assert numbers(ledger.read(lambda tx: tx.consultations_asked_of("uzman", 1))) == ["c2"]


def test_rebuilding_makes_the_same_consultations_again(ledger: SqlLedger, exam: ExamKey) -> None:
    ask(ledger, UZMAN, NORO)
    do(ledger, lambda tx: consult.accept(tx, "c1", person(NORO), NOW))
    answer(ledger, NORO)
    before = standing(ledger)
    assert ledger.rebuild()[1]
    assert standing(ledger) == before


def test_who_is_to_be_told_is_told_in_the_same_transaction(ledger: SqlLedger, exam: ExamKey) -> None:
    told: list[tuple[State, list[str]]] = []

    def tell(tx: Transaction, one: Consultation, accounts: object, now: datetime) -> None:
        told.append((one.state, list(accounts)))  # type: ignore[call-overload]

    ask(ledger, UZMAN, NORO)
    do(ledger, lambda tx: consult.accept(tx, "c1", person(NORO), NOW, tell))
    do(ledger, lambda tx: consult.decline(tx, "c1", person(NORO), "", NOW, tell))
    do(ledger, lambda tx: consult.withdraw(tx, "c1", person(ASKER), "", NOW, tell))
    assert told == [
        (State.ACCEPTED, ["ayse"]),
        (State.ASKED, ["ayse", "uzman"]),
        (State.WITHDRAWN, ["uzman"]),
    ]
