"""The page that shows the nodes that share the ledger: who is there, and since when the others are not."""

from __future__ import annotations

from flask import Blueprint, render_template

from gecit.core.access import Action
from gecit.ports.nodes import Nodes

from ..access import needs


def node_pages(registry: Nodes, own: str) -> Blueprint:
    """Build the page; `own`: the node that shows it."""
    pages = Blueprint("nodes", __name__, url_prefix="/gecit")

    @pages.get("/nodes")
    @needs(Action.SEE_HEALTH)
    def show() -> str:
        found = registry.nodes()
        schemas = {one.schema for one in found if one.up}
        return render_template("nodes.html", nodes=found, own=own, mixed=len(schemas) > 1)

    return pages
