"""A missing exam is asked for, followed, and answered by the institution's patient-rights desk."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from gecit.core.access import Action, reach
from gecit.core.order import ExamKey
from gecit.core.patient_requests import (
    LONGEST_CONTACT,
    LONGEST_TEXT,
    LONGEST_WHEN,
    Act,
    ActRefused,
    Contact,
    Fault,
    PatientRequest,
    Side,
    acts,
    moved,
)
from gecit.core.values import Text

from ..access import may_touch, needs, person
from ..audit import about, tell_first
from ..words_citizen import CITIZEN, FAULTS
from .exams import page_number, shown
from .room import CitizenRoom, own_number

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

MOST = 100
PAGE = 50
PHONE = re.compile(r"\+?[0-9 ()\-]{7,20}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def request_pages(room: CitizenRoom) -> Blueprint:
    """Build the citizen's side."""
    pages = Blueprint("own_requests", __name__, url_prefix="/gecit/own/requests")

    def mine(number: str) -> PatientRequest:
        found = room.ledger.request(number)
        if found is None or not own_number() or found.tckn != own_number():
            about(refused=found is not None)
            abort(404)
        about(found.institution, patient=found.tckn)
        return found

    @pages.get("")
    @needs(Action.ASK_FOR_EXAM)
    def show() -> Response:
        return _form_page(room)

    @pages.post("")
    @needs(Action.ASK_FOR_EXAM)
    def ask() -> Redirect | Response:
        names, now = room.institutions(), room.clock.now()
        faults = _faults(request.form, names)
        if faults or not own_number():
            return _form_page(room, faults)
        account = room.ledger.account(person().name)
        made = PatientRequest(
            id=secrets.token_hex(16),
            institution=request.form["institution"],
            tckn=own_number(),
            name=account.full_name if account else "",
            when=_field("when"),
            what=_field("what"),
            asked_at=now,
            due_at=now + room.limits.answer,
            contact=Contact(request.form.get("contact", Contact.PAGE.value)),
            contact_at=_field("contact-at") if request.form.get("contact") != Contact.PAGE.value else "",
        )
        about(made.institution, patient=made.tckn)
        tell_first()
        if not room.ledger.add_request(made, room.limits.open_requests, lambda tx: room.tell(tx, made, now)):
            text = CITIZEN["too-many-requests"]
            most = room.limits.open_requests
            return _form_page(room, (Text(tr=text.tr.format(most=most), en=text.en.format(most=most)),), status=409)
        return redirect(url_for("own_requests.one", number=made.id), 303)

    @pages.get("/<number>")
    @needs(Action.ASK_FOR_EXAM)
    def one(number: str) -> Response:
        return _one_page(room, mine(number))

    @pages.post("/<number>/withdraw")
    @needs(Action.ASK_FOR_EXAM)
    def withdraw(number: str) -> Redirect | Response:
        mine(number)
        now = room.clock.now()
        tell_first()
        try:
            room.ledger.change_request(number, lambda before: moved(before, Act.WITHDRAW, Side.CITIZEN, now))
        except ActRefused as refused:
            return _one_page(room, mine(number), refused.fault)
        return redirect(url_for("own_requests.one", number=number), 303)

    return pages


