"""Pages of the reading room: the list, the editor, grants, turn-around times."""

from __future__ import annotations

from flask import Blueprint

from .assigning import assign_pages
from .drafts import draft_pages
from .editor import editor_pages
from .grants import grant_pages
from .groups import group_pages
from .key_images import key_image_pages
from .list_page import list_pages
from .room import ReadingRoom
from .templates import template_pages
from .turnaround import turnaround_pages

__all__ = ["ReadingRoom", "reading_pages"]


def reading_pages(room: ReadingRoom) -> list[Blueprint]:
    """Build the pages."""
    return [
        list_pages(room),
        editor_pages(room),
        key_image_pages(room),
        assign_pages(room),
        grant_pages(room),
        group_pages(room),
        turnaround_pages(room),
        draft_pages(room),
        *template_pages(room),
    ]
