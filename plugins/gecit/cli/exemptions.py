"""`gecit exemptions`: list them, draft one from the outages that Geçit saw, and name the exams that one excuses."""

from __future__ import annotations

import csv
import shlex
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import click

from gecit.core.access import Action
from gecit.core.exam import Exam
from gecit.core.exemptiondraft import Leftover, Stretch, left_over, stretches, write_draft
from gecit.core.order import ExamKey
from gecit.core.rulebook import Exemption, Rulebook, Window
from gecit.core.values import local
from gecit.processes.build import Parts
from gecit.processes.rules import NoRulebookError

from . import drafts
from .audited import tell_first
from .common import as_json, parts, print_json, print_rows, settings
from .moments import INSTANT
from .rules import files_of

PAGE = 1000
COLUMNS = ("institution", "accession", "ordered_at", "modality", "outcome", "billing", "rules", "windows")


@click.group()
def exemptions() -> None:
    """Dated exemptions: what they excuse, and drafts of new ones."""


@exemptions.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List the windows of the exemptions in the files, in order of time."""
    book = files_of(settings())
    windows = [(window, one) for one in book.exemptions for window in one.windows]
    windows.sort(key=lambda pair: (pair[0].start, pair[0].id))
    print_rows([_row(window, one) for window, one in windows], json_wanted=as_json)


def _row(window: Window, exemption: Exemption) -> dict[str, object]:
    return {
        "window": window.id,
        "from": f"{local(window.start):%Y-%m-%d %H:%M}",
        "last": f"{local(window.last):%Y-%m-%d %H:%M}" if window.last else "-",
        "excuses": ", ".join(exemption.excuses),
        "origin": window.origin,
        "published": str(window.published),
        "title": window.source.title,
    }


@exemptions.command()
@click.option("--from", "since", type=INSTANT, required=True, help="Outages from this day or instant.")
@click.option("--to", "until", type=INSTANT, required=True, help="Until this day or instant.")
@click.option("--service", default="duplicates", show_default=True, help="Whose outages: as `gecit` recorded them.")
@click.option("--adds-to", default="duplicate-query", show_default=True, help="The exemption that gets the rows.")
@click.option("--title", default="", help="Title of the announcement; by default the day.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A new file; by default it is printed.")
@click.option("--keep", default="", help="Keep it as a draft of this name in the site's folder; pages show it too.")
def draft(
    since: datetime, until: datetime, service: str, adds_to: str, title: str, out: Path | None, keep: str
) -> None:
    """Draft a row of an exemption from the outages that Geçit itself recorded; several outages are several windows."""
    if until <= since:
        raise click.BadParameter("--to, --from'dan sonra olmalı / --to must be after --from")
    book = files_of(settings())
    into = next((one for one in book.exemptions if one.id == adds_to), None)
    if into is None:
        raise click.BadParameter(f"böyle bir muafiyet yok / there is no exemption {adds_to!r}")
    with parts(create=False) as opened:
        now = opened.clock.now()
        found = opened.ledger.read(lambda tx: tx.outages(since, until))
    windows = stretches([one for one in found if one.service == service], since, min(until, now))
    if not windows:
        others = " | ".join(f"--service {shlex.quote(one)}" for one in sorted({one.service for one in found})) or "-"
        raise click.ClickException(
            f"{service}: kesinti kaydı yok / no outage was recorded; taslak yok / no draft (başka / others: {others})"
        )
    left = _not_yet(windows, into)
    text = write_draft(left, adds_to, title, local(now).date())
    if keep:
        with parts(create=False) as opened:
            tell_first(opened, Action.WORK_ON_RULES, about=keep)
        click.echo(f"{drafts.keep(settings(), keep, text).file}: {len(left)} pencere / windows")
    elif out is None:
        click.echo(text, nl=False)
    else:
        _write_new(out, text)
        click.echo(f"{out}: {len(left)} pencere / windows")


def _not_yet(windows: Sequence[Stretch], into: Exemption) -> list[Leftover]:
    """Leave out what stands already, and say so beside the draft; nothing left is no draft."""
    found = [left_over(one, into) for one in windows]
    for one in found:
        for there in one.standing:
            last = f"{local(there.last):%Y-%m-%d %H:%M}" if there.last else "-"
            rest = f"; kalanı taslakta / the rest is drafted: {one.window[0]:%H:%M}" if one.window else ""
            click.echo(f"zaten var, atlandı / stands already, left out: {there.id} - {last}{rest}", err=True)
    left = [one for one in found if one.window]
    if not left:
        raise click.ClickException("hepsi zaten var; taslak yok / all of it stands already; no draft")
    return left


def _write_new(out: Path, text: str) -> None:
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as fault:
        raise click.ClickException(f"dosya var, üzerine yazılmaz / the file exists already: {out}") from fault


@exemptions.command()
@click.argument("exemption_id")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@as_json
def affected(exemption_id: str, as_csv: bool, as_json: bool) -> None:
    """List the exams whose standing verdict an exemption or one of its windows excuses."""
    with parts(create=False) as opened:
        windows, dated_by_order = _windows(opened, exemption_id)
        rows = (_affected_row(one, windows) for one in _excused(opened, windows, within=dated_by_order))
        if as_csv:
            _print_csv(rows)
        elif as_json:
            print_json(list(rows))
        else:
            print_rows([dict(one) for one in rows], json_wanted=False)


def _windows(opened: Parts, exemption_id: str) -> tuple[dict[str, Window], bool]:
    """Find an exemption or a window in the rulebook in force; and whether its windows are stretches of order dates."""
    active = opened.ledger.active_rulebook()
    if active is None:
        raise NoRulebookError("activate a rulebook first: gecit rules activate")
    for one in Rulebook.from_json(active[1]).exemptions:
        found = {window.id: window for window in one.windows if exemption_id in (one.id, window.id)}
        if found:
            return found, one.dated_by == "order_date"
    raise click.ClickException(
        f"yürürlükte böyle bir muafiyet ya da pencere yok / none in force: exemption or window {exemption_id!r}"
    )


def _excused(opened: Parts, windows: dict[str, Window], *, within: bool) -> Iterator[Exam]:
    ends = [one.end for one in windows.values()]
    begin = min(one.start for one in windows.values()) if within else None
    end = max((one for one in ends if one), default=None) if within and all(ends) else None
    after: ExamKey | None = None
    while True:
        page = opened.ledger.exams_excused_by(list(windows), after, PAGE, ordered_from=begin, ordered_until=end)
        yield from page.exams
        after = page.after
        if after is None:
            return


def _affected_row(exam: Exam, windows: dict[str, Window]) -> dict[str, object]:
    findings = exam.verdict.findings if exam.verdict else ()
    excused = [one for one in findings if windows.keys() & set(one.exemptions)]
    used = {window for one in excused for window in one.exemptions if window in windows}
    ordered = exam.order.ordered_at if exam.order else None
    return {
        "institution": exam.key.institution,
        "accession": exam.key.accession,
        "ordered_at": f"{local(ordered):%Y-%m-%d %H:%M}" if ordered else "",
        "modality": exam.modality,
        "outcome": exam.verdict.outcome.value if exam.verdict else "",
        "billing": exam.billing.value,
        "rules": ", ".join(one.rule for one in excused),
        "windows": ", ".join(sorted(used)),
    }


def _print_csv(rows: Iterator[dict[str, object]]) -> None:
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
