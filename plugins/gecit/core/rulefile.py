"""How a TOML file of `rules/` becomes a rule or an exemption; every fault is collected and named by file and key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from .checks import CHECKS
from .dates import DATED_BY
from .rulebook import Edition, Exemption, Origin, Param, Rule, Rulebook, Scope, Source, Window
from .tables import Fault, Table
from .values import local
from .verdict import Effect

Files = dict[str, dict[str, object]]
"""File name -> what TOML made of it; a file in a folder `exemptions` is an exemption, any other a rule."""

WHO = ("modality", "HBYS", "radiologist", "PACS", "administrator")
SOURCES = ("notice", "letter", "circular", "guide", "reading", "site")
DATED_SOURCES = ("notice", "letter", "circular")  # these have a day, and it must be given
EPOCH = datetime(1900, 1, 1)  # noqa: DTZ001 - `local` adds the zone


class RulebookError(ValueError):
    """Rule files cannot be used as they are; `faults` has every fault, and the text one line for each."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(one) for one in self.faults))


def parse(files: Files, site: Files | None = None) -> Rulebook:
    """Make a rulebook of rule files; those of `site` replace shipped ones with the same id, or add. RulebookError."""
    faults: list[Fault] = []
    shipped, own = _read(files, "shipped", faults), _read(site or {}, "site", faults)
    rules = {**{one.id: one for one in shipped[0]}, **{one.id: one for one in own[0]}}
    exemptions = {**{one.id: one for one in shipped[1]}, **{one.id: one for one in own[1]}}
    if not faults:
        faults.extend(_unknown_rules(exemptions.values(), rules))
    if faults:
        raise RulebookError(faults)
    return Rulebook.of(tuple(rules.values()), tuple(exemptions.values()))


def _read(files: Files, origin: Origin, faults: list[Fault]) -> tuple[list[Rule], list[Exemption]]:
    rules: list[Rule] = []
    exemptions: list[Exemption] = []
    for name, content in sorted(files.items()):
        table = Table(name, content, faults)
        folder, _, stem = name.removesuffix(".toml").rpartition("/")
        if folder.rpartition("/")[2] == "exemptions":
            exemption = _exemption(table, stem, origin)
            exemptions.extend([exemption] if exemption else [])
        else:
            rule = _rule(table, origin)
            rules.extend([rule] if rule else [])
    prefix = "site: " if origin == "site" else ""
    faults.extend(_doubles(f"{prefix}submission/", [one.id for one in rules]))
    faults.extend(_doubles(f"{prefix}exemptions/", [one.id for one in exemptions]))
    return rules, exemptions


def _doubles(where: str, ids: list[str]) -> list[Fault]:
    doubles = [one for one, count in Counter(ids).items() if count > 1]
    return [Fault.of(where, "id", f"{one!r} iki dosyada var", f"{one!r} stands in two files") for one in doubles]


def _unknown_rules(exemptions: Iterable[Exemption], rules: Mapping[str, Rule]) -> list[Fault]:
    return [
        Fault.unknown(f"exemptions/{one.id}", "excuses", rule, rules)
        for one in exemptions
        for rule in one.excuses
        if rule not in rules
    ]


def _rule(table: Table, origin: Origin) -> Rule | None:
    before = len(table.faults)
    editions = tuple(_edition(one) for one in table.tables("edition", required=True))
    rule = Rule(
        id=table.text("id"),
        title=table.languages("title"),
        fix=table.languages("fix"),
        who=table.choice("who", WHO),
        where=table.text("where"),
        effect=Effect(table.choice("effect", [one.value for one in Effect])),
        dated_by=table.choice("dated_by", DATED_BY),
        editions=tuple(sorted(editions, key=lambda one: one.start or local(EPOCH))),
        origin=origin,
    )
    table.close()
    if len(table.faults) == before:
        _succession(table, rule.editions)
    return rule if len(table.faults) == before else None


