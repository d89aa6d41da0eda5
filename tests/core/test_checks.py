"""The checks by themselves: every switch in both positions, and what a sender is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gecit.core.background import Background
from gecit.core.checks import CHECKS, Answer, Context
from gecit.core.exam import Exam
from gecit.core.identifiers import IdentifierPolicy
from gecit.core.order import Control
from gecit.core.values import ISTANBUL
from gecit.core.verdict import Status
from tests.builders import DAY, RADIOLOGIST, TCKN, clean, exam_of


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ISTANBUL)


def asked(check: str, exam: Exam, context: Context | None = None, **params: Any) -> Answer:
    return CHECKS[check].run(exam, context or Context(), {**CHECKS[check].params, **params})


def a_ct(**given: Any) -> Exam:
    return exam_of({"base": "clean CT", **given})


SWITCHES: list[tuple[str, dict[str, Any], str, Any]] = [
    ("has_loinc", {"loinc": "24725-5"}, "check_digit", True),
    ("has_images", {"images": 3}, "minimum", 4),
    ("has_images", {"images": 0}, "none_passes", True),
    ("has_report", {"report": "preliminary"}, "preliminary_counts", True),
    ("duplicate_queried", {"queried": -120}, "before_hours", 1),
    ("duplicate_queried", {"queried": 20}, "after_minutes", 20),
    ("duplicate_queried", {"queried": {"physician": RADIOLOGIST}}, "same_physician", True),
    ("duplicate_queried", {"queried": {"state": "failed"}}, "failed_counts", True),
    ("no_earlier_exam", {"earlier_exam": at(2024, 2, 1)}, "months", 3),
    ("no_earlier_exam", {"earlier_exam": at(2024, 2, 1)}, "days", 30),
    (
        "no_earlier_exam",
        {"earlier_exam": {"ordered": at(2023, 11, 1), "performed": at(2023, 12, 1)}},
        "dated",
        "performed",
    ),
    (
        "no_earlier_exam",
        {"earlier_exam": {"ordered": at(2024, 2, 1), "performed": False, "images": False, "report": False}},
        "performed_only",
        False,
    ),
    ("no_earlier_exam", {"earlier_exam": at(2024, 2, 1), "repeat_reason": "2"}, "justified_passes", False),
    ("dates_plausible", {"order_received": at(2024, 5, 14, 9, 0)}, "tolerance_minutes", 59),
    ("dates_plausible", {"study_date": at(2024, 5, 15, 10, 0)}, "study_tolerance_minutes", 60),
    ("follows_guide", {"clinical_information": ""}, "clinical_information", False),
    ("follows_guide", {"findings_part": ""}, "findings_part", False),
    ("follows_guide", {"conclusion_part": ""}, "conclusion_part", False),
    ("follows_guide", {"ratings": []}, "ratings", False),
]


@pytest.mark.parametrize(("check", "given", "param", "value"), SWITCHES)
def test_a_switch_turns_the_answer_round(check: str, given: dict[str, Any], param: str, value: Any) -> None:
    exam = a_ct(**given)
    answers = {asked(check, exam).status, asked(check, exam, **{param: value}).status}
    assert answers == {Status.PASSED, Status.FAILED}


def test_every_parameter_of_a_check_is_tried_in_both_positions() -> None:
    tried = {(check, param) for check, _, param, _ in SWITCHES}
    elsewhere = {("has_loinc", "listed"), ("signed_by_radiologist", "all_signers")}  # test_judge.py
    assert {(name, param) for name, one in CHECKS.items() for param in one.params} == tried | elsewhere


def test_a_choice_has_its_default_among_its_values() -> None:
    for one in CHECKS.values():
        assert all(one.params[name] in known for name, known in one.choices.items())


FAILING = [
    ("duplicate_queried", {"queried": False}, "mükerrer sorgusu yapılmadı", "no duplicate query was made"),
    ("duplicate_queried", {"queried": {"state": "failed"}}, "yanıtlanamadı", "was not answered"),
    ("duplicate_queried", {"queried": -3000}, "istem zamanına uymuyor", "too early or too late"),
    ("duplicate_queried", {"sut": [""]}, "SUT kodu yok", "has no SUT code"),
    ("no_earlier_exam", {"earlier_exam": at(2024, 2, 1)}, "900002/B7 01.02.2024", "900002/B7 01.02.2024"),
    ("uid_unique", {"uid_elsewhere": ["B2", "A1", ""]}, "başka bir erişim numarasında", "another accession number"),
    ("dates_plausible", {"order_received": at(2024, 5, 14, 8)}, "alındığı andan sonra", "after the receipt"),
    ("dates_plausible", {"study_date": at(2024, 6, 1)}, "Çekim tarihi", "The study date"),
    ("follows_guide", {"clinical_information": ""}, "klinik bilgi", "clinical information"),
    ("follows_guide", {"ratings": []}, "değerlendirme", "ratings"),
]


@pytest.mark.parametrize(("check", "given", "tr", "en"), FAILING)
def test_a_failure_says_what_in_both_languages_and_never_names_the_patient(
    check: str, given: dict[str, Any], tr: str, en: str
) -> None:
    answer = asked(check, a_ct(**given))
    assert answer.status is Status.FAILED
    assert answer.reason
    assert tr in answer.reason.tr
    assert en in answer.reason.en
    assert TCKN not in repr(answer)


def test_a_missing_query_says_until_when_it_would_have_counted() -> None:
    answer = asked("duplicate_queried", a_ct(queried=-3000))
    assert answer.expected == "14.05.2024 10:00 -24 h .. +15 min"
    assert answer.found == "12.05.2024 08:00 answered"


def test_the_finding_names_the_query_that_counts() -> None:
    assert asked("duplicate_queried", clean()).found == "q1"


def test_two_queries_may_cover_the_two_codes_of_an_order() -> None:
    one = a_ct(sut=["R100250", "R100300"], queried={"sut": ["R100250"]})
    other = a_ct(queried={"id": "q2", "sut": ["R100300"]})
    both = a_ct(sut=["R100250", "R100300"])
    both = exam_with(both, one.background.queries + other.background.queries)
    assert asked("duplicate_queried", one).status is Status.FAILED
    assert asked("duplicate_queried", both).status is Status.PASSED


def exam_with(exam: Exam, queries: Any) -> Exam:
    return replace(exam, background=replace(exam.background, queries=queries))


@pytest.mark.parametrize("number", ["", "10000000000"])
def test_who_has_no_number_cannot_be_asked_for(number: str) -> None:
    answer = asked("duplicate_queried", a_ct(tckn=number, queried=False))
    assert (answer.status, answer.found) == (Status.PASSED, "unaskable")
    assert answer.reason


def test_a_stand_in_that_the_site_does_not_know_is_a_number_like_any_other() -> None:
    context = Context(policy=IdentifierPolicy(nameless_numbers=()))
    assert asked("duplicate_queried", a_ct(tckn="10000000000", queried=False), context).status is Status.FAILED


def test_a_justified_repeat_keeps_the_earlier_exam_and_the_reason_in_its_finding() -> None:
    answer = asked("no_earlier_exam", a_ct(earlier_exam=at(2024, 2, 1), repeat_reason="2^Kontrol"))
    assert answer.status is Status.PASSED
    assert answer.found == "900002/B7 01.02.2024 | OBR-31: 2^Kontrol"
    assert answer.reason


def test_an_exam_that_ledger_and_upstream_both_know_is_named_once() -> None:
    found = {"ordered": False, "performed": at(2024, 2, 3), "source": "bakanlık"}
    answer = asked("no_earlier_exam", a_ct(earlier_exam=at(2024, 2, 1), queried={"found": [found]}))
    assert answer.found == "900002/B7 01.02.2024"


def test_the_exam_itself_among_the_answers_of_an_upstream_service_is_no_earlier_one() -> None:
    itself = {"institution": "900001", "accession": "A1", "ordered": at(2024, 5, 14), "source": "bakanlık"}
    assert asked("no_earlier_exam", a_ct(queried={"found": [itself]})).status is Status.PASSED


def test_what_an_upstream_service_names_without_dates_lies_within_its_own_period() -> None:
    undated = {"ordered": False, "performed": False, "source": "bakanlık"}
    answer = asked("no_earlier_exam", a_ct(queried={"found": [undated]}))
    assert (answer.status, answer.found) == (Status.FAILED, "900002/B7 bakanlık")


@pytest.mark.parametrize(
    ("day", "clock", "status"),
    [
        ("20240515", "110000", Status.PASSED),  # linked on 14 May at 11:00, and a day later is still tolerated
        ("20240515", "110001.5", Status.FAILED),
        ("20240516", "", Status.FAILED),
        ("20240516", "9:00", Status.FAILED),
        ("", "", Status.PASSED),
        ("2024-06-01", "", Status.PASSED),
        ("20241301", "100000", Status.PASSED),
    ],
)
def test_a_study_date_that_cannot_be_read_lies_in_no_future(day: str, clock: str, status: Status) -> None:
    exam = clean()
    study = replace(exam.studies[0], facts=replace(exam.studies[0].facts, study_date=day, study_time=clock))
    assert asked("dates_plausible", replace(exam, studies=(study,))).status is status


def test_the_receipt_of_the_last_message_is_what_its_order_date_is_compared_with() -> None:
    later = (DAY + timedelta(days=3)).astimezone(UTC)
    exam = clean()
    assert exam.order
    moved = replace(exam, order=replace(exam.order, ordered_at=later), order_changed_at=later)
    assert asked("dates_plausible", moved).status is Status.PASSED


@pytest.mark.parametrize("check", ["duplicate_queried", "no_earlier_exam"])
def test_nothing_is_said_of_duplicates_of_an_order_that_was_taken_back(check: str) -> None:
    """What stands beside it is not looked up any more, so it must not be said to be missing."""
    exam = a_ct(queried=False)
    assert exam.order
    cancelled = replace(exam, order=replace(exam.order, control=Control.CANCEL), background=Background())
    answer = asked(check, cancelled)
    assert answer.status is Status.NOT_IN_FORCE
    assert answer.reason
