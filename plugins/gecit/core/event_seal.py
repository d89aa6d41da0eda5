"""What shows that somebody laid hands on the record itself: seals over stretches of events and messages.

Events and messages only grow. Now and then a row of the audit says what a stretch of them was: first and last number,
how many, and the SHA-256 over all of them, under a key that stands in no database (`core.audit_chain.keyed`). So an
event that is edited, deleted, put in between or moved later shows, whoever may write to the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Literal

from .audit_chain import keyed
from .values import Value, to_json

WHAT = "seal the record"
"""What a row of the audit is that holds a seal."""
KINDS = ("event", "message")
_SEAL = "seal"

Row = tuple[int, tuple[str, ...]]
"""Number and contents of an event or a message, all columns that never change, as text."""
Fault = Literal["edited", "seal broken", "not sealed", "key lost"]


class Sealed(Value):
    """A stretch of events or messages as it was."""

    kind: str
    first: int
    last: int
    count: int
    digest: str  # SHA-256, hex


class SealFault(Value):
    """A stretch of the record that is not what it was."""

    kind: str
    first: int
    last: int
    fault: Fault


def sealed(kind: str, after: int, last: int, rows: Iterable[Row]) -> Sealed:
    """Return the seal of the rows that stand after a number, up to `last`, in the order of their numbers."""
    digest, count = hashlib.sha256(), 0
    for number, contents in rows:
        digest.update(to_json([number, *contents]) + b"\n")
        count += 1
    return Sealed(kind=kind, first=after + 1, last=last, count=count, digest=digest.hexdigest())


def detail_of(one: Sealed, key: bytes) -> dict[str, str]:
    """Return what the audit keeps of a seal."""
    said = {
        "kind": one.kind,
        "first": str(one.first),
        "last": str(one.last),
        "count": str(one.count),
        "sha256": one.digest,
    }
    return {**said, _SEAL: keyed(key, WHAT, to_json(said).decode())}


def read_seal(detail: Mapping[str, str], key: bytes | None) -> tuple[Sealed, bool]:
    """Return a seal, and whether it is one of who has the key; without a key that is not asked."""
    said = {name: text for name, text in detail.items() if name != _SEAL}
    number = {name: int(said[name]) if said.get(name, "").isdecimal() else 0 for name in ("first", "last", "count")}
    whole = key is None or detail.get(_SEAL, "") == keyed(key, WHAT, to_json(said).decode())
    return Sealed(kind=said.get("kind", ""), digest=said.get("sha256", ""), **number), whole
