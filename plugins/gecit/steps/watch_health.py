"""Say whether the installation is well, and tell people once when something begins to be wrong and once when it ends.

    facts of the ledger -> what is wrong (`wrong`) -> incidents opened and closed, with what tells of them (`settle`)

Several processes look: one that died is noticed by another. CareOpening and telling are one transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec

from ..core import webhooks
from ..core.background import Outage
from ..core.critical import WAITS
from ..core.critical import Line as CriticalLine
from ..core.events import Event
from ..core.openings import CareOpening
from ..core.order import ExamKey
from ..core.set_aside import Reason, explained
from ..core.values import Text, Value, local, to_json
from ..ports import (
    COMPUTER,
    Backlog,
    Beat,
    Clock,
    Conditions,
    CriticalSearch,
    Delivery,
    Incident,
    Ledger,
    Mailer,
    Poster,
    Transaction,
)
from ..ports.nodes import Node
from .deliver import Handler
from .watch_alike import apart
from .watch_ends import ending

DESTINATION = "alert"
EMAIL = "e-mail"
WEBHOOK = "webhook"
NOBODY = ExamKey(institution="", accession="")
BREAKER = "breaker "  # what the detail of a sign of life begins with that tells of a destination's circuit
SET_ASIDE = "set aside "  # likewise, a study that is not read: its Orthanc id; why is the value
BEHIND, DISK_FREE, DISK_TOTAL = "changes behind", "disk free", "disk total"
CLOCK_BEHIND = "clock behind"  # seconds that the computer's clock is behind the database's
CLOCKS_APART = 60  # seconds; NTP keeps clocks within a fraction of one
CLOCKS_MENDED = 30  # less is well again: a clock that drifts past the minute would open and close with each measuring
_UNREAD = CriticalSearch(states=tuple(sorted(WAITS)), limit=1_000)

KINDS = frozenset(
    {
        *("node", "silent", "disk", "behind", "clock", "aside"),
        *("audit-key", "settings", "code-list"),
        *("parked", "waiting", "down", "outage", "sender"),
        *("critical", "emergency", "certificate", "expired", "backup"),
    }
)
"""What incidents' keys begin with."""

Found = tuple[str, Text]
"""Kind and subject (`silent:N1/work`), and what is said of it."""


class Limits(Value):
    """From when on something is wrong; a limit that is None or 0 is never reached."""

    silent: timedelta = timedelta(seconds=90)
    outbox_age: timedelta = timedelta(hours=1)
    disk_percent: float = 10
    sender_silence: timedelta | None = None
    behind: int = 5_000
    critical: timedelta | None = timedelta(minutes=30)  # that nobody read
    certificate: timedelta = timedelta(days=21)  # before its end


class Facts(Value):
    """What is known of the installation at `now`."""

    now: datetime
    beats: tuple[Beat, ...] = ()
    backlog: tuple[Backlog, ...] = ()
    outages: tuple[Outage, ...] = ()
    last_messages: Mapping[str, datetime] = msgspec.field(default_factory=dict)
    critical: tuple[CriticalLine, ...] = ()  # that wait to be read
    unreviewed: tuple[CareOpening, ...] = ()  # emergency access that nobody has reviewed
    nodes: tuple[Node, ...] = ()
    standing: frozenset[str] = frozenset()  # the keys of the incidents that are open

    def silent(self, limits: Limits) -> dict[str, Node]:
        """Return the nodes that are silent as a whole, by name: one incident each, whatever their processes said."""
        return {one.name: one for one in self.nodes if one.silent > limits.silent}

    def heard(self, limits: Limits) -> list[Beat]:
        """Return the signs of life of the other nodes."""
        silent = self.silent(limits)
        return [one for one in self.beats if one.node not in silent]

    def current(self, limits: Limits) -> list[Beat]:
        """Return those of them that tell of now: of a pair the silent one does not, while the other speaks."""
        heard = self.heard(limits)
        speaking = {(one.node, one.process) for one in heard if self._speaks(one, limits)}
        return [one for one in heard if self._speaks(one, limits) or (one.node, one.process) not in speaking]

    def _speaks(self, one: Beat, limits: Limits) -> bool:
        return self.now - one.at <= limits.silent


