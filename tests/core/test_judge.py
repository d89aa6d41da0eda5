from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gecit.core.checks import CHECKS, Answer, Context
from gecit.core.dates import date_of
from gecit.core.exam import Exam
from gecit.core.identifiers import IdentifierPolicy
from gecit.core.judge import Compiled, in_scope, judge, judge_report
from gecit.core.order import Patient, Person, Procedure
from gecit.core.report import ReportStatus
from gecit.core.rulebook import Exemption, Rulebook, Scope, Source, Window
from gecit.core.values import Text
from gecit.core.verdict import Finding, Outcome, Status, Verdict
from gecit.edges.rules_files import read_folder
from tests.builders import (
    DAY,
    KEY,
    NOW,
    OTHER_PHYSICIAN,
    RADIOLOGIST,
    clean,
    exam_of,
    facts,
    linked,
    order,
    received,
)

BOOK = read_folder(Path(__file__).parents[2] / "rules")
TEXT = Text(tr="t", en="t")
SOURCE = Source(kind="site", title="t")


def judged(exam: Exam, book: Rulebook = BOOK, context: Context | None = None) -> Verdict:
    return judge(exam, book, context or Context(), judged_at=NOW, known_at=NOW)


def found(exam: Exam, rule: str, context: Context | None = None) -> Finding:
    return judged(exam, context=context).finding(rule)


def with_exemption(*windows: Window, applies: Scope | None = None, origin: str = "shipped") -> Rulebook:
    exemption = Exemption(
        id="waiver",
        title=TEXT,
        excuses=("dose-report",),
        dated_by="order_date",
        windows=windows,
        applies=applies or Scope(),
        origin=origin,  # type: ignore[arg-type]
    )
    return Rulebook.of(BOOK.rules, (*BOOK.exemptions, exemption))


def window(name: str, *, hours: int = 1) -> Window:
    return Window(
        id=name, start=DAY - timedelta(hours=hours), last=DAY + timedelta(hours=1), published=DAY.date(), source=SOURCE
    )


def test_the_same_exam_judged_twice_gives_the_same_verdict() -> None:
    assert judged(clean()) == judged(clean())


def test_a_verdict_names_the_revision_and_the_instants_it_was_made_with() -> None:
    verdict = judge(clean(), BOOK, Context(codes="lists-7"), judged_at=NOW, known_at=NOW - timedelta(days=1))
    assert (verdict.rulebook, verdict.codes, verdict.judged_at - verdict.known_at) == (
        BOOK.revision,
        "lists-7",
        timedelta(days=1),
    )


def test_every_rule_has_one_finding_whatever_the_exam() -> None:
    for exam in (Exam(key=KEY), clean(), exam_of({"base": "clean CT", "control": "CA"})):
        assert [one.rule for one in judged(exam).findings] == [one.id for one in BOOK.rules]


def test_an_exam_of_which_nothing_is_known_is_pending() -> None:
    verdict = judged(Exam(key=KEY))
    assert verdict.outcome is Outcome.PENDING
    assert verdict.finding("order-present").status is Status.FAILED


def test_a_failed_finding_says_all_that_a_person_needs_to_mend_it() -> None:
    one = found(exam_of({"base": "clean CT", "loinc": ""}), "loinc-code")
    assert one.reason and one.fix and one.reason.tr != one.reason.en
    assert (one.who, one.where, one.expected) == ("HBYS", "OBR-4.4", "LOINC^...^LNC")
    assert one.edition == BOOK.rule("loinc-code").editions[0].start


def test_a_passed_finding_asks_for_nothing() -> None:
    one = found(clean(), "loinc-code")
    assert (one.status, one.reason, one.fix, one.found) == (Status.PASSED, None, None, "24725-4")


def test_a_missing_dose_report_names_the_device_that_never_sent_one() -> None:
    one = found(exam_of({"base": "clean CT", "dose": False}), "dose-report")
    assert one.reason is not None
    assert "Acme Scan 16 S-16" in one.reason.tr
    assert "Acme Scan 16 S-16" in one.reason.en


