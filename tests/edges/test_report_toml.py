"""What is written as a file is read again to the letter, and a file that cannot be used says why."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from msgspec.structs import replace

from gecit.core.exam_kinds import Kind
from gecit.core.report import ReportPart
from gecit.edges.report_files import ReportFileError, read_reporting
from gecit.edges.report_toml import LONGEST_FILE, read_file, write_kind, write_macros

RULES = Path(__file__).parents[2] / "rules"
SHIPPED = read_reporting(RULES)
ODD = 'Tırnak " ve """ üç tane, ters \\n eğik, \ttab, \x7f DEL, ğüşıöç ĞÜŞİÖÇ 🦴'


@pytest.mark.parametrize("kind", SHIPPED.kinds, ids=lambda one: one.id)
def test_a_shipped_kind_is_the_same_after_writing_and_reading(kind: Kind) -> None:
    assert read_file(write_kind(kind).encode()) == kind


def test_shipped_macros_are_the_same_after_writing_and_reading() -> None:
    assert read_file(write_macros(SHIPPED.macros).encode()) == SHIPPED.macros


def test_no_letter_is_lost() -> None:
    kind = replace(SHIPPED.kinds[0], template={ReportPart.FINDINGS: f"{ODD}\nikinci satır\n\n{ODD}"})
    assert read_file(write_kind(kind).encode()) == kind


def test_what_is_written_can_be_laid_over_the_shipped_files(tmp_path: Path) -> None:
    kind = replace(SHIPPED.kinds[0], template={ReportPart.FINDINGS: "Bizim şablon:"})
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / f"{kind.id}.toml").write_text(write_kind(kind), encoding="utf-8")
    assert kind in read_reporting(RULES, tmp_path).kinds


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"id = ", "Invalid value"),
        (b"\xff\xfe", "decode"),
        (b'id = "x"', "title"),
        (b'id="x"\ntitle.tr="x"\ntitle.en="x"\n[template]\nother="x"', "template.other"),
        (b'[[macro]]\nid="a"\ntitle.tr="a"\ntitle.en="a"\npart="9"\ntext="x"', "part"),
        (b"#" * (LONGEST_FILE + 1), "bytes"),
        (b"a = " + b"[" * 50_000, ""),
    ],
)
def test_a_file_that_cannot_be_used_says_why(content: bytes, said: str) -> None:
    with pytest.raises(ReportFileError, match=said):
        read_file(content)


def test_what_is_written_is_toml() -> None:
    assert tomllib.loads(write_kind(SHIPPED.kinds[0]))["id"] == SHIPPED.kinds[0].id
