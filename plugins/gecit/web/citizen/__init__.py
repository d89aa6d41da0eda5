"""The citizen's pages: own exams, images as a zip, who looked at them, and asking for what is missing."""

from __future__ import annotations

from flask import Blueprint

from .downloads import download_pages
from .exams import exam_pages
from .looks import look_pages
from .requests import desk_pages, request_pages
from .room import CitizenRoom, Limits, Slots

__all__ = ["CitizenRoom", "Limits", "Slots", "citizen_pages"]


def citizen_pages(room: CitizenRoom) -> list[Blueprint]:
    """Build the pages; the desk's stands beside them, since it is the other side of a request."""
    return [exam_pages(room), download_pages(room), look_pages(room), request_pages(room), desk_pages(room)]
