"""From frames to answers: reads each by its sender's profile, asks the registry, and commits a whole group at once."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from ..core.codes_of_remarks import remark
from ..core.encounters import EncounterTold
from ..core.events import RegistryAnswer
from ..core.faults import described
from ..core.openings import CareRule
from ..core.order import ExamKey
from ..core.peers import address_of, certificate_of, is_certified, names_certificate
from ..core.profile import Profile
from ..core.remarks import Remark, Severity, worst
from ..core.report import Report
from ..core.values import Value, to_json
from ..edges import hl7_ack, hl7_profile, hl7_reader
from ..ports import Clock, Institution, Ledger, Registry, Transaction, Unavailable
from ..steps.receive_message import NO_CARE, Answered, Incoming, Judging, keep_failed, receive_message, retry_message
from ..steps.trials import strangers

log = logging.getLogger("gecit.reception")

LOOK_UPS = 8
"""Questions to the registry at the same time."""

KNOWN_SECONDS = 5.0  # institutions are read again for who connects; each message asks of them anew


class Raw(NamedTuple):
    """A frame without its MLLP bytes."""

    data: bytes
    peer: str
    received_at: datetime


class _Read(NamedTuple):
    incoming: Incoming
    message: hl7_reader.Message


class _Layout(NamedTuple):
    profile: str
    agreed: str  # character set


class _Spoken(NamedTuple):
    message: hl7_reader.Message
    reading: hl7_profile.Reading
    hint: str  # SKRS code of whom a silent message is


class Reception:
    """Everything between a frame and its answer but the sockets."""

    def __init__(
        self,
        ledger: Ledger,
        registry: Registry,
        clock: Clock,
        judging: Callable[[], Judging],
        profiles: Mapping[str, Profile],
        default_institution: str = "",
        care: Callable[[], CareRule] = lambda: NO_CARE,
    ) -> None:
        self._ledger, self._registry, self._clock = ledger, registry, clock
        self._judging, self._profiles = judging, profiles
        self._default = default_institution
        self._knowing, self._known_until = threading.Lock(), 0.0
        self._known: Sequence[Institution] | None = None  # None: the ledger is away
        self._care = care
        self._pool = ThreadPoolExecutor(LOOK_UPS, thread_name_prefix="registry")

    def receive(self, frames: Sequence[Raw]) -> list[bytes]:
        """Take in a group of frames in one transaction and return their answers in order."""
        return [one.answer for one in self.take_in(frames)]

    def take_in(self, frames: Sequence[Raw]) -> list[Answered]:
        """Do so, and return what each was answered with the reasons."""
        institutions = self._ledger.read(lambda tx: tx.institutions())
        read = [self._read(frame, institutions) for frame in frames]
        registry = self._look_up(read)
        judging, care = self._judging(), self._care()

        def work(tx: Transaction) -> list[Answered]:
            tx.foresee(*_asked(read))
            return [
                receive_message(tx, one.incoming, registry, judging, self._answerer(one.message), care) for one in read
            ]

        answered = self._ledger.write(work)
        for one, result in zip(read, answered, strict=True):
            _log(one.incoming, result)
        return answered

    def knows(self, peer: str) -> bool:
        """Whether a peer speaks for anybody; while the ledger is away everybody does, and each message asks anew."""
        with self._knowing:
            if time.monotonic() >= self._known_until:
                try:
                    self._known = self._ledger.read(lambda tx: tx.institutions())
                except Unavailable:
                    self._known = None
                self._known_until = time.monotonic() + KNOWN_SECONDS  # whoever waited meanwhile does not ask again
            return self._known is None or bool(_allowed(peer, self._known, self._default))

    def receive_failed(self, frame: Raw, fault: Exception) -> bytes:
        """Keep a frame whose handling failed and say so; where even that fails, the answer is given all the same.

        Such an answer is transient: the sender sends again, so nothing that was acknowledged is lost.
        """
        log.error("message of %s failed: %s", frame.peer, described(fault))
        incoming = _bare(frame)
        answer = self._answerer(None)
        try:
            message = hl7_reader.parse(frame.data)
            incoming = _bare(
                frame, sender=(message.get("MSH", 3), message.get("MSH", 4)), control=message.get("MSH", 10)
            )
            answer = self._answerer(message)
            return self._ledger.write(lambda tx: keep_failed(tx, incoming, answer)).answer
        except Exception as second:  # noqa: BLE001 -- the outermost boundary of one message: it is answered in any case
            log.error("message of %s could not be kept either: %s", frame.peer, described(second))
            return answer([remark("ledger-unavailable" if isinstance(second, Unavailable) else "internal")])

    def refuse(self, code: str, peer: str, head: bytes, **values: object) -> bytes:
        """Keep the beginning of a frame that is no message and answer it."""
        message = hl7_reader.parse(_whole_letters(head))
        remarks = (remark(code, None, **values),)
        incoming = _bare(Raw(head, peer, self._clock.now()), remarks=remarks)
        answer = self._answerer(message if message.segments else None)
        judging = self._judging()
        return self._ledger.write(lambda tx: receive_message(tx, incoming, {}, judging, answer)).answer

    def retry(self, key: ExamKey) -> int:
        """Look again at an exam's deferred reports; returns how many are settled now."""
        exam = self._ledger.read(lambda tx: tx.exam(key))
        settled = 0
        for number in exam.deferred_reports if exam else ():
            settled += self._retry(number)
        return settled

    def retry_all(self, limit: int = 100) -> int:
        """Look again at all deferred reports, none of which stands in another's way; returns how many are settled."""
        settled = 0
        for key in self._ledger.read(lambda tx: tx.deferred(self._clock.now(), limit)):
            try:
                settled += self.retry(key)
            except Unavailable:
                raise
            except Exception as fault:  # noqa: BLE001 -- the outermost boundary of one report: it goes on waiting
                log.error("deferred report of %s failed: %s", key, described(fault))
        return settled

    def _retry(self, number: int) -> bool:
        stored = self._ledger.read(lambda tx: tx.message(number))
        if stored is None:
            return False
        institutions = self._ledger.read(lambda tx: tx.institutions())
        one = self._read(Raw(stored.raw, stored.peer, self._clock.now()), institutions)
        registry = self._look_up([one])
        if not registry:
            return False
        judging, answer = self._judging(), self._answerer(one.message)
        result = self._ledger.write(lambda tx: retry_message(tx, stored, one.incoming, registry, judging, answer))
        return not any(said.transient for said in result.remarks)

    def _read(self, frame: Raw, institutions: Sequence[Institution]) -> _Read:
        allowed = _allowed(frame.peer, institutions, self._default)
        spoken = self._spoken(frame.data, allowed)
        message, reading = spoken.message, spoken.reading
        speaking = next((one for one in allowed if one.skrs == (reading.institution or spoken.hint)), None)
        content = reading.content if speaking else None
        remarks = (*message.remarks, *reading.remarks, *_who(frame.peer, reading, allowed, institutions))
        if content is not None and _holds_nul(content, message, frame.data):
            content, remarks = None, (*remarks, remark("binary"))
        if speaking and content is not None:
            remarks = (*remarks, *strangers(speaking, content.patient))
        incoming = Incoming(
            raw=frame.data,
            digest=hashlib.sha256(frame.data).hexdigest(),
            peer=frame.peer,
            received_at=frame.received_at,
            sender=(_text(reading.sender[0]), _text(reading.sender[1])),
            control_id=_text(reading.control_id),
            institution=speaking.skrs if speaking else "",
            ownership=speaking.ownership if speaking else "",
            accession=reading.accession,
            content=content,
            remarks=tuple(dict.fromkeys(remarks)),
        )
        return _Read(incoming, message)

    def _spoken(self, data: bytes, allowed: Sequence[Institution]) -> _Spoken:
        """Read in layout and letters of the institution that speaks: of several, the one that its own layout names."""
        hint = allowed[0].skrs if len(allowed) == 1 else ""
        layouts = list(dict.fromkeys(map(self._layout, allowed))) or [_Layout("ministry", "")]
        tried: list[_Spoken] = []
        for layout in layouts:
            tried.append(self._speak(data, layout, hint))
            named = _named(tried[-1], allowed)
            if len(layouts) == 1 or (named and self._layout(named) == layout):
                return tried[-1]
        other = next((named for one in tried if (named := _named(one, allowed))), None)
        return self._speak(data, self._layout(other), other.skrs) if other else tried[0]

    def _speak(self, data: bytes, layout: _Layout, hint: str) -> _Spoken:
        message = hl7_reader.parse(data, agreed=layout.agreed)
        return _Spoken(message, hl7_profile.read(message, self._profiles[layout.profile], institution_hint=hint), hint)

    def _layout(self, institution: Institution) -> _Layout:
        name = institution.profile if institution.profile in self._profiles else "ministry"
        return _Layout(name, institution.character_set or self._profiles[name].character_set)

    def _look_up(self, read: Sequence[_Read]) -> dict[str, RegistryAnswer]:
        """Ask about all signers of a group at once; who could not be asked is missing from the result."""
        reports = (one.incoming.content for one in read)
        signers = {who.identifier for one in reports if isinstance(one, Report) for who in one.radiologists} - {""}
        # The pool is for several that may each wait for a service; one alone is asked from here.
        ask = self._pool.map if len(signers) > 1 else map
        return {one.identifier: one for one in ask(self._ask, sorted(signers)) if one}

    def _ask(self, identifier: str) -> RegistryAnswer | None:
        try:
            return self._registry.look_up(identifier)
        except Unavailable as fault:
            log.warning("registry: %s", fault)
            return None

    def _answerer(self, message: hl7_reader.Message | None) -> Callable[[Sequence[Remark]], bytes]:
        def answer(remarks: Sequence[Remark]) -> bytes:
            return hl7_ack.acknowledge(message, remarks, self._clock.now(), uuid.uuid4().hex[:20])

        return answer


