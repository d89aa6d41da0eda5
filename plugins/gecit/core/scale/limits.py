"""What breaks first: each bound beside what comes to it, for one node for all and for a node of each hospital.

`used` above 1 is over the bound. The remedies are those of `docs/scale.md`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..values import Text, Value
from .assumptions import Assumptions, Basis
from .load import Load, Size, busiest, load
from .remedies import REMEDIES


class Limit(Value):
    """One bound: what comes to it, what it bears, and what that rests on."""

    key: str
    load: float
    capacity: float
    unit: str  # of both
    basis: Basis  # of the bound, never of the load

    @property
    def used(self) -> float:
        """The load over the bound; above 1 it breaks."""
        return self.load / self.capacity if self.capacity else (math.inf if self.load else 0.0)

    @property
    def breaks(self) -> bool:
        """Whether it does not hold."""
        return self.used > 1

    @property
    def named(self) -> Text:
        """What it is."""
        return REMEDIES[self.key].what

    @property
    def remedy(self) -> Text:
        """What to do when it breaks."""
        return REMEDIES[self.key].then


class Outlook(Value):
    """An installation of a size: what comes, and every bound, the one that breaks first at the head."""

    size: Size
    whole: Load
    node: Load  # of the busiest node where each hospital has its own
    nodes: int  # one for each hospital
    one_node: tuple[Limit, ...]  # one Orthanc and a ledger on SQLite for all
    each_own: tuple[Limit, ...]  # a node for each hospital, one PostgreSQL


def outlook(size: Size, known: Assumptions) -> Outlook:
    """Return the outlook of a size."""
    whole, node = load(size, known), busiest(size, known)
    nodes = math.ceil(whole.hospitals)
    return Outlook(
        size=size,
        whole=whole,
        node=node,
        nodes=nodes,
        one_node=_worst_first([*_of_node(whole, whole.hospitals, known), _sqlite(whole, known)]),
        each_own=_worst_first([*_of_node(node, 1, known), *_of_database(whole, nodes, known)]),
    )


def _worst_first(limits: list[Limit]) -> tuple[Limit, ...]:
    return tuple(sorted(limits, key=lambda one: -one.used))


def _of_node(come: Load, hospitals: float, known: Assumptions) -> Iterator[Limit]:
    burst = known["node.burst"] if hospitals <= 1 else known["database.burst"]
    years = known["kept.server"]

    def rate(key: str, second: float, name: str) -> Limit:
        one = known.numbers[f"rate.{name}"]
        return Limit(key=key, load=second * burst, capacity=one.value, unit="1/s", basis=one.basis)

    yield Limit(key="store", load=come.store_second * burst, capacity=1, unit="s/s", basis=_basis(known, "rate.stored"))
    yield rate("hl7", come.messages_second, "messages")
    yield rate("judge", come.judgings_second, "judgings")
    yield rate("deliver", come.deliveries_second, "deliveries")
    yield _bound("disk", come.bytes_year * years, "node.disk", "B", known)
    yield _bound("index", come.instances_year * years, "node.index", "1", known)
    both_ways = come.bytes_second * (1 + known["exam.fetched"]) * burst
    yield _bound("network", both_ways, "node.network", "B/s", known)


def _sqlite(whole: Load, known: Assumptions) -> Limit:
    return _bound("sqlite", whole.ledger_sqlite_year * known["kept.server"], "node.sqlite", "B", known)


def _of_database(whole: Load, nodes: int, known: Assumptions) -> Iterator[Limit]:
    held, night = whole.ledger_year * known["kept.server"], known["kept.night"]
    yield _bound("connections", nodes * known["node.connections"], "database.connections", "1", known)
    yield _bound("commits", whole.commits_second * known["database.burst"], "rate.commits", "1/s", known)
    yield _bound("ledger", held, "database.disk", "B", known)
    yield _bound("table", whole.events_year * known["kept.records"], "database.table", "B", known)
    yield Limit(key="backup", load=held / known["rate.copied"], capacity=night, unit="s", basis=Basis.ASSUMED)
    again = whole.exams_year / known["rate.looked_at"]
    yield Limit(key="rejudge", load=again, capacity=night, unit="s", basis=_basis(known, "rate.looked_at"))


def _bound(key: str, come: float, bound: str, unit: str, known: Assumptions) -> Limit:
    return Limit(key=key, load=come, capacity=known[bound], unit=unit, basis=_basis(known, bound))


def _basis(known: Assumptions, key: str) -> Basis:
    return known.numbers[key].basis


def months_until_full(limit: Limit, known: Assumptions) -> float:
    """Return after how many months a bound that fills up is reached; infinite where it does not fill."""
    horizon = known["kept.records"] if limit.key == "table" else known["kept.server"]
    return horizon * 12 / limit.used if limit.key in FILLING and limit.used else math.inf


FILLING = frozenset({"disk", "index", "sqlite", "ledger", "table", "backup"})
"""Bounds that are reached with time; the others are reached on the first working day or never."""
