"""How long a request's body may be: each route as every route, unless it says that it takes a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app, request

View = TypeVar("View", bound=Callable[..., Any])

LONGEST = "gecit_longest_body"


def takes_up_to(size: int) -> Callable[[View], View]:
    """Mark a view whose body may have so many bytes; stands under the route."""

    def mark(view: View) -> View:
        setattr(view, LONGEST, size)
        return view

    return mark


def allow_longer() -> None:
    """Let the body of a marked view be longer; asked before anything reads it."""
    view = current_app.view_functions.get(request.endpoint or "")
    size = getattr(view, LONGEST, None)
    if size:
        request.max_content_length = size
