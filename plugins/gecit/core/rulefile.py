"""How the TOML files of `rules/` become a rulebook; every fault is collected and named by file and key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import combinations, pairwise

from .dates import DATED_BY
from .exemptionfile import EPOCH, Addition, add, read_exemption
from .rulebook import Edition, Exemption, Origin, Rule, Rulebook, Scope
from .rulekeys import DATED_SOURCES, doubles, read_check, read_scope, read_source
from .tables import Fault, Table
from .verdict import Effect

Files = dict[str, dict[str, object]]
"""File name -> what TOML made of it; a file in a folder `exemptions` is an exemption, any other a rule."""

WHO = ("modality", "HBYS", "radiologist", "PACS", "administrator")
Numbered = tuple[int, Edition]
"""An edition with its place in the file, from 1."""


class RulebookError(ValueError):
    """Rule files cannot be used as they are; `faults` has every fault, and the text one line for each."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(one) for one in self.faults))


class Content:
    """What files of one origin made: rules, exemptions and rows for other exemptions."""

    def __init__(self, files: Files, origin: Origin, faults: list[Fault]) -> None:
        self.rules: list[Rule] = []
        self.exemptions: list[Exemption] = []
        self.additions: list[Addition] = []
        self.files: dict[str, str] = {}  # exemption -> its file
        self._places: tuple[list[tuple[str, str]], list[tuple[str, str]]] = ([], [])  # of rules and of exemptions
        for name, content in sorted(files.items()):
            self._read(name, Table(name, content, faults), origin)
        for places in self._places:
            faults.extend(doubles(places))

    def _read(self, name: str, table: Table, origin: Origin) -> None:
        if not is_exemption(name):
            rule = _rule(table, origin)
            if rule:
                self.rules.append(rule)
                self._places[0].append((rule.id, name))
            return
        read = read_exemption(table, stem_of(name), origin)
        if isinstance(read, Addition):
            self.additions.append(read)
        elif read:
            self.exemptions.append(read)
            self._places[1].append((read.id, name))
            self.files.setdefault(read.id, name)


def parse(files: Files, site: Files | None = None, unread: Mapping[str, Fault] | None = None) -> Rulebook:
    """Make a rulebook of rule files; those of `site` replace shipped ones with the same id, or add. RulebookError.

    `unread` has the files that are no TOML, with their faults: the others are looked at all the same.
    """
    faults = list((unread or {}).values())
    shipped, own = Content(files, "shipped", faults), Content(site or {}, "site", faults)
    rules = {one.id: one for one in (*shipped.rules, *own.rules)}
    exemptions = {one.id: one for one in (*shipped.exemptions, *own.exemptions)}
    additions = (*shipped.additions, *own.additions)
    own_files = {**shipped.files, **own.files}
    named = [*files.items(), *(site or {}).items(), *((name, {}) for name in unread or {})]
    faults.extend(_unknown_names(named, additions, _ids(named)))
    add(additions, exemptions, own_files, faults)
    if faults:
        raise RulebookError(faults)
    return Rulebook.of(tuple(rules.values()), tuple(exemptions.values()))


def is_exemption(name: str) -> bool:
    """Whether a file is an exemption, by its folder."""
    return name.rpartition("/")[0].rpartition("/")[2] == "exemptions"


def stem_of(name: str) -> str:
    """Return the file's name without folder and ending: the id of an exemption that names none."""
    return name.removesuffix(".toml").rpartition("/")[2]


def id_of(name: str, content: Mapping[str, object]) -> str:
    """Return the id that a file speaks of, faults in it or not; the file's own name where it has none."""
    said = content.get("adds_to") or content.get("id")
    return said if isinstance(said, str) else stem_of(name)


def _ids(files: Iterable[tuple[str, Mapping[str, object]]]) -> tuple[set[str], set[str]]:
    """The ids of rules and of exemptions, those of faulty files too, so that one fault does not make others."""
    found: tuple[set[str], set[str]] = set(), set()
    for name, content in files:
        if "adds_to" not in content:
            found[is_exemption(name)].add(id_of(name, content))
    return found


def _unknown_names(
    files: Iterable[tuple[str, Mapping[str, object]]], additions: Iterable[Addition], ids: tuple[set[str], set[str]]
) -> list[Fault]:
    """Names of rules and exemptions that there are not, of files with other faults too."""
    rules, others = ids
    return [
        Fault.unknown(name, "excuses", rule, rules)
        for name, content in files
        if is_exemption(name)
        for rule in _excused(content)
        if rule not in rules
    ] + [Fault.unknown(one.file, "adds_to", one.adds_to, others) for one in additions if one.adds_to not in others]


