from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gecit.core.rulefile import RulebookError
from gecit.edges.rules_files import lint, read_folder

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
