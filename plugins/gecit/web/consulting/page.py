"""The list of consultations, and one of them with its thread and what can be done with it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, abort, make_response, render_template, request
from msgspec.structs import replace
from werkzeug.wrappers import Response as Answer

from gecit.core.access import Action, Whose, may
from gecit.core.consultation import Act, Side, State, can, sides
from gecit.core.consultation_paragraph import PARTS
from gecit.core.consulting import ConsultationRefused, Why
from gecit.core.exam import Exam, reading_of
from gecit.core.measuring import UNITS, shown
from gecit.core.reading import Act as Reading
from gecit.core.reading import after
from gecit.core.report import ReportPart
from gecit.core.sharing import shown_versions
from gecit.core.values import Text
from gecit.ports import Transaction
from gecit.ports.consultations import Found

from ..access import may_at_all, may_touch, needs, person
from ..audit import about
from ..blinded import BLIND, is_blinded
from ..elsewhere import asked, sent_to, this_node, where_to
from ..leading import out_of_reach
from ..problem import show as refuse_blind
from ..reading.beside import ShownVersion, versions_here
from .desk import Consulting, Seen, offered, seen
from .shown import ShownConsultation, show

MOST = 100  # lines of each list
NUMBER = re.compile(r"[A-Za-z0-9-]{1,40}")
SEE, LIST = "see a consultation", "list consultations"
ROWS = 4  # of measurements that a form begins with


def see_pages(desk: Consulting) -> Blueprint:
    """Build the list and the page."""
    pages = Blueprint("consulting", __name__, url_prefix="/gecit/consultations")

    @pages.get("")
    @needs(Action.ANSWER_CONSULTATION)
    def show_all() -> str:
        now = desk.room.clock.now()
        asks = may_at_all(person(), Action.ASK_CONSULTATION)
        desk.room.record(person(), LIST, None)
        return render_template(
            "consultations.html",
            asked=lines_of(desk, now),
            asking=lines_of(desk, now, asked_by=True) if asks else [],
            asks=asks,
            most=MOST,
            employers=desk.employers(),
        )

    @pages.get("/of/<number>")
    @needs(Action.ANSWER_CONSULTATION)
    def show_one(number: str) -> Response | Answer:
        page = page_of(desk, number)
        found = seen_here(desk, number) if page.status_code == 200 else None
        there = where_to(found.exam, *this_node()) if found and found.whole else ""
        return sent_to(there, asked(), this_node()[0]) if there else page  # beside its images

    return pages


def lines_of(desk: Consulting, now: datetime, *, asked_by: bool = False) -> list[ShownConsultation]:
    """Return what the person was asked, or asked himself."""
    me = person().name

    def read(tx: Transaction) -> list[Seen]:
        found: list[Found] = (tx.consultations_asked_by if asked_by else tx.consultations_asked_of)(me, MOST)
        tx.prefetch([key for key, _ in found])
        return [one for _, each in found if (one := seen(tx, each.id, now))]

    return [show(desk, one, now, thread=False) for one in desk.room.ledger.read(read)]


def seen_here(desk: Consulting, number: str) -> Seen:
    """Return a consultation that the person may see; 404 of any other, and of none."""
    now = desk.room.clock.now()
    if not NUMBER.fullmatch(number):
        abort(404)
    return desk.room.ledger.read(lambda tx: seen(tx, number, now)) or abort(404)


def page_of(
    desk: Consulting,
    number: str,
    refused: ConsultationRefused | None = None,
    fault: Text | None = None,
    typed: dict[str, Any] | None = None,
) -> Response:
    """Return the page; what was typed stands in it again where it was refused."""
    found = seen_here(desk, number)
    one, key, me, now = found.consultation, found.key, person(), desk.room.clock.now()
    blind = is_blinded(desk.room.ledger, key)
    if blind and not sides(one, me.name):  # who asks and who answers have met the author already
        about(key.institution, key.accession, refused=True)
        return refuse_blind(BLIND)
    desk.room.record(me, SEE, key, tckn=found.exam.patient.tckn)
    mine = sides(one, me.name) if found.whole else frozenset()
    answers = may(me, Action.ANSWER_CONSULTATION, Whose.DISCLOSED) and one.until > now
    acts = {act for act in Act if can(one, act, me.name) and _may_do(act, found, answers=answers)}
    draft = desk.room.ledger.read(lambda tx: tx.draft(key, me.name)) if found.asker else None
    page = render_template(
        "consultation.html",
        shown=show(desk, found, now),
        key=key,
        whole=found.whole,
        acts={act.value for act in acts},
        others=len(one.still_asked) > 1 and one.state in (State.ASKED, State.ACCEPTED) and Side.ASKER not in mine,
        seen=len(one.thread),
        versions=[replace(one, signers=()) for one in _versions(found)] if blind else _versions(found),
        viewer=f"/gecit/viewer/{quote(key.institution, safe='')}/{quote(key.accession, safe='')}",
        employers=desk.employers(),
        units=UNITS,
        number=shown,
        rows=range(max(ROWS, len(request.form.getlist("measured-name")))),
        typed=typed or {},
        typed_rows=lambda column: request.form.getlist(f"measured-{column}") if refused or fault else [],
        until=offered(now + desk.usual),
        drafted=draft is not None,
        parts=[part for part in PARTS if part in ReportPart],
        refused=refused,
        away=out_of_reach(found.exam, *this_node()) if found.whole else None,
        begin=_begin(found.exam) if refused and refused.why is Why.NO_DRAFT else "",
        fault=fault,
    )
    return make_response(page, 409 if refused else 422 if fault else 200)


def _begin(exam: Exam) -> str:
    """Return how who asked can get the exam to write in: what its reading lets somebody begin with; "" = nothing."""
    if not may_touch(Action.WRITE_REPORT, exam.key.institution):
        return ""
    return next(
        (act.value for act in (Reading.TAKE, Reading.ADD) if after(reading_of(exam).state, act) is not None), ""
    )


def _versions(found: Seen) -> tuple[ShownVersion, ...]:
    """Return the report's versions; who is asked from outside reads what is final, as all do whom it is opened to.

    Whether the hospital was told of them is nothing for him.
    """
    if not found.whole:
        return ()
    all_ = versions_here(found.exam)
    final = shown_versions(found.exam)
    return all_ if found.colleague else tuple(replace(one, told="", reason="") for one in all_ if one.number in final)


def _may_do(act: Act, found: Seen, *, answers: bool) -> bool:
    return found.asker if act in OF_ASKER else found.whole and answers


OF_ASKER = frozenset({Act.WITHDRAW, Act.ASK_AGAIN, Act.EXTEND, Act.CLOSE})
