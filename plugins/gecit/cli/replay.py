"""`gecit replay`: which exams would change if other rules were in force. Changes nothing."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from gecit.core.billing import Action
from gecit.core.harmless import cell
from gecit.core.rulebook import Rulebook
from gecit.core.values import local
from gecit.edges.rules_files import read_either
from gecit.processes.build import Parts
from gecit.processes.replaying import Piece, WhatIf, pieces, replayed
from gecit.processes.rules import context_from, context_of
from gecit.settings import Settings
from gecit.steps.reached import Reached, reached
from gecit.steps.replay import Change

from . import drafts
from .common import parts, print_table

HEADINGS = ("institution", "accession", "ordered", "from", "to", "MEDULA", "findings")
CONSEQUENCES = {
    Action.NONE: "-",
    Action.NOTIFY: "release",
    Action.WITHDRAW: "withdrawal",
    Action.PROPOSE_WITHDRAWAL: "withdrawal to be proposed",
    Action.DROP_PROPOSAL: "proposed withdrawal dropped",
}


@click.command()
@click.option(
    "--rules",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The rules to try: over the shipped ones, or a whole rulebook where it has most of them.",
)
@click.option("--draft", "draft", default="", help="A draft of the site's folder to try instead.")
@click.option("--csv", "csv_file", type=click.Path(dir_okay=False, path_type=Path), help="Write every change there.")
@click.option("--all", "everything", is_flag=True, help="Every exam, not only those that the difference can touch.")
@click.option("--limit", default=100, show_default=True, help="How many to print; the CSV always has all. 0 = all.")
def replay(folder: Path | None, draft: str, csv_file: Path | None, everything: bool, limit: int) -> None:
    """Show which exams would change if these rules were in force, and what MEDULA would be told; changes nothing."""
    with parts(create=False) as opened:
        book = _book(opened.settings, folder, draft)
        where = Reached() if everything else reached(opened.ledger, book)
        todo = pieces(opened.ledger, where.stretches)
        asked = _asked(opened, book, where)
    with _writer(csv_file) as table:
        counted, shown = _go(asked, todo, table, limit)
    if shown:
        print_table(HEADINGS, shown)
    if counted["changed"] > len(shown):
        click.echo(f"... {counted['changed'] - len(shown)} tetkik daha / more (--csv, --limit 0)")
    _summary(counted, book)


def _book(chosen: Settings, folder: Path | None, draft: str) -> Rulebook:
    if bool(folder) == bool(draft):
        raise click.UsageError("--rules ya da --draft / --rules or --draft")
    if folder:
        return read_either(folder, chosen.rules)
    return drafts.folder_of(chosen).book_with(drafts.find(chosen, draft))


def _asked(opened: Parts, book: Rulebook, where: Reached) -> WhatIf:
    now, chosen = opened.clock.now(), opened.settings
    recorded = opened.ledger.context_at(now)
    context = context_from(recorded) if recorded else context_of(chosen)
    return WhatIf(
        database=chosen.database, rulebook=book, context=context, now=now, role=chosen.role, rules=where.rules
    )


@contextmanager
def _writer(csv_file: Path | None) -> Iterator[TextIO | None]:
    if csv_file is None:
        yield None
        return
    with csv_file.open("w", encoding="utf-8", newline="") as table:
        csv.writer(table).writerow(HEADINGS)
        yield table


def _go(
    asked: WhatIf, todo: Sequence[Piece], table: TextIO | None, limit: int
) -> tuple[Counter[str], list[tuple[str, ...]]]:
    counted: Counter[str] = Counter()
    shown: list[tuple[str, ...]] = []
    hidden = not sys.stderr.isatty()  # without a terminal a bar is one stray line
    with click.progressbar(length=len(todo), file=sys.stderr, label="tetkik / exams", hidden=hidden) as bar:
        for found in replayed(asked, todo):
            counted["looked at"] += found.looked_at
            counted["changed"] += len(found.changes)
            rows = [_row(one) for one in found.changes]
            counted.update(_kind(one) for one in found.changes)
            counted.update(f"MEDULA: {CONSEQUENCES[one.action]}" for one in found.changes)
            shown.extend(rows[: len(rows) if not limit else max(0, limit - len(shown))])
            if table is not None:
                csv.writer(table).writerows([cell(one) for one in row] for row in rows)
            bar.update(1)
    return counted, shown


def _kind(one: Change) -> str:
    if one.before is one.after:
        return f"{one.before.value}: başka bulgular / other findings"
    return f"{one.before.value} -> {one.after.value}"


def _row(one: Change) -> tuple[str, ...]:
    ordered = f"{local(one.ordered_at):%Y-%m-%d %H:%M}" if one.ordered_at else "-"
    turns = "; ".join(map(str, one.turns))
    key = one.exam
    return (key.institution, key.accession, ordered, one.before.value, one.after.value, CONSEQUENCES[one.action], turns)


def _summary(counted: Counter[str], book: Rulebook) -> None:
    click.echo(f"\nrulebook {book.revision[:12]}: {counted.pop('looked at', 0)} bakıldı / looked at, ", nl=False)
    click.echo(f"{counted.pop('changed', 0)} değişirdi / would change; hiçbir şey yazılmadı / nothing was written")
    if counted:
        print_table(("what", "exams"), sorted(counted.items()))
