from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gecit.core.rulefile import RulebookError
from gecit.edges.rules_files import lint, notes, read_folder

SHIPPED = Path(__file__).parents[2] / "rules"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site's own folder, empty so far."""
    for name in ("submission", "exemptions"):
        (tmp_path / "site" / name).mkdir(parents=True)
    return tmp_path / "site"


def test_an_empty_site_folder_changes_nothing(site: Path) -> None:
    assert read_folder(SHIPPED, site) == read_folder(SHIPPED)


def test_a_site_folder_without_our_sub_folders_changes_nothing(tmp_path: Path) -> None:
    assert read_folder(SHIPPED, tmp_path) == read_folder(SHIPPED)


def test_a_site_exemption_lies_over_the_shipped_rules(site: Path) -> None:
    text = (SHIPPED / "exemptions" / "dose-report.toml").read_text(encoding="utf-8")
    (site / "exemptions" / "ours.toml").write_text(
        text.replace('id       = "dose-report"', 'id = "ours"'), encoding="utf-8"
    )
    book = read_folder(SHIPPED, site)
    assert {one.id: one.origin for one in book.exemptions}["ours"] == "site"
    assert {one.origin for one in book.exemptions if one.id != "ours"} == {"shipped"}
    assert book.revision != read_folder(SHIPPED).revision
    assert lint(site, SHIPPED) == []


def test_a_site_rule_replaces_the_shipped_one(site: Path) -> None:
    text = (SHIPPED / "submission" / "loinc-code.toml").read_text(encoding="utf-8")
    (site / "submission" / "loinc.toml").write_text(text.replace('"hold"', '"warn"'), encoding="utf-8")
    rule = read_folder(SHIPPED, site).rule("loinc-code")
    assert (rule.effect, rule.origin) == ("warn", "site")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("effect   =", "efect =", "submission/loinc-code.toml: efect: 'efect' is unknown; did you mean 'effect'?"),
        ("2020-03-16T00:00:00", "2020-13-16T00:00:00", "loinc-code.toml: this is no TOML"),
        ('"has_loinc"', '"has_lonc"', "edition[1].check: 'has_lonc' is unknown; did you mean 'has_loinc'?"),
    ],
)
def test_a_fault_names_file_and_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "rules")
    file = folder / "submission" / "loinc-code.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert any(said in one for one in lint(folder))


def test_faults_of_several_files_are_all_listed(tmp_path: Path) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "rules")
    (folder / "submission" / "bad.toml").write_text("= 1", encoding="utf-8")
    (folder / "exemptions" / "latin.toml").write_bytes('id = "ş"'.encode("cp1254"))
    assert [Path(one.split(":")[0]).name for one in lint(folder)] == ["latin.toml", "bad.toml"]


def test_a_folder_that_is_missing_is_a_fault_and_not_an_empty_rulebook(tmp_path: Path) -> None:
    with pytest.raises(RulebookError, match="no such folder"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(RulebookError, match="no such folder"):
        read_folder(SHIPPED, tmp_path / "nowhere")


def test_a_folder_without_rules_is_a_fault(tmp_path: Path) -> None:
    assert lint(tmp_path) != []


def test_a_file_that_is_no_toml_hides_no_fault_of_another_and_makes_none(tmp_path: Path) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "rules")
    (folder / "submission" / "dose-report.toml").write_text("= 1", encoding="utf-8")
    loinc = folder / "submission" / "loinc-code.toml"
    loinc.write_text(loinc.read_text(encoding="utf-8").replace('"hold"', '"hodl"'), encoding="utf-8")
    assert [Path(one.split(":")[0]).name for one in lint(folder)] == ["dose-report.toml", "loinc-code.toml"]


def test_faults_of_the_site_are_told_beside_those_of_the_shipped_folder(site: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "rules")
    (folder / "submission" / "bad.toml").write_text("= 1", encoding="utf-8")
    (site / "submission" / "worse.toml").write_text('id = "worse"', encoding="utf-8")
    assert {Path(one.split(":")[0]).name for one in lint(site, folder)} == {"bad.toml", "worse.toml"}


ROW = """
adds_to = "dose-report"

[[window]]
from      = 2025-05-14T09:30:00
last      = 2025-05-14T12:30:00
published = 2025-05-20
source    = { kind = "notice", title = "14.05.2025 Muafiyeti" }
"""


def test_one_row_dropped_into_the_sites_folder_is_added_to_the_shipped_exemption(site: Path) -> None:
    (site / "exemptions" / "may.toml").write_text(ROW, encoding="utf-8")
    before, after = read_folder(SHIPPED), read_folder(SHIPPED, site)
    rows = {one.id: one.windows for one in after.exemptions}["dose-report"]
    assert rows[-1].id == "dose-report@2025-05-14T09:30"
    assert {one.id for one in before.exemptions} == {one.id for one in after.exemptions}
    assert lint(site, SHIPPED) == []


def test_notes_tell_what_a_sites_files_replace_and_add_to_and_are_no_faults(site: Path) -> None:
    text = (SHIPPED / "submission" / "loinc-code.toml").read_text(encoding="utf-8")
    (site / "submission" / "ours.toml").write_text(text, encoding="utf-8")
    (site / "submission" / "new.toml").write_text(text.replace('"loinc-code"', '"new"', 1), encoding="utf-8")
    (site / "exemptions" / "may.toml").write_text(ROW, encoding="utf-8")
    said = {Path(one.split(":")[0]).name: one for one in notes(site, SHIPPED)}
    assert set(said) == {"ours.toml", "may.toml"}
    assert "takes the place of the whole shipped 'loinc-code' (loinc-code.toml)" in said["ours.toml"]
    assert "adds rows to the shipped exemption 'dose-report'" in said["may.toml"]
    assert lint(site, SHIPPED) == []


def test_notes_of_a_faulty_site_are_told_all_the_same(site: Path) -> None:
    (site / "submission" / "ours.toml").write_text('id = "loinc-code"', encoding="utf-8")
    (site / "submission" / "bad.toml").write_text("= 1", encoding="utf-8")
    assert len(notes(site, SHIPPED)) == 1
    assert lint(site, SHIPPED) != []
