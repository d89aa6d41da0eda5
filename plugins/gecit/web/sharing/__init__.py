"""Sharing: what a patient opens to others, and what was opened to who is signed in."""

from __future__ import annotations

from flask import Blueprint

from .consents import consent_pages
from .desk import SharingDesk
from .shared import shared_pages

__all__ = ["SharingDesk", "sharing_pages"]


def sharing_pages(desk: SharingDesk) -> list[Blueprint]:
    """Build the pages."""
    return [consent_pages(desk), shared_pages(desk)]
