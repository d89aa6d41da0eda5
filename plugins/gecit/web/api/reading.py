"""What everybody of an institution may read: rules, exemptions, institutions, incidents."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

import msgspec
from flask import Blueprint, Response, abort

from gecit.core.access import Action, reach
from gecit.core.rulebook import Rulebook
from gecit.core.values import Value
from gecit.ports import Clock, Integration

from ..access import needs, person
from .answers import answer
from .queries import Instant, Limit, Word, read_query
from .shown import Incidents, Institutions, show_exemptions, show_institution, show_rules


class RuleQuery(Value):
    """Of which instant it is said whether something is in force."""

    at: Annotated[Instant | None, msgspec.Meta(description="With a time zone; by default now.")] = None


class ExemptionQuery(Value):
    """Which windows."""

    at: Annotated[Instant | None, msgspec.Meta(description="With a time zone; by default now.")] = None
    rule: Annotated[Word, msgspec.Meta(description="Only those that excuse this rule.")] = ""
    in_force: Annotated[bool | None, msgspec.Meta(description="Only those that cover `at`, or that do not.")] = None


class IncidentQuery(Value):
    """How many incidents."""

    limit: Limit = 100


@lru_cache(maxsize=2)
def _book(revision: str, content: bytes) -> Rulebook:
    return Rulebook.from_json(content)


def reading_routes(routes: Blueprint, ledger: Integration, clock: Clock) -> None:
    """Add the routes."""

    def book() -> Rulebook:
        active = ledger.active_rulebook()
        if active is None:
            abort(503)
        return _book(*active)

    @routes.get("/rules")
    @needs(Action.SEE_RULES)
    def rules() -> Response:
        return answer(show_rules(book(), read_query(RuleQuery).at or clock.now()))

    @routes.get("/exemptions")
    @needs(Action.SEE_RULES)
    def exemptions() -> Response:
        asked = read_query(ExemptionQuery)
        return answer(show_exemptions(book(), asked.at or clock.now(), asked.rule, asked.in_force))

    @routes.get("/institutions")
    @needs(Action.SEE_EXAM)
    def institutions() -> Response:
        mine = reach(person(), Action.SEE_EXAM)
        found = ledger.read(lambda tx: tx.institutions())
        shown = [
            show_institution(one) for one in found if mine.everything or one.skrs in (mine.institution, *mine.granted)
        ]
        return answer(Institutions(institutions=tuple(shown)))

    @routes.get("/incidents")
    @needs(Action.SEE_HEALTH)
    def incidents() -> Response:
        return answer(Incidents(incidents=tuple(ledger.incidents(read_query(IncidentQuery).limit))))
