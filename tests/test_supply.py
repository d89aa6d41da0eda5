"""The supply chain's checks find what they are there for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from supply import audit, bom, common, leaked, weak_code
from supply.common import Pinned, settle

HIDDEN = "AKIA" + "IOSFODNN7" + "EXAMPLE"


def test_the_bill_of_materials_is_what_the_locks_say() -> None:
    assert list(bom.faults()) == []
    found = json.loads(bom.FILE.read_text(encoding="utf-8"))
    names = {one["purl"] for one in found["components"]}
    assert {f"pkg:pypi/{one.name}@{one.version}" for one in common.pinned(common.RUN_LOCK)} <= names
    assert {f"pkg:deb/debian/{one}" for one in common.debian_packages()} <= names
    assert any(one.startswith("pkg:npm/%40ohif/app@") for one in names)
    assert found["metadata"]["component"]["licenses"][0]["expression"] == "AGPL-3.0-or-later"


def test_a_lock_that_moved_on_makes_it_stale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    moved = tmp_path / "requirements.lock"
    moved.write_text(common.RUN_LOCK.read_text(encoding="utf-8").replace("waitress==", "waitress==9"), encoding="utf-8")
    monkeypatch.setattr(bom, "RUN_LOCK", moved)
    assert [one.check for one in bom.faults()] == ["sbom"]


def test_every_lock_is_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert {one.name for one in common.ROOT.glob("requirements*.lock")} == {one.name for one in common.LOCKS}
    known = tmp_path / "advisories.toml"
    known.write_text('[[advisory]]\nkind = "pypi"\npackage = "atheris"\nid = "X-1"\nfixed = "99.0"\n', encoding="utf-8")
    monkeypatch.setattr(audit, "KNOWN", known)
    monkeypatch.setattr(audit, "asked", lambda: [])
    assert [one.what for one in audit.faults()] == ["X-1, fixed in 99.0"]


def test_every_lock_is_read_whole() -> None:
    for lock in common.LOCKS:
        found = common.pinned(lock)
        assert len(found) == lock.read_text(encoding="utf-8").count("==") - sum("==" in one.marker for one in found)
        assert all(one.hashes for one in found)


def test_what_lies_below_an_advisory_is_told() -> None:
    [found] = audit.old_versions([Pinned("pynetdicom", "3.0.3"), Pinned("pynetdicom", "3.0.4")], "pypi")
    assert "CVE-2026-56445" in found.what
    assert not list(audit.old_versions([Pinned("pynetdicom", "3.0.3")], "npm"))


def test_a_database_that_is_away_is_said_and_fails_where_certainty_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "asked", lambda: None)
    monkeypatch.delenv(audit.STRICT, raising=False)
    assert list(audit.faults()) == []
    assert "NOT known" in capsys.readouterr().err
    monkeypatch.setenv(audit.STRICT, "1")
    assert [one.where for one in audit.faults()] == ["pip-audit"]


def test_what_the_database_says_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "asked", lambda: [("PYSEC-2026-1", "flask", "1.0")])
    assert [(one.where, one.what) for one in audit.faults()] == [("flask", "PYSEC-2026-1 1.0")]


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        ({"dependencies": [{"name": "a", "version": "1", "vulns": []}]}, []),
        ({"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "X"}]}]}, [("X", "a", "1")]),
        ({"dependencies": [{"name": "a", "skip_reason": "not found"}]}, None),
        ({}, None),
    ],
)
def test_pip_audit_is_believed_only_where_it_could_ask_of_all(
    answer: object, known: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Done:
        stdout = json.dumps(answer)

    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: Done())
    assert audit.asked() == known


def test_a_secret_that_is_left_in_a_file_is_found_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "left.py").write_text(f'key = "{HIDDEN}"\n')
    monkeypatch.setattr(leaked, "ROOT", tmp_path)
    monkeypatch.setattr(leaked, "_committed", lambda: ["left.py"])
    monkeypatch.setattr(leaked, "accepted", lambda _: [])
    found = list(leaked.faults())
    assert [one.where for one in found] == ["left.py"]
    assert HIDDEN not in str(found)


def test_weak_code_is_found_unless_it_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(
        'import pickle\neval("1")\neval("1")  # noqa: S307 -- of our own\neval("1")  # noqa: S307\n'
    )
    monkeypatch.setattr(weak_code, "ROOT", tmp_path)
    monkeypatch.setattr(weak_code, "FOLDERS", ("bad.py",))
    monkeypatch.setattr(weak_code, "accepted", lambda _: [])
    found = list(weak_code.faults())
    assert [one.what[:13] for one in found] == ["B403 line 1: ", "B307 line 2: ", "B307 line 4: "]


def test_what_is_accepted_fits_something_and_has_a_reason() -> None:
    rows = [
        {"code": "B1", "where": "a/*", "reason": "long enough"},
        {"code": "B2:*", "where": "b", "reason": "long enough"},
    ]
    assert not list(settle("x", [("B1", "a/c.py", ""), ("B2:ff", "b", "")], rows))
    assert [one.where for one in settle("x", [("B1", "d.py", "")], rows)] == [
        "d.py",
        "supply/accepted.toml: a/*",
        "supply/accepted.toml: b",
    ]
    for section in ("bandit", "secrets", "licences", "audit"):
        common.accepted(section)
