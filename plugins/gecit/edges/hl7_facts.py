"""Facts found in a message by the paths of a profile, with remarks on what cannot be read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from gecit.core.codes_of_remarks import remark, with_severity
from gecit.core.order import Patient, Person
from gecit.core.profile import Profile, Source
from gecit.core.remarks import Remark, Where
from gecit.core.report import contrasts
from gecit.core.values import ISTANBUL

from .hl7_reader import MOST_ALIKE, Message, Segment

_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(?:(\d\d)(?:\.(\d{1,6})\d*)?)?)?(?:([+-])(\d\d)(\d\d))?")


MOST_GROUPS = 100
"""Order groups (OBR) of one message; what one of them lacks is looked for in the whole message."""


class Group(NamedTuple):
    """The segments of one OBR with the ORC before it; what it lacks is looked up in the whole message."""

    message: Message
    segments: dict[str, list[Segment]]

    def all(self, name: str) -> Sequence[Segment]:
        """Return the segments of a name in this group, else of the message."""
        return self.segments.get(name) or ([] if name in ("ORC", "OBR") else self.message.all(name))


def groups(message: Message) -> list[Group]:
    """Cut a message into order groups: `[ORC] OBR {NTE DG1 OBX}`; an OBR without its own ORC has the one before."""
    found: list[Group] = []
    for segment in message.segments:
        opens = segment.id == "ORC" or (segment.id == "OBR" and (not found or "OBR" in found[-1].segments))
        if opens:
            inherited = found[-1].segments.get("ORC", []) if found and segment.id == "OBR" else []
            found.append(Group(message, {"ORC": list(inherited)} if inherited else {}))
        if found:
            found[-1].segments.setdefault(segment.id, []).append(segment)
    return found


class FactReader:
    """One reading under way: finds facts in a group and collects remarks."""

    def __init__(self, message: Message, profile: Profile) -> None:
        self.message = message
        self.profile = profile
        self.remarks: list[Remark] = list(message.remarks)
        self._counts: Counter[str] = Counter()
        self.groups = groups(message)
        if len(self.groups) > MOST_GROUPS:
            self.note("too-many-segments", limit=MOST_GROUPS)
            del self.groups[MOST_GROUPS:]
        self.first = self.groups[0] if self.groups else Group(message, {})

    def note(self, code: str, where: Where | None = None, **values: object) -> None:
        """Remark something once, with the severity that the profile gives it; of a code no more than MOST_ALIKE."""
        if self._counts[code] >= MOST_ALIKE:
            return
        one = remark(code, where, **values)
        severity = self.profile.severities.get(code)
        one = with_severity(one, severity) if severity else one
        if one not in self.remarks:
            self._counts[code] += 1
            self.remarks.append(one)

    def places(self, group: Group, fact: str) -> Iterator[tuple[str, Where]]:
        """Yield every non-empty value of a fact, in the profile's order, with its place."""
        pattern = self.profile.patterns.get(fact)
        for source in self.profile.sources(fact):
            for segment in group.all(source.segment):
                value = _value(segment, source)
                if value and (pattern is None or re.fullmatch(pattern, value)):
                    yield value, Where(segment=segment.id, sequence=segment.sequence, field=source.field)

    def fact(self, fact: str, group: Group | None = None) -> str:
        """Return the first value of a fact."""
        # Asked about forty times a message: `places` would make a generator and a place each time.
        asked, pattern = group or self.first, self.profile.patterns.get(fact)
        for source in self.profile.sources(fact):
            for segment in asked.all(source.segment):
                value = _value(segment, source)
                if value and (pattern is None or re.fullmatch(pattern, value)):
                    return value
        return ""

    def where(self, fact: str) -> Where:
        """Return where a fact should have stood."""
        source = next(iter(self.profile.sources(fact)), None)
        return Where(segment=source.segment, field=source.field) if source else Where()

    def time(self, fact: str) -> datetime | None:
        """Return the first readable time of a fact; remark every unreadable one before it."""
        for value, where in self.places(self.first, fact):
            found = read_time(value)
            if found:
                return found
            self.note("time-unreadable", where, field=str(where))
        return None

    def people(self, fact: str) -> tuple[Person, ...]:
        """Return the people of the first place that holds any (XCN: number, family, given)."""
        for source in self.profile.sources(fact):
            for segment in self.first.all(source.segment):
                found = tuple(
                    Person(identifier=segment.part(one, 1), family=segment.part(one, 2), given=segment.part(one, 3))
                    for one in segment.repetitions(source.field)
                    if _picked(segment, source, one)
                )
                if any(one != Person() for one in found):
                    return tuple(one for one in found if one != Person())
        return ()

    def raw(self, fact: str) -> str:
        """Return a whole field as sent, escapes resolved."""
        for source in self.profile.sources(fact):
            for segment in self.first.all(source.segment):
                value = self.message.unescape(segment.field(source.field)).strip()
                if value and value != '""':
                    return value
        return ""


