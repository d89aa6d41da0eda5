"""The page with its generated parts written anew; what stands between the marks is replaced, the rest is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from gecit.edges.hl7_profile import load
from gecit.edges.rules_files import read_folder

from . import tables
from .fields import (
    ENCOUNTER,
    ENCOUNTER_PARTS,
    ENCOUNTER_ROWS,
    ORDER,
    ORDER_PARTS,
    ORDER_ROWS,
    REPORT,
    REPORT_PARTS,
    REPORT_ROWS,
)
from .tried import Tried

MARKED = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.S)


def generated(page: str, parts: Mapping[str, str]) -> str:
    """Return the page with every marked part written anew; an unknown name is a KeyError."""
    return MARKED.sub(lambda found: f"{found[1]}{parts[found['name']]}\n{found[3]}", page)


def all_parts(rules: Path) -> dict[str, str]:
    """Return every generated part by its name."""
    profiles = rules / "profiles"
    ministry, deviating = load(profiles / "ministry.toml"), load(profiles / "example-hbys.toml")
    tried = Tried(ministry, read_folder(rules))
    return {
        **tables.examples(),
        "messages": tables.messages_table(ministry),
        "order-segments": tables.parts_table(tried, ORDER_PARTS, ORDER, "ORM"),
        "order-fields": tables.fields_table(ministry, tried, ORDER_ROWS, ORDER, "ORM"),
        "report-segments": tables.parts_table(tried, REPORT_PARTS, REPORT, "ORU"),
        "report-fields": tables.fields_table(ministry, tried, REPORT_ROWS, REPORT, "ORU"),
        "encounter-segments": tables.parts_table(tried, ENCOUNTER_PARTS, ENCOUNTER, "ADT"),
        "encounter-fields": tables.fields_table(ministry, tried, ENCOUNTER_ROWS, ENCOUNTER, "ADT"),
        "encounter-states": tables.encounters_table(),
        "ack-fields": tables.ack_table(),
        "charsets": tables.charsets_table(),
        "remarks": tables.remarks_table(),
        "facts": tables.facts_table(ministry, deviating),
        "settings": tables.settings_table(ministry, deviating),
    }