class Alert(Value):
    """What is told of an incident; the body of the webhook."""

    type: str  # incident.opened | incident.closed
    timestamp: datetime
    incident: int
    key: str
    text: Text
    opened_at: datetime


def facts(conditions: Conditions, now: datetime) -> Facts:
    """Read the facts."""
    return Facts(
        now=now,
        beats=tuple(conditions.beats()),
        backlog=tuple(conditions.backlog()),
        outages=tuple(one for one in conditions.read(lambda tx: tx.outages(now, now)) if one.ended_at is None),
        last_messages=conditions.last_messages(),
        critical=tuple(conditions.read(lambda tx: tx.critical_lines(_UNREAD))),
        unreviewed=tuple(conditions.read(lambda tx: tx.openings(waiting=True))),
        nodes=tuple(conditions.nodes()),
        standing=frozenset(one.key for one in conditions.incidents(1000) if one.closed_at is None),
    )


def wrong(known: Facts, limits: Limits) -> dict[str, Text]:
    """Return what is wrong, by key."""
    found = (
        _silent,
        _processes,
        _nodes,
        _clocks,
        _alike,
        _set_aside,
        _outbox,
        _services,
        _senders,
        _critical,
        _emergencies,
        _ends,
    )
    return {key: text for one in found for key, text in one(known, limits)}


def _silent(known: Facts, limits: Limits) -> Iterator[Found]:
    for name, one in known.silent(limits).items():
        since = f"{local(one.beat_at):%d.%m.%Y %H:%M}"
        yield (
            f"node:{name}",
            Text(
                tr=f"{name} düğümü {since} tarihinden beri sessiz. İşini öteki düğümler sürdürür, ama görüntüleri "
                "açılmaz ve raporları eklenmez; sistem yöneticisi düğümü başlatmalı. Bir daha çalışmayacaksa: "
                f"gecit nodes forget {name}",
                en=f"Node {name} is silent since {since}. The other nodes go on with its work, but its images do not "
                "open and no report is attached to them; the administrator should start it. If it will not run again: "
                f"gecit nodes forget {name}",
            ),
        )


def _processes(known: Facts, limits: Limits) -> Iterator[Found]:
    started = {one.name: one.started_at for one in known.nodes}
    for one in known.heard(limits):
        begun = started.get(one.node, one.at)
        if known.now - max(one.at, begun) > limits.silent:  # a node that has just started has to say something first
            where = f" ({one.detail[COMPUTER]})" if one.detail.get(COMPUTER) else ""
            since = f"{local(one.at):%d.%m.%Y %H:%M}"
            yield (
                f"silent:{one.node}/{one.process}",
                Text(
                    tr=f"{one.node} düğümünde{where} {one.process} süreci {since} tarihinden beri sessiz; sistem "
                    "yöneticisi Orthanc günlüğüne bakmalı.",
                    en=f"Process {one.process} of node {one.node}{where} is silent since {since}; the administrator "
                    "should look into Orthanc's log.",
                ),
            )


def _nodes(known: Facts, limits: Limits) -> Iterator[Found]:
    for one in known.current(limits):
        free, total, behind = (one.detail.get(name) for name in (DISK_FREE, DISK_TOTAL, BEHIND))
        if isinstance(free, int) and isinstance(total, int) and free * 100 < limits.disk_percent * total:
            percent = free * 100 // max(total, 1)
            yield (
                f"disk:{one.node}",
                Text(
                    tr=f"{one.node} düğümünün diskinde yalnız %{percent} boş yer var; yer açın ya da diski büyütün.",
                    en=f"Only {percent} % of the disk of node {one.node} is free; make room or enlarge it.",
                ),
            )
        if isinstance(behind, int) and behind > limits.behind:
            yield (
                f"behind:{one.node}",
                Text(
                    tr=f"{one.node} düğümünde Orthanc'ın {behind} değişikliği daha okunmadı; görüntüler geç işlenir.",
                    en=f"Node {one.node} has yet to read {behind} changes of Orthanc; images are taken in late.",
                ),
            )


