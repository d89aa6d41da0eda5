"""`gecit outbox`: what is on its way, and what waits for a person."""

from __future__ import annotations

import click

from .common import as_json, parts, print_rows


@click.group()
def outbox() -> None:
    """Deliveries to MEDULA and to the archive."""


@outbox.command("list")
@click.option(
    "--state", type=click.Choice(["queued", "leased", "unknown", "parked", "done"]), default=None, help="Only these."
)
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, help="How many.")
@as_json
def list_(state: str | None, limit: int, as_json: bool) -> None:
    """List deliveries, the newest first."""
    with parts(create=False) as opened:
        found = opened.ledger.deliveries(state=state or "", limit=limit)
    shown = [
        {
            "id": one.id,
            "destination": one.destination,
            "kind": one.kind,
            "exam": str(one.exam),
            "state": one.state,
            "attempts": one.attempts,
            "error": one.last_error,
        }
        for one in found
    ]
    print_rows(shown, json_wanted=as_json)


@outbox.command()
@click.argument("number", type=int)
def retry(number: int) -> None:
    """Put parked delivery NUMBER back into the queue."""
    with parts(create=False) as opened:
        done = opened.ledger.retry_delivery(number, opened.clock.now())
    if not done:
        raise click.ClickException(f"{number} beklemeye alınmış değil / is not parked")
    click.echo(f"{number} yeniden kuyrukta / queued again")
