"""What the pages of accounts are made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from ..core.access import Person
from ..edges.doors import Doors
from ..edges.store import SqlLedger
from ..ports import Audit, Clock, Institution
from ..settings import Settings
from ..settings.sign_in import PROVIDERS, ProviderSettings
from ..web.accounts import AccountPages
from ..web.accounts.cookies import Sessions
from ..web.accounts.over import Carrying
from ..web.accounts.providers import Provider, Providers
from .entrance import desk_of_accounts

LABELS = {"e_devlet": "e-Devlet", "ministry_account": "Sağlık Bakanlığı", "hospital_account": "Kurum hesabı"}


class LedgerInstitutions:
    """The institutions of the ledger, and the layouts that rule files name."""

    def __init__(self, ledger: SqlLedger, folders: Sequence[Path], clock: Clock) -> None:
        self._ledger = ledger
        self._folders = folders
        self._clock = clock

    def all(self) -> list[Institution]:
        """Return all, by SKRS code."""
        return self._ledger.read(lambda tx: tx.institutions())

    def record(self, one: Institution, by: Person) -> None:
        """Add one or replace it."""
        self._ledger.write(lambda tx: tx.record_institution(one, self._clock.now(), by=by.name))

    def profiles(self) -> Sequence[str]:
        """Return the ids of the HL7 layouts."""
        return sorted({path.stem for one in self._folders for path in (one / "profiles").glob("*.toml")})


def pages_of_accounts(settings: Settings, ledger: SqlLedger, doors: Doors, clock: Clock, audit: Audit) -> AccountPages:
    """Return the parts of the pages."""
    chosen = settings.sign_in
    folders = [one for one in (settings.rules, settings.site_rules) if one]
    known = [provider_of(name, getattr(settings, name)) for name in PROVIDERS if getattr(settings, name).issuer]
    return AccountPages(
        doors=doors,
        desk=desk_of_accounts(ledger, clock, audit),
        sessions=Sessions(
            ledger, timedelta(hours=chosen.session_hours), over_tls=chosen.public_url.startswith("https:")
        ),
        clock=clock,
        institutions=LedgerInstitutions(ledger, folders, clock),
        providers=Providers(known, ledger, audit, chosen.public_url),
        carrying=Carrying(ledger, audit, clock, ledger, settings.name),
    )


def provider_of(name: str, chosen: ProviderSettings) -> Provider:
    """Return a provider as its settings name it; OSError where its secret cannot be read."""
    secret = chosen.client_secret_file.read_text(encoding="utf-8").strip() if chosen.client_secret_file else ""
    return Provider(
        name=name.replace("_", "-"),
        label=chosen.label or LABELS[name],
        issuer=chosen.issuer,
        client_id=chosen.client_id,
        secret=secret,
        scope=chosen.scope,
        tckn_claim=chosen.tckn_claim,
        citizens=chosen.citizens,
        ca_file=str(chosen.ca_file or ""),
    )
