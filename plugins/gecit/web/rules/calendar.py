"""The calendar of all rules, and the page of one of them."""

from __future__ import annotations

from datetime import date, datetime

from flask import Blueprint, abort, render_template

from gecit.core.access import Action, reach
from gecit.core.announcements import announcements
from gecit.core.boundaries import boundaries
from gecit.core.dates import DATED_BY
from gecit.core.rulebook import Edition, Exemption, Rule, Rulebook
from gecit.core.rulecalendar import Standing, months, soon, standing
from gecit.core.values import Value, local
from gecit.core.verdict import Status
from gecit.edges.rule_cases import Case
from gecit.edges.store.rule_counts import count_failing

from ..access import needs, person
from .desk import RuleDesk
from .reading import asked
from .strips import drawing


class ShownEdition(Value):
    """An edition as a page shows it; `announced` is the anchor of its announcement on the front page."""

    number: int  # from 1; its place in the rule
    edition: Edition
    standing: Standing
    announced: str = ""


class ShownRule(Value):
    """A rule with what counts of it and how many of the exams that one reaches it keeps back."""

    rule: Rule
    editions: tuple[ShownEdition, ...]
    failed: int = 0
    unknown: int = 0

    @property
    def today(self) -> tuple[ShownEdition, ...]:
        """What is in force."""
        return tuple(one for one in self.editions if one.standing is Standing.IN_FORCE)

    @property
    def later(self) -> tuple[ShownEdition, ...]:
        """What starts later."""
        return tuple(one for one in self.editions if one.standing is Standing.LATER)


def add_calendar(pages: Blueprint, desk: RuleDesk) -> None:
    """Add the routes."""

    @pages.get("")
    @pages.get("/")
    @needs(Action.SEE_RULES)
    def show() -> str:
        book, now = desk.book(), desk.clock.now()
        every = boundaries(book)
        years = sorted({local(one.at).year for one in every if one.at}, reverse=True)
        year = asked("year") or str(min(now.year, max(years, default=now.year)))
        chosen = [one for one in every if one.at and year in ("all", str(local(one.at).year))]
        return render_template(
            "rules/calendar.html",
            book=book,
            rules=shown_rules(desk, book, now),
            drawing=drawing(book, local(now)),
            soon=soon(book, now),
            months=months(chosen),
            years=years,
            year=year,
        )

    @pages.get("/rule/<rule_id>")
    @needs(Action.SEE_RULES)
    def rule(rule_id: str) -> str:
        book, now = desk.book(), desk.clock.now()
        found = next((one for one in shown_rules(desk, book, now) if one.rule.id == rule_id), None) or abort(404)
        return render_template("rules/rule.html", **shown_rule(desk, book, found))


def shown_rule(desk: RuleDesk, book: Rulebook, found: ShownRule) -> dict[str, object]:
    """Return what the page of a rule shows."""
    return {
        "shown": found,
        "dated_by": DATED_BY[found.rule.dated_by].name,
        "exemptions": _excusing(book, found.rule),
        "cases": _cases(desk, found.rule),
    }


def shown_rules(desk: RuleDesk, book: Rulebook, now: datetime) -> list[ShownRule]:
    """Return all rules with what of each counts, and the counts that the person may see."""
    counts = count_failing(desk.ledger, reach(person(), Action.LIST_EXAMS))
    anchors = _anchors(book)
    return [
        ShownRule(
            rule=one,
            editions=tuple(
                ShownEdition(
                    number=number, edition=edition, standing=standing(edition, now), announced=_at(edition, anchors)
                )
                for number, edition in enumerate(one.editions, 1)
            ),
            failed=counts.get(one.id, {}).get(Status.FAILED, 0),
            unknown=counts.get(one.id, {}).get(Status.CANNOT_TELL, 0),
        )
        for one in book.rules
    ]


def _anchors(book: Rulebook) -> dict[tuple[date, str], str]:
    return {(one.published, one.title): one.id for one in announcements(book)}


def _at(edition: Edition, anchors: dict[tuple[date, str], str]) -> str:
    day = edition.source.published or edition.published
    return anchors.get((day, edition.source.title), "") if day else ""


def _excusing(book: Rulebook, rule: Rule) -> tuple[Exemption, ...]:
    return book.exemptions_of(rule.id)


def _cases(desk: RuleDesk, rule: Rule) -> list[Case]:
    return [one for one in desk.cases if rule.id in dict(one.then)]
