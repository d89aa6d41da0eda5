"""Orders and reports taken in: the same message, refusals, reports that wait for the registry, orders in any state."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from gecit.core import events as e
from gecit.core.codes_of_remarks import remark
from gecit.core.order import Control, Patient, Person, Procedure
from gecit.core.remarks import Remark, Severity, Where
from gecit.core.report import Report, ReportPart, ReportStatus
from gecit.core.verdict import Outcome
from gecit.core.versions import Standing
from gecit.edges.store import SqlLedger
from gecit.ports import Transaction
from gecit.steps.receive_message import Answered, Incoming, keep_failed, receive_message, retry_message
from tests.support.flow import (
    ASKED,
    DOWN,
    JUDGING,
    OTHER_TCKN,
    RADIOLOGIST,
    START,
    SURGEON,
    TCKN,
    answer,
    arrive,
    events,
    exam,
    incoming,
    judge,
    kinds,
    order,
    report,
    send,
    study,
)

NO_LOINC = (Procedure(sut="R100250"),)


def codes(answered: Answered) -> list[str]:
    return [one.code for one in answered.remarks]


def retry(ledger: SqlLedger, message: Incoming, number: int) -> Answered:
    stored = ledger.read(lambda tx: tx.message(number))
    assert stored is not None
    return ledger.write(lambda tx: retry_message(tx, stored, message, ASKED, JUDGING, answer))


def test_the_same_message_gets_the_same_answer_and_has_no_effect(ledger: SqlLedger) -> None:
    first = send(ledger, incoming(order(procedures=NO_LOINC), "1"))
    before = ledger.content()
    again = send(ledger, incoming(order(procedures=NO_LOINC), "1", START + timedelta(hours=1)))
    assert (again.answer, again.message, again.replayed) == (first.answer, first.message, True)
    assert first.answer == b"AA loinc-code"
    assert ledger.content() == before
    assert kinds(ledger) == ["OrderPlaced", "MessageRemarked"]
    assert ledger.counts()["message"] == 1


def test_the_same_control_id_with_other_bytes_is_a_new_message_and_said(ledger: SqlLedger) -> None:
    send(ledger, incoming(order(), "1"))
    other = send(ledger, incoming(order(department="KBB"), "1"))
    assert (codes(other), other.replayed) == (["control-id-reused"], False)
    assert exam(ledger).order.department == "KBB"  # type: ignore[union-attr]
    assert ledger.counts()["message"] == 2


def test_each_of_two_messages_with_one_control_id_keeps_its_own_answer(sqlite_ledger: SqlLedger) -> None:
    one, two = incoming(order(), "1"), incoming(order(procedures=NO_LOINC), "1")
    answers = [send(sqlite_ledger, message).answer for message in (one, two, one, two)]
    assert answers[:2] == answers[2:] == [b"AA", b"AA control-id-reused loinc-code"]


def test_two_hospitals_of_one_vendor_may_count_alike(sqlite_ledger: SqlLedger) -> None:
    """MSH-3 and MSH-4 name the firm (domain: registered firm code and name), which serves many hospitals."""
    theirs = replace(order(), key=replace(order().key, institution="910002"))
    send(sqlite_ledger, incoming(order(), "1"))
    assert codes(send(sqlite_ledger, incoming(theirs, "1"))) == []


def test_a_message_without_control_id_is_never_taken_for_another(sqlite_ledger: SqlLedger) -> None:
    for _ in range(2):
        assert not send(sqlite_ledger, incoming(order(), "")).replayed
    assert sqlite_ledger.counts()["message"] == 2


@pytest.mark.parametrize("code", ["not-hl7", "accession-missing", "peer-unknown"])
def test_a_message_that_a_remark_refuses_is_kept_and_changes_nothing(sqlite_ledger: SqlLedger, code: str) -> None:
    refused = send(sqlite_ledger, incoming(order(), "1", remarks=(remark(code),)))
    assert refused.answer.startswith(remark(code).severity.value.encode())
    assert sqlite_ledger.read(lambda tx: tx.exam(order().key)) is None
    assert sqlite_ledger.counts()["message"] == 1


def test_a_refused_message_of_a_known_exam_is_shown_on_its_timeline(sqlite_ledger: SqlLedger) -> None:
    send(sqlite_ledger, incoming(order(), "1"))
    send(
        sqlite_ledger,
        replace(incoming(order(), "2"), content=None, remarks=(remark("order-control-unknown", found="ZZ"),)),
    )
    (shown,) = events(sqlite_ledger, e.MessageRemarked)
    assert [one.code for one in shown.remarks] == ["order-control-unknown"]  # type: ignore[attr-defined]
    assert exam(sqlite_ledger).order == order()


def test_a_transient_answer_is_never_replayed(ledger: SqlLedger) -> None:
    send(ledger, incoming(order(), "1"))
    waiting = send(ledger, incoming(report(), "2"), DOWN)
    assert waiting.answer == b"AE registry-unavailable"
    assert exam(ledger).deferred_reports == (waiting.message,)
    again = send(ledger, incoming(report(), "2"), DOWN)
    assert (again.replayed, again.answer, again.message) == (False, waiting.answer, waiting.message)
    settled = send(ledger, incoming(report(), "2"))
    assert (settled.answer, settled.message) == (b"AA", waiting.message)
    assert exam(ledger).deferred_reports == ()
    assert send(ledger, incoming(report(), "2"), DOWN).replayed
    assert len(exam(ledger).reports) == 1


@pytest.mark.parametrize("resent_first", [True, False])
def test_a_deferred_report_is_settled_once_by_retry_or_by_resend(ledger: SqlLedger, resent_first: bool) -> None:
    number = send(ledger, incoming(report(), "2"), DOWN).message
    if resent_first:
        send(ledger, incoming(report(), "2"))
    assert retry(ledger, incoming(report(), "2"), number).answer == b"AA"
    assert send(ledger, incoming(report(), "2")).replayed
    assert len(events(ledger, e.ReportReceived)) == 1
    assert exam(ledger).deferred_reports == ()


def test_a_report_that_goes_on_waiting_adds_nothing_however_often_it_is_looked_at(ledger: SqlLedger) -> None:
    send(ledger, incoming(report(), "1"), DOWN)
    before = kinds(ledger)
    for _ in range(3):
        assert send(ledger, incoming(report(), "1"), DOWN).remarks[0].transient
    assert kinds(ledger) == before
    send(ledger, incoming(report(), "1"))
    assert "ReportReceived" in kinds(ledger)


@pytest.mark.parametrize("said", [(), (remark("sut-dotted", used="801590"),)])
def test_what_could_not_be_used_is_never_answered_with_an_acceptance(
    ledger: SqlLedger, said: tuple[Remark, ...]
) -> None:
    answered = send(ledger, replace(incoming(order(), "1"), content=None, remarks=said))
    assert answered.answer.startswith(b"AE")
    assert kinds(ledger) == []


def test_a_retry_that_a_resend_overtook_takes_nothing_in_again(ledger: SqlLedger) -> None:
    """The worker reads the message, the listener settles its resend, and only then the worker's transaction begins."""
    number = send(ledger, incoming(report(), "2"), DOWN).message
    stale = ledger.read(lambda tx: tx.message(number))
    assert stale is not None
    assert stale.transient
    send(ledger, incoming(report(), "2"))
    late = ledger.write(lambda tx: retry_message(tx, stale, incoming(report(), "2"), ASKED, JUDGING, answer))
    assert (late.replayed, late.answer) == (True, b"AA")
    assert len(events(ledger, e.ReportReceived)) == 1


