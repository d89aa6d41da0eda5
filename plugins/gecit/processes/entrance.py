"""What the plugin and the web process build their doors of."""

from __future__ import annotations

from datetime import timedelta

from ..edges.audit_book import AuditBook, key_of, read_key
from ..edges.care_file import care_rule
from ..edges.doors import Doors
from ..edges.passwords import hash_password, password_faults
from ..edges.report_files import read_access
from ..edges.seal_book import Sealer
from ..edges.store import SqlLedger
from ..edges.system_clock import SystemClock
from ..ports import Audit, Clock
from ..settings import Settings
from ..steps.accounts import Desk
from ..steps.disclosing import disclosed
from ..steps.granting import Granting
from ..steps.share_links import visitors


def audit_of(settings: Settings, ledger: SqlLedger, process: str = "cli") -> AuditBook:
    """Return where sign-ins, refusals, views and changes are written down."""
    return AuditBook(ledger, key_of(settings.audit_key_file, ledger), f"{settings.name}/{process}", SystemClock())


def sealer_of(settings: Settings, ledger: SqlLedger, audit: Audit) -> Sealer:
    """Return what seals events and messages into the audit."""
    return Sealer(ledger, audit, read_key(settings.audit_key_file))


def doors_of(settings: Settings, ledger: SqlLedger, token: str, clock: Clock, audit: Audit) -> Doors:
    """Return what decides who passes; `token` is the installation's own."""
    chosen = settings.sign_in
    return Doors(
        ledger,
        token,
        clock,
        audit=audit,
        idle=timedelta(minutes=chosen.idle_minutes),
        secure_only=chosen.public_url.startswith("https:"),
        granted=granting_of(settings, ledger).granted,
        disclosed=disclosed(ledger, care_rule(settings.rules, settings.site_rules)),
        visitor=visitors(ledger),
    )


def granting_of(settings: Settings, ledger: SqlLedger) -> Granting:
    """Return who may report for whom."""
    return Granting(ledger, ledger, read_access(settings.rules, settings.site_rules))


def desk_of_accounts(ledger: SqlLedger, clock: Clock, audit: Audit) -> Desk:
    """Return what changes accounts and tokens."""

    def institutions() -> list[str]:
        return [one.skrs for one in ledger.read(lambda tx: tx.institutions())]

    return Desk(ledger, audit, clock, hash_password, password_faults, institutions)
