"""How a TOML file of `rules/exemptions/` becomes an exemption, or rows that are added to one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from msgspec.structs import replace

from .dates import DATED_BY
from .rulebook import Exemption, Origin, Param, Window
from .rulekeys import doubles, read_check, read_scope, read_source
from .tables import Fault, Table
from .values import ISTANBUL, Value

EPOCH = datetime(1900, 1, 1, tzinfo=ISTANBUL)
"""Stands in for a date that is wrong; the fault is recorded."""


class Addition(Value):
    """Windows that one file adds to an exemption of another."""

    file: str
    adds_to: str  # id of the exemption
    windows: tuple[Window, ...]


def read_exemption(table: Table, stem: str, origin: Origin) -> Exemption | Addition | None:
    """Read one file; None where it has faults."""
    before = len(table.faults)
    read = _addition(table, origin) if "adds_to" in table else _exemption(table, stem, origin)
    table.close()
    if len(table.faults) == before:
        table.faults.extend(doubles((one.id, _rows_of(table.file)) for one in read.windows))
    return read if len(table.faults) == before else None


def add(
    additions: Sequence[Addition], exemptions: dict[str, Exemption], files: Mapping[str, str], faults: list[Fault]
) -> None:
    """Put added rows into their exemptions; a row that stands there already is a fault. `files`: exemption -> its."""
    for name, into in list(exemptions.items()):
        added = [(window, one.file) for one in additions if one.adds_to == name for window in one.windows]
        if added:
            rows = [*((window, files[name]) for window in into.windows), *added]
            faults.extend(doubles((window.id, _rows_of(file)) for window, file in rows))
            exemptions[name] = replace(into, windows=_sorted([window for window, _ in rows]))


def _rows_of(file: str) -> str:
    return f"{file}: window"


def _addition(table: Table, origin: Origin) -> Addition:
    exemption_id = table.text("adds_to")
    return Addition(file=table.file, adds_to=exemption_id, windows=_windows(table, exemption_id, origin))


def _exemption(table: Table, stem: str, origin: Origin) -> Exemption:
    exemption_id = table.text("id", required=False) or stem
    provided, params = _provided(table)
    return Exemption(
        id=exemption_id,
        title=table.languages("title"),
        excuses=table.names("excuses", required=True),
        dated_by=table.choice("dated_by", DATED_BY),
        windows=_windows(table, exemption_id, origin),
        applies=read_scope(table.table("applies", required=False)),
        provided=provided,
        provided_params=params,
        reading=table.text("reading", required=False),
        origin=origin,
    )


def _provided(table: Table) -> tuple[str, dict[str, Param]]:
    if "provided" not in table:
        return "", {}
    condition = table.table("provided")
    read = read_check(condition)
    condition.close()
    return read


def _windows(table: Table, exemption_id: str, origin: Origin) -> tuple[Window, ...]:
    return _sorted([_window(one, exemption_id, origin) for one in table.tables("window", required=True)])


def _sorted(windows: Sequence[Window]) -> tuple[Window, ...]:
    return tuple(sorted(windows, key=lambda one: (one.start, one.id)))


def _window(table: Table, exemption_id: str, origin: Origin) -> Window:
    open_ended = table.flag("open_ended")
    start, last = table.moment("from", whole_minutes=True), _last(table, required=not open_ended)
    if open_ended and last:
        table.fault("open_ended", "`last` ile birlikte yazılamaz", "cannot stand beside `last`")
    if start and last and last < start:
        table.fault("last", "`from` değerinden önce", "is before `from`")
    begin = start or EPOCH
    window = Window(
        id=table.text("id", required=False) or f"{exemption_id}@{begin:%Y-%m-%dT%H:%M}",
        start=begin,
        last=last,
        published=_published(table, start),
        source=read_source(table.table("source")),
        applies=read_scope(table.table("applies", required=False)),
        teletip_id=table.text("teletip_id", required=False),
        origin=origin,
    )
    table.close()
    return window


def _published(table: Table, start: datetime | None) -> date:
    """An exemption is announced when the outage has begun, often long after it; an earlier day is a slip of the pen."""
    published, announced_before = table.day("published"), table.flag("announced_before")
    if published and start and published < start.date() and not announced_before:
        table.fault(
            "published",
            "`from` gününden önce; önceden duyurulduysa `announced_before = true` yazın",
            "is before the day of `from`; write `announced_before = true` if it was announced beforehand",
        )
    return published or date.min


def _last(table: Table, *, required: bool) -> datetime | None:
    """The last minute inside; a date without a time means the whole day."""
    last = table.moment("last", required=required, whole_minutes=True)
    if last is None or not table.is_day("last"):
        return last
    return datetime.combine(last.date(), time.min, last.tzinfo) + timedelta(days=1, minutes=-1)