def _excused(content: Mapping[str, object]) -> list[str]:
    """Return the rules that a file names, whatever else is wrong with it; rows that are added excuse none of theirs."""
    said = content.get("excuses") if "adds_to" not in content else None
    return [one for one in said if isinstance(one, str) and one] if isinstance(said, list) else []


def _rule(table: Table, origin: Origin) -> Rule | None:
    before = len(table.faults)
    editions = [(number, _edition(one)) for number, one in enumerate(table.tables("edition", required=True), 1)]
    tracks = _tracks(editions)
    rule = Rule(
        id=table.text("id"),
        title=table.languages("title"),
        fix=table.languages("fix"),
        who=table.choice("who", WHO),
        where=table.text("where"),
        effect=Effect(table.choice("effect", [one.value for one in Effect])),
        dated_by=table.choice("dated_by", DATED_BY),
        editions=tuple(edition for track in tracks for _, edition in track),
        origin=origin,
    )
    table.close()
    if len(table.faults) == before:
        for track in tracks:
            _succession(table, track)
        _side_by_side(table, tracks)
    return rule if len(table.faults) == before else None


def _edition(table: Table) -> Edition:
    start, until = _start(table), table.moment("until", required=False)
    check, params = read_check(table)
    source = read_source(table.table("source"))
    edition = Edition(
        start=start,
        until=until,
        check=check,
        params=params,
        applies=read_scope(table.table("applies")),
        source=source,
        published=table.day("published", required=source.kind in DATED_SOURCES and not _kind_unknown(table)),
        reading=table.text("reading", required=False),
        track=table.text("track", required=False),
        gap=table.text("gap", required=False),
    )
    if start and until and until <= start:
        table.fault("until", "`from` değerinden önce ya da ona eşit", "is not after `from`")
    table.close()
    return edition


def _kind_unknown(table: Table) -> bool:
    return table.faulty("source") or table.faulty("source.kind")


def _start(table: Table) -> datetime | None:
    """`from`, or `start_unknown = true` where no source gives one; never both."""
    start_unknown = table.flag("start_unknown")
    start = table.moment("from", required=not start_unknown)
    if start and start_unknown:
        table.fault("start_unknown", "`from` ile birlikte yazılamaz", "cannot stand beside `from`")
    return start


def _tracks(editions: Sequence[Numbered]) -> list[list[Numbered]]:
    """Editions by track, tracks as they first come in the file, each with its oldest edition first."""
    tracks: dict[str, list[Numbered]] = {}
    for one in editions:
        tracks.setdefault(one[1].track, []).append(one)
    return [sorted(track, key=lambda one: one[1].start or EPOCH) for track in tracks.values()]


def _succession(table: Table, track: Sequence[Numbered]) -> None:
    """Refuse editions of one track that overlap, and gaps that nobody explains."""
    for (_, former), (number, later) in pairwise(track):
        key = f"edition[{number}]"
        if later.start is None or former.until is None or later.start < former.until:
            table.fault(f"{key}.from", "önceki sürümle çakışıyor", "overlaps the edition before it")
        elif later.start > former.until and not later.gap:
            table.fault(
                f"{key}.gap",
                "önceki sürümle arada boşluk var; nedenini `gap` ile yazın",
                "leaves a gap after the edition before it; say why with `gap`",
            )


def _side_by_side(table: Table, tracks: Sequence[Sequence[Numbered]]) -> None:
    """Refuse an edition that no exam can reach, since an earlier track takes all that it means."""
    for former, later in combinations(tracks, 2):
        for _, one in former:
            for number, other in later:
                if _takes_all(one.applies, other.applies) and _meet(one, other):
                    table.fault(
                        f"edition[{number}].applies",
                        f"{one.track!r} kolunun aldığı tetkiklerin dışında kimse kalmıyor",
                        f"leaves no exam that the track {one.track!r} does not take before it",
                    )


def _takes_all(former: Scope, later: Scope) -> bool:
    return former == Scope() or _as_sets(former) == _as_sets(later)


def _as_sets(scope: Scope) -> list[frozenset[str]]:
    return [frozenset(getattr(scope, name)) for name in scope.__struct_fields__]


def _meet(one: Edition, other: Edition) -> bool:
    begins = [edition.start for edition in (one, other) if edition.start]
    ends = [edition.until for edition in (one, other) if edition.until]
    return not begins or not ends or max(begins) < min(ends)
