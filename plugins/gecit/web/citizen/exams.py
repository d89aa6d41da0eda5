"""Own exams: the list, one exam, its report as a page and as PDF. No verdict, nothing of MEDULA."""

from __future__ import annotations

from datetime import date, datetime

from flask import Blueprint, Response, abort, make_response, render_template, request

from gecit.core.access import Action
from gecit.core.exam import Exam, ReceivedReport
from gecit.core.issue import issue, signers
from gecit.core.order import ExamKey
from gecit.core.own_exams import OwnReport, is_shown, own_report, performed_on, signed_at
from gecit.core.report import ReportPart
from gecit.core.values import Text, Value
from gecit.edges.hl7_parts import plain
from gecit.edges.report_pdf import build_pdf

from ..access import needs
from ..audit import about
from ..elsewhere import asked, named, parts, where_to
from .room import MODALITIES, OTHER, CitizenRoom, own_exam, own_number

PAGE = 50


class OwnExam(Value):
    """An exam as its patient reads it."""

    key: ExamKey
    kind: Text  # in plain words
    names: tuple[str, ...]  # of the procedures, as the hospital wrote them
    institution: str
    on: date | None
    ordered_at: datetime | None  # tells two of one day apart
    images: int
    here: bool  # whether the images are on this node
    arriving: bool
    report: OwnReport | None
    cancelled: bool


class OwnText(Value):
    """A report or an addendum to read."""

    at: datetime
    signers: tuple[str, ...]
    parts: dict[ReportPart, str]


def exam_pages(room: CitizenRoom) -> Blueprint:
    """Build the pages."""
    pages = Blueprint("own_exams", __name__, url_prefix="/gecit/own")

    @pages.get("")
    @needs(Action.SEE_OWN_EXAMS)
    def show() -> str:
        number = page_number()
        about(patient=own_number())
        found = room.ledger.exams_of(own_number(), PAGE + 1, (number - 1) * PAGE)
        names = room.institutions()
        rows = [shown(room, one, names) for one in found[:PAGE] if is_shown(one)]
        return render_template("citizen/exams.html", rows=rows, number=number, more=len(found) > PAGE)

    @pages.get("/exam/<institution>/<path:accession>")
    @needs(Action.SEE_OWN_EXAMS)
    def exam(institution: str, accession: str) -> str:
        found = own_exam(room, institution, accession)
        there = where_to(found, room.node, room.ledger)
        return render_template(
            "citizen/exam.html",
            exam=shown(room, found, room.institutions()),
            there=named(there, asked(), room.node) if there else "",
            others=parts(found, asked(), room.node, room.ledger),
        )

    @pages.get("/report/<institution>/<path:accession>")
    @needs(Action.SEE_REPORT)
    def report(institution: str, accession: str) -> str:
        found = own_exam(room, institution, accession)
        own = own_report(found) or abort(404)
        texts = [_text(found.reports[number - 1]) for number in found.standing.numbers]
        one = shown(room, found, room.institutions())
        return render_template("citizen/report.html", exam=one, report=own, texts=texts)

    @pages.get("/pdf/<institution>/<path:accession>")
    @needs(Action.SEE_REPORT)
    def pdf(institution: str, accession: str) -> Response:
        found = own_exam(room, institution, accession)
        made = report_pdf(room, found) or abort(404)
        answer = make_response(made)
        answer.content_type = "application/pdf"
        answer.headers["Content-Disposition"] = 'attachment; filename="rapor.pdf"'
        return answer

    return pages


def shown(room: CitizenRoom, exam: Exam, names: dict[str, str]) -> OwnExam:
    """Return an exam as its patient reads it."""
    procedures = exam.order.procedures if exam.order else ()
    written = tuple(filter(None, (one.sut_name or one.loinc_name for one in procedures)))
    kind = room.kind(exam)
    plain_words = MODALITIES.get(exam.modality) or (kind.title if kind.id else OTHER)
    return OwnExam(
        key=exam.key,
        kind=plain_words,
        names=written,
        institution=names.get(exam.key.institution, exam.key.institution),
        on=performed_on(exam),
        ordered_at=(exam.order.ordered_at if exam.order else None) or exam.order_received_at,
        images=exam.images,
        here=any(one.facts.key.node == room.node and one.facts.images for one in exam.studies),
        arriving=exam.unsettled,
        report=own_report(exam),
        cancelled=exam.cancelled,
    )


def report_pdf(room: CitizenRoom, exam: Exam) -> bytes | None:
    """Return the final report in force with its addenda as PDF; None where there is none."""
    own = own_report(exam)
    version = issue(exam, own.latest) if own else None
    if version is None:
        return None
    names = room.institutions()
    return build_pdf(version, names.get(exam.key.institution, exam.key.institution), exam.order)


def page_number() -> int:
    """Return which page of a list is asked for, from 1."""
    text = request.args.get("page", "1")
    return int(text) if len(text) <= 4 and text.isascii() and text.isdigit() and int(text) else 1


def _text(received: ReceivedReport) -> OwnText:
    report = received.report
    html = report.format == "HTML"
    return OwnText(
        at=signed_at(received),
        signers=tuple(name for one in signers(received) if (name := f"{one.given} {one.family}".strip())),
        parts={part: plain(text, report.format) if html else text for part, text in sorted(report.parts.items())},
    )
