"""A laptop's node drops nothing that is in force, and keeps to the site's rules that its environment names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gecit.core.rulebook import Rulebook
from gecit.edges.rules_files import read_folder
from gecit.edges.store import SqlLedger, open_ledger
from gecit.sandbox.announcing import announce
from gecit.sandbox.node import site_rules
from gecit.sandbox.rulebook import SITE_SETTING, put_in_force
from gecit.settings import Settings, load

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
EXEMPTION = """
id       = "own-outage"
excuses  = ["duplicate-query-missing"]
dated_by = "order_date"
title.tr = "Kurumun kesintisi"
title.en = "The site's own outage"
reading  = "The site's network was down."

[[window]]
id         = "own-outage-1"
from       = 2026-11-20T08:00:00
last       = 2026-11-20T09:00:00
published  = 2026-11-21
source     = { kind = "letter", title = "Deneme", published = 2026-11-21, reference = "DENEME/1" }
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    (folder / "exemptions").mkdir(parents=True)
    (folder / "exemptions" / "own.toml").write_text(EXEMPTION, encoding="utf-8")
    return folder


def settings_of(data: Path, environ: dict[str, str]) -> Settings:
    return load(environ={"GECIT_DATA": str(data), **environ, **site_rules(data, environ)})


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    opened = open_ledger(settings_of(tmp_path / "data", {}).database)
    yield opened
    opened.close()


def exemptions(ledger: SqlLedger) -> set[str]:
    found = ledger.active_rulebook()
    return {one.id for one in Rulebook.from_json(found[1]).exemptions} if found else set()


def test_a_sites_exemption_in_force_is_not_dropped_and_it_is_said(
    tmp_path: Path, own: Path, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GECIT_CONFIG", raising=False)
    shipped = settings_of(tmp_path / "data", {})
    book = read_folder(shipped.rules, own)
    ledger.activate_rulebook(book.revision, book.to_json(), NOW, "a person")
    said = put_in_force(shipped, ledger, NOW)
    assert "own-outage" in said and "gecit rules activate" in said and SITE_SETTING in said
    assert "own-outage" in exemptions(ledger)
    assert ledger.active_revision() == book.revision
    assert announce(shipped, ledger, NOW) == []
    assert ledger.active_revision() == book.revision


def test_the_sites_rules_of_the_environment_are_respected(
    tmp_path: Path, own: Path, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GECIT_CONFIG", raising=False)
    data = tmp_path / "data2"
    found = settings_of(data, {SITE_SETTING: str(own)})
    assert found.site_rules == own
    assert not (data / "site-rules").exists()
    assert put_in_force(found, ledger, NOW) == ""
    assert "own-outage" in exemptions(ledger)


def test_where_nothing_would_go_the_files_are_put_in_force(
    tmp_path: Path, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GECIT_CONFIG", raising=False)
    found = settings_of(tmp_path / "data", {})
    bare = read_folder(found.rules, None)
    ledger.activate_rulebook(bare.revision, bare.to_json(), NOW, "first start")
    assert put_in_force(found, ledger, NOW) == ""
    assert ledger.active_revision() == read_folder(found.rules, found.site_rules).revision != bare.revision
