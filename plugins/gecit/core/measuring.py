"""What consultants measure: a name, a number, a unit. Units are codes of UCUM 2.1, the few that radiology writes."""

from __future__ import annotations

import math
import re

from .consultation import Measurement
from .values import Text

UNITS: dict[str, Text] = {
    "mm": Text(tr="mm", en="mm"),
    "cm": Text(tr="cm", en="cm"),
    "mm2": Text(tr="mm²", en="mm²"),
    "cm2": Text(tr="cm²", en="cm²"),
    "mm3": Text(tr="mm³", en="mm³"),
    "cm3": Text(tr="cm³", en="cm³"),
    "mL": Text(tr="mL", en="mL"),
    "[hnsf'U]": Text(tr="HU", en="HU"),
    "deg": Text(tr="derece (°)", en="degree (°)"),
    "%": Text(tr="%", en="%"),
    "cm/s": Text(tr="cm/sn", en="cm/s"),
    "mm[Hg]": Text(tr="mmHg", en="mmHg"),
    "ms": Text(tr="ms", en="ms"),
    "g/mL{SUVbw}": Text(tr="SUV (vücut ağırlığı)", en="SUV (body weight)"),
    "1": Text(tr="birimsiz (oran, adet)", en="no unit (ratio, count)"),
}
"""UCUM code -> what people call it."""

_NUMBER = re.compile(r"[+-]?\d{1,9}(?:[.,]\d{1,6})?")
LONGEST_NAME = 100


def number(text: str) -> float | None:
    """Read a number with a comma or a point before its fraction; None where it is none."""
    found = text.strip()
    if not _NUMBER.fullmatch(found):
        return None
    value = float(found.replace(",", "."))
    return value if math.isfinite(value) else None


def shown(value: float) -> str:
    """Write a number as Turkish reports do, with a comma."""
    return f"{value:.6f}".rstrip("0").rstrip(".").replace(".", ",")


def written(one: Measurement) -> str:
    """Write a measurement as a line of a report; the unit in ASCII, since a hospital's character set may be small."""
    unit = {"1": "", "[hnsf'U]": "HU", "mm[Hg]": "mmHg", "g/mL{SUVbw}": "SUV", "deg": "derece"}.get(one.unit, one.unit)
    image = f" (seri/görüntü {one.image.name})" if one.image else ""
    return f"{one.name}: {shown(one.value)} {unit}".rstrip() + image
