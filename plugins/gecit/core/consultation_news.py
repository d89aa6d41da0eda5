"""What is told outside that something happened to a consultation: never of whom it is, nor what was written."""

from __future__ import annotations

from datetime import datetime

from .consultation import Consultation, State
from .values import Text, Value, local


class News(Value):
    """The body of a webhook, and what a mail is made of."""

    type: str  # consultation.asked, consultation.answered ...
    timestamp: datetime
    consultation: str  # its id
    state: State
    until: datetime
    to: str = ""  # account that a mail goes to; "" in a webhook


def news_of(one: Consultation, at: datetime, to: str = "") -> News:
    """Return what is told."""
    kind = f"consultation.{one.state.value.replace(' ', '-')}"
    return News(type=kind, timestamp=at, consultation=one.id, state=one.state, until=one.until, to=to)


SAID: dict[State, Text] = {
    State.ASKED: Text(tr="Size bir konsültasyon soruldu.", en="You are asked for a consultation."),
    State.ACCEPTED: Text(tr="Sorduğunuz konsültasyon üstlenildi.", en="Your consultation was accepted."),
    State.ANSWERED: Text(tr="Sorduğunuz konsültasyon yanıtlandı.", en="Your consultation was answered."),
    State.ASKED_AGAIN: Text(tr="Yanıtladığınız konsültasyonda yeniden soruldu.", en="You are asked once more."),
    State.CLOSED: Text(tr="Konsültasyon kapatıldı.", en="The consultation was closed."),
    State.DECLINED: Text(
        tr="Sorduğunuz konsültasyon yanıtlanmayacak; başka birine sorun.",
        en="Your consultation was declined; ask somebody else.",
    ),
    State.WITHDRAWN: Text(tr="Konsültasyon geri çekildi.", en="The consultation was withdrawn."),
    State.EXPIRED: Text(
        tr="Sorduğunuz konsültasyon zamanında yanıtlanmadı: süre verin ya da kapatın.",
        en="Your consultation was not answered in time: give more time, or close it.",
    ),
}


def mail_of(news: News, address: str) -> tuple[str, str]:
    """Return subject and text, Turkish first; `address`: where the installation's pages are, "" = not said."""
    said, until = SAID[news.state], f"{local(news.until):%d.%m.%Y %H:%M}"
    link = f"{address.rstrip('/')}/gecit/consultations/of/{news.consultation}"
    text = f"{said.tr}\nSon yanıt zamanı: {until}\n\n{said.en}\nDeadline: {until}\n\n{link}\n"
    return f"[Geçit] Konsültasyon / consultation {news.consultation}", text