def _clocks(known: Facts, limits: Limits) -> Iterator[Found]:
    for one in known.current(limits):
        key, behind = f"clock:{one.node}", one.detail.get(CLOCK_BEHIND, 0)
        if isinstance(behind, int) and abs(behind) > (CLOCKS_MENDED if key in known.standing else CLOCKS_APART):
            yield (
                key,
                Text(
                    tr=f"{one.node} düğümündeki bilgisayarın saati veritabanınınkinden {abs(behind)} saniye "
                    f"{'geri' if behind > 0 else 'ileri'}. Geçit veritabanının saatiyle çalışır, Orthanc ve "
                    "günlükler çalışmaz; sistem yöneticisi iki bilgisayarın da NTP ayarına bakmalı.",
                    en=f"The clock of node {one.node}'s computer is {abs(behind)} seconds "
                    f"{'behind' if behind > 0 else 'ahead of'} the database's. Geçit goes by the database's clock, "
                    "Orthanc and the logs do not; the administrator should look after NTP on both computers.",
                ),
            )


def _alike(known: Facts, limits: Limits) -> Iterator[Found]:
    yield from apart(known.current(limits), known.now)


def _set_aside(known: Facts, limits: Limits) -> Iterator[Found]:
    for beat in known.beats:
        yield from set_aside(beat)


def set_aside(beat: Beat) -> Iterator[Found]:
    """Say which studies a sign of life tells of that are not read."""
    for name, reason in beat.detail.items():
        if name.startswith(SET_ASIDE):
            study = name.removeprefix(SET_ASIDE)
            yield f"aside:{beat.node}/{study}", explained(study, Reason(str(reason)))


def _outbox(known: Facts, limits: Limits) -> Iterator[Found]:
    for one in known.backlog:
        if one.state == "parked":
            yield (
                f"parked:{one.destination}",
                Text(
                    tr=f"{one.destination} için beklemeye alınan teslimat var; `gecit outbox list --state parked` ile "
                    "bakın, düzeltip yeniden deneyin.",
                    en=f"A delivery to {one.destination} is parked; look at it with `gecit outbox list --state "
                    "parked`, mend it and retry it.",
                ),
            )
    oldest: dict[str, datetime] = {}
    for one in known.backlog:
        if one.state != "parked":
            oldest[one.destination] = min(one.oldest, oldest.get(one.destination, one.oldest))
    for destination, since in oldest.items():
        if known.now - since > limits.outbox_age:
            yield (
                f"waiting:{destination}",
                Text(
                    tr=f"{destination} için {local(since):%d.%m.%Y %H:%M} tarihinden beri bekleyen teslimat var.",
                    en=f"A delivery to {destination} waits since {local(since):%d.%m.%Y %H:%M}.",
                ),
            )


def _services(known: Facts, limits: Limits) -> Iterator[Found]:
    for beat in known.current(limits):
        for name, state in beat.detail.items():
            if name.startswith(BREAKER) and state not in ("", "closed"):
                service = name.removeprefix(BREAKER)
                yield f"down:{beat.node}/{service}", _down(service)
    for one in known.outages:
        yield f"outage:{one.service}", _down(one.service)


def _down(service: str) -> Text:
    return Text(
        tr=f"{service} yanıt vermiyor; yeniden denenecek, hiçbir şey kaybolmaz.",
        en=f"{service} does not answer; it is tried again, and nothing is lost.",
    )