def test_a_report_that_waited_and_is_refused_by_the_registry_is_refused(sqlite_ledger: SqlLedger) -> None:
    number = send(sqlite_ledger, incoming(report(by=SURGEON), "2"), DOWN).message
    assert retry(sqlite_ledger, incoming(report(by=SURGEON), "2"), number).answer == b"AE radiologist-refused"
    assert exam(sqlite_ledger).deferred_reports == ()
    assert exam(sqlite_ledger).refused_report is not None
    assert send(sqlite_ledger, incoming(report(by=SURGEON), "2")).replayed


def test_a_report_refused_stays_refused_as_evidence_until_a_corrected_one_comes(ledger: SqlLedger) -> None:
    send(ledger, incoming(order(), "1"))
    arrive(ledger, study("a", dose_reports=study("d", images=0).dose_reports))
    assert send(ledger, incoming(report(by=SURGEON), "2")).answer == b"AE radiologist-refused"
    judge(ledger)
    verdict = exam(ledger).verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.HOLD
    assert send(ledger, incoming(report(by=SURGEON), "2")).replayed
    assert send(ledger, incoming(report(), "3")).answer == b"AA"
    judge(ledger)
    after = exam(ledger)
    assert after.verdict is not None
    assert after.verdict.outcome is Outcome.SUBMIT
    assert after.refused_report is None
    assert kinds(ledger).count("ReportRefused") == 1


