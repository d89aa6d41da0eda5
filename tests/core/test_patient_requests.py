"""The life of a request for a missing exam: the table a second time by hand, and what a step needs."""

from datetime import UTC, datetime, timedelta

import pytest

from gecit.core.order import ExamKey
from gecit.core.patient_requests import Act, ActRefused, Fault, PatientRequest, Side, State, acts, moved

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EXAM = ExamKey(institution="910001", accession="A1")
# From what the desk and the citizen do, not from the table: state -> act -> state after it.
SECOND = {
    "asked": {
        "receive": "received", "look": "looking", "find": "found", "answer": "answered", "refuse": "refused",
        "withdraw": "withdrawn",
    },
    "received": {
        "look": "looking", "find": "found", "answer": "answered", "refuse": "refused", "withdraw": "withdrawn",
    },
    "looking": {"find": "found", "answer": "answered", "refuse": "refused", "withdraw": "withdrawn"},
    "found": {}, "answered": {}, "refused": {}, "withdrawn": {},
}  # fmt: skip
CITIZENS = {"withdraw"}


def asked(state: State = State.ASKED) -> PatientRequest:
    return PatientRequest(
        id="x", institution="910001", tckn="10000000146", name="A", when="2025", what="diz MR", asked_at=NOW,
        due_at=NOW + timedelta(days=7), state=state,
    )  # fmt: skip


def side_of(act: str) -> Side:
    return Side.CITIZEN if act in CITIZENS else Side.DESK


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("act", Act)
def test_each_act_in_each_state_leads_where_the_second_transcription_says(state: State, act: Act) -> None:
    wanted = SECOND[state].get(act)
    if wanted is None:
        with pytest.raises(ActRefused) as refused:
            moved(asked(state), act, side_of(act), NOW, text="var", found=EXAM)
        assert refused.value.fault is Fault.NOT_SO
        return
    after = moved(asked(state), act, side_of(act), NOW, by="m", text="var", found=EXAM)
    assert (after.state, after.steps[-1].state, after.steps[-1].by) == (wanted, wanted, "m")


@pytest.mark.parametrize("act", Act)
def test_nobody_does_what_is_the_other_sides(act: Act) -> None:
    other = Side.DESK if side_of(act) is Side.CITIZEN else Side.CITIZEN
    with pytest.raises(ActRefused) as refused:
        moved(asked(), act, other, NOW, text="var", found=EXAM)
    assert refused.value.fault is Fault.NOT_YOURS
    assert act not in acts(asked(), other)


@pytest.mark.parametrize("act", [Act.ANSWER, Act.REFUSE])
def test_an_answer_and_a_refusal_need_words(act: Act) -> None:
    with pytest.raises(ActRefused) as refused:
        moved(asked(), act, Side.DESK, NOW, text="  ")
    assert refused.value.fault is Fault.NO_TEXT
    assert moved(asked(), act, Side.DESK, NOW, text=" arşivde ").answer == "arşivde"


@pytest.mark.parametrize("found", [None, ExamKey(institution="910002", accession="A1")])
def test_found_names_an_exam_of_the_institution_that_was_asked(found: ExamKey | None) -> None:
    with pytest.raises(ActRefused) as refused:
        moved(asked(), Act.FIND, Side.DESK, NOW, found=found)
    assert refused.value.fault is Fault.NO_EXAM
    assert moved(asked(), Act.FIND, Side.DESK, NOW, found=EXAM).found == EXAM


def test_it_is_late_after_its_due_time_and_only_while_it_is_open() -> None:
    due = asked().due_at
    assert not asked().late(due) and asked().late(due + timedelta(seconds=1))
    assert not asked(State.ANSWERED).late(due + timedelta(days=1))