def test_a_dose_report_in_another_study_of_the_exam_is_enough_and_its_path_is_shown() -> None:
    images = linked(facts(dose_reports=()))
    dose = linked(replace(facts(), series=(), study_instance_uid="1.2.4"), path="study-uid")
    one = found(replace(clean(), studies=(images, dose)), "dose-report")
    assert (one.status, one.found) == (Status.PASSED, "study-uid")


def test_every_window_that_excuses_is_named_the_oldest_first() -> None:
    book = with_exemption(window("first"), window("second", hours=2))
    verdict = judged(exam_of({"base": "clean CT", "dose": False}), book)
    one = verdict.finding("dose-report")
    assert (one.status, one.exemptions) == (Status.EXCUSED, ("second", "first"))
    assert verdict.outcome is Outcome.SUBMIT


def test_what_is_excused_stays_visible_but_asks_for_nothing() -> None:
    one = judged(exam_of({"base": "clean CT", "dose": False}), with_exemption(window("w"))).finding("dose-report")
    assert one.reason is not None
    assert one.fix is None


def test_a_passed_finding_is_not_excused() -> None:
    assert judged(clean(), with_exemption(window("w"))).finding("dose-report").status is Status.PASSED


def test_what_cannot_be_told_yet_is_excused_by_a_window_that_covers_the_exam() -> None:
    exam = exam_of({"base": "clean CT", "dose": False, "settled": False})
    assert judged(exam).finding("dose-report").status is Status.CANNOT_TELL
    assert judged(exam, with_exemption(window("w"))).finding("dose-report").status is Status.EXCUSED


@pytest.mark.parametrize(
    ("serials", "status"), [(("S-16",), Status.EXCUSED), (("S-16", "X"), Status.EXCUSED), (("S-1",), Status.FAILED)]
)
def test_a_waiver_of_one_device_excuses_only_images_of_that_device(serials: tuple[str, ...], status: Status) -> None:
    book = with_exemption(window("w"), applies=Scope(device_serial=serials))
    assert judged(exam_of({"base": "clean CT", "dose": False}), book).finding("dose-report").status is status


def test_images_of_a_second_device_break_the_waiver() -> None:
    book = with_exemption(window("w"), applies=Scope(device_serial=("S-16",)))
    first = facts(dose_reports=()).series[0]
    exam = replace(
        clean(), studies=(linked(facts(dose_reports=(), series=(first, replace(first, device_serial="S-9")))),)
    )
    assert judged(exam, book).finding("dose-report").status is Status.FAILED


def test_a_finding_tells_that_a_file_of_the_site_was_used() -> None:
    exam = exam_of({"base": "clean CT", "dose": False})
    assert judged(exam, with_exemption(window("w"), origin="site")).finding("dose-report").from_site
    assert not judged(exam, with_exemption(window("w"))).finding("dose-report").from_site
    own = Rulebook.of(tuple(replace(one, origin="site") for one in BOOK.rules))
    assert judged(exam, own).finding("loinc-code").from_site


def test_a_pending_exam_is_looked_at_again_after_the_configured_time() -> None:
    verdict = judged(exam_of({"base": "clean CT", "report": "none"}), context=Context(recheck=timedelta(hours=6)))
    assert verdict.due_at == NOW + timedelta(hours=6)


def test_an_earlier_recheck_of_a_finding_wakes_the_judge_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    soon = NOW + timedelta(minutes=5)
    answer = Answer(status=Status.CANNOT_TELL, reason=TEXT, recheck_at=soon)
    monkeypatch.setitem(CHECKS, "has_loinc", replace(CHECKS["has_loinc"], run=lambda *_: answer))
    assert judged(clean()).due_at == soon


@pytest.mark.parametrize("given", [{"base": "clean CT"}, {"base": "clean CT", "loinc": ""}])
def test_an_exam_that_is_decided_is_not_looked_at_again_by_itself(given: dict[str, str]) -> None:
    assert judged(exam_of(given)).due_at is None


