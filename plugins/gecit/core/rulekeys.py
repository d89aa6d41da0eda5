"""Keys that rule files and exemption files share: scopes, sources, parameters of checks."""

from __future__ import annotations

from collections.abc import Iterable

from .checks import CHECKS, Check
from .rulebook import Param, Scope, Source
from .tables import Fault, Table

SOURCES = ("notice", "letter", "circular", "guide", "reading", "site")
DATED_SOURCES = ("notice", "letter", "circular")  # these have a day, and it must be given
MOST = 1_000_000  # of a number for which a check names no bound of its own
OWNERSHIPS = ("public", "private", "university")


def read_scope(table: Table) -> Scope:
    """Read `applies`."""
    scope = Scope(
        modality=table.names("modality", any_is_empty=True),
        not_modality=table.names("not_modality"),
        institution=table.names("institution"),
        not_institution=table.names("not_institution"),
        ownership=table.names("ownership", known=OWNERSHIPS),
        sut=_codes(table, "sut"),
        not_sut=_codes(table, "not_sut"),
        device_serial=table.names("device_serial"),
    )
    table.close()
    return scope


def _codes(table: Table, key: str) -> tuple[str, ...]:
    codes = table.names(key)
    if any("*" in one[:-1] or one == "*" for one in codes):
        table.fault(key, "* yalnızca bir kodun sonunda olabilir", "* can only stand at the end of a code")
    return codes


def read_source(table: Table) -> Source:
    """Read `source`."""
    source = Source(
        kind=table.choice("kind", SOURCES),
        title=table.text("title"),
        published=table.day("published", required=False),
        reference=table.text("reference", required=False),
    )
    table.close()
    return source


def read_check(table: Table) -> tuple[str, dict[str, Param]]:
    """Read `check` and `params` of an edition, or of what an exemption is `provided` for."""
    check = table.choice("check", CHECKS)
    if table.faulty("check"):
        table.table("params", required=False)  # whose parameters these are is not known
        return check, {}
    params = table.table("params", required=False)
    known = CHECKS[check].params
    read = {name: params.param(name, default) for name, default in known.items() if name in params}
    params.close(known)
    for name, value in read.items():
        _within(params, name, value, CHECKS[check])
    return check, read


def _within(table: Table, name: str, value: Param, check: Check) -> None:
    """Refuse a word that the check does not know, and a number that it cannot look so far for."""
    choices = check.choices.get(name)
    if choices is not None and value not in choices:
        listed = ", ".join(choices)
        table.fault(name, f"şunlardan biri olmalı: {listed}", f"must be one of: {listed}")
    if type(value) is int and not 0 <= value <= check.most.get(name, MOST):
        most = check.most.get(name, MOST)
        table.fault(name, f"0 ile {most} arasında olmalı", f"must lie between 0 and {most}")


def doubles(placed: Iterable[tuple[str, str]]) -> list[Fault]:
    """Return a fault of every id that stands again, in the later place; `placed`: ids with where they stand."""
    first: dict[str, str] = {}
    faults: list[Fault] = []
    for one, place in placed:
        if one in first:
            also = f" ({first[one]})" if first[one] != place else ""
            faults.append(Fault.of(place, "id", f"{one!r} iki kez var{also}", f"{one!r} stands twice{also}"))
        first.setdefault(one, place)
    return faults