def test_a_refused_correction_leaves_the_accepted_report_in_force(sqlite_ledger: SqlLedger) -> None:
    send(sqlite_ledger, incoming(report(), "2"))
    send(sqlite_ledger, incoming(report(status=ReportStatus.CORRECTED, by=SURGEON), "3"))
    found = exam(sqlite_ledger)
    assert found.report is not None
    assert found.report.report == report()
    assert found.refused_report is not None
    assert found.refused_report.refused_by == ("radiologist",)


def test_a_report_before_its_order_is_kept_and_waits(sqlite_ledger: SqlLedger) -> None:
    assert send(sqlite_ledger, incoming(report(), "2")).answer == b"AA"
    judge(sqlite_ledger)
    before = exam(sqlite_ledger).verdict
    send(sqlite_ledger, incoming(order(), "1"))
    assert before is not None
    assert (before.outcome, exam(sqlite_ledger).order) == (Outcome.PENDING, order())
    assert len(exam(sqlite_ledger).reports) == 1


@pytest.mark.parametrize(
    ("control", "code", "cancelled"),
    [(Control.CANCEL, "cancel-unknown-order", True), (Control.CHANGE, "change-unknown-order", False)],
)
def test_a_change_of_an_order_that_nobody_knows_is_recorded_and_said(
    sqlite_ledger: SqlLedger, control: Control, code: str, cancelled: bool
) -> None:
    said = send(sqlite_ledger, incoming(order(control=control), "1"))
    assert (codes(said), said.answer[:2]) == ([code], b"AA")
    assert exam(sqlite_ledger).cancelled is cancelled


def test_a_change_is_no_surprise_where_a_report_came_first_but_no_order(sqlite_ledger: SqlLedger) -> None:
    send(sqlite_ledger, incoming(report(), "2"))
    assert codes(send(sqlite_ledger, incoming(order(control=Control.CHANGE), "1"))) == ["change-unknown-order"]


def test_a_changed_order_replaces_tckn_sut_and_loinc_and_is_judged_again(ledger: SqlLedger) -> None:
    send(ledger, incoming(order(), "1"))
    judge(ledger)
    assert exam(ledger).judge_at != START
    changed = order(
        control=Control.CHANGE,
        patient=Patient(tckn=OTHER_TCKN),
        procedures=(Procedure(sut="803570", loinc="24725-4"),),
    )
    send(ledger, incoming(changed, "2"))
    after = exam(ledger)
    assert after.patient.tckn == OTHER_TCKN
    assert after.order is not None
    assert after.order.procedures == changed.procedures
    assert (after.judge_at, after.judge_cause) == (START, "order XO")
    found = ledger.read(lambda tx: tx.exams_of_patient(OTHER_TCKN, "", ""))
    assert [one.key for one in found] == [after.key]
    assert ledger.read(lambda tx: tx.exams_of_patient(TCKN, "", "")) == []


def test_an_order_again_after_its_cancellation_is_in_force(sqlite_ledger: SqlLedger) -> None:
    for number, control in enumerate((Control.NEW, Control.CANCEL, Control.NEW)):
        send(sqlite_ledger, incoming(order(control=control), str(number)))
    assert not exam(sqlite_ledger).cancelled
    assert kinds(sqlite_ledger) == ["OrderPlaced", "OrderCancelled", "OrderPlaced"]


def test_an_order_is_told_what_it_will_be_held_for_and_a_cancellation_is_not(sqlite_ledger: SqlLedger) -> None:
    bad = order(procedures=NO_LOINC, patient=Patient(tckn="10000000147", file_number="D-7"))
    placed = send(sqlite_ledger, incoming(bad, "1"))
    assert sorted(codes(placed)) == ["loinc-code", "patient-identifier"]
    assert {one.severity for one in placed.remarks} == {Severity.NOTE}
    assert {str(one.where) for one in placed.remarks} == {"OBR-4", "PID-4"}
    assert "10000000147" not in "".join(one.text.tr + one.text.en for one in placed.remarks)
    assert codes(send(sqlite_ledger, incoming(replace(bad, control=Control.CANCEL), "2"))) == []


