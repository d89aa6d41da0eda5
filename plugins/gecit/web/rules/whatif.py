"""What-if runs: asked of a date, followed while they go on, their result by what changes; and past activations."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator

from flask import Blueprint, Response, abort, redirect, render_template, url_for
from werkzeug.wrappers import Response as Answer

from gecit.core.access import Action, Reach, reach
from gecit.core.billing import Action as Told
from gecit.core.harmless import cell
from gecit.core.supposing import SupposedError, supposed
from gecit.core.values import Text, local
from gecit.core.whatif import RunningError, RunRequest
from gecit.edges.store.rule_history import history as activations
from gecit.steps.reached import plan
from gecit.steps.replay import Change

from ..access import may_at_all, needs, person
from ..audit import tell_first
from ..language import say
from ..tracking.export_file import SEPARATOR
from .calendar import shown_rule, shown_rules
from .desk import RuleDesk
from .reading import WrongInput, asked, typed, typed_moment
from .words import DATE_TITLE, RULES, TOLD

ROWS = 200  # of a page
HEADINGS = ("institution", "accession", "ordered", "from", "to", "MEDULA", "findings")


def add_whatif(pages: Blueprint, desk: RuleDesk) -> None:
    """Add the routes."""

    @pages.post("/rule/<rule_id>/try")
    @needs(Action.WORK_ON_RULES)
    def try_date(rule_id: str) -> Answer | tuple[str, int]:
        try:
            return redirect(url_for("rules.run", run=_ask(desk, rule_id)), 303)
        except RunningError as fault:
            return redirect(url_for("rules.run", run=fault.run), 303)
        except (SupposedError, WrongInput) as fault:
            book = desk.book()
            found = next((one for one in shown_rules(desk, book, desk.clock.now()) if one.rule.id == rule_id), None)
            shown = shown_rule(desk, book, found or abort(404))
            return render_template("rules/rule.html", fault=fault, **shown), 400

    @pages.get("/runs")
    @needs(Action.WORK_ON_RULES)
    def runs() -> str:
        found = [(desk.runs.request(one), desk.runs.progress(one)) for one in desk.runs.ids()]
        return render_template("rules/runs.html", runs=[pair for pair in found if pair[0]])

    @pages.get("/runs/<run>")
    @needs(Action.WORK_ON_RULES)
    def run(run: str) -> str:
        return render_template("rules/run.html", **_shown(desk, run))

    @pages.get("/runs/<run>/progress")
    @needs(Action.WORK_ON_RULES)
    def run_progress(run: str) -> str:
        return render_template("rules/run_progress.html", **_shown(desk, run))

    @pages.post("/runs/<run>/stop")
    @needs(Action.WORK_ON_RULES)
    def stop_run(run: str) -> Answer:
        _request(desk, run)
        tell_first()
        desk.runs.stop(run)
        return redirect(url_for("rules.run", run=run), 303)

    @pages.get("/runs/<run>/changes.csv")
    @needs(Action.EXPORT)  # by which each is audited
    def run_csv(run: str) -> Response:
        if not may_at_all(person(), Action.WORK_ON_RULES):
            abort(404)
        _request(desk, run)
        found = _reached(desk, run, reach(person(), Action.LIST_EXAMS))
        headers = {"Content-Disposition": f"attachment; filename=what-if-{run}.csv"}
        return Response(_lines(found), content_type="text/csv; charset=utf-8", headers=headers)

    @pages.get("/history")
    @needs(Action.SEE_RULES)
    def history() -> str:
        return render_template("rules/history.html", **_history(desk), new=asked("new"), reached=_number("reached"))

    @pages.get("/history/rows")
    @needs(Action.SEE_RULES)
    def history_rows() -> str:
        return render_template("rules/history_rows.html", **_history(desk))


def _ask(desk: RuleDesk, rule_id: str) -> str:
    book, start = desk.book(), typed_moment("start")
    number = typed("edition")
    after = supposed(book, rule_id, int(number) - 1 if number.isdecimal() else -1, start)
    title = book.rule(rule_id).title
    edition = book.rule(rule_id).editions[int(number) - 1].start
    said = {"edition": f"{local(edition):%d.%m.%Y}" if edition else number, "start": f"{start:%d.%m.%Y %H:%M}"}
    named = Text(tr=DATE_TITLE.tr.format(rule=title.tr, **said), en=DATE_TITLE.en.format(rule=title.en, **said))
    tell_first()
    return desk.runs.start(after, named, person().name)


def _request(desk: RuleDesk, run: str) -> RunRequest:
    return desk.runs.request(run) or abort(404)


def _shown(desk: RuleDesk, run: str) -> dict[str, object]:
    """Return what the page of a run shows: while it goes on how far it is, then its result for who asks."""
    request_, progress = _request(desk, run), desk.runs.progress(run)
    shown: dict[str, object] = {"run": request_, "progress": progress, "told": TOLD, "Told": Told}
    if not progress.state.over:
        return shown
    may_see = reach(person(), Action.LIST_EXAMS)
    wanted = asked("kind")
    rows: list[Change] = []
    counts, told = Counter(progress.counts), Counter(progress.told)
    if not may_see.everything:
        counts, told = Counter(), Counter()
    for one in _reached(desk, run, may_see):
        if not may_see.everything:
            counts[_kind(one)] += 1
            told[one.action.value] += 1
        if len(rows) < ROWS and wanted in ("", _kind(one)):
            rows.append(one)
        elif len(rows) >= ROWS and may_see.everything:
            break
    return {**shown, "rows": rows, "counts": sorted(counts.items()), "by_told": sorted(told.items()), "kind": wanted}


def _kind(change: Change) -> str:
    return f"{change.before.value} -> {change.after.value}"


def _reached(desk: RuleDesk, run: str, may_see: Reach) -> Iterator[Change]:
    """Yield the changes of the exams that a person reaches; a run knows no patient, so a patient reaches none."""
    for one in desk.runs.changes(run):
        if may_see.everything or (may_see.institution and one.exam.institution == may_see.institution):
            yield one


def _lines(changes: Iterator[Change]) -> Iterator[str]:
    yield "\ufeff" + _line(HEADINGS)
    for one in changes:
        ordered = f"{local(one.ordered_at):%Y-%m-%d %H:%M}" if one.ordered_at else ""
        turns = "; ".join(map(str, one.turns))
        verdicts = (one.before.value, one.after.value)
        yield _line((one.exam.institution, one.exam.accession, ordered, *verdicts, one.action.value, turns))


def _line(cells: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=SEPARATOR).writerow([cell(one) for one in cells])
    return text.getvalue()


def _history(desk: RuleDesk) -> dict[str, object]:
    book = desk.book()
    return {"activations": activations(desk.ledger), "going_on": plan(desk.ledger, book) is not None, "book": book}


def _number(name: str) -> int:
    number = asked(name)
    return int(number) if number.isdecimal() and len(number) < 10 else 0


def rejudged_text(values: dict[str, int]) -> str:
    """Say what judging anew did."""
    return say(RULES["rejudged-as"]).format(**values)
