"""The frame around every page: where its navigation leads, light or dark, what was just done."""

from __future__ import annotations

from flask import current_app, request, url_for

from gecit.core.access import Action
from gecit.core.values import Text, Value

from .access import may_at_all, may_touch, person
from .words import PAGE, SAID

THEME_COOKIE = "gecit_theme"
THEMES = ("light", "dark")
BADGES = "gecit_badges"
"""Extension of the application: endpoint -> what counts that which waits there for the person."""

NAVIGATION: list[tuple[str, str, Action]] = [
    ("tracking.exams", "exams", Action.LIST_EXAMS),
    ("tracking.unlinked", "unlinked-short", Action.SEE_EXAM),
    ("reading.show", "reading", Action.WRITE_REPORT),
    ("consulting.show_all", "consultations", Action.ANSWER_CONSULTATION),
    ("critical.show", "critical-nav", Action.SEE_EXAM),
    ("templates.choose", "templates-nav", Action.MANAGE_TEMPLATES),
    ("reviews.show", "reviews", Action.REVIEW_REPORT),
    ("quality.show", "quality", Action.SEE_QUALITY),
    ("own_exams.show", "own-exams", Action.SEE_OWN_EXAMS),
    ("looks.show", "looks", Action.SEE_OWN_EXAMS),
    ("own_requests.show", "own-requests", Action.ASK_FOR_EXAM),
    ("patient_desk.show", "patient-desk", Action.ANSWER_PATIENTS),
    ("shared.show", "shared", Action.SEE_SHARED),
    ("sharing.show", "sharing", Action.SHARE),
    ("day.show", "day", Action.SEE_EXAM),
    ("rules.show", "rules", Action.SEE_RULES),
    ("health.show", "health", Action.SEE_HEALTH),
    ("users.show", "users", Action.MANAGE_USERS),
    ("tokens.show", "tokens", Action.MANAGE_TOKENS),
    ("webhooks.show", "webhooks", Action.MANAGE_WEBHOOKS),
    ("institutions.show", "institutions", Action.MANAGE_INSTITUTIONS),
    ("care.show", "care-short", Action.RECORD_CARE),
    ("trail.show", "audit-short", Action.SEE_AUDIT),
]
"""Endpoint, word and the action without which it is of no use; an endpoint that this installation has not is left out.

A citizen has pages of his own, and needs neither the numbers of a day nor studies that belong to nobody yet.
"""


class NavigationPlace(Value):
    """An entry of the navigation."""

    address: str
    name: Text
    current: str  # as `aria-current` says it: "page", "true" = a page further in, "" = elsewhere
    badge: int = 0  # what waits there for the person


class Said(Value):
    """What was just done; `kind` as Bootstrap names alerts."""

    text: Text
    kind: str = "success"


def navigation() -> list[NavigationPlace]:
    """Return where the person may go."""
    asker = person()
    return [
        NavigationPlace(address=url_for(endpoint), name=PAGE[word], current=_current(endpoint), badge=_badge(endpoint))
        for endpoint, word, action in NAVIGATION
        if endpoint in current_app.view_functions and may_at_all(asker, action)
    ]


def _badge(endpoint: str) -> int:
    count = current_app.extensions.get(BADGES, {}).get(endpoint)
    return count() if count else 0


def _current(endpoint: str) -> str:
    """Say whether a place is shown: itself, or a page of the same part that no other place of it leads to."""
    if request.endpoint == endpoint:
        return "page"
    part = endpoint.partition(".")[0]
    first = next(one for one, _, _ in NAVIGATION if one.startswith(f"{part}."))
    placed = request.endpoint in {one for one, _, _ in NAVIGATION}
    return "true" if request.blueprint == part and endpoint == first and not placed else ""


def can(action: str) -> bool:
    """Whether the person may do it with anything at all: for what is about no exam. Named as the table does."""
    return may_at_all(person(), Action(action))


def can_with(action: str, institution: str, tckn: str = "") -> bool:
    """Whether the person may do it with an exam of this institution and this patient: what a link on an exam asks."""
    return may_touch(Action(action), institution, tckn=tckn)


def has(endpoint: str) -> bool:
    """Whether this installation has a page."""
    return endpoint in current_app.view_functions


def theme() -> str:
    """Return what the person chose; empty = as the system has it."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def said() -> list[Said]:
    """Return what `?said=` names of a closed list, with its number: no address can make us say anything else."""
    code = request.args.get("said", "")
    if code not in SAID:
        return []
    text, kind = SAID[code]
    number = request.args.get("count", "")
    count = number if number.isascii() and number.isdigit() and len(number) < 8 else "0"
    return [Said(text=Text(tr=text.tr.format(count=count), en=text.en.format(count=count)), kind=kind)]


def helpers() -> dict[str, object]:
    """Return what templates call."""
    return {
        "navigation": navigation,
        "can": can,
        "can_with": can_with,
        "has": has,
        "theme": theme(),
        "said": said,
        "person": person(),
    }
