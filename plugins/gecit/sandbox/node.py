"""A node for a laptop: a real Orthanc with the plugin, and the pretend outside world beside it.

Everything that is started here is stopped here, by its own process id, on Ctrl-C and on SIGTERM.
"""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import requests

from ..edges import codes
from ..edges.store import open_ledger
from ..edges.system_clock import SystemClock
from ..ports import Receiver
from ..settings import Settings, home, load
from .day import INSTITUTION
from .duplicates import Credentials, new_credentials
from .hbys import PretendHbys, hbys_app, listening
from .mailbox import SENDER, MailBox, mailbox_app, receiving
from .medula_soap import Account, new_account
from .neighbours import settle_neighbours
from .people import ADMINISTRATOR, give_token, settle, shown
from .rulebook import SITE_SETTING, put_in_force
from .server import outside_world, running

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger("gecit.node")

ORTHANC = "/usr/sbin/Orthanc"
PORTS = {
    "GECIT_HTTP_PORT": "http_port",
    "GECIT_WEB_PORT": "web_port",
    "GECIT_DICOM_PORT": "dicom_port",
    "GECIT_MLLP_PORT": "mllp_port",
}
"""The variables of the ports, with their fields of the settings."""
START_SECONDS = 90.0
STOP_SECONDS = 30.0
LONGEST_LOG = 50_000_000
"""Bytes; a longer log is begun anew at the next start, and the one before is kept."""

SITE_RULES = Path(__file__).parent / "data" / "site-rules"
PHYSICIANS = Path(__file__).parent / "data" / "physicians.csv"
HBYS_CODE = "00000000000000000000000000000000"  # of nobody
QUICK = {
    "ORTHANC__GECIT__SETTLE_SECONDS": "3",
    "ORTHANC__GECIT__TRANSIENT_RETRY_SECONDS": "2",
    "ORTHANC__GECIT__OUTBOX__BACKOFF_SECONDS": "1",
}
"""What a laptop need not wait for; a hospital keeps the defaults."""


class StartError(Exception):
    """The node does not start; the text says why and what to do."""


class Running(NamedTuple):
    """A node that answers."""

    settings: Settings
    sandbox: str  # address of the pretend outside world
    passwords: Mapping[str, str]  # of people, by name; those who were there before are left out
    token: str  # of the pretend HBYS, for the JSON
    ended: Callable[[], int | None]  # Orthanc's exit code, once it has ended


Play = Callable[[Running], bool]
"""What is done on the running node; returns whether it went as expected."""


def run_node(data: Path, play: Play | None, *, leave_running: bool = True, protocol: str = "Json") -> int:
    """Start node and sandbox, play, and stay until told to stop; returns the exit code.

    `protocol`: how MEDULA is spoken to, `Json` or `Soap`.
    """
    stop = _until_stopped()
    try:
        with _node(data, stop, protocol) as node:
            good = play(node) if play and not stop.is_set() else True
            if leave_running and not stop.is_set():
                _say_where(node)
                _stay(node, stop)
    except StartError as fault:
        sys.stderr.write(f"{fault}\n")
        return 2
    sys.stdout.write("Durduruldu / stopped.\n")
    sys.stdout.flush()
    return 0 if good else 1


@contextmanager
def _node(data: Path, stop: threading.Event, protocol: str) -> Iterator[Running]:
    os.umask(0o077)
    data.mkdir(parents=True, exist_ok=True)
    credentials, account = new_credentials(), new_account()
    hbys = PretendHbys(SystemClock(), data / "hbys.jsonl")
    apps = outside_world(SystemClock(), data / "medula.jsonl", credentials=credentials, account=account)
    box = MailBox(SystemClock())
    world: dict[str, WSGIApplication] = {**apps, "/hbys": hbys_app(hbys), "/mail": mailbox_app(box)}
    with running(world) as sandbox, listening(hbys) as hbys_port, receiving(box) as mail_port:
        environ = (
            _environment(data, sandbox) | site_rules(data, os.environ) | duplicates_above(data, sandbox, credentials)
        )
        environ |= medula_over(protocol, data, sandbox, account) | mail_over(mail_port)
        environ.setdefault("ORTHANC__GECIT__SIGN_IN__PUBLIC_URL", load(environ=environ).orthanc_url)  # links in mails
        settings = load(environ=environ)
        _check_ports(settings)
        passwords, token = _prepare(settings, hbys_port)
        process = _start(settings, environ)
        try:
            _wait(settings, process, stop)
            yield Running(settings, sandbox, passwords, token, process.poll)
        finally:
            _stop(process)


