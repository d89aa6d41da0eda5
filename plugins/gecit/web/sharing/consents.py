"""What a patient shares: with a physician, with an institution's physicians; and the end of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from msgspec.structs import replace

from gecit.core.access import Action
from gecit.core.disclosures import Disclosure, Ground
from gecit.core.exam import Exam
from gecit.core.order import ExamKey
from gecit.core.share_links import ShareLink
from gecit.core.sharing import WORDS, Fault, shown_versions, state_of, stretch
from gecit.core.values import local
from gecit.ports import Institution, Transaction
from gecit.steps.sharing import SharingRefused, consent, exams_of, revoke

from ..access import needs, person
from ..audit import about, tell_first
from .desk import SharingDesk, shown

SEPARATOR = " "


class Shares(NamedTuple):
    """What is read for the page."""

    exams: list[Exam]
    opened: list[Disclosure]
    links: list[ShareLink]
    institutions: list[Institution]


def consent_pages(desk: SharingDesk) -> Blueprint:
    """Build the page and what its buttons do."""
    pages = Blueprint("sharing", __name__, url_prefix="/gecit/sharing")

    @pages.get("")
    @needs(Action.SHARE)
    def show() -> Response:
        return draw(desk)

    @pages.post("")
    @needs(Action.SHARE)
    def add() -> Response:
        about(patient=person().tckn)
        now, days = desk.clock.now(), written_days()
        if days is None:
            return draw(desk, (Fault.DAYS,))
        whom = {"tckn": request.form.get("tckn", "").strip(), "institution": request.form.get("institution", "")}
        asked = replace(written(days, now), **whom)
        if request.form.get("which") != "all" and not asked.exams:
            return draw(desk, (Fault.EXAMS,))
        tell_first()
        try:
            consent(desk.ledger, asked, person().name, now)
        except SharingRefused as refused:
            return draw(desk, refused.faults)
        return make_response(redirect(f"{url_for('sharing.show')}?said=shared", 303))

    @pages.post("/<number>/end")
    @needs(Action.SHARE)
    def end(number: str) -> Response:
        about(patient=person().tckn)
        tell_first()
        done = revoke(desk.ledger, person().tckn, number, person().name, desk.clock.now())
        return make_response(
            redirect(f"{url_for('sharing.show')}?said={'share-ended' if done else 'nothing-ended'}", 303)
        )

    return pages


def written(days: tuple[datetime, datetime], now: datetime) -> Disclosure:
    """Return what a form of sharing asks to open: the own exams that were chosen, to nobody yet."""
    return Disclosure(
        id="",
        ground=Ground.CONSENT,
        reference="",
        since=max(days[0], now),
        until=days[1],
        patient=person().tckn,
        exams=chosen_exams(),
    )


def chosen_exams() -> tuple[ExamKey, ...]:
    """Return the exams that a form names; () where all are meant."""
    if request.form.get("which") == "all":
        return ()
    named = (one.partition(SEPARATOR) for one in request.form.getlist("exam"))
    return tuple(sorted({ExamKey(institution=skrs, accession=number) for skrs, _, number in named}))


def written_days() -> tuple[datetime, datetime] | None:
    """Return the stretch that a form names; None where it is none."""
    try:
        first, last = (date.fromisoformat(request.form.get(one, "")) for one in ("since", "until"))
        return stretch(first, last)
    except (ValueError, OverflowError):
        return None


def draw(desk: SharingDesk, faults: tuple[Fault, ...] = ()) -> Response:
    """Draw the page; with faults, what was written stands in the form to be mended."""
    patient, now = person().tckn, desk.clock.now()
    about(patient=patient)

    def read(tx: Transaction) -> Shares:
        return Shares(exams_of(tx, patient), tx.disclosures_of(patient), tx.share_links_of(patient), tx.institutions())

    found = desk.ledger.read(read)
    names = {one.skrs: one.name or one.skrs for one in found.institutions}
    mine = [one for one in found.opened if one.ground is Ground.CONSENT]
    by_id = {one.id: one for one in mine}
    known = {one.key: shown(one, names, reported=bool(shown_versions(one))) for one in found.exams}
    page = render_template(
        "sharing.html",
        exams=[known[one.key] for one in found.exams if is_shared(one)],
        known=known,
        shared=[(one, state_of(one, now)) for one in mine if not one.account],
        links=[
            (one, by_id[one.disclosure], state_of(by_id[one.disclosure], now))
            for one in found.links
            if one.disclosure in by_id
        ],
        otherwise=[
            (one, desk.accounts.account(one.account))
            for one in found.opened
            if one.ground in (Ground.CARE, Ground.EMERGENCY)
        ],
        uses=desk.last_uses(patient, found.opened),
        channels=desk.links.channels,
        link_days=desk.links.terms.link.days,
        institutions=found.institutions,
        names=names,
        today=local(now).date(),
        faults=[WORDS[one] for one in faults],
        given=request.form,
        chosen=set(request.form.getlist("exam") or request.args.getlist("exam")),
    )
    return make_response(page, 422 if faults else 200)


def is_shared(exam: Exam) -> bool:
    """Whether there is anything to share of an exam."""
    return bool(exam.images or shown_versions(exam)) or not exam.cancelled