def desk_pages(room: CitizenRoom) -> Blueprint:
    """Build the desk's side."""
    pages = Blueprint("patient_desk", __name__, url_prefix="/gecit/patient-desk")

    def mine(number: str) -> PatientRequest:
        found = room.ledger.request(number)
        touches = found is not None and may_touch(Action.ANSWER_PATIENTS, found.institution)
        about(found.institution if found else "", patient=found.tckn if found else "", refused=not touches)
        if found is None or not touches:
            abort(404)
        return found

    @pages.get("")
    @needs(Action.ANSWER_PATIENTS)
    def show() -> str:
        is_open, number = request.args.get("which") != "closed", page_number()
        scope = reach(person(), Action.ANSWER_PATIENTS)
        found = room.ledger.requests_at(
            "" if scope.everything else scope.institution or "-",
            is_open=is_open,
            limit=PAGE + 1,
            offset=(number - 1) * PAGE,
        )
        return render_template(
            "citizen/desk.html",
            rows=found[:PAGE],
            more=len(found) > PAGE,
            number=number,
            is_open=is_open,
            names=room.institutions(),
            now=room.clock.now(),
        )

    @pages.get("/<number>")
    @needs(Action.ANSWER_PATIENTS)
    def one(number: str) -> Response:
        return _desk_page(room, mine(number))

    @pages.post("/<number>")
    @needs(Action.ANSWER_PATIENTS)
    def act(number: str) -> Redirect | Response:
        before, now, who = mine(number), room.clock.now(), person().name
        try:
            chosen = Act(request.form.get("act", ""))
        except ValueError:
            abort(400)
        found = _chosen(room, before, request.form.get("exam", "")) if chosen is Act.FIND else None
        text = request.form.get("text", "")
        tell_first()
        try:
            room.ledger.change_request(
                number, lambda stands: moved(stands, chosen, Side.DESK, now, by=who, text=text, found=found)
            )
        except ActRefused as refused:
            return _desk_page(room, mine(number), refused.fault)
        return redirect(url_for("patient_desk.one", number=number), 303)

    return pages


def _field(name: str) -> str:
    return request.form.get(name, "").strip()


def _faults(form: Mapping[str, str], names: Mapping[str, str]) -> tuple[Text, ...]:
    found = []
    if form.get("institution", "") not in names:
        found.append(CITIZEN["fault-institution"])
    if not 0 < len(_field("when")) <= LONGEST_WHEN:
        found.append(CITIZEN["fault-when"])
    if not 0 < len(_field("what")) <= LONGEST_TEXT:
        found.append(CITIZEN["fault-what"])
    contact, at = form.get("contact", Contact.PAGE.value), _field("contact-at")
    if contact not in set(Contact):
        found.append(CITIZEN["fault-contact"])
    pattern = {Contact.PHONE.value: PHONE, Contact.EMAIL.value: EMAIL}.get(contact)
    if pattern and (len(at) > LONGEST_CONTACT or not pattern.fullmatch(at)):
        found.append(CITIZEN["fault-contact"])
    return tuple(found)


def _form_page(room: CitizenRoom, faults: tuple[Text, ...] = (), status: int = 422) -> Response:
    about(patient=own_number())
    page = render_template(
        "citizen/requests.html",
        rows=room.ledger.requests_of(own_number(), MOST),
        names=room.institutions(),
        faults=faults,
        given=request.form,
        now=room.clock.now(),
        longest={"when": LONGEST_WHEN, "what": LONGEST_TEXT, "contact": LONGEST_CONTACT},
        days=room.limits.answer.days,
    )
    return make_response(page, status if faults else 200)


def _one_page(room: CitizenRoom, one: PatientRequest, fault: Fault | None = None) -> Response:
    found = room.exam(one.found.institution, one.found.accession) if one.found else None
    names = room.institutions()
    page = render_template(
        "citizen/request.html",
        one=one,
        names=names,
        exam=shown(room, found, names) if found and found.patient.tckn == one.tckn else None,
        may=acts(one, Side.CITIZEN),
        fault=FAULTS[fault] if fault else None,
        now=room.clock.now(),
    )
    return make_response(page, 409 if fault else 200)


def _desk_page(room: CitizenRoom, one: PatientRequest, fault: Fault | None = None) -> Response:
    names = room.institutions()
    page = render_template(
        "citizen/desk_request.html",
        one=one,
        names=names,
        exams=[shown(room, exam, names) for exam in _exams(room, one)],
        may=acts(one, Side.DESK),
        fault=FAULTS[fault] if fault else None,
        given=request.form,
        now=room.clock.now(),
        longest=LONGEST_TEXT,
    )
    return make_response(page, 409 if fault else 200)


def _exams(room: CitizenRoom, one: PatientRequest) -> list:  # type: ignore[type-arg]
    """Return the patient's exams at the institution that was asked: what can be the answer."""
    return [exam for exam in room.ledger.exams_of(one.tckn, MOST) if exam.key.institution == one.institution]


def _chosen(room: CitizenRoom, one: PatientRequest, accession: str) -> ExamKey | None:
    return next((exam.key for exam in _exams(room, one) if exam.key.accession == accession), None)
