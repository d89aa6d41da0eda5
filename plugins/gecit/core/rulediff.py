"""What differs between two rulebooks: rule by rule, edition by edition, window by window."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Literal

import msgspec

from .rulebook import Edition, Exemption, Rule, Rulebook, Window
from .values import Value

Plain = Mapping[str, Any]


class Difference(Value):
    """One thing that was added, removed or changed; values stand as JSON has them, None = it was not there."""

    kind: Literal["rule", "exemption"]
    id: str
    change: Literal["added", "removed", "changed"]
    part: str = ""  # edition: its first instant, with its track; window: its id; empty = the whole
    field: str = ""  # what changed
    before: Any = None
    after: Any = None


def difference(before: Rulebook, after: Rulebook) -> tuple[Difference, ...]:
    """Return every difference, rules first, in order of id; equal rulebooks have none."""
    rules = _compared("rule", _by_id(before.rules), _by_id(after.rules))
    exemptions = _compared("exemption", _by_id(before.exemptions), _by_id(after.exemptions))
    return (*rules, *exemptions)


def told(found: Iterable[Difference]) -> tuple[Difference, ...]:
    """Leave out who a part is of: a file that a site replaces says so at every window; alone it is told once."""
    groups: dict[tuple[str, str], list[Difference]] = {}
    for one in found:
        groups.setdefault((one.kind, one.id), []).append(one)
    return tuple(
        chain.from_iterable([one for one in group if one.field != "origin"] or group[:1] for group in groups.values())
    )


def lost(found: Iterable[Difference]) -> tuple[Difference, ...]:
    """Return what is there no longer: what was removed, and a site's own that a shipped one replaces."""
    found = tuple(found)
    given_up = {(one.kind, one.id) for one in found if (one.part, one.field, one.before) == ("", "origin", "site")}
    return tuple(one for one in told(found) if one.change == "removed" or _replaced(one, given_up))


def _replaced(one: Difference, given_up: Collection[tuple[str, str]]) -> bool:
    return (one.kind, one.id) in given_up and one.change == "changed" and one.field != "origin"


def _by_id(values: tuple[Rule, ...] | tuple[Exemption, ...]) -> dict[str, Rule | Exemption]:
    return {one.id: one for one in values}


def _compared(
    kind: Literal["rule", "exemption"], before: Mapping[str, Rule | Exemption], after: Mapping[str, Rule | Exemption]
) -> Iterator[Difference]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            yield _one_sided(kind, name, "", _plain(old), _plain(new))
            continue
        yield from _fields(kind, name, "", _head(old), _head(new))
        yield from _parts(kind, name, _parted(old), _parted(new))


def _parts(
    kind: Literal["rule", "exemption"], name: str, before: Mapping[str, Plain], after: Mapping[str, Plain]
) -> Iterator[Difference]:
    for part in sorted(before.keys() | after.keys()):
        old, new = before.get(part), after.get(part)
        if old is None or new is None:
            yield _one_sided(kind, name, part, old, new)
        else:
            yield from _fields(kind, name, part, old, new)
    both = [one for one in before if one in after]
    if both != [one for one in after if one in before]:  # the first track that means an exam counts
        yield Difference(kind=kind, id=name, change="changed", field="order", before=list(before), after=list(after))


def _fields(
    kind: Literal["rule", "exemption"], name: str, part: str, before: Plain, after: Plain
) -> Iterator[Difference]:
    for field in sorted(before.keys() | after.keys()):
        old, new = before.get(field), after.get(field)
        if old != new:
            yield Difference(kind=kind, id=name, part=part, change="changed", field=field, before=old, after=new)


def _one_sided(
    kind: Literal["rule", "exemption"], name: str, part: str, before: Plain | None, after: Plain | None
) -> Difference:
    change: Literal["added", "removed"] = "added" if before is None else "removed"
    return Difference(kind=kind, id=name, part=part, change=change, before=before, after=after)


def _plain(value: Value | None) -> Plain | None:
    built: Plain | None = None if value is None else msgspec.to_builtins(value)
    return built


def _head(value: Rule | Exemption) -> Plain:
    """Everything but the editions or windows."""
    return {key: one for key, one in (_plain(value) or {}).items() if key not in ("editions", "windows")}


def _parted(value: Rule | Exemption) -> dict[str, Plain]:
    parts: tuple[Edition | Window, ...] = value.editions if isinstance(value, Rule) else value.windows
    return {_name(one): _plain(one) or {} for one in parts}


def _name(part: Edition | Window) -> str:
    if isinstance(part, Window):
        return part.id
    start = f"{part.start:%Y-%m-%dT%H:%M}" if part.start else "-"
    return f"{start} {part.track}".rstrip()
