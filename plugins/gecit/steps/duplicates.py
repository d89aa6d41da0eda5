"""Duplicate query: HBYS asks before an order -> earlier exams, and the evidence that it was asked.

A query of HBYS is answered from the ledger, and from the service above where there is one. Nothing is answered that is
not kept: query, answer, opening and failure are events, and so are the stretches in which nobody could ask.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from html import escape

from ..core.background import Answering, DuplicateQuery, EarlierExam, Opening
from ..core.duplicate_question import Question, QuestionRefused, Wrong, parse_order_id, read_suts
from ..core.duplicates import MONTHS, ORDERED, counts, merged
from ..core.events import DuplicateOpened, DuplicateQueried
from ..core.exam import Exam
from ..core.identifiers import IdentifierPolicy, Kind, classify, is_tckn
from ..core.order import ExamKey
from ..core.report import Report
from ..core.values import Value
from ..ports import Clock, Institution, Ledger, Transaction, Unavailable
from .ask_above import UPSTREAM_DOWN, ServiceAbove, Told, UpstreamUnavailable
from .background import ask_for_query
from .outages import mark, record_outage

log = logging.getLogger("gecit.duplicates")

SERVICE = "duplicates"  # of our own outages; those of a service above are `upstream:<name>`
INSTITUTIONS_FOR = timedelta(seconds=5)
NO_NUMBER = "no-number"  # a reason, as it stands in `Gecit-Reason` and in the evidence


class Policy(Value):
    """What a site chooses; `link` and `opened` are how long a link opens, and how far back search detail looks."""

    months: int = MONTHS
    days: int = 0  # above 0: instead of months
    dated: str = ORDERED
    performed_only: bool = True
    link: timedelta = timedelta(hours=24)
    opened: timedelta = timedelta(days=7)
    identifiers: IdentifierPolicy = IdentifierPolicy()


class Opened(Value):
    """What a link opened: the report, or where the images are."""

    report: str = ""
    html: bool = False  # whether the report is mark-up, as its sender wrote it
    studies: tuple[str, ...] = ()  # Study Instance UIDs in our archive
    link: str = ""  # address of the service above


class _Asked(Value):
    """A question that can be asked; `tckn` is empty for a patient without a number."""

    institution: Institution
    tckn: str
    suts: tuple[str, ...]
    physician: str


class DuplicateDesk:
    """Answers duplicate queries from the ledger and, where there is one, from a service above."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        policy: Policy | None = None,
        above: ServiceAbove | None = None,
    ) -> None:
        self._ledger, self._clock, self.policy = ledger, clock, policy or Policy()
        self._above = above
        self._failing_since: datetime | None = None
        self._lock = threading.Lock()
        self._institutions: dict[str, Institution] = {}
        self._institutions_at: datetime | None = None

    # Asking

    def previous_studies(self, question: Question) -> DuplicateQuery:
        """Answer and keep a query; raises `QuestionRefused`, and `Unavailable` where the ledger cannot keep it."""
        with self._watched():
            asked = self._read(question, with_physician=True)
            now = self._clock.now()
            told = Told()
            if self._above and asked.tckn:
                told = self._above.ask(asked.institution.medula_code, asked.tckn, asked.suts, asked.physician, now)
            query = self._answer(asked, told, now)
            self._write(lambda tx: _keep(tx, query, told.up))
        log.info("a query is %s: %d found, %s", query.state.value, len(query.found), query.reason or "complete")
        return query

    def opened_since(self, question: Question) -> dict[str, bool]:
        """Say for each SUT code whether what this institution's recent queries found was opened, here or above."""
        with self._watched():
            asked = self._read(question, with_physician=False)
            now = self._clock.now()
            since = now - self.policy.opened
            queries = self._ledger.read(lambda tx: tx.duplicate_queries(asked.tckn, since, now)) if asked.tckn else []
        own = [one for one in queries if one.institution == asked.institution.skrs]
        seen = {sut for one in own for sut in _opened_suts(one)}
        above: dict[str, bool] = {}
        if self._above and asked.tckn:
            above = self._above.opened(asked.institution.medula_code, asked.tckn, asked.suts, now)
        return {sut: sut in seen or above.get(sut, False) for sut in asked.suts}

    def _answer(self, asked: _Asked, told: Told, now: datetime) -> DuplicateQuery:
        own = self._ledger.read(lambda tx: tx.earlier_exams(asked.tckn, asked.suts)) if asked.tckn else []
        state = Answering.FAILED if told.reason else Answering.ANSWERED
        return DuplicateQuery(
            id=secrets.token_hex(16),
            at=now,
            institution=asked.institution.skrs,
            tckn=asked.tckn,
            sut=asked.suts,
            physician=asked.physician,
            state=state if asked.tckn else Answering.UNASKABLE,
            found=merged([one for one in own if self._counts(one, now)], told.found),
            upstream=self._above.name if self._above else "",
            reason=told.reason if asked.tckn else NO_NUMBER,
        )

    def _counts(self, earlier: EarlierExam, now: datetime) -> bool:
        chosen = self.policy
        return counts(
            earlier,
            now,
            months=chosen.months,
            days=chosen.days,
            dated=chosen.dated,
            performed_only=chosen.performed_only,
        )

    # Reading a question

    def asker_of(self, question: Question) -> str:
        """Return the SKRS code of the institution that asks; raises `QuestionRefused`."""
        with self._watched():
            return self._institution(question.medula_code).skrs

    def query_of(self, order_id: str) -> DuplicateQuery:
        """Return the query that an exam was found by; raises `QuestionRefused`."""
        with self._watched():
            return self._find(order_id, self._clock.now())[0]

    def exam_of(self, order_id: str) -> ExamKey:
        """Return the exam that a link of a query names; raises `QuestionRefused`."""
        with self._watched():
            found = self._find(order_id, self._clock.now())[1]
        return ExamKey(institution=found.institution, accession=found.accession)

    def _read(self, question: Question, *, with_physician: bool) -> _Asked:
        institution = self._institution(question.medula_code)
        kind = classify(question.tckn, self.policy.identifiers)
        if kind is Kind.INVALID:
            raise QuestionRefused(Wrong.PATIENT)
        if with_physician and not is_tckn(question.physician):
            raise QuestionRefused(Wrong.PHYSICIAN)
        return _Asked(
            institution=institution,
            tckn=question.tckn if kind in (Kind.CITIZEN, Kind.FOREIGN) else "",
            suts=read_suts(question.suts),
            physician=question.physician,
        )

    def _institution(self, medula_code: str) -> Institution:
        with self._lock:
            now, at = self._clock.now(), self._institutions_at
            if at is None or now - at >= INSTITUTIONS_FOR or medula_code not in self._institutions:
                known = self._ledger.read(lambda tx: tx.institutions())
                self._institutions = {one.medula_code: one for one in reversed(known) if one.medula_code}
                self._institutions_at = now
        if medula_code not in self._institutions:
            raise QuestionRefused(Wrong.INSTITUTION)
        return self._institutions[medula_code]

    # Opening

    def open_report(self, order_id: str) -> Opened:
        """Give the report of an exam that a query found, as plain text, and keep that it was opened."""
        return self._open(order_id, "report", _report_of)

    def open_images(self, order_id: str) -> Opened:
        """Say where the images of an exam are that a query found, and keep that they were opened."""
        return self._open(order_id, "images", _images_of)

    def _open(self, order_id: str, what: str, own: Callable[[Exam | None], Opened]) -> Opened:
        with self._watched():
            now = self._clock.now()
            query, earlier = self._find(order_id, now)
            key = ExamKey(institution=earlier.institution, accession=earlier.accession)
            opened = own(self._ledger.read(lambda tx: tx.exam(key)))
            if opened == Opened():
                opened = self._fetch(earlier, what, now)
            opening = Opening(institution=earlier.institution, accession=earlier.accession, what=what, at=now)
            self._write(lambda tx: _keep_opening(tx, query.id, opening, now))
        return opened

    def _find(self, order_id: str, now: datetime) -> tuple[DuplicateQuery, EarlierExam]:
        number, place = parse_order_id(order_id)
        query = self._ledger.read(lambda tx: tx.duplicate_query(number))
        if query is None or place >= len(query.found):
            raise QuestionRefused(Wrong.ORDER)
        if now > query.at + self.policy.link:
            raise QuestionRefused(Wrong.EXPIRED)
        return query, query.found[place]

    def _fetch(self, earlier: EarlierExam, what: str, now: datetime) -> Opened:
        if self._above is None or not earlier.reference:
            raise QuestionRefused(Wrong.NOTHING)
        if what == "report":
            return Opened(report=self._above.report(earlier.reference, now))
        return Opened(link=self._above.image_link(earlier.reference, now))

    # Keeping

    def _write(self, work: Callable[[Transaction], None]) -> None:
        """Write, and in the same transaction the stretch in which we could not."""
        since, now = self._failing_since, self._clock.now()

        def both(tx: Transaction) -> None:
            if since is not None:
                record_outage(tx, SERVICE, since, now, "ledger")
            work(tx)

        self._ledger.write(both)
        self._failing_since = None

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Remember since when the ledger fails: nobody can ask then."""
        try:
            yield
        except UpstreamUnavailable:
            raise
        except Unavailable:
            self._failing_since = self._failing_since or self._clock.now()
            raise


def _opened_suts(query: DuplicateQuery) -> set[str]:
    opened = {(one.institution, one.accession) for one in query.openings}
    return {one.sut for one in query.found if (one.institution, one.accession) in opened}


def _report_of(exam: Exam | None) -> Opened:
    """The report in force and its addenda, as their senders wrote them; HTML where one of them is."""
    if exam is None or exam.report is None:
        return Opened()
    found = [exam.report.report, *(exam.reports[number - 1].report for number in exam.standing.addenda)]
    html = any(one.format == "HTML" for one in found)
    texts = [_text_of(one, html=html) for one in found]
    heading = "<p><b>Ek rapor</b></p>" if html else "Ek rapor\n\n"
    return Opened(report="\n\n".join([texts[0], *(f"{heading}{one}" for one in texts[1:])]), html=html)


def _text_of(report: Report, *, html: bool) -> str:
    text = "\n\n".join(report.parts[part] for part in sorted(report.parts))
    return f"<pre>{escape(text)}</pre>" if html and report.format != "HTML" else text


def _images_of(exam: Exam | None) -> Opened:
    studies = exam.studies if exam else ()
    return Opened(studies=tuple(sorted({one.facts.study_instance_uid for one in studies if one.facts.images})))


def _keep(tx: Transaction, query: DuplicateQuery, up: bool | None) -> None:
    tx.append(DuplicateQueried(at=query.at, query=query))
    if up is not None:
        mark(tx, f"upstream:{query.upstream}", up=up, now=query.at, reason=UPSTREAM_DOWN)
    ask_for_query(tx, query, query.at)


def _keep_opening(tx: Transaction, query_id: str, opening: Opening, now: datetime) -> None:
    tx.append(DuplicateOpened(at=now, query=query_id, opening=opening))
    query = tx.duplicate_query(query_id)
    if query:
        ask_for_query(tx, query, now)
