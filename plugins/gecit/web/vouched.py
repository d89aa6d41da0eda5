"""Whether it is really its owner who signs: his password, or an identity provider that vouched for him just now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from gecit.ports import Accounts, Clock

from .access import person
from .sender import address, admission

FRESH = timedelta(minutes=5)


def vouched(accounts: Accounts, clock: Clock, signs: Callable[[str, str, str], bool], password: str) -> str:
    """Return how it was vouched for: `password`, or the label of who did; "" = it was not.

    `signs` counts wrong passwords as sign-in does. Accounts of identity providers have no password here.
    """
    digest = admission().session
    found = accounts.session(digest) if digest else None
    if found is not None and found.how != "password" and clock.now() - found.created_at <= FRESH:
        return found.how
    return "password" if signs(person().name, password, address()) else ""
