"""Deliveries: how they stand, and putting a parked one back."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from flask import Blueprint, Response, abort

from gecit.core.access import Action, reach
from gecit.core.values import Value
from gecit.ports import Clock, Integration, OutboxSearch

from ..access import may_touch, needs, person
from ..audit import about, tell_first
from .answers import answer
from .queries import LARGEST_NUMBER, Limit, Word, faulty, read_query
from .shown import Outbox, show_delivery


class OutboxQuery(Value):
    """The filters; what is left out does not narrow."""

    state: Annotated[
        Literal["queued", "leased", "unknown", "parked", "done"] | None,
        msgspec.Meta(description="How it stands: `parked` waits for a person."),
    ] = None
    destination: Annotated[
        Literal["medula", "archive", "webhook", "alert"] | None, msgspec.Meta(description="Where it goes.")
    ] = None
    institution: Annotated[Word, msgspec.Meta(description="SKRS code of the exam's institution.")] = ""
    accession: Annotated[Word, msgspec.Meta(description="Accession number of the exam.")] = ""
    limit: Limit = 100
    after: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_NUMBER, description="`next` of the page before.")] = 0


def outbox_routes(routes: Blueprint, ledger: Integration, clock: Clock) -> None:
    """Add the routes."""

    @routes.get("/outbox")
    @needs(Action.SEE_EXAM)
    def outbox() -> Response:
        asked = read_query(OutboxQuery)
        mine = reach(person(), Action.SEE_EXAM)
        if not mine.everything and asked.institution not in ("", mine.institution):
            return answer(Outbox(deliveries=()))
        found = ledger.search_outbox(
            OutboxSearch(
                institution=asked.institution if mine.everything else mine.institution,
                accession=asked.accession,
                state=asked.state or "",
                destination=asked.destination or "",
                before=asked.after,
                limit=asked.limit,
            )
        )
        goes_on = found[-1].id if len(found) == asked.limit else 0
        return answer(Outbox(deliveries=tuple(show_delivery(one) for one in found), next=goes_on))

    @routes.post("/outbox/<int:number>/retry")
    @needs(Action.RETRY_DELIVERY)
    def retry(number: int) -> Response:
        found = ledger.delivery(number) if number <= LARGEST_NUMBER else None
        mine = found is not None and may_touch(Action.RETRY_DELIVERY, found.exam.institution)
        if found is not None:
            about(found.exam.institution, found.exam.accession, refused=not mine)
        if found is None or not mine:
            abort(404)
        tell_first()
        if not ledger.retry_delivery(number, clock.now()):
            raise faulty("conflict", "Bu teslimat beklemeye alınmamış.", "This delivery is not parked.")
        again = ledger.delivery(number)
        return answer(show_delivery(again or found), 202)
