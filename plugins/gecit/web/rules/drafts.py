"""Drafts: written, checked, tried, and put in force by a person."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from gecit.core.access import Action
from gecit.core.rulebook import Rulebook
from gecit.core.rulediff import Difference, difference, lost, told
from gecit.core.rulefile import RulebookError
from gecit.core.tables import Fault
from gecit.core.values import Text, Value, to_json
from gecit.core.whatif import RunningError, RunState
from gecit.edges.rule_activation import activate
from gecit.edges.rule_drafts import Draft, DraftError, short

from ..access import needs, person
from ..audit import tell_first
from .desk import RuleDesk
from .reading import WrongInput, typed
from .words import DRAFT_TITLE, RULES

NOTHING: Mapping[str, Any] = MappingProxyType({})
ROWS = """adds_to = "{exemption}"

[[window]]
from      = 2026-01-01T09:00:00
last      = 2026-01-01T10:00:00
published = 2026-01-01
source    = {{ kind = "notice", title = "" }}
"""
"""An empty row; its title is missing, so that nobody puts it in force as it is."""


class Looked(Value):
    """A draft read among the files: the rulebook that it would make, or what is wrong with it."""

    draft: Draft
    book: Rulebook | None = None
    faults: tuple[tuple[str, Text], ...] = ()
    found: tuple[Difference, ...] = ()
    loses: int = 0
    others: bool = False  # the files differ from what is in force without the draft, too


def look(desk: RuleDesk, draft: Draft) -> Looked:
    """Read a draft among the files."""
    try:
        book = desk.drafts.book_with(draft)
    except RulebookError as fault:
        return Looked(draft=draft, faults=tuple(_told(one, draft) for one in fault.faults))
    found = difference(desk.book(), book)
    return Looked(draft=draft, book=book, found=told(found), loses=len(lost(found)), others=_others(desk))


def _told(fault: Fault, draft: Draft) -> tuple[str, Text]:
    return short(fault, draft), fault.text


def _others(desk: RuleDesk) -> bool:
    try:
        return desk.drafts.book_of_files().revision != desk.book().revision
    except RulebookError:
        return True


def brief(value: object) -> str:
    """Return a value of a difference on one line."""
    return "–" if value is None else to_json(value).decode()


def add_drafts(pages: Blueprint, desk: RuleDesk) -> None:
    """Add the routes."""

    @pages.get("/drafts")
    @needs(Action.WORK_ON_RULES)
    def drafts() -> str:
        return _list(desk)

    @pages.post("/drafts")
    @needs(Action.WORK_ON_RULES)
    def new_draft() -> Answer | tuple[str, int]:
        try:
            made = _made(desk)
        except (DraftError, WrongInput) as fault:
            return _list(desk, fault), 400
        return redirect(url_for("rules.draft", kind=made.kind, name=made.name), 303)

    @pages.get("/drafts/<kind>/<name>")
    @needs(Action.WORK_ON_RULES)
    def draft(kind: str, name: str) -> str:
        return _page(desk, _find(desk, kind, name))

    @pages.post("/drafts/<kind>/<name>")
    @needs(Action.WORK_ON_RULES)
    def save_draft(kind: str, name: str) -> Answer | tuple[str, int]:
        there = _find(desk, kind, name)
        text = request.form.get("text", "").replace("\r\n", "\n")
        tell_first()
        try:
            desk.drafts.write(kind, name, text, typed("version"))
        except DraftError as fault:
            return _page(desk, there, fault, text=text), 409
        return redirect(url_for("rules.draft", kind=kind, name=name), 303)

    @pages.post("/drafts/<kind>/<name>/remove")
    @needs(Action.WORK_ON_RULES)
    def remove_draft(kind: str, name: str) -> Answer | tuple[str, int]:
        there = _find(desk, kind, name)
        tell_first()
        try:
            desk.drafts.remove(kind, name, typed("version"))
        except DraftError as fault:
            return _page(desk, there, fault), 409
        return redirect(url_for("rules.drafts"), 303)

    @pages.post("/drafts/<kind>/<name>/try")
    @needs(Action.WORK_ON_RULES)
    def try_draft(kind: str, name: str) -> Answer | tuple[str, int]:
        seen = look(desk, _find(desk, kind, name))
        if seen.book is None:
            return _page(desk, seen.draft, WrongInput(RULES["mend-first"])), 400
        tell_first()
        title = Text(tr=DRAFT_TITLE.tr.format(file=seen.draft.file), en=DRAFT_TITLE.en.format(file=seen.draft.file))
        try:
            run = desk.runs.start(seen.book, title, person().name, seen.draft.file)
        except RunningError as fault:
            return redirect(url_for("rules.run", run=fault.run), 303)
        return redirect(url_for("rules.run", run=run), 303)

    @pages.post("/drafts/<kind>/<name>/activate")
    @needs(Action.WORK_ON_RULES)
    def activate_draft(kind: str, name: str) -> Answer | tuple[str, int]:
        there = _find(desk, kind, name)
        try:
            _may_activate(desk, look(desk, there))
            tell_first()
            done = activate(
                desk.ledger,
                desk.drafts,
                there,
                desk.clock,
                revision=typed("revision"),
                note=typed("note"),
                by=person().name,
                yes=bool(typed("yes")),
            )
        except (DraftError, WrongInput) as fault:
            return _page(desk, there, fault), 409
        return redirect(url_for("rules.history", new=int(done.new), reached=done.reached), 303)


def _find(desk: RuleDesk, kind: str, name: str) -> Draft:
    return desk.drafts.read(kind, name) or abort(404)


def _list(desk: RuleDesk, fault: DraftError | WrongInput | None = None) -> str:
    return render_template(
        "rules/drafts.html",
        drafts=[look(desk, one) for one in desk.drafts.drafts()],
        has_folder=desk.drafts.site is not None,
        exemptions=desk.book().exemptions,
        sources=desk.drafts.sources(),
        fault=fault,
        typed=typed,
    )


def _made(desk: RuleDesk) -> Draft:
    start = typed("start")
    if start.startswith("rows:"):
        text: str | None = ROWS.format(exemption=start.removeprefix("rows:"))
        tell_first()
        return desk.drafts.write("exemptions", typed("name"), text or "")
    text = desk.drafts.source(start)
    if text is None:
        raise WrongInput(RULES["start-from"])
    kind, _, file = start.partition("/")
    tell_first()
    return desk.drafts.write(kind, typed("name") or file.removesuffix(".toml"), text)


def _page(desk: RuleDesk, draft: Draft, fault: DraftError | WrongInput | None = None, text: str | None = None) -> str:
    seen = look(desk, draft)
    run = _run_of(desk, seen.book)
    return render_template(
        "rules/draft.html",
        seen=seen,
        draft=draft,
        text=draft.text if text is None else text,
        fault=fault,
        run=run,
        progress=desk.runs.progress(run) if run else None,
        brief=brief,
        typed=typed,
    )


def _run_of(desk: RuleDesk, book: Rulebook | None) -> str:
    """Return the newest run that asked about exactly this rulebook; a changed draft makes another one."""
    for run in desk.runs.ids() if book else ():
        request_ = desk.runs.request(run)
        if request_ and book and request_.book.revision == book.revision:
            return run
    return ""


def _may_activate(desk: RuleDesk, seen: Looked) -> None:
    if seen.book is None:
        raise WrongInput(RULES["mend-first"])
    if not typed("note"):
        raise WrongInput(RULES["must-note"])
    run = _run_of(desk, seen.book)
    if not typed("unseen") and not (run and desk.runs.progress(run).state is RunState.DONE):
        raise WrongInput(RULES["must-see"])
