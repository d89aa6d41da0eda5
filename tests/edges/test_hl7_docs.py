"""docs/conformance/hl7.md says what the code does."""

import re
from pathlib import Path

import pytest

from gecit.cli.hl7_page import tables
from gecit.cli.hl7_page.fields import DEVIATING, ENCOUNTER_ROWS, ORDER, ORDER_ROWS, REPORT, REPORT_ROWS
from gecit.cli.hl7_page.page import MARKED, all_parts, generated
from gecit.core.codes_of_remarks import CATALOGUE
from gecit.core.profile import FACTS, Profile
from gecit.edges.hl7_profile import load, read
from gecit.edges.hl7_reader import parse
from gecit.edges.rules_files import read_folder
from gecit.settings import REFERENCE
from tests.support.hl7_samples import PROFILES, profile, wire

PAGE = (Path(__file__).parents[2] / "docs" / "conformance" / "hl7.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_remark_stands_on_the_page_as_it_is_said(code):
    row = next((line for line in PAGE.splitlines() if line.startswith(f"| `{code}` |")), "")
    entry = CATALOGUE[code]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    expected = [f"`{code}`", entry.severity.value, entry.tr, entry.en, entry.mender.text.en]
    assert cells == [*expected, "yes" if entry.transient else "", entry.ministry]


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_path_of_every_profile_stands_on_the_page(path):
    profile = load(path)
    assert f"### `{profile.id}`" in PAGE
    missing = {one.path for sources in profile.facts.values() for one in sources if f"`{one.path}`" not in PAGE}
    assert missing == set()


@pytest.fixture(scope="module")
def parts():
    return all_parts(PROFILES.parent)


def test_the_generated_parts_are_what_the_code_says_today(parts):
    assert generated(PAGE, parts) == PAGE, "run `make docs`"


def test_every_generated_part_stands_on_the_page_once(parts):
    assert sorted(found["name"] for found in MARKED.finditer(PAGE)) == sorted(parts)


@pytest.mark.parametrize("rows", [ORDER_ROWS, REPORT_ROWS, ENCOUNTER_ROWS], ids=["order", "report", "encounter"])
def test_no_field_stands_in_a_table_twice(rows):
    places = [one.place for one in rows]
    assert len(places) == len(set(places))


def test_every_field_that_the_ministrys_layout_reads_has_its_row():
    listed = {(one.segment, one.field) for one in (*ORDER_ROWS, *REPORT_ROWS, *ENCOUNTER_ROWS)}
    facts = profile().facts.values()
    assert {(one.segment, one.field) for sources in facts for one in sources} <= listed


@pytest.mark.parametrize(
    ("name", "rows"),
    [("order-fields", ORDER_ROWS), ("report-fields", REPORT_ROWS), ("encounter-fields", ENCOUNTER_ROWS)],
)
def test_an_empty_required_field_is_never_passed_over(parts, name, rows):
    cells = [line.replace("\\|", "").split(" | ") for line in parts[name].splitlines()[2:]]
    empty = {line[0].strip("| "): line[6] for line in cells}
    assert sorted(empty) == sorted(one.place for one in rows)
    assert [one.place for one in rows if one.usage == "R" and empty[one.place] == "nothing"] == []


def test_every_condition_is_said_and_nothing_else_has_one():
    rows = (*ORDER_ROWS, *REPORT_ROWS, *ENCOUNTER_ROWS)
    assert [one.place for one in rows if bool(one.when) != (one.usage == "C")] == []
    assert {one.usage for one in rows} <= {"R", "RE", "C", "O"}


@pytest.mark.parametrize("field", ["MSH-1", "MSH-12", "PID-5", "ORC-21", "OBX-16"])
def test_names_are_those_of_the_standard(field):
    known = {
        "MSH-1": ("Field separator", "ST", ""),
        "MSH-12": ("Version id", "VID", "0104"),
        "PID-5": ("Patient name", "XPN", ""),
        "ORC-21": ("Ordering facility name", "XON", ""),
        "OBX-16": ("Responsible observer", "XCN", ""),
    }
    segment, number = field.split("-")
    assert tables.name_of(segment, int(number)) == known[field]


def test_the_whole_messages_are_read_without_a_remark_and_fill_every_fact():
    order, report = read(parse(wire(ORDER)), profile()), read(parse(wire(REPORT)), profile())
    assert (order.remarks, report.remarks) == ((), ())
    left = {"performing_institution", "repeat_reason"}
    assert {one for one in order.content.__struct_fields__ if not getattr(order.content, one)} == left
    unasked = {
        "critical",
        "key_images",
        "request_reason_reasons",
        "image_quality_reasons",
    }
    assert {one for one in report.content.__struct_fields__ if not getattr(report.content, one)} == unasked


def test_the_deviating_message_says_what_the_ministrys_would():
    ours = read(parse(wire(ORDER)), profile()).content
    deviating = profile("example-hbys")
    other = read(parse(wire(DEVIATING, "cp1254"), agreed=deviating.character_set), deviating)
    assert other.remarks == ()
    mislabelled = read(parse(wire(DEVIATING), agreed=deviating.character_set), deviating)
    assert [one.code for one in mislabelled.remarks] == ["charset-mislabelled"]
    assert mislabelled.content == other.content
    same = ("patient", "procedures", "ordered_at", "scheduled_at", "modality", "physician", "admission", "diagnoses")
    assert [one for one in same if getattr(ours, one) != getattr(other.content, one)] == []
    assert (other.content.key.institution, other.content.key.accession) == ("999001", "ORNEK0003")


def test_every_field_of_an_acknowledgment_has_its_row():
    filled = set()
    for line in tables.ack_example().strip().splitlines():
        name, *fields = line.split("|")
        first = 2 if name == "MSH" else 1
        filled |= {(name, number) for number, value in enumerate(fields, first) if value}
    assert filled | {("MSH", 1)} == set(tables.ACK_ROWS)


def test_what_is_unknown_is_configured_where_the_page_says():
    section = PAGE.split("## What nobody outside knows")[1]
    cells = [line.strip("| ").split(" | ")[2] for line in section.splitlines() if line.startswith("| ")][1:]
    named = {one.strip("[]") for cell in cells for one in re.findall(r"`([^`]+)`", cell)}
    book = read_folder(PROFILES.parent)
    known = {*FACTS, *Profile.__struct_fields__, *CATALOGUE, *(one.id for one in book.rules)}
    known |= {one.key.rpartition(".")[0] for one in REFERENCE}
    known |= {key for rule in book.rules for edition in rule.editions for key in edition.params}
    assert len(cells) > 10 and len(named) > 10
    assert named - known == set()


def test_every_key_of_a_profile_stands_in_the_table_of_the_layouts(parts):
    keys = {f"`{one}`" for one in Profile.__struct_fields__} - {"`id`", "`title`", "`facts`"}
    assert {line.strip("| ").split(" | ")[0] for line in parts["settings"].splitlines()[2:]} == keys
