"""Watches every request and every command of tests: what it changes in a ledger, the audit was told of before.

A change is a statement that writes to any table but those of `OF_DOORS`, whose rows say who comes in and are audited
where that is decided. What is told: a row that any audit takes, or `tell_first` where an application has no audit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
import sqlalchemy as sa
from flask import Flask, g, has_request_context, request, request_started

from gecit.edges.audit_book import AuditBook
from gecit.web.audit import EXTENSION
from tests.fake_accounts import FakeAudit

OF_DOORS = frozenset({"audit", "audit_chain", "login", "session", "attempt", "token", "beat"})
OF_MIGRATIONS = frozenset({"alembic_version", "beat_made_anew"})
TYPING = frozenset({"editor.draft", "editor.sign", "marking.mark", "marking.take_back"})
"""They save the draft as it is typed, which is no row of the audit; what they do then is one."""
COUNTED = ("link.enter", "share_link")
"""Each try of a code is counted before anything is decided; the visit that one begins is told first."""
OWN_LEDGER = frozenset({"check", "samples"})
"""Commands that try something on a ledger of their own, in memory."""
WRITES = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)
TOLD = "gecit.told"

changing: set[str] = set()
"""Endpoints and commands that were seen to change something, told before; of the whole run."""


class _Told:
    """Stands where an application has no audit."""

    def tell_first(self) -> None:
        g.watched_told = True


@contextmanager
def watched(patch: Any) -> Iterator[list[str]]:
    """Yield what was changed untold, as `endpoint: table`."""
    untold: list[str] = []
    open_ones: dict[sa.Connection, list[str]] = {}  # of transactions that have not ended

    def started(app: Flask, **_: object) -> None:
        app.extensions.setdefault(EXTENSION, _Told())

    def written(connection: sa.Connection, __: object, statement: str, *___: object) -> None:
        found = WRITES.match(statement)
        who = _acting()
        if found and found[1] == "audit" and connection in open_ones and has_request_context():
            g.watched_told = True  # the row of a change that is carried out with it
        if found is None or not who or found[1] in OF_DOORS | OF_MIGRATIONS or who in OWN_LEDGER:
            return
        if (found[1] == "draft" and who in TYPING) or (who, found[1]) == COUNTED:
            return
        if _told():
            changing.add(who)
        else:
            open_ones.setdefault(connection, []).append(f"{who}: {found[1]}")

    def committed(connection: sa.Connection) -> None:
        done = open_ones.pop(connection, ())
        if done and _told():  # in the same transaction
            changing.add(_acting())
        else:
            untold.extend(done)

    def taken_back(connection: sa.Connection) -> None:
        open_ones.pop(connection, None)  # as what is only tried: nothing was changed

    for book in (AuditBook, FakeAudit):
        patch.setattr(book, "record", _telling(book.record))
    request_started.connect(started)
    heard = (("before_cursor_execute", written), ("commit", committed), ("rollback", taken_back))
    for name, hears in heard:
        sa.event.listen(sa.Engine, name, hears)
    try:
        yield untold
    finally:
        for name, hears in heard:
            sa.event.remove(sa.Engine, name, hears)
        untold.extend(one for found in open_ones.values() for one in found)
        request_started.disconnect(started)


def _acting() -> str:
    """Return which changing request or which command is under way in this thread; "" = none."""
    if has_request_context():
        return "" if request.method in ("GET", "HEAD", "OPTIONS") else str(request.endpoint)
    command = click.get_current_context(silent=True)
    return command.command_path.partition(" ")[2] if command else ""


def _told() -> bool:
    if has_request_context():
        return bool(g.get("watched_told", False))
    return bool(click.get_current_context().find_root().meta.get(TOLD))


def _telling(record: Callable[..., None]) -> Callable[..., None]:
    def told(*given: Any) -> None:
        record(*given)
        if has_request_context():
            g.watched_told = True
        elif command := click.get_current_context(silent=True):
            command.find_root().meta[TOLD] = True

    return told