def test_a_refusal_names_the_place_and_who_must_mend_it(sqlite_ledger: SqlLedger) -> None:
    (said,) = send(sqlite_ledger, incoming(report(by=SURGEON), "2")).remarks
    assert said.where == Where(segment="OBX", field=16)
    assert "radyolog" in said.text.tr
    assert SURGEON not in said.text.tr + said.text.en


def test_a_message_that_failed_is_kept_once_however_often_it_fails(ledger: SqlLedger) -> None:
    failing = replace(incoming(order(), "1"), content=None)
    first = ledger.write(lambda tx: keep_failed(tx, failing, answer))
    again = ledger.write(lambda tx: keep_failed(tx, failing, answer))
    assert first.answer == again.answer == b"AE internal"
    assert ledger.counts()["message"] == 1
    assert send(ledger, incoming(order(), "1")).answer == b"AA"
    assert ledger.counts()["message"] == 1
    assert exam(ledger).order == order()


def test_a_message_that_was_accepted_keeps_its_answer_where_its_resend_fails(sqlite_ledger: SqlLedger) -> None:
    send(sqlite_ledger, incoming(order(), "1"))
    again = sqlite_ledger.write(lambda tx: keep_failed(tx, replace(incoming(order(), "1"), content=None), answer))
    assert (again.answer, again.replayed) == (b"AA", True)
    assert sqlite_ledger.counts()["message"] == 1


def test_nothing_of_a_message_is_there_when_its_transaction_fails(ledger: SqlLedger) -> None:
    def work(tx: Transaction) -> None:
        receive_message(tx, incoming(order(), "1"), ASKED, JUDGING, answer)
        raise RuntimeError("the power went out")

    with pytest.raises(RuntimeError):
        ledger.write(work)
    assert ledger.counts().get("message") == 0
    assert ledger.read(lambda tx: tx.exam(order().key)) is None


def test_an_older_report_that_waited_does_not_overtake_the_correction_sent_after_it(sqlite_ledger: SqlLedger) -> None:
    older = incoming(report(status=ReportStatus.PRELIMINARY), "2")
    number = send(sqlite_ledger, older, DOWN).message
    send(sqlite_ledger, incoming(report(status=ReportStatus.CORRECTED), "3"))
    retry(sqlite_ledger, older, number)
    found = exam(sqlite_ledger)
    assert found.report is not None
    assert found.report.report.status is ReportStatus.CORRECTED


def test_an_addendum_adds_to_the_report_in_force_and_a_late_preliminary_takes_no_place(
    sqlite_ledger: SqlLedger,
) -> None:
    send(sqlite_ledger, incoming(report(), "1"))
    added = send(sqlite_ledger, incoming(report(status=ReportStatus.ADDENDUM), "2"))
    late = send(sqlite_ledger, incoming(report(status=ReportStatus.PRELIMINARY), "3"))
    found = exam(sqlite_ledger)
    assert found.standing == Standing(report=1, addenda=(2,))
    assert len(found.reports) == 3
    assert [one.code for one in added.remarks] == []
    assert [one.code for one in late.remarks] == ["preliminary-after-final"]


def test_an_addendum_by_somebody_who_is_no_radiologist_is_refused_like_a_report(sqlite_ledger: SqlLedger) -> None:
    send(sqlite_ledger, incoming(report(), "1"))
    refused = send(sqlite_ledger, incoming(report(status=ReportStatus.ADDENDUM, by=SURGEON), "2"))
    assert [one.code for one in refused.remarks] == ["radiologist-refused"]
    found = exam(sqlite_ledger)
    assert (len(found.reports), found.standing) == (1, Standing(report=1))


def test_an_addendum_whose_signer_cannot_be_asked_waits_and_then_adds(sqlite_ledger: SqlLedger) -> None:
    send(sqlite_ledger, incoming(report(), "1"))
    addendum = incoming(report(status=ReportStatus.ADDENDUM), "2")
    number = send(sqlite_ledger, addendum, DOWN).message
    assert exam(sqlite_ledger).deferred_reports == (number,)
    retry(sqlite_ledger, addendum, number)
    assert exam(sqlite_ledger).standing == Standing(report=1, addenda=(2,))


