"""Key images of a draft: marked in the viewer or by their numbers, shown as small pictures, taken away again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from gecit.core.access import Action
from gecit.core.draft import Draft
from gecit.core.exam import Exam
from gecit.core.key_images import KeyImage, Window
from gecit.core.order import ExamKey
from gecit.core.values import to_json
from gecit.ports import Transaction, Unavailable
from gecit.steps import mark_image
from gecit.steps.mark_image import ImageRefused, Pointed
from gecit.steps.read_exam import ReadingRefused

from ..access import may_touch, needs, person
from ..leading import partly
from ..words_room import ROOM
from .room import ReadingRoom

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Answer

LONGEST = 128  # characters of a field
NAMED = (("off", "unmark a key image"), ("of", "caption a key image"))
"""Field that names a picture that is marked already, and what is done with it."""
Refused = ReadingRefused | ImageRefused


class ArchiveAway(ImageRefused):
    """Orthanc does not answer."""


def key_image_pages(room: ReadingRoom) -> Blueprint:
    """Build what the buttons of the editor's key images do."""
    pages = Blueprint("key_images", __name__, url_prefix="/gecit/reading")
    pages.add_app_template_filter(digest_of)

    @pages.post("/key-images/<institution>/<path:accession>")
    @needs(Action.WRITE_REPORT)
    def change(institution: str, accession: str) -> Answer:
        """Mark, with `off` take away, with `of` caption: a part of the page for htmx, else the page again."""
        key = ExamKey(institution=institution, accession=accession)
        if not may_touch(Action.WRITE_REPORT, institution):
            abort(404)
        exam = room.ledger.read(lambda tx: tx.exam(key)) or abort(404)
        refused: Refused | None = None
        what = next((what for name, what in NAMED if request.form.get(name)), "mark a key image")
        try:
            _change(room, exam, what)
        except (ReadingRefused, ImageRefused) as found:
            refused = found
            room.record(person(), what, key, tckn=exam.patient.tckn, outcome=type(refused).__name__)
        if refused is None and "HX-Request" not in request.headers:
            return redirect(url_for("editor.show", institution=institution, accession=accession), 303)
        return _part(room, exam, refused)

    return pages


def _change(room: ReadingRoom, exam: Exam, what: str) -> Draft:
    """Carry it out, audited with it."""
    asker, now, form = person(), room.clock.now(), request.form

    def done(work: Callable[[Transaction], Draft]) -> Draft:
        return room.carry_out(asker, what, exam.key, work, tckn=exam.patient.tckn)

    off, of = (form.get(name, "")[:LONGEST] for name, _ in NAMED)
    if off or of:
        frame, text = _number(form.get("frame", "")), form.get("caption", "")
        if off:
            return done(lambda tx: mark_image.unmark(tx, exam.key, asker, off, frame, now))
        return done(lambda tx: mark_image.caption(tx, exam.key, asker, of, frame, text, now))
    image = _find(room, exam)
    return done(lambda tx: mark_image.mark(tx, exam.key, asker, image, now))


def _find(room: ReadingRoom, exam: Exam) -> KeyImage:
    if room.tags is None:
        raise ArchiveAway(ROOM["archive-away"])
    try:
        return mark_image.find_image(exam, room.node, room.tags, _pointed())
    except Unavailable as fault:
        raise ArchiveAway(ROOM["archive-away"]) from fault
    except ImageRefused as refused:
        if refused.text is mark_image.NOT_HERE:
            refused.more = partly(exam, room.node, room.ledger)
        raise


def _pointed() -> Pointed:
    form = {name: text.strip()[:LONGEST] for name, text in request.form.items()}
    return Pointed(
        study=form.get("study", ""),
        series=form.get("series", ""),
        instance=form.get("instance", ""),
        series_number=form.get("series-number", ""),
        number=form.get("number", ""),
        frame=_number(form.get("frame", "")),
        window=_window(form.get("center", ""), form.get("width", "")),
    )


def _number(text: str) -> int:
    """Return a frame's number; 1 where none is given, 0, which no picture has, for what is no number."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0 if text else 1


def _window(center: str, width: str) -> Window | None:
    try:
        return Window(center=round(float(center), 1), width=round(float(width), 1)) if center and width else None
    except (ValueError, OverflowError):
        raise ImageRefused(mark_image.WINDOW) from None


def _part(room: ReadingRoom, exam: Exam, refused: Refused | None) -> Response:
    draft = room.ledger.read(lambda tx: tx.draft(exam.key, person().name))
    page = render_template(
        "key_images.html", exam=exam, draft=draft or Draft(exam=exam.key, author=person().name), refused=refused
    )
    return make_response(page, 200 if "HX-Request" in request.headers else 409)


def digest_of(images: Sequence[KeyImage]) -> str:
    """Return what tells one choice of key images from another: who signs has seen just these."""
    return hashlib.sha256(to_json(tuple(images))).hexdigest()[:16]
