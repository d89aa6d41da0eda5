"""The plugin: puts the doors into Orthanc, and starts the node's processes beside it."""

from __future__ import annotations

import atexit
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import urllib3

from .core.rulefile import RulebookError
from .core.values import Text
from .edges.asked_ring import AskedRing
from .edges.audit_book import AuditKeyMissingError
from .edges.codes import CodeListError
from .edges.dicom_audit import DicomAudit
from .edges.doors import Doors, new_token
from .edges.hl7_profile import ProfileError
from .edges.image_doors import ImageDoors
from .edges.kept_references import KeptReferences
from .edges.orthanc_dicom import FindDoor, ReceptionFilter, WorklistDoor
from .edges.orthanc_host import INDEX_PATH, PREFIX, Forwarder, HttpFilter, IndexMark, OrthancLog, OrthancModule
from .edges.orthanc_http import OrthancArchive
from .edges.report_files import ReportFileError
from .edges.set_aside_door import SetAsideDoor
from .edges.set_aside_files import SetAsideFiles
from .edges.store import SqlLedger
from .edges.store.engine import LedgerEncodingError
from .edges.store.migrate import LedgerTooNewError
from .ports import Accounts, Audit, Beat, Clock, Vitals
from .processes.build import Parts
from .processes.entrance import audit_of, doors_of
from .processes.life import wait_beating
from .processes.private_files import keep_private
from .processes.registered import Membership, NameTakenError, home_of, register_node
from .processes.rules import NoRulebookError
from .processes.run_folder import (
    FolderInUseError,
    HalfRestoredError,
    keep_suspects,
    lock_folder,
    refuse_half_restored,
    write_run_folder,
)
from .processes.supervisor import Child, State, Supervisor
from .settings import Settings, SettingsError, from_orthanc
from .steps.answer_dicom import DicomAnswers

log = logging.getLogger("gecit.app")

PROCESSES = ("web", "listen", "work")
WAIT_FOR_ORTHANC_SECONDS = 120.0
KEPT: list[object] = []
"""What Orthanc calls back. Its plugin 5.0 (Debian 13) lets go of REST callbacks without the interpreter's lock when it
stops, and Python 3.13 aborts where that frees one: here they live on until Python itself ends."""
REFUSED = threading.Event()
"""Set where the node must not work: Orthanc itself would end with 0, as one that somebody stopped."""
NO_ADMINISTRATOR = Text(
    tr="Başlatılmadı: RemoteAccessAllowed true, ama parolası olan bir yönetici yok. Ya orthanc-config içinde "
    "RemoteAccessAllowed'u false yapın ya da önce `gecit users add AD` ile bir yönetici ekleyin.",
    en="Not started: RemoteAccessAllowed is true, but no administrator has a password. Either set RemoteAccessAllowed "
    "to false in orthanc-config, or first add an administrator with `gecit users add NAME`.",
)


class StartRefused(Exception):
    """The node would be open to everybody; Orthanc stops."""

    def __init__(self, why: Text) -> None:
        super().__init__(f"{why.tr}\n{why.en}")


EXPLAINED = (
    SettingsError,
    RulebookError,
    ProfileError,
    ReportFileError,
    CodeListError,
    LedgerTooNewError,
    LedgerEncodingError,
    NoRulebookError,
    FolderInUseError,
    AuditKeyMissingError,
    HalfRestoredError,
    StartRefused,
)
"""What somebody at the site mends: its own words say where and how, and the places in our code say nothing to him."""


