"""Announcements as an Atom feed (RFC 4287), so that nobody must look at the page each day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from xml.etree import ElementTree as ET

from gecit.core.announcements import Announcement, Stretch
from gecit.core.values import ISTANBUL, Text

ATOM = "http://www.w3.org/2005/Atom"


def as_atom(found: Sequence[Announcement], title: str, home: str, say: Callable[[Text], str]) -> bytes:
    """Write the feed; `home` is the front page's address, `say` picks the language."""
    ET.register_namespace("", ATOM)
    feed = ET.Element(f"{{{ATOM}}}feed")
    _text(feed, "title", title)
    _text(feed, "id", home)
    _text(feed, "updated", _instant(found[0].published if found else date(1970, 1, 1)))
    ET.SubElement(_add(feed, "author"), f"{{{ATOM}}}name").text = "Geçit"
    _add(feed, "link", rel="self", href=f"{home}/feed.atom")
    _add(feed, "link", rel="alternate", href=home)
    for one in found:
        entry = _add(feed, "entry")
        _text(entry, "title", one.title)
        _text(entry, "id", f"{home}#{one.id}")
        _text(entry, "updated", _instant(one.published))
        _add(entry, "link", rel="alternate", href=f"{home}?all#{one.id}")
        _text(entry, "summary", "; ".join(_said(stretch, say) for stretch in (*one.rules, *one.exemptions)))
    written: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return written


def _said(stretch: Stretch, say: Callable[[Text], str]) -> str:
    start = stretch.start.strftime("%d.%m.%Y %H:%M") if stretch.start else ""
    last = stretch.last.strftime("%d.%m.%Y %H:%M") if stretch.last else ""
    return f"{say(stretch.title)}: {start} – {last}".rstrip(" –")


def _instant(day: date) -> str:
    return datetime(day.year, day.month, day.day, tzinfo=ISTANBUL).isoformat()


def _add(parent: ET.Element, name: str, **attributes: str) -> ET.Element:
    return ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes)


def _text(parent: ET.Element, name: str, text: str) -> None:
    _add(parent, name).text = text
