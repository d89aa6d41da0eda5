"""The register of all exemption windows, and the outages from which one can be drafted."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response as Answer

from gecit.core.access import Action, reach
from gecit.core.announcements import announcements
from gecit.core.background import Outage
from gecit.core.harmless import cell
from gecit.core.rulebook import Exemption, Rulebook, Window
from gecit.core.rulecalendar import Standing, standing
from gecit.core.values import Value, local
from gecit.edges.rule_activation import drafted
from gecit.edges.rule_drafts import DraftError
from gecit.edges.store.rule_counts import count_excused

from ..access import needs, person
from ..audit import tell_first
from ..language import say
from ..tracking.export_file import SEPARATOR
from .desk import RuleDesk
from .reading import WrongInput, asked, scope, typed, typed_moment
from .words import RULES, STANDINGS

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
SHOWN = 300  # outages


class Row(Value):
    """A window with the exemption that it is of, and how many exams it excuses of those that one reaches."""

    window: Window
    exemption: Exemption
    standing: Standing
    exams: int = 0
    announced: str = ""  # anchor on the front page

    @property
    def applies(self) -> list[tuple[str, str]]:
        """Whom it means: the exemption's own scope, then the window's."""
        return [*scope(self.exemption.applies), *scope(self.window.applies)]

    def cells(self) -> dict[str, str]:
        """Return the row as the CSV has it, by heading."""
        window, source = self.window, self.window.source
        return {
            "window": window.id,
            "exemption": self.exemption.id,
            "excuses": ", ".join(self.exemption.excuses),
            "from": f"{local(window.start):%Y-%m-%d %H:%M}",
            "last": f"{local(window.last):%Y-%m-%d %H:%M}" if window.last else "",
            "applies": "; ".join(f"{name}: {value}" for name, value in self.applies),
            "condition": self.exemption.provided,
            "teletip_id": window.teletip_id,
            "published": window.published.isoformat(),
            "kind": source.kind,
            "source": source.title,
            "reference": source.reference,
            "origin": window.origin,
            "state": say(STANDINGS[self.standing]),
            "exams": str(self.exams),
        }


class Filter(Value):
    """What of the register is wanted; what is empty does not narrow."""

    exemption: str = ""
    rule: str = ""
    year: str = ""
    origin: str = ""
    text: str = ""

    def fits(self, one: Row) -> bool:
        """Whether a row is wanted."""
        window, words = one.window, self.text.casefold()
        said = f"{window.id} {window.source.title} {window.source.reference} {window.teletip_id}".casefold()
        years = {str(local(at).year) for at in (window.start, window.last) if at}
        return (
            self.exemption in ("", one.exemption.id)
            and (not self.rule or self.rule in one.exemption.excuses)
            and (not self.year or self.year in years)
            and self.origin in ("", window.origin)
            and words in said
        )


def add_exemptions(pages: Blueprint, desk: RuleDesk) -> None:
    """Add the routes."""

    @pages.get("/exemptions")
    @needs(Action.SEE_RULES)
    def exemptions() -> str:
        book, wanted = desk.book(), _wanted()
        rows = _rows(desk, book)
        return render_template(
            "rules/exemptions.html",
            rows=[one for one in rows if wanted.fits(one)],
            wanted=wanted,
            book=book,
            rules=sorted({rule for one in book.exemptions for rule in one.excuses}),
            years=sorted({local(one.window.start).year for one in rows}, reverse=True),
        )

    @pages.get("/exemptions.csv")
    @needs(Action.SEE_RULES)
    def exemptions_csv() -> Response:
        wanted = _wanted()
        return _as_csv(one for one in _rows(desk, desk.book()) if wanted.fits(one))

    @pages.get("/outages")
    @needs(Action.SEE_RULES)
    def outages() -> str:
        return _outages(desk)

    @pages.post("/outages/draft")
    @needs(Action.WORK_ON_RULES)
    def draft_outages() -> Answer | tuple[str, int]:
        try:
            return redirect(_draft(desk), 303)
        except (WrongInput, DraftError) as fault:
            return _outages(desk, fault), 400


def _wanted() -> Filter:
    return Filter(
        exemption=asked("exemption"), rule=asked("rule"), year=asked("year"), origin=asked("origin"), text=asked("text")
    )


def _rows(desk: RuleDesk, book: Rulebook) -> list[Row]:
    counts, now = count_excused(desk.ledger, reach(person(), Action.LIST_EXAMS)), desk.clock.now()
    anchors = {(one.published, one.title): one.id for one in announcements(book)}
    rows = [
        Row(
            window=window,
            exemption=one,
            standing=standing(window, now),
            exams=counts.get(window.id, 0),
            announced=anchors.get((window.source.published or window.published, window.source.title), ""),
        )
        for one in book.exemptions
        for window in one.windows
    ]
    return sorted(rows, key=lambda one: (one.window.start, one.window.id), reverse=True)


def _as_csv(rows: Iterable[Row]) -> Response:
    table = io.StringIO()
    made = [one.cells() for one in rows]
    writer = csv.writer(table, delimiter=SEPARATOR)
    writer.writerow(made[0] if made else ())
    writer.writerows([cell(one) for one in row.values()] for row in made)
    # The mark tells spreadsheets that it is UTF-8.
    answer = make_response("\ufeff" + table.getvalue())
    answer.content_type = "text/csv; charset=utf-8"
    answer.headers["Content-Disposition"] = "attachment; filename=exemptions.csv"
    return answer


def _outages(desk: RuleDesk, fault: WrongInput | DraftError | None = None) -> str:
    now = desk.clock.now()
    found: list[Outage] = desk.ledger.read(lambda tx: tx.outages(BEGINNING, now + timedelta(days=1)))
    return render_template(
        "rules/outages.html",
        outages=found[::-1][:SHOWN],
        services=sorted({one.service for one in found}),
        exemptions=desk.book().exemptions,
        has_folder=desk.drafts.site is not None,
        fault=fault,
        now=now,
        typed=typed,
    )


def _draft(desk: RuleDesk) -> str:
    """Keep a draft of what was typed and return its address; `WrongInput`, `DraftError`."""
    into = next((one for one in desk.book().exemptions if one.id == typed("adds_to")), None)
    since, until = typed_moment("since"), typed_moment("until")
    if into is None or until <= since:
        raise WrongInput(RULES["wrong-date"])
    text, left = drafted(desk.ledger, into, typed("service"), since, until, desk.clock.now(), typed("title"))
    if not text:
        raise WrongInput(RULES["all-stands" if left else "no-outage-there"])
    tell_first()
    made = desk.drafts.write("exemptions", typed("name"), text)
    return url_for("rules.draft", kind=made.kind, name=made.name)
