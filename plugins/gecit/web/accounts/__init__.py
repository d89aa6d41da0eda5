"""Signing in and out, the own account, and what administrators do with users, tokens and institutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from flask import Blueprint

from gecit.core.access import Person
from gecit.core.values import Value
from gecit.edges.doors import Doors
from gecit.ports import Clock, Institution
from gecit.steps.accounts import Desk

from .cookies import Sessions
from .institutions import institution_pages
from .over import Carrying, over_pages
from .own import own_pages
from .providers import Providers, provider_pages
from .sign_in import sign_in_pages
from .tokens import token_pages
from .users import user_pages


class Institutions(Protocol):
    """The institutions of the ledger."""

    def all(self) -> list[Institution]:
        """Return all, by SKRS code."""
        ...

    def record(self, one: Institution, by: Person) -> None:
        """Add one or replace it."""
        ...

    def profiles(self) -> Sequence[str]:
        """Return the ids of the HL7 layouts."""
        ...


class AccountPages(Value):
    """What these pages are made of."""

    doors: Doors
    desk: Desk
    sessions: Sessions
    clock: Clock
    institutions: Institutions
    providers: Providers
    carrying: Carrying | None = None  # None: this node has no others


def account_pages(parts: AccountPages) -> list[Blueprint]:
    """Build the pages."""
    over = [over_pages(parts.carrying, parts.sessions)] if parts.carrying else []
    return [
        *over,
        sign_in_pages(parts.doors, parts.desk, parts.sessions, parts.clock, parts.providers),
        provider_pages(parts.providers, parts.sessions, parts.clock),
        own_pages(parts.doors, parts.desk, parts.sessions, parts.clock),
        user_pages(parts.desk, parts.institutions),
        token_pages(parts.desk, parts.institutions, parts.clock),
        institution_pages(parts.desk, parts.institutions),
    ]
