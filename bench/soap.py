"""SOAP notifications per second through the courier, beside a bare `requests` POST of the same bytes.

Both go to the pretend MEDULA of the sandbox, a process of its own that checks name and password, reads the XML and
registers each row. Ours also reads the exam, makes the rows, reads the answer, and records it on a disk that is synced.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import requests
from tests.support.billing import arrive, judge

from gecit.core.billing import read_notification
from gecit.core.exam import Billing
from gecit.core.order import ExamKey
from gecit.core.values import Value
from gecit.core.verdict import Outcome
from gecit.edges.medula_rows import facility, rows
from gecit.edges.medula_soap import SoapMedula
from gecit.edges.store import SqlLedger, open_ledger
from gecit.edges.system_clock import SystemClock
from gecit.ports import Physician
from gecit.steps.deliver import Courier, Policy
from gecit.steps.notify_medula import handlers

from .figures import Figure, Goal, compare
from .machine import elsewhere, machine_now, wait_quiet
from .nodes import HOME

COUNT = 1_500
THREADS = 4
QUIET = 0.06
USER, PASSWORD, HBYS_CODE = "olcum", "olcum-parolasi", "0" * 32
HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '"hizmetKayit"'}
LEAST = Goal(least=200.0, absolute=True)


class Said(Value):
    """What the sandbox says at the end."""

    standing: int
    ever: int


class LostError(RuntimeError):
    """An exam was not registered, or twice."""


class Anybody:
    """Implements `ports.Physicians`: whoever is asked for."""

    def physician(self, tckn: str) -> Physician | None:
        """Return somebody."""
        return Physician(registration=tckn[-5:], branch="990")


def figures(rounds: int = 5, patience: float = 30.0, count: int = COUNT) -> Iterator[Figure]:
    """Measure ours between two runs of the anchor, each on a fresh sandbox."""
    found: list[tuple[float, float, float]] = []
    busy: list[float] = []
    with tempfile.TemporaryDirectory(prefix="gecit-bench-") as folder:
        for number in range(rounds):
            wait_quiet(QUIET, patience)
            machine = machine_now()
            room = Path(folder) / str(number)
            found.append((_ours(room, count), _bare(room, count), _bare(room, count)))
            busy.append(elsewhere(machine, machine_now(), 0.0))
            sys.stderr.write(f"  {found[-1]}\n")
    yield compare("soap", "sqlite", "rate", "notifications/s", found, busy, LEAST, "bare requests, the same bytes")


def _ours(room: Path, count: int) -> float:
    room.mkdir()
    ledger = _filled(room, count)
    with sandbox(count) as url:
        told = handlers(_medula(url, room), ledger, SystemClock())
        courier = Courier(ledger, "medula", told, SystemClock(), "bench", Policy(threads=THREADS))
        start = time.monotonic()
        while courier.step():
            pass
        courier.close()
        seconds = time.monotonic() - start
    said = ledger.counts()
    ledger.close()
    if said.get(f"billing.{Billing.TOLD.value}") != count or said.get("outbox.done") != count:
        raise LostError(str(said))
    return count / seconds


def _bare(room: Path, count: int) -> float:
    ledger = open_ledger(f"sqlite:///{room}/ledger.db")
    with sandbox(count) as url:
        bodies = _envelopes(ledger, _medula(url, room))
        start = time.monotonic()
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(_post, [url] * THREADS, [bodies[one::THREADS] for one in range(THREADS)]))
        seconds = time.monotonic() - start
    ledger.close()
    return count / seconds


def _post(url: str, bodies: Sequence[bytes]) -> None:
    with requests.Session() as session:
        session.trust_env = False
        for body in bodies:
            answer = session.post(url, data=body, headers=HEADERS, timeout=30)
            if b"<sonucKodu>0000<" not in answer.content:
                raise LostError(f"HTTP {answer.status_code}")


def _filled(room: Path, count: int) -> SqlLedger:
    """A ledger with exams that passed and wait in the outbox."""
    ledger, now = open_ledger(f"sqlite:///{room}/ledger.db"), datetime.now(UTC)
    for number in range(count):
        exam = ExamKey(institution="999001", accession=f"O{number}")
        arrive(ledger, exam, now)
        judge(ledger, exam, Outcome.SUBMIT, now)
    return ledger


def _medula(url: str, room: Path) -> SoapMedula:
    user, password = room / "user", room / "password"
    user.write_text(USER)
    password.write_text(PASSWORD)
    return SoapMedula(url, Anybody(), hbys_code=HBYS_CODE, user_file=user, password_file=password)


def _envelopes(ledger: SqlLedger, medula: SoapMedula) -> list[bytes]:
    """The very bytes that ours sends."""
    told = [read_notification(one.payload) for one in ledger.deliveries(limit=1_000_000)]
    return [medula.envelope(facility(one), rows(one, Anybody())) for one in told]


@contextmanager
def sandbox(count: int) -> Iterator[str]:
    """Run a sandbox for the length of a block; LostError where it does not hold each exam's row exactly once."""
    command = [sys.executable, "-m", "bench.soap_sandbox", USER, PASSWORD]
    process = subprocess.Popen(command, cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    try:
        yield process.stdout.readline().decode().strip()
    finally:
        out, _ = process.communicate()
    said = msgspec.json.decode(out, type=Said)
    if (said.standing, said.ever) != (count, count):
        raise LostError(f"{said.standing} rows stand, {said.ever} were registered, of {count}")