def _senders(known: Facts, limits: Limits) -> Iterator[Found]:
    if not limits.sender_silence:
        return
    for institution, at in known.last_messages.items():
        if known.now - at > limits.sender_silence:
            since = f"{local(at):%d.%m.%Y %H:%M}"
            yield (
                f"sender:{institution}",
                Text(
                    tr=f"{institution} kurumundan {since} tarihinden beri HL7 iletisi gelmedi; kurumun HBYS sorumlusu "
                    "bağlantıyı denetlemeli.",
                    en=f"Institution {institution} sent no HL7 message since {since}; its HBYS people should check "
                    "the connection.",
                ),
            )


def _critical(known: Facts, limits: Limits) -> Iterator[Found]:
    """Each for itself, under a number that names neither exam nor patient."""
    for one in known.critical if limits.critical else ():
        if limits.critical and known.now - one.marked_at > limits.critical:
            written = f"{one.key}{one.marked_at.isoformat()}"
            since, skrs = f"{local(one.marked_at):%d.%m.%Y %H:%M}", one.key.institution
            yield (
                f"critical:{skrs}/{hashlib.sha256(written.encode()).hexdigest()[:10]}",
                Text(
                    tr=f"{skrs} kurumuna {since} tarihinde bildirilen kritik bulguyu kimse okumadı; hastaneyi "
                    "telefonla arayın. Ayrıntı: /gecit/critical",
                    en=f"Nobody read the critical finding that institution {skrs} was told of on {since}; call the "
                    "hospital. Details: /gecit/critical",
                ),
            )


def _emergencies(known: Facts, limits: Limits) -> Iterator[Found]:
    for one in known.unreviewed:
        yield (
            f"emergency:{one.id}",
            Text(
                tr=f"{one.institution} kurumundan bir hekim gerekçe yazarak acil erişim açtı; kurum yöneticisi ya da "
                "birim incelemeli (/gecit/care/reviews).",
                en=f"A physician of institution {one.institution} opened exams in an emergency by a stated reason; its "
                "manager or the unit should review it (/gecit/care/reviews).",
            ),
        )


def _ends(known: Facts, limits: Limits) -> Iterator[Found]:
    """What stood when a node fell silent stands on: its silence renewed no certificate, and made no backup."""
    yield from ending(known.current(limits), known.now, limits.certificate)
    silent = known.silent(limits)
    last = [one for one in known.beats if one.node in silent]
    yield from (one for one in ending(last, known.now, limits.certificate) if one[0] in known.standing)


def settle(tx: Transaction, found: Mapping[str, Text], now: datetime, channels: Collection[str]) -> list[Incident]:
    """Open what is new, close what is over, queue what tells of it; return the incidents that changed."""
    standing = {one.key: one for one in tx.open_incidents()}
    opened = [tx.open_incident(key, text, now) for key, text in found.items() if key not in standing]
    over = [one for key, one in standing.items() if key not in found and _ours(key)]
    for one in over:
        tx.close_incident(one.id, now)
    closed = [msgspec.structs.replace(one, closed_at=now) for one in over]
    for one in (*opened, *closed):
        _tell(tx, one, now, channels)
    return [*opened, *closed]


def _ours(key: str) -> bool:
    """Whether this looks for such incidents: what a newer node opened is not over because an older one looks."""
    return key.partition(":")[0] in KINDS


def _tell(tx: Transaction, one: Incident, now: datetime, channels: Iterable[str]) -> None:
    what = "incident.closed" if one.closed_at else "incident.opened"
    alert = Alert(type=what, timestamp=now, incident=one.id, key=one.key, text=one.text, opened_at=one.opened_at)
    for channel in channels:
        tx.queue(DESTINATION, channel, f"{one.id}:{what}:{channel}", NOBODY, to_json(alert), now)


