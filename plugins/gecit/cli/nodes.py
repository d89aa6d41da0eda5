"""`gecit nodes`: which nodes share the ledger."""

from __future__ import annotations

import click

from gecit.core.values import local

from .audited import tell_first
from .common import as_json, parts, print_rows


@click.group()
def nodes() -> None:
    """The nodes that share the ledger."""


@nodes.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List the nodes: whether each is there, its address and versions."""
    with parts(create=False) as opened:
        found = opened.ledger.nodes()
    rows = [
        {
            "node": one.name,
            "up": one.up,
            "silent_seconds": int(one.silent.total_seconds()),
            "address": one.address,
            "gecit": one.version,
            "orthanc": one.orthanc,
            "schema": one.schema,
            "started": local(one.started_at).isoformat(timespec="seconds"),
        }
        for one in found
    ]
    print_rows(rows, json_wanted=as_json)


@nodes.command()
@click.argument("name")
def forget(name: str) -> None:
    """Take node NAME off the list: it is silent, and will not run again. Its studies and exams stay in the ledger."""
    with parts(create=False) as opened:
        known = next((one for one in opened.ledger.nodes() if one.name == name), None)
        if known is None:
            raise click.ClickException(f"böyle bir düğüm yok / there is no node {name!r}")
        if not known.up:
            tell_first(opened, "forget a node", about=name)
        if known.up or not opened.ledger.forget_node(name):
            raise click.ClickException(
                f"{name} çalışıyor: önce durdurun, bir dakika bekleyin / "
                f"{name} is there: stop it first, and wait a minute"
            )
    click.echo(f"{name}: listeden çıkarıldı / taken off the list")
