"""A profile file read, and a message read by it: HL7 v2 to the core's Order and Report."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from gecit.core.codes_of_remarks import CATALOGUE
from gecit.core.encounters import EncounterTold
from gecit.core.order import Control, ExamKey, Order, Person, Procedure
from gecit.core.profile import FACTS, OF_ENCOUNTERS, Profile, Source, Subject
from gecit.core.remarks import Remark, Where
from gecit.core.report import Report
from gecit.core.values import Value

from .hl7_encounter import TRIGGERS, read_encounter
from .hl7_facts import FactReader, read_contrast, read_message_time, read_patient, read_ratings
from .hl7_parts import read_results
from .hl7_reader import Message

SUBJECTS: dict[str, Subject] = {
    **{"ORM^O01": "order", "ORM": "order", "ORU^R01": "report", "ORU": "report"},
    **{f"ADT^{one}": "encounter" for one in TRIGGERS},
}
_EVIDENCE = {
    "order": "ORC",
    "report": "OBX",
    "encounter": "EVN",
}  # the segment without which MSH-9 contradicts the body
ACCESSION_MAX = 16  # PS3.5 §6.2, SH


_OF_ENCOUNTERS = {one: [msgspec.to_builtins(Source.parse(FACTS[one]))] for one in OF_ENCOUNTERS}


class ProfileError(Exception):
    """A profile file cannot be used; the text names file and key."""


class Reading(Value):
    """What a message says by a profile; with any remark worse than a note its content must not be accepted."""

    type: str  # MSH-9 as `ORM^O01`
    control_id: str  # MSH-10
    sender: tuple[str, str]  # MSH-3, MSH-4
    content: Order | Report | EncounterTold | None
    remarks: tuple[Remark, ...]
    institution: str = ""  # as the message says; empty = it is silent and the peer's was taken
    accession: str = ""
    institution_at: Where = Where(segment="ORC", field=21)


def load(source: Path | bytes, name: str = "profile") -> Profile:
    """Read a profile from a TOML file or its bytes; ProfileError names the file (or `name`) and the key."""
    if isinstance(source, Path):
        name = source.name
    try:
        table = tomllib.loads((source.read_bytes() if isinstance(source, Path) else source).decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ProfileError(f"{name}: {error}") from error
    table["facts"] = {**_OF_ENCOUNTERS, **_facts(table.get("facts", {}), name)}
    patterns = table.get("patterns")
    if isinstance(patterns, dict) and "institution" in patterns:  # both hold the same code
        patterns.setdefault("facility", patterns["institution"])
    try:
        profile = msgspec.convert(table, Profile)
    except msgspec.ValidationError as error:
        raise ProfileError(f"{name}: {error}") from error
    _check(profile, name)
    return profile


def _facts(table: object, name: str) -> dict[str, Any]:
    """Turn the paths of `[facts]` into sources."""
    if not isinstance(table, dict):
        raise ProfileError(f"{name}: facts: must be a table")
    found = {}
    for fact, paths in table.items():
        if not isinstance(paths, list):
            raise ProfileError(f"{name}: facts.{fact}: must be a list of paths")
        try:
            found[fact] = [msgspec.to_builtins(Source.parse(str(path))) for path in paths]
        except ValueError as error:
            raise ProfileError(f"{name}: facts.{fact}: {error}") from error
    return found


def _check(profile: Profile, name: str) -> None:
    known: dict[str, tuple[dict[str, Any], Any]] = {
        "facts": (profile.facts, FACTS),
        "patterns": (profile.patterns, FACTS),
        "severities": (profile.severities, CATALOGUE),
    }
    for section, (table, allowed) in known.items():
        for key in table:
            if key not in allowed:
                raise ProfileError(f"{name}: {section}.{key}: unknown key; known: {', '.join(sorted(allowed))}")
    for fact in ("accession", "sut", "control"):
        if not profile.sources(fact):
            raise ProfileError(f"{name}: facts.{fact}: missing; the Ministry's place is {FACTS[fact]}")
    for fact, pattern in profile.patterns.items():
        try:
            re.compile(pattern)
        except re.error as error:
            raise ProfileError(f"{name}: patterns.{fact}: {error}") from error


def read(message: Message, profile: Profile, *, institution_hint: str = "") -> Reading:
    """Read a message by a profile; `institution_hint` is the peer's SKRS code, for messages that are silent."""
    reader = FactReader(message, profile)
    kind, subject = _header(reader)
    place = "facility" if subject == "encounter" else "institution"
    said = reader.fact(place) or reader.fact("institution")
    accession = ""
    content: Order | Report | EncounterTold | None = None
    if subject:
        institution = said or institution_hint
        if not institution:
            reader.note("institution-missing", reader.where(place))
        if subject == "encounter":
            content = read_encounter(reader, institution)
        else:
            accession = _accession(reader)
            build: Callable[[FactReader, ExamKey], Order | Report | None] = _order if subject == "order" else _report
            content = build(reader, ExamKey(institution=institution, accession=accession))
            content = content if accession else None
        content = content if institution else None
    return Reading(
        type=kind,
        control_id=message.get("MSH", 10),
        sender=(message.get("MSH", 3), message.get("MSH", 4)),
        content=content,
        remarks=tuple(reader.remarks),
        institution=said,
        accession=accession,
        institution_at=reader.where(place) if subject == "encounter" else Where(segment="ORC", field=21),
    )


