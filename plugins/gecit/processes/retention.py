"""What retention is made of, by the settings."""

from __future__ import annotations

from ..core.retention import Terms
from ..edges.orthanc_http import OrthancArchive
from ..edges.store import SqlLedger
from ..ports import Audit, Clock
from ..settings import Settings
from ..steps.retention import Deleting
from .run_folder import read_internal_token


def terms_of(settings: Settings) -> Terms:
    """Return for how long studies are kept."""
    chosen = settings.retention
    pairs = (one.split("=") for one in chosen.modality_years)
    return Terms(years=chosen.years, by_modality={name: int(years) for name, years in pairs})


def deleting_of(settings: Settings, ledger: SqlLedger, audit: Audit, clock: Clock) -> Deleting:
    """Return what carries approved lists out."""
    archive = OrthancArchive(settings.orthanc_url, read_internal_token(settings), node=settings.name)
    minutes = int(settings.acquisition_group_minutes)
    return Deleting(ledger, archive, audit, clock, settings.name, minutes)
