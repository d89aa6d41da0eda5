"""The image viewer: OHIF's page, and the addresses by which an exam's images are opened.

OHIF is one page for all of its own addresses; its scripts are files of `web.assets`. It asks `/gecit/dicom-web` for
lists and `/dicom-web` for images with the browser's own cookie, so it needs no sign-in of its own.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from gecit.core.access import Action, reach
from gecit.core.exam import Exam
from gecit.ports import Views
from gecit.ports.nodes import Nodes

from ..access import may_touch, needs, person
from ..assets.policy import VIEWER
from ..audit import about
from ..elsewhere import over_anew
from ..guard import HEADERS
from ..leading import led
from ..picture_places import led_by_uid
from ..problem import refuse, show
from .problems import AMBIGUOUS, ASIDE, NO_IMAGES

PAGE = "/gecit/ohif"

FRAMED = HEADERS["Content-Security-Policy"].replace("frame-ancestors 'none'", "frame-ancestors 'self'")


def viewer(views: Views, node: str, nodes: Nodes | None = None) -> Blueprint:
    """Build OHIF's page and the links to it; `nodes` says where the images of other nodes are opened."""
    pages = Blueprint("viewer", __name__, url_prefix="/gecit")

    @pages.after_request
    def framed(answer: Answer) -> Answer:
        """Let a page of ours hold the viewer, and what it says in its place."""
        answer.headers.setdefault("X-Frame-Options", "SAMEORIGIN")
        answer.headers.setdefault("Content-Security-Policy", FRAMED)
        return answer

    @pages.get("/ohif")
    @pages.get("/ohif/")
    @pages.get("/ohif/<path:route>")
    @needs(Action.SEE_IMAGES)
    def ohif(route: str = "") -> Answer:
        if answer := led_by_uid(request.args.get("StudyInstanceUIDs", "")):
            return answer
        seen = reach(person(), Action.SEE_IMAGES)
        narrowed = bool(seen.disclosed or seen.patients)  # of some studies he gets series, not all that stands there
        answer = make_response(render_template("viewer.html", narrowed=narrowed))
        answer.headers["Content-Security-Policy"] = VIEWER
        answer.headers["Cache-Control"] = "no-cache"
        answer.headers["Vary"] = "Cookie"
        answer.add_etag()
        return answer.make_conditional(request)

    @pages.get("/viewer")
    @pages.get("/viewer/<institution>/<path:accession>")
    @needs(Action.SEE_IMAGES)
    def open_exam(institution: str = "", accession: str = "") -> Answer:
        institution = institution or request.args.get("institution", "").strip()
        accession = accession or request.args.get("accession", "").strip()
        found = _seen(views, institution, accession)
        if not found:
            return redirect(there, 303) if (there := over_anew()) else refuse("not-found")
        return show(AMBIGUOUS) if len(found) > 1 else _open(found[0], node, nodes)

    return pages


def _seen(views: Views, institution: str, accession: str) -> list[Exam]:
    """Return the exams of that number whose images the person may see; of others nothing is said."""
    found = views.find_exams(accession) if accession else []
    return [
        one
        for one in found
        if institution in ("", one.key.institution)
        and may_touch(Action.SEE_IMAGES, one.key.institution, tckn=one.patient.tckn, exam=one.key)
    ]


def _open(exam: Exam, node: str, nodes: Nodes | None) -> Answer:
    about(exam.key.institution, exam.key.accession, patient=exam.patient.tckn if exam.patient else "")
    if answer := led(exam, _path(exam), node, nodes):
        return answer
    here = [one.facts for one in exam.studies if one.facts.key.node == node]
    if not here:
        return show(NO_IMAGES)
    readable = [one.study_instance_uid for one in here if not one.aside]
    if not readable:
        return show(ASIDE)
    return redirect(f"{PAGE}/viewer?{urlencode({'StudyInstanceUIDs': ','.join(readable)})}", 303)


def _path(exam: Exam) -> str:
    institution, accession = (quote(one, safe="") for one in (exam.key.institution, exam.key.accession))
    return f"/gecit/viewer/{institution}/{accession}"
