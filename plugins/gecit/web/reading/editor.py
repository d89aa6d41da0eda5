"""The editor: four parts, saved while they are written, checked by the rules that judge, signed with the password."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from gecit.core.access import Action
from gecit.core.consultation import WAITS
from gecit.core.critical import LONGEST
from gecit.core.draft import Draft, Hint, Weight, begun
from gecit.core.events import RegistryAnswer
from gecit.core.exam import Exam, reading_of
from gecit.core.order import ExamKey
from gecit.core.quality import Reasons
from gecit.core.reading import AT_WORK, STATUSES, Act, Reading, State
from gecit.core.report import RatingKind, ReportPart
from gecit.core.templates import expanded
from gecit.core.values import Text
from gecit.ports import Transaction, Unavailable
from gecit.steps import read_exam, sign_report
from gecit.steps.read_exam import ReadingRefused, Why
from gecit.steps.sign_report import Signing

from ..access import may_touch, needs, person
from ..elsewhere import asked, sent_to, where_to
from ..leading import out_of_reach
from ..vouched import vouched
from ..words_reading import READING, SIGNING
from .beside import earlier_of, versions_here
from .images_beside import BESIDE, framing, images_place, remember_place
from .key_images import digest_of
from .room import ReadingRoom, signer_of
from .unsaved import to_go_on

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

RATINGS = ("1", "2", "3", "4", "5")
TAKING = {"take": Act.TAKE, "add": Act.ADD, "correct": Act.CORRECT}


def editor_pages(room: ReadingRoom) -> Blueprint:
    """Build the editor and what its buttons do."""
    pages = Blueprint("editor", __name__, url_prefix="/gecit/reading")
    pages.after_request(remember_place)

    @pages.get("/exam/<institution>/<path:accession>")
    @needs(Action.WRITE_REPORT)
    def show(institution: str, accession: str) -> Response | Redirect:
        key = _key(institution, accession)
        page = _page(room, key)
        exam = room.ledger.read(lambda tx: tx.exam(key)) if page.status_code == 200 else None
        there = where_to(exam, room.node, room.ledger) if exam else ""
        return sent_to(there, asked(), room.node) if there else page  # beside its images

    @pages.post("/take/<institution>/<path:accession>")
    @needs(Action.WRITE_REPORT)
    def take(institution: str, accession: str) -> Redirect | Response:
        act = TAKING.get(request.form.get("act", "take"), Act.TAKE)
        return _done(room, _key(institution, accession), act.value, lambda tx, key: _take(room, tx, key, act))

    @pages.post("/hold/<institution>/<path:accession>")
    @needs(Action.WRITE_REPORT)
    def hold(institution: str, accession: str) -> Redirect | Response:
        reason, now = request.form.get("reason", ""), room.clock.now()
        return _done(
            room, _key(institution, accession), "hold", lambda tx, key: read_exam.hold(tx, key, person(), reason, now)
        )

    @pages.post("/give-back/<institution>/<path:accession>")
    @needs(Action.WRITE_REPORT)
    def give_back(institution: str, accession: str) -> Redirect | Response:
        now = room.clock.now()
        done = _done(
            room, _key(institution, accession), "give back", lambda tx, key: read_exam.give_back(tx, key, person(), now)
        )
        return redirect(url_for("reading.show"), 303) if done.status_code == 303 else done

    @pages.post("/draft/<institution>/<path:accession>")
    @needs(Action.WRITE_REPORT)
    def draft(institution: str, accession: str) -> Redirect | Response:
        """Save: a part of the page for htmx, else the page again."""
        key, live = _key(institution, accession), "HX-Request" in request.headers
        try:
            kept = _save(room, key)
        except ReadingRefused as refused:
            return _checks(room, key, None, refused) if live else _page(room, key, refused, _written(room, key))
        return _checks(room, key, kept, None) if live else redirect(_place(key), 303)

    @pages.post("/sign/<institution>/<path:accession>")
    @needs(Action.WRITE_REPORT)
    def sign(institution: str, accession: str) -> Redirect | Response:
        """Sign what the page holds. Only a pressed button signs: what a script sends for a page never does."""
        if "HX-Request" in request.headers:
            abort(400)
        key = _key(institution, accession)
        act = next((one for one in SIGNING if one.value == request.form.get("act", "")), Act.SIGN)
        try:
            kept = _save(room, key)
            _as_seen(kept)
            if not vouched(room.accounts, room.clock, room.signs, request.form.get("password", "")):
                return _page(room, key, None, None, READING["wrong-password"])
            _sign(room, key, act, kept)
        except ReadingRefused as refused:
            room.record(person(), act.value, key, outcome=refused.why.value)
            return _page(room, key, refused, _written(room, key))
        return redirect(_place(key), 303)

    return pages


def _key(institution: str, accession: str) -> ExamKey:
    """Return an exam's key; 404 for one that the person may not report on: others learn nothing of it."""
    if not may_touch(Action.WRITE_REPORT, institution):
        abort(404)
    return ExamKey(institution=institution, accession=accession)


