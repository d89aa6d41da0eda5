"""Consultation moved on -> outbox -> those concerned, by mail or the administrators' webhook, where configured."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from ..core import webhooks
from ..core.consultation import Consultation
from ..core.consultation_news import News, mail_of, news_of
from ..core.events import Event
from ..core.order import ExamKey
from ..core.values import to_json
from ..ports import Accounts, Clock, Delivery, Mailer, Poster, Transaction
from .consult import Tell
from .deliver import Handler

DESTINATION = "alert"
"""Delivered by the same courier as alerts."""

MAIL = "consultation-e-mail"
WEBHOOK = "consultation-webhook"
NOBODY = ExamKey(institution="", accession="")


def teller(channels: Collection[str]) -> Tell:
    """Return what queues news by the channels that are configured (`MAIL`, `WEBHOOK`)."""

    def tell(tx: Transaction, one: Consultation, accounts: Sequence[str], now: datetime) -> None:
        number = f"{one.id}:{one.state.value}:{len(one.thread)}:{int(now.timestamp() * 1000)}"
        if MAIL in channels:
            for account in accounts:
                body = to_json(news_of(one, now, account))
                tx.queue(DESTINATION, MAIL, f"{number}:{account}", NOBODY, body, now)
        if WEBHOOK in channels:
            tx.queue(DESTINATION, WEBHOOK, f"{number}:webhook", NOBODY, to_json(news_of(one, now)), now)

    return tell


def handlers(
    accounts: Accounts,
    mailer: Callable[[str], Mailer] | None,
    poster: Poster | None,
    url: str,
    secret: Callable[[], str],
    clock: Clock,
    address: str = "",
) -> Mapping[str, Handler]:
    """Return what the courier calls, by kind. `mailer`: of an e-mail address; `address`: of our own pages."""

    def mail(delivery: Delivery) -> Sequence[Event]:
        news = msgspec.json.decode(delivery.payload, type=News)
        account = accounts.account(news.to)
        if mailer is None or account is None or account.disabled or not account.email:
            return ()  # nobody to write to any more
        subject, text = mail_of(news, address)
        mailer(account.email).send(subject, text, webhooks.message_id(delivery.key))
        return ()

    def post(delivery: Delivery) -> Sequence[Event]:
        assert poster is not None  # noqa: S101 -- for the type checker: no handler without one
        number = webhooks.message_id(delivery.key)
        signed = webhooks.headers(secret(), number, clock.now(), delivery.payload)
        poster.post(url, delivery.payload, signed)
        return ()

    found: dict[str, Handler] = {MAIL: mail} if mailer else {}
    return {**found, WEBHOOK: post} if poster else found
