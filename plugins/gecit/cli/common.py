"""What the commands share: the settings, the ledger, and printing for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy.engine import make_url

from gecit.core.harmless import one_line
from gecit.core.order import ExamKey
from gecit.processes.build import Parts
from gecit.settings import Settings, load

FAILED = "gecit.failed"
"""Where a command leaves what is to be called should it fail after it told the audit that it would be done."""

Command = TypeVar("Command", bound=Callable[..., Any])


def as_json(command: Command) -> Command:
    """Add `--json` to a command."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def settings() -> Settings:
    """Read the configuration; all its faults are told together."""
    return load()


@contextmanager
def parts(*, create: bool = True) -> Iterator[Parts]:
    """Open the ledger for the length of a command; one that only reads makes none where there is none."""
    found = settings()
    if not create:
        _must_exist(found)
    opened = Parts(found)
    try:
        yield opened
    except Exception as fault:
        tell_failed(fault)
        raise
    finally:
        opened.ledger.close()


def tell_failed(fault: Exception) -> None:
    """Have the audit told that what it was told of failed; nothing where it was told of nothing."""
    context = click.get_current_context(silent=True)
    tell = context.meta.pop(FAILED, None) if context else None
    if tell:
        tell(type(fault).__name__)


class NoLedgerError(click.ClickException):
    """There is nothing to read; most often GECIT_DATA names another folder than the node's."""

    exit_code = 2


def has_ledger(found: Settings) -> bool:
    """Whether there is a ledger; on PostgreSQL there is always one, or it is to be told that it is away."""
    return not found.database.startswith("sqlite") or Path(make_url(found.database).database or "").exists()


def _must_exist(found: Settings) -> None:
    if not has_ledger(found):
        path = make_url(found.database).database
        raise NoLedgerError(
            f"Kayıt defteri yok: {path}. GECIT_DATA doğru klasörü gösteriyor mu? / "
            f"There is no ledger at {path}. Does GECIT_DATA name the right folder?"
        )


def exam_key(opened: Parts, accession: str, institution: str) -> ExamKey:
    """Return the exam that is meant; several institutions may have the same accession number."""
    keys = [one.key for one in opened.ledger.find_exams(accession)]
    chosen = [one for one in keys if institution in ("", one.institution)]
    if not chosen:
        raise click.ClickException(f"böyle bir tetkik yok / there is no exam {accession!r}")
    if len(chosen) > 1:
        named = ", ".join(one.institution for one in chosen)
        raise click.ClickException(f"birden çok kurumda var / several institutions have it: --institution {named}")
    return chosen[0]


def print_json(value: object) -> None:
    """Print a value as JSON, Turkish letters as they are."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under headings, as wide as they need; what came from outside steers no terminal."""
    texts = [[one_line(str(cell)) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in [list(headings), *texts]) for column in range(len(headings))]
    for row in [list(headings), ["-" * width for width in widths], *texts]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_rows(rows: Sequence[Mapping[str, object]], *, json_wanted: bool) -> None:
    """Print rows as a table or as JSON."""
    if json_wanted:
        print_json([dict(row) for row in rows])
    elif rows:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    else:
        click.echo("yok / none")
