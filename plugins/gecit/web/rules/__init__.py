"""The rules on pages: calendar, register of exemptions, drafts, what-if runs, history."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint

from gecit.core.access import Action
from gecit.core.rulebook import MINUTE
from gecit.core.values import local

from ..access import may_at_all, person
from ..language import say
from . import words
from .calendar import add_calendar
from .desk import RuleDesk
from .drafts import add_drafts
from .exemptions import add_exemptions
from .reading import scope
from .whatif import add_whatif, rejudged_text

__all__ = ["RuleDesk", "rules_pages"]


def rules_pages(desk: RuleDesk) -> Blueprint:
    """Build the pages of the rules."""
    pages = Blueprint("rules", __name__, url_prefix="/gecit/rules")
    pages.context_processor(_helpers)
    add_calendar(pages, desk)
    add_exemptions(pages, desk)
    add_drafts(pages, desk)
    add_whatif(pages, desk)
    return pages


def minute(at: datetime) -> str:
    """Write an instant as a form's field has it: its minute in Europe/Istanbul."""
    return f"{local(at):%Y-%m-%dT%H:%M}"


def _helpers() -> dict[str, object]:
    return {
        "r": lambda key: say(words.RULES[key]),
        "rule_words": words,
        "scope": scope,
        "pairs": lambda values: [(one, one) for one in values],
        "minute": minute,
        "minute_after": lambda at: minute(at + MINUTE),
        "rejudged_text": rejudged_text,
        "works_on_rules": may_at_all(person(), Action.WORK_ON_RULES),
    }
