"""The two Orthancs that are compared: ours with everything on, and a bare one with the same core settings.

Each is started fresh on free ports and a folder of its own, and stopped by its own process id.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock

import psutil
import requests

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.values import Value
from gecit.edges import hl7_build
from gecit.edges.doors import new_token, token_digest
from gecit.edges.store import SqlLedger, open_ledger
from gecit.edges.system_clock import SystemClock
from gecit.sandbox.day import INSTITUTION
from gecit.settings.files import read_configuration

from .corpus import Sent

HOME = Path(__file__).parents[1]
PLUGINS = "/usr/share/orthanc/plugins"
ORTHANC = "/usr/sbin/Orthanc"
PROCESSES = ("web", "listen", "work")
START_SECONDS = 180.0  # four at once on a machine that is busy; nothing is measured until then
STOP_SECONDS = 30.0
SETTLE_SECONDS = 1.0
POLL_SECONDS = 0.25
WAIT_SECONDS = SETTLE_SECONDS + POLL_SECONDS
"""How long a node waits on purpose before it calls a study complete."""

CALLING = INSTITUTION.aets[0]
CALLED = "GECIT"


class Cpu(Value):
    """Processor seconds, user and system, since the processes were started."""

    orthanc: float
    others: float  # the processes that it started

    @property
    def all(self) -> float:
        """Of all processes together."""
        return self.orthanc + self.others


class Node:
    """A running Orthanc."""

    def __init__(self, process: subprocess.Popen[bytes], http: int, dicom: int, mllp: int = 0) -> None:
        self._process = psutil.Process(process.pid)
        self.http, self.dicom, self.mllp = http, dicom, mllp

    @property
    def members(self) -> Sequence[Node]:
        """The nodes that are sent to, where this one stands for several."""
        return (self,)

    @property
    def records(self) -> bool:
        """Whether a ledger is kept, so that there is something to wait for."""
        return False

    def cpu(self) -> Cpu:
        """Return what the processes used so far."""
        return Cpu(orthanc=_used(self._process), others=sum(_used(one) for one in self._process.children()))

    def pids(self) -> frozenset[int]:
        """Return the process ids, so that a restart in the middle is noticed."""
        return frozenset({self._process.pid, *(one.pid for one in self._process.children())})

    def expect(self, studies: Sequence[Sent]) -> None:
        """Announce what will come."""

    def wait_recorded(self, studies: Sequence[Sent]) -> None:
        """Return when every study is on record with all its instances."""

    def token(self, role: Role) -> str:
        """Return a token with which HTTP is let in; `-` where nobody asks for one."""
        return "-"


class Storescp(Node):
    """DCMTK's storescp: a process for each association, which keeps files as they come."""

    def cpu(self) -> Cpu:
        """Return nothing: its processes take what they used with them."""
        return Cpu(orthanc=0.0, others=0.0)

    def pids(self) -> frozenset[int]:
        """Return the one process that stays."""
        return frozenset({self._process.pid})


