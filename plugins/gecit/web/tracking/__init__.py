"""Pages by which a hospital follows its exams: the list, one exam with what is missing and how to mend it."""

from __future__ import annotations

from flask import Blueprint, abort

from gecit.core.access import Action
from gecit.core.exam import Exam
from gecit.core.order import ExamKey
from gecit.edges.store import SqlLedger
from gecit.ports import Clock, Views

from ..access import may_touch
from ..audit import about
from ..beside import Beside
from .exam_page import exam_routes
from .exports import Exports, export_routes
from .list_page import list_routes
from .rulebooks import Rulebooks
from .saved import saved_routes

__all__ = ["find_exam", "list_exams", "tracking"]


def find_exam(views: Views, institution: str, accession: str) -> Exam:
    """Return an exam or answer 404."""
    key = ExamKey(institution=institution, accession=accession)
    found = next((one for one in views.find_exams(accession) if one.key == key), None)
    tckn = found.patient.tckn if found and found.patient else ""
    mine = found is not None and may_touch(Action.SEE_EXAM, institution, tckn=tckn, exam=key)
    about(institution, accession, patient=tckn, refused=found is not None and not mine)
    if found is None or not mine:
        abort(404)  # that there is one is no news for others either
    return found


def list_exams(views: Views, accession: str, limit: int) -> list[Exam]:
    """Return the asker's exams with an accession number, or of the last changed ones where none is given."""
    found = views.find_exams(accession)[:limit] if accession else views.recent_exams(limit)
    return [one for one in found if may_touch(Action.LIST_EXAMS, one.key.institution, tckn=one.patient.tckn)]


def tracking(ledger: SqlLedger, clock: Clock, beside: Beside, node: str, exports: Exports | None) -> Blueprint:
    """Build the tracking pages; without `exports` nobody exports."""
    pages = Blueprint("tracking", __name__, url_prefix="/gecit")
    rulebooks = Rulebooks(ledger, clock)
    list_routes(pages, ledger, clock, rulebooks, exporting=exports is not None)
    exam_routes(pages, ledger, clock, rulebooks, beside)
    saved_routes(pages, ledger, clock)
    if exports is not None:
        export_routes(pages, ledger, clock, node, exports)
    return pages