def start(orthanc: OrthancModule, environ: Mapping[str, str] | None = None) -> Supervisor:
    """Register everything with Orthanc and return; raises where the node must not start, which stops Orthanc.

    No OnChange callback is registered: Orthanc would enter Python several times for every instance it stores.
    """
    environ = os.environ if environ is None else environ
    settings = from_orthanc(json.loads(orthanc.GetConfiguration()), environ)
    log_to(orthanc, settings.log_level)
    os.umask(0o077)  # patients' data, Orthanc's own files included, is this user's alone
    keep_private(settings)
    lock_folder(settings)
    refuse_half_restored(settings)
    parts = Parts(settings)
    parts.ensure_rulebook()
    parts.profiles()  # a wrong rule or layout stops the start here, not each process for itself
    ledger = parts.ledger
    refuse_open_house(settings, ledger)
    token = new_token()
    configuration = write_run_folder(settings, token)
    audit = audit_of(settings, ledger, "orthanc")
    clock = parts.clock
    doors = doors_of(settings, ledger, token, clock, audit)
    images = ImageDoors(ledger, audit, clock, settings.name, reviews=ledger)
    ring = AskedRing(settings.run_folder)
    keep_suspects(settings, ring.left)
    register(orthanc, doors, images, settings.web_port, SetAsideDoor(SetAsideFiles(settings.data), ring))
    reception = register_dicom(orthanc, settings, ledger, audit, clock)
    supervisor = supervise(settings, configuration, environ)
    member = Membership(settings, ledger, OrthancArchive(settings.orthanc_url, token, node=settings.name))

    home = home_of(settings)

    def living(now: datetime) -> Beat:
        """Return Orthanc's sign of life: its processes' pids and restarts, and what C-STORE was refused."""
        audit.tick()
        told_to_live(member)
        found = {**detail(supervisor.states()), **reception.counts()}
        return Beat(node=settings.name, process="orthanc", pid=os.getpid(), at=now, detail=found, home=home)

    in_background("start processes", lambda: live(settings, token, supervisor, member, ledger, clock, living))
    atexit.register(fail_where_refused)  # the last of all, since it ends the process
    atexit.register(
        ledger.close
    )  # after the processes: whoever closes SQLite last leaves one file, not a log beside it
    atexit.register(ring.empty)  # whoever ends in order leaves no suspects
    atexit.register(supervisor.stop)  # Orthanc finalises Python when it stops; the pipes serve where it cannot
    return supervisor


def log_to(orthanc: OrthancModule, level: str) -> None:
    """Have our log lines appear in Orthanc's log."""
    root = logging.getLogger("gecit")
    root.handlers = [OrthancLog(orthanc)]
    root.setLevel(level)
    root.propagate = False


def refuse_open_house(settings: Settings, accounts: Accounts) -> None:
    """Raise where the node could be reached from outside and nobody could sign in."""
    if settings.remote_access_allowed and not accounts.has_administrator():
        raise StartRefused(NO_ADMINISTRATOR)


def register(orthanc: OrthancModule, doors: Doors, images: ImageDoors, web_port: int, aside: SetAsideDoor) -> None:
    """Guard every HTTP request, and pass ours on to the web process."""
    watched = KeptReferences().watched
    orthanc.RegisterIncomingHttpRequestFilter(watched(HttpFilter(doors, images, aside)))
    forwarder, mark = watched(Forwarder(web_port, doors.proof)), watched(IndexMark(orthanc))
    KEPT.extend((forwarder, mark))
    orthanc.RegisterRestCallback(PREFIX, forwarder)
    orthanc.RegisterRestCallback(f"{PREFIX}/(.*)", forwarder)
    orthanc.RegisterRestCallback(INDEX_PATH, mark)