def _edition(table: Table) -> Edition:
    start, until = _start(table), table.moment("until", required=False)
    check = table.choice("check", CHECKS)
    source = _source(table.table("source"))
    edition = Edition(
        start=start,
        until=until,
        check=check,
        params=_params(table.table("params", required=False), check),
        applies=_scope(table.table("applies")),
        source=source,
        published=table.day("published", required=source.kind in DATED_SOURCES),
        reading=table.text("reading", required=False),
        gap=table.text("gap", required=False),
    )
    if start and until and until <= start:
        table.fault("until", "`from` değerinden önce ya da ona eşit", "is not after `from`")
    table.close()
    return edition


def _start(table: Table) -> datetime | None:
    """`from`, or `start_unknown = true` where no source gives one; never both."""
    start_unknown = table.flag("start_unknown")
    start = table.moment("from", required=not start_unknown)
    if start and start_unknown:
        table.fault("start_unknown", "`from` ile birlikte yazılamaz", "cannot stand beside `from`")
    return start


def _params(table: Table, check: str) -> dict[str, Param]:
    known = CHECKS[check].params if check in CHECKS else {}
    params = {name: table.param(name, default) for name, default in known.items() if name in table}
    if check in CHECKS:
        table.close(known)
    return params


def _scope(table: Table) -> Scope:
    scope = Scope(
        modality=table.names("modality", any_is_empty=True),
        not_modality=table.names("not_modality"),
        institution=table.names("institution"),
        device_serial=table.names("device_serial"),
    )
    table.close()
    return scope


def _source(table: Table) -> Source:
    source = Source(
        kind=table.choice("kind", SOURCES),
        title=table.text("title"),
        published=table.day("published", required=False),
        reference=table.text("reference", required=False),
    )
    table.close()
    return source


def _succession(table: Table, editions: tuple[Edition, ...]) -> None:
    """Refuse editions that overlap, and gaps that nobody explains."""
    for number, (former, later) in enumerate(pairwise(editions), start=2):
        key = f"edition[{number}]"
        if later.start is None or former.until is None or later.start < former.until:
            table.fault(f"{key}.from", "önceki sürümle çakışıyor", "overlaps the edition before it")
        elif later.start > former.until and not later.gap:
            table.fault(
                f"{key}.gap",
                "önceki sürümle arada boşluk var; nedenini `gap` ile yazın",
                "leaves a gap after the edition before it; say why with `gap`",
            )


def _exemption(table: Table, stem: str, origin: Origin) -> Exemption | None:
    before = len(table.faults)
    exemption_id = table.text("id", required=False) or stem
    windows = [_window(one, exemption_id) for one in table.tables("window", required=True)]
    exemption = Exemption(
        id=exemption_id,
        title=table.languages("title"),
        excuses=table.names("excuses", required=True),
        dated_by=table.choice("dated_by", DATED_BY),
        windows=tuple(sorted(windows, key=lambda one: (one.start, one.id))),
        applies=_scope(table.table("applies", required=False)),
        reading=table.text("reading", required=False),
        origin=origin,
    )
    table.close()
    ids = [one.id for one in exemption.windows]
    table.faults.extend(_doubles(f"{table.file}: window", ids) if len(table.faults) == before else [])
    return exemption if len(table.faults) == before else None


def _window(table: Table, exemption_id: str) -> Window:
    open_ended = table.flag("open_ended")
    start, last = table.moment("from", whole_minutes=True), _last(table, required=not open_ended)
    if open_ended and last:
        table.fault("open_ended", "`last` ile birlikte yazılamaz", "cannot stand beside `last`")
    if start and last and last < start:
        table.fault("last", "`from` değerinden önce", "is before `from`")
    begin = start or local(EPOCH)
    window = Window(
        id=table.text("id", required=False) or f"{exemption_id}@{begin:%Y-%m-%dT%H:%M}",
        start=begin,
        last=last,
        published=table.day("published") or date.min,
        source=_source(table.table("source")),
    )
    table.close()
    return window


def _last(table: Table, *, required: bool) -> datetime | None:
    """The last minute inside; a date without a time means the whole day."""
    last = table.moment("last", required=required, whole_minutes=True)
    if last is None or not table.is_day("last"):
        return last
    return datetime.combine(last.date(), time.min, last.tzinfo) + timedelta(days=1, minutes=-1)
