"""The chain that audit rows are tied into, and what shows that somebody laid hands on them (design 7.11).

Each process that writes has a chain of its own: SHA-256 over the hash of the row before and the row's canonical JSON.
Now and then a row names where the other chains stand (an anchor): so a chain's tail cannot be cut off, nor a chain
rewritten as a whole, without its showing in another one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Literal

import msgspec

from .values import Value, to_json

Fault = Literal["edited", "missing", "out of order", "cut off", "not as anchored", "seal broken"]
SEAL = "seal"
ANCHOR = "anchor"
"""What a row is that names where other chains stand."""


class AuditRow(Value, kw_only=True, omit_defaults=False):
    """An entry as it is kept, in its writer's chain; its JSON, which is hashed, has all fields."""

    chain: str  # node/process/random
    number: int  # from 1, without gaps
    at: datetime
    who: str = ""
    what: str
    institution: str = ""
    accession: str = ""
    patient: str = ""  # keyed digest, hex
    address: str = ""
    outcome: str = "done"
    why: str = ""
    detail: dict[str, str] = msgspec.field(default_factory=dict)
    previous: str = ""  # hash of the row before; "" = the first
    hash: str = ""  # of `previous` and all the rest


class Head(Value, order=True):
    """Where a chain stands."""

    chain: str
    number: int
    hash: str


class AuditFault(Value):
    """Something that was done to the audit behind its back."""

    chain: str
    number: int
    fault: Fault


def hash_of(row: AuditRow) -> str:
    """Return the SHA-256 (hex) over the hash of the row before and this row's canonical JSON."""
    bare = msgspec.structs.replace(row, hash="", at=row.at.astimezone(UTC))
    return hashlib.sha256(row.previous.encode() + b"\n" + to_json(bare)).hexdigest()


def linked(row: AuditRow, previous: str) -> AuditRow:
    """Return the row tied to the one before."""
    tied = msgspec.structs.replace(row, previous=previous, hash="")
    return msgspec.structs.replace(tied, hash=hash_of(tied))


def keyed(key: bytes, kind: str, text: str) -> str:
    """Return a digest (HMAC-SHA-256, hex) that says nothing without the key; nothing of nothing."""
    return hmac.new(key, f"{kind} {text}".encode(), "sha256").hexdigest() if text else ""


def anchor_detail(heads: Iterable[Head], key: bytes) -> dict[str, str]:
    """Return what an anchor says: where other chains stand, sealed so that who has the database alone cannot say it."""
    said = {one.chain: f"{one.number}:{one.hash}" for one in heads}
    return {**said, SEAL: keyed(key, ANCHOR, to_json(said).decode())}


def read_anchor(row: AuditRow, key: bytes | None) -> tuple[list[Head], bool]:
    """Return the heads that an anchor names, and whether its seal holds; without a key no seal is asked for."""
    said = {name: text for name, text in row.detail.items() if name != SEAL}
    heads = []
    for chain, text in said.items():
        number, _, hashed = text.partition(":")
        heads.append(Head(chain=chain, number=int(number) if number.isdecimal() else 0, hash=hashed))
    whole = key is None or row.detail.get(SEAL, "") == keyed(key, ANCHOR, to_json(said).decode())
    return heads, whole


class ChainCheck:
    """Looks at rows chain by chain, each in the order of its numbers, and says what was done to them.

    `anchors`: all rows that name heads. `heads`: where the store says that each chain ends. `key`: None = unknown.
    `lost_before`: when an earlier key was lost; `of_lost_key` counts the anchors of before that no key vouches for.
    """

    def __init__(
        self,
        anchors: Iterable[AuditRow],
        heads: Iterable[Head],
        key: bytes | None,
        lost_before: datetime | None = None,
    ) -> None:
        self._named: dict[str, dict[int, str]] = {}
        self._broken: list[AuditFault] = []
        self._ends = {one.chain: one for one in heads}
        self._last: AuditRow | None = None
        self._seen: set[str] = set()
        self.of_lost_key = 0
        unvouched: list[Head] = []
        for row in anchors:
            named, whole = read_anchor(row, key)
            if whole:
                self._named_by(named)
                continue
            unvouched += named
            if lost_before and row.at < lost_before:
                self.of_lost_key += 1
            else:
                self._broken.append(AuditFault(chain=row.chain, number=row.number, fault="seal broken"))
        self._named_by(unvouched)

    def _named_by(self, heads: Iterable[Head]) -> None:
        """Take in what anchors say; what a sealed one says stands."""
        for one in heads:
            self._named.setdefault(one.chain, {}).setdefault(one.number, one.hash)

    def look(self, row: AuditRow) -> list[AuditFault]:
        """Return what is wrong with the next row, and with the end of the chain before where a new one begins."""
        found: list[AuditFault] = []
        last = self._last
        if last is None or last.chain != row.chain:
            found += self._end()
            self._seen.add(row.chain)
            last = None
        found += [AuditFault(chain=row.chain, number=row.number, fault=one) for one in self._faults(row, last)]
        self._last = row
        return found

    def finish(self) -> list[AuditFault]:
        """Return what is wrong with the last chain's end, with chains that are gone, and with seals."""
        found = self._end()
        known = {*self._named, *self._ends}
        for chain in sorted(known - self._seen):
            numbers = [*self._named.get(chain, {}), *([self._ends[chain].number] if chain in self._ends else [])]
            found.append(AuditFault(chain=chain, number=max(numbers), fault="cut off"))
        return found + self._broken

    def _faults(self, row: AuditRow, last: AuditRow | None) -> Iterator[Fault]:
        expected = (last.number if last else 0) + 1
        if row.number > expected:
            yield "missing"
        elif row.previous != (last.hash if last else ""):
            yield "out of order"
        if row.hash != hash_of(row):
            yield "edited"
        elif self._named.get(row.chain, {}).get(row.number, row.hash) != row.hash:
            yield "not as anchored"

    def _end(self) -> list[AuditFault]:
        last = self._last
        if last is None:
            return []
        self._last = None
        end = self._ends.get(last.chain)
        named = max(self._named.get(last.chain, {}), default=0)
        furthest = max(end.number if end else 0, named)
        if furthest > last.number:
            return [AuditFault(chain=last.chain, number=furthest, fault="cut off")]
        return []
