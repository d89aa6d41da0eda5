"""`gecit codes`: import code lists from CSV, and search them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from gecit.edges import codes as lists
from gecit.edges.code_columns import LISTS
from gecit.edges.system_clock import SystemClock
from gecit.ports import Unavailable

from .audited import tell_first
from .common import as_json, has_ledger, parts, print_rows, settings

KINDS = tuple(LISTS)


@click.group()
def codes() -> None:
    """Code lists: LOINC, SUT, institutions, radiologists, physicians."""


@codes.command("import")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("csv_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(kind: str, csv_file: Path) -> None:
    """Replace one list by a CSV file; with any bad row nothing is imported."""
    found = settings()
    found.data.mkdir(parents=True, exist_ok=True)
    if has_ledger(found):  # before there is one, nobody is judged by any list
        with parts(create=False) as opened:
            tell_first(opened, "import a code list", about=kind)
    with _readable(found.codes):
        snapshot = lists.import_csv(found.codes, kind, csv_file, SystemClock().now())
    click.echo(f"{kind}: {snapshot.rows} satır / rows, {snapshot.revision[:12]}")


@codes.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("text")
@as_json
def search(kind: str, text: str, as_json: bool) -> None:
    """Search a list by words or code, Turkish letters folded."""
    database = settings().codes
    with _readable(database):
        found = lists.search(database, kind, text)
    print_rows(found, json_wanted=as_json)


@contextmanager
def _readable(database: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as fault:
        raise Unavailable(
            f"{database}: {fault}. Kod listeleri okunamıyor: dosyayı kaldırıp listeleri yeniden alın. / "
            "The code lists cannot be read: move the file away and import the lists again."
        ) from fault
