"""HL7 v2.3.1 written: ORM^O01, ORU^R01 and ADT in the Ministry's layout, built with hl7apy; and a MLLP client."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.core import Message as Hl7Message

from gecit.core.encounters import EncounterTold, Trigger
from gecit.core.order import Order, Patient, Person, Procedure
from gecit.core.report import Report
from gecit.core.values import Value, local

from .hl7_ack import escape
from .hl7_reader import codec_of
from .mllp_framer import FS, wrap

VERSION = "2.3.1"
STRUCTURES = {Trigger.TRANSFER: "ADT_A02", Trigger.DISCHARGE: "ADT_A03", Trigger.CANCEL_ADMIT: "ADT_A09"}
"""HL7 v2.3.1 table 0354; the others are built as an admission."""


class Envelope(Value):
    """What MSH says beside the content."""

    control_id: str  # MSH-10
    application: str = "HBYS"  # MSH-3, the firm's code
    facility: str = ""  # MSH-4, the firm's name
    character_set: str = "UTF8"  # MSH-18: UTF8 or Windows1254
    receiver: str = "GECIT"  # MSH-5


def frame(data: bytes) -> bytes:
    """Put a message between VT and FS CR."""
    return wrap(data)


def order_message(order: Order, envelope: Envelope) -> bytes:
    """Build an ORM^O01; one ORC and OBR for each procedure."""
    message = new_message("ORM_O01", "ORM^O01", envelope, order.message_at)
    segment(message, "PID", _pid(order.patient))
    segment(message, "PV1", {2: escape(order.patient_class) or "O", 19: escape(order.admission)})
    for number, procedure in enumerate(order.procedures or (Procedure(),), 1):
        segment(message, "ORC", _orc(order))
        segment(message, "OBR", {1: str(number), **_obr(order, procedure)})
    for number, diagnosis in enumerate(order.diagnoses, 1):
        segment(message, "DG1", {1: str(number), 3: f"{escape(diagnosis)}^^I10"})
    return encode(message, envelope)


def report_message(report: Report, envelope: Envelope) -> bytes:
    """Build an ORU^R01 with the report in one OBX, its parts as numbered base64."""
    message = new_message("ORU_R01", "ORU^R01", envelope, report.message_at)
    key = escape(report.key.accession)
    segment(message, "PID", _pid(report.patient))
    for number, procedure in enumerate(report.procedures or (Procedure(),), 1):
        segment(message, "ORC", {1: "RE", 2: key, 21: escape(report.key.institution)})
        fields = {2: key, 3: key, 4: _code(procedure), 7: time_of(report.approved_at), 18: key}
        segment(message, "OBR", {1: str(number), **fields, 24: escape(report.modality), 25: report.status.value})
    segment(message, "OBX", report_observation(report, envelope, report.status.value))
    return encode(message, envelope)


def encounter_message(told: EncounterTold, envelope: Envelope, at: datetime | None) -> bytes:
    """Build an ADT message; `at` is MSH-7."""
    message = new_message(STRUCTURES.get(told.trigger, "ADT_A01"), f"ADT^{told.trigger}", envelope, at)
    segment(message, "EVN", {1: told.trigger.value, 2: time_of(told.told_at)})
    segment(message, "PID", _pid(told.patient))
    if told.family_doctors is not None:
        segment(message, "PD1", {4: written_people(told.family_doctors) or '""'})
    visit = {2: escape(told.patient_class) or "O", 19: escape(told.number), 39: escape(told.institution)}
    if told.attending is not None:
        visit[7] = written_people(told.attending) or '""'
    segment(message, "PV1", {**visit, 45: time_of(told.ended_at)})
    return encode(message, envelope)


def new_message(structure: str, kind: str, envelope: Envelope, at: datetime | None, version: str = VERSION) -> Any:
    """Begin a message with its MSH; `version` is MSH-12."""
    message = Hl7Message(structure, version=VERSION, validation_level=VALIDATION_LEVEL.TOLERANT)
    fields = {3: escape(envelope.application), 4: escape(envelope.facility), 7: time_of(at), 9: kind}
    fields |= {
        5: escape(envelope.receiver),
        10: escape(envelope.control_id),
        11: "P",
        12: version,
        18: envelope.character_set,
    }
    _fill(message.msh, "msh", fields)
    return message


def segment(message: Any, name: str, fields: dict[int, str]) -> None:
    """Add a segment; its fields are ER7 text by number."""
    _fill(message.add_segment(name), name.lower(), fields)


def _fill(segment: Any, name: str, fields: dict[int, str]) -> None:
    """Set fields from ER7 text; `~` inside is a repetition (hl7apy would escape it)."""
    for number, value in sorted(fields.items()):
        if not value:
            continue
        if "~" not in value:
            setattr(segment, f"{name}_{number}", value)
            continue
        for one in value.split("~"):
            segment.add_field(f"{name}_{number}").value = one


def _pid(patient: Patient) -> dict[int, str]:
    name = f"{escape(patient.family)}^{escape(patient.given)}" if patient.family or patient.given else ""
    return {
        1: "1",
        3: escape(patient.file_number),
        4: escape(patient.tckn),
        5: name,
        7: patient.birth_date,
        8: escape(patient.sex),
    }


def _orc(order: Order) -> dict[int, str]:
    return {
        1: order.control.value,
        2: escape(order.key.accession),
        5: "SC",
        9: time_of(order.ordered_at),
        12: _person(order.physician),
        17: escape(order.department),
        21: escape(order.key.institution),
    }


def _obr(order: Order, procedure: Procedure) -> dict[int, str]:
    key = escape(order.key.accession)
    place = f"{escape(order.performing_institution)}&&SKRS" if order.performing_institution else "Radiology"
    return {
        2: key,
        3: key,
        4: _code(procedure),
        6: time_of(order.ordered_at),
        13: escape(order.clinical_information),
        15: f"{place}^^^^^R",
        16: _person(order.physician),
        18: key,
        20: escape(order.tracking_number),
        21: escape(order.reference),
        24: escape(order.modality),
        27: f"1^once^^^^{escape(order.priority)}" if order.priority else "",
        31: escape(order.repeat_reason),
        36: time_of(order.scheduled_at),
    }


def report_observation(report: Report, envelope: Envelope, status: str) -> dict[int, str]:
    """Return the fields of the OBX that holds a report; `status` is OBX-11."""
    codec = codec_of(envelope.character_set) or "utf-8"
    encoded = (
        f"{base64.b64encode(text.encode(codec, 'replace')).decode()}^{part.value}"
        for part, text in sorted(report.parts.items())
    )
    return {
        1: "1",
        2: "TX",
        3: f"{report.format}^BASE64",
        5: "~".join(encoded),
        11: status,
        13: _ratings(report),
        16: written_people(report.radiologists),
        17: "^".join(escape(one) for one in report.contrast.split("^")),
    }


def _ratings(report: Report) -> str:
    """Return OBX-13: two ratings, and behind them what they rest on; whoever does not know these passes them over."""
    scores = ("" if one is None else str(one) for one in (report.request_reason_rating, report.image_quality_rating))
    reasons = ("&".join(map(escape, one)) for one in (report.request_reason_reasons, report.image_quality_reasons))
    return "^".join((*scores, *reasons)).rstrip("^")


def _code(procedure: Procedure) -> str:
    """Return OBR-4: the SUT triple and the LOINC triple; one that is absent leaves its code system out."""
    sut = (procedure.sut, procedure.sut_name, "SUT" if procedure.sut or procedure.sut_name else "")
    loinc = (procedure.loinc, procedure.loinc_name, "LNC" if procedure.loinc or procedure.loinc_name else "")
    return "^".join(escape(one) for one in (*sut, *loinc)).rstrip("^")


def _person(person: Person) -> str:
    return "^".join(escape(one) for one in (person.identifier, person.family, person.given)).rstrip("^")


def written_people(people: Iterable[Person]) -> str:
    """Write people as XCN, repeated by `~`."""
    return "~".join(_person(one) for one in people)


def time_of(moment: datetime | None) -> str:
    """Write an instant as local time, YYYYMMDDHHMMSS."""
    return local(moment).strftime("%Y%m%d%H%M%S") if moment else ""


def encode(message: Any, envelope: Envelope) -> bytes:
    """Write a message in the envelope's character set."""
    text: str = message.to_er7()
    return f"{text}\r".encode(codec_of(envelope.character_set) or "utf-8", "replace")


def send(
    host: str,
    port: int,
    messages: Iterable[bytes],
    timeout: float,
    *,
    context: ssl.SSLContext | None = None,
    source: str = "",
) -> list[bytes]:
    """Send messages over one connection, each after the answer to the one before; return the answers.

    `timeout` is seconds for each step; `context`: how TLS is spoken, None = it is not; `source`: the own address that
    it comes from, "" = any. ConnectionError where the other side closes without an answer.
    """
    answers: list[bytes] = []
    rest = b""
    with contextlib.ExitStack() as stack:
        ours = (source, 0) if source else None
        plain = stack.enter_context(socket.create_connection((host, port), timeout=timeout, source_address=ours))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = stack.enter_context(context.wrap_socket(plain, server_hostname=host)) if context else plain
        for message in messages:
            connection.sendall(frame(message))
            answer, rest = _receive(connection, rest)
            answers.append(answer)
    return answers


def _receive(connection: socket.socket, rest: bytes) -> tuple[bytes, bytes]:
    while FS not in rest:
        data = connection.recv(65536)
        if not data:
            raise ConnectionError("closed without an answer")
        rest += data
    answer, _, rest = rest.partition(FS)
    return answer.lstrip(b"\r\n\x0b"), rest
