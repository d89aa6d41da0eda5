"""`gecit users` and `gecit tokens`: who may come in."""

from __future__ import annotations

from datetime import timedelta
from getpass import getuser

import click
from argon2 import PasswordHasher

from gecit.edges.doors import new_token, token_digest

from .common import parts

SHORTEST_PASSWORD = 12


@click.group()
def users() -> None:
    """Administrators of this node."""


@users.command()
@click.argument("name")
@click.password_option(help="Asked for where it is not given; better never given on a command line.")
def add(name: str, password: str) -> None:
    """Add an administrator, or give one a new password."""
    if len(password) < SHORTEST_PASSWORD:
        raise click.ClickException(
            f"Parola en az {SHORTEST_PASSWORD} karakter olmalı. / The password needs {SHORTEST_PASSWORD} characters."
        )
    with parts() as opened:
        opened.ledger.add_administrator(name, PasswordHasher().hash(password), opened.clock.now())
    click.echo(f"{name} eklendi / added")


@click.group()
def tokens() -> None:
    """Access tokens for programs."""


@tokens.command("add")
@click.argument("owner", default=getuser)
@click.option("--days", type=click.IntRange(1, 3650), default=365, help="How long it opens the door.")
def add_token(owner: str, days: int) -> None:
    """Make a token and print it once; only its digest is kept."""
    token = new_token()
    with parts() as opened:
        now = opened.clock.now()
        if opened.ledger.account(owner) is None:
            raise click.ClickException(f"böyle bir hesap yok / there is no account {owner!r}")
        opened.ledger.add_token(token_digest(token), owner, now, now + timedelta(days=days))
    click.echo(token)
