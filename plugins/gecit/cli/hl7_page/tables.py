"""The page's generated tables, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum

from hl7apy.v2_3_1.fields import FIELDS

from gecit.core.codes_of_remarks import CATALOGUE, remark
from gecit.core.encounters import NEXT, Standing, Trigger
from gecit.core.profile import Profile
from gecit.core.remarks import Where
from gecit.core.values import ISTANBUL
from gecit.edges.hl7_ack import acknowledge
from gecit.edges.hl7_reader import CODECS, LABELS, parse

from .fields import ACK_ROWS, DEVIATING, ENCOUNTER, ORDER, REPORT, Part, Row
from .tried import Tried, value, with_value, without

FIELD_HEAD = ("field", "name, type", "usage", "card.", "table", "what it is", "if empty", "if wrong", "example")
CONTROLS = {"NW": "new", "XO": "change", "CA": "cancel"}
LONGEST_EXAMPLE = 34
TABLES = {("OBX", 3): "formats", ("ORC", 1): "controls", ("OBX", 11): "statuses", ("MSH", 12): "versions"}
"""Fields whose values the profile lists."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(_cell(one) for one in row) + " |" for row in rows)])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def code(text: str) -> str:
    """Write a value as it is; a long one is cut."""
    shown = text if len(text) <= LONGEST_EXAMPLE else f"{text[: LONGEST_EXAMPLE - 3]}..."
    return f"`{shown}`" if text else ""


def name_of(segment: str, field: int) -> tuple[str, str, str]:
    """Return name, data type and HL7 table of a field, by hl7apy."""
    _, _, kind, name, number, _ = FIELDS[f"{segment}_{field}"]
    return name.replace("_", " ").capitalize(), kind, (number or "").removeprefix("HL7")


def said(found: dict[str, str], usual: dict[str, str]) -> str:
    """Write what is said beyond what is said of the whole message."""
    return "; ".join(f"{how} `{one}`" for one, how in found.items() if usual.get(one) != how)


def facts_at(profile: Profile, segment: str, field: int) -> str:
    """Return the facts that the profile reads from a field."""
    found = [
        f"`{fact}`"
        for fact, sources in profile.facts.items()
        if any((one.segment, one.field) == (segment, field) for one in sources)
    ]
    return f" ({', '.join(found)})" if found else ""


def fields_table(profile: Profile, tried: Tried, rows: Sequence[Row], message: str, kind: str) -> str:
    """Write the fields of a message; what is said of each is tried."""
    usual = tried.said(message, kind)
    return table(FIELD_HEAD, (_field(profile, tried, row, message, kind, usual) for row in rows))


def _field(profile: Profile, tried: Tried, row: Row, message: str, kind: str, usual: dict[str, str]) -> tuple[str, ...]:
    name, data_type, number = name_of(row.segment, row.field)
    card = f"{int(row.usage == 'R')}..{'*' if row.repeats else '1'}"
    example = row.example or value(message, row.segment, row.field)
    when = f"; needed where {row.when}" if row.when else ""
    what = f"{row.meaning}{facts_at(profile, row.segment, row.field)}{when}"
    empty = said(tried.said(everywhere(profile, message, row, ""), kind), usual) or "nothing"
    tries = [(one, said(tried.said(everywhere(profile, message, row, one), kind), usual)) for one in row.wrong]
    wrong = "; ".join(f"`{one}`: {answer or 'nothing'}" for one, answer in tries)
    values = _values(profile, row, number)
    return (row.place, f"{name}, {data_type}", row.usage, card, values, what, empty, wrong, code(example))


def everywhere(profile: Profile, message: str, row: Row, written: str) -> str:
    """Return the message with a field written anew; what a required or conditional one carries, wherever it stands."""
    places = {(row.segment, row.field)}
    if row.usage in ("R", "C"):
        for sources in profile.facts.values():
            own = {(one.segment, one.field) for one in sources}
            places |= own if places & own else set()
    for segment, field in sorted(places):
        message = with_value(message, segment, field, written)
    return message


def _values(profile: Profile, row: Row, number: str) -> str:
    listed = TABLES.get((row.segment, row.field))
    own = ", ".join(f"`{one}`" for one in getattr(profile, listed)) if listed else ""
    return " ".join(filter(None, (number, f"({own})" if own and number else own)))


def parts_table(tried: Tried, parts: Sequence[Part], message: str, kind: str) -> str:
    """Write the segments of a message; what is said where one is missing is tried."""
    usual = tried.said(message, kind)
    rows = (
        (one.name, one.usage, f"{int(one.usage == 'R')}..{'*' if one.repeats else '1'}", one.meaning,
         said(tried.said(without(message, one.name), kind), usual) or "nothing")
        for one in parts
    )  # fmt: skip
    return table(("segment", "usage", "card.", "what", "if missing"), rows)


def ack_example() -> str:
    """Return the ACK of the whole order with two faults."""
    now = datetime(2024, 1, 1, 12, 0, 1, tzinfo=ISTANBUL)
    remarks = [
        remark("order-control-unknown", Where(segment="ORC", field=1), found="ZZ"),
        remark("admission-missing", Where(segment="PV1", field=19)),
    ]
    request = parse(ORDER.replace("\n", "\r").encode())
    return acknowledge(request, remarks, now, "3f0c9a1e").decode().replace("\r", "\n")


