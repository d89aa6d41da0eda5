"""`gecit scale`: how large it gets, what breaks first, and what a day's queues look like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from gecit.core.scale.assumptions import AssumptionFault, Assumptions
from gecit.core.scale.day import (
    Day,
    Lost,
    day_of_database,
    day_of_node,
    drawn,
    drawn_of_database,
    refuse_endless,
)
from gecit.core.scale.limits import Limit, Outlook, months_until_full, outlook
from gecit.core.scale.load import Size
from gecit.edges.scale_files import over, shipped

from ..common import Command, as_json, print_json, print_table
from . import tables


@click.group()
def scale() -> None:
    """How large it gets, and what breaks first."""


def _changed(command: Command) -> Command:
    command = click.option("--assume", multiple=True, metavar="KEY=VALUE", help="Another number; may be repeated.")(
        command
    )
    path = click.Path(exists=True, dir_okay=False, path_type=Path)
    return click.option("--file", "file", type=path, help="TOML with other numbers.")(command)


@scale.command()
@click.option(
    "--size", type=click.Choice([one.value for one in Size]), default=Size.COUNTRY.value, show_default=True,
    help="Whose day is simulated.",
)  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help="What chance is made of.")
@click.option(
    "--lost", type=click.FloatRange(0, 720), default=30.0, show_default=True,
    help="Minutes of the peak hour that are lost.",
)  # fmt: skip
@click.option("--hours", is_flag=True, help="Also hour by hour.")
@_changed
@as_json
def simulate(
    size: str, seed: int, lost: float, hours: bool, file: Path | None, assume: tuple[str, ...], as_json: bool
) -> None:
    """Reckon sizes, bounds and a day's queues from assumptions; asks no ledger and changes nothing."""
    known = _assumptions(file, assume)
    outlooks = [outlook(one, known) for one in Size]
    [chosen] = [one for one in outlooks if one.size == size]
    with _told():
        node, database = days(chosen, known, seed, lost)
    if as_json:
        print_json(_built(known, outlooks, [*node, *database], seed))
    else:
        _print(known, outlooks, chosen, node, database, hours)


@scale.command("assumptions")
@_changed
@as_json
def assumptions(file: Path | None, assume: tuple[str, ...], as_json: bool) -> None:
    """List the assumptions, and what each rests on."""
    known = _assumptions(file, assume)
    if as_json:
        print_json(msgspec.to_builtins(known.numbers))
    else:
        print_table(*tables.assumed(known))


def days(chosen: Outlook, known: Assumptions, seed: int, lost: float) -> tuple[list[Day], list[Day]]:
    """Simulate the busiest node's day and, where several share one, the database's: all well, and with a loss.

    Raises AssumptionFault where that is too much to draw.
    """
    refuse_endless(drawn(chosen.node, known), known)
    refuse_endless(drawn_of_database(chosen.whole) if chosen.nodes > 1 else 0, known)
    node = [day_of_node(chosen.node, known, seed, *how) for how in ((Lost.NOTHING, 0.0), (Lost.NODE, lost))]
    if chosen.nodes == 1:
        return node, []
    away = (Lost.DATABASE, lost)
    return [*node, day_of_node(chosen.node, known, seed, *away)], [
        day_of_database(chosen.whole, known, seed, *how) for how in ((Lost.NOTHING, 0.0), away)
    ]


def _assumptions(file: Path | None, assume: Sequence[str]) -> Assumptions:
    with _told():
        known = shipped() if file is None else over(shipped(), file)
        return known.assuming([_pair(one) for one in assume])


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except AssumptionFault as fault:
        raise click.UsageError(str(fault)) from fault


def _pair(text: str) -> tuple[str, float, str]:
    key, _, value = text.partition("=")
    try:
        return key.strip(), float(value), "--assume"
    except ValueError as fault:
        raise click.UsageError(f"{text}: KEY=SAYI olmalı / must be KEY=NUMBER") from fault


def _built(known: Assumptions, outlooks: Sequence[Outlook], simulated: Sequence[Day], seed: int) -> dict[str, object]:
    return {
        "seed": seed,
        "assumptions": msgspec.to_builtins(known.numbers),
        "sizes": [
            {
                "size": one.size.value,
                "nodes": one.nodes,
                "whole": msgspec.to_builtins(one.whole),
                "busiest_node": msgspec.to_builtins(one.node),
                "one_node": [_limit(limit, known) for limit in one.one_node],
                "node_for_each_hospital": [_limit(limit, known) for limit in one.each_own],
            }
            for one in outlooks
        ],
        "days": [{"lost": day.lost.value, "minutes": day.minutes, "stages": msgspec.to_builtins(day.stages)}
                 for day in simulated],
    }  # fmt: skip


def _limit(one: Limit, known: Assumptions) -> dict[str, object]:
    until = months_until_full(one, known)
    return {
        "key": one.key, "what": msgspec.to_builtins(one.named), "load": one.load, "capacity": one.capacity,
        "unit": one.unit, "basis": one.basis.value, "used": one.used, "breaks": one.breaks,
        "months_until_full": None if until == float("inf") else until, "then": msgspec.to_builtins(one.remedy),
    }  # fmt: skip


def _print(
    known: Assumptions, outlooks: Sequence[Outlook], chosen: Outlook, node: list[Day], database: list[Day], hours: bool
) -> None:
    size = tables.both(tables.SIZES[chosen.size])
    parts = [
        ("Ne kadar / How much", tables.amounts(outlooks, known)),
        (f"{tables.ONE_NODE}: önce ne kırılır / what breaks first", tables.breaking(outlooks, known, one_node=True)),
        (f"{tables.EACH_OWN}: önce ne kırılır / what breaks first", tables.breaking(outlooks, known, one_node=False)),
        ("O zaman / And then", tables.remedies(tables.all_broken(outlooks, known))),
        (f"Bir gün, en yoğun düğüm / A day, the busiest node: {size}", tables.days(node)),
    ]
    if database:
        parts.append((f"Bir gün, ortak veritabanı / A day, the shared database: {size}", tables.days(database)))
    if hours:
        parts += [(f"Saat saat / Hour by hour: {tables.away(day)}", tables.hours(day)) for day in [*node, *database]]
    given = tables.assumed(known, only_given=True)
    if given.rows:
        parts.append(("Değiştirilen varsayımlar / Changed assumptions", given))
    for title, table in parts:
        click.echo(f"\n{title}\n")
        print_table(*table)
    click.echo("\nVarsayımlar ve kaynakları / Assumptions and their sources: gecit scale assumptions")
