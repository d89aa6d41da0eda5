"""The day in numbers: exams by verdict, rule, modality and hour; what waits, for what, how long; who sends how well."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, render_template, request

from gecit.core.access import Action, reach
from gecit.core.values import ISTANBUL, Text, local
from gecit.edges.store import SqlLedger
from gecit.ports import Clock

from ..access import needs, person
from ..tracking.asked import day_of
from ..tracking.rulebooks import Rulebooks
from .charts import charts_of
from .clock import CLOCK_DAYS, readiness_of
from .senders import sender_routes

SILENT_DAYS = 90
DOSE_MODALITIES = ("CT", "MG")
"""Of which the letter of 14.01.2020 asks for dose reports (rules/submission/dose-report.toml)."""


def day(ledger: SqlLedger, clock: Clock) -> Blueprint:
    """Build the pages of the day and of the senders."""
    pages = Blueprint("day", __name__, url_prefix="/gecit")
    rulebooks = Rulebooks(ledger, clock)

    def titles() -> dict[str, Text]:
        book = rulebooks.in_force()
        return {one.id: one.title for one in book.rules} if book else {}

    @pages.get("/day")
    @needs(Action.LIST_EXAMS)
    def show() -> str:
        now, mine = clock.now(), reach(person(), Action.LIST_EXAMS)
        start = day_of(request.args.get("day", "")) or midnight(now)
        counts = ledger.count_day(mine, start, start + timedelta(days=1))
        return render_template(
            "day.html",
            day=start,
            before=start - timedelta(days=1),
            after=start + timedelta(days=1) if start < midnight(now) else None,
            total=sum(counts.outcome.values()),
            charts=charts_of(counts, titles(), f"{start:%Y-%m-%d}"),
            readiness=readiness_of(ledger, mine, now, titles()),
            clock_days=CLOCK_DAYS,
            silent=ledger.silent_devices(mine, now - timedelta(days=SILENT_DAYS), DOSE_MODALITIES),
            silent_days=SILENT_DAYS,
            names=_names(ledger),
        )

    sender_routes(pages, ledger, clock, titles)
    return pages


def midnight(now: datetime) -> datetime:
    """Return the beginning of the day in Europe/Istanbul."""
    return local(now).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=ISTANBUL)


def _names(ledger: SqlLedger) -> dict[str, str]:
    return {one.skrs: one.name for one in ledger.read(lambda tx: tx.institutions())}
