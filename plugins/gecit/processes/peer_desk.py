"""What the pages and commands of peer review are made of, by the settings."""

from __future__ import annotations

from ..edges.peer_files import read_sampling, read_scale
from ..edges.report_files import read_reporting
from ..edges.store import SqlLedger
from ..ports import Clock
from ..settings import Settings
from ..web.peer import PeerDesk
from .quality import quality_of


def peer_desk_of(settings: Settings, ledger: SqlLedger, clock: Clock) -> PeerDesk:
    """Return the parts; ReportFileError where a site's file cannot be used."""
    rules, site = settings.rules, settings.site_rules
    return PeerDesk(
        ledger=ledger,
        accounts=ledger,
        clock=clock,
        scale=read_scale(rules, site),
        strata=read_sampling(rules, site),
        kinds=read_reporting(rules, site).kinds,
        reasons=quality_of(settings)().reasons,
    )
