"""What somebody may write into a field to be run on another's page, and whether a page made markup of it."""

from __future__ import annotations

from html.parser import HTMLParser

POISON = "\"'><script data-planted>alert(1)</script><img data-planted src=x onerror=alert(2)>&lt;i data-planted&gt;"
"""Closes an attribute and a tag, begins others, and holds what must not be unescaped twice."""


class _Reader(HTMLParser):
    """Keeps text, values of attributes, and the elements that were planted."""

    def __init__(self) -> None:
        super().__init__()
        self.planted: list[str] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if any(name == "data-planted" for name, _ in attrs):
            self.planted.append(tag)
        self.said += [value for _, value in attrs if value]

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def shown_as_text(page: str, poison: str = POISON) -> bool:
    """Whether a page shows it, letter by letter and as text; AssertionError where any of it became an element."""
    reader = _Reader()
    reader.feed(page)
    assert reader.planted == [], page
    return poison in "".join(reader.said) or any(poison in one for one in reader.said)
