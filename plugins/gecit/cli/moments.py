"""Instants on the command line: local unless they say otherwise, as people in Istanbul write them."""

from __future__ import annotations

from datetime import datetime

import click

from gecit.core.values import local


class Instant(click.ParamType["datetime"]):
    """`2024-05-14`, `2024-05-14T09:30` or `2024-05-14 09:30:15`, with an offset where it is not Istanbul's time."""

    name = "instant"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read it; an instant that was read already stays."""
        if isinstance(value, datetime):
            return value
        try:
            return local(datetime.fromisoformat(str(value)))
        except ValueError:
            self.fail(f"{value!r}: tarih değil / no date; 2024-05-14T09:30", param, ctx)


INSTANT = Instant()
