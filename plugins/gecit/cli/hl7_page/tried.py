"""Messages tried on the real reception and judge: what Geçit says of an empty or wrong field."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from gecit.core.checks import Context
from gecit.core.codes_of_remarks import CATALOGUE
from gecit.core.events import RegistryAnswer
from gecit.core.profile import Profile
from gecit.core.remarks import Severity
from gecit.core.rulebook import Rulebook
from gecit.core.values import ISTANBUL
from gecit.core.verdict import Status
from gecit.processes import preflight
from gecit.steps.preflight import OFFLINE, Meaning, Said

from .fields import ORDER, REPORT

NOW = datetime(2024, 1, 2, 11, 0, tzinfo=ISTANBUL)
RADIOLOGIST = "10000090178"


class _Registry:
    """Knows one radiologist; implements `ports.Registry`."""

    def look_up(self, identifier: str) -> RegistryAnswer:
        known = identifier == RADIOLOGIST
        return RegistryAnswer(identifier=identifier, known=known, radiologist=known, source="hl7_page")


class Tried:
    """One order and its report, or one visit, in which one thing is changed at a time."""

    def __init__(self, profile: Profile, rulebook: Rulebook) -> None:
        self._options = preflight.Options(now=NOW, profile=profile, known=frozenset(OFFLINE), institution="999001")
        self._rulebook = rulebook
        self._kept: dict[tuple[str, ...], dict[str, str]] = {}

    def said(self, message: str, kind: str) -> dict[str, str]:
        """Return code -> how it is said (`AE`, `AA`, `held`, `open`, `warned`) of a changed message."""
        texts = {"ORM": (message, _PLAIN_REPORT), "ORU": (ORDER, message), "ADT": (message,)}[kind]
        if texts not in self._kept:
            self._kept[texts] = self._say(texts, 1 if kind == "ORU" else 0)
        return self._kept[texts]

    def _say(self, texts: tuple[str, ...], number: int) -> dict[str, str]:
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for place, text in enumerate(texts, 1):
                path = Path(folder) / f"{place}.hl7"
                path.write_bytes(text.replace("\n", "\r").encode())
                paths.append((path, True))
            checked = preflight.check(paths, self._options, self._rulebook, Context(), _Registry())
        if len(checked.messages) < len(texts):
            return {"not-hl7": CATALOGUE["not-hl7"].severity.value}
        message = checked.messages[number]
        told = {one.code: one.severity.value for one in message.remarks}
        if message.code != Severity.NOTE.value:
            return told
        return told | _held(checked, message, told)


def _held(checked: preflight.Checked, message: preflight.MessageSaid, told: dict[str, str]) -> dict[str, str]:
    """What the exam itself is held or warned for; a rule that the ACK named already says both."""
    said = [one for exam in checked.exams if exam.exam == message.exam for one in exam.said]
    held = {one.finding.rule: _how(one) for one in said if one.meaning in (Meaning.MEND, Meaning.WARN, Meaning.OPEN)}
    return {rule: f"{told[rule]}, {how}" if rule in told else how for rule, how in held.items()}


def _how(said: Said) -> str:
    if said.meaning is Meaning.WARN:
        return "warned"
    return "held" if said.finding.status is Status.FAILED else "open"


def segments(message: str) -> list[str]:
    """Return the lines of a message."""
    return message.strip("\n").split("\n")


def value(message: str, segment: str, field: int) -> str:
    """Return a field of the first segment of a name, as written."""
    line = next((one for one in segments(message) if one.startswith(segment)), "")
    if segment == "MSH":
        return line[3:4] if field == 1 else "|".join(line.split("|")[field - 1 : field])
    return "|".join(line.split("|")[field : field + 1])


def with_value(message: str, segment: str, field: int, written: str) -> str:
    """Return the message with a field of every segment of a name written anew."""
    return "\n".join(_line(one, field, written) if one.startswith(segment) else one for one in segments(message)) + "\n"


def _line(line: str, field: int, written: str) -> str:
    if line.startswith("MSH"):
        if field == 1:
            return f"MSH{written}{line[4:]}" if written else "MSH"
        field -= 1
    parts = line.split("|")
    parts += [""] * (field + 1 - len(parts))
    parts[field] = written
    return "|".join(parts)


def without(message: str, segment: str) -> str:
    """Return the message without the segments of a name."""
    return "\n".join(one for one in segments(message) if not one.startswith(segment)) + "\n"


_PLAIN_REPORT = with_value(with_value(REPORT, "OBR", 24, ""), "OBR", 4, "")
"""The report beside a changed order: it does not say itself what the order leaves out."""
