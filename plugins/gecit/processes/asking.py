"""The duplicate desk as the settings want it, and the record of when nobody could ask it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path

from ..core.identifiers import IdentifierPolicy
from ..edges.duplicates_http import HttpDuplicates
from ..edges.oauth2 import PasswordGrant
from ..ports import Clock, Ledger, Unavailable, Vitals
from ..settings import Settings
from ..steps.ask_above import ServiceAbove
from ..steps.duplicates import SERVICE, DuplicateDesk, Policy
from ..steps.outages import record_silence

log = logging.getLogger("gecit.duplicates")


def desk_of(settings: Settings, ledger: Ledger, clock: Clock) -> DuplicateDesk:
    """Return what answers duplicate queries."""
    return DuplicateDesk(ledger, clock, policy_of(settings), above_of(settings, clock))


def policy_of(settings: Settings) -> Policy:
    """Return what the site chose."""
    chosen, numbers = settings.duplicates, settings.identifiers
    return Policy(
        months=chosen.months,
        days=chosen.days,
        dated=chosen.dated,
        performed_only=chosen.performed_only,
        link=timedelta(hours=chosen.link_hours),
        opened=timedelta(days=chosen.opened_days),
        identifiers=IdentifierPolicy(
            foreign_checksum=numbers.foreign_checksum, nameless_numbers=numbers.nameless_numbers
        ),
    )


def above_of(settings: Settings, clock: Clock) -> ServiceAbove | None:
    """Return the service above; None where none is configured."""
    chosen = settings.duplicates
    if not chosen.upstream_url:
        return None
    tokens = PasswordGrant(
        chosen.upstream_token_url,
        clock,
        client=chosen.upstream_client,
        client_secret_file=chosen.upstream_client_secret_file or Path(),
        user=chosen.upstream_user,
        password_file=chosen.upstream_password_file or Path(),
        scope=chosen.upstream_scope,
    )
    timeout = chosen.upstream_timeout_seconds
    return ServiceAbove(HttpDuplicates(chosen.upstream_url, tokens, name=chosen.upstream_name, timeout=timeout))


def record_absence(ledger: Ledger, vitals: Vitals, node: str, now: datetime) -> None:
    """Record since when this node's web process was not there; a ledger that cannot be written stops no start."""
    try:
        beats = [one.at for one in vitals.beats() if (one.node, one.process) == (node, "web")]
        record_silence(ledger, SERVICE, max(beats, default=None), now)
    except Unavailable as fault:
        log.warning("the time without a web process is not recorded: %s", fault)
