"""An exam's whole way as one timeline: its events, the duplicate queries around it, and each delivery."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from gecit.core import events as e
from gecit.core.facts import StudyFacts
from gecit.core.order import Order
from gecit.core.values import Text, Value
from gecit.core.verdict import DECIDES, Outcome, Verdict
from gecit.ports import Delivery

from .. import phrases
from ..beside import ShownQuery
from ..masking import mask, mask_text
from ..timeline import show_event
from ..words import DESTINATIONS, EVENTS, KINDS_OF_DELIVERY, OUTBOX


class Step(Value):
    """A line of the timeline; `tone` is `verdict`, `good`, `trouble` or empty."""

    at: datetime
    title: Text
    details: tuple[Text, ...] = ()
    tone: str = ""


ASKED = Text(tr="Mükerrer sorgusu", en="Duplicate query")
OPENED = Text(tr="Önceki tetkik açıldı", en="An earlier exam was opened")
DELIVERY = Text(tr="Gönderim", en="Delivery")
TONES = {
    Outcome.SUBMIT: "good",
    Outcome.HOLD: "trouble",
    Outcome.PENDING: "verdict",
}
TROUBLE = (e.ReportRefused, e.ReportDeferred, e.StudyUnlinked, e.OrderCancelled, e.WithdrawalProposed)


def way_of(
    events: Sequence[e.Event], queries: Iterable[ShownQuery], deliveries: Iterable[Delivery]
) -> tuple[Step, ...]:
    """Return all that happened, oldest first; what happened at the same instant stays in the order of the record."""
    steps = [*(_event(one) for one in events)]
    for query in queries:
        steps += _query(query)
    steps += [_delivery(one, one.created_at) for one in deliveries if one.created_at]
    return tuple(sorted(steps, key=lambda one: one.at))


def _event(event: e.Event) -> Step:
    shown = show_event(event)
    details = [shown.detail] if shown.detail else []
    match event:
        case e.OrderPlaced(order=order) | e.OrderChanged(order=order) | e.OrderCancelled(order=order):
            details += _order(order)
        case e.StudyLinked(facts=facts):
            details += _doses(facts)
        case e.ExamJudged(verdict=verdict):
            details += _kept_back(verdict)
    name = EVENTS.get(shown.kind)
    return Step(
        at=event.at,
        title=name or _plain(shown.kind),
        details=tuple(text for one in details if (text := mask_text(one))),
        tone=_tone(event),
    )


def _tone(event: e.Event) -> str:
    if isinstance(event, e.ExamJudged):
        return TONES[event.verdict.outcome]
    if isinstance(event, e.NotificationAnswered):
        return "good" if event.accepted else "trouble"
    return "trouble" if isinstance(event, TROUBLE) else ""


def _order(order: Order) -> list[Text]:
    said = ", ".join(f"{one.sut} {one.sut_name or one.loinc_name}".strip() for one in order.procedures)
    return [_plain(said)] if said else []


def _doses(facts: StudyFacts) -> list[Text]:
    """Each value with its unit, as the dose report has it."""
    values = [one for report in facts.dose_reports for one in report.values]
    if not values:
        return []
    said = ", ".join(f"{one.name} {one.laterality} {one.value:g} {one.unit}".replace("  ", " ") for one in values)
    return [Text(tr=f"Doz: {said}", en=f"Dose: {said}")]


def _kept_back(verdict: Verdict) -> list[Text]:
    titles = [one.title for one in verdict.findings if (one.status, one.effect) in DECIDES]
    if not titles:
        return []
    return [Text(tr=", ".join(one.tr for one in titles), en=", ".join(one.en for one in titles))]


def _query(query: ShownQuery) -> list[Step]:
    state = phrases.STATES[query.state]
    answer = Text(tr=f"{state.tr}; bulunan tetkik: {query.found}", en=f"{state.en}; exams found: {query.found}")
    sut = Text(tr="SUT " + ", ".join(query.sut), en="SUT " + ", ".join(query.sut))
    asked = Step(
        at=query.at, title=ASKED, details=(sut, answer), tone="" if query.state.value == "answered" else "trouble"
    )
    opened = [
        Step(at=one.at, title=OPENED, details=(_plain(f"{one.accession} {one.institution}"),)) for one in query.openings
    ]
    return [asked, *opened]


def _plain(text: str) -> Text:
    return Text(tr=text, en=text)


def _delivery(one: Delivery, at: datetime) -> Step:
    kind, where, state = KINDS_OF_DELIVERY.get(one.kind), DESTINATIONS.get(one.destination), OUTBOX.get(one.state)
    kind, where, state = kind or _plain(one.kind), where or _plain(one.destination), state or _plain(one.state)
    tries = Text(
        tr=f"{where.tr}: {kind.tr}; {one.attempts} deneme; {state.tr}",
        en=f"{where.en}: {kind.en}; tries: {one.attempts}; {state.en}",
    )
    error = mask(one.last_error)
    return Step(
        at=at,
        title=DELIVERY,
        details=(tries, *((_plain(error),) if error else ())),
        tone={"parked": "trouble", "done": "good"}.get(one.state, ""),
    )
