"""Code lists: what is imported, what is refused, what is found."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gecit.edges.code_columns import LISTS
from gecit.edges.codes import (
    CodeListError,
    get,
    import_csv,
    import_folder,
    read_csv,
    revision,
    search,
    snapshots,
)

ROOT = Path(__file__).parents[2]
SHIPPED, DEMO = ROOT / "rules" / "codes", ROOT / "plugins" / "gecit" / "sandbox" / "data"
NOW = datetime(2024, 7, 1, 9, 30, tzinfo=UTC)
HEADER = "code,name_tr,name_en,modality,source,verified\n"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "codes.db"


def csv_of(folder: Path, text: str | bytes, name: str = "loinc.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def faults_of(folder: Path, text: str | bytes, kind: str = "loinc") -> list[tuple[int, str]]:
    with pytest.raises(CodeListError) as caught:
        read_csv(kind, csv_of(folder, text))
    return [(one.line, one.column) for one in caught.value.faults]


def test_the_shipped_lists_and_the_demo_s_are_imported_without_a_fault(database: Path) -> None:
    imported = import_folder(database, SHIPPED, NOW) + import_folder(database, DEMO, NOW)
    assert {one.kind for one in imported} == set(LISTS)
    assert all(one.rows > 0 for one in imported)


def test_a_code_is_found_by_itself(database: Path) -> None:
    import_folder(database, SHIPPED, NOW)
    assert get(database, "sut", "801590") == {
        "code": "801590",
        "name_tr": "Mamografi (tek meme)",
        "name_en": "Mammography (one breast)",
        "modality": "",
        "source": "a published sample HL7 message",
        "verified": 1,
    }
    assert get(database, "sut", "999999") is None


@pytest.mark.parametrize("text", ["KASIK", "kasık", "kasik", "Kasık us", "kas"])
def test_turkish_letters_are_found_however_they_are_typed(database: Path, text: str) -> None:
    import_folder(database, SHIPPED, NOW)
    assert [row["code"] for row in search(database, "loinc", text)] == ["24719-7"]


@pytest.mark.parametrize("text", ["", "  ", '"', "a OR b*", "NEAR(", "' or 1=1 --", "-"])
def test_no_text_breaks_a_search(database: Path, text: str) -> None:
    import_folder(database, SHIPPED, NOW)
    assert search(database, "loinc", text) == []


def test_where_nothing_was_imported_nothing_is_found(database: Path) -> None:
    assert search(database, "loinc", "x") == []
    assert get(database, "loinc", "x") is None
    assert snapshots(database) == []
    assert revision(database) == ""


def test_an_unknown_list_is_an_error_even_with_a_hostile_name(database: Path) -> None:
    with pytest.raises(KeyError):
        search(database, 'loinc" --', "x")


def test_every_bad_cell_of_a_file_is_named(tmp_path: Path) -> None:
    rows = (
        "24725-5,BT beyin,,CT,kaynak,1\n"  # wrong check digit
        "24725-4,,,ct,kaynak,belki\n"  # no name, modality in lower case, neither yes nor no
        "24590-2,MR beyin,,MR,,1,fazla\n"  # a column too many
        "24725-4,BT beyin,,CT,kaynak,1\n"  # twice
    )
    assert faults_of(tmp_path, HEADER + rows) == [
        (2, "code"), (3, "name_tr"), (3, "modality"), (3, "verified"), (4, ""), (5, "code"),
    ]  # fmt: skip


def test_a_fault_says_in_both_languages_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(CodeListError) as caught:
        read_csv("loinc", csv_of(tmp_path, HEADER + "24725-5,BT,,CT,kaynak,1\n"))
    (fault,) = caught.value.faults
    assert "24725-5" in fault.text.tr and "24725-5" in fault.text.en
    assert fault.file == "loinc.csv"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [(1, "code"), (1, "name_tr"), (1, "source"), (1, "verified")]),
        ("code,name_tr,source,verified,colour\n", [(1, "colour")]),
        ("code,name_tr,source\n", [(1, "verified")]),
        (HEADER.encode() + "24725-4,Ğöğüs,,CT,kaynak,1\n".encode("cp1254"), [(2, "")]),
    ],
    ids=["empty file", "unknown column", "missing column", "Windows-1254"],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str | bytes, expected: list[tuple[int, str]]) -> None:
    assert faults_of(tmp_path, text) == expected


def test_a_line_is_counted_as_an_editor_counts_it(tmp_path: Path) -> None:
    rows = '24725-4,"BT\nbeyin",,CT,kaynak,1\n\n24725-5,BT,,CT,kaynak,1\n'
    assert faults_of(tmp_path, HEADER + rows) == [(5, "code")]


def test_a_spreadsheet_s_semicolons_and_byte_order_mark_are_read(tmp_path: Path) -> None:
    text = "\ufeff" + HEADER.replace(",", ";") + "24725-4;BT, beyin;;CT;kaynak;evet\r\n"
    (row,) = read_csv("loinc", csv_of(tmp_path, text))
    assert (row["name_tr"], row["verified"]) == ("BT, beyin", 1)


def test_a_bad_file_leaves_the_list_as_it_was(database: Path, tmp_path: Path) -> None:
    import_folder(database, SHIPPED, NOW)
    before = database.read_bytes()
    with pytest.raises(CodeListError):
        import_csv(database, "loinc", csv_of(tmp_path, HEADER + "x,y,,CT,z,1\n"), NOW)
    assert database.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_one_bad_file_of_a_folder_stops_all_of_it(database: Path, tmp_path: Path) -> None:
    csv_of(tmp_path, HEADER + "24725-4,BT beyin,,CT,kaynak,1\n")
    csv_of(tmp_path, HEADER + "80.15,Film,,CT,kaynak,1\n", "sut.csv")
    with pytest.raises(CodeListError):
        import_folder(database, tmp_path, NOW)
    assert not database.exists()


def test_the_same_rows_again_are_no_new_revision(database: Path, tmp_path: Path) -> None:
    row = "24725-4,BT beyin,,CT,kaynak,1\n24590-2,MR beyin,,MR,kaynak,1\n"
    first = import_csv(database, "loinc", csv_of(tmp_path, HEADER + row), NOW)
    turned = "\n".join(reversed(row.strip().split("\n")))
    again = import_csv(database, "loinc", csv_of(tmp_path, HEADER + turned), NOW + timedelta(days=1))
    assert again == first


def test_a_changed_list_is_a_new_revision_and_the_old_import_stays_on_record(database: Path, tmp_path: Path) -> None:
    import_csv(database, "loinc", csv_of(tmp_path, HEADER + "24725-4,BT beyin,,CT,kaynak,1\n"), NOW)
    before = revision(database)
    later = NOW + timedelta(days=1)
    import_csv(database, "loinc", csv_of(tmp_path, HEADER + "24590-2,MR beyin,,MR,kaynak,1\n"), later)
    assert revision(database) != before
    assert [one.imported_at for one in snapshots(database)] == [later]
    assert get(database, "loinc", "24725-4") is None
    with sqlite3.connect(database) as connection:
        assert connection.execute("select count(*) from snapshot").fetchone() == (2,)


def test_a_reader_that_has_the_old_list_open_keeps_it_whole(database: Path, tmp_path: Path) -> None:
    import_csv(database, "loinc", csv_of(tmp_path, HEADER + "24725-4,BT beyin,,CT,kaynak,1\n"), NOW)
    reader = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    rows = reader.execute("select code from loinc")
    import_csv(database, "loinc", csv_of(tmp_path, HEADER + "24590-2,MR beyin,,MR,kaynak,1\n"), NOW)
    assert rows.fetchall() == [("24725-4",)]
    assert reader.execute("select code from loinc").fetchall() == [("24725-4",)]
    reader.close()
    assert get(database, "loinc", "24590-2") is not None


def test_the_howto_names_every_list_and_column() -> None:
    page = (ROOT / "docs" / "howto" / "query-with-sqlite-utils.md").read_text(encoding="utf-8")
    for kind, columns in LISTS.items():
        assert f"`{kind}`" in page
        assert all(f"`{one.name}`" in page for one in columns)
