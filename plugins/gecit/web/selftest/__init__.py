"""What `gecit selftest` asks of the site that it tests: how it stands, that what was sent be removed, and a seal."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flask import Blueprint, Response
from msgspec.structs import replace

from gecit.core.access import Action
from gecit.core.rulebook import Rulebook
from gecit.edges.audit_book import AuditBook
from gecit.ports import Clock, Institution, Ledger, Unavailable
from gecit.ports.trials import TrialImages
from gecit.steps.trials import left_of, remove, trial_institution

from ..access import may_touch, needs, open_to_all, person
from ..api.answers import answer
from ..api.queries import Faulty, read_body
from ..audit import about, tell_first
from ..problem import refuse, show
from .wire import DESCRIBED, NOT_FOR_TRIALS, Facts, Place, Removed, Removing, Seal, Sealed, Sealing, Site

__all__ = ["DESCRIBED", "SelfTestDesk", "selftest_routes"]


class SelfTestDesk(NamedTuple):
    """What the routes are made of; `site` is asked at each request, since it looks whether MEDULA answers."""

    ledger: Ledger
    images: TrialImages
    audit: AuditBook
    clock: Clock
    rulebook: Callable[[], Rulebook]
    site: Callable[[], Site]


class _NoTrials(Exception):
    """Who asks belongs to no trial institution."""


def selftest_routes(desk: SelfTestDesk) -> Blueprint:
    """Build the routes; all but the last are about the asker's own institution, one for trials."""
    routes = Blueprint("selftest", __name__, url_prefix="/gecit/api/selftest")
    _errors(routes)

    @routes.get("")
    @needs(Action.RUN_SELFTEST)
    def facts() -> Response:
        mine = _mine(desk)
        book = desk.rulebook()
        return answer(
            Facts(
                site=desk.site(),
                institution=Place(skrs=mine.skrs, medula_code=mine.medula_code, name=mine.name, aets=mine.aets),
                revision=book.revision,
                rules=len(book.rules),
                exemptions=len(book.exemptions),
                left=left_of(desk.ledger, desk.images, mine.skrs),
            )
        )

    @routes.post("/remove")
    @needs(Action.RUN_SELFTEST)
    def take_away() -> Response:
        mine, asked = _mine(desk), read_body(Removing)
        about(mine.skrs)
        tell_first()
        removed, left = remove(desk.ledger, desk.images, mine.skrs, asked.run, person().name, desk.clock.now)
        return answer(Removed(exams=len(removed.exams), studies=removed.studies, busy=removed.busy, left=left))

    @routes.post("/seal")
    @needs(Action.RUN_SELFTEST)
    def seal() -> Response:
        mine, asked = _mine(desk), read_body(Sealing)
        about(mine.skrs)
        tell_first()
        unsealed = Seal(digest=asked.digest, sealed_at=desk.clock.now(), by=person().name, institution=mine.skrs)
        return answer(replace(unsealed, seal=_sealed(desk, unsealed)))

    @routes.post("/seal/check")
    @open_to_all  # whoever holds a page may ask, long after the run; yes or no is all there is
    def check_seal() -> Response:
        given = read_body(Seal)
        return answer(Sealed(good=desk.audit.same(given.seal, _sealed(desk, given))))

    return routes


def _mine(desk: SelfTestDesk) -> Institution:
    skrs = person().institution
    found = trial_institution(desk.ledger, skrs) if skrs and may_touch(Action.RUN_SELFTEST, skrs) else None
    if found is None:
        raise _NoTrials
    return found


def _sealed(desk: SelfTestDesk, one: Seal) -> str:
    return desk.audit.seal("selftest", f"{one.digest} {one.sealed_at.isoformat()} {one.by} {one.institution}")


def _errors(routes: Blueprint) -> None:
    @routes.errorhandler(_NoTrials)
    def on_no_trials(fault: _NoTrials) -> Response:
        return show(NOT_FOR_TRIALS)

    @routes.errorhandler(Faulty)
    def on_faulty(fault: Faulty) -> Response:
        return show(fault.problem)

    @routes.errorhandler(Unavailable)
    def on_unavailable(fault: Unavailable) -> Response:
        return refuse("unavailable")