class Watch:
    """One loop: looks, and settles what differs from what stands."""

    def __init__(
        self, ledger: Ledger, conditions: Conditions, clock: Clock, limits: Limits, channels: Collection[str]
    ) -> None:
        self._ledger, self._conditions, self._clock = ledger, conditions, clock
        self._limits, self._channels = limits, tuple(channels)

    def step(self) -> bool:
        """Look once; always False, since there is nothing more to do at once."""
        now = self._clock.now()
        known = facts(self._conditions, now)
        found = wrong(known, self._limits)
        if {one for one in known.standing if _ours(one)} != found.keys():  # a look alone locks nobody out
            self._ledger.write(lambda tx: settle(tx, found, now, self._channels))
        return False


def handlers(
    mailer: Mailer | None, poster: Poster | None, url: str, secret: Callable[[], str], clock: Clock
) -> Mapping[str, Handler]:
    """Return what the courier of destination `alert` calls, by kind."""
    teller = _Teller(mailer, poster, url, secret, clock)
    found: dict[str, Handler] = {EMAIL: teller.mail} if mailer else {}
    return {**found, WEBHOOK: teller.post} if poster else found


class _Teller:
    def __init__(
        self, mailer: Mailer | None, poster: Poster | None, url: str, secret: Callable[[], str], clock: Clock
    ) -> None:
        self._mailer, self._poster, self._url, self._secret, self._clock = mailer, poster, url, secret, clock

    def mail(self, delivery: Delivery) -> Sequence[Event]:
        """Send an e-mail."""
        assert self._mailer is not None  # noqa: S101 -- for the type checker: no handler without one
        alert = msgspec.json.decode(delivery.payload, type=Alert)
        subject, text = wording(alert)
        self._mailer.send(subject, text, webhooks.message_id(delivery.key))
        return ()

    def post(self, delivery: Delivery) -> Sequence[Event]:
        """Post to the administrators' own address."""
        assert self._poster is not None  # noqa: S101
        number = webhooks.message_id(delivery.key)
        signed = webhooks.headers(self._secret(), number, self._clock.now(), delivery.payload)
        self._poster.post(self._url, delivery.payload, signed)
        return ()


def wording(alert: Alert) -> tuple[str, str]:
    """Return subject and text of an e-mail, Turkish first."""
    over = alert.type == "incident.closed"
    subject = f"[Geçit] {'düzeldi / over' if over else 'uyarı / alert'}: {alert.key}"
    moments = f"{local(alert.opened_at):%d.%m.%Y %H:%M}" + (
        f" – {local(alert.timestamp):%d.%m.%Y %H:%M}" if over else ""
    )
    head = ("Düzeldi:", "Over:") if over else ("Uyarı:", "Alert:")
    return (
        subject,
        f"{head[0]} {alert.text.tr}\n\n{head[1]} {alert.text.en}\n\n{moments} (Europe/Istanbul)\n{alert.key}\n",
    )


def direct(alert: Alert, key: str) -> Delivery:
    """Return what a handler sends at once, without the outbox; `key` tells it from every other one."""
    payload = to_json(alert)
    return Delivery(id=0, destination=DESTINATION, kind="", key=key, exam=NOBODY, payload=payload, state="queued")


TRIAL = Text(tr="Bu bir denemedir; yapılacak bir şey yok.", en="This is a trial; there is nothing to do.")


def try_out(
    mailer: Mailer | None, poster: Poster | None, url: str, secret: Callable[[], str], clock: Clock
) -> dict[str, Callable[[], object]]:
    """Return what sends a trial alert, by channel; each raises as its edge does."""
    now = clock.now()
    alert = Alert(type="incident.opened", timestamp=now, incident=0, key="trial:0", text=TRIAL, opened_at=now)
    trial = direct(alert, f"trial:{now.isoformat()}")
    return {name: partial(send, trial) for name, send in handlers(mailer, poster, url, secret, clock).items()}