def _stay(node: Running, stop: threading.Event) -> None:
    while not stop.wait(0.5):
        if node.ended() is not None:
            journal = node.settings.data / "orthanc.log"
            raise StartError(f"Orthanc kapandı / ended ({node.ended()}): {journal}\n{_tail(journal)}")


def _until_stopped() -> threading.Event:
    stop = threading.Event()

    def told(number: int, frame: FrameType | None) -> None:
        stop.set()

    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, told)
    return stop


def _environment(data: Path, sandbox: str) -> dict[str, str]:
    return {
        **QUICK,
        **os.environ,
        "GECIT_HOME": str(home(os.environ)),
        "GECIT_DATA": str(data),
        "GECIT_VENV": str(Path(sys.prefix)),
        "TCP_NODELAY": "1",  # without it DCMTK waits 40 ms for each instance
        "ORTHANC__GECIT__REGISTRY__URL": f"{sandbox}/registry",
        "ORTHANC__GECIT__REGISTRY__CACHE_MINUTES": "0",  # so that a fault on demand is felt at once
    }


def duplicates_above(data: Path, sandbox: str, credentials: Credentials) -> dict[str, str]:
    """Settings of the pretend duplicate service; its secrets stand in files, as a site's would."""
    secret, password = data / "duplicates-client.secret", data / "duplicates-user.secret"
    secret.write_text(credentials.client_secret)
    password.write_text(credentials.password)
    prefix = "ORTHANC__GECIT__DUPLICATES__UPSTREAM_"
    return {
        f"{prefix}NAME": "sandbox",
        f"{prefix}URL": f"{sandbox}/duplicates",
        f"{prefix}TOKEN_URL": f"{sandbox}/duplicates/connect/token",
        f"{prefix}CLIENT": credentials.client,
        f"{prefix}CLIENT_SECRET_FILE": str(secret),
        f"{prefix}USER": credentials.user,
        f"{prefix}PASSWORD_FILE": str(password),
    }


def medula_over(protocol: str, data: Path, sandbox: str, account: Account) -> dict[str, str]:
    """Settings of the pretend MEDULA; `Json` or `Soap`, whose secrets stand in files."""
    prefix = "ORTHANC__GECIT__MEDULA__"
    if protocol == "Json":
        return {f"{prefix}URL": f"{sandbox}/medula", f"{prefix}PROTOCOL": protocol}
    user, password = data / "medula-user.secret", data / "medula-password.secret"
    user.write_text(account.user)
    password.write_text(account.password)
    return {
        f"{prefix}URL": f"{sandbox}/medula/soap",
        f"{prefix}PROTOCOL": protocol,
        f"{prefix}USER_FILE": str(user),
        f"{prefix}PASSWORD_FILE": str(password),
        f"{prefix}HBYS_CODE": HBYS_CODE,
    }


def mail_over(port: int) -> dict[str, str]:
    """Settings of the pretend mail server: codes of links, critical findings and consultations are sent there."""
    alerts = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_SECURITY": "None", "EMAIL_FROM": SENDER}
    return {
        **{f"ORTHANC__GECIT__ALERTS__{name}": value for name, value in alerts.items()},
        "ORTHANC__GECIT__SHARING__EMAIL": "true",
        "ORTHANC__GECIT__CONSULTATIONS__EMAIL": "true",
    }


