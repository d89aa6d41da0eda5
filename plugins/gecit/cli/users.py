"""`gecit users` and `gecit tokens`: who may come in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import click
from msgspec.structs import replace

from gecit.core.access import GIVEN, Action, Role
from gecit.core.accounts import Account, Token
from gecit.core.identifiers import masked
from gecit.core.values import local
from gecit.edges.doors import new_token, token_digest
from gecit.edges.passwords import password_faults
from gecit.processes.build import Parts
from gecit.processes.entrance import audit_of, desk_of_accounts
from gecit.steps.accounts import SETUP, AccountFault, Desk

from .common import as_json, parts, print_rows

ROLES = click.Choice([one.value for one in GIVEN])
ACTIONS = click.Choice([one.value for one in Action])


@contextmanager
def _desk() -> Iterator[tuple[Desk, Parts]]:
    with parts() as opened:
        desk = desk_of_accounts(opened.ledger, opened.clock, audit_of(opened.settings, opened.ledger))
        try:
            yield desk, opened
        except AccountFault as fault:
            raise click.ClickException(str(fault)) from fault


def _account(desk: Desk, name: str) -> Account:
    found = desk.accounts.account(name)
    if found is None:
        raise click.ClickException(f"böyle bir hesap yok / there is no account {name!r}")
    return found


@click.group()
def users() -> None:
    """People who may sign in, and what each may do."""


@users.command()
@click.argument("name")
@click.option("--role", "roles", multiple=True, type=ROLES, help="Repeatable; administrator where none is given.")
@click.option("--institution", default="", help="SKRS code of the employer; needed but for administrators, citizens.")
@click.option("--full-name", default="", help="As pages show it.")
@click.option("--email", default="")
@click.option("--tckn", prompt=False, default="", help="For sign-in by e-Devlet: an account is found by it.")
@click.option("--no-password", is_flag=True, help="Sign-in by a provider of identities only, or by tokens.")
@click.option("--password", help="Asked for where it is not given; better never given on a command line.")
def add(
    name: str,
    roles: tuple[str, ...],
    institution: str,
    full_name: str,
    email: str,
    tckn: str,
    no_password: bool,
    password: str | None,
) -> None:
    """Add an account. Of one that is there already only the password is new."""
    known = Account(
        name=name,
        full_name=full_name,
        email=email,
        roles=tuple(map(Role, roles)) or (Role.ADMINISTRATOR,),
        institution=institution,
        tckn=tckn,
    )
    secret = "" if no_password else password or _asked(name, full_name)
    _good(secret, name, full_name)
    with _desk() as (desk, _):
        account = desk.accounts.account(name) or desk.save(SETUP, known, new=True)
        if secret:
            desk.set_password(SETUP, account, secret)
    click.echo(f"{name} eklendi / added")


def _asked(*known: str) -> str:
    found: str = click.prompt("Parola / Password", hide_input=True, confirmation_prompt=True)
    return found


def _good(secret: str, *known: str) -> None:
    """Raise before a ledger is made for a password that cannot be."""
    faults = password_faults(secret, *known) if secret else []
    if faults:
        raise click.ClickException("\n".join(f"{one.tr} / {one.en}" for one in faults))


@users.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List the accounts; identity numbers are masked."""
    with parts(create=False) as opened:
        found = opened.ledger.accounts()
    rows = [
        {
            "name": one.name,
            "full name": one.full_name,
            "roles": " ".join(one.roles),
            "institution": one.institution,
            "tckn": masked(one.tckn) if one.tckn else "",
            "state": "disabled" if one.disabled else "open",
        }
        for one in found
    ]
    print_rows(rows, json_wanted=as_json)


@users.command()
@click.argument("name")
@click.option("--undo", is_flag=True, help="Open it again.")
def disable(name: str, undo: bool) -> None:
    """Shut an account: its sessions end, its password and tokens open nothing."""
    with _desk() as (desk, _):
        desk.save(SETUP, replace(_account(desk, name), disabled=not undo))
    click.echo(f"{name} {'açıldı / opened' if undo else 'kapatıldı / disabled'}")


@users.command("password")
@click.argument("name")
@click.option("--password", help="Asked for where it is not given; better never given on a command line.")
def password_(name: str, password: str | None) -> None:
    """Give an account a new password; its sessions end, and a lock-out by wrong passwords too."""
    with _desk() as (desk, _):
        account = _account(desk, name)
        desk.set_password(SETUP, account, password or _asked())
    click.echo(f"{name}: yeni parola / new password")


@click.group()
def tokens() -> None:
    """Access tokens for programs."""


@tokens.command("add")
@click.argument("owner")
@click.option("--days", type=click.IntRange(1, 3650), default=365, help="How long it opens the door.")
@click.option("--institution", default="", help="SKRS code: it is a program of that institution, and of no other.")
@click.option("--action", "actions", multiple=True, type=ACTIONS, help="Only these; repeatable. None: all of its role.")
@click.option("--label", default="", help="What it is for.")
def add_token(owner: str, days: int, institution: str, actions: tuple[str, ...], label: str) -> None:
    """Make a token and print it once; only its digest is kept.

    An OWNER who has no account becomes the program of the institution.
    """
    secret = new_token()
    with _desk() as (desk, opened):
        now = opened.clock.now()
        if institution and desk.accounts.account(owner) is None:
            desk.save(SETUP, Account(name=owner, roles=(Role.SERVICE,), institution=institution), new=True)
        made = Token(
            digest=token_digest(secret),
            owner=_account(desk, owner).name,
            created_at=now,
            expires_at=now + timedelta(days=days),
            label=label,
            institution=institution,
            actions=tuple(map(Action, actions)) or None,
        )
        desk.add_token(SETUP, made)
    click.echo(secret)


@tokens.command("list")
@as_json
def list_tokens(as_json: bool) -> None:
    """List the tokens; none of them can be shown again."""
    with parts(create=False) as opened:
        found, now = opened.ledger.tokens(), opened.clock.now()
    rows = [
        {
            "id": one.id,
            "owner": one.owner,
            "label": one.label,
            "institution": one.institution or "-",
            "actions": ", ".join(one.actions) if one.actions is not None else "all",
            "expires": local(one.expires_at).isoformat(timespec="minutes") if one.expires_at else "-",
            "last used": local(one.last_used_at).isoformat(timespec="minutes") if one.last_used_at else "-",
            "state": "open" if one.stands(now) else "revoked" if one.revoked_at else "expired",
        }
        for one in found
    ]
    print_rows(rows, json_wanted=as_json)


@tokens.command()
@click.argument("id")
def revoke(id: str) -> None:  # noqa: A002 -- what the list calls it
    """Revoke the token ID (from the list): it opens nothing from now on."""
    with _desk() as (desk, _):
        found = desk.revoke_token(SETUP, id)
    click.echo(f"{found.id} ({found.owner}) iptal edildi / revoked")
