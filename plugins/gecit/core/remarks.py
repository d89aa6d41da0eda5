"""Remarks: what Geçit has to say of one message itself, told to its sender in the ACK.

A remark is of the message; a finding (see `verdict.py`) is of the exam.
"""

from __future__ import annotations

from enum import StrEnum

from .values import Text, Value


class Severity(StrEnum):
    """What a remark does to the answer (HL7 v2.3.1 table 0008)."""

    NOTE = "AA"  # accepted, and remarked
    ERROR = "AE"  # the content cannot be used as it is
    REJECT = "AR"  # type, version, peer: nothing about the content


class Where(Value):
    """A place in a message, as ERR-1 names it."""

    segment: str = "MSH"
    sequence: int = 1
    field: int = 0

    def __str__(self) -> str:
        return f"{self.segment}-{self.field}" if self.field else self.segment


class Remark(Value):
    """One thing to say: code, place, and the sentence in both languages with the values filled in."""

    code: str
    severity: Severity
    where: Where
    text: Text
    transient: bool = False  # a resend may be answered otherwise


def worst(remarks: tuple[Remark, ...] | list[Remark]) -> Severity:
    """The severity that decides MSA-1: AR over AE over AA."""
    found = {remark.severity for remark in remarks}
    return next((one for one in (Severity.REJECT, Severity.ERROR) if one in found), Severity.NOTE)
