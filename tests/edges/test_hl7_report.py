"""Versions signed here, written in the layout of a hospital and read again by the reader of incoming messages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gecit.core.exam import Exam, ReceivedReport
from gecit.core.order import Person, Procedure
from gecit.core.reading import Signature
from gecit.core.remarks import Severity
from gecit.core.report import Report, ReportPart, ReportStatus
from gecit.edges import hl7_profile, hl7_reader
from gecit.edges.hl7_report import ReportWriter, character_set, unwritable
from gecit.ports import Institution
from tests.support.flow import HOSPITAL, key, order
from tests.support.reading import CONCLUSION, NOW, PROFILES

ID = "G" + "A" * 19
LETTERS = "ğüşıöç ĞÜŞİÖÇ âîû | ^ & ~ \\ son"
PARTS = {
    ReportPart.TECHNIQUE: "Kontrastsız BT.",
    ReportPart.FINDINGS: f"Satır 1\nSatır 2: {LETTERS} " + "olağan" * 12,
    ReportPart.CONCLUSION: CONCLUSION,
}
PROCEDURES = (
    Procedure(sut="804000", sut_name="Toraks BT", loinc="24627-2", loinc_name="CT Chest"),
    Procedure(sut="804010", sut_name="Toraks BT, kontrastlı & geç", loinc="24628-0"),
)


def report(**differs: Any) -> Report:
    made = Report(
        key=key(),
        patient=replace(
            order().patient, family="ŞAHİN", given="Ayşegül", birth_date="19800214", sex="F", file_number="D-1"
        ),
        status=ReportStatus.FINAL,
        parts=PARTS,
        radiologists=(
            Person(identifier="10000090178", family="ÖRNEKÇİ", given="Ayşegül"),
            Person(identifier="10000090246", family="DENEMECİ", given="Işık"),
        ),
        approved_at=NOW.replace(microsecond=0),
        message_at=NOW.replace(microsecond=0),
        procedures=PROCEDURES,
        modality="CT",
        request_reason_rating=4,
        image_quality_rating=5,
        contrast="IV^İyoheksol^300 mg/ml",
    )
    return replace(made, **differs)


def written(one: Report, profile: str, **differs: Any) -> bytes:
    institution = replace(HOSPITAL, profile=profile, **differs)
    signature = Signature(by="ayse", at=NOW, employer="910007")
    version = ReceivedReport(report=one, received_at=NOW, message=0, signature=signature)
    exam = Exam(key=key(), order=order(admission="P-7"), reports=(version,))
    return ReportWriter(PROFILES)(exam, version, institution, ID)


def read(data: bytes, profile: str) -> hl7_profile.Reading:
    message = hl7_reader.parse(data, agreed=PROFILES[profile].character_set)
    return hl7_profile.read(message, PROFILES[profile], institution_hint=HOSPITAL.skrs)


@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("status", ReportStatus)
def test_what_is_written_in_a_layout_is_read_by_it_without_a_remark(profile: str, status: ReportStatus) -> None:
    one = report(status=status)
    found = read(written(one, profile), profile)
    assert [r.code for r in found.remarks if r.severity is not Severity.NOTE] == []
    assert found.content == one
    assert found.control_id == ID
    assert found.institution == HOSPITAL.skrs


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_the_same_version_is_the_same_bytes(profile: str) -> None:
    assert written(report(), profile) == written(report(), profile)


def test_who_reported_for_another_institution_is_named_in_obr_15() -> None:
    message = hl7_reader.parse(written(report(), "ministry"))
    assert message.get("OBR", 15, 1, 1) == "910007"
    assert message.get("OBR", 15, 1, 3) == "SKRS"


def test_each_procedure_has_its_group_and_the_report_stands_once() -> None:
    message = hl7_reader.parse(written(report(), "ministry"))
    assert [one.id for one in message.segments] == ["MSH", "PID", "PV1", "ORC", "OBR", "ORC", "OBR", "OBX"]
    assert [one.get(4, 1) for one in message.all("OBR")] == ["804000", "804010"]


def test_the_agreed_character_set_is_used_and_said() -> None:
    assert character_set(Institution(skrs="1"), PROFILES["ministry"]) == "UTF8"
    data = written(report(), "ministry", character_set="Windows1254")
    assert hl7_reader.parse(data).get("MSH", 18) == "Windows1254"
    assert "ŞAHİN".encode("cp1254") in data
    assert read(data, "ministry").content == report()


def test_letters_that_a_character_set_has_not_are_named_once() -> None:
    assert unwritable("α ≥ 3 mm, β ≥ 4 mm; ğüşıöç İ", "Windows1254") == "α≥β"
    assert unwritable("α ≥ 3 mm", "UTF8") == ""


def test_an_hour_later_a_correction_is_another_message() -> None:
    later = report(status=ReportStatus.CORRECTED, approved_at=NOW + timedelta(hours=1))
    assert written(later, "ministry") != written(report(), "ministry")


def observation(data: bytes) -> list[str]:
    return next(one for one in data.decode().split("\r") if one.startswith("OBX|")).split("|")


def test_a_critical_finding_is_flagged_in_obx_8_as_the_profile_allows() -> None:
    assert observation(written(report(), "ministry"))[8] == ""
    assert observation(written(report(critical="Akut kanama"), "ministry"))[8] == "AA"  # HL7 v2.3.1 table 0078
    quiet = {**PROFILES, "ministry": replace(PROFILES["ministry"], critical_flag="")}
    one = ReceivedReport(report=report(critical="Akut kanama"), received_at=NOW, message=0)
    exam = Exam(key=key(), order=order(admission="P-7"), reports=(one,))
    assert observation(ReportWriter(quiet)(exam, one, HOSPITAL, ID))[8] == ""