def ack_table() -> str:
    """Write the fields of the ACK, with what stands in the example."""
    answer = ack_example()
    head = ("field", "name in HL7 2.3.1", "type", "usage", "card.", "table", "example", "what it says")
    rows = []
    for (segment, field), (usage, meaning) in ACK_ROWS.items():
        name, kind, number = name_of(segment, field)
        card = f"{int(usage == 'R')}..{'*' if segment == 'ERR' else '1'}"
        rows.append(
            (f"{segment}-{field}", name, kind, usage, card, number, code(value(answer, segment, field)), meaning)
        )
    return table(head, rows)


def messages_table(profile: Profile) -> str:
    """Write which messages there are, and the values that decide."""
    controls = ", ".join(f"`{one}` {CONTROLS[meant.value]}" for one, meant in profile.controls.items())
    statuses = ", ".join(f"`{one}` {meant.name.lower()}" for one, meant in profile.statuses.items())
    rows = (
        ("`ORM^O01`", "order (istem)", f"ORC-1: {controls}"),
        ("`ORU^R01`", "report (rapor)", f"OBX-11: {statuses}"),
        ("`ADT^A01` ...", "visit (başvuru), and who treats", "MSH-9.2: the trigger"),
        ("`ACK`", "the answer to each", "MSA-1: `AA`, `AE`, `AR`"),
    )
    return table(("MSH-9", "what", "what decides"), rows)


def encounters_table() -> str:
    """Write what each message makes of a visit, by how it stood before."""
    before = (None, *Standing)
    head = ("MSH-9", "what it tells", *(f"was {one.value}" if one else "was not known" for one in before))
    rows = (
        (f"`ADT^{one.value}`", one.name.lower().replace("_", " "), *(NEXT[old, one].value for old in before))
        for one in Trigger
    )
    return table(head, rows)


def charsets_table() -> str:
    """Write how each MSH-18 is read."""
    rows = [
        (", ".join(f"`{one}`" for one, codec in CODECS.items() if codec == label), LABELS[label]) for label in LABELS
    ]
    empty = ("empty", "what was agreed for the institution, else for the profile; else what the bytes are")
    return table(("MSH-18", "read as"), [*rows, empty])


def remarks_table() -> str:
    """Write every remark."""
    head = ("code", "MSA-1", "Turkish", "English", "who mends it", "transient", "Ministry's number")
    rows = (
        (
            f"`{one.code}`", one.severity.value, one.tr, one.en, one.mender.text.en,
            "yes" if one.transient else "", one.ministry,
        )
        for one in CATALOGUE.values()
    )  # fmt: skip
    return table(head, rows)


def facts_table(ours: Profile, other: Profile) -> str:
    """Write where each fact stands in both layouts; what differs is marked."""
    rows = []
    for fact in ours.facts:
        here, there = ([f"`{one.path}`" for one in layout.sources(fact)] for layout in (ours, other))
        rows.append((f"`{fact}`", ", ".join(here), "the same" if here == there else ", ".join(there)))
    return table(("fact", f"`{ours.id}`", f"`{other.id}`"), rows)


WORDS = {
    "versions": "MSH-12", "processing_ids": "MSH-11", "character_set": "where MSH-18 is silent",
    "controls": "ORC-1", "statuses": "OBX-11", "formats": "OBX-3",
    "critical_flag": "OBX-8 of a version with a critical finding that was signed here; empty: none",
    "required_parts": "required parts of OBX-5",
    "addendum_parts": "required parts of an addendum; one in any case",
    "findings_min": "characters of Bulgular, at least", "severities": "weights that differ from the remarks' own",
    "patterns": "other values of a fact are passed over",
}  # fmt: skip
"""Keys of a profile, in words."""


def settings_table(ours: Profile, other: Profile) -> str:
    """Write everything else that both layouts say, defaults included."""
    keys = [one for one in Profile.__struct_fields__ if one not in ("id", "title", "facts")]
    rows = [
        (f"`{one}`", WORDS.get(one, ""), _written(getattr(ours, one)), _written(getattr(other, one))) for one in keys
    ]
    return table(("key", "what", f"`{ours.id}`", f"`{other.id}`"), rows)


def _written(found: object) -> str:
    if isinstance(found, dict):
        return ", ".join(f"`{one}` = {_word(meant)}" for one, meant in found.items()) or "-"
    values = [str(one) for one in found] if isinstance(found, tuple) else [str(found)]
    return ", ".join(f"`{one}`" if one else "empty" for one in values) or "none"


def _word(meant: object) -> str:
    return meant.name.lower() if isinstance(meant, Enum) else f"`{meant}`"


def block(text: str) -> str:
    """Write a message as a block."""
    return f"```\n{text.strip()}\n```"


def examples() -> dict[str, str]:
    """Return the whole messages by the name of their place on the page."""
    whole = {"order": ORDER, "report": REPORT, "encounter": ENCOUNTER, "deviating": DEVIATING, "ack": ack_example()}
    return {name: block(text) for name, text in whole.items()}
