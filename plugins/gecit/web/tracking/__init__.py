"""Pages by which a hospital follows its exams: the list, and one exam with what is missing and how to mend it."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request

from gecit.core.access import Action
from gecit.core.exam import Exam
from gecit.core.order import ExamKey, Order
from gecit.ports import Views

from ..access import may_touch, needs
from ..audit import about
from ..beside import Beside
from ..shown import ShownStudy, show_detail, show_exam, show_study

LIMIT = 100  # lines of a page


def find_exam(views: Views, institution: str, accession: str) -> Exam:
    """Return an exam or answer 404."""
    key = ExamKey(institution=institution, accession=accession)
    found = next((one for one in views.find_exams(accession) if one.key == key), None)
    tckn = found.patient.tckn if found and found.patient else ""
    mine = found is not None and may_touch(Action.SEE_EXAM, institution, tckn=tckn)
    about(institution, accession, patient=tckn, refused=found is not None and not mine)
    if found is None or not mine:
        abort(404)  # that there is one is no news for others either
    return found


def list_exams(views: Views, accession: str, limit: int) -> list[Exam]:
    """Return the asker's exams with an accession number, or of the last changed ones where none is given."""
    found = views.find_exams(accession)[:limit] if accession else views.recent_exams(limit)
    return [one for one in found if may_touch(Action.LIST_EXAMS, one.key.institution, tckn=one.patient.tckn)]


def list_unlinked(views: Views, limit: int) -> list[ShownStudy]:
    """Return the studies that no exam has, each with the reason."""
    found = [one for one in views.unlinked_studies(limit) if may_touch(Action.LIST_EXAMS, one.facts.institution)]
    return [show_study(one, _orders(views, one.facts.accession)) for one in found]


def _orders(views: Views, accession: str) -> list[Order]:
    exams = views.find_exams(accession) if accession else []
    return [one.order for one in exams if one.order]


def tracking(views: Views, beside: Beside) -> Blueprint:
    """Build the tracking pages."""
    pages = Blueprint("tracking", __name__, url_prefix="/gecit")

    # Orthanc gives /gecit/ to the forwarder as /gecit: both are the list, without a redirect.
    @pages.get("")
    @pages.get("/")
    @needs(Action.LIST_EXAMS)
    def exams() -> str:
        accession = request.args.get("accession", "").strip()
        shown = [show_exam(one) for one in list_exams(views, accession, LIMIT)]
        studies = [] if accession else list_unlinked(views, LIMIT)
        return render_template("exams.html", exams=shown, studies=studies, asked=accession, most=LIMIT)

    @pages.get("/exams/<institution>/<path:accession>")
    @needs(Action.SEE_EXAM)
    def exam(institution: str, accession: str) -> str:
        found = find_exam(views, institution, accession)
        return render_template("exam.html", shown=show_detail(found, views.timeline(found.key), beside))

    return pages
