"""A rule or an exemption as people read it, with readings and sources."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from datetime import date, datetime

import msgspec

from gecit.core.dates import DATED_BY
from gecit.core.rulebook import Edition, Exemption, Rule, Rulebook, Scope, Source, Window
from gecit.core.rulediff import Difference
from gecit.core.values import Text, local, to_json

WIDTH = 110


def shown(one: Rule | Exemption, book: Rulebook) -> str:
    """Return the text of one of a rulebook's rules or exemptions."""
    return "\n".join(_rule(one, book) if isinstance(one, Rule) else _exemption(one))


def difference_line(one: Difference) -> str:
    """Return one difference of two rulebooks as a line; + added, - removed, ~ changed."""
    signs = {"added": "+", "removed": "-", "changed": "~"}
    place = " ".join(filter(None, (one.kind, one.id, f"[{one.part}]" if one.part else "", one.field)))
    values = f": {_brief(one.before)} -> {_brief(one.after)}" if one.change == "changed" else ""
    return f"{signs[one.change]} {place}{values}"


def _brief(value: object) -> str:
    return "-" if value is None else to_json(value).decode()


def _rule(rule: Rule, book: Rulebook) -> Iterator[str]:
    yield f"{rule.id}: {_both(rule.title)}"
    yield from _head(rule.origin, rule.dated_by)
    yield f"  etki / effect: {rule.effect.value}; kim düzeltir / who mends: {rule.who}; yer / where: {rule.where}"
    yield f"  çözüm / fix: {rule.fix.tr}"
    yield f"               {rule.fix.en}"
    for edition in rule.editions:
        yield from _edition(edition)
    excusing = [one.id for one in book.exemptions_of(rule.id)]
    yield f"\n  muafiyetler / exemptions: {', '.join(excusing) or 'yok / none'}"


def _edition(edition: Edition) -> Iterator[str]:
    until = _moment(edition.until) if edition.until else "hâlâ yürürlükte / still in force"
    track = f" [{edition.track}]" if edition.track else ""
    start = _moment(edition.start) if edition.start else "başlangıcı bilinmiyor / first day unknown"
    yield f"\n  {start} - {until}{track}"
    yield f"    denetim / check: {edition.check}{_values(edition.params)}"
    yield f"    kapsam / applies: {_scope(edition.applies)}"
    yield f"    kaynak / source: {_source(edition.source, edition.published)}"
    if edition.gap:
        yield f"    öncesindeki boşluk / gap before: {edition.gap}"
    yield from _reading(edition.reading)


def _exemption(exemption: Exemption) -> Iterator[str]:
    yield f"{exemption.id}: {_both(exemption.title)}"
    yield from _head(exemption.origin, exemption.dated_by)
    yield f"  muaf tuttuğu / excuses: {', '.join(exemption.excuses)}; kapsam / applies: {_scope(exemption.applies)}"
    if exemption.provided:
        yield f"  şartı / provided: {exemption.provided}{_values(exemption.provided_params)}"
    yield from _reading(exemption.reading)
    for window in exemption.windows:
        yield from _window(window)


def _window(window: Window) -> Iterator[str]:
    last = _moment(window.last) if window.last else "yeni duyuruya kadar / until further notice"
    yield f"\n  {_moment(window.start)} - {last}  ({window.id})"
    yield f"    kaynak / source: {_source(window.source, window.published)}"
    if window.applies != Scope() or window.teletip_id:
        teletip = f"; Teletıp: {window.teletip_id}" if window.teletip_id else ""
        yield f"    kapsam / applies: {_scope(window.applies)}{teletip}"


def _head(origin: str, dated_by: str) -> Iterator[str]:
    yield f"  tarih / dated by: {dated_by} ({_both(DATED_BY[dated_by].name)}); kaynak klasör / origin: {origin}"


def _reading(reading: str) -> Iterator[str]:
    if reading:
        first, other = "    okuma / reading: ", " " * 6
        yield textwrap.fill(" ".join(reading.split()), WIDTH, initial_indent=first, subsequent_indent=other)


def _scope(scope: Scope) -> str:
    return "; ".join(f"{key} {', '.join(value)}" for key, value in msgspec.structs.asdict(scope).items() if value) or (
        "her tetkik / every exam"
    )


def _source(source: Source, published: date | None) -> str:
    """Name a source; a letter's own day stands beside its number, the Ministry's day of publishing at the end."""
    own = f"{source.published or ''}" if source.published != published else ""
    number = " ".join(filter(None, (source.reference, f"({own})" if own else "")))
    return ", ".join(filter(None, (source.kind, source.title, number, f"{published or ''}")))


def _values(values: Mapping[str, object]) -> str:
    return f" ({', '.join(f'{key} = {to_json(value).decode()}' for key, value in values.items())})" if values else ""


def _moment(moment: datetime) -> str:
    return f"{local(moment):%d.%m.%Y %H:%M}"


def _both(text: Text) -> str:
    return f"{text.tr} / {text.en}"
