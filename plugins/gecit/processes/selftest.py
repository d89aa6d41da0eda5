"""What the self-test's routes are made of, by the settings."""

from __future__ import annotations

from gecit import __version__

from ..core.rulebook import Rulebook
from ..edges.audit_book import AuditBook
from ..edges.orthanc_trials import OrthancTrials
from ..edges.reachable import fault_of
from ..edges.store import SqlLedger
from ..ports import Clock
from ..settings import Settings
from ..web.selftest import SelfTestDesk
from ..web.selftest.wire import Site
from .run_folder import read_internal_token

PATIENCE_SECONDS = 5.0


def selftest_of(settings: Settings, ledger: SqlLedger, clock: Clock, audit: AuditBook) -> SelfTestDesk:
    """Return what answers `gecit selftest`."""

    def rulebook() -> Rulebook:
        found = ledger.active_rulebook()
        return Rulebook.from_json(found[1]) if found else Rulebook(rules=(), exemptions=(), revision="")

    images = OrthancTrials(settings.orthanc_url, read_internal_token(settings), settings.name)
    return SelfTestDesk(ledger, images, audit, clock, rulebook, lambda: site_of(settings))


def site_of(settings: Settings) -> Site:
    """Return the installation as it stands now; connects to MEDULA's address, and asks nothing of it."""
    url = settings.medula.url if settings.role == "Node" else ""
    fault = fault_of(url, PATIENCE_SECONDS, settings.medula.ca_file) if url else ""
    return Site(
        version=__version__,
        node=settings.name,
        role=settings.role,
        dicom_aet=settings.dicom_aet,
        dicom_port=settings.dicom_port,
        mllp_port=settings.mllp_port,
        mllp_tls=settings.mllp_tls.certificate is not None,
        medula=("silent" if fault else "answers") if url else "not configured",
        medula_fault=fault,
    )
