"""Text from outside, made harmless for what shows it: a terminal, a line of a log, a page, a spreadsheet.

What was sent is kept as it was sent; only what is shown is changed.
"""

from __future__ import annotations

import re

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet reads a cell as a formula by (OWASP, CSV injection); the last four are full-width."""

_INSIDE = re.compile(r"([,;|\t\r\n])([\"'\s]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
# C0 and C1 (ECMA-48: they move a terminal's cursor), line separators, and what turns the direction of writing round
# (UAX 9: a name could show an accession number backwards).
_TURNS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_ON_A_LINE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029{_TURNS}]")
_ON_A_PAGE = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_TURNS}]")


def one_line(text: str) -> str:
    r"""Return text for a terminal or a log: on one line, what would steer it written out (`\x1b`, `\u202e`)."""
    return _ON_A_LINE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def on_page(text: str) -> str:
    """Return text for a page, without what is no letter and changes how others are read."""
    return _ON_A_PAGE.sub("", text)


def cell(value: str) -> str:
    """Return a value that no spreadsheet takes for a formula: what looks like one is led by an apostrophe.

    Inside a value too: a program that is told another separator begins a cell there.
    """
    if value == "-":  # what stands for nothing is no formula
        return value
    inside = _INSIDE.sub(r"\1\2'", value)
    return f"'{inside}" if value.startswith(FORMULA) or value.lstrip().startswith(FORMULA) else inside
