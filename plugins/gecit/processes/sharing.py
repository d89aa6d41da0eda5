"""What the pages of sharing are made of, by the settings."""

from __future__ import annotations

from datetime import timedelta

from ..core.share_links import Channel
from ..edges.audit_book import AuditBook
from ..edges.care_file import care_rule, read_care
from ..edges.code_senders import CodesByEmail, SmsGateway
from ..edges.passwords import PasswordCheck, hash_password
from ..edges.store import SqlLedger
from ..ports import Clock, CodeSender
from ..settings import Settings
from ..steps.openings import Openings
from ..steps.share_links import Hashing, Links, LinkTerms
from ..web.care import CareDesk
from ..web.sharing import SharingDesk
from .alerting import smtp_of


def sharing_of(settings: Settings, ledger: SqlLedger, clock: Clock, audit: AuditBook) -> SharingDesk:
    """Return the parts of the pages."""
    chosen, check = settings.sharing, PasswordCheck()
    terms = LinkTerms(
        code=timedelta(minutes=chosen.code_minutes),
        visit=timedelta(minutes=chosen.visit_minutes),
        link=timedelta(days=chosen.link_days),
    )
    hashing = Hashing(hash=hash_password, fits=check.fits)
    links = Links(ledger, ledger, audit, clock, senders_of(settings), hashing, terms)
    rule = care_rule(settings.rules, settings.site_rules)
    public = settings.sign_in.public_url
    return SharingDesk(ledger, ledger, clock, audit.rows, audit.digest, links, public, rule)


def senders_of(settings: Settings) -> dict[Channel, CodeSender]:
    """Return what sends codes, by channel; one that is not set up is left out."""
    chosen, found = settings.sharing, dict[Channel, CodeSender]()
    if chosen.email and settings.alerts.smtp_host:
        found[Channel.EMAIL] = CodesByEmail(lambda address: smtp_of(settings, (address,)))
    if chosen.sms_url:
        found[Channel.SMS] = SmsGateway(
            chosen.sms_url, chosen.sms_token_file, chosen.timeout_seconds, chosen.sms_ca_file
        )
    return found


def care_of(settings: Settings, ledger: SqlLedger, clock: Clock) -> CareDesk:
    """Return the parts of the pages of care relations; ReportFileError where a site's file cannot be used."""
    read_care(settings.rules, settings.site_rules)  # whoever starts the pages hears of a spoilt file
    return CareDesk(ledger, clock, Openings(ledger, ledger, care_rule(settings.rules, settings.site_rules)))