def _header(reader: FactReader) -> tuple[str, Subject | None]:
    """Judge MSH: return the message type and what it is about; None where it cannot be read further."""
    message, profile = reader.message, reader.profile
    if not message.segments:
        return "", None
    kind = "^".join(filter(None, (message.get("MSH", 9, 1), message.get("MSH", 9, 2))))
    version, processing = message.get("MSH", 12), message.get("MSH", 11)
    subject = SUBJECTS.get(kind)
    if version not in profile.versions:
        expected = ", ".join(profile.versions)
        reader.note("version-unsupported", Where(field=12), found=version[:20], expected=expected)
    if processing not in profile.processing_ids:
        reader.note("processing-id", Where(field=11), found=processing[:20])
    if subject is None:
        reader.note("message-type-unknown", Where(field=9), found=kind[:20])
        return kind, None
    if not message.get("MSH", 10):
        reader.note("control-id-missing", Where(field=10))
    if not message.get("MSH", 3):
        reader.note("sender-missing", Where(field=3))
    if not message.all(_EVIDENCE[subject]):
        reader.note("type-contradicts-body", Where(field=9), missing=_EVIDENCE[subject])
    return kind, subject


def _accession(reader: FactReader) -> str:
    """Return the accession number that all its places agree on; empty, and remarked, where there is none to use."""
    found: dict[str, Where] = {}
    for group in reader.groups:
        for value, where in reader.places(group, "accession"):
            found.setdefault(value, where)
    if not found:
        reader.note("accession-missing", reader.where("accession"))
        return ""
    value, where = next(reversed(found.items()))
    if len(found) > 1:
        shown = ", ".join(one[:20] for one in list(found)[:4])
        reader.note("accession-contradictory", where, found=shown)
        return ""
    if len(value) > ACCESSION_MAX:
        reader.note("accession-too-long", where)
        return ""
    if "\\" in value or not value.isascii() or not value.isprintable():
        reader.note("accession-unusable", where)
        return ""
    return value


def _procedures(reader: FactReader) -> tuple[Procedure, ...]:
    found = []
    for group in reader.groups:
        written = reader.fact("sut", group)
        sut = re.sub(r"[.,\-\s]", "", written)
        if sut != written:
            place = next(where for _, where in reader.places(group, "sut"))
            reader.note("sut-dotted", place, used=sut[:20])
        one = Procedure(
            sut=sut,
            sut_name=reader.fact("sut_name", group),
            loinc=reader.fact("loinc", group),
            loinc_name=reader.fact("loinc_name", group),
        )
        if one != Procedure() and one not in found:
            found.append(one)
    return tuple(found)


def _control(reader: FactReader) -> Control | None:
    written = [reader.fact("control", group) for group in reader.groups]
    found = {reader.profile.controls.get(one) for one in written}
    if len(found) == 1 and None not in found:
        return found.pop()
    where = reader.where("control")
    if None in found or not found:
        unknown = next((one for one in written if one not in reader.profile.controls), "")
        reader.note("order-control-unknown", where, found=unknown[:20])
    else:
        reader.note("order-control-contradictory", where, found=", ".join(one[:20] for one in sorted(set(written))[:4]))
    return None


def _order(reader: FactReader, key: ExamKey) -> Order | None:
    control = _control(reader)
    patient, procedures = read_patient(reader), _procedures(reader)
    admission = reader.fact("admission")
    if not admission:
        reader.note("admission-missing", reader.where("admission"))
    ordered_at, scheduled_at = reader.time("ordered_at"), reader.time("scheduled_at")
    message_at, modality = read_message_time(reader), reader.fact("modality")
    if control is not Control.CANCEL:  # whoever takes an order back has said these before
        if not modality:
            reader.note("modality-missing", reader.where("modality"))
        if not reader.fact("ordered_at"):
            reader.note("order-time-missing", reader.where("ordered_at"))
    if control is None:
        return None
    return Order(
        key=key,
        control=control,
        patient=patient,
        procedures=procedures,
        ordered_at=ordered_at,
        message_at=message_at,
        scheduled_at=scheduled_at,
        modality=modality,
        physician=next(iter(reader.people("physician")), Person()),
        department=reader.fact("department"),
        admission=admission,
        tracking_number=reader.fact("tracking_number"),
        reference=reader.fact("reference"),
        performing_institution=reader.fact("performing_institution"),
        clinical_information=reader.fact("clinical_information"),
        repeat_reason=reader.fact("repeat_reason"),
        diagnoses=tuple(
            dict.fromkeys(value for group in reader.groups for value, _ in reader.places(group, "diagnoses"))
        ),
        patient_class=reader.fact("patient_class")[:2].upper(),
        priority=reader.fact("priority")[:2].upper(),
    )


def _report(reader: FactReader, key: ExamKey) -> Report | None:
    results = read_results(reader.message, reader.profile, reader.note)
    radiologists = reader.people("radiologists")
    if not radiologists or not radiologists[0].identifier:
        reader.note("radiologist-missing", reader.where("radiologists"))
    patient, procedures = read_patient(reader), _procedures(reader)
    approved_at, message_at = reader.time("approved_at"), read_message_time(reader)
    ratings = read_ratings(reader)
    if results.status is None:
        return None
    return Report(
        key=key,
        patient=patient,
        status=results.status,
        parts=results.parts,
        format=results.format,
        radiologists=radiologists,
        approved_at=approved_at,
        message_at=message_at,
        procedures=procedures,
        modality=reader.fact("modality"),
        request_reason_rating=ratings.request,
        image_quality_rating=ratings.images,
        request_reason_reasons=ratings.request_reasons,
        image_quality_reasons=ratings.image_reasons,
        contrast=read_contrast(reader),
    )
