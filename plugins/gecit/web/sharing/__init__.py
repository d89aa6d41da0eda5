"""Sharing: what a patient opens to others, and what was opened to who is signed in."""

from __future__ import annotations

from flask import Blueprint

from gecit.edges.doors import Doors

from .consents import consent_pages
from .desk import SharingDesk
from .links import link_routes
from .shared import shared_pages
from .visit import visit_pages

__all__ = ["SharingDesk", "sharing_pages"]


def sharing_pages(desk: SharingDesk, doors: Doors) -> list[Blueprint]:
    """Build the pages."""
    own = consent_pages(desk)
    link_routes(own, desk)
    return [own, shared_pages(desk), visit_pages(desk, doors)]
