"""What hl7apy makes of a message's structure: a second opinion beside our own findings, never instead of them.

It judges by the letter of HL7 v2.3.1, which most real messages do not keep; Geçit itself reads tolerantly.
"""

from __future__ import annotations

import logging
import re
import tempfile
from pathlib import Path

from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.exceptions import HL7apyException
from hl7apy.parser import parse_message

from .hl7_reader import parse

log = logging.getLogger("gecit.hl7_structure")

MAX_BYTES = 1024 * 1024  # hl7apy takes tens of milliseconds for a small message already
MAX_PARTS = 5_000  # segments, fields and repetitions: ten times what a long report has
MAX_COMPLAINTS = 20
_NUMBERS = re.compile(r"\d{6,}")
# Where v2.3.1 offers a choice of segments (ORM^O01: OBR or RQD or ...), hl7apy asks for all of them; and it does not
# know the type of every field.
_SLIPS = re.compile(r"Missing required child ORM_O01_(CHOICE|\w+SUPPGRP)\.|Datatype None is not correct")
# These events have the structure of an admission (v2.3.1 table 0354); without MSH-9.3 hl7apy looks for one by event.
_ADT_LIKE_ADMISSION = re.compile(r"^(MSH\|(?:[^|\r]*\|){7}ADT\^A(?:04|08))(?=[|\r]|$)")


def complaints(data: bytes) -> list[str]:
    """Return hl7apy's complaints in its own words, long numbers hidden; at most 20. Never raises."""
    if len(data) > MAX_BYTES:
        return [f"not looked at: longer than {MAX_BYTES} bytes"]
    if sum(map(data.count, (b"\r", b"\n", b"|", b"~"))) > MAX_PARTS:
        return [f"not looked at: more than {MAX_PARTS} segments, fields and repetitions"]
    text = "\r".join(one.raw.replace("\r", " ").replace("\n", " ") for one in parse(data).segments)
    try:
        found = _complaints(text)
    except Exception as fault:  # noqa: BLE001 -- hl7apy raises nearly anything on odd messages; a boundary
        log.info("hl7apy gave up: %s", type(fault).__name__)
        found = [f"{type(fault).__name__}: {fault}" if isinstance(fault, HL7apyException) else type(fault).__name__]
    return [_NUMBERS.sub("***", one) for one in dict.fromkeys(found) if not _SLIPS.search(one)][:MAX_COMPLAINTS]


def _complaints(text: str) -> list[str]:
    message = parse_message(
        _ADT_LIKE_ADMISSION.sub(r"\1^ADT_A01", text, count=1),
        validation_level=VALIDATION_LEVEL.TOLERANT,
        find_groups=True,
    )
    if getattr(message, "reference", None) is None:  # else validating ends in an AttributeError
        return ["not looked at: no structure of v2.3.1 is known for what MSH-9 names"]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        try:
            message.validate(report_file=str(report))
        except HL7apyException as fault:
            found = [f"Error: {fault}"]
        else:
            found = []
        written = report.read_text(encoding="utf-8").splitlines() if report.exists() else []
    return [*(one.strip() for one in written if one.strip()), *found]
