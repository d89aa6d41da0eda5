"""Retention: legal holds, lists of studies past their time, and a person's approval of them."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from gecit.core.access import Action
from gecit.core.order import ExamKey
from gecit.core.retention import WORDS, Fault, Hold, Item, ItemState, Terms
from gecit.edges.store import SqlLedger
from gecit.ports import Clock
from gecit.steps.retention import RetentionRefused, approve, drop, hold, make_list, release

from ..access import needs, person
from ..audit import about, tell_first
from ..masking import mask

LONGEST = 500


class RetentionDesk(NamedTuple):
    """What the pages are made of."""

    ledger: SqlLedger
    clock: Clock
    node: str
    terms: Terms


def retention_pages(desk: RetentionDesk) -> Blueprint:
    """Build the pages."""
    pages = Blueprint("retention", __name__, url_prefix="/gecit/retention")

    @pages.get("")
    @needs(Action.MANAGE_RETENTION)
    def show() -> Response:
        return _page(desk)

    @pages.post("/holds")
    @needs(Action.MANAGE_RETENTION)
    def put_on_hold() -> Response:
        tckn, skrs, number = (_typed(one) for one in ("tckn", "institution", "accession"))
        exam = ExamKey(institution=skrs, accession=number) if skrs or number else None
        about(skrs, number, patient=tckn)
        asked = Hold(
            id="", reason=mask(_typed("reason")), at=desk.clock.now(), by=person().name, patient=tckn, exam=exam
        )
        tell_first()
        try:
            hold(desk.ledger, asked, desk.clock.now())
        except RetentionRefused as refused:
            return _page(desk, refused.faults)
        return _back("held")

    @pages.post("/holds/<number>/release")
    @needs(Action.MANAGE_RETENTION)
    def release_hold(number: str) -> Response:
        tell_first()
        try:
            release(desk.ledger, number, mask(_typed("reason")), person().name, desk.clock.now())
        except RetentionRefused as refused:
            return _page(desk, refused.faults)
        return _back("released")

    @pages.post("/lists")
    @needs(Action.MANAGE_RETENTION)
    def make() -> Response:
        tell_first()
        made = make_list(desk.ledger, desk.node, desk.terms, person().name, desk.clock.now())
        if made is None:
            return _back("nothing-past")
        return make_response(redirect(url_for("retention.show_list", number=made.id), 303))

    @pages.get("/<number>")
    @needs(Action.MANAGE_RETENTION)
    def show_list(number: str) -> Response:
        return _list(desk, number)

    @pages.post("/<number>/approve")
    @needs(Action.MANAGE_RETENTION)
    def approve_list(number: str) -> Response:
        tell_first()
        try:
            approve(desk.ledger, number, _typed("digest"), person().name, desk.clock.now())
        except RetentionRefused as refused:
            return _list(desk, number, refused.faults)
        return make_response(redirect(url_for("retention.show_list", number=number), 303))

    @pages.post("/<number>/drop")
    @needs(Action.MANAGE_RETENTION)
    def drop_list(number: str) -> Response:
        tell_first()
        try:
            drop(desk.ledger, number, person().name, desk.clock.now())
        except RetentionRefused as refused:
            return _list(desk, number, refused.faults)
        return _back("list-dropped")

    return pages


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()[:LONGEST]


def _back(said: str) -> Response:
    return make_response(redirect(f"{url_for('retention.show')}?said={said}", 303))


def _page(desk: RetentionDesk, faults: tuple[Fault, ...] = ()) -> Response:
    holds, lists = desk.ledger.read(lambda tx: (tx.legal_holds(), tx.retention_lists()))
    page = render_template(
        "retention.html",
        holds=holds,
        lists=lists,
        terms=desk.terms,
        masked=mask,
        faults=[WORDS[one] for one in faults],
        given=request.form,
    )
    return make_response(page, 422 if faults else 200)


def _list(desk: RetentionDesk, number: str, faults: tuple[Fault, ...] = ()) -> Response:
    found, items = desk.ledger.read(lambda tx: (tx.retention_list(number), tx.retention_items(number)))
    if found is None:
        abort(404)
    waits = Item(state=ItemState.WAITS, at=found.made_at)
    shown = [(one, items.get(one.key, waits)) for one in found.studies]
    page = render_template(
        "retention_list.html",
        found=found,
        shown=shown,
        counts=Counter(item.state for _, item in shown),
        faults=[WORDS[one] for one in faults],
    )
    return make_response(page, 409 if faults else 200)
