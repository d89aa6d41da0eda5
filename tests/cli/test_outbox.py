"""`gecit outbox`: a person looks, parks, retries, approves and dismisses; nobody's number is shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from gecit.core.billing import idempotency_key
from gecit.core.events import ExamJudged, NotificationAnswered, WithdrawalDismissed, WithdrawalQueued
from gecit.core.exam import Billing
from gecit.core.order import ExamKey
from gecit.core.values import Text
from gecit.core.verdict import Effect, Finding, Outcome, Status, Verdict
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import Transaction
from gecit.steps.notify_medula import plan
from tests.support.billing import INSTITUTION, START, arrive, exam_of, judge, key

Run = Callable[..., Result]
PATIENT = "10000000146"


@pytest.fixture
def ledger(data: Path) -> Iterator[SqlLedger]:
    data.mkdir(parents=True)
    made = open_ledger(f"sqlite:///{data}/ledger.db")
    made.write(lambda tx: tx.record_institution(INSTITUTION, START))
    yield made
    made.close()


def told(ledger: SqlLedger, number: int = 1) -> ExamKey:
    """An exam that MEDULA knows of."""
    exam = key(number)
    arrive(ledger, exam, START)
    judge(ledger, exam, Outcome.SUBMIT, START)
    answered = NotificationAnswered(
        at=START, exam=exam, key=idempotency_key(exam_of(ledger, exam), 1, "notify"), accepted=True, code="0000"
    )
    ledger.write(lambda tx: tx.append(answered))
    return exam


def held_by(ledger: SqlLedger, exam: ExamKey, *rules: str) -> Billing:
    """Judge it anew, held by some rules; return how it then stands."""
    titles = Text(tr="kural", en="rule")
    found = tuple(Finding(rule=one, status=Status.FAILED, effect=Effect.HOLD, title=titles) for one in rules)
    verdict = Verdict(outcome=Outcome.HOLD, findings=found, judged_at=START, known_at=START, rulebook="r2")

    def work(tx: Transaction) -> None:
        tx.append(ExamJudged(at=START, exam=exam, verdict=verdict))
        standing = tx.exam(exam)
        assert standing
        plan(tx, standing, verdict, INSTITUTION, START, "Node")

    ledger.write(work)
    return exam_of(ledger, exam).billing


def test_what_waits_for_approval_is_listed_with_the_rules_that_hold_it(run: Run, ledger: SqlLedger) -> None:
    exam = told(ledger)
    assert held_by(ledger, exam, "dose-report", "loinc-code") is Billing.WITHDRAWAL_PROPOSED
    (one,) = json.loads(run("outbox", "list", "--to-approve", "--json").output)
    assert (one["exam"], one["rules"]) == (str(exam), "dose-report, loinc-code")
    assert "withdrawals to approve: 1" in run("outbox", "list").output


def test_an_approved_withdrawal_is_queued_with_who_and_why(run: Run, ledger: SqlLedger) -> None:
    exam = told(ledger)
    held_by(ledger, exam, "dose-report")
    answer = run("outbox", "approve", exam.accession, "--by", "aysel", "--reason", "cihaz doz göndermiyor")
    assert "withdrawal queued" in answer.output and PATIENT not in answer.output
    event = ledger.timeline(exam)[-1]
    assert isinstance(event, WithdrawalQueued)
    assert (event.by, event.cause, event.generation) == ("aysel", "cihaz doz göndermiyor", 1)
    (delivery,) = [one for one in ledger.deliveries() if one.kind == "withdraw"]
    assert json.loads(delivery.payload)["reason"] == "cihaz doz göndermiyor"
    assert json.loads(run("outbox", "list", "--to-approve", "--json").output) == []


def test_what_is_not_proposed_cannot_be_approved(run: Run, ledger: SqlLedger) -> None:
    exam = told(ledger)
    answer = run("outbox", "approve", exam.accession, "--reason", "x", code=1)
    assert "No withdrawal waits for approval; it is told" in answer.output
    assert len(ledger.deliveries()) == 1


def test_a_dismissed_withdrawal_is_not_proposed_again_for_the_same_rules_but_for_another_one(
    run: Run, ledger: SqlLedger
) -> None:
    exam = told(ledger)
    held_by(ledger, exam, "dose-report")
    run("outbox", "dismiss", exam.accession, "--by", "aysel", "--reason", "itiraz edildi")
    event = ledger.timeline(exam)[-1]
    assert isinstance(event, WithdrawalDismissed)
    assert (event.rules, event.by, event.reason) == (("dose-report",), "aysel", "itiraz edildi")
    assert exam_of(ledger, exam).billing is Billing.TOLD
    judge(ledger, exam, Outcome.SUBMIT, START)
    assert held_by(ledger, exam, "dose-report") is Billing.TOLD
    assert held_by(ledger, exam, "dose-report", "loinc-code") is Billing.WITHDRAWAL_PROPOSED


def test_who_dismissed_may_still_approve_while_it_is_held(run: Run, ledger: SqlLedger) -> None:
    exam = told(ledger)
    held_by(ledger, exam, "dose-report")
    run("outbox", "dismiss", exam.accession, "--reason", "itiraz edildi")
    run("outbox", "approve", exam.accession, "--reason", "itiraz düştü")
    assert exam_of(ledger, exam).billing is Billing.WITHDRAWAL_QUEUED


@pytest.mark.parametrize("command", ["approve", "dismiss"])
def test_a_reason_that_holds_a_persons_number_is_refused(run: Run, ledger: SqlLedger, command: str) -> None:
    exam = told(ledger)
    held_by(ledger, exam, "dose-report")
    assert "11-digit" in run("outbox", command, exam.accession, "--reason", f"hasta {PATIENT}", code=2).output
    assert "11-digit" in run("outbox", command, exam.accession, "--reason", "x", "--by", PATIENT, code=2).output
    assert "empty" in run("outbox", command, exam.accession, "--reason", " ", code=2).output
    assert exam_of(ledger, exam).billing is Billing.WITHDRAWAL_PROPOSED


def test_a_delivery_is_shown_masked_with_its_error_in_words_and_what_to_do(run: Run, ledger: SqlLedger) -> None:
    arrive(ledger, key(), START)
    judge(ledger, key(), Outcome.SUBMIT, START)
    (row,) = ledger.lease("medula", "one", START, START.replace(hour=23), 1)
    ledger.settle(row, "one", "parked", error=f"GECIT-NO-PHYSICIAN ORC-12: {PATIENT}")
    plain = run("outbox", "show", row.id).output
    assert PATIENT not in plain and "********146" in plain
    assert "gecit codes import physicians" in plain and "(administrator)" in plain
    assert "NotificationQueued" in plain
    shown = json.loads(run("outbox", "show", row.id, "--json").output)
    assert shown["payload"]["patient_tckn"] == "********146" and shown["next"]["who"] == "administrator"
    assert PATIENT in run("outbox", "show", row.id, "--unmask").output


def test_an_unknown_code_is_shown_as_it_came(run: Run, ledger: SqlLedger) -> None:
    arrive(ledger, key(), START)
    judge(ledger, key(), Outcome.SUBMIT, START)
    (row,) = ledger.lease("medula", "one", START, START.replace(hour=23), 1)
    ledger.settle(row, "one", "parked", error="0536 Takip bulunamadı")
    shown = run("outbox", "show", row.id).output
    assert "0536 Takip bulunamadı" in shown and "does not know this code" in shown


def test_a_delivery_that_does_not_exist_is_said_to(run: Run, ledger: SqlLedger) -> None:
    assert "no delivery 9" in run("outbox", "show", "9", code=1).output


def test_a_waiting_delivery_is_parked_and_retried(run: Run, ledger: SqlLedger) -> None:
    arrive(ledger, key(), START)
    judge(ledger, key(), Outcome.SUBMIT, START)
    run("outbox", "park", "1", "--reason", "fatura dönemi kapandı")
    (parked,) = ledger.deliveries(state="parked")
    assert parked.last_error.startswith("GECIT-PARKED") and "fatura dönemi" in parked.last_error
    assert "does not wait" in run("outbox", "park", "1", "--reason", "x", code=1).output
    run("outbox", "retry", "1")
    assert ledger.deliveries()[0].state == "queued"


def test_a_delivery_in_doubt_is_still_in_doubt_after_it_was_parked(run: Run, ledger: SqlLedger) -> None:
    arrive(ledger, key(), START)
    judge(ledger, key(), Outcome.SUBMIT, START)
    (row,) = ledger.lease("medula", "one", START, START.replace(hour=23), 1)
    ledger.settle(row, "one", "unknown", next_at=START, error="?")
    run("outbox", "park", "1", "--reason", "bekleyin")
    run("outbox", "retry", "1")
    assert ledger.deliveries()[0].state == "unknown"


def test_all_parked_with_one_code_are_retried_at_once(run: Run, ledger: SqlLedger) -> None:
    for number in (1, 2, 3):
        arrive(ledger, key(number), START)
        judge(ledger, key(number), Outcome.SUBMIT, START)
    for row in ledger.lease("medula", "one", START, START.replace(hour=23), 3):
        code = "GECIT-NO-BRANCH" if row.id < 3 else "GECIT-NO-BRANCHES"
        ledger.settle(row, "one", "parked", error=f"{code} 70178")
    assert "1, 2 " in run("outbox", "retry", "--code", "GECIT-NO-BRANCH").output
    assert [one.state for one in ledger.deliveries()] == ["parked", "queued", "queued"]
    run("outbox", "retry", code=2)
