"""The text of a report part as lines: plain text as sent, HTML as sanitised by nh3, with bold and lists kept."""

from __future__ import annotations

import re
from html import escape

import nh3

from ..core.values import Value
from .html_text import BLOCKS, pieces

KEPT = {
    *("p", "div", "br", "hr", "pre", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li"),
    *("table", "thead", "tbody", "tr", "td", "th", "b", "strong", "i", "em", "u", "sub", "sup", "span"),
}
"""Without any attribute: nothing that runs, nothing that styles, nothing that refers to the outside."""

SILENT = {"script", "style", "title", "textarea", "template", "noscript", "svg", "math", "object", "iframe", "head"}
"""What goes with all it holds."""

NONE: dict[str, set[str]] = {"*": set()}
"""Attributes of any element; without the asterisk `lang` and `title` are let through."""

MOST_NODES = 250_000
"""Of the tree that the sanitiser would build; beyond, the text alone is kept."""

_BOLD = {"b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6"}
# HTML 13.2.4.3, formatting elements: one left open is made anew in each block after it. Of equal ones without
# attributes three at most.
_FORMATTING = re.compile(r"<(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)([\s/>])", re.IGNORECASE)
_ALIKE = 3 * 14


class Run(Value):
    """Some text in one hand."""

    text: str
    bold: bool = False  # italics are not told apart: the font of the PDF has none


class Line(Value):
    """One line as a reader sees it; `level` counts the lists that it stands in, `mark` begins an item."""

    runs: tuple[Run, ...] = ()
    level: int = 0
    mark: str = ""

    @property
    def text(self) -> str:
        """The line without its hand."""
        indent = "  " * max(self.level - 1, 0)
        return f"{indent}{self.mark}{''.join(one.text for one in self.runs)}".rstrip()


def sanitised(html: str) -> str:
    """Return HTML of the kept elements only, well-formed."""
    return nh3.clean(_tame(html), tags=KEPT, clean_content_tags=SILENT, attributes=NONE, link_rel=None)


def lines_of(text: str, form: str) -> list[Line]:
    """Return the lines of a part; `form` is TXT or HTML. No blank line at either end, never two together."""
    if form == "HTML":
        reader = _Reader()
        for tag, seen in pieces(sanitised(text)):
            reader.see(tag, seen)
        found = reader.lines()
    else:
        found = [Line(runs=(Run(text=one.rstrip()),) if one.strip() else ()) for one in text.strip().splitlines()]
    return [one for number, one in enumerate(found) if one.runs or (number and found[number - 1].runs)]


def text_of(text: str, form: str) -> str:
    """Return the part as plain text."""
    return "\n".join(one.text for one in lines_of(text, form)).strip("\n")


def _tame(html: str) -> str:
    marks = _FORMATTING.findall(html)
    unlike = sum(one != ">" for one in marks)
    if (unlike + min(len(marks) - unlike, _ALIKE)) * html.count("<") <= MOST_NODES:
        return html
    return "".join("<br>" if tag in BLOCKS or tag == "br" else escape(seen) for tag, seen in pieces(html))


class _Reader:
    """Takes in tags and text of sanitised HTML in turn."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._runs: list[Run] = []
        self._lists: list[int] = []  # of each open list: the number of its next item, 0 = it has none
        self._mark = ""
        self._bold = self._as_typed = 0

    def lines(self) -> list[Line]:
        """Return what was read."""
        self._end()
        while self._lines and not self._lines[-1].runs:
            self._lines.pop()
        return self._lines

    def see(self, tag: str, text: str) -> None:
        """Take in one piece of `html_text.pieces`."""
        if not tag:
            self._write(text)
            return
        name, step = tag.removeprefix("/"), -1 if tag.startswith("/") else 1
        if name in BLOCKS:
            self._end()
        self._hand(name, step)
        if name in ("ul", "ol"):
            self._list(name, step)
        elif tag == "li":
            self._item()
        elif tag in ("br", "hr"):
            self._end(blank=True)
        elif tag in ("td", "th") and self._runs:
            self._runs.append(Run(text=" | "))

    def _hand(self, name: str, step: int) -> None:
        self._bold += step * (name in _BOLD)
        self._as_typed += step * (name == "pre")

    def _list(self, name: str, step: int) -> None:
        if step > 0:
            self._lists.append(1 if name == "ol" else 0)
        elif self._lists:
            self._lists.pop()

    def _item(self) -> None:
        number = self._lists[-1] if self._lists else 0
        self._mark = f"{number}. " if number else "• "
        if number:
            self._lists[-1] += 1

    def _write(self, text: str) -> None:
        if self._as_typed:
            first, *more = text.split("\n")
            self._add(first)
            for one in more:
                self._end(blank=True)
                self._add(one)
            return
        seen = re.sub(r"[^\S\N{NO-BREAK SPACE}]+", " ", text)
        if not self._runs or self._runs[-1].text.endswith(" "):
            seen = seen.lstrip(" ")
        self._add(seen)

    def _add(self, text: str) -> None:
        if text:
            self._runs.append(Run(text=text, bold=self._bold > 0))

    def _end(self, *, blank: bool = False) -> None:
        runs, self._runs = self._runs, []
        if runs and not "".join(one.text for one in runs).strip():
            runs = []
        if runs or blank:
            self._lines.append(Line(runs=tuple(runs), level=len(self._lists), mark=self._mark if runs else ""))
        if runs:
            self._mark = ""
