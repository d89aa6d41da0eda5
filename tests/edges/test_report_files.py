"""Kinds, templates, macros and the rule of access as files: what ships can be used, and faults name file and key."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gecit.core.exam_kinds import OTHER, Region, Subspecialty, kind_of
from gecit.core.order import Procedure
from gecit.core.report import ReportPart
from gecit.edges.report_files import ReportFileError, read_access, read_reporting

RULES = Path(__file__).parents[2] / "rules"
SHIPPED = read_reporting(RULES)
SITE_TEXT = (Path(__file__).parents[2] / "rules/access/reporting.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("modality", "procedure", "kind"),
    [
        ("CT", Procedure(loinc="24725-4"), "ct-head"),
        ("CT", Procedure(sut_name="BT, Beyin (kontrastsız)"), "ct-head"),
        ("CT", Procedure(sut_name="TORAKS BT"), "ct-chest"),
        ("CT", Procedure(sut_name="BT, batın", loinc="24627-2"), "ct-chest"),
        ("MR", Procedure(sut_name="Beyin MR"), "mr-brain"),
        ("MR", Procedure(sut_name="LOMBER MR"), "mr-spine"),
        ("MG", Procedure(sut_name="Mamografi (tek meme)"), "mammography"),
        ("DX", Procedure(sut_name="PA Akciğer grafisi"), "chest-x-ray"),
        ("US", Procedure(sut_name="Üriner sistem US"), "us-abdomen"),
    ],
)
def test_a_kind_is_found_by_loinc_then_by_words(modality: str, procedure: Procedure, kind: str) -> None:
    assert kind_of(SHIPPED.kinds, modality, [procedure]).id == kind


def test_what_fits_no_kind_is_other_and_has_no_template() -> None:
    assert kind_of(SHIPPED.kinds, "CT", [Procedure(sut_name="Ekstremite BT")]) is OTHER
    assert kind_of(SHIPPED.kinds, "ES", [Procedure(sut_name="Beyin")]) is OTHER
    assert OTHER.template == {}


def test_every_kind_that_ships_has_a_template_with_findings() -> None:
    assert len(SHIPPED.kinds) >= 8
    assert [one.id for one in SHIPPED.kinds if not one.template.get(ReportPart.FINDINGS)] == []
    assert all(text == text.strip() for one in SHIPPED.kinds for text in one.template.values())


def test_macros_are_of_their_kinds_or_of_all() -> None:
    head = next(one for one in SHIPPED.kinds if one.id == "ct-head")
    names = {one.id for one in SHIPPED.macros_for(head)}
    assert {"normal-beyin", "klinik"} <= names
    assert "normal-toraks" not in names
    assert "normal-beyin" not in {one.id for one in SHIPPED.macros_for(None)}


def test_a_sites_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    text = 'id = "ct-head"\ntitle = {tr = "Bizim", en = "Ours"}\nregion = "neck"\nsubspecialty = "chest"\n'
    (tmp_path / "reports/ct-head.toml").write_text(text, encoding="utf-8")
    found = {one.id: one for one in read_reporting(RULES, tmp_path).kinds}
    assert (found["ct-head"].region, found["ct-head"].subspecialty) == (Region.NECK, Subspecialty.CHEST)
    assert len(found) == len(SHIPPED.kinds)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x", "id = ", "x.toml"),
        ("x", 'id = "x"\ntitle = {tr = "a", en = "b"}\nregion = "foot"', "region"),
        ("x", 'id = "x"\ntitle = {tr = "a", en = "b"}\nregoin = "head"', "regoin"),
        ("x", 'id = "x"\ntitle = {tr = "a", en = "b"}\n[template]\nbulgular = "z"', "template.bulgular"),
        ("macros", '[[macro]]\nid="m"\ntitle={tr="a",en="b"}\npart="3"\ntext="t"\nkinds=["nope"]', "nope"),
    ],
)
def test_a_fault_names_file_and_key(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / f"reports/{name}.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ReportFileError, match=said.replace(".", r"\.")) as fault:
        read_reporting(RULES, tmp_path)
    assert f"{name}.toml" in str(fault.value)


def test_the_shipped_rule_of_access_is_public_and_of_one_province() -> None:
    rule = read_access(RULES)
    assert rule
    edition = rule.at(datetime(2026, 3, 2, tzinfo=UTC))
    assert edition
    assert edition.reader_ownership == edition.institution_ownership == ("public",)
    assert edition.same_province
    assert edition.written_application


def test_without_a_file_no_rule_is_in_force(tmp_path: Path) -> None:
    assert read_access(tmp_path) is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("start_unknown         = true", "", "start_unknown"),
        ("same_province         = true", 'same_province = "yes"', "same_province"),
        ('title = "Radyoloğum', 'titel = "Radyoloğum', "source.title"),
    ],
)
def test_a_faulty_rule_of_access_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in SITE_TEXT
    (tmp_path / "access").mkdir()
    (tmp_path / "access/reporting.toml").write_text(SITE_TEXT.replace(old, new), encoding="utf-8")
    with pytest.raises(ReportFileError, match=said):
        read_access(RULES, tmp_path)
