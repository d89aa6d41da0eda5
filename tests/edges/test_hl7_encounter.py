"""ADT read by a profile, and as written by hl7apy."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from gecit.cli.hl7_page.fields import ENCOUNTER
from gecit.core.encounters import EncounterTold, Trigger
from gecit.core.order import Patient, Person
from gecit.core.values import ISTANBUL
from gecit.edges.hl7_build import Envelope, encounter_message
from gecit.edges.hl7_profile import Reading, load, read
from gecit.edges.hl7_reader import parse
from tests.support.hl7_samples import PROFILES, profile, wire

DOCTOR = Person(identifier="10000080100", family="MASALCI", given="GÜLŞEN")
FAMILY = Person(identifier="10000090178", family="ÖRNEKÇİ", given="AYŞEGÜL")
TOLD = EncounterTold(
    trigger=Trigger.ADMIT,
    institution="999001",
    number="KABUL9",
    patient=Patient(
        tckn="10000000146", file_number="F1001", family="ŞAHİN", given="ÇİĞDEM", birth_date="19800102", sex="K"
    ),
    patient_class="I",
    attending=(DOCTOR,),
    family_doctors=(FAMILY,),
    told_at=datetime(2024, 1, 2, 7, 59, 30, tzinfo=ISTANBUL),
)


def reading(text: str = ENCOUNTER, hint: str = "") -> Reading:
    return read(parse(wire(text)), profile(), institution_hint=hint)


def changed(*pairs: tuple[str, str]) -> Reading:
    text = ENCOUNTER
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return reading(text)


def codes(found: Reading) -> list[str]:
    return [one.code for one in found.remarks]


def test_the_whole_message_says_everything() -> None:
    found = reading()
    assert (found.content, found.remarks, found.institution, found.accession) == (TOLD, (), "999001", "")


@pytest.mark.parametrize("trigger", list(Trigger))
def test_every_message_that_is_built_is_read_again(trigger: Trigger) -> None:
    told = replace(TOLD, trigger=trigger, ended_at=datetime(2024, 1, 5, 11, tzinfo=ISTANBUL))
    found = read(parse(encounter_message(told, Envelope(control_id="1", application="F"), told.told_at)), profile())
    assert (found.content, found.remarks) == (told, ())


@pytest.mark.parametrize(
    ("pv1_7", "attending"),
    [
        ("10000080100^MASALCI^GÜLŞEN", (DOCTOR,)),
        ("10000080100^MASALCI^GÜLŞEN~10000090178^ÖRNEKÇİ^AYŞEGÜL", (DOCTOR, FAMILY)),
        ("", None),
        ('""', ()),
    ],
)
def test_who_attends_may_be_several_unsaid_or_taken_away(pv1_7: str, attending: Any) -> None:
    found = changed(("10000080100^MASALCI^GÜLŞEN", pv1_7)).content
    assert isinstance(found, EncounterTold) and found.attending == attending


@pytest.mark.parametrize(
    ("trigger", "pv1_45", "evn", "hour"),
    [
        ("A03", "", "", None),
        ("A03", "", "||||202401051000", 10),
        ("A03", "202401051100", "||||202401051000", 11),
        ("A08", "", "||||202401051000", None),
        ("A08", "202401051100", "", 11),
    ],
)
def test_when_it_ended_is_said_by_pv1_45_and_of_a_discharge_by_evn_6(
    trigger: str, pv1_45: str, evn: str, hour: int | None
) -> None:
    found = changed(
        ("ADT^A01", f"ADT^{trigger}"), ("|999001\n", f"|999001||||||{pv1_45}\n"), ("075930", f"075930{evn}")
    ).content
    assert isinstance(found, EncounterTold)
    assert found.ended_at == (hour and datetime(2024, 1, 5, hour, tzinfo=ISTANBUL))


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([("KABUL9", "")], ["encounter-number"]),
        ([("KABUL9", "9" * 65)], ["encounter-number"]),
        ([("EVN|A01|20240102075930\n", "")], ["type-contradicts-body"]),
        ([("F1001", ""), ("10000000146", "")], ["patient-missing"]),
        ([("ADT^A01", "ADT^A40")], ["message-type-unknown"]),
        ([("ADT^A01", "ADT")], ["message-type-unknown"]),
        ([("|999001\n", "\n")], ["institution-missing"]),
    ],
)
def test_what_cannot_be_followed_is_refused_and_said(pairs: list[tuple[str, str]], said: list[str]) -> None:
    assert codes(changed(*pairs)) == said


def test_a_silent_message_is_of_the_peers_institution() -> None:
    found = reading(ENCOUNTER.replace("|999001\n", "\n"), hint="910001")
    assert isinstance(found.content, EncounterTold) and found.content.institution == "910001"
    assert (found.institution, found.remarks) == ("", ())


def test_a_location_that_is_no_code_names_no_institution() -> None:
    found = changed(("|999001\n", "|DAHİLİYE\n"), ("|I|||||", "|I|K1^101^1^999002||||"))
    assert found.institution == "999002"


def test_a_layout_that_says_nothing_of_adt_reads_it_where_hl7_has_it() -> None:
    lines = (PROFILES / "ministry.toml").read_text(encoding="utf-8").splitlines(keepends=True)
    names = ("facility ", "attending ", "family_doctor ", "told_at ", "happened_at ", "discharged_at ")
    older = load("".join(one for one in lines if not one.startswith(names)).encode())
    assert read(parse(wire(ENCOUNTER)), older).content == TOLD