def test_of_several_procedures_each_needs_its_loinc() -> None:
    both = (Procedure(sut="R100250", loinc="24725-4"), Procedure(sut="R100260"))
    one = found(replace(clean(), order=order(procedures=both)), "loinc-code")
    assert one.status is Status.FAILED
    assert one.reason is not None
    assert "R100260" in one.reason.tr


def test_an_order_without_any_procedure_has_no_loinc() -> None:
    assert found(replace(clean(), order=order(procedures=())), "loinc-code").status is Status.FAILED


@pytest.mark.parametrize(
    ("params", "loinc", "listed", "status"),
    [
        ({}, "24725-5", None, Status.PASSED),
        ({"check_digit": True}, "24725-5", None, Status.FAILED),
        ({"listed": True}, "24725-4", frozenset({"24725-4"}), Status.PASSED),
        ({"listed": True}, "24727-0", frozenset({"24725-4"}), Status.FAILED),
        ({"listed": True}, "24727-0", None, Status.PASSED),
    ],
)
def test_the_stricter_readings_of_loinc_are_switched_on_by_parameters(
    params: dict[str, bool], loinc: str, listed: frozenset[str] | None, status: Status
) -> None:
    check = CHECKS["has_loinc"]
    exam = exam_of({"base": "clean CT", "loinc": loinc})
    assert check.run(exam, Context(loinc_codes=listed), {**check.params, **params}).status is status


def test_a_refused_report_holds_the_exam_and_the_report_stays_missing() -> None:
    refused = replace(received(OTHER_PHYSICIAN, radiologist=False), refused_by=("radiologist",))
    verdict = judged(replace(clean(), reports=(), refused_report=refused))
    assert verdict.outcome is Outcome.HOLD
    failed = {one.rule for one in verdict.findings if one.status is Status.FAILED}
    assert failed == {"radiologist", "report-present"}


def test_fields_of_a_report_that_was_refused_are_told_as_refused_and_not_as_never_received() -> None:
    refused = replace(received(OTHER_PHYSICIAN, radiologist=False), refused_by=("radiologist",))
    answer = CHECKS["follows_guide"].run(
        replace(clean(), reports=(), refused_report=refused),
        Context(),
        {**CHECKS["follows_guide"].params, "clinical_information": False},
    )
    assert answer.reason and answer.reason.en == "The report that came was refused."
    assert (answer.status, answer.found) == (Status.CANNOT_TELL, "radiologist")


def test_a_refused_correction_leaves_the_accepted_report_in_force() -> None:
    refused = replace(received(OTHER_PHYSICIAN, radiologist=False), refused_by=("radiologist",))
    assert judged(replace(clean(), refused_report=refused)).outcome is Outcome.SUBMIT


def test_a_report_that_waits_for_the_registry_makes_the_exam_pending() -> None:
    verdict = judged(replace(clean(), reports=(), deferred_reports=(7,)))
    assert verdict.finding("report-present").status is Status.CANNOT_TELL
    assert verdict.outcome is Outcome.PENDING


def test_a_preliminary_report_after_a_final_one_does_not_take_it_away() -> None:
    exam = replace(clean(), reports=(received(), received(status=ReportStatus.PRELIMINARY)))
    assert found(exam, "report-present").status is Status.PASSED


def test_only_the_approving_signer_is_asked_unless_all_must_be_radiologists() -> None:
    signers = (Person(identifier=RADIOLOGIST), Person(identifier=OTHER_PHYSICIAN))
    both = received(radiologists=signers)
    answers = (*both.registry, *received(OTHER_PHYSICIAN, radiologist=False).registry)
    exam = replace(clean(), reports=(replace(both, registry=answers),))
    check = CHECKS["signed_by_radiologist"]
    assert check.run(exam, Context(), check.params).status is Status.PASSED
    assert check.run(exam, Context(), {"all_signers": True}).status is Status.FAILED


