"""What every value of the core is made of: frozen structs that are parsed once and compare by content."""

from __future__ import annotations

from datetime import datetime
from typing import dataclass_transform
from zoneinfo import ZoneInfo

import msgspec

ISTANBUL = ZoneInfo("Europe/Istanbul")
"""The time zone of every date that the Ministry or a hospital writes without one."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A frozen value; its JSON leaves out what stands at its default."""


class Text(Value):
    """One sentence in the two languages that a sender may read."""

    tr: str
    en: str


def local(moment: datetime) -> datetime:
    """Return `moment` in Europe/Istanbul; a naive one is taken as written there."""
    return moment.replace(tzinfo=ISTANBUL) if moment.tzinfo is None else moment.astimezone(ISTANBUL)


def to_json(value: object) -> bytes:
    """Encode a value as JSON with a settled key order, so that equal values are equal bytes."""
    return msgspec.json.encode(value, order="deterministic")
