"""How long a request's body may be: each route as every route, unless it says that it takes a file; and that file.

Orthanc's HTTP server takes a multipart form apart and hands on nothing of it, so no form of ours is one: `upload.js`
puts the file into a field as text, base64url (RFC 4648, 5).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app, request

from gecit.core.values import Text

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
        request.max_content_length = request.max_form_memory_size = size


class NotSentError(ValueError):
    """A file was chosen, and its content did not come: the browser runs no scripts."""


NOT_SENT = Text(
    tr="Dosyanın içeriği gelmedi. Tarayıcınızda JavaScript açık olmalı.",
    en="The file's content did not come. Switch JavaScript on in your browser.",
)


def uploaded() -> bytes:
    """Return the file of a form; empty where none was chosen. Raises `NotSentError`."""
    text = request.form.get("file-content", "")
    if not text and request.form.get("file"):
        raise NotSentError
    try:
        return base64.b64decode(text.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as fault:
        raise NotSentError from fault
