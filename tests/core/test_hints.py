"""Hints: what the facts of an exam give away. Each on both sides of what it asks, by the shipped data."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from gecit.core.exam import Exam
from gecit.core.facts import DoseReport, DoseValue, SeriesDetails, SeriesFacts, StudyFacts
from gecit.core.hints import CODES, MENDERS, hints_of
from gecit.core.hints_patient import same_name
from gecit.core.order import Control, Patient, Procedure
from gecit.core.quality import Hint, Mender
from gecit.edges.quality_files import read_quality

from ..builders import KEY, TCKN, facts, linked, order, received

DATA = read_quality(Path(__file__).parents[2] / "rules")
SPACED = SeriesDetails(looked_at=1, sop_class="1.2.840.10008.5.1.4.1.1.2", lateralities=("",), pixel_spacing="0.5\\0.5")


def series(modality: str, details: SeriesDetails | None, number: int = 1, images: int = 10) -> SeriesFacts:
    uid = f"1.2.3.{number}"
    return SeriesFacts(series_instance_uid=uid, modality=modality, instances=images, images=images, details=details)


def made(modality: str = "CT", *those: SeriesFacts, name: str = "", loinc: str = "", **changes: object) -> Exam:
    """An exam of that modality with a named procedure and its pictures."""
    asked = replace(order(modality), procedures=(Procedure(sut="R100250", sut_name=name, loinc=loinc),))
    asked = replace(asked, patient=replace(asked.patient, sex="F"))
    study = facts(modality, series=those or (series(modality, SPACED),), dose_reports=())
    return Exam(key=KEY, order=asked, studies=(linked(replace(study, **changes)),))


def codes(one: Exam) -> list[str]:
    return [hint.code for hint in hints_of(one, DATA)]


def only(one: Exam) -> Hint:
    found = hints_of(one, DATA)
    assert len(found) == 1, found
    return found[0]


def test_every_hint_has_words_in_both_languages_and_somebody_who_mends_it() -> None:
    assert set(MENDERS) == set(Mender)
    assert all(text for one in CODES.values() for text in (one.title.tr, one.title.en, one.fix.tr, one.fix.en))


def test_nothing_is_said_of_an_exam_without_images_with_images_still_coming_or_cancelled() -> None:
    bare = replace(SPACED, pixel_spacing="")
    assert codes(made("CT", series("CT", bare))) == ["pixel-spacing-missing"]
    assert codes(made("CT", series("CT", bare), settled=False)) == []
    assert codes(replace(made("CT"), studies=())) == []
    gone = made("CT", series("CT", bare))
    assert gone.order is not None
    assert codes(replace(gone, order=replace(gone.order, control=Control.CANCEL))) == []


def test_nothing_is_said_of_headers_that_were_recorded_before_they_were_read() -> None:
    assert codes(made("CT", series("CT", None))) == []
    assert codes(made("MG", series("MG", None), name="Mamografi")) == []


# The patient


@pytest.mark.parametrize(
    ("family", "given", "written", "same"),
    [
        ("ŞAHİN", "AYŞEGÜL", "SAHIN^AYSEGUL", True),
        ("Işık", "Gülçin Öznur", "ISIK^GULCIN", True),
        ("Çağlar", "Ümit", "ÜMİT^ÇAĞLAR", True),
        ("Yılmaz", "Ali", "YILMAZ^ALİ^^DR", True),
        ("Yılmaz", "Ali", "YILMAZ ALI", True),
        ("Yılmaz", "Ali", "", True),
        ("", "", "YILMAZ^ALI", True),
        ("Yılmaz", "Ali", "Yılmaz^Ali=山田^太郎", True),
        ("Yılmaz", "Ali", "YILMAZ^VELI", False),
        ("Yılmaz", "Ali", "ANONYMOUS", False),
    ],
)
def test_names_are_compared_without_marks_case_and_order(family: str, given: str, written: str, same: bool) -> None:
    assert same_name(Patient(family=family, given=given), written) is same


def test_a_patient_who_differs_is_said_without_saying_how() -> None:
    one = made(
        "CT",
        patient_name="BASKA^BIRI",
        patient_birth_date="19990101",
        patient_sex="M",
        other_patient_ids=("10000000214",),
        patient_id="D-1",
        institution="900001",
    )
    found = hints_of(one, DATA)
    assert [hint.code for hint in found] == [
        "patient-identifier-differs",
        "patient-name-differs",
        "patient-birth-date-differs",
        "patient-sex-differs",
    ]
    said = "".join(f"{hint.expected}{hint.found}{hint.where}" for hint in found)
    assert not any(secret in said for secret in ("BASKA", "ÖRNEK", "1999", "1980", TCKN, "10000000214"))


def test_a_patient_who_agrees_or_of_whom_the_images_say_nothing_has_no_hint() -> None:
    same = made("CT", patient_name="ORNEK^IPEK", patient_birth_date="19800101", patient_sex="F")
    assert (codes(same), codes(made("CT", patient_name="", patient_birth_date="", patient_sex="O"))) == ([], [])


# The side


def side(*written: str, part: str = "KNEE", sop_class: str = "1.2.840.10008.5.1.4.1.1.1.1") -> SeriesFacts:
    details = SeriesDetails(
        looked_at=1, sop_class=sop_class, lateralities=written, body_part=part, imager_pixel_spacing="0.1\\0.1"
    )
    return series("DX", details)


@pytest.mark.parametrize(
    ("name", "written", "found"),
    [
        ("DİZ GRAFİSİ, SOL, 2 YÖN", ("R",), ["laterality-differs"]),
        ("DİZ GRAFİSİ, SOL, 2 YÖN", ("L",), []),
        ("DİZ GRAFİSİ, SOL, 2 YÖN", ("L", "R"), []),
        ("DİZ GRAFİSİ, SOL, 2 YÖN", ("B",), []),
        ("Right knee X-ray", ("L",), ["laterality-differs"]),
        ("DİZ GRAFİSİ, SAĞ VE SOL", ("R",), ["laterality-differs"]),
        ("DİZ GRAFİSİ, BİLATERAL", ("L", "R"), []),
        ("SOLUNUM GRAFİSİ", ("R",), []),
        ("DİZ GRAFİSİ", ("R",), []),
        ("DİZ GRAFİSİ", ("",), ["laterality-missing"]),
        ("DİZ GRAFİSİ, SOL", ("", "R"), ["laterality-missing"]),
        ("DİZ GRAFİSİ, BİLATERAL", ("",), []),
    ],
)
def test_the_side_of_the_order_is_among_the_images(name: str, written: tuple[str, ...], found: list[str]) -> None:
    assert codes(made("DX", side(*written), name=name)) == found


def test_a_paired_part_is_told_by_its_name_or_by_the_images_and_others_need_no_side() -> None:
    assert codes(made("DX", side("", part="HAND"), name="GRAFİ")) == ["laterality-missing"]
    assert codes(made("DX", side("", part="CHEST"), name="GRAFİ")) == []
    capture = side("", part="HAND", sop_class="1.2.840.10008.5.1.4.1.1.7")
    assert codes(made("DX", capture, name="GRAFİ")) == []


def mammogram(sides: tuple[str, ...], views: tuple[str, ...], images: int = 4) -> SeriesFacts:
    details = SeriesDetails(looked_at=images, lateralities=sides, views=views, imager_pixel_spacing="0.07\\0.07")
    return series("MG", details, images=images)


def test_every_mammogram_has_side_and_view() -> None:
    assert codes(made("MG", mammogram(("L", "R"), ("CC", "MLO")))) == []
    assert codes(made("MG", mammogram(("", "R"), ("CC", "MLO")))) == ["mammography-side-missing"]
    assert codes(made("MG", mammogram(("U",), ("CC",)))) == ["mammography-side-missing"]
    hint = only(made("MG", mammogram(("R",), ("", "CC"))))
    assert (hint.code, hint.mender, hint.series) == ("mammography-view-missing", Mender.MODALITY, "1.2.3.1")


# Protocols


def test_a_screening_has_four_pictures_and_a_diagnostic_one_as_many_as_it_needs() -> None:
    three = mammogram(("L", "R"), ("CC", "MLO"), images=3)
    hint = only(made("MG", three, loinc="24606-6"))
    assert (hint.code, hint.expected, hint.found) == ("images-too-few", ">= 4", "3")
    assert codes(made("MG", three, loinc="24605-8")) == []
    assert codes(made("MG", mammogram(("L", "R"), ("CC", "MLO")), loinc="24606-6")) == []


def test_series_are_counted_without_captures() -> None:
    spaced = [series("MR", SPACED, number) for number in (1, 2)]
    capture = series("MR", replace(SPACED, sop_class="1.2.840.10008.5.1.4.1.1.7.2"), 3)
    hint = only(made("MR", *spaced, capture, name="BEYİN MR"))
    assert (hint.code, hint.expected, hint.found) == ("series-too-few", ">= 3", "2")
    assert codes(made("MR", *spaced, series("MR", SPACED, 3), name="BEYİN MR")) == []


def test_of_exams_that_share_an_acquisition_nobody_can_tell_whose_series_is_missing() -> None:
    one = made("MR", series("MR", SPACED), name="BEYİN MR")
    shared = replace(one, studies=tuple(replace(study, path="acquisition-group") for study in one.studies))
    assert (codes(one), codes(shared)) == (["series-too-few"], [])


# Pixel spacing


@pytest.mark.parametrize(
    ("modality", "pixel", "imager", "found"),
    [
        ("CT", "0.5\\0.5", "", None),
        ("CT", "", "0.5\\0.5", "pixel-spacing-missing"),
        ("CT", "0\\0", "", "pixel-spacing-zero"),
        ("CT", "0.5\\0.0", "", "pixel-spacing-zero"),
        ("MR", "0.5", "", "pixel-spacing-zero"),
        ("MR", "nan\\nan", "", "pixel-spacing-zero"),
        ("MR", "-1\\-1", "", "pixel-spacing-zero"),
        ("DX", "0.1\\0.1", "", "pixel-spacing-missing"),
        ("DX", "", "0.1\\0.1", None),
        ("CR", "0.1\\0.1", "", None),
        ("CR", "0\\0", "0.1\\0.1", None),
        ("CR", "", "", "pixel-spacing-missing"),
        ("US", "", "", None),
    ],
)
def test_spacing_is_asked_for_where_one_measures(modality: str, pixel: str, imager: str, found: str | None) -> None:
    details = SeriesDetails(looked_at=1, lateralities=("",), pixel_spacing=pixel, imager_pixel_spacing=imager)
    assert codes(made(modality, series(modality, details))) == ([found] if found else [])


def test_a_screen_capture_needs_no_spacing() -> None:
    capture = SeriesDetails(looked_at=1, sop_class="1.2.840.10008.5.1.4.1.1.7")
    assert codes(made("CT", series("CT", SPACED), series("CT", capture, 2))) == []


# Dose


def dosed(value: float, unit: str = "mGy.cm", **changes: object) -> Exam:
    report = DoseReport(
        sop_instance_uid="9", values=(DoseValue(code="113813", name="DLPTotal", value=value, unit=unit),)
    )
    study: StudyFacts = made("CT", name="BT BEYİN").studies[0].facts
    one = made("CT", name="BT BEYİN")
    return replace(one, studies=(linked(replace(study, dose_reports=(report,))),), **changes)


def test_a_dose_above_the_level_is_said_with_its_source_and_one_at_it_is_not() -> None:
    hint = only(dosed(839.1))
    assert (hint.code, hint.expected, hint.found) == ("dose-high", "<= 839 mGy.cm", "839.1 mGy.cm")
    assert "2024" in hint.source
    assert (codes(dosed(839.0)), codes(dosed(9000, unit="mGy"))) == ([], [])


def test_of_a_child_of_unknown_age_or_with_contrast_no_level_is_known() -> None:
    high = dosed(5000)
    assert high.order is not None

    def born(day: str) -> Exam:
        assert high.order is not None
        return replace(high, order=replace(high.order, patient=replace(high.order.patient, birth_date=day)))

    assert codes(born("20060514")) == ["dose-high"]  # eighteen on the day of the images
    assert (codes(born("20060515")), codes(born(""))) == ([], [])
    assert codes(replace(high, reports=(received(contrast="IV^Iohexol"),))) == []
    named = (Procedure(sut="R1", sut_name="BT BEYİN KONTRASTLI"),)
    assert codes(replace(high, order=replace(high.order, procedures=named))) == []


def test_an_exam_of_two_regions_or_two_procedures_is_held_against_no_level() -> None:
    high = dosed(5000)
    assert high.order is not None
    both = (Procedure(sut="R1", sut_name="BT BEYİN VE TORAKS"),)
    assert codes(replace(high, order=replace(high.order, procedures=both))) == []
    two = (*high.order.procedures, Procedure(sut="R2", sut_name="BT BEYİN"))
    assert codes(replace(high, order=replace(high.order, procedures=two))) == []
