"""What a laptop's node prints for whoever opens a second terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from gecit.sandbox.node import Running, _say_where, command_environment
from gecit.settings import load


def test_the_printed_environment_names_data_and_the_sites_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GECIT_CONFIG", raising=False)
    monkeypatch.delenv("GECIT_HOME", raising=False)
    environ = {"GECIT_DATA": str(tmp_path), "ORTHANC__GECIT__SITE_RULES": str(tmp_path / "my rules")}
    (tmp_path / "my rules").mkdir()
    settings = load(environ=environ)
    assert command_environment(settings) == environ
    _say_where(Running(settings, "http://127.0.0.1:1", passwords={"mudur": "gizli"}, token="t", ended=lambda: None))
    printed = f"export GECIT_DATA={tmp_path} ORTHANC__GECIT__SITE_RULES='{tmp_path}/my rules'"
    said = capsys.readouterr().out
    assert printed in said
    assert "mudur" in said and "gizli" in said and "manager" in said
    assert "http://127.0.0.1:1/mail/" in said and f"{settings.web_port} kapısından" in said
    assert "users password yonetici" in said, "how those get one who were there before"


def test_the_printed_environment_names_ports_that_are_not_what_commands_would_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GECIT_CONFIG", raising=False)
    monkeypatch.delenv("GECIT_HOME", raising=False)
    ports = {
        "GECIT_HTTP_PORT": "18042",
        "GECIT_WEB_PORT": "18143",
        "GECIT_DICOM_PORT": "14242",
        "GECIT_MLLP_PORT": "12575",
    }
    environ = {"GECIT_DATA": str(tmp_path), **ports}
    settings = load(environ=environ)
    assert command_environment(settings) == environ
    assert load(environ=command_environment(settings)) == settings