@pytest.mark.parametrize(
    ("candidate", "status"),
    [
        (received(), Status.PASSED),
        (received(OTHER_PHYSICIAN, radiologist=False), Status.FAILED),
        (received(asked=False), Status.CANNOT_TELL),
        (received(""), Status.FAILED),
    ],
)
def test_a_candidate_report_is_judged_by_the_refusing_rules_alone(candidate: object, status: Status) -> None:
    exam = Exam(key=KEY, order=order())
    findings = judge_report(exam, candidate, Compiled(BOOK, Context()))  # type: ignore[arg-type]
    assert [(one.rule, one.status) for one in findings] == [("radiologist", status)]


def test_a_candidate_is_judged_though_an_accepted_report_stands_before_it() -> None:
    (one,) = judge_report(clean(), received(OTHER_PHYSICIAN, radiologist=False), Compiled(BOOK, Context()))
    assert one.status is Status.FAILED


def test_a_candidate_report_needs_no_order_to_be_judged() -> None:
    (one,) = judge_report(Exam(key=KEY), received(modality="ES"), Compiled(BOOK, Context()))
    assert one.status is Status.NOT_IN_FORCE


def test_no_finding_shows_a_whole_number_of_a_person() -> None:
    exams = [
        exam_of({"base": "clean CT", "signer": "other physician"}),
        exam_of({"base": "clean CT", "tckn": "10000000147"}),
        clean(),
    ]
    shown = " ".join(str(judged(one).findings) for one in exams)
    assert not any(number in shown for number in (OTHER_PHYSICIAN, RADIOLOGIST, "10000000147", "10000000146"))


@pytest.mark.parametrize(("accept", "status"), [(True, Status.PASSED), (False, Status.FAILED)])
def test_a_newborn_without_a_number_passes_where_the_site_accepts_it(accept: bool, status: Status) -> None:
    patient = Patient(file_number="D-9", birth_date="20240510")
    context = Context(policy=IdentifierPolicy(accept_newborn=accept))
    assert found(replace(clean(), order=order(patient=patient)), "patient-identifier", context).status is status


@pytest.mark.parametrize(
    ("scope", "modality", "inside"),
    [
        (Scope(), "", True),
        (Scope(not_modality=("ES",)), "", True),
        (Scope(not_modality=("ES",)), "ES", False),
        (Scope(modality=("CT",)), "", None),
        (Scope(modality=("CT",)), "MR", False),
        (Scope(institution=("1",)), "CT", False),
        (Scope(institution=(KEY.institution,)), "CT", True),
    ],
)
def test_a_scope_is_told_from_what_is_known(scope: Scope, modality: str, inside: bool | None) -> None:
    assert in_scope(scope, Exam(key=KEY, order=order(modality))) is inside


def test_the_order_date_falls_back_to_the_receipt_of_the_first_message() -> None:
    exam = replace(clean(), order=order(ordered_at=None), order_received_at=DAY, order_changed_at=NOW)
    assert date_of(exam, "order_date", NOW) == DAY
    assert date_of(exam, "order_message_time", NOW) == NOW


@pytest.mark.parametrize(
    ("day", "time", "shown"),
    [
        ("20240514", "103000.123", "2024-05-14T10:30:00+03:00"),
        ("20240514", "1030", "2024-05-14T10:30:00+03:00"),
        ("20240514", "", "2024-05-14T00:00:00+03:00"),
        ("20240514", "rubbish", "2024-05-14T00:00:00+03:00"),
        ("2024.05.14", "", None),
        ("", "103000", None),
    ],
)
def test_the_study_date_is_read_as_devices_write_it(day: str, time: str, shown: str | None) -> None:
    exam = replace(clean(), studies=(linked(facts(study_date=day, study_time=time)),))
    moment = date_of(exam, "performed_date", NOW)
    assert (moment and moment.isoformat()) == shown
