"""Sends one message by MLLP, with TLS where the receiver wants it, and reads its acknowledgment."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

from gecit.ports import AnswerUnknown, Institution, Receiver, Refused, Unavailable
from gecit.ports.hospital import HospitalSaid

from . import hl7_reader
from .mllp_framer import FS, VT, wrap

LONGEST_ANSWER = 1024 * 1024
CODES = frozenset({"AA", "AE", "AR", "CA", "CE", "CR"})  # HL7 v2.3.1 table 0008


class MllpHospital:
    """Implements `ports.hospital.Hospital`; a connection for each message, `timeout` seconds for the whole of it.

    `ca_file`: who may have issued the receiver's certificate, None = the system's authorities; `certificate` and `key`:
    ours, where the receiver asks for one.
    """

    def __init__(
        self,
        timeout: float = 30.0,
        ca_file: Path | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        self._timeout = timeout
        self._ca_file = ca_file
        self._certificate = certificate
        self._key = key

    def tell(self, institution: Institution, message: bytes, control_id: str) -> HospitalSaid:
        """Send a message and return what its receiver said of it."""
        receiver = institution.receiver
        if receiver is None:
            raise Refused("no-receiver", "no HL7 receiver on record")
        until = time.monotonic() + self._timeout
        with self._connected(receiver) as connection:
            try:
                connection.sendall(wrap(message))
                answer = _answer(connection, until)
            except OSError as fault:  # it may have been received: only its acknowledgment is missing
                raise AnswerUnknown(f"no acknowledgment: {_named(fault)}") from fault
        return read_acknowledgment(answer, control_id)

    @contextlib.contextmanager
    def _connected(self, receiver: Receiver) -> Iterator[socket.socket]:
        """Connect; whatever fails here, nothing of the message has left."""
        with contextlib.ExitStack() as stack:
            try:
                plain = stack.enter_context(
                    socket.create_connection((receiver.host, receiver.port), timeout=self._timeout)
                )
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = plain
                if receiver.tls:
                    context = self._context()
                    connection = stack.enter_context(context.wrap_socket(plain, server_hostname=receiver.host))
            except (OSError, ValueError) as fault:
                raise Unavailable(f"cannot connect: {_named(fault)}") from fault
            yield connection

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self._ca_file) if self._ca_file else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self._certificate:
            context.load_cert_chain(self._certificate, self._key)
        return context


def _answer(connection: socket.socket, until: float) -> bytes:
    data = b""
    while FS not in data:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("closed")
        data += piece
        if len(data) > LONGEST_ANSWER:
            raise ConnectionError("too long")
    return data.partition(FS)[0].lstrip(b"\r\n").removeprefix(VT)


def read_acknowledgment(answer: bytes, control_id: str) -> HospitalSaid:
    """Read an ACK; one that is none, or of another message, leaves it unknown what became of ours."""
    message = hl7_reader.parse(answer)
    code, of = message.get("MSA", 1).upper(), message.get("MSA", 2)
    if code not in CODES:
        raise AnswerUnknown("the answer is no acknowledgment (MSA-1)")
    if of != control_id:
        raise AnswerUnknown("the acknowledgment is of another message (MSA-2)")
    return HospitalSaid(code=code, text=_reason(message))


def _reason(message: hl7_reader.Message) -> str:
    """Return what the receiver gives as its reason: MSA-3, then the texts of ERR."""
    said = [message.get("MSA", 3)]
    for segment in message.all("ERR"):
        for number in range(1, 9):
            said += [" ".join(filter(None, segment.components(one))).strip() for one in segment.repetitions(number)]
    return "; ".join(dict.fromkeys(one for one in said if one))[:500]


def _named(fault: Exception) -> str:
    """Name a fault without quoting what it may hold."""
    reason = getattr(fault, "strerror", None) or getattr(fault, "verify_message", None) or ""
    return f"{type(fault).__name__} {reason}".strip()
