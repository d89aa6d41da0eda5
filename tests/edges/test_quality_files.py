"""The data of quality: what ships is whole and names its sources; what cannot be used is named by file and key."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gecit.core.dose import QUANTITIES
from gecit.core.quality_data import Side
from gecit.core.report import RatingKind
from gecit.edges.quality_files import QualityFileError, QualityFiles, read_quality

SHIPPED = Path(__file__).parents[2] / "rules"
DATA = read_quality(SHIPPED)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    shutil.copytree(SHIPPED / "quality", tmp_path / "quality")
    return tmp_path


def test_every_reason_has_a_code_that_travels_and_words_in_both_languages() -> None:
    assert {"positioning", "motion", "artefact", "wrong-protocol", "missing-series", "wrong-patient-data"} <= {
        one.code for one in DATA.reasons.of(RatingKind.IMAGE)
    }
    assert all(one.code.replace("-", "").isalnum() and one.title.tr and one.title.en for one in DATA.reasons.reason)
    assert set(DATA.sides.words) == set(Side)


def test_every_level_names_its_source_and_how_well_it_is_known() -> None:
    names = {name for name, _ in QUANTITIES.values()}
    for one in DATA.levels:
        assert one.quantity in names
        assert one.unit in ("mGy.cm", "mGy")
        assert one.source.title
        assert one.source.place
        assert one.source.year > 2000
        assert one.source.read_in
        assert one.confidence
    assert all(one.basis for one in DATA.protocols)


def test_a_sites_file_takes_the_place_of_the_shipped_one_and_changes_the_revision(rules: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "quality").mkdir(parents=True)
    (site / "quality" / "reference-levels.toml").write_text("")
    found = read_quality(rules, site)
    assert (found.levels, found.protocols) == ((), DATA.protocols)
    assert found.revision != DATA.revision == read_quality(rules).revision


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("reasons", "[[reason]]\ncode = 'x'\n", "reasons.toml"),
        ("reasons", "not toml", "reasons.toml"),
        ("protocols", "[[protocol]]\nid = 'x'\nodd = 1\n", "odd"),
        ("sides", "[sides.words]\nQ = ['x']\n", "sides.toml"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(rules: Path, name: str, text: str, said: str) -> None:
    (rules / "quality" / f"{name}.toml").write_text(text)
    with pytest.raises(QualityFileError, match=said):
        read_quality(rules)


def test_two_rows_of_one_code_and_a_level_of_nothing_are_refused(rules: Path) -> None:
    reasons = rules / "quality" / "reasons.toml"
    whole = reasons.read_text()
    reasons.write_text(f"{whole}\n{whole}")
    with pytest.raises(QualityFileError, match="twice"):
        read_quality(rules)
    reasons.write_text(whole)
    levels = rules / "quality" / "reference-levels.toml"
    levels.write_text(levels.read_text().replace("839.0", "0.0"))
    with pytest.raises(QualityFileError, match=r"ct-head: value"):
        read_quality(rules)


def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(rules: Path) -> None:
    files = QualityFiles(rules)
    first = files()
    assert files() is first
    path = rules / "quality" / "protocols.toml"
    path.write_text("")
    os.utime(path, (1, 1))
    assert files().protocols == ()
