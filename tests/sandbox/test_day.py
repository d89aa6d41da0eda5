"""The demo's day is consistent in itself, and the rules judge it as its stories say."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gecit.core import checks, events
from gecit.core.background import Answering, Background, DuplicateQuery, EarlierExam
from gecit.core.events import RegistryAnswer
from gecit.core.exam import Exam, fold_exam
from gecit.core.facts import DoseReport, SeriesFacts, StudyFacts, StudyKey
from gecit.core.identifiers import is_loinc, is_sut, is_tckn
from gecit.core.judge import Compiled, judge, judge_report
from gecit.core.report import ReportPart
from gecit.core.verdict import Status
from gecit.edges.rules_files import read_folder
from gecit.sandbox.day import INSTITUTION, Act, ExamStory, cancelled, exams_of_the_day
from gecit.sandbox.imaging import KINDS
from gecit.sandbox.reports import REPORTS

ROOT = Path(__file__).parents[2]
DATA = ROOT / "plugins" / "gecit" / "sandbox" / "data"
NOW = datetime(2024, 7, 1, 9, 30, tzinfo=UTC)
STORIES = exams_of_the_day(NOW)
RULES = read_folder(ROOT / "rules", DATA / "site-rules")


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


REGISTRY = {row["identifier"]: row["is_radiologist"] == "evet" for row in rows("radiologists.csv")}


def facts(story: ExamStory) -> StudyFacts:
    series = SeriesFacts(
        series_instance_uid="2.25.2",
        modality=story.images,
        instances=story.slices,
        images=story.slices,
        device_serial=story.serial,
    )
    return StudyFacts(
        key=StudyKey(node="n", orthanc_id="o"),
        study_instance_uid="2.25.1",
        accession=story.order.key.accession,
        patient_id=story.order.patient.tckn,
        institution=INSTITUTION.skrs,
        study_date=f"{NOW:%Y%m%d}",
        series=(series,),
        dose_reports=(DoseReport(sop_instance_uid="2.25.3"),) if story.with_dose else (),
        settled=True,
    )


def events_of(story: ExamStory, act: Act, exam: Exam | None, at: datetime) -> events.AnyExamEvent:
    key = story.order.key
    if act is Act.ORDER:
        return events.OrderPlaced(at=at, exam=key, order=story.order, message=1)
    if act is Act.CANCEL:
        return events.OrderCancelled(at=at, exam=key, order=cancelled(story.order, at), message=3)
    if act is Act.IMAGES:
        return events.StudyLinked(at=at, exam=key, facts=facts(story), path="accession+patient-id")
    report = story.others.get(act, story.report)
    assert report is not None
    number = story.acts.index(act)
    numbers = [one.identifier for one in report.radiologists]
    answers = tuple(RegistryAnswer(identifier=one, known=one in REGISTRY, radiologist=REGISTRY[one]) for one in numbers)
    received = events.ReportReceived(at=at, exam=key, report=report, message=number, registry=answers)
    candidate = fold_exam(exam, received).reports[-1]
    findings = judge_report(exam or Exam(key=key), candidate, Compiled(RULES, checks.Context()))
    refusing = tuple(one.rule for one in findings if one.status is Status.FAILED)
    if not refusing:
        return received
    return events.ReportRefused(at=at, exam=key, report=report, message=number, rules=refusing, registry=answers)


def background(story: ExamStory) -> Background:
    """What the judge would look up: the query of HBYS, and what it finds."""
    order = story.order
    suts = tuple(one.sut for one in order.procedures)
    asked = [act for act in story.acts if act in (Act.ASK, Act.ASK_IN_VAIN)]
    states = [Answering.ANSWERED if act is Act.ASK else Answering.FAILED for act in asked]
    assert order.ordered_at is not None
    query = DuplicateQuery(
        id="q", at=order.ordered_at, institution=order.key.institution, tckn=order.patient.tckn, sut=suts
    )
    before = [
        EarlierExam(institution="999001", accession=one.order.key.accession, sut=suts[0], images=True, report=True,
                    ordered_at=one.order.ordered_at)
        for one in STORIES
        if one.order.patient.tckn == order.patient.tckn and one.order.key < order.key
    ]  # fmt: skip
    return Background(queries=tuple(replace(query, state=one) for one in states), earlier=tuple(before))


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.id)
def test_the_rules_judge_each_exam_as_its_story_says(story: ExamStory) -> None:
    exam: Exam | None = None
    for minute, act in enumerate(one for one in story.acts if one not in (Act.ASK, Act.ASK_IN_VAIN)):
        at = NOW + timedelta(minutes=minute)
        exam = fold_exam(exam, events_of(story, act, exam, at))
    assert exam is not None
    exam = replace(exam, background=background(story))
    verdict = judge(exam, RULES, checks.Context(), judged_at=NOW, known_at=NOW)
    failing = {one.rule for one in verdict.findings if one.status is Status.FAILED}
    assert (verdict.outcome, failing) == (story.outcome, set(story.failing))
    assert {one.rule for one in verdict.findings if one.status is Status.EXCUSED} == set(story.excused)


def test_two_stories_have_versions_of_their_report() -> None:
    sent = {one.id: "".join(one.versions) for one in STORIES if one.others}
    assert sent == {"corrected-report": "PFC", "addendum": "FB"}
    for story in STORIES:
        for other in story.others.values():
            assert story.report
            assert (other.key, other.radiologists) == (story.report.key, story.report.radiologists)
            assert other.parts != story.report.parts
            assert other.message_at
            assert other.message_at <= NOW


def test_every_kind_of_picture_has_its_exam_and_its_report() -> None:
    assert {one.images for one in STORIES} == set(KINDS) == set(REPORTS)


def test_all_numbers_are_of_valid_form() -> None:
    for story in STORIES:
        assert story.report is not None
        people = [story.order.patient.tckn, story.order.physician.identifier]
        assert all(is_tckn(one) for one in people + [one.identifier for one in story.report.radiologists])
        assert all(is_sut(one.sut) and (not one.loinc or is_loinc(one.loinc)) for one in story.order.procedures)
        assert len(story.order.key.accession) <= 16  # DICOM SH


def test_accession_numbers_differ_and_a_later_day_has_others_and_other_patients() -> None:
    later = exams_of_the_day(NOW + timedelta(minutes=1))
    assert len({one.order.key.accession for one in STORIES + later}) == 2 * len(STORIES)
    patients = [{one.order.patient.tckn for one in day} for day in (STORIES, later)]
    assert not patients[0] & patients[1]
    assert len(patients[0]) == len(STORIES) - 1  # the duplicate has the first one's patient


def test_every_report_says_enough() -> None:
    for story in STORIES:
        assert story.report is not None
        assert len(story.report.parts[ReportPart.FINDINGS]) >= 50
        assert set(story.report.parts) == set(ReportPart)
        whole = [one for act, one in story.others.items() if act is not Act.ADD]
        assert all(len(one.parts[ReportPart.FINDINGS]) >= 50 for one in whole)


def test_nothing_happens_after_the_day() -> None:
    for story in STORIES:
        assert story.report is not None and story.report.message_at is not None
        assert story.order.scheduled_at is not None
        assert story.order.scheduled_at + timedelta(minutes=1) < story.report.message_at < NOW


def test_the_data_files_know_the_hospital_and_its_signers() -> None:
    (row,) = [one for one in rows("institutions.csv") if one["skrs"] == INSTITUTION.skrs]
    known = (row["medula_code"], row["name"], row["ownership"], row["province"])
    assert known == (INSTITUTION.medula_code, INSTITUTION.name, INSTITUTION.ownership, INSTITUTION.province)
    signers = {one.identifier for story in STORIES if story.report for one in story.report.radiologists}
    assert signers <= set(REGISTRY)


def test_the_list_of_physicians_has_a_registration_number_of_everybody_and_a_branch_of_every_signer() -> None:
    listed = {row["tckn"]: row for row in rows("physicians.csv")}
    signers = {one.identifier for story in STORIES if story.report for one in story.report.radiologists}
    everybody = signers | {story.order.physician.identifier for story in STORIES}
    assert [one for one in sorted(everybody) if not listed.get(one, {}).get("tescil_no")] == []
    assert [one for one in sorted(signers) if not listed.get(one, {}).get("brans_kodu")] == []
