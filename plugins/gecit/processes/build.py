"""What every process makes of the settings: ledger, registry, rules, profiles."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy.exc import DBAPIError

from ..core.harmless import one_line
from ..core.profile import Profile
from ..core.reading import Limits
from ..edges import codes, hl7_profile
from ..edges.care_file import care_rule
from ..edges.hl7_report import ReportWriter
from ..edges.ledger_clock import LedgerClock
from ..edges.medula_json import JsonMedula
from ..edges.mllp_hospital import MllpHospital
from ..edges.physicians import ListedPhysicians
from ..edges.registry_http import HttpRegistry
from ..edges.registry_snapshot import NoRegistry, SnapshotRegistry
from ..edges.store import SqlLedger, open_ledger
from ..edges.system_clock import SystemClock
from ..edges.webhook_http import WebhookHttp
from ..ports import Clock, Medula, Registry, Unavailable
from ..settings import Settings
from ..steps.announce import Announcer
from ..steps.breaker import Breaker
from ..steps.deliver import Policy
from .reception import Reception
from .rules import Rules, publish

log = logging.getLogger("gecit.start")


class Parts:
    """The parts that a process is built of, each made when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.ledger: SqlLedger = _open(settings.database, settings.database_connections)
        self.clock: Clock = clock_of(self.ledger)

    def ensure_rulebook(self) -> None:
        """Activate the rule files where nothing was ever activated; later ones are a person's to activate."""
        if not self.ledger.active_revision():
            settings = self.settings
            revision, new = publish(
                self.ledger, settings.rules, settings.site_rules, self.clock.now(), "first start of the node"
            )
            if new:
                log.info("rulebook %s is in force", revision[:12])

    def ensure_codes(self) -> None:
        """Build each code list that was never imported from its shipped rows."""
        known = {one.kind for one in codes.snapshots(self.settings.codes)} if self.settings.codes.exists() else set()
        for path in sorted((self.settings.rules / "codes").glob("*.csv")):
            if path.stem not in known:
                codes.import_csv(self.settings.codes, path.stem, path, self.clock.now())

    def rules(self) -> Rules:
        """Return what gives the rulebook in force."""
        return Rules(self.ledger, self.settings, self.clock)

    def registry(self) -> Registry:
        """Return the registry of physicians: a service, or the imported list, or none where that is off."""
        return registry_of(self.settings, self.clock)

    def medula(self) -> Medula | None:
        """Return the adapter to MEDULA; None where nothing is to be sent, or the WSDL will not do: all waits then."""
        chosen = self.settings.medula
        if not chosen.url:
            return None
        if chosen.protocol == "Json":
            return JsonMedula(chosen.url, chosen.token_file, chosen.timeout_seconds, ca_file=chosen.ca_file)
        return _soap(self.settings)

    def profiles(self) -> dict[str, Profile]:
        """Return the HL7 layouts, shipped ones and the site's over them, by id."""
        return profiles_of(self.settings)

    def report_writer(self) -> ReportWriter:
        """Return what writes the messages that tell a hospital of its reports."""
        return ReportWriter(self.profiles(), self.settings.hbys.application, self.settings.hbys.facility)

    def hospital(self) -> MllpHospital:
        """Return what sends them."""
        chosen = self.settings.hbys
        return MllpHospital(chosen.timeout_seconds, chosen.ca_file, chosen.certificate_file, chosen.key_file)

    def limits(self) -> Limits:
        """Return how long an exam stays with its reader."""
        return limits_of(self.settings)

    def reception(self) -> Reception:
        """Return what takes messages in."""
        return Reception(
            self.ledger,
            self.registry(),
            self.clock,
            self.rules().judging,
            self.profiles(),
            self.settings.default_institution,
            care_rule(self.settings.rules, self.settings.site_rules),
        )

    def policy(self, longest: float | None = None) -> Policy:
        """Return how deliveries are repeated that take `longest` seconds at the most; None: those to MEDULA."""
        chosen, medula = self.settings.outbox, self.settings.medula
        requests = 2 if medula.protocol == "Json" else 4  # ask, send; SOAP may read back twice what stood before
        if longest is None:
            longest = requests * medula.timeout_seconds
        return Policy(
            lease=timedelta(seconds=max(chosen.lease_seconds, 2 * longest + 5)),
            backoff=timedelta(seconds=chosen.backoff_seconds),
            backoff_limit=timedelta(seconds=chosen.backoff_limit_seconds),
        )

    def announcer(self) -> Announcer:
        """Return what tells subscribers of verdicts."""
        chosen = self.settings.webhooks
        poster = WebhookHttp(
            chosen.allow, plain_http=chosen.plain_http, timeout=chosen.timeout_seconds, ca_file=chosen.ca_file
        )
        rest = timedelta(hours=chosen.give_up_hours)
        return Announcer(self.ledger, poster, self.clock, self.breaker, rest)

    def breaker(self) -> Breaker:
        """Return a circuit breaker for one destination."""
        chosen = self.settings.outbox
        return Breaker(chosen.breaker_failures, timedelta(seconds=chosen.breaker_seconds))


