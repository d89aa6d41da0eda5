"""Where the viewer of a review asks for pictures: sent on to Orthanc, whose door looks at each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import Blueprint, abort, redirect, request

from gecit.core.access import Action
from gecit.core.orthanc_doors import is_uid

from ..access import needs

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect


def review_images() -> Blueprint:
    """Build the routes beside those of searches (`web.dicomweb`)."""
    routes = Blueprint("review_images", __name__, url_prefix="/gecit/dicom-web/studies")

    @routes.get("/<study>/series/<series>/metadata")
    @needs(Action.SEE_IMAGES)
    def metadata(study: str, series: str) -> Redirect:
        return _on(study, series, "metadata")

    @routes.get("/<study>/series/<series>/instances/<path:rest>")
    @needs(Action.SEE_IMAGES)
    def instance(study: str, series: str, rest: str) -> Redirect:
        return _on(study, series, f"instances/{rest}")

    return routes


def _on(study: str, series: str, rest: str) -> Redirect:
    if not (is_uid(study) and is_uid(series)) or ".." in rest.split("/"):
        abort(404)
    query = request.query_string.decode("ascii", "ignore")
    address = f"/dicom-web/studies/{study}/series/{series}/{quote(rest)}"
    return redirect(f"{address}?{query}" if query else address, 303)
