"""Deliveries and proposed withdrawals as a person reads them: masked, with what to do next."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import click
import msgspec

from gecit.core.billing import holding
from gecit.core.events import Event
from gecit.core.exam import Exam
from gecit.core.medula_codes import explained
from gecit.core.values import Text, local
from gecit.ports import Delivery
from gecit.web.masking import mask
from gecit.web.timeline import show_event

NAMES = frozenset({"family", "given", "patient_name", "birth_date", "file_number"})  # hidden whole
NEXT = {
    "queued": Text(tr="Sırada: vakti gelince gönderilir.", en="It waits its turn, and is sent."),
    "leased": Text(tr="Şu anda gönderiliyor.", en="It is being sent at this moment."),
    "unknown": Text(
        tr="Yanıtı bilinmiyor: önce karşı tarafa sorulur, sonra gerekirse yeniden gönderilir.",
        en="Its answer is unknown: it is asked for first, and sent again only where it never arrived.",
    ),
    "done": Text(tr="Tamam; yapılacak bir şey yok.", en="Done; nothing is to be done."),
}


def as_row(one: Delivery) -> dict[str, object]:
    """Return a delivery as a line of a table."""
    return {
        "id": one.id,
        "destination": one.destination,
        "kind": one.kind,
        "exam": str(one.exam),
        "state": one.state,
        "attempts": one.attempts,
        "error": mask(one.last_error),
    }


def proposal(exam: Exam) -> dict[str, object]:
    """Return a proposed withdrawal as a line of a table."""
    rules = holding(exam.verdict) if exam.verdict else ()
    return {
        "exam": str(exam.key),
        "generation": exam.generation,
        "outcome": exam.verdict.outcome.value if exam.verdict else "",
        "rules": ", ".join(rules),
        "told": mask(f"{exam.medula_code} {exam.medula_message}".strip()),
    }


def as_value(one: Delivery, events: Sequence[Event], *, unmask: bool) -> dict[str, Any]:
    """Return all that is known of a delivery."""
    meaning = explained(one.last_error) if one.state == "parked" else None
    shown: dict[str, Any] = {
        **as_row(one),
        "key": one.key,
        "created_at": one.created_at,
        "next_at": one.next_at if one.state in ("queued", "unknown", "leased") else None,
    }
    if meaning:
        shown["meaning"] = msgspec.to_builtins(meaning.meaning)
        shown["next"] = {"who": meaning.who, **msgspec.to_builtins(meaning.fix)}
    elif one.state in NEXT:
        shown["next"] = {"who": "", **msgspec.to_builtins(NEXT[one.state])}
    shown["payload"] = _payload(one.payload, unmask=unmask)
    shown["events"] = [_line(event) for event in _of_delivery(one, events)]
    return shown


def say(shown: dict[str, Any]) -> None:
    """Print what `as_value` returned."""
    for name, value in shown.items():
        if name not in ("payload", "events", "meaning", "next") and value not in ("", None):
            click.echo(f"{name:<12} {value}")
    if "meaning" in shown:
        click.echo(f"{'anlamı':<12} {shown['meaning']['tr']}\n{'meaning':<12} {shown['meaning']['en']}")
    if "next" in shown:
        who = f" ({shown['next']['who']})" if shown["next"]["who"] else ""
        click.echo(f"{'ne yapmalı':<12} {shown['next']['tr']}{who}\n{'next':<12} {shown['next']['en']}{who}")
    click.echo(f"payload\n{json.dumps(shown['payload'], ensure_ascii=False, indent=2)}")
    click.echo("olaylar / events")
    for one in shown["events"]:
        click.echo(f"  {one['at']}  {one['kind']}  {one['detail']}".rstrip())


def _of_delivery(one: Delivery, events: Iterable[Event]) -> list[Event]:
    """The events that speak of this delivery, or of its generation."""
    generation = one.key.split(":")[-2] if one.key.count(":") >= 3 else ""
    return [
        event
        for event in events
        if getattr(event, "key", "") == one.key or str(getattr(event, "generation", "-")) == generation
    ]


def _line(event: Event) -> dict[str, str]:
    shown = show_event(event)
    detail = shown.detail.en if shown.detail else ""
    return {"at": f"{local(shown.at):%Y-%m-%d %H:%M:%S}", "kind": shown.kind, "detail": detail}


def _payload(payload: bytes, *, unmask: bool) -> Any:
    try:
        content = json.loads(payload)
    except ValueError:
        return f"{len(payload)} bytes"
    return content if unmask else _masked(content)


def _masked(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _masked(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner, name) for inner in value]
    if isinstance(value, str):
        return "***" if name in NAMES and value else mask(value)
    return value