def register_dicom(
    orthanc: OrthancModule, settings: Settings, ledger: SqlLedger, audit: Audit, clock: Clock
) -> ReceptionFilter:
    """Answer C-FIND out of the ledger, and filter C-STORE where a reception rule is switched on."""
    chosen = settings.worklist
    answers = DicomAnswers(
        ledger,
        clock,
        settings.name,
        chosen.expiry_days,
        by_file_number=chosen.patient_id == "FileNumber",
        nameless=settings.identifiers.nameless_numbers,
    )
    told = DicomAudit(audit, clock)
    orthanc.RegisterWorklistCallback(WorklistDoor(answers, told))
    if settings.development_open:
        log.warning("open for development: C-FIND, C-GET and C-MOVE are Orthanc's own and narrow nothing")
    else:
        orthanc.RegisterFindCallback(FindDoor(answers, told))
    reception = ReceptionFilter(settings.reception.rules, ledger, clock, ledger, settings.name)
    if settings.reception.rules:  # a hook for each instance costs processor time, an empty one too
        orthanc.RegisterIncomingCStoreInstanceFilter(reception)
    return reception


def supervise(settings: Settings, configuration: Path, environ: Mapping[str, str]) -> Supervisor:
    """Return what keeps the processes alive, not yet started."""
    package_home = str(Path(__file__).parents[1])
    python_path = os.pathsep.join(filter(None, (package_home, environ.get("PYTHONPATH", ""))))
    return Supervisor(
        [Child(name=one, command=(str(settings.python), "-m", "gecit.cli", one)) for one in PROCESSES],
        {**environ, "GECIT_CONFIG": str(configuration), "PYTHONPATH": python_path},
    )


def live(
    settings: Settings,
    token: str,
    supervisor: Supervisor,
    member: Membership,
    vitals: Vitals,
    clock: Clock,
    living: Callable[[datetime], Beat],
) -> None:
    """Register the node and start its processes, then record Orthanc's signs of life until it ends."""
    if not start_when_orthanc_answers(settings, token, supervisor, member):
        end_orthanc()
        return
    wait_beating(threading.Event(), vitals, clock, living)


def start_when_orthanc_answers(settings: Settings, token: str, supervisor: Supervisor, member: Membership) -> bool:
    """Start the processes once Orthanc serves HTTP and the node is registered; after two minutes without either.

    False where the node must not work, since its name is another one's.
    """
    deadline = time.monotonic() + WAIT_FOR_ORTHANC_SECONDS
    try:
        while time.monotonic() < deadline:
            if answers(f"{settings.orthanc_url}/system", token) and register_node(member):
                break
            time.sleep(0.1)
        else:
            log.warning("Orthanc or the ledger did not answer: the processes start, and the node is not registered yet")
    except NameTakenError as fault:
        log.error("%s", fault)
        return False
    supervisor.start()
    return True


def told_to_live(member: Membership) -> None:
    """Have the registry know that the node lives; a ledger or an Orthanc that does not answer is no reason to end."""
    try:
        member.beat()
    except NameTakenError as fault:
        log.error("%s", fault)
        end_orthanc()
    except Exception as fault:  # noqa: BLE001 whatever it is, Orthanc's own sign of life is not lost with it
        log.warning("the registry of nodes does not hear of this one: %s", type(fault).__name__)


def end_orthanc() -> None:
    """Have Orthanc end as when it is told to stop, but with code 1: it has started, so raising would end nothing."""
    REFUSED.set()
    os.kill(os.getpid(), signal.SIGTERM)


def fail_where_refused() -> None:
    """End the process with code 1 where the node must not work; Orthanc has closed index and ports by then."""
    if REFUSED.is_set():
        os._exit(1)


def answers(url: str, token: str) -> bool:
    """Whether Orthanc, and nobody else on its port, answers."""
    try:
        headers = {"Authorization": f"Bearer {token}"}
        return urllib3.request("GET", url, headers=headers, timeout=2.0, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def detail(states: list[State]) -> dict[str, str | int | float]:
    """Write the states of the processes as a beat carries them."""
    found: dict[str, str | int | float] = {}
    for one in states:
        found |= {f"{one.name}.pid": one.pid, f"{one.name}.restarts": one.restarts}
    return found


def in_background(name: str, work: Callable[[], None]) -> None:
    """Run `work` in a thread that never keeps Orthanc from ending."""
    threading.Thread(target=work, name=name, daemon=True).start()
