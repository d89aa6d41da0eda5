"""Drafts as files: what is written, what is refused, and that a failed activation leaves everything as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from gecit.core.rulefile import RulebookError
from gecit.edges.rule_cases import read_cases
from gecit.edges.rule_drafts import Draft, DraftError, DraftFolder, short, version_of
from gecit.edges.rules_files import lint, read_folder, unread

RULES = Path(__file__).parents[2] / "rules"
ROW = """adds_to = "duplicate-query"
[[window]]
from      = 2026-03-02T09:30:00
last      = 2026-03-02T09:40:00
published = 2026-03-05
source    = { kind = "notice", title = "02.03.2026 Muafiyeti" }
"""


@pytest.fixture
def folder(tmp_path: Path) -> DraftFolder:
    (tmp_path / "site").mkdir()
    return DraftFolder(RULES, tmp_path / "site")


def kept(folder: DraftFolder, text: str = ROW, name: str = "march") -> Draft:
    return folder.write("exemptions", name, text)


def test_a_draft_does_not_count_and_is_no_stray_file(folder: DraftFolder) -> None:
    draft = kept(folder)
    assert folder.site
    assert read_folder(RULES, folder.site).revision == read_folder(RULES).revision
    assert folder.book_with(draft).revision != read_folder(RULES).revision
    assert unread(folder.site) == [] and lint(folder.site, RULES) == []
    assert (draft.file, draft.version) == ("exemptions/march.toml", version_of(ROW))


def test_a_draft_of_a_file_that_counts_takes_its_place(folder: DraftFolder) -> None:
    with folder.placed(kept(folder)) as first:
        pass
    again = kept(folder, ROW.replace("09:40", "10:40"))
    assert folder.book_with(again).revision != first.revision, "and is no double of it"
    with folder.placed(again) as second:
        assert second.revision == folder.book_of_files().revision
    assert folder.drafts() == []


@pytest.mark.parametrize("before", [None, ROW.replace("03-05", "03-09")])
def test_where_an_activation_fails_the_file_is_as_it_was(folder: DraftFolder, before: str | None) -> None:
    assert folder.site
    target = folder.site / "exemptions/march.toml"
    if before:
        target.parent.mkdir()
        target.write_text(before)
    draft = kept(folder)
    with pytest.raises(RuntimeError), folder.placed(draft):
        raise RuntimeError(f"the ledger is away while the file holds {target.read_text()}")
    assert (target.read_text() if target.exists() else None) == before
    assert folder.drafts() == [draft]


def test_a_draft_whose_activation_died_half_way_is_finished_by_the_next_one(folder: DraftFolder) -> None:
    draft = kept(folder)
    assert folder.site
    (folder.site / "exemptions").mkdir()
    (folder.site / "exemptions/march.toml").write_text(ROW)  # and here the process died
    assert folder.book_with(draft).revision == folder.book_of_files().revision, "no window stands twice"
    with folder.placed(draft) as book:
        assert book.revision == read_folder(RULES, folder.site).revision
    assert folder.drafts() == []


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "Büyük", "x" * 65, ".gizli", "a b"])
def test_a_name_that_is_no_file_of_ours_is_refused(folder: DraftFolder, name: str) -> None:
    with pytest.raises(DraftError):
        kept(folder, name=name)
    assert folder.read("exemptions", name) is None
    with pytest.raises(DraftError):
        folder.write("profiles", "x", ROW)


def test_what_somebody_else_wrote_is_not_written_over(folder: DraftFolder) -> None:
    draft = kept(folder)
    with pytest.raises(DraftError):
        kept(folder)
    folder.write("exemptions", "march", "# mine\r\n", draft.version)
    assert folder.drafts()[0].text == "# mine\n"
    with pytest.raises(DraftError, match="meanwhile"):
        folder.write("exemptions", "march", "# theirs\n", draft.version)
    with pytest.raises(DraftError, match="meanwhile"), folder.placed(draft):
        raise AssertionError("never reached")
    with pytest.raises(DraftError):
        folder.remove("exemptions", "march", draft.version)


def test_too_much_text_is_refused(folder: DraftFolder) -> None:
    with pytest.raises(DraftError, match="at the most"):
        kept(folder, "#" * 300_000)


def test_faults_name_the_key_alone_where_they_are_the_drafts(folder: DraftFolder) -> None:
    draft = kept(folder, ROW.replace("last ", "lost "))
    with pytest.raises(RulebookError) as fault:
        folder.book_with(draft)
    assert {short(one, draft) for one in fault.value.faults} == {"window[1].last", "window[1].lost"}


def test_without_a_folder_it_is_said_who_must_name_one() -> None:
    folder = DraftFolder(RULES, None)
    assert folder.drafts() == []
    assert folder.read("exemptions", "march") is None
    with pytest.raises(DraftError, match=r"Gecit\.SiteRules"):
        kept(folder)


def test_a_folder_that_cannot_be_written_is_said(folder: DraftFolder) -> None:
    assert folder.site
    (folder.site / "drafts").write_text("a file where the folder should be")
    with pytest.raises(DraftError, match="Geçit's user write"):
        kept(folder)


def test_a_draft_starts_from_what_counts(folder: DraftFolder) -> None:
    assert "exemptions/duplicate-query.toml" in folder.sources()
    assert folder.source("submission/loinc-code.toml") == (RULES / "submission/loinc-code.toml").read_text()
    assert folder.source("../README.md") is None and folder.source("codes/loinc.csv") is None


def test_examples_are_read_and_what_is_none_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases/odd.toml").write_text("case = 3\n")
    found = read_cases(RULES, tmp_path)
    assert found == read_cases(RULES)
    one = next(case for case in found if case.name.startswith("the evening before the rule starts a CT without dose"))
    assert dict(one.given) == {"base": "clean CT", "order_date": "2020-02-02 23:59:00", "dose": "false"}
    assert one.then == (("dose-report", "not in force"),)
    assert {"excused", "failed"} <= {status for case in found for _, status in case.then}
