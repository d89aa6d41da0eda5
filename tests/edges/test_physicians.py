"""The list that turns a physician's TCKN into registration number and branch code."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gecit.edges.codes import CodeListError, import_csv
from gecit.edges.physicians import ListedPhysicians
from gecit.ports import Unavailable

NOW = datetime(2024, 7, 1, tzinfo=UTC)
HEADER = "tckn,tescil_no,brans_kodu,name,source,verified\n"
SOMEBODY = "10000090178"


def imported(folder: Path, text: str) -> Path:
    (folder / "physicians.csv").write_text(HEADER + text, encoding="utf-8")
    import_csv(folder / "codes.db", "physicians", folder / "physicians.csv", NOW)
    return folder / "codes.db"


def test_who_is_in_the_list_is_found_and_nobody_else(tmp_path: Path) -> None:
    listed = ListedPhysicians(imported(tmp_path, f"{SOMEBODY},70178,990,Dr. Ayşegül Örnekçi,kurgu,0\n"))
    found = listed.physician(SOMEBODY)
    assert found and (found.registration, found.branch, found.name) == ("70178", "990", "Dr. Ayşegül Örnekçi")
    assert listed.physician("10000090246") is None


def test_before_any_import_nobody_is_known(tmp_path: Path) -> None:
    assert ListedPhysicians(tmp_path / "codes.db").physician(SOMEBODY) is None


def test_a_new_import_is_seen_at_once(tmp_path: Path) -> None:
    listed = ListedPhysicians(imported(tmp_path, f"{SOMEBODY},70178,,Dr. Ö,kurgu,0\n"))
    first = listed.physician(SOMEBODY)
    assert first and first.branch == ""
    imported(tmp_path, f"{SOMEBODY},70178,990,Dr. Ö,kurgu,0\n")
    second = listed.physician(SOMEBODY)
    assert second and second.branch == "990"


@pytest.mark.parametrize(
    "row", ["1,70178,990,Dr. Ö,kurgu,0", f"{SOMEBODY},,990,Dr. Ö,kurgu,0", f"{SOMEBODY},x1,9,Ö,k,0"]
)
def test_a_row_that_cannot_be_used_is_refused_with_the_whole_list(tmp_path: Path, row: str) -> None:
    with pytest.raises(CodeListError):
        imported(tmp_path, f"{row}\n")


def test_a_file_that_cannot_be_read_is_no_absence(tmp_path: Path) -> None:
    (tmp_path / "codes.db").write_bytes(b"no database" * 100)
    with pytest.raises(Unavailable):
        ListedPhysicians(tmp_path / "codes.db").physician(SOMEBODY)
