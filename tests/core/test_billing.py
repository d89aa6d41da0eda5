"""The billing table against a second transcription, and the notification's content."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from gecit.core import events as e
from gecit.core.billing import (
    Action,
    Cause,
    cause_of,
    decide,
    holding,
    idempotency_key,
    notification,
    overtaken,
    read_notification,
)
from gecit.core.exam import Billing, Exam, fold_exam
from gecit.core.order import Control, Person, Procedure, RegisteredRow
from gecit.core.values import Text, to_json
from gecit.core.verdict import Effect, Finding, Outcome, Status, Verdict
from tests.support.billing import START, facts, key, order, report, verdict

# Columns: the order as told, amended, replaced, cancelled. N notify, W withdraw, P propose a withdrawal, D drop
# the proposal, . nothing.
SECOND_TRANSCRIPTION = """
untold                submit   N...
untold                hold     ....
untold                pending  ....
queued                submit   ....
queued                hold     ....
queued                pending  ....
told                  submit   ..WW
told                  hold     PWWW
told                  pending  ..WW
partly told           submit   ..WW
partly told           hold     .WWW
partly told           pending  ..WW
refused               submit   ..N.
refused               hold     ....
refused               pending  ....
withdrawal proposed   submit   DDWW
withdrawal proposed   hold     .WWW
withdrawal proposed   pending  ..WW
withdrawal queued     submit   ....
withdrawal queued     hold     ....
withdrawal queued     pending  ....
withdrawal refused    submit   ....
withdrawal refused    hold     ....
withdrawal refused    pending  ....
withdrawn             submit   NNN.
withdrawn             hold     ....
withdrawn             pending  ....
"""
LETTERS = {
    "N": Action.NOTIFY,
    "W": Action.WITHDRAW,
    "P": Action.PROPOSE_WITHDRAWAL,
    "D": Action.DROP_PROPOSAL,
    ".": Action.NONE,
}
TABLE = {
    (Billing(line[:22].strip()), Outcome(line[22:31].strip())): line[31:].strip()
    for line in SECOND_TRANSCRIPTION.strip().splitlines()
}
TOLD = order(key())
AFTERWARDS = {
    Cause.AS_TOLD: TOLD,
    Cause.AMENDED: order(key(), Control.CHANGE, department="Acil"),
    Cause.REPLACED: order(key(), Control.CHANGE, procedures=(Procedure(sut="R100260", loinc="24725-4"),)),
    Cause.CANCELLED: order(key(), Control.CANCEL),
}


def exam(billing: Billing = Billing.UNTOLD, cause: Cause = Cause.AS_TOLD, outcome: Outcome = Outcome.SUBMIT) -> Exam:
    told = None if billing is Billing.UNTOLD else TOLD
    now = AFTERWARDS[cause] if told or cause is Cause.CANCELLED else TOLD
    generation = 0 if told is None else 1
    return Exam(
        key=key(),
        order=now,
        notified_order=told,
        billing=billing,
        generation=generation,
        verdict=verdict(outcome),
    )


@pytest.mark.parametrize(("billing", "outcome"), list(itertools.product(Billing, Outcome)))
def test_every_combination_is_decided_as_written_down_a_second_time(billing: Billing, outcome: Outcome) -> None:
    for cause, letter in zip(Cause, TABLE[billing, outcome], strict=True):
        if billing is Billing.UNTOLD and cause in (Cause.AMENDED, Cause.REPLACED):
            continue  # nothing was told, so nothing can differ from it
        assert decide(exam(billing, cause), verdict(outcome)) is LETTERS[letter], cause


@pytest.mark.parametrize("cause", Cause)
def test_the_cause_is_read_from_what_the_order_was_when_told(cause: Cause) -> None:
    assert cause_of(exam(Billing.TOLD, cause)) is cause


@pytest.mark.parametrize(
    "differs",
    [
        {"modality": "MR"},
        {"ordered_at": START},
        {"physician": Person(identifier="10000090178")},
        {"patient": msgspec.structs.replace(TOLD.patient, tckn="10562272296")},
        {"procedures": (*TOLD.procedures, *TOLD.procedures)},
    ],
)
def test_each_part_of_an_order_that_is_told_replaces_it_when_it_changes(differs: dict[str, object]) -> None:
    changed = msgspec.structs.replace(exam(Billing.TOLD), order=order(key(), Control.CHANGE, **differs))
    assert cause_of(changed) is Cause.REPLACED


def test_a_name_spelt_anew_is_no_other_exam() -> None:
    patient = msgspec.structs.replace(TOLD.patient, family="DENEMEOĞLU")
    changed = msgspec.structs.replace(exam(Billing.TOLD), order=order(key(), Control.CHANGE, patient=patient))
    assert cause_of(changed) is Cause.AMENDED


@pytest.mark.parametrize(
    ("cause", "outcome", "expected"),
    [
        (Cause.AS_TOLD, Outcome.SUBMIT, False),
        (Cause.AMENDED, Outcome.SUBMIT, False),
        (Cause.REPLACED, Outcome.SUBMIT, True),
        (Cause.CANCELLED, Outcome.SUBMIT, True),
        (Cause.AS_TOLD, Outcome.HOLD, True),
        (Cause.AS_TOLD, Outcome.PENDING, True),
    ],
)
def test_a_queued_notification_is_overtaken_by_what_makes_it_untrue(
    cause: Cause, outcome: Outcome, expected: bool
) -> None:
    assert overtaken(exam(Billing.QUEUED, cause, outcome)) is expected


def whole() -> Exam:
    at = START
    happened = [
        e.OrderPlaced(at=at, exam=key(), order=TOLD, message=1),
        e.StudyLinked(at=at, exam=key(), facts=facts(key()), path="accession+patient-id"),
        e.ReportReceived(at=at, exam=key(), report=report(key()), message=2),
        e.ExamJudged(at=at, exam=key(), verdict=verdict(Outcome.SUBMIT)),
    ]
    made: Exam | None = None
    for one in happened:
        made = fold_exam(made, one)
    assert made is not None
    return made


def test_the_notification_says_all_that_the_contract_lists() -> None:
    told = notification(whole(), verdict(Outcome.SUBMIT), kind="notify", generation=1, medula_code="11999001")
    said = msgspec.json.decode(to_json(told))
    assert said == {
        "kind": "notify",
        "institution_skrs": "999001",
        "institution_medula": "11999001",
        "accession": "GT000001",
        "generation": 1,
        "patient_tckn": "10000000146",
        "procedures": [{"sut": "R100250", "sut_name": "BT, Mandibula", "loinc": "36938-9"}],
        "modality": "CT",
        "ordered_at": "2024-03-01T08:00:00Z",
        "physician_tckn": "10000090314",
        "radiologist_tckn": "10000090178",
        "study_instance_uids": ["1.2.3.1"],
        "report_approved_at": "2024-03-01T08:50:00Z",
        "images": 20,
        "dose": [
            {"code": "113830", "name": "CTDIvol", "value": 12.5, "unit": "mGy", "event_uid": "1.2.3.9"},
            {"code": "113838", "name": "DLP", "value": 410.0, "unit": "mGy.cm", "event_uid": "1.2.3.9"},
        ],
        "rulebook": "r1",
        "judged_at": "2024-03-01T09:00:00Z",
    }
    assert read_notification(to_json(told)) == told


def test_a_withdrawal_repeats_the_order_that_was_told_not_the_one_that_stands() -> None:
    replaced = msgspec.structs.replace(exam(Billing.TOLD, Cause.REPLACED))
    taken = notification(
        replaced, verdict(Outcome.SUBMIT), kind="withdraw", generation=1, medula_code="11999001", reason="XO"
    )
    assert [one.sut for one in taken.procedures] == ["R100250"]
    assert taken.reason == "XO"


def test_the_key_names_institution_accession_generation_and_kind() -> None:
    assert idempotency_key(exam(), 2, "withdraw") == "999001:GT000001:2:withdraw"


def answered(before: Exam, kind: str, *, accepted: bool) -> Exam:
    given = f"999001:GT000001:{before.generation}:{kind}"
    return fold_exam(before, e.NotificationAnswered(at=START, exam=key(), key=given, accepted=accepted))


def test_an_answer_to_what_is_still_true_asks_nobody_to_judge_again() -> None:
    after = answered(exam(Billing.QUEUED), "notify", accepted=True)
    assert (after.billing, after.judge_at) == (Billing.TOLD, None)


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [
        (Cause.AS_TOLD, Outcome.HOLD),
        (Cause.AMENDED, Outcome.SUBMIT),
        (Cause.REPLACED, Outcome.SUBMIT),
        (Cause.CANCELLED, Outcome.HOLD),
    ],
)
def test_an_answer_wakes_the_judge_where_something_changed_meanwhile(cause: Cause, outcome: Outcome) -> None:
    after = answered(exam(Billing.QUEUED, cause, outcome), "notify", accepted=True)
    assert (after.billing, after.judge_at) == (Billing.TOLD, START)


def test_a_withdrawal_that_is_answered_wakes_the_judge_so_that_the_exam_may_be_told_anew() -> None:
    after = answered(exam(Billing.WITHDRAWAL_QUEUED), "withdraw", accepted=True)
    assert (after.billing, after.judge_at) == (Billing.WITHDRAWN, START)


@pytest.mark.parametrize(
    ("before", "kind", "then"),
    [
        (Billing.REFUSED, "notify", Billing.TOLD),
        (Billing.WITHDRAWAL_REFUSED, "withdraw", Billing.WITHDRAWN),
    ],
)
def test_a_refused_delivery_that_is_accepted_when_a_person_retries_it_counts(
    before: Billing, kind: str, then: Billing
) -> None:
    assert answered(exam(before), kind, accepted=True).billing is then


@pytest.mark.parametrize("cause", Cause)
def test_a_refused_withdrawal_never_leads_to_a_second_notification(cause: Cause) -> None:
    refused = answered(exam(Billing.WITHDRAWAL_QUEUED, cause), "withdraw", accepted=False)
    assert refused.billing is Billing.WITHDRAWAL_REFUSED
    assert decide(refused, verdict(Outcome.SUBMIT)) is Action.NONE


@pytest.mark.parametrize("accepted", [True, False])
def test_a_late_answer_to_an_older_generation_says_nothing_of_the_one_under_way(accepted: bool) -> None:
    second = msgspec.structs.replace(exam(Billing.QUEUED), generation=2)
    late = e.NotificationAnswered(at=START, exam=key(), key="999001:GT000001:1:notify", accepted=accepted)
    assert fold_exam(second, late).billing is Billing.QUEUED


def test_the_answer_to_an_older_generation_changes_nothing() -> None:
    refused = msgspec.structs.replace(exam(Billing.REFUSED), generation=2)
    late = e.NotificationAnswered(at=START, exam=key(), key="999001:GT000001:1:notify", accepted=True)
    assert fold_exam(refused, late).billing is Billing.REFUSED


# What MEDULA gives numbers to

FIRST, SECOND = (RegisteredRow(number=str(n), reference=f"GT000001.1.{n}", sut="R100250") for n in (1, 2))


def answered_with(before: Exam, kind: str, rows: tuple[RegisteredRow, ...] | None, *, accepted: bool) -> Exam:
    given = f"999001:GT000001:{before.generation}:{kind}"
    event = e.NotificationAnswered(at=START, exam=key(), key=given, accepted=accepted, rows=rows)
    return fold_exam(before, event)


@pytest.mark.parametrize("before", [Billing.QUEUED, Billing.REFUSED, Billing.PARTLY_TOLD])
def test_a_part_that_was_accepted_makes_the_exam_partly_told_until_the_rest_is(before: Billing) -> None:
    partly = answered_with(exam(before), "notify", (FIRST,), accepted=False)
    assert (partly.billing, partly.registered) == (Billing.PARTLY_TOLD, (FIRST,))
    whole_ = answered_with(partly, "notify", (FIRST, SECOND), accepted=True)
    assert (whole_.billing, whole_.registered) == (Billing.TOLD, (FIRST, SECOND))


def test_a_refusal_that_says_nothing_of_rows_leaves_them_as_they_were() -> None:
    standing = msgspec.structs.replace(exam(Billing.WITHDRAWAL_QUEUED), registered=(FIRST,))
    refused = answered_with(standing, "withdraw", None, accepted=False)
    assert (refused.billing, refused.registered) == (Billing.WITHDRAWAL_REFUSED, (FIRST,))
    assert answered_with(refused, "withdraw", (), accepted=True).registered == ()


def test_an_older_generation_s_rows_are_not_taken_for_those_in_force() -> None:
    second = msgspec.structs.replace(exam(Billing.QUEUED), generation=2)
    late = e.NotificationAnswered(at=START, exam=key(), key="999001:GT000001:1:notify", accepted=True, rows=(FIRST,))
    assert fold_exam(second, late).registered == ()


def test_the_next_generation_starts_without_rows_and_without_dismissals() -> None:
    before = msgspec.structs.replace(exam(Billing.WITHDRAWN), registered=(FIRST,), dismissed=("dose-report",))
    queued = fold_exam(before, e.NotificationQueued(at=START, exam=key(), generation=2, key="k"))
    assert (queued.registered, queued.dismissed) == ((), ())


def test_an_event_of_an_older_version_has_no_medula_code_and_folds() -> None:
    written = to_json(e.NotificationQueued(at=START, exam=key(), generation=2, key="k"))
    assert b"institution_medula" not in written
    read = msgspec.json.decode(written, type=e.AnyEvent)
    assert isinstance(read, e.NotificationQueued)
    before = msgspec.structs.replace(exam(Billing.WITHDRAWN), institution_medula="11999001")
    assert fold_exam(before, read).institution_medula == ""


def test_a_generation_is_told_under_the_code_that_was_last_recorded_of_it() -> None:
    queued = e.NotificationQueued(at=START, exam=key(), generation=2, key="k", institution_medula="11999001")
    second = fold_exam(exam(Billing.WITHDRAWN), queued)
    assert second.institution_medula == "11999001"
    for generation, code in ((1, "11999001"), (2, "11999002")):
        addressed = e.NotificationAddressed(at=START, exam=key(), generation=generation, institution_medula="11999002")
        assert fold_exam(second, addressed).institution_medula == code


def test_a_withdrawal_names_what_stands_and_a_notification_names_nothing() -> None:
    standing = msgspec.structs.replace(whole(), registered=(FIRST,))
    made = [
        notification(standing, verdict(Outcome.HOLD), kind=kind, generation=1, medula_code="1")
        for kind in ("withdraw", "notify")
    ]
    assert [one.registered for one in made] == [(FIRST,), ()]


# What a person dismissed


def held(*rules: str, effect: Effect = Effect.HOLD) -> Verdict:
    title = Text(tr="kural", en="rule")
    found = tuple(Finding(rule=one, status=Status.FAILED, effect=effect, title=title) for one in rules)
    return msgspec.structs.replace(verdict(Outcome.HOLD), findings=found)


@pytest.mark.parametrize(
    ("rules", "action"),
    [
        (("dose-report",), Action.NONE),
        (("dose-report", "loinc-code"), Action.PROPOSE_WITHDRAWAL),
        (("loinc-code",), Action.PROPOSE_WITHDRAWAL),
    ],
)
def test_what_was_dismissed_is_proposed_again_only_for_another_rule(rules: tuple[str, ...], action: Action) -> None:
    dismissed = e.WithdrawalDismissed(at=START, exam=key(), generation=1, rules=("dose-report",), by="a", reason="b")
    after = fold_exam(exam(Billing.WITHDRAWAL_PROPOSED), dismissed)
    assert after.billing is Billing.TOLD
    assert decide(after, held(*rules)) is action


def test_a_changed_order_is_withdrawn_whatever_was_dismissed() -> None:
    dismissed = msgspec.structs.replace(exam(Billing.TOLD, Cause.REPLACED), dismissed=("dose-report",))
    assert decide(dismissed, held("dose-report")) is Action.WITHDRAW


def test_only_rules_that_hold_count_as_holding() -> None:
    assert holding(held("a", effect=Effect.WARN)) == holding(held("a", effect=Effect.WAIT)) == ()
    assert holding(held("b", "a")) == ("a", "b")
