"""`gecit ledger`: the record itself."""

from __future__ import annotations

import sys

import click

from .audited import tell_first
from .common import parts


@click.group()
def ledger() -> None:
    """The ledger: events and what is folded from them."""


@ledger.command()
def rebuild() -> None:
    """Make exams, studies and links again from the events alone, and say whether anything differed.

    Exit code 1 where the state before was not what the events say; afterwards it is.
    """
    with parts(create=False) as opened:
        tell_first(opened, "rebuild the ledger")
        count, same = opened.ledger.rebuild()
    click.echo(f"{count} olay / events; " + ("aynı durum / identical state" if same else "DURUM FARKLIYDI / DIFFERED"))
    sys.exit(0 if same else 1)
