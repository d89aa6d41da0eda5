"""Critical findings: the page on which a hospital reads of them, and the buttons by which they are marked."""

from __future__ import annotations

from flask import Blueprint

from ..reading import ReadingRoom
from .marking import marking_pages
from .page import critical_pages_of

__all__ = ["critical_pages"]


def critical_pages(room: ReadingRoom) -> list[Blueprint]:
    """Build the pages."""
    return [critical_pages_of(room), marking_pages(room)]
