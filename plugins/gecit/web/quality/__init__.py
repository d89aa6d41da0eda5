"""Pages of quality: exams with hints or low ratings, an exam's hints and ratings, the assessor's form."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flask import Blueprint

from gecit.core.quality_data import QualityData
from gecit.edges.store import SqlLedger
from gecit.ports import Clock

from .api import DESCRIBED, api_routes
from .exam_page import exam_routes
from .list_page import list_routes

__all__ = ["DESCRIBED", "QualityDesk", "quality_pages"]


class QualityDesk(NamedTuple):
    """What the pages are made of; `data` is asked at each request, so that a mended file counts at once."""

    ledger: SqlLedger
    clock: Clock
    data: Callable[[], QualityData]


def quality_pages(desk: QualityDesk) -> list[Blueprint]:
    """Build the pages and the route of the JSON interface."""
    pages = Blueprint("quality", __name__, url_prefix="/gecit/quality")
    list_routes(pages, desk.ledger, desk.clock)
    exam_routes(pages, desk.ledger, desk.clock, desk.data)
    routes = Blueprint("quality_api", __name__, url_prefix="/gecit/api/quality")
    api_routes(routes, desk.ledger, desk.data)
    return [pages, routes]
