"""The audit for administrators: a page with filters, a patient's views, CSV. A TCKN is only ever posted."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
from flask import Blueprint, Response, make_response, render_template, request

from gecit.core.access import Action
from gecit.core.audit_chain import AuditRow
from gecit.core.harmless import cell
from gecit.core.identifiers import is_tckn
from gecit.core.values import Text, local
from gecit.ports import AuditSearch, Unavailable

from ..access import needs
from ..audit import about
from ..problem import BY_STATUS, refuse
from ..tracking.asked import day_of
from ..tracking.export_file import SEPARATOR
from .words import ACTIONS, OUTCOMES, TEXTS, WHYS

PAGE = 100
LONGEST_NUMBER = 11
CSV_ROWS = 100_000
COLUMNS = ("at", "who", "what", "outcome", "why", "institution", "accession", "patient", "address", "detail")
FILTERS = ("who", "what", "institution", "accession", "outcome")

Rows = Callable[[AuditSearch], Sequence[AuditRow]]


def trail(rows: Rows, digest: Callable[[str], str]) -> Blueprint:
    """Build the page. `digest` makes of a TCKN what the audit keeps of it."""
    pages = Blueprint("trail", __name__, url_prefix="/gecit/audit")

    @pages.get("")
    @needs(Action.SEE_AUDIT)
    def show() -> str:
        return _page(rows, _search(PAGE))

    @pages.get("/csv")
    @needs(Action.SEE_AUDIT)
    def as_csv() -> Response:
        return _csv(rows(_search(CSV_ROWS)))

    @pages.post("/patient")
    @needs(Action.SEE_AUDIT)
    def of_patient() -> str | Response:
        tckn = request.form.get("tckn", "").strip()
        about(patient=tckn)
        if not is_tckn(tckn):
            return make_response(_page(rows, None, wrong=True), 400)
        whole = "csv" in request.form
        search = AuditSearch(patient=digest(tckn), limit=CSV_ROWS if whole else 10 * PAGE)
        return _csv(rows(search)) if whole else _page(rows, search, of_patient=tckn)

    @pages.errorhandler(Unavailable)
    def on_unavailable(fault: Unavailable) -> Response:
        return refuse("unavailable")

    return pages


def _page(rows: Rows, search: AuditSearch | None, *, of_patient: str = "", wrong: bool = False) -> str:
    found = rows(msgspec.structs.replace(search, limit=search.limit + 1)) if search else ()
    more = search is not None and len(found) > search.limit
    asked = {name: request.args.get(name, "") for name in (*FILTERS, "since", "until")}
    return render_template(
        "trail.html",
        rows=found[: search.limit] if search else (),
        more=more,
        number=_number(),
        asked=asked,
        query={name: value for name, value in asked.items() if value},
        patient=f"…{of_patient[-3:]}" if of_patient else "",
        wrong=wrong,
        wrong_day=any(asked[name] and _day(name) is None for name in ("since", "until")),
        typed=request.form.get("tckn", "")[:LONGEST_NUMBER] if wrong else "",
        why=_why,
        texts=TEXTS,
        outcomes=OUTCOMES,
        actions=ACTIONS,
        detail=_shown_detail,
    )


def _number() -> int:
    text = request.args.get("page", "1")
    return int(text) if len(text) <= 4 and text.isascii() and text.isdigit() and int(text) else 1


def _search(limit: int) -> AuditSearch:
    """Read the filters of the address; a day that is none does not narrow."""
    since, until = day_of(request.args.get("since", "")), day_of(request.args.get("until", ""))
    return AuditSearch(
        **{name: request.args.get(name, "").strip() for name in FILTERS},
        since=since,
        until=until + timedelta(days=1) if until else None,
        limit=limit,
        offset=(_number() - 1) * limit if limit == PAGE else 0,
    )


def _day(name: str) -> datetime | None:
    return day_of(request.args.get(name, "").strip())


def _why(row: AuditRow) -> Text:
    """Say why in words; what has none is shown as it was written."""
    answered = BY_STATUS.get(int(row.why)) if row.why.isascii() and row.why.isdigit() else None
    return answered.title if answered else WHYS.get(row.why, Text(tr=row.why, en=row.why))


def _detail(row: AuditRow) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(row.detail.items()))


def _shown_detail(row: AuditRow) -> str:
    """Leave out which function answered, which says nothing to readers; the file has it."""
    return _detail(
        msgspec.structs.replace(row, detail={one: text for one, text in row.detail.items() if one != "route"})
    )


def _csv(found: Sequence[AuditRow]) -> Response:
    response = Response(_lines(found), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="gecit-audit.csv"'
    return response


def _lines(found: Sequence[AuditRow]) -> Iterator[str]:
    yield "\ufeff"  # so that spreadsheets read UTF-8
    yield _line(COLUMNS)
    for row in found:
        values = {**msgspec.structs.asdict(row), "at": local(row.at).isoformat(), "detail": _detail(row)}
        yield _line([cell(str(values[name])) for name in COLUMNS])


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=SEPARATOR).writerow(cells)
    return text.getvalue()