def _check_ports(settings: Settings) -> None:
    ports = {name: getattr(settings, field) for name, field in PORTS.items()}
    taken = [f"  {name}={port}" for name, port in ports.items() if _taken(port)]
    if taken:
        lines = "\n".join(taken)
        raise StartError(
            f"Bu kapılar dolu; kullanan programı durdurun ya da başka kapı verin:\n{lines}\n"
            f"These ports are in use; stop what uses them, or set these variables to others:\n{lines}"
        )


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def site_rules(data: Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Lay the pretend hospital's own rules in the data folder; return the setting that names them.

    Where `environ` names a site's rules already, those are meant: nothing is laid down.
    """
    if (environ or {}).get(SITE_SETTING):
        return {}
    folder = data / "site-rules"
    shutil.copytree(SITE_RULES, folder, dirs_exist_ok=True)
    return {SITE_SETTING: str(folder)}


def _prepare(settings: Settings, hbys_port: int) -> tuple[Mapping[str, str], str]:
    """Record the pretend hospital, its people and a token."""
    clock = SystemClock()
    codes.import_csv(settings.codes, "physicians", PHYSICIANS, clock.now())
    ledger = open_ledger(settings.database)
    try:
        sys.stdout.write(put_in_force(settings, ledger, clock.now()))
        # Its HBYS takes another free port at each start.
        hospital = msgspec.structs.replace(INSTITUTION, receiver=Receiver(host="127.0.0.1", port=hbys_port))
        ledger.write(lambda tx: tx.record_institution(hospital, clock.now(), by="sandbox"))
        passwords = settle(ledger, clock.now())
        ledger.write(lambda tx: settle_neighbours(tx, clock.now()))
        return passwords, give_token(ledger, clock.now())
    finally:
        ledger.close()


def _start(settings: Settings, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    program = shutil.which("Orthanc") or ORTHANC
    if not Path(program).exists():
        raise StartError("Orthanc kurulu değil: `make setup`. / Orthanc is not installed: `make setup`.")
    configuration = environ.get("GECIT_CONFIG") or str(home(environ) / "orthanc-config")
    path = settings.data / "orthanc.log"
    if path.exists() and path.stat().st_size > LONGEST_LOG:
        path.replace(path.with_name("orthanc.log.1"))
    with path.open("ab") as journal:
        # A session of its own: Ctrl-C reaches us alone, and we end Orthanc in order.
        return subprocess.Popen(
            [program, configuration], env=dict(environ), stdout=journal, stderr=journal, start_new_session=True
        )


def _wait(settings: Settings, process: subprocess.Popen[bytes], stop: threading.Event) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not stop.is_set():
        if process.poll() is not None:
            raise StartError(f"Orthanc başlamadı / did not start:\n{_tail(settings.data / 'orthanc.log')}")
        if _live(settings) and _taken(settings.mllp_port):
            return
        if time.monotonic() > deadline:
            raise StartError(
                f"Düğüm yanıt vermiyor / the node does not answer:\n{_tail(settings.data / 'orthanc.log')}"
            )
        stop.wait(0.2)


def _live(settings: Settings) -> bool:
    try:
        return requests.get(f"{settings.orthanc_url}/gecit/api/live", timeout=2).ok
    except requests.RequestException:
        return False


def _tail(path: Path, lines: int = 25) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def command_environment(settings: Settings) -> dict[str, str]:
    """Return the variables by which commands in another terminal mean this very node its site's rules and ports."""
    named = {name: os.environ[name] for name in ("GECIT_HOME", "GECIT_CONFIG") if name in os.environ}
    site = {SITE_SETTING: str(settings.site_rules.absolute())} if settings.site_rules else {}
    meant = {**named, "GECIT_DATA": str(settings.data.absolute()), **site}
    plain = load(environ=meant)
    ports = {name: getattr(settings, field) for name, field in PORTS.items() if _differs(settings, plain, field)}
    return {**meant, **{name: str(port) for name, port in ports.items()}}


def _differs(one: Settings, other: Settings, field: str) -> bool:
    return bool(getattr(one, field) != getattr(other, field))


def _say_where(node: Running) -> None:
    settings = node.settings
    renew = f"yenisi / a new one: GECIT_DATA={settings.data} .venv/bin/gecit users password {ADMINISTRATOR}"
    sys.stdout.write(
        f"""
Sayfalar / pages   {settings.orthanc_url}/gecit/sign-in
  kullanıcı, parola, rol, nereden başlanır, ilk ne denenir / user, password, role, where to begin, what to try first:
{shown(node.passwords, renew)}
JSON               {settings.orthanc_url}/gecit/api/exams   Authorization: Bearer {node.token}
DICOM              127.0.0.1:{settings.dicom_port}  AET {settings.dicom_aet}  (çağıran / calling {INSTITUTION.aets[0]})
HL7 (MLLP)         127.0.0.1:{settings.mllp_port}
MEDULA (taklit / pretend)  {node.sandbox}/medula/inspect
HBYS (taklit / pretend)    {node.sandbox}/hbys/inspect
Posta kutusu / mail box    {node.sandbox}/mail/   (kodlar ve bildirimler / codes and notices)
Görüntü zip'i / zip of images  {settings.web_port} kapısından (GECIT_WEB_PORT), uzaktan tünelle bakana o da gerekir
                   from that port; whoever looks through a tunnel needs it too
Veri / data        {settings.data}
Komutlar / commands, ikinci bir uçbirimde / in a second terminal:
  export {" ".join(f"{name}={shlex.quote(value)}" for name, value in command_environment(settings).items())}
  .venv/bin/gecit health
Durdurmak için Ctrl-C / Ctrl-C stops everything.
"""
    )
    sys.stdout.flush()