class Gecit(Node):
    """Ours: plugin, web, listen, work, ledger."""

    def __init__(self, process: subprocess.Popen[bytes], http: int, dicom: int, mllp: int, ledger: SqlLedger) -> None:
        super().__init__(process, http, dicom, mllp)
        self._ledger = ledger

    @property
    def records(self) -> bool:
        """Whether a ledger is kept."""
        return True

    def expect(self, studies: Sequence[Sent]) -> None:
        """Send the orders, so that studies are tied to exams and judged, as in a hospital."""
        messages = [
            hl7_build.order_message(one.order, hl7_build.Envelope(control_id=one.order.key.accession))
            for one in studies
        ]
        answers = hl7_build.send("127.0.0.1", self.mllp, messages, timeout=30)
        refused = [one for one in answers if b"\rMSA|AA|" not in one]
        if refused:
            raise RuntimeError(f"an order was refused: {refused[0]!r}")

    def wait_recorded(self, studies: Sequence[Sent]) -> None:
        """Return when the facts of every study are committed with all its instances."""
        missing = list(studies)

        def none_missing() -> bool:
            while missing and self._recorded(missing[0]) >= missing[0].instances:
                del missing[0]  # one is asked for at a time: in PostgreSQL the asking is work of the ledger's too
            return not missing

        _until(none_missing, 60 + 0.05 * sum(one.instances for one in studies), "facts are recorded", 0.02)

    def token(self, role: Role) -> str:
        """Return a token of somebody of the institution that sends."""
        token, now, name = new_token(), SystemClock().now(), f"bench-{role.value}"
        institution = "" if role is Role.ADMINISTRATOR else INSTITUTION.skrs
        self._ledger.save_account(Account(name=name, roles=(role,), institution=institution), now)
        self._ledger.add_token(token_digest(token), name, now, None)
        return token

    def _recorded(self, one: Sent) -> int:
        found = self._ledger.read(lambda tx: tx.studies_of_accession(one.order.key.accession))
        return sum(series.instances for study in found for series in study.facts.series)


@contextmanager
def bare(folder: Path) -> Iterator[Node]:
    """Run Orthanc without plugins; everything else as `orthanc-config/orthanc.json` has it."""
    with _orthanc(folder, {"Plugins": []}) as node:
        peer = {"AET": CALLING, "Host": "127.0.0.1", "Port": 104}
        requests.put(f"http://127.0.0.1:{node.http}/modalities/bench", json=peer, timeout=10).raise_for_status()
        yield node


@contextmanager
def storescp(folder: Path) -> Iterator[Node]:
    """Run DCMTK's storescp."""
    [dicom] = _free_ports(1)
    kept = folder / "storescp"
    kept.mkdir()
    with (folder / "storescp.log").open("ab") as log:
        command = ["storescp", "--fork", "-aet", CALLED, "-od", str(kept), "+uf", str(dicom)]
        process = subprocess.Popen(command, env=_environ(folder), stdout=log, stderr=log, start_new_session=True)
    try:
        _until(lambda: _listens(dicom), START_SECONDS, "storescp listens")
        yield Storescp(process, 0, dicom)
    finally:
        _stop(process)


@contextmanager
def dicomweb(folder: Path, **more: str) -> Iterator[Node]:
    """Run Orthanc with the DICOMweb plugin alone and nobody at its door; everything else as we configure it.

    `more` are environment variables of the node.
    """
    with _orthanc(folder, {"Plugins": [f"{PLUGINS}/libOrthancDicomWeb.so"]}, ("dicomweb.json",), **more) as node:
        yield node


@contextmanager
def files(folder: Path, worklist: Path) -> Iterator[Node]:
    """Run Orthanc with its sample plugin alone, which answers a worklist out of a folder of files."""
    changes = {
        "Plugins": [f"{PLUGINS}/libModalityWorklists.so"],
        "Worklists": {"Enable": True, "Database": str(worklist)},
        "DicomModalities": {"bench": {"AET": CALLING, "Host": "127.0.0.1", "Port": 104}},
        "DicomModalitiesInDatabase": False,
        "DicomAlwaysAllowFindWorklist": True,
    }
    with _orthanc(folder, changes) as node:
        yield node


@contextmanager
def scripted(folder: Path, script: Path) -> Iterator[Node]:
    """Run Orthanc with its Python plugin and a script of ours alone; everything else as we configure it."""
    with _orthanc(folder, {"Plugins": [f"{PLUGINS}/libOrthancPython.so"], "PythonScript": str(script)}) as node:
        yield node


