"""`gecit balance`: how long exams waited to be read, and how long they would if institutions shared the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import click

from gecit.core.exam import Exam
from gecit.core.grants import AccessRule, covered
from gecit.core.order import ExamKey
from gecit.core.recorded_days import RecordedDays, recorded_days
from gecit.core.simulation import Read, simulate
from gecit.core.turnaround import percentile
from gecit.core.values import ISTANBUL
from gecit.edges.report_files import read_access, read_reporting
from gecit.edges.store import SqlLedger
from gecit.processes.build import Parts
from gecit.steps.granting import employers

from .common import as_json, parts, print_json, print_table

PAGE = 500
HEADINGS = (
    "institution",
    "exams",
    "own median",
    "own p90",
    "own unread",
    "shared median",
    "shared p90",
    "shared unread",
)


@click.group()
def balance() -> None:
    """Reading shared between institutions."""


@balance.command("simulate")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="First day, of the order date.")
@click.option("--days", type=click.IntRange(1, 92), default=1, help="How many days.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Write the chart, SVG, there.")
@as_json
def simulate_(day: datetime, days: int, plot: Path | None, as_json: bool) -> None:
    """Read recorded days again, each institution by itself and shared; changes nothing."""
    start = day.replace(tzinfo=ISTANBUL)
    with parts(create=False) as opened:
        recorded = _recorded(opened, start, start + timedelta(days=days))
    if not recorded.works:
        raise click.ClickException(
            "o günlerde görüntüsü ve kesin raporu olan tetkik yok / no exam of those days has images and a final report"
        )
    own, shared = (simulate(recorded.works, recorded.shifts, shared=how) for how in (False, True))
    end = max(one.end for one in recorded.shifts)
    rows = _rows(own, shared, end)
    if as_json:
        print_json({"minutes": recorded.minutes, "institutions": rows})
    else:
        _print(recorded, rows)
    if plot:
        _draw(plot, rows, start, days)


def _recorded(opened: Parts, start: datetime, end: datetime) -> RecordedDays:
    chosen = opened.settings
    rule = read_access(chosen.rules, chosen.site_rules)
    kinds = read_reporting(chosen.rules, chosen.site_rules).kinds
    sharing = _sharing(opened.ledger, rule, start)
    return recorded_days(_exams(opened.ledger, start, end), kinds, sharing)


def _exams(ledger: SqlLedger, start: datetime, end: datetime) -> list[Exam]:
    found: list[Exam] = []
    after: ExamKey | None = None
    while True:
        page = ledger.scan(after, PAGE, ordered_from=start, ordered_until=end)
        found += page.exams
        if page.after is None:
            return found
        after = page.after


def _sharing(ledger: SqlLedger, rule: AccessRule | None, at: datetime) -> Mapping[str, Sequence[str]]:
    """Return for each institution those for which the rule in force lets its radiologists report."""
    known = employers(ledger.read(lambda tx: tx.institutions()))
    return {
        skrs: [other for other, one in known.items() if other != skrs and covered(rule, employer, one, at) is None]
        for skrs, employer in known.items()
    }


def _rows(own: Sequence[Read], shared: Sequence[Read], end: datetime) -> list[dict[str, object]]:
    names = sorted({one.work.key.institution for one in own})
    return [
        {"institution": name or "*", "exams": sum(_of(one, name) for one in own)}
        | _waits("own", [one for one in own if _of(one, name)], end)
        | _waits("shared", [one for one in shared if _of(one, name)], end)
        for name in [*names, *([""] if len(names) > 1 else [])]
    ]


def _of(one: Read, institution: str) -> bool:
    return institution in ("", one.work.key.institution)


def _waits(how: str, reads: Sequence[Read], end: datetime) -> dict[str, object]:
    waited = sorted(one.waited(end) for one in reads)
    return {
        f"{how} median": _minutes(percentile(waited, 50)),
        f"{how} p90": _minutes(percentile(waited, 90)),
        f"{how} unread": sum(one.done_at is None for one in reads),
    }


def _minutes(length: timedelta) -> float:
    return round(length.total_seconds() / 60, 1)


def _print(recorded: RecordedDays, rows: Sequence[Mapping[str, object]]) -> None:
    readers = len({one.reader for one in recorded.shifts})
    click.echo(f"{len(recorded.works)} tetkik / exams, {readers} hekim / readers; bekleme, dakika / waiting, minutes\n")
    print_table(HEADINGS, [[one[name] for name in HEADINGS] for one in rows])


def _draw(plot: Path, rows: Sequence[Mapping[str, object]], start: datetime, days: int) -> None:
    from gecit.edges.balance_plot import draw_waiting

    names = [str(one["institution"]) for one in rows]
    own, shared = ([float(str(one[f"{how} p90"])) for one in rows] for how in ("own", "shared"))
    draw_waiting(plot, names, own, shared, f"{start:%d.%m.%Y}, {days} gün / days: p90, dakika / minutes")
    click.echo(f"{plot}", err=True)
