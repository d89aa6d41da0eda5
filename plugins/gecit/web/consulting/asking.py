"""Asking: whom, what, with which pictures, until when."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from gecit.core.access import Action
from gecit.core.accounts import Account
from gecit.core.consultation import Addressee, Whom
from gecit.core.consulting import ConsultationRefused, Why
from gecit.core.draft import Draft
from gecit.core.exam import Exam
from gecit.core.exam_kinds import SUBSPECIALTIES, Subspecialty
from gecit.core.groups import members_at
from gecit.core.order import ExamKey
from gecit.core.values import Value
from gecit.steps import consult
from gecit.steps.consult import Asking, can_be_asked
from gecit.steps.point_images import marked, together

from ..access import may_touch, needs, person
from ..elsewhere import asked, sent_to, this_node, where_to
from ..leading import out_of_reach
from .desk import Consulting, deadline, offered

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

MOST_OFFERED = 500
ASK = "ask for a consultation"


class Offered(Value):
    """Somebody who can be asked."""

    account: str
    name: str
    employer: str
    roles: tuple[str, ...]


def ask_pages(desk: Consulting) -> Blueprint:
    """Build the form, and what it does."""
    pages = Blueprint("consulting_ask", __name__, url_prefix="/gecit/consultations/new")

    @pages.get("/<institution>/<path:accession>")
    @needs(Action.ASK_CONSULTATION)
    def form(institution: str, accession: str) -> Redirect | Response:
        exam = _exam(desk, institution, accession)
        there = where_to(exam, *this_node())
        return sent_to(there, asked(), this_node()[0]) if there else _page(desk, exam)  # beside its images

    @pages.post("/<institution>/<path:accession>")
    @needs(Action.ASK_CONSULTATION)
    def ask(institution: str, accession: str) -> Redirect | Response:
        exam = _exam(desk, institution, accession)
        room, now = desk.room, desk.room.clock.now()
        try:
            asking = _asking(desk, exam, now)
            made = room.carry_out(
                person(),
                ASK,
                exam.key,
                lambda tx: consult.ask(tx, asking, person(), now, desk.tell),
                tckn=exam.patient.tckn,
            )
        except ConsultationRefused as refused:
            room.record(person(), ASK, exam.key, tckn=exam.patient.tckn, outcome=refused.why.value)
            return _page(desk, exam, refused)
        return redirect(url_for("consulting.show_one", number=made.id), 303)

    return pages


def _exam(desk: Consulting, institution: str, accession: str) -> Exam:
    """Return the exam; 404 of one that the person may not ask about: others learn nothing of it."""
    if not may_touch(Action.ASK_CONSULTATION, institution):
        abort(404)
    key = ExamKey(institution=institution, accession=accession)
    return desk.room.ledger.read(lambda tx: tx.exam(key)) or abort(404)


def _asking(desk: Consulting, exam: Exam, now: datetime) -> Asking:
    form, chosen = request.form, request.form.getlist("marked")
    whom = next((one for one in Whom if one.value == form.get("whom", "")), Whom.PERSON)
    to, accounts = _addressed(desk, whom, form.get(f"to-{whom.value}", "").strip(), now)
    return Asking(
        number=f"k-{secrets.token_hex(6)}",
        key=exam.key,
        to=to,
        accounts=accounts,
        question=form.get("question", "").replace("\r\n", "\n"),
        until=deadline(form.get("until", "")) or now,
        images=together(marked(_draft(desk, exam), chosen), desk.pointer.all_of(exam, form.get("images", ""))),
        name=desk.full_name(person().name),
    )


def _draft(desk: Consulting, exam: Exam) -> Draft | None:
    """Return what the person has drafted of the exam: its key images are offered."""
    return desk.room.ledger.read(lambda tx: tx.draft(exam.key, person().name))


def _addressed(desk: Consulting, whom: Whom, name: str, now: datetime) -> tuple[Addressee, tuple[Account, ...]]:
    """Return whom it goes to: an account, the members of a group now, or all who read a subspecialty."""
    accounts = {one.name: one for one in desk.room.accounts.accounts()}
    if whom is Whom.GROUP:
        group = desk.groups.group(name) if name else None
        if group is None:
            raise ConsultationRefused(Why.NOBODY)
        members = desk.groups.members(group.id, now)
        return Addressee(whom=whom, name=group.name), tuple(accounts[one] for one in members if one in accounts)
    if whom is Whom.SUBSPECIALTY:
        profiles = desk.room.ledger.read(lambda tx: tx.reader_profiles())
        readers = [one for one, profile in profiles.items() if name in profile.subspecialties and one in accounts]
        return Addressee(whom=whom, name=name), tuple(accounts[one] for one in sorted(readers))
    found = _named(name, accounts.values())
    if found is None:
        raise ConsultationRefused(Why.NOBODY)
    return Addressee(whom=whom, name=found.full_name or found.name), (found,)


def _named(text: str, accounts: object) -> Account | None:
    """Return who was meant: by the account's name, or by a full name that only one has."""
    known = [one for one in accounts if isinstance(one, Account)]  # type: ignore[attr-defined]
    by_account = [one for one in known if one.name == text]
    by_name = [one for one in known if text and one.full_name.casefold() == text.casefold()]
    found = by_account or by_name
    return found[0] if len(found) == 1 else None


def _page(desk: Consulting, exam: Exam, refused: ConsultationRefused | None = None) -> Response:
    now = desk.room.clock.now()
    employers = desk.employers()
    people = [
        Offered(
            account=one.name,
            name=one.full_name or one.name,
            employer=employers.get(one.institution, one.institution),
            roles=tuple(one.roles),
        )
        for one in desk.room.accounts.accounts()
        if can_be_asked(one) and one.name != person().name
    ]
    groups = [one for one in desk.groups.groups() if members_at(one, now)]
    desk.room.record(person(), Action.ASK_CONSULTATION.value + ": form", exam.key, tckn=exam.patient.tckn)
    page = render_template(
        "consultation_ask.html",
        exam=exam,
        key=exam.key,
        people=people[:MOST_OFFERED],
        groups=groups,
        subspecialties=[(one.value, text) for one, text in SUBSPECIALTIES.items() if isinstance(one, Subspecialty)],
        typed=request.form,
        marked=draft.key_images if (draft := _draft(desk, exam)) else (),
        chosen=request.form.getlist("marked"),
        until=request.form.get("until") or offered(now + desk.usual),
        refused=refused,
        away=out_of_reach(exam, *this_node()),
    )
    return make_response(page, 409 if refused else 200)
