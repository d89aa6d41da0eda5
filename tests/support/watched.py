"""Watches every request of the tests of pages: what it changes in a ledger, the audit has been told of before.

A change is a statement that writes to any table but those of `OF_DOORS`, whose rows say who comes in and are audited
where that is decided. What is told: a row that any audit takes, or `tell_first` where an application has no audit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from flask import Flask, g, has_request_context, request, request_started

from gecit.edges.audit_book import AuditBook
from gecit.web.audit import EXTENSION
from tests.fake_accounts import FakeAudit

OF_DOORS = frozenset({"audit", "audit_chain", "login", "session", "attempt", "token", "beat"})
NO_ROW = frozenset({"editor.draft"})
"""A pause in typing is no row; signing is one."""
WRITES = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)

changing: set[str] = set()
"""Endpoints that were seen to change something, told before; of the whole run."""


class _Told:
    """Stands where an application has no audit."""

    def tell_first(self) -> None:
        g.watched_told = True


@contextmanager
def watched(patch: Any) -> Iterator[list[str]]:
    """Yield what was changed untold, as `endpoint: table`."""
    untold: list[str] = []

    def started(app: Flask, **_: object) -> None:
        app.extensions.setdefault(EXTENSION, _Told())

    def written(_: object, __: object, statement: str, *___: object) -> None:
        if not has_request_context() or request.method in ("GET", "HEAD", "OPTIONS"):
            return
        found = WRITES.match(statement)
        if found is None or found[1] in OF_DOORS or request.endpoint in NO_ROW:
            return
        if g.get("watched_told", False):
            changing.add(str(request.endpoint))
        else:
            untold.append(f"{request.endpoint}: {found[1]}")

    for book in (AuditBook, FakeAudit):
        patch.setattr(book, "record", _telling(book.record))
    request_started.connect(started)
    sa.event.listen(sa.Engine, "before_cursor_execute", written)
    try:
        yield untold
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", written)
        request_started.disconnect(started)


def _telling(record: Any) -> Any:
    def told(*given: Any) -> None:
        record(*given)
        if has_request_context():
            g.watched_told = True

    return told
