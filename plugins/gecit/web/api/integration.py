"""The routes for integrators as they are described; each module adds its own."""

from __future__ import annotations

from flask import Blueprint

from gecit.ports import Clock, Integration, Views

from ..route import Parameter, Route
from .exams import ExamQuery, ExamSearchBody, Searched, VerdictQuery, exam_routes
from .outbox import OutboxQuery, outbox_routes
from .reading import ExemptionQuery, IncidentQuery, RuleQuery, reading_routes
from .shown import (
    ExamPage,
    Exemptions,
    Findings,
    Incidents,
    Institutions,
    MadeWebhook,
    Outbox,
    Rules,
    ShownDelivery,
    Timeline,
    Verdicts,
    Webhooks,
)
from .webhooks import Destinations, NewWebhook, webhook_routes

BASE = "/gecit/api"
_EXAM = (
    Parameter(name="institution", place="path", kind="string", text="SKRS code"),
    Parameter(name="accession", place="path", kind="string", text="accession number (0008,0050)"),
)
_READ = (400, 404)
EXAMS = Route(
    path=f"{BASE}/exams",
    text="Exams with their verdict and what is missing, the newest order first.",
    answers=ExamPage,
    query=ExamQuery,
    errors=(400,),
)
_DELIVERY = (Parameter(name="number", place="path", kind="integer", text="the delivery's number"),)
_WEBHOOK = (Parameter(name="id", place="path", kind="string", text="the subscription's id, `wh-...`"),)

DESCRIBED = (
    Route(
        path=f"{BASE}/exams/search",
        text="The same, with the patient's number in the body.",
        answers=ExamPage,
        body=ExamSearchBody,
        errors=(400, 413, 415, 422),
    ),
    Route(
        path=f"{BASE}/verdicts/{{institution}}/{{accession}}",
        text="Verdicts of an exam with their findings, the newest first.",
        answers=Verdicts,
        parameters=_EXAM,
        query=VerdictQuery,
        errors=_READ,
    ),
    Route(
        path=f"{BASE}/findings/{{institution}}/{{accession}}",
        text="What the rules say of an exam by its last verdict.",
        answers=Findings,
        parameters=_EXAM,
        errors=_READ,
    ),
    Route(
        path=f"{BASE}/timeline/{{institution}}/{{accession}}",
        text="What happened to an exam, oldest first.",
        answers=Timeline,
        parameters=_EXAM,
        errors=_READ,
    ),
    Route(
        path=f"{BASE}/outbox", text="Deliveries, the newest first.", answers=Outbox, query=OutboxQuery, errors=(400,)
    ),
    Route(
        path=f"{BASE}/outbox/{{number}}/retry",
        text="A parked delivery is put back into the queue.",
        answers=ShownDelivery,
        parameters=_DELIVERY,
        verb="post",
        status=202,
        errors=(400, 404, 409),
    ),
    Route(
        path=f"{BASE}/rules",
        text="The rules in force with their editions.",
        answers=Rules,
        query=RuleQuery,
        errors=(400,),
    ),
    Route(
        path=f"{BASE}/exemptions",
        text="The windows of the exemptions in force.",
        answers=Exemptions,
        query=ExemptionQuery,
        errors=(400,),
    ),
    Route(
        path=f"{BASE}/institutions", text="Institutions that the asker belongs to or looks after.", answers=Institutions
    ),
    Route(
        path=f"{BASE}/incidents",
        text="What is or was wrong with the installation.",
        answers=Incidents,
        query=IncidentQuery,
        errors=(400,),
    ),
    Route(path=f"{BASE}/webhooks", text="Subscriptions to verdicts.", answers=Webhooks),
    Route(
        path=f"{BASE}/webhooks",
        text="Subscribe to verdicts; the secret is told once.",
        answers=MadeWebhook,
        body=NewWebhook,
        status=201,
        errors=(400, 409, 413, 415, 422),
    ),
    Route(
        path=f"{BASE}/webhooks/{{id}}",
        text="End a subscription and what waits for it.",
        answers=None,
        parameters=_WEBHOOK,
        verb="delete",
        status=204,
        errors=(400, 404),
    ),
)


class Integrating:
    """What the routes are made of."""

    def __init__(self, ledger: Integration, searched: Searched, destinations: Destinations) -> None:
        self.ledger, self.searched, self.destinations = ledger, searched, destinations

    def add_to(self, routes: Blueprint, views: Views, clock: Clock) -> None:
        """Add all of them."""
        exam_routes(routes, self.searched, views)
        outbox_routes(routes, self.ledger, clock)
        reading_routes(routes, self.ledger, clock)
        webhook_routes(routes, self.ledger, clock, self.destinations)
