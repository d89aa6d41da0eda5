"""Synthetic HL7 for tests: no real patient, no real hospital. TCKNs are made up and pass the checksum."""

from __future__ import annotations

import base64
from datetime import datetime
from functools import cache
from pathlib import Path

from gecit.core.order import Control, ExamKey, Order, Patient, Person, Procedure
from gecit.core.profile import Profile
from gecit.core.report import Report, ReportPart, ReportStatus
from gecit.core.values import ISTANBUL
from gecit.edges import hl7_profile

PROFILES = Path(__file__).parents[2] / "rules" / "profiles"
NOON = datetime(2024, 1, 1, 12, 0, 5, tzinfo=ISTANBUL)
FINDINGS = "Her iki akciğerde patolojik yoğunluk artışı izlenmedi; mediastinal yapılar olağandır."

ORM = r"""MSH|^~\&|FIRMA01|Örnek HBYS|GECIT|NODE|20240101120000||ORM^O01|77|P|2.3.1||||||{charset}
PID|1||F1001|10000000146^^^TC|ŞAHİN^ÇİĞDEM||19800102|K
PV1|1|O|||||||||||||||||KABUL9
ORC|NW|A1^FIRMA01|||SC||1^once^^20240101||20240101115800|||10000000146^HEKİM^IŞIL|||||R1^Radyoloji||||Kurum^^SKRS\S\123\S\11000001
OBR|1|A1|A1|801590^Mamografi^SUT^24606-6^MG tarama^LNC||20240101115900|||||||ağrı||Radiology^^^^^R|||A1||SYS1|REF1|||MG|||1^once^^20240101|||||||||20240101120500
DG1|1||C50^Meme^I10
"""  # noqa: E501 - a segment is one line


@cache
def profile(name: str = "ministry") -> Profile:
    return hl7_profile.load(PROFILES / f"{name}.toml")


def wire(text: str, codec: str = "utf-8") -> bytes:
    """Turn lines into HL7 segments in bytes."""
    return text.strip().replace("\n", "\r").encode(codec) + b"\r"


def orm(charset: str = "UTF8", codec: str = "utf-8") -> bytes:
    return wire(ORM.format(charset=charset), codec)


def b64(text: str, codec: str = "utf-8") -> str:
    return base64.b64encode(text.encode(codec)).decode()


def oru(
    obx5: str, *, obx3: str = "TXT^BASE64", status: str = "F", tail: str = "4^5|||10000000146^UZMAN^ŞÜKRÜ"
) -> bytes:
    """An ORU^R01 with one OBX; `tail` begins with OBX-13."""
    return wire(
        "MSH|^~\\&|FIRMA01|HBYS|||20240102100000||ORU^R01|78|P|2.3.1||||||UTF8\n"
        "PID|1||F1001|10000000146|ŞAHİN^ÇİĞDEM\n"
        "ORC|RE|A1|||||||||||||||||||123\n"
        "OBR|1|A1|A1|801590^Mamografi^SUT|||20240102095900|||||||||||A1||||||MG\n"
        f"OBX|1|TX|{obx3}||{obx5}||||||{status}||{tail}"
    )


def order() -> Order:
    return Order(
        key=ExamKey(institution="123", accession="A1"),
        control=Control.NEW,
        patient=patient(),
        procedures=(Procedure(sut="801590", sut_name="Mamografi", loinc="24606-6", loinc_name="MG tarama"),),
        ordered_at=NOON,
        message_at=NOON,
        scheduled_at=NOON,
        modality="MG",
        physician=Person(identifier="10000000146", family="HEKİM", given="IŞIL"),
        admission="KABUL9",
    )


def report() -> Report:
    return Report(
        key=ExamKey(institution="123", accession="A1"),
        patient=patient(),
        status=ReportStatus.FINAL,
        parts={ReportPart.FINDINGS: FINDINGS, ReportPart.CONCLUSION: "Olağan."},
        radiologists=(Person(identifier="10000000146", family="UZMAN", given="ŞÜKRÜ"),),
        approved_at=NOON,
        message_at=NOON,
        modality="MG",
    )


def patient() -> Patient:
    return Patient(tckn="10000000146", file_number="F1001", family="ŞAHİN", given="ÇİĞDEM")