def _place(key: ExamKey) -> str:
    return url_for("editor.show", institution=key.institution, accession=key.accession)


def _done(
    room: ReadingRoom, key: ExamKey, what: str, act: Callable[[Transaction, ExamKey], Reading]
) -> Redirect | Response:
    try:
        room.carry_out(person(), what, key, lambda tx: act(tx, key))
    except ReadingRefused as refused:
        room.record(person(), what, key, outcome=refused.why.value)
        return _page(room, key, refused)
    return redirect(_place(key), 303)


def _take(room: ReadingRoom, tx: Transaction, key: ExamKey, act: Act) -> Reading:
    """Take an exam; its draft begins with the kind's template, or with the report that is finished or corrected."""
    now = room.clock.now()
    reading = read_exam.take(tx, key, person(), room.limits, now, act)
    exam = tx.exam(key)
    if exam and tx.draft(key, person().name) is None:
        read_exam.save(tx, _begun(room, tx, exam, reading), person(), now)
    return reading


def _begun(room: ReadingRoom, tx: Transaction, exam: Exam, reading: Reading) -> Draft:
    kind = room.kind_for(exam, person().name, tx)
    if reading.state is State.ADDING:
        return Draft(exam=exam.key, author=person().name, kind=kind.id)
    report = reading.first_report or (exam.report.report if exam.report else None)
    return begun(exam.key, person().name, kind, report)


# What was written


def _written(room: ReadingRoom, key: ExamKey) -> Draft:
    """Read the form: the draft as it stands on the page."""
    form = request.form
    revision = form.get("revision", "0")
    reasons = room.reasons()
    return Draft(
        exam=key,
        author=person().name,
        parts={part: text for part in ReportPart if (text := form.get(f"part-{part.value}", "").replace("\r\n", "\n"))},
        request_reason_rating=_rating(form.get("request-rating", "")),
        image_quality_rating=_rating(form.get("image-rating", "")),
        request_reason_reasons=_reasons(reasons, RatingKind.REQUEST, form.getlist("request-reason")),
        image_quality_reasons=_reasons(reasons, RatingKind.IMAGE, form.getlist("image-reason")),
        contrast=form.get("contrast", "").strip()[:200],
        critical=form.get("critical", "").strip()[:LONGEST],
        kind=form.get("kind", "")[:64],
        window=form.get("window", "")[:32],
        revision=int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 9 else 0,
    )


def _reasons(known: Reasons, kind: RatingKind, chosen: Sequence[str]) -> tuple[str, ...]:
    """Return the chosen codes that the list has, in one order: what it no longer has is not sent on."""
    return tuple(sorted({one.code for one in known.of(kind)} & set(chosen)))


def _rating(text: str) -> int | None:
    return int(text) if text in RATINGS else None


def _save(room: ReadingRoom, key: ExamKey) -> Draft:
    now, written = room.clock.now(), _with_macro(room, _written(room, key))
    pressed = "HX-Request" not in request.headers
    return room.ledger.write(lambda tx: read_exam.save(tx, written, person(), now, pressed=pressed))


def _with_macro(room: ReadingRoom, draft: Draft) -> Draft:
    """Put the text of the chosen macro at the end of its part, and macros where lines call them by `/id`.

    Only where the author presses a button that shows him the page again: nobody signs what he has not seen.
    """
    if "HX-Request" in request.headers or request.endpoint != "editor.draft":
        return draft
    exam = room.ledger.read(lambda tx: tx.exam(draft.exam))
    macros = room.macros_for(exam, person().name) if exam else ()
    draft = msgspec.structs.replace(draft, parts=expanded(draft.parts, macros))
    chosen = request.form.get("macro", "") if request.form.get("add-macro") else ""
    macro = next((one for one in macros if one.id == chosen), None)
    if macro is None:
        return draft
    before = draft.parts.get(macro.part, "").rstrip()
    parts = {**draft.parts, macro.part: f"{before}\n{macro.text}".strip()}
    return msgspec.structs.replace(draft, parts=parts)


# Signing


def _as_seen(draft: Draft) -> None:
    """Refuse where the page showed other key images than the draft has; pages of other programs name none."""
    if request.form.get("pictures", digest := digest_of(draft.key_images)) != digest:
        raise ReadingRefused(Why.CHANGED)