@contextmanager
def _orthanc(folder: Path, changes: Mapping[str, object], further: Sequence[str] = (), **more: str) -> Iterator[Node]:
    """Run Orthanc as our files have it (`further`: beside orthanc.json) but for some changes, without Geçit."""
    http, dicom = _free_ports(2)
    environ = _environ(folder, GECIT_HTTP_PORT=str(http), GECIT_DICOM_PORT=str(dicom), **more)
    configuration: dict[str, object] = {}
    for name in ("orthanc.json", *further):
        read, _, faults = read_configuration(HOME / "orthanc-config" / name, environ)
        if faults:
            raise RuntimeError(f"{name} cannot be read: {faults[0]}")
        configuration |= read
    (folder / "anchor.json").write_text(json.dumps({**configuration, **changes}), encoding="utf-8")
    with _running(folder / "anchor.json", folder, environ) as process:
        _until(lambda: _answers(process, f"http://127.0.0.1:{http}/system"), START_SECONDS, "Orthanc answers")
        yield Node(process, http, dicom)


@contextmanager
def gecit(folder: Path, *, ledger: Path | None = None, database: str = "", **more: str) -> Iterator[Node]:
    """Run Orthanc with our configuration and all our processes, and one institution that may send.

    `ledger` is the ledger's folder where it is another one, `database` the URL of one that is no file;
    `more` are environment variables of the node.
    """
    http, dicom, mllp, web = _free_ports(4)
    database = database or f"sqlite:///{ledger or folder}/ledger.db"
    environ = _environ(
        folder,
        GECIT_HTTP_PORT=str(http),
        GECIT_DICOM_PORT=str(dicom),
        GECIT_MLLP_PORT=str(mllp),
        GECIT_WEB_PORT=str(web),
        ORTHANC__GECIT__DATABASE=database,
        ORTHANC__GECIT__SETTLE_SECONDS=str(SETTLE_SECONDS),
        ORTHANC__GECIT__POLL_MILLISECONDS=str(round(POLL_SECONDS * 1000)),
        **more,
    )
    with _opening:  # Alembic keeps one context for the whole process
        kept = open_ledger(database)
    kept.write(lambda tx: tx.record_institution(INSTITUTION, SystemClock().now(), by="bench"))
    try:
        with _running(HOME / "orthanc-config", folder, environ) as process:
            node = Gecit(process, http, dicom, mllp, kept)
            live = f"http://127.0.0.1:{http}/gecit/api/live"
            _until(lambda: _answers(process, live) and _listens(mllp), START_SECONDS, "the node answers")
            yield node
    finally:
        kept.close()


def _environ(folder: Path, **more: str) -> dict[str, str]:
    """Return our environment without what would change the node, and with what both nodes share."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GECIT_", "ORTHANC__"))}
    shared = {"GECIT_HOME": str(HOME), "GECIT_VENV": sys.prefix, "GECIT_DATA": str(folder), "TCP_NODELAY": "1"}
    # For looking into one's own process: another Python for the three processes, a profiler for example.
    python = os.environ.get("BENCH_PYTHON", f"{sys.prefix}/bin/python")
    return {**kept, **shared, "ORTHANC__GECIT__PYTHON": python, **more}


@contextmanager
def _running(configuration: Path, folder: Path, environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "orthanc.log").open("ab") as log:
        process = subprocess.Popen(
            [ORTHANC, str(configuration)], cwd=folder, env=dict(environ), stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    except BaseException:
        sys.stderr.write("\n".join((folder / "orthanc.log").read_text(errors="replace").splitlines()[-25:]) + "\n")
        raise
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    if process.poll() is not None:
        raise RuntimeError("Orthanc ended")
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _until(true: Callable[[], bool], seconds: float, what: str, rest: float = 0.1) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise RuntimeError(f"after {seconds:.0f} s still not: {what}")
        time.sleep(rest)


_given: set[int] = set()
_giving, _opening = Lock(), Lock()


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on, and none twice: a node that is starting does not listen on its own yet."""
    with _giving, ExitStack() as stack:
        ports: list[int] = []
        while len(ports) < count:
            port = int(stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1])
            if port not in _given:
                ports.append(port)
        _given.update(ports)
        return ports


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
