"""Looks whether the installation is well, and tells people: in `work` and in `web`, so that either is missed."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

from ..edges.smtp import Smtp
from ..edges.store import SqlLedger
from ..edges.webhook_http import WebhookHttp
from ..ports import Accounts, Clock, Mailer, Poster, Unavailable
from ..ports.citizens import Citizens
from ..settings import Settings
from ..settings.critical import addresses_of
from ..steps import tell_consulted, tell_desk
from ..steps.deliver import Courier, Handler, Policy
from ..steps.watch_health import DESTINATION, Limits, Watch, handlers
from .loops import Loop

REST = 5.0
POLICY = Policy(threads=1, most=1)


def limits_of(settings: Settings) -> Limits:
    """Return from when on something is wrong."""
    chosen = settings.alerts
    return Limits(
        silent=timedelta(seconds=chosen.silent_seconds),
        outbox_age=timedelta(minutes=chosen.outbox_minutes),
        disk_percent=chosen.disk_percent,
        sender_silence=timedelta(hours=chosen.sender_silent_hours) if chosen.sender_silent_hours else None,
        behind=chosen.behind_changes,
        critical=timedelta(minutes=settings.critical.unread_minutes) if settings.critical.unread_minutes else None,
        certificate=timedelta(days=chosen.certificate_days),
    )


def mailer_of(settings: Settings) -> Mailer | None:
    """Return what sends e-mail; None where nobody is to get any."""
    return smtp_of(settings, settings.alerts.email_to) if settings.alerts.email_to else None


def smtp_of(settings: Settings, to: tuple[str, ...]) -> Smtp:
    """Return what sends e-mail to some addresses."""
    chosen = settings.alerts
    return Smtp(
        chosen.smtp_host,
        chosen.smtp_port,
        chosen.email_from,
        to,
        security=chosen.smtp_security,
        user=chosen.smtp_user,
        password_file=chosen.smtp_password_file,
        ca_file=chosen.smtp_ca_file,
    )


def poster_of(settings: Settings) -> Poster | None:
    """Return what posts alerts: the administrator chose the address, so it may be inside the house."""
    host = urlsplit(settings.alerts.webhook_url).hostname
    if not host:
        return None
    chosen = settings.webhooks
    return WebhookHttp((host,), plain_http=True, timeout=chosen.timeout_seconds, ca_file=chosen.ca_file)


def secret_of(settings: Settings) -> str:
    """Return the secret that alerts are signed with, read anew each time."""
    path = settings.alerts.webhook_secret_file
    try:
        return path.read_text().strip() if path else ""
    except OSError as fault:
        raise Unavailable(f"the secret's file cannot be read: {fault.strerror}") from fault


def channels_of(settings: Settings, clock: Clock) -> Mapping[str, Handler]:
    """Return by what people are told of alerts; none where the settings name nobody."""
    url = settings.alerts.webhook_url
    return handlers(mailer_of(settings), poster_of(settings), url, lambda: secret_of(settings), clock)


def consulted_of(settings: Settings, accounts: Accounts, clock: Clock) -> Mapping[str, Handler]:
    """Return what tells of consultations, by the channels that are configured."""
    chosen = settings.consultations
    return tell_consulted.handlers(
        accounts,
        (lambda address: smtp_of(settings, (address,))) if chosen.email else None,
        poster_of(settings) if chosen.webhook else None,
        settings.alerts.webhook_url,
        lambda: secret_of(settings),
        clock,
        settings.sign_in.public_url,
    )


def mails(settings: Settings) -> bool:
    """Whether e-mail can be sent at all."""
    return bool(settings.alerts.smtp_host and settings.alerts.email_from)


def desks_of(settings: Settings, requests: Citizens) -> Mapping[str, Handler]:
    """Return what tells patient-rights desks of requests, where an address is on record."""
    addresses = addresses_of(settings.citizens.email_to)
    mailer = partial(smtp_of, settings) if addresses and mails(settings) else None
    return tell_desk.handlers(requests, mailer, addresses, settings.sign_in.public_url)


def consultation_channels(settings: Settings) -> frozenset[str]:
    """Return by what those concerned are told of consultations."""
    chosen = settings.consultations
    told = ((tell_consulted.MAIL, chosen.email), (tell_consulted.WEBHOOK, chosen.webhook))
    return frozenset(channel for channel, on in told if on)


class Alerting:
    """The two loops: one looks, one tells."""

    def __init__(self, settings: Settings, ledger: SqlLedger, clock: Clock) -> None:
        self._settings = settings
        self._channels = channels_of(settings, clock)
        self._watch = Watch(ledger, ledger, clock, limits_of(settings), tuple(self._channels))
        owner = f"{settings.name}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
        self._told = {**self._channels, **consulted_of(settings, ledger, clock), **desks_of(settings, ledger)}
        self._courier = Courier(ledger, DESTINATION, self._told, clock, owner, POLICY)

    def loops(self) -> list[Loop]:
        """Return what is done again and again; incidents are kept even where nobody is told."""
        looking = Loop(name="watch health", step=self._watch.step, rest=self._settings.alerts.every_seconds)
        telling = Loop(name=f"deliver {DESTINATION}", step=self._courier.step, rest=REST)
        return [looking, telling] if self._told else [looking]

    def stop(self) -> None:
        """Begin no other delivery."""
        self._courier.stop()

    def close(self) -> None:
        """Record what was under way, once no loop runs any more."""
        self._courier.close()
