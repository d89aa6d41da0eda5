"""PostgreSQL is stopped under a whole node: whoever is on duty gets one letter, and one when it answers again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.steps.test_watch_health import Post, post  # noqa: F401 -- a fixture
from tests.support.hospital import hospital
from tests.support.node import until
from tests.support.postgres import cluster

pytestmark = pytest.mark.system


def test_a_lost_ledger_is_told_once_by_mail_though_two_processes_look(
    post: tuple[Post, int],  # noqa: F811
    tmp_path: Path,
) -> None:
    taken, port = post
    environ = {
        f"ORTHANC__GECIT__ALERTS__{name}": value
        for name, value in (
            ("EMAIL_TO", "nobetci@hastane.example"), ("EMAIL_FROM", "gecit@hastane.example"),
            ("SMTP_HOST", "127.0.0.1"), ("SMTP_PORT", str(port)), ("SMTP_SECURITY", "None"), ("LEDGER_MINUTES", "0.2"),
        )
    }  # fmt: skip

    def told() -> list[str]:
        return [subject for one in taken.letters if "ledger:" in (subject := str(one["Subject"]))]

    with cluster() as postgres, hospital(tmp_path / "data", environ, database=postgres.new_database()) as made:
        name = made.ledger.beats()[0].node
        until(lambda: len({one.process for one in made.ledger.beats()}) == 4, 60, "all processes live")
        postgres.stop()
        try:
            until(told, 60, "the loss is told")
        finally:
            postgres.start()
        until(lambda: len(told()) == 2, 60, "that it answers again is told")
        assert told() == [f"[Geçit] uyarı / alert: ledger:{name}", f"[Geçit] düzeldi / over: ledger:{name}"]
        note = made.node.data / "run/ledger-lost.json"
        until(lambda: not note.exists(), 30, "nothing of it is left to be told")
