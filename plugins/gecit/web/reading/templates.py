"""Templates and macros on pages: a radiologist's own, and an institution's for its managers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from msgspec.structs import replace

from gecit.core.access import Action, reach
from gecit.core.exam_kinds import OTHER, Kind
from gecit.core.report import ReportPart
from gecit.core.templates import (
    TEMPLATE_FAULTS,
    Owned,
    macro_of,
    of_account,
    of_institution,
    template_faults,
    tidied,
    with_template,
)
from gecit.core.values import Text
from gecit.edges.report_files import ReportFileError
from gecit.edges.report_toml import LONGEST_FILE, read_file, write_kind, write_macros
from gecit.ports import Transaction

from ..access import may_touch, needs, person
from ..body import NOT_SENT, NotSentError, takes_up_to, uploaded
from ..words_templates import TEMPLATES
from .room import ReadingRoom

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

MACROS = "macros"


class Desk(NamedTuple):
    """Whose templates a page keeps; `institution` is empty with a person's own."""

    owner: str
    institution: str = ""

    def place(self, what: str) -> str:
        """Return the address of a page or button of this desk."""
        if self.institution:
            return url_for(f"institution_templates.{what}", institution=self.institution)
        return url_for(f"own_templates.{what}")


def template_pages(room: ReadingRoom) -> list[Blueprint]:
    """Build the pages: the same for persons and institutions, each under its own right."""
    own = Blueprint("own_templates", __name__, url_prefix="/gecit/templates/own")
    theirs = Blueprint("institution_templates", __name__, url_prefix="/gecit/templates/of/<institution>")
    _add(own, Action.WRITE_REPORT, room, lambda: Desk(owner=of_account(person().name)))
    _add(theirs, Action.MANAGE_TEMPLATES, room, _institution)
    chosen = Blueprint("templates", __name__, url_prefix="/gecit/templates")

    @chosen.get("")
    @needs(Action.MANAGE_TEMPLATES)
    def choose() -> Response:
        mine = reach(person(), Action.MANAGE_TEMPLATES)
        found = room.ledger.read(lambda tx: tx.institutions())
        reached = [one for one in found if mine.everything or one.skrs == mine.institution]
        return make_response(render_template("templates_chosen.html", institutions=reached))

    return [own, theirs, chosen]


def _institution() -> Desk:
    skrs = str((request.view_args or {}).get("institution", ""))
    if not may_touch(Action.MANAGE_TEMPLATES, skrs):
        abort(404)
    return Desk(owner=of_institution(skrs), institution=skrs)


def _add(pages: Blueprint, action: Action, room: ReadingRoom, desk: Callable[[], Desk]) -> None:
    """Add the page and what its buttons do to a blueprint."""

    @pages.get("")
    @needs(action)
    def show(institution: str = "") -> Response:
        return _page(room, desk())

    @pages.post("")
    @needs(action)
    def keep(institution: str = "") -> Redirect | Response:
        place = desk()
        return _kept(room, place, (_written(place.owner),))

    @pages.post("/remove")
    @needs(action)
    def remove(institution: str = "") -> Redirect:
        place, form = desk(), request.form
        kind, macro = form.get("kind", ""), form.get("macro", "")
        owned = room.ledger.read(lambda tx: tx.templates((place.owner,)))
        if not any((one.kind, one.macro) == (kind, macro) for one in owned):
            abort(404)
        _record(room, place, "remove a template", kind or macro)
        room.ledger.write(lambda tx: tx.drop_template(place.owner, kind, macro))
        return redirect(place.place("show"), 303)

    @pages.post("/import")
    @needs(action)
    @takes_up_to(LONGEST_FILE * 2)
    def take_in(institution: str = "") -> Redirect | Response:
        place = desk()
        try:
            found = read_file(uploaded())
        except ReportFileError as fault:
            return _page(room, place, (Text(tr=str(fault), en=str(fault)),))
        except NotSentError:
            return _page(room, place, (NOT_SENT,))
        return _kept(room, place, _owned(place.owner, found))

    @pages.get("/file")
    @needs(action)
    def file(institution: str = "") -> Response:
        place, wanted = desk(), request.args.get("kind", "")
        owned = room.ledger.read(lambda tx: tx.templates((place.owner,)))
        text = _as_file(room, owned, place.owner, wanted) or abort(404)
        answer = make_response(text)
        answer.headers["Content-Type"] = "application/toml; charset=utf-8"
        answer.headers["Content-Disposition"] = f'attachment; filename="{wanted}.toml"'
        return answer


