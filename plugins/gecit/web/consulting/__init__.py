"""Pages of teleconsultation: the list, asking, and one consultation with its thread."""

from __future__ import annotations

from flask import Blueprint, Response

from gecit.ports import Unavailable

from ..problem import refuse
from ..route import Route
from .acts import act_pages
from .asking import ask_pages
from .badges import add_badges
from .desk import Consulting
from .json import DESCRIBED, json_routes
from .page import see_pages

__all__ = ["Consulting", "consulting_described", "consulting_pages"]


def consulting_pages(desk: Consulting) -> list[Blueprint]:
    """Build the pages and their JSON."""
    pages = [see_pages(desk), ask_pages(desk), act_pages(desk), json_routes(desk)]
    for one in pages:
        one.register_error_handler(Unavailable, _unavailable)
    add_badges(pages[0], desk)
    return pages


def consulting_described() -> tuple[Route, ...]:
    """Return what the OpenAPI document says of the JSON."""
    return DESCRIBED


def _unavailable(fault: Exception) -> Response:
    return refuse("unavailable")
