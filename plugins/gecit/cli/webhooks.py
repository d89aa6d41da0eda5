"""`gecit webhooks` and `gecit alerts`: who is told of verdicts, and who of what is wrong with the installation."""

from __future__ import annotations

import getpass
import secrets

import click

from gecit.core.access import Action
from gecit.core.values import local
from gecit.core.verdict import Outcome
from gecit.core.webhook_urls import url_fault
from gecit.core.webhooks import SECRET_BYTES, Subscription, new_secret
from gecit.edges.system_clock import SystemClock
from gecit.ports import Refused, Unavailable
from gecit.processes.alerting import mailer_of, poster_of, secret_of
from gecit.steps.watch_health import try_out

from .audited import tell_first
from .common import as_json, parts, print_json, print_rows, settings


@click.group()
def webhooks() -> None:
    """Subscriptions to verdicts."""


@webhooks.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List the subscriptions, without their secrets."""
    with parts(create=False) as opened:
        found = opened.ledger.read(lambda tx: tx.webhooks())
    rows = [
        {
            "id": one.id,
            "institution": one.institution or "*",
            "outcomes": " ".join(one.outcomes) or "*",
            "url": one.url,
            "created": local(one.created_at).isoformat(timespec="seconds"),
            "by": one.by,
        }
        for one in found
    ]
    print_rows(rows, json_wanted=as_json)


@webhooks.command()
@click.argument("url")
@click.option("--institution", default="", help="SKRS code; empty: exams of every institution.")
@click.option(
    "--outcome",
    "outcomes",
    multiple=True,
    type=click.Choice([one.value for one in Outcome]),
    help="Only new verdicts of this outcome; repeatable. By default all.",
)
@as_json
def add(url: str, institution: str, outcomes: tuple[str, ...], as_json: bool) -> None:
    """Subscribe URL to verdicts, and print its secret once."""
    chosen = settings().webhooks
    fault = url_fault(url, chosen.allow, plain_http=chosen.plain_http)
    if fault is not None:
        raise click.BadParameter(f"{fault.tr} / {fault.en}", param_hint="URL")
    with parts(create=False) as opened:
        known = {one.skrs for one in opened.ledger.read(lambda tx: tx.institutions())}
        if institution and institution not in known:
            raise click.BadParameter("böyle bir kurum yok / there is no such one", param_hint="--institution")
        made = Subscription(
            id=f"wh-{secrets.token_hex(8)}",
            institution=institution,
            url=url,
            secret=new_secret(secrets.token_bytes(SECRET_BYTES)),
            created_at=opened.clock.now(),
            by=getpass.getuser(),
            outcomes=tuple(sorted({Outcome(one) for one in outcomes})),
        )
        tell_first(opened, Action.MANAGE_WEBHOOKS, institution=institution, about=made.id)
        opened.ledger.write(lambda tx: tx.add_webhook(made))
    if as_json:
        print_json({"id": made.id, "secret": made.secret})
    else:
        click.echo(f"{made.id}\n{made.secret}")


@webhooks.command()
@click.argument("id")
def remove(id: str) -> None:  # noqa: A002 -- what the list calls it
    """End subscription ID (wh-...) and what waits for it."""
    with parts(create=False) as opened:
        now = opened.clock.now()
        tell_first(opened, Action.MANAGE_WEBHOOKS, about=id)
        done = opened.ledger.write(lambda tx: tx.remove_webhook(id, now, getpass.getuser()))
        if not done:
            raise click.ClickException(f"{id}: böyle bir abonelik yok / there is no such subscription")
    click.echo(f"{id} sona erdi / ended")


@click.group()
def alerts() -> None:
    """What is wrong with the installation, and telling people of it."""


@alerts.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, help="How many.")
@as_json
def list_incidents(limit: int, as_json: bool) -> None:
    """List incidents: those that are open first, then the newest."""
    with parts(create=False) as opened:
        found = opened.ledger.incidents(limit)
    rows = [
        {
            "opened": local(one.opened_at).isoformat(timespec="seconds"),
            "closed": local(one.closed_at).isoformat(timespec="seconds") if one.closed_at else "-",
            "key": one.key,
            "tr": one.text.tr,
            "en": one.text.en,
        }
        for one in found
    ]
    print_rows(rows, json_wanted=as_json)


@alerts.command()
def test() -> None:
    """Send a trial alert by every way that the settings name; exit code 1 where one fails."""
    found = settings()
    ways = try_out(
        mailer_of(found), poster_of(found), found.alerts.webhook_url, lambda: secret_of(found), SystemClock()
    )
    if not ways:
        raise click.ClickException("Gecit.Alerts.EmailTo ve WebhookUrl boş / are empty")
    failed = False
    for name, send in ways.items():
        try:
            send()
        except (Refused, Unavailable) as fault:
            failed = True
            click.echo(f"{name}: {fault}", err=True)
        else:
            click.echo(f"{name}: gönderildi / sent")
    raise SystemExit(1 if failed else 0)