def _written(owner: str) -> Owned:
    form = request.form
    if form.get("what") == "macro":
        part = next((one for one in ReportPart if one.value == form.get("part")), ReportPart.FINDINGS)
        title = form.get("title", "").strip()[:100]
        return Owned(
            owner=owner,
            macro=form.get("macro", "").strip()[:60],
            title=Text(tr=title, en=form.get("title-en", "").strip()[:100] or title),
            kinds=tuple(sorted(set(form.getlist("kinds")))),
            parts={part: form.get("text", "")},
        )
    parts = {part: form.get(f"part-{part.value}", "") for part in ReportPart}
    return Owned(owner=owner, kind=form.get("kind", "")[:64], parts=parts)


def _owned(owner: str, found: Kind | tuple[object, ...]) -> tuple[Owned, ...]:
    """Return what a file holds as its new owner's."""
    if isinstance(found, Kind):
        return (Owned(owner=owner, kind=found.id, parts=dict(found.template)),)
    return tuple(
        Owned(owner=owner, macro=one.id, title=one.title, kinds=one.kinds, parts={one.part: one.text})  # type: ignore[attr-defined]
        for one in found
    )


class _FaultyError(Exception):
    def __init__(self, faults: tuple[Text, ...]) -> None:
        super().__init__()
        self.faults = faults


def _kept(room: ReadingRoom, desk: Desk, made: tuple[Owned, ...]) -> Redirect | Response:
    """Keep all of them or none."""
    kinds, now = {one.id for one in room.reporting.kinds}, room.clock.now()
    ready = [replace(tidied(one), changed_by=person().name) for one in made]

    def work(tx: Transaction) -> None:
        others = {(one.kind, one.macro) for one in tx.templates((desk.owner,))}
        others -= {(one.kind, one.macro) for one in ready}
        judged = [(one, template_faults(one, kinds, len(others) + count)) for count, one in enumerate(ready)]
        faults = tuple(_named(one, TEMPLATE_FAULTS[fault]) for one, found in judged for fault in found)
        if faults:
            raise _FaultyError(faults)
        for one in ready:
            tx.keep_template(one, now)

    named = ", ".join(one.kind or one.macro for one in ready)[:200]
    try:
        room.carry_out(person(), "keep a template", None, work, detail=_told(desk, named))
    except _FaultyError as refused:
        _record(room, desk, "keep a template", named, "faults")
        return _page(room, desk, refused.faults)
    return redirect(desk.place("show"), 303)


def _named(one: Owned, fault: Text) -> Text:
    name = one.macro or one.kind
    return Text(tr=f"{name}: {fault.tr}", en=f"{name}: {fault.en}") if name else fault


def _as_file(room: ReadingRoom, owned: list[Owned], owner: str, wanted: str) -> str:
    if wanted == MACROS:
        return write_macros(macro_of(one) for one in owned if one.macro)
    kind = next((one for one in room.reporting.kinds if one.id == wanted), None)
    mine = any(one.kind == wanted and not one.macro for one in owned)
    return write_kind(with_template(kind, owned, (owner,))) if kind and mine else ""


def _record(room: ReadingRoom, desk: Desk, what: str, named: str, outcome: str = "done") -> None:
    """Tell the audit, before the change: what cannot be audited is not done."""
    room.record(person(), what, None, outcome=outcome, detail=_told(desk, named))


def _told(desk: Desk, named: str) -> dict[str, str]:
    return {"owner": desk.owner, "named": named}


def _page(room: ReadingRoom, desk: Desk, faults: tuple[Text, ...] = ()) -> Response:
    """Return the page; `?kind=` and `?macro=` choose what its forms begin with: one's own, else the shipped one."""
    owned = room.ledger.read(lambda tx: tx.templates((desk.owner,)))
    kinds = [*room.reporting.kinds, OTHER]
    wanted = request.form.get("kind", request.args.get("kind", kinds[0].id))
    kind = next((one for one in kinds if one.id == wanted), kinds[0])
    macro = request.form.get("macro", request.args.get("macro", ""))
    typed = _written(desk.owner) if faults and request.form.get("what") else None
    is_macro = typed is not None and request.form.get("what") == "macro"
    page = render_template(
        "templates.html",
        desk=desk,
        templates=[one for one in owned if not one.macro],
        macros=[one for one in owned if one.macro],
        kinds=kinds,
        kind=kind,
        parts=typed.parts if typed and not is_macro else with_template(kind, owned, (desk.owner,)).template,
        macro=typed if is_macro else next((one for one in owned if one.macro == macro and macro), None),
        title=TEMPLATES["templates-own" if not desk.institution else "templates-of"],
        names={one.id: one.title for one in kinds},
        faults=faults,
    )
    return make_response(page, 422 if faults else 200)