def _sign(room: ReadingRoom, key: ExamKey, act: Act, draft: Draft) -> None:
    """Sign the draft as this press saved it; what another window saved since is not what its author saw here."""
    asker, now = person(), room.clock.now()
    signer = signer_of(room.accounts.account(asker.name), asker)
    exam = room.ledger.read(lambda tx: tx.exam(key))
    if exam is None:
        raise ReadingRefused(Why.NO_DRAFT)
    judged, report = room.judged(exam, asker.name), sign_report.to_sign(exam, draft, act, signer, now)
    asked = _ask_registry(room, [one.identifier for one in report.radiologists])
    signing = Signing(key=key, act=act, revision=draft.revision, signer=signer)

    def work(tx: Transaction) -> int:
        return sign_report.sign(tx, signing, asker, asked, judged, now)

    room.carry_out(asker, act.value, key, work, tckn=exam.patient.tckn)


def _ask_registry(room: ReadingRoom, numbers: list[str]) -> Mapping[str, RegistryAnswer]:
    """Ask of each signer; who could not be asked is left out."""
    found = {}
    for number in filter(None, numbers):
        try:
            found[number] = room.registry.look_up(number)
        except Unavailable:
            continue
    return found


# The page


def _checks(room: ReadingRoom, key: ExamKey, kept: Draft | None, refused: ReadingRefused | None) -> Response:
    exam = room.ledger.read(lambda tx: tx.exam(key))
    hints = _hints(room, exam, kept) if exam and kept else ()
    page = render_template("reading_checks.html", hints=hints, draft=kept, refused=refused)
    return make_response(page, 200)  # htmx swaps nothing in on an error


def _hints(room: ReadingRoom, exam: Exam, draft: Draft) -> tuple[object, ...]:
    reading, asker, now = reading_of(exam), person(), room.clock.now()
    if (reading.state, Act.SIGN) not in STATUSES:
        return ()
    signer = signer_of(room.accounts.account(asker.name), asker)
    report = sign_report.to_sign(exam, draft, Act.SIGN, signer, now)
    return (*_unanswered(exam), *room.judged(exam, asker.name).hints(exam, report, now))


def _unanswered(exam: Exam) -> tuple[Hint, ...]:
    """Say that somebody was asked and has not answered: after signing his answer needs an addendum."""
    waiting = any(one.state in WAITS for one in exam.consultations)
    said = READING["consultation-waits"]
    return (Hint(code="consultation-waits", weight=Weight.WARNS, text=said),) if waiting else ()


def _page(
    room: ReadingRoom,
    key: ExamKey,
    refused: ReadingRefused | None = None,
    written: Draft | None = None,
    fault: Text | None = None,
) -> Response:
    exam = room.ledger.read(lambda tx: tx.exam(key)) or abort(404)
    reading = reading_of(exam)
    mine = reading.state in AT_WORK and reading.reader == person().name
    saved = room.ledger.read(lambda tx: tx.draft(key, person().name)) if mine or written else None
    draft, unsaved = to_go_on(saved, written, form=mine and reading.state not in (State.HELD, State.OVERTAKEN))
    kind = room.kind(exam)
    seen = Action.SEE_REPORT if exam.reports or reading.first_report else Action.SEE_EXAM
    room.record(person(), seen.value, key, tckn=exam.patient.tckn)
    page = render_template(
        "reading_editor.html",
        exam=exam,
        names=room.names(),
        reading=reading,
        mine=mine,
        draft=draft or Draft(exam=key, author=person().name),
        unsaved=unsaved,
        kind=kind,
        macros=room.macros_for(exam, person().name),
        hints=_hints(room, exam, draft) if mine and draft else (),
        refused=refused,
        fault=fault,
        signable=[one for one in SIGNING if (reading.state, one) in STATUSES],
        versions=versions_here(exam),
        earlier=earlier_of(room.ledger, exam),
        viewer=f"/gecit/viewer/{quote(key.institution, safe='')}/{quote(key.accession, safe='')}",
        ratings=RATINGS,
        reasons={kind.value: room.reasons().of(kind) for kind in RatingKind},
        window=secrets.token_hex(8),
        away=out_of_reach(exam, room.node, room.ledger),
        beside=bool(exam.images) and images_place() == BESIDE,
    )
    return framing(make_response(page, 409 if refused else 422 if fault else 200))


key_here, place_of, page_of, save_written = _key, _place, _page, _save
"""What the marking of critical findings, whose buttons stand in the editor, shares with it."""
