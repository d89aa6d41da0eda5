"""What the reading pages are made of, by the settings."""

from __future__ import annotations

from datetime import timedelta

from ..core.reading_list import Urgency
from ..edges.doors import Doors
from ..edges.hl7_report import ReportWriter
from ..edges.orthanc_tags import OrthancTags
from ..edges.report_files import read_reporting
from ..edges.set_aside_files import SetAsideFiles
from ..edges.store import SqlLedger
from ..ports import Clock
from ..ports.audited import AuditedChanges
from ..settings import Settings
from ..web.reading import ReadingRoom
from .build import limits_of, profiles_of, registry_of
from .entrance import granting_of
from .quality import quality_of
from .rules import Rules
from .run_folder import read_internal_token


def room_of(settings: Settings, ledger: SqlLedger, doors: Doors, clock: Clock, audit: AuditedChanges) -> ReadingRoom:
    """Return the parts of the pages; ReportFileError or ProfileError where a site's file cannot be used."""
    chosen, quality = settings.hbys, quality_of(settings)
    return ReadingRoom(
        ledger=ledger,
        accounts=ledger,
        clock=clock,
        limits=limits_of(settings),
        targets=targets_of(settings),
        granting=granting_of(settings, ledger),
        judging=Rules(ledger, settings, clock).judging,
        writer=ReportWriter(profiles_of(settings), chosen.application, chosen.facility),
        registry=registry_of(settings, clock),
        reporting=read_reporting(settings.rules, settings.site_rules),
        audit=audit,
        signs=lambda name, password, address: doors.sign_in(name, password, address).granted,
        tags=OrthancTags(settings.orthanc_url, read_internal_token(settings), aside=SetAsideFiles(settings.data).names),
        node=settings.name,
        reasons=lambda: quality().reasons,
    )


def targets_of(settings: Settings) -> dict[Urgency, timedelta]:
    """Return how soon an exam should be reported, by its urgency."""
    chosen = settings.reading
    hours = {
        Urgency.AT_ONCE: chosen.target_emergency_hours,
        Urgency.SOON: chosen.target_urgent_hours,
        Urgency.INPATIENT: chosen.target_inpatient_hours,
        Urgency.ROUTINE: chosen.target_outpatient_hours,
    }
    return {urgency: timedelta(hours=number) for urgency, number in hours.items()}
