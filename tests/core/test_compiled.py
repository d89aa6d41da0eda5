"""A compiled rulebook: marks and verdicts come from one weighing; tracks, scopes and windows of devices."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from gecit.core.background import Background
from gecit.core.checks import Context
from gecit.core.exam import Exam
from gecit.core.judge import Compiled, Marks, in_scope, judge, marks_of
from gecit.core.order import Procedure
from gecit.core.rulebook import Edition, Exemption, Rule, Rulebook, Scope, Source, Window
from gecit.core.values import Text
from gecit.core.verdict import Effect, Outcome, Status
from gecit.edges.rules_files import read_folder
from tests.builders import DAY, KEY, NOW, clean, exam_of, facts, linked, order
from tests.support.books import books, exams

BOOK = read_folder(Path(__file__).parents[2] / "rules")
TEXT = Text(tr="t", en="t")
SOURCE = Source(kind="site", title="t")
DOSE = Rule(
    id="dose",
    title=TEXT,
    fix=TEXT,
    who="modality",
    where="SR",
    effect=Effect.HOLD,
    dated_by="order_date",
    editions=(Edition(start=DAY - timedelta(days=9), check="has_dose_report", source=SOURCE),),
)
NO_DOSE = exam_of({"base": "clean CT", "dose": False})


def waiver(name: str, *serials: str, hours: int = 1, sut: tuple[str, ...] = ()) -> Window:
    return Window(
        id=name,
        start=DAY - timedelta(hours=hours),
        last=DAY,
        published=DAY.date(),
        source=SOURCE,
        applies=Scope(device_serial=serials, sut=sut),
    )


def exemption(*windows: Window, name: str = "w", **more: object) -> Exemption:
    made = Exemption(id=name, title=TEXT, excuses=("dose",), dated_by="order_date", windows=windows)
    return replace(made, **more)


def said(exam: Exam, *exemptions: Exemption, rule: Rule = DOSE) -> tuple[Status, tuple[str, ...]]:
    verdict = judge(exam, Rulebook.of((rule,), exemptions), Context(), judged_at=NOW, known_at=NOW)
    return verdict.findings[0].status, verdict.findings[0].exemptions


def with_devices(*serials: str) -> Exam:
    one = facts(dose_reports=())
    series = tuple(replace(one.series[0], device_serial=serial) for serial in serials)
    return replace(NO_DOSE, studies=(linked(replace(one, series=series)),))


@settings(max_examples=100, deadline=None)
@given(exams(), books())
def test_marks_are_those_of_the_full_verdict(exam: Exam, book: Rulebook) -> None:
    compiled = Compiled(book, Context())
    verdict = compiled.judge(exam, judged_at=NOW, known_at=NOW)
    assert compiled.marks(exam, NOW) == marks_of(verdict)
    assert len(verdict.findings) == len(book.rules)


@pytest.mark.parametrize(
    "given", [{}, {"loinc": ""}, {"dose": False}, {"report": "none"}, {"order": False}, {"modality": ""}]
)
def test_marks_are_those_of_the_full_verdict_by_the_shipped_rules_and_by_their_stored_form(
    given: dict[str, str],
) -> None:
    exam = exam_of({"base": "clean CT", **given})
    stored = Rulebook.from_json(BOOK.to_json())
    verdict = judge(exam, BOOK, Context(), judged_at=NOW, known_at=NOW)
    assert Compiled(stored, Context()).marks(exam, NOW) == marks_of(verdict)


def test_marks_leave_out_what_is_not_in_force() -> None:
    later = replace(DOSE, id="later", editions=(replace(DOSE.editions[0], start=DAY + timedelta(days=1)),))
    exam = replace(clean(), order=order("CT"))
    alone, both = Compiled(Rulebook.of((DOSE,)), Context()), Compiled(Rulebook.of((DOSE, later)), Context())
    assert both.marks(exam, NOW) == alone.marks(exam, NOW)
    assert alone.marks(exam, NOW) == Marks(outcome=Outcome.SUBMIT, findings=(("dose", Status.PASSED, ()),))


def test_two_waived_devices_excuse_an_exam_that_both_have_made() -> None:
    assert said(with_devices("A", "B"), exemption(waiver("a", "A"), waiver("b", "B"))) == (Status.EXCUSED, ("a", "b"))
    assert said(with_devices("A", "B"), exemption(waiver("a", "A"))) == (Status.FAILED, ())
    assert said(with_devices("A", ""), exemption(waiver("a", "A"), waiver("b", "B"))) == (Status.FAILED, ())


def test_waivers_of_two_files_excuse_together() -> None:
    two = exemption(waiver("a", "A")), exemption(waiver("b", "B"), name="x")
    assert said(with_devices("A", "B"), *two) == (Status.EXCUSED, ("a", "b"))


def test_a_waiver_of_a_device_that_did_not_take_part_is_not_named() -> None:
    assert said(with_devices("A"), exemption(waiver("a", "A"), waiver("b", "B"))) == (Status.EXCUSED, ("a",))


def test_a_waiver_that_does_not_hold_stands_back_behind_a_window_for_every_device() -> None:
    assert said(with_devices("A", "B"), exemption(waiver("a", "A"), waiver("all"))) == (Status.EXCUSED, ("all",))


def test_devices_of_exemption_and_window_must_both_name_the_device() -> None:
    narrow = exemption(waiver("a", "A"), applies=Scope(device_serial=("B",)))
    assert said(with_devices("A"), narrow) == (Status.FAILED, ())


def test_a_window_has_its_own_scope() -> None:
    assert said(NO_DOSE, exemption(waiver("w", sut=("R100*",)))) == (Status.EXCUSED, ("w",))
    assert said(NO_DOSE, exemption(waiver("w", sut=("R2*",)))) == (Status.FAILED, ())


def test_a_long_window_is_found_behind_many_short_ones() -> None:
    short = [replace(waiver(f"s{n}"), last=DAY - timedelta(minutes=30)) for n in range(20)]
    assert said(NO_DOSE, exemption(*short, waiver("long", hours=99))) == (Status.EXCUSED, ("long",))


@pytest.mark.parametrize(("check", "status"), [("has_report", Status.EXCUSED), ("has_dose_report", Status.FAILED)])
def test_an_exemption_with_a_provision_excuses_only_who_passes_it(check: str, status: Status) -> None:
    assert said(NO_DOSE, exemption(waiver("w"), provided=check))[0] is status


def test_a_provision_has_its_own_parameters() -> None:
    for least, status in ((10, Status.EXCUSED), (11, Status.FAILED)):
        one = exemption(waiver("w"), provided="has_images", provided_params={"minimum": least})
        assert said(NO_DOSE, one)[0] is status


def two_tracks(first: Scope, second: Scope, *, later: timedelta = timedelta()) -> Rule:
    (base,) = DOSE.editions
    one = replace(base, applies=first, track="1", start=DAY + later)
    return replace(DOSE, editions=(one, replace(base, check="has_report", applies=second, track="2")))


def test_an_exam_takes_the_first_track_that_means_it() -> None:
    assert said(NO_DOSE, rule=two_tracks(Scope(modality=("CT",)), Scope()))[0] is Status.FAILED
    assert said(NO_DOSE, rule=two_tracks(Scope(modality=("MG",)), Scope()))[0] is Status.PASSED
    assert said(NO_DOSE, rule=two_tracks(Scope(modality=("MG",)), Scope(modality=("MR",))))[0] is Status.NOT_IN_FORCE


def test_a_track_that_has_not_begun_takes_nobody() -> None:
    tracks = two_tracks(Scope(modality=("CT",)), Scope(), later=timedelta(minutes=1))
    assert said(NO_DOSE, rule=tracks)[0] is Status.PASSED


def test_while_it_is_not_known_whether_the_first_track_means_the_exam_nobody_can_tell() -> None:
    exam = Exam(key=KEY, order=order(""))
    assert said(exam, rule=two_tracks(Scope(modality=("CT",)), Scope()))[0] is Status.CANNOT_TELL


def test_an_institution_without_recorded_ownership_is_public() -> None:
    def inside(recorded: str, *wanted: str) -> bool | None:
        return in_scope(Scope(ownership=wanted), replace(clean(), background=Background(ownership=recorded)))

    assert inside("", "public") is True
    assert inside("", "private", "university") is False
    assert inside("private", "private") is True


@pytest.mark.parametrize(
    ("scope", "suts", "inside"),
    [
        (Scope(sut=("R100250",)), ("R100250", "L1"), True),
        (Scope(sut=("R100*",)), ("R100250",), True),
        (Scope(sut=("R100",)), ("R100250",), False),
        (Scope(sut=("R100250",)), ("",), None),
        (Scope(sut=("R100250",)), (), None),
        (Scope(not_sut=("R1*",)), ("R100250", "R100260"), False),
        (Scope(not_sut=("R1*",)), ("R100250", "L1"), True),
        (Scope(not_sut=("R1*",)), (), True),
        (Scope(sut=("R1*",), not_institution=(KEY.institution,)), (), False),
    ],
)
def test_a_scope_by_sut_asks_one_procedure_to_be_inside_and_all_to_be_outside(
    scope: Scope, suts: tuple[str, ...], inside: bool | None
) -> None:
    assert in_scope(scope, Exam(key=KEY, order=order(procedures=tuple(Procedure(sut=one) for one in suts)))) is inside


def on(day: datetime) -> Status:
    verdict = judge(NO_DOSE, Rulebook.of((DOSE,)), Context(), judged_at=NOW, known_at=NOW, valid_at=day)
    return verdict.finding("dose").status


def test_valid_at_stands_in_for_every_date_of_the_exam() -> None:
    start = DOSE.editions[0].start
    assert start
    assert (on(start - timedelta(seconds=1)), on(start)) == (Status.NOT_IN_FORCE, Status.FAILED)
    report = BOOK.rule("radiologist").editions[0].start
    assert report
    said = judge(clean(), BOOK, Context(), judged_at=NOW, known_at=NOW, valid_at=report - timedelta(seconds=1))
    assert said.finding("radiologist").status is Status.NOT_IN_FORCE
    assert said.judged_at == NOW


def test_a_finding_not_in_force_shows_the_date_that_was_asked_for() -> None:
    verdict = judge(
        clean(), BOOK, Context(), judged_at=NOW, known_at=NOW, valid_at=datetime(2015, 1, 2, tzinfo=DAY.tzinfo)
    )
    reason = verdict.finding("loinc-code").reason
    assert reason is not None
    assert "02.01.2015" in reason.tr


def test_a_rule_whose_date_is_unknown_is_not_in_force_for_who_is_out_of_its_scope() -> None:
    """An endoscopy without a report waits for nobody's signature: the radiologist rule does not mean it."""
    endoscopy = replace(clean("ES"), reports=())
    findings = judge(endoscopy, BOOK, Context(), judged_at=NOW, known_at=NOW)
    assert findings.finding("radiologist").status is Status.NOT_IN_FORCE
