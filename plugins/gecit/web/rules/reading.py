"""Forms and addresses of these pages: what was typed, and what is said back."""

from __future__ import annotations

from datetime import datetime

from flask import request

from gecit.core.rulebook import Scope
from gecit.core.values import Text, local

from ..tracking.asked import YEARS
from .words import RULES


class WrongInput(Exception):
    """Something that was typed cannot be used; `text` says what."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def typed(name: str) -> str:
    """Return a field of the form."""
    return request.form.get(name, "").strip()


def asked(name: str) -> str:
    """Return a value of the address."""
    return request.args.get(name, "").strip()


def typed_moment(name: str) -> datetime:
    """Return an instant of the form, in Europe/Istanbul."""
    try:
        found = local(datetime.fromisoformat(typed(name)))
    except (ValueError, OverflowError) as fault:
        raise WrongInput(RULES["wrong-date"]) from fault
    if found.year not in YEARS:
        raise WrongInput(RULES["wrong-date"])
    return found


def scope(one: Scope) -> list[tuple[str, str]]:
    """Return what a scope narrows to; nothing = every exam."""
    return [(name, ", ".join(getattr(one, name))) for name in one.__struct_fields__ if getattr(one, name)]
