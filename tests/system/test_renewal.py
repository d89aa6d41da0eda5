"""A certificate is renewed as `docs/howto/runbook.md` says: nginx at a reload, HL7 at the next start."""

from __future__ import annotations

import os
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from gecit.edges.certificates import end_of_file
from gecit.edges.store import open_ledger
from tests.support.certificates import Authority, Pair
from tests.support.nginx import Nginx
from tests.support.node import HOME, Node, free_ports, until

pytestmark = pytest.mark.system


def shown(port: int) -> str:
    """What a door shows whoever connects, PEM without what stands around it."""
    return "".join(ssl.get_server_certificate(("127.0.0.1", port), timeout=20).split())


def written(pair: Pair) -> str:
    return "".join(pair.certificate.read_text().split())


def lay(new: Pair, place: Pair) -> None:
    """Put certificate and key in the place of those before, as `install` does."""
    shutil.copyfile(new.certificate, place.certificate)
    shutil.copyfile(new.key, place.key)


@contextmanager
def listening(command: list[str], environ: dict[str, str]) -> Iterator[None]:
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            assert next((line for line in process.stderr if "listening" in line), None)
            yield
        finally:
            process.terminate()
            process.communicate(timeout=40)


def test_nginx_shows_the_new_certificate_once_it_is_reloaded(tmp_path: Path) -> None:
    front = Nginx(tmp_path / "nginx", Node(tmp_path / "node"))
    place = Pair(*(tmp_path / "nginx/authority" / f"gecit.example.{kind}" for kind in ("pem", "key")))
    try:
        front.start()
        before = written(place)
        assert shown(front.port) == before
        lay(Authority(tmp_path / "next").sign("gecit.example"), place)
        assert shown(front.port) == before, "not before the reload"
        assert subprocess.run([*front.command, "-t"], capture_output=True, timeout=60, check=False).returncode == 0
        assert front.process
        front.process.send_signal(signal.SIGHUP)
        until(lambda: shown(front.port) == written(place) != before, 30, "the new one is shown")
    finally:
        front.end()


def test_the_hl7_door_shows_the_new_certificate_after_its_next_start(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    place = authority.sign("hl7.example")
    (port,) = free_ports(1)
    environ = {
        **os.environ, "PYTHONPATH": str(HOME / "plugins"), "GECIT_DATA": str(tmp_path / "data"),
        "GECIT_MLLP_PORT": str(port), "ORTHANC__GECIT__MLLP_TLS__CERTIFICATE": str(place.certificate),
        "ORTHANC__GECIT__MLLP_TLS__KEY": str(place.key),
    }  # fmt: skip
    gecit = [sys.executable, "-m", "gecit.cli"]
    add = ["institutions", "add", "910001", "--hl7-peer", "127.0.0.1"]
    subprocess.run([*gecit, *add], env=environ, capture_output=True, timeout=120, check=True)
    first, ends = written(place), end_of_file(place.certificate)
    with listening([*gecit, "listen"], environ):
        assert shown(port) == first
        lay(authority.sign("next.example", days=9), place)
        assert shown(port) == first, "not before the next start"
        until(lambda: said(tmp_path / "data") == ends, 30, "the node says the end of the one that is shown")
    with listening([*gecit, "listen"], environ):
        assert shown(port) == written(place) != first
        until(lambda: said(tmp_path / "data") == end_of_file(place.certificate), 30, "and then of the new one")


def said(data: Path) -> datetime | None:
    """When the HL7 door's certificate ends, by the newest sign of life of `listen`."""
    ledger = open_ledger(f"sqlite:///{data}/ledger.db")
    try:
        beats = [one for one in ledger.beats() if one.process == "listen"]
    finally:
        ledger.close()
    newest = max(beats, key=lambda one: one.at, default=None)
    return datetime.fromisoformat(str(newest.detail["certificate hl7"])) if newest else None


def test_two_weeks_before_the_end_the_line_of_the_runbook_says_so(tmp_path: Path) -> None:
    """The pairs of the tests end after two days."""
    pair = Authority(tmp_path).sign("gecit.example")
    for seconds, code in (("3600", 0), ("1209600", 1)):
        asked = ["openssl", "x509", "-checkend", seconds, "-noout", "-in", str(pair.certificate)]
        assert subprocess.run(asked, capture_output=True, timeout=60, check=False).returncode == code
