"""`gecit codes`: import code lists from CSV, and search them."""

from __future__ import annotations

from pathlib import Path

import click

from gecit.edges import codes as lists
from gecit.edges.system_clock import SystemClock

from .common import as_json, print_rows, settings

KINDS = ("loinc", "sut", "institutions", "radiologists")


@click.group()
def codes() -> None:
    """Code lists: LOINC, SUT, institutions, radiologists."""


@codes.command("import")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("csv_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(kind: str, csv_file: Path) -> None:
    """Replace one list by a CSV file; with any bad row nothing is imported."""
    found = settings()
    found.data.mkdir(parents=True, exist_ok=True)
    snapshot = lists.import_csv(found.codes, kind, csv_file, SystemClock().now())
    click.echo(f"{kind}: {snapshot.rows} satır / rows, {snapshot.revision[:12]}")


@codes.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("text")
@as_json
def search(kind: str, text: str, as_json: bool) -> None:
    """Search a list by words or code, Turkish letters folded."""
    print_rows(lists.search(settings().codes, kind, text), json_wanted=as_json)
