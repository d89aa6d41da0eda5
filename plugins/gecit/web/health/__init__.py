"""The page that says whether the installation is well."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from flask import Blueprint, Response, make_response, render_template

from gecit.core.access import Action
from gecit.core.values import Value
from gecit.edges.store import SqlLedger
from gecit.ports import Clock, Vitals
from gecit.ports.nodes import SILENT

from ..access import needs
from .around import OUTAGE_DAYS, Surroundings, look_around

__all__ = ["Health", "Surroundings", "examine", "health"]


class ShownProcess(Value):
    """A process and when it was last heard of; `at` None = never."""

    node: str
    process: str
    ok: bool
    pid: int = 0
    at: datetime | None = None
    detail: dict[str, str | int | float] = msgspec.field(default_factory=dict)


class Health(Value):
    """`ok` = every process of this node was heard of lately; `silent`: other nodes of which one was not."""

    ok: bool
    node: str
    at: datetime
    processes: tuple[ShownProcess, ...]
    counts: dict[str, int]
    silent: tuple[str, ...] = ()


def examine(vitals: Vitals, clock: Clock, node: str, expected: Sequence[str]) -> Health:
    """Read the signs of life of all nodes that share the ledger, and judge this node's."""
    now = clock.now()
    found = tuple(
        ShownProcess(
            node=one.node,
            process=one.process,
            pid=one.pid,
            at=one.at,
            detail=one.detail,
            ok=now - one.at <= SILENT,
        )
        for one in sorted(vitals.beats(), key=lambda one: (one.node != node, one.node, one.process))
    )
    heard = {one.process for one in found if one.node == node}
    never = tuple(ShownProcess(node=node, process=name, ok=False) for name in expected if name not in heard)
    ok = not never and all(one.ok for one in found if one.node == node)
    silent = tuple(sorted({one.node for one in found if not one.ok} - {node}))
    return Health(ok=ok, node=node, at=now, processes=(*found, *never), counts=vitals.counts(), silent=silent)


def health(
    vitals: Vitals,
    clock: Clock,
    node: str,
    expected: Sequence[str],
    ledger: SqlLedger | None = None,
    surroundings: Surroundings | None = None,
) -> Blueprint:
    """Build the health page; it answers 503 where a process is silent, as monitors like it."""
    pages = Blueprint("health", __name__, url_prefix="/gecit")

    @pages.get("/health")
    @needs(Action.SEE_HEALTH)
    def show() -> Response:
        found = examine(vitals, clock, node, expected)
        around = look_around(ledger, surroundings, vitals.beats(), found.at)
        drawn = render_template("health.html", health=found, around=around, outage_days=OUTAGE_DAYS)
        return make_response(drawn, 200 if found.ok else 503)

    return pages
