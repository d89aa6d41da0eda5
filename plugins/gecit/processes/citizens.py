"""What the citizen's pages are made of, by the settings."""

from __future__ import annotations

from datetime import timedelta

from ..core.exam import Exam
from ..core.exam_kinds import Kind, kind_of
from ..edges.audit_book import AuditBook
from ..edges.orthanc_images import OrthancImages
from ..edges.report_files import read_reporting
from ..edges.store import SqlLedger
from ..ports import Clock
from ..settings import Settings
from ..settings.critical import addresses_of
from ..steps.tell_desk import teller
from ..web.citizen import CitizenRoom, Limits, Slots
from .alerting import mails


def citizens_of(settings: Settings, ledger: SqlLedger, clock: Clock, audit: AuditBook, token: str) -> CitizenRoom:
    """Return the parts of the pages; `token` opens Orthanc from inside."""
    chosen = settings.citizens
    reporting = read_reporting(settings.rules, settings.site_rules)

    def kind(exam: Exam) -> Kind:
        return kind_of(reporting.kinds, exam.modality, exam.order.procedures if exam.order else ())

    return CitizenRoom(
        ledger=ledger,
        clock=clock,
        node=settings.name,
        audit=audit,
        images=OrthancImages(settings.orthanc_url, token),
        kind=kind,
        limits=Limits(
            answer=timedelta(days=chosen.answer_days),
            open_requests=chosen.open_requests,
            downloads=chosen.downloads_at_once,
        ),
        slots=Slots(chosen.downloads_at_once),
        web_port=settings.web_port,
        tell=teller(addresses_of(chosen.email_to) if mails(settings) else ()),
    )
