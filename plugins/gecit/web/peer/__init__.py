"""Pages of peer review: the reviewer's, the administrator's samples, figures with the report, feedback."""

from __future__ import annotations

from flask import Flask

from .blind import blind_guard
from .desk import PeerDesk
from .feedback import feedback_pages
from .figures import figure_pages
from .images import review_images
from .json import DESCRIBED, json_routes
from .reviews import review_pages
from .samples import sample_pages

__all__ = ["DESCRIBED", "PeerDesk", "add_peer_pages"]


def add_peer_pages(app: Flask, desk: PeerDesk) -> None:
    """Add the pages, and what keeps others shut during a blind review; after the guard, which says who asks."""
    app.before_request(blind_guard(desk.ledger))
    own = (review_pages(desk), sample_pages(desk), figure_pages(desk), feedback_pages(desk))
    for pages in (*own, review_images(), json_routes(desk)):
        app.register_blueprint(pages)
