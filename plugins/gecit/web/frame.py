"""The frame around every page: where its navigation leads, light or dark, what was just done."""

from __future__ import annotations

from collections.abc import Collection

from flask import current_app, request, url_for

from gecit.core.access import Action, Role
from gecit.core.values import Text, Value

from .access import may_at_all, may_touch, person
from .language import HOME
from .navigation import FEW, GROUPS, LANDINGS, Group, Place, home_of
from .words import PAGE, SAID

THEME_COOKIE = "gecit_theme"
THEMES = ("light", "dark")
BADGES = "gecit_badges"
"""Extension of the application: endpoint -> what counts that which waits there for the person."""


class NavigationPlace(Value):
    """An entry of the navigation."""

    address: str
    name: Text
    current: str  # as `aria-current` says it: "page", "true" = a page further in, "" = elsewhere
    badge: int = 0  # what waits there for the person


class NavigationGroup(Value):
    """Entries that the bar folds under one name; one entry alone, or where there are few, stands for itself."""

    name: Text
    places: tuple[NavigationPlace, ...]
    folded: bool

    @property
    def current(self) -> bool:
        """Whether the page is one of its entries, or further in."""
        return any(one.current for one in self.places)

    @property
    def badge(self) -> int:
        """What waits in all its entries."""
        return sum(one.badge for one in self.places)


class Said(Value):
    """What was just done; `kind` as Bootstrap names alerts."""

    text: Text
    kind: str = "success"


def navigation() -> list[NavigationGroup]:
    """Return where the person may go."""
    found = [(PAGE[group.word], tuple(map(_shown, _open(group)))) for group in GROUPS]
    many = sum(len(places) for _, places in found) > FEW
    return [
        NavigationGroup(name=name, places=places, folded=many and len(places) > 1) for name, places in found if places
    ]


def addresses() -> list[str]:
    """Return where the person may go, the first first."""
    return [url_for(one.endpoint) for group in GROUPS for one in _open(group)]


def landing(roles: Collection[Role], asked: str) -> str:
    """Return where to go after signing in: the page that was asked for, else where the work of these roles begins."""
    known = current_app.view_functions
    begins = next((end for role, end in LANDINGS if role in roles and end in known), "")
    return url_for(begins) if begins and asked == HOME else asked


def _open(group: Group) -> list[Place]:
    asker = person()
    known = current_app.view_functions
    return [one for one in group.places if one.endpoint in known and may_at_all(asker, one.action)]


def _shown(place: Place) -> NavigationPlace:
    return NavigationPlace(
        address=url_for(place.endpoint),
        name=PAGE[place.word],
        current=_current(place.endpoint),
        badge=_badge(place.endpoint),
    )


def _badge(endpoint: str) -> int:
    count = current_app.extensions.get(BADGES, {}).get(endpoint)
    return count() if count else 0


def _current(endpoint: str) -> str:
    """Say whether a place is shown: itself, or a page that belongs to it."""
    if request.endpoint == endpoint:
        return "page"
    return "true" if home_of(request.endpoint or "", request.blueprint or "") == endpoint else ""


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