def test_every_signer_is_asked_and_the_second_one_is_remarked(sqlite_ledger: SqlLedger) -> None:
    two = replace(report(), radiologists=(Person(identifier=RADIOLOGIST), Person(identifier=SURGEON)))
    sent = send(sqlite_ledger, incoming(two, "1"))
    assert [one.code for one in sent.remarks] == ["second-signer-no-radiologist"]
    found = exam(sqlite_ledger).report
    assert found is not None
    assert [one.identifier for one in found.registry] == [RADIOLOGIST, SURGEON]


def test_the_same_report_under_another_number_is_no_new_version(sqlite_ledger: SqlLedger) -> None:
    send(sqlite_ledger, incoming(report(), "1"))
    again = send(sqlite_ledger, incoming(replace(report(), message_at=START), "2"))
    assert codes(again) == ["report-repeated"]
    assert len(exam(sqlite_ledger).reports) == 1


def other(text: str, status: ReportStatus = ReportStatus.CORRECTED) -> Report:
    return replace(report(status=status), parts={**report().parts, ReportPart.CONCLUSION: text})


def test_an_old_report_that_is_sent_again_undoes_no_correction(ledger: SqlLedger) -> None:
    """A resend job sends the final report again, under another MSH-10, after its correction."""
    send(ledger, incoming(report(), "1"))
    send(ledger, incoming(other("Kırık var."), "2"))
    again = send(ledger, incoming(replace(report(), message_at=START), "3"))
    assert codes(again) == ["report-superseded"]
    assert (again.answer, exam(ledger).standing) == (b"AA report-superseded", Standing(report=2))
    assert len(exam(ledger).reports) == 2


def test_an_old_report_that_is_sent_again_does_not_settle_a_later_refusal(sqlite_ledger: SqlLedger) -> None:
    send(sqlite_ledger, incoming(report(), "1"))
    send(sqlite_ledger, incoming(other("Kırık var."), "2"))
    send(sqlite_ledger, incoming(report(status=ReportStatus.CORRECTED, by=SURGEON), "3"))
    assert codes(send(sqlite_ledger, incoming(report(), "4"))) == ["report-superseded"]
    assert exam(sqlite_ledger).standing == Standing(report=2)
    assert exam(sqlite_ledger).refused_report


def test_an_old_report_that_waited_with_its_correction_undoes_it_neither(sqlite_ledger: SqlLedger) -> None:
    """All three came while the registry was away; the third repeats the first."""
    sent = [incoming(one, str(number)) for number, one in enumerate((report(), other("Kırık var."), report()), start=1)]
    numbers = [send(sqlite_ledger, one, DOWN).message for one in sent]
    said = [codes(retry(sqlite_ledger, one, number)) for one, number in zip(sent, numbers, strict=True)]
    assert said == [[], [], ["report-superseded"]]
    found = exam(sqlite_ledger)
    assert (found.standing, found.deferred_reports) == (Standing(report=2), ())


def test_a_report_that_was_approved_before_the_one_whose_place_it_takes_is_remarked(sqlite_ledger: SqlLedger) -> None:
    later = replace(other("Kırık var."), approved_at=START + timedelta(hours=2))
    send(sqlite_ledger, incoming(later, "1"))
    older = replace(other("Kırık yok.", ReportStatus.FINAL), approved_at=START + timedelta(hours=1))
    assert codes(send(sqlite_ledger, incoming(older, "2"))) == ["report-approved-earlier"]
    assert exam(sqlite_ledger).standing == Standing(report=2)


def test_an_addendum_that_is_sent_again_adds_once(sqlite_ledger: SqlLedger) -> None:
    addendum = report(status=ReportStatus.ADDENDUM)
    for number, one in enumerate((report(), addendum, addendum), start=1):
        send(sqlite_ledger, incoming(one, str(number)))
    assert exam(sqlite_ledger).standing == Standing(report=1, addenda=(2,))


def test_a_report_that_is_sent_again_settles_what_was_refused_since(sqlite_ledger: SqlLedger) -> None:
    send(sqlite_ledger, incoming(report(), "1"))
    send(sqlite_ledger, incoming(report(status=ReportStatus.CORRECTED, by=SURGEON), "2"))
    assert exam(sqlite_ledger).refused_report
    assert codes(send(sqlite_ledger, incoming(report(), "3"))) == []
    assert exam(sqlite_ledger).refused_report is None
