"""HL7 v2: what an HBYS sends, read by each profile, and the answer that is made of it."""

from __future__ import annotations

from datetime import UTC, datetime
from zlib import crc32

from gecit.core.order import Order
from gecit.core.report import Report
from gecit.edges.hl7_ack import acknowledge
from gecit.edges.hl7_profile import read
from gecit.edges.hl7_reader import Message, parse
from tests.support import hl7_samples

from ..target import Target, must

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
PROFILES = ("ministry", "example-hbys")
AGREED = ("", "UTF8", "WINDOWS1254")
SEPARATORS = set("|^~\\&\r\n")


def one(data: bytes) -> object:
    choice = crc32(data)
    message = parse(data, agreed=AGREED[choice % 3])
    reading = read(message, hl7_samples.profile(PROFILES[choice % 2]), institution_hint="123" if choice & 4 else "")
    ack = acknowledge(message, reading.remarks, NOW, "X1")
    _answers(ack, message)
    if reading.content:
        must(isinstance(reading.content, Order | Report), "neither an order nor a report")
        must(reading.content.key.accession and reading.content.key.institution, "content without its key")
    return ack, repr(reading)


def _answers(ack: bytes, request: Message) -> None:
    """The answer is HL7 of its own, whatever was asked in: one MSH, one MSA, and whose message it answers."""
    back = parse(ack)
    names = [one.id for one in back.segments]
    must(names[:2] == ["MSH", "MSA"] and set(names[2:]) <= {"ERR"}, f"segments {names[:6]}")
    must(back.get("MSA", 1) in ("AA", "AE", "AR"), "no answer in MSA-1")
    must(not [one for one in back.remarks if one.code in ("not-hl7", "binary", "line-break-inside")], "unreadable")
    asked = request.get("MSH", 10)
    if asked.isascii() and asked.isalnum() and len(asked) <= 20:
        must(back.get("MSA", 2) == asked, "the answer is of another message")


def seeds() -> list[bytes]:
    said = hl7_samples.b64(hl7_samples.FINDINGS)
    html = hl7_samples.b64("<p>Bulgular</p><script>x</script>")
    orders = [hl7_samples.orm(), hl7_samples.orm("WINDOWS1254", "cp1254"), hl7_samples.orm("", "cp1254")]
    reports = [
        hl7_samples.oru(f"{said}^3~{said}^4"),
        hl7_samples.oru(f"^3^{said}", status="P"),
        hl7_samples.oru("%%%^3"),
        hl7_samples.oru(f"{html}^3", obx3="HTML^BASE64", status="C"),
        hl7_samples.oru(f"{said}^9", tail="9^x^a&b^c"),
    ]
    odd = hl7_samples.orm().replace(b"|^~\\&|", b"#*!?@#").replace(b"^", b"*").replace(b"|", b"#")
    return [*orders, *reports, odd, b"MSH|^~\\&", b"MSH|^~\\&|A|B\rOBR\rORC|XO|" + b"~" * 50]


TARGETS = (
    Target(
        name="hl7",
        reads="ORM^O01 and ORU^R01 by each profile",
        holds="the ACK is HL7 of the same message whatever was in it; content has its key",
        one=one,
        seeds=seeds,
        tokens=(
            b"MSH|^~\\&|",
            b"\rOBX|",
            b"\rORC|XO|",
            b"\rOBR|",
            b"\rPID|",
            b"\\X0D\\",
            b"\\.br\\",
            b"\\S\\",
            b'""',
            b"20240101",
            b"\xc4\xb0",
            b"\xdd",
            b"UTF8",
            b"~",
            b"&",
            b"^",
            b"|",
        ),
        longest=3072,
    ),
)
