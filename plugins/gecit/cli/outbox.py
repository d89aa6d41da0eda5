"""`gecit outbox`: what is on its way, what waits for a person, and what that person decides."""

from __future__ import annotations

import getpass
from collections.abc import Callable

import click

from gecit.core.access import Action
from gecit.core.medula_codes import PARKED
from gecit.core.order import ExamKey
from gecit.edges.store import effects, outbox_desk
from gecit.processes.build import Parts
from gecit.steps.approve_withdrawal import NothingToDecideError
from gecit.steps.approve_withdrawal import approve as approve_withdrawal
from gecit.steps.approve_withdrawal import dismiss as dismiss_withdrawal
from gecit.web.masking import mask

from .audited import tell_first
from .common import Command, as_json, exam_key, parts, print_json, print_rows
from .outbox_shown import as_row, as_value, proposal, say

STATES = ["queued", "leased", "unknown", "parked", "done"]


@click.group()
def outbox() -> None:
    """Deliveries to MEDULA and to the archive, and withdrawals that wait for approval."""


@outbox.command("list")
@click.option("--state", type=click.Choice(STATES), default=None, help="Only these.")
@click.option("--to-approve", is_flag=True, help="Withdrawals that wait for a person, instead of deliveries.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, help="How many.")
@as_json
def list_(state: str | None, to_approve: bool, limit: int, as_json: bool) -> None:
    """List deliveries, the newest first."""
    with parts(create=False) as opened:
        proposed = effects.to_approve(opened.ledger, limit)
        found = [] if to_approve else opened.ledger.deliveries(state=state or "", limit=limit)
    shown = [proposal(one) for one in proposed] if to_approve else [as_row(one) for one in found]
    print_rows(shown, json_wanted=as_json)
    if proposed and not to_approve and not as_json:
        click.echo(
            f"\nonay bekleyen geri alma / withdrawals to approve: {len(proposed)} (gecit outbox list --to-approve)"
        )


@outbox.command()
@click.argument("number", type=int)
@click.option("--unmask", is_flag=True, help="Show the payload as it is, numbers of persons included.")
@as_json
def show(number: int, unmask: bool, as_json: bool) -> None:
    """Show delivery NUMBER: its payload (masked), its events, its error in words, and what to do next."""
    with parts(create=False) as opened:
        delivery = outbox_desk.delivery(opened.ledger, number)
        if delivery is None:
            raise click.ClickException(f"{number} numaralı teslimat yok / there is no delivery {number}")
        events = opened.ledger.timeline(delivery.exam)
    shown = as_value(delivery, events, unmask=unmask)
    if as_json:
        print_json(shown)
    else:
        say(shown)


@outbox.command()
@click.argument("number", type=int, required=False)
@click.option("--code", default="", help="Every parked delivery whose error has this code, instead of NUMBER.")
def retry(number: int | None, code: str) -> None:
    """Put parked delivery NUMBER back into the queue."""
    if (number is None) == (not code):
        raise click.UsageError("NUMBER ya da --code / either NUMBER or --code")
    with parts(create=False) as opened:
        chosen = outbox_desk.parked_with(opened.ledger, code) if number is None else [number]
        tell_first(opened, Action.RETRY_DELIVERY, about=code or str(number))
        done = [one for one in chosen if opened.ledger.retry_delivery(one, opened.clock.now())]
        if number is not None and not done:
            raise click.ClickException(f"{number} beklemeye alınmış değil / is not parked")
    named = ", ".join(map(str, done)) or "0"
    click.echo(f"{named} yeniden kuyrukta / queued again")


@outbox.command()
@click.argument("number", type=int)
@click.option("--reason", required=True, help="Why, for the record; names no patient.")
def park(number: int, reason: str) -> None:
    """Park delivery NUMBER: it is not sent until somebody retries it."""
    error = f"{PARKED} {getpass.getuser()}: {_harmless(reason)}"
    with parts(create=False) as opened:
        tell_first(opened, Action.RETRY_DELIVERY, about=str(number))
        done = outbox_desk.park(opened.ledger, number, error[:500])
        if not done:
            raise click.ClickException(f"{number} sırada değil / does not wait: gecit outbox show {number}")
    click.echo(f"{number} beklemede / parked")


def _decision(command: Command) -> Command:
    """Add what a decision on an exam's withdrawal needs."""
    for option in (
        click.option("--by", default=getpass.getuser, help="Who decides; by default the user of this terminal."),
        click.option("--reason", required=True, help="Why, for the record and for MEDULA; names no patient."),
        click.option("--institution", default="", help="SKRS code, where several have the accession number."),
        click.argument("accession"),
    ):
        command = option(command)
    return command


@outbox.command()
@_decision
def approve(accession: str, institution: str, reason: str, by: str) -> None:
    """Approve that what MEDULA was told of exam ACCESSION is withdrawn."""
    key = _decide(accession, institution, reason, by, approve_withdrawal)
    click.echo(f"{key}: geri alma kuyrukta / withdrawal queued")


@outbox.command()
@_decision
def dismiss(accession: str, institution: str, reason: str, by: str) -> None:
    """Dismiss the proposed withdrawal of exam ACCESSION: MEDULA stands as told."""
    key = _decide(accession, institution, reason, by, dismiss_withdrawal)
    click.echo(f"{key}: MEDULA bildirildiği gibi kalır / MEDULA stands as told")


def _decide(
    accession: str,
    institution: str,
    reason: str,
    by: str,
    decided: Callable[..., object],
) -> ExamKey:
    reason, by = _harmless(reason), _harmless(by, "--by")
    with parts(create=False) as opened:
        key = exam_key(opened, accession, institution)
        tell_first(opened, Action.APPROVE_WITHDRAWAL, institution=key.institution, accession=key.accession, by=by)
        try:
            _write(opened, key, by, reason, decided)
        except NothingToDecideError as fault:
            raise click.ClickException(f"{key}: {fault}") from fault
    return key


def _write(opened: Parts, key: ExamKey, by: str, reason: str, decided: Callable[..., object]) -> None:
    now = opened.clock.now()
    opened.ledger.write(lambda tx: decided(tx, key, now, by, reason))


def _harmless(said: str, option: str = "--reason") -> str:
    """What is kept, shown and sent may hold no person's number, and must say something."""
    if mask(said) != said:
        raise click.BadParameter("11 haneli numara yazmayın / write no 11-digit number", param_hint=option)
    if not said.strip():
        raise click.BadParameter("boş olamaz / must not be empty", param_hint=option)
    return said.strip()
