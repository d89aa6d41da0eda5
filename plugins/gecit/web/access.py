"""What each route needs of the access table, said where the route is; one that says nothing is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import g

from gecit.core.access import Action, Person, Whose, may, may_with, reach
from gecit.core.order import ExamKey

View = TypeVar("View", bound=Callable[..., Any])

NEEDS = "gecit_needs"


def needs(action: Action) -> Callable[[View], View]:
    """Mark a view with the action that it carries out; stands under the route.

    The guard lets in whoever may do it with anything at all; a view that shows somebody's exams narrows by
    `core.access.reach`, or asks `may_touch` of the one it found.
    """

    def mark(view: View) -> View:
        setattr(view, NEEDS, action)
        return view

    return mark


def open_to_all(view: View) -> View:
    """Mark a view that anybody may call, signed in or not: nothing of anybody stands there."""
    setattr(view, NEEDS, None)
    return view


def person() -> Person:
    """Return who asks; nobody, who has no rights, where nobody signed in."""
    found = getattr(g, "person", None)
    return found if isinstance(found, Person) else Person(name="")


def may_touch(action: Action, *institutions: str, tckn: str = "", exam: ExamKey | None = None) -> bool:
    """Whether who asks may do it with something of these institutions (SKRS codes), this patient, this exam."""
    return may_with(person(), action, institutions, tckn, (exam,) if exam else ())


def may_at_all(asker: Person, action: Action) -> bool:
    """Whether there is anything that the person may do it with."""
    return may(asker, action, Whose.NOBODY) or bool(reach(asker, action))
