"""An exemption for the demo's outage, announced as the Ministry would: a drafted row of the site's rules, activated."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..core.exemptiondraft import Stretch, draft, stretches
from ..core.rulebook import Scope
from ..core.values import local
from ..edges.rules_files import read_folder
from ..edges.store import SqlLedger
from ..settings import Settings
from .rulebook import would_go

HOUR = timedelta(hours=1)
EXEMPTION = "duplicate-query"
"""The exemption that the demo adds its windows to."""


def announce(settings: Settings, ledger: SqlLedger, now: datetime) -> list[Stretch]:
    """Draft and activate an exemption for the last hour's outages that none stands for; returns its windows."""
    if not settings.site_rules or not settings.site_rules.resolve().is_relative_to(settings.data.resolve()):
        return []  # a site's own folder is not the demo's to write into
    if would_go(ledger, read_folder(settings.rules, settings.site_rules)):
        return []
    service = f"upstream:{settings.duplicates.upstream_name}"
    since = max(now - HOUR, _excused_until(settings, now))
    outages = ledger.read(lambda tx: tx.outages(since, now))
    windows = stretches([one for one in outages if one.service == service], since, now)
    if windows:
        text = draft(windows, EXEMPTION, "Mükerrer Tetkik Sorgulama Muafiyeti (deneme)", local(now).date())
        file = settings.site_rules / "exemptions" / f"announced-{local(now):%Y%m%d%H%M%S}.toml"
        file.write_text(text, encoding="utf-8")
        book = read_folder(settings.rules, settings.site_rules)
        ledger.activate_rulebook(book.revision, book.to_json(), now, "announced in the demo")
    return windows


def _excused_until(settings: Settings, now: datetime) -> datetime:
    """Return the end of the last window that stands already and has begun; one without end has its end in `now`."""
    book = read_folder(settings.rules, settings.site_rules)
    windows = [window for one in book.exemptions if one.id == EXEMPTION for window in one.windows]
    return max((one.end or now for one in windows if one.applies == Scope() and one.start <= now), default=now - HOUR)


def seconds_excused(settings: Settings, now: datetime) -> float:
    """Return how long this minute is still excused: a day played just before had its outage in it."""
    return min(max(0.0, (_excused_until(settings, now) - now).total_seconds()), 60.0)