def _picked(segment: Segment, source: Source, repetition: str) -> bool:
    if not source.filter_component:
        return True
    return segment.part(repetition, source.filter_component, source.filter_sub) == source.filter_value


def _value(segment: Segment, source: Source) -> str:
    for repetition in segment.repetitions(source.field):
        if source.filter_component and not _picked(segment, source, repetition):
            continue
        value = segment.part(repetition, source.component, source.sub)
        if source.inner:
            parts = value.split(segment.component_mark)
            value = parts[source.inner - 1].strip() if source.inner <= len(parts) else ""
        if value and value != '""':  # HL7 v2.3.1 2.8.2: two quotation marks delete a value
            return value
    return ""


def read_time(value: str) -> datetime | None:
    """Read an HL7 time stamp `YYYYMMDD[HHMM[SS[.f]]][+ZZZZ]`, in Europe/Istanbul unless it says otherwise.

    Years from 1900 to 2199: beyond them it is a slip, and days cannot be counted everywhere.
    """
    match = _TIME.fullmatch(value)
    if not match or not "1900" <= match[1] <= "2199":
        return None
    year, month, day, hour, minute, second, fraction, sign, zone_hours, zone_minutes = match.groups()
    zone: Any = ISTANBUL
    try:
        if sign:
            offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
            zone = timezone(offset if sign == "+" else -offset)
        parts = (int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
        return datetime(*parts, int((fraction or "").ljust(6, "0")), tzinfo=zone).astimezone(ISTANBUL)
    except (ValueError, OverflowError):
        return None


def read_patient(reader: FactReader) -> Patient:
    """Return the patient; remark a day of birth that is none, and a patient without any number."""
    born = reader.fact("birth_date")
    birth_date = born[:8] if read_time(born[:8]) else ""
    if born and not birth_date:
        where = reader.where("birth_date")
        reader.note("time-unreadable", where, field=str(where))
    patient = Patient(
        tckn=reader.fact("tckn"),
        file_number=reader.fact("file_number"),
        family=reader.fact("family"),
        given=reader.fact("given"),
        birth_date=birth_date,
        sex=reader.fact("sex"),
    )
    if not patient.tckn and not patient.file_number:
        reader.note("patient-missing", reader.where("tckn"))
    return patient


def read_message_time(reader: FactReader) -> datetime | None:
    """Return MSH-7; remark it where it cannot be read."""
    value = reader.message.get("MSH", 7)
    found = read_time(value)
    if value and not found:
        reader.note("time-unreadable", Where(field=7), field="MSH-7")
    return found


class Ratings(NamedTuple):
    """OBX-13 as read: ratings 1..5 with 5 best, and the codes of why they are no better."""

    request: int | None = None
    images: int | None = None
    request_reasons: tuple[str, ...] = ()
    image_reasons: tuple[str, ...] = ()


SCORES = ("1", "2", "3", "4", "5")
MOST_REASONS = 20
REASON = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def read_ratings(reader: FactReader) -> Ratings:
    """Read OBX-13 `reason^quality^codes^codes`, codes joined by `&`; a rating that is none is remarked and left out."""
    for source in reader.profile.sources("ratings"):
        for segment in reader.first.all(source.segment):
            if segment.field(source.field):
                written = (segment.get(source.field, 1), segment.get(source.field, 2))
                if any(one and one not in SCORES for one in written):
                    place = Where(segment=segment.id, sequence=segment.sequence, field=source.field)
                    reader.note("rating-unreadable", place, found="^".join(written)[:20])
                first, second = (int(one) if one in SCORES else None for one in written)
                return Ratings(first, second, *(_reasons(segment, source.field, number) for number in (3, 4)))
    return Ratings()


def _reasons(segment: Segment, field: int, component: int) -> tuple[str, ...]:
    """Codes as they are written; what looks like none is left out: nobody has to send any."""
    found = {one.lower() for one in segment.subcomponents(field, component)[:MOST_REASONS]}
    return tuple(sorted(one for one in found if REASON.fullmatch(one)))


def read_contrast(reader: FactReader) -> str:
    """Return OBX-17 as sent; remark it where its three facts cannot be read from it."""
    written = reader.raw("contrast")
    if written and not all(one.route and one.agent for one in contrasts(written)):
        reader.note("contrast-unreadable", reader.where("contrast"))
    return written