def _whole_letters(head: bytes) -> bytes:
    """Drop a UTF-8 letter that the cut went through, lest the whole be taken for Windows-1254."""
    for cut in range(min(4, len(head))):
        part = head[: len(head) - cut]
        try:
            part.decode("utf-8")
        except UnicodeDecodeError:
            continue
        return part
    return head


def _text(value: str) -> str:
    # PostgreSQL's text has no NUL; the frame itself is kept to the byte.
    return value.replace("\0", "")


def _bare(
    frame: Raw, *, sender: tuple[str, str] = ("", ""), control: str = "", remarks: tuple[Remark, ...] = ()
) -> Incoming:
    return Incoming(
        raw=frame.data,
        digest=hashlib.sha256(frame.data).hexdigest(),
        peer=frame.peer,
        received_at=frame.received_at,
        sender=(_text(sender[0]), _text(sender[1])),
        control_id=_text(control),
        remarks=remarks,
    )


def _holds_nul(content: Value, message: hl7_reader.Message, data: bytes) -> bool:
    r"""Whether an escape (`\X00\`) brought a NUL in; one that stood in the frame itself is remarked by the reader."""
    escaped = f"{message.separators.escape}X".encode() in data and b"\0" not in data
    return escaped and b"\\u0000" in to_json(content)