def clock_of(ledger: SqlLedger) -> Clock:
    """Return the clock that all processes of all nodes go by; SQLite has none but the computer's."""
    if ledger.engine.dialect.name == "sqlite":
        return SystemClock()
    clock = LedgerClock(ledger.database_time)
    clock.measure()
    return clock


def registry_of(settings: Settings, clock: Clock) -> Registry:
    """Return the registry of physicians: a service, or the imported list."""
    chosen = settings.registry
    if chosen.url:
        return HttpRegistry(
            chosen.url,
            clock,
            chosen.token_file,
            chosen.timeout_seconds,
            keep=timedelta(minutes=chosen.cache_minutes),
        )
    return SnapshotRegistry(settings.codes, clock) if chosen.snapshot else NoRegistry()


def profiles_of(settings: Settings) -> dict[str, Profile]:
    """Return the HL7 layouts, shipped ones and the site's over them, by id."""
    folders = [settings.rules, *([settings.site_rules] if settings.site_rules else [])]
    files = [path for folder in folders for path in sorted((folder / "profiles").glob("*.toml"))]
    return {path.stem: hl7_profile.load(path) for path in files}


def limits_of(settings: Settings) -> Limits:
    """Return how long an exam stays with its reader."""
    chosen = settings.reading
    return Limits(
        idle=timedelta(minutes=chosen.idle_minutes),
        held=timedelta(hours=chosen.hold_hours),
        assigned=timedelta(minutes=chosen.assigned_minutes),
    )


def _soap(settings: Settings) -> Medula | None:
    from ..edges.medula_soap import WSDL, SoapMedula  # zeep and lxml are only for who speaks SOAP
    from ..edges.soap_client import WsdlError

    chosen = settings.medula
    try:
        return SoapMedula(
            chosen.url,
            ListedPhysicians(settings.codes),
            wsdl=chosen.wsdl or WSDL,
            hbys_code=chosen.hbys_code,
            user_file=chosen.user_file,
            password_file=chosen.password_file,
            timeout=chosen.timeout_seconds,
            ca_file=chosen.ca_file,
        )
    except WsdlError as fault:
        log.error("Gecit.Medula.Wsdl: %s", fault)
        return None


def _open(database: str, connections: int) -> SqlLedger:
    with opening():
        return open_ledger(database, connections)


@contextmanager
def opening() -> Iterator[None]:
    """Say why the database refuses, where it does to whatever opens the ledger within; raises `Unavailable`."""
    try:
        yield
    except DBAPIError as fault:
        # The driver's first line says why, and neither address nor password stands in it.
        reason = (str(fault.orig).strip().splitlines() or [type(fault).__name__])[0]
        raise Unavailable(
            f"Kayıt defteri açılamıyor (Gecit.Database, GECIT_DATA): {reason} / The ledger cannot be opened: {reason}"
        ) from fault


class OneLine(logging.Formatter):
    """Writes each record on one line: what came from outside begins none of its own, and steers no terminal."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 logging's name
        """Return the line without a traceback, which is ours and may have several."""
        return one_line(super().formatMessage(record))


def start_logging(level: str, form: str = "%(asctime)s %(levelname).1s %(name)s %(message)s") -> None:
    """Log to standard error, which the supervisor's parent passes on."""
    said = logging.StreamHandler(sys.stderr)
    said.setFormatter(OneLine(form))
    logging.basicConfig(level=level, handlers=[said], force=True)
    for noisy in ("alembic", "urllib3", "waitress"):  # what they warn of, our loops say once
        logging.getLogger(noisy).setLevel(logging.ERROR)
    # It logs, as an error, a value of an answer that it cannot read; that may name a patient.
    logging.getLogger("zeep").setLevel(logging.CRITICAL)
