"""Figures as tables and charts in one language: the page, the PDF and the command show the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from gecit.core.quality import Reasons
from gecit.core.quality_figures import Figures, Measure, Share, counted, figures, summed
from gecit.core.values import Text, Value

from ..words_peer import FIGURES

MOST_CODES = 15
HEADINGS = ("exams", "image-mean", "image-low", "request-mean", "request-low", "hinted", "differing", "significant")


class FigureTable(Value):
    """A table; the first column names the row."""

    id: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Trend(Value):
    """A chart over months; `values` None = nothing was rated or reviewed in that month."""

    id: str
    title: str
    unit: str
    names: tuple[str, ...]
    values: tuple[float | None, ...]
    counts: tuple[int, ...]  # that a value rests on
    top: float = 0  # the highest value that there can be


class Scope(NamedTuple):
    """What the reader may see; `radiologist`: of whom alone figures by name are shown, None = of all."""

    radiologist: str | None
    names: Mapping[str, str]  # institutions
    people: Mapping[str, str]  # accounts
    reasons: Reasons
    hints: Callable[[str], Text]


def tables(measured: Sequence[Measure], scope: Scope, lang: str) -> tuple[FigureTable, ...]:
    """Return the tables, in the order of the page."""
    mine = scope.radiologist
    people = measured if mine is None else [one for one in measured if one.radiologist == mine]
    groups: tuple[tuple[str, Iterable[Measure], Callable[[Measure], Iterable[str]], Mapping[str, str]], ...] = (
        ("by-institution", measured, lambda one: (one.institution,), scope.names),
        ("by-device", measured, lambda one: one.devices, {}),
        ("by-modality", measured, lambda one: (one.modality or "–",), {}),
        ("by-radiologist", people, lambda one: (one.radiologist,) if one.radiologist else (), scope.people),
    )
    found = [
        _table(name, figures(some, by), called, lang, measured if name == "by-institution" else None)
        for name, some, by, called in groups
    ]
    found.append(_codes("reasons", counted(measured, lambda one: one.reasons), scope.reasons.title, lang))
    found.append(_codes("hints", counted(measured, lambda one: one.hints), scope.hints, lang))
    return tuple(one for one in found if one.rows)


def trends(measured: Sequence[Measure], lang: str) -> tuple[Trend, ...]:
    """Return what changed from month to month."""
    months = figures(measured, lambda one: (one.month,))
    made = (
        ("image-mean", [(one.image_mean, one.images.of) for one in months]),
        ("request-mean", [(one.request_mean, one.requests.of) for one in months]),
        ("differing", [(one.differing.percent, one.differing.of) for one in months]),
    )
    names = tuple(one.name for one in months)
    return tuple(
        Trend(
            id=f"trend-{name}",
            title=word(f"trend-{name}", lang),
            unit=word(name, lang),
            names=names,
            values=tuple(value for value, _ in values),
            counts=tuple(count for _, count in values),
            top=100 if name == "differing" else 5,
        )
        for name, values in made
        if any(value is not None for value, _ in values)
    )


def word(key: str, lang: str) -> str:
    """Return a word of the figures."""
    return picked(FIGURES[key], lang)


def picked(text: Text, lang: str) -> str:
    """Return a text in a language."""
    return text.en if lang == "en" else text.tr


def number(value: float | None, lang: str) -> str:
    """Write a number with two places as the language does."""
    if value is None:
        return "–"
    return f"{value:.2f}" if lang == "en" else f"{value:.2f}".replace(".", ",")


def part(share: Share, lang: str) -> str:
    """Write a share with its count; a percentage only where there are enough."""
    if not share.of:
        return "–"
    counts = f"{share.count} / {share.of}"
    if share.percent is None:
        return counts
    return f"{counts} ({share.percent:.0f}%)" if lang == "en" else f"{counts} (%{share.percent:.0f})"


def _table(
    name: str, rows: Sequence[Figures], called: Mapping[str, str], lang: str, whole: Sequence[Measure] | None
) -> FigureTable:
    written = [_row(called.get(one.name, one.name), one, lang) for one in rows]
    if whole is not None and len(rows) > 1:
        written.append(_row(word("all", lang), summed("", whole), lang))
    head = (word(name, lang), *(word(one, lang) for one in HEADINGS))
    return FigureTable(id=name, title=word(name, lang), head=head, rows=tuple(written))


def _row(name: str, one: Figures, lang: str) -> tuple[str, ...]:
    return (
        name,
        str(one.exams),
        number(one.image_mean, lang),
        part(one.images, lang),
        number(one.request_mean, lang),
        part(one.requests, lang),
        part(one.hinted, lang),
        part(one.differing, lang),
        str(one.significant),
    )


def _codes(name: str, counts: Sequence[tuple[str, int]], title: Callable[[str], Text], lang: str) -> FigureTable:
    rows = tuple((picked(title(code), lang), str(count)) for code, count in counts[:MOST_CODES])
    return FigureTable(id=name, title=word(name, lang), head=(word(name, lang), word("exams", lang)), rows=rows)