def _named(spoken: _Spoken, allowed: Sequence[Institution]) -> Institution | None:
    return next((one for one in allowed if one.skrs == spoken.reading.institution), None)


def _allowed(peer: str, institutions: Sequence[Institution], default: str) -> list[Institution]:
    """Return the institutions that a peer may speak for."""
    certificate, address = certificate_of(peer), _address(address_of(peer))
    certified = [one for one in institutions if is_certified(one.hl7_peers, certificate)]
    if certified or address is None:
        return certified
    mapped = [one for one in institutions if any(net and address in net for net in map(_network, one.hl7_peers))]
    return mapped or [one for one in institutions if default and one.skrs == default]


def _address(peer: str) -> IPv4Address | IPv6Address | None:
    """Read a peer's address; IPv4 on a socket of both families (`::ffff:192.0.2.1`) is IPv4."""
    try:
        address = ip_address(peer)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


@lru_cache(maxsize=4096)
def _network(written: str) -> IPv4Network | IPv6Network | None:
    """Read a network as recorded; one that is none opens the door to nobody, and shuts it to nobody else."""
    if names_certificate(written):
        return None
    try:
        network = ip_network(written, strict=False)
    except ValueError:
        log.error("an institution's HL7 peer is no address: %r", written)
        return None
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    return ip_network((mapped, network.prefixlen - 96)) if mapped and network.prefixlen >= 96 else network


def _who(
    peer: str, reading: hl7_profile.Reading, allowed: Sequence[Institution], institutions: Sequence[Institution]
) -> tuple[Remark, ...]:
    """Say whether the peer may speak, and for whom it says it speaks."""
    said = reading.institution
    if not allowed:
        return (remark("peer-unknown"),)
    if not said or any(one.skrs == said for one in allowed):
        return ()
    known = any(one.skrs == said for one in institutions)
    code = "institution-not-of-peer" if known else "institution-unknown"
    return (remark(code, reading.institution_at, found=said[:20]),)


def _asked(read: Sequence[_Read]) -> tuple[list[ExamKey], list[str], list[tuple[tuple[str, str], str]]]:
    """What taking a group in will ask of the ledger: exams, patients by their numbers, messages."""
    incoming = [one.incoming for one in read]
    usable = (one for one in incoming if worst(one.remarks) is Severity.NOTE)  # of the rest nothing is folded
    contents = [one.content for one in usable if one.content and not isinstance(one.content, EncounterTold)]
    patients = [number for one in contents for number in (one.patient.tckn, one.patient.file_number)]
    return [one.key for one in contents], patients, [(one.sender, one.control_id) for one in incoming]


def _log(incoming: Incoming, result: Answered) -> None:
    codes = ",".join(one.code for one in result.remarks)
    again = " (same message)" if result.replayed else ""
    level = logging.INFO if codes or again else logging.DEBUG  # a day's backlog that is simply right needs no line each
    log.log(
        level, "message %d of %s: %s%s", result.message, incoming.institution or incoming.peer, codes or "AA", again
    )
