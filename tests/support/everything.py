"""A ledger with rows in each folded table, made by steps and events of the node, and one in each kept table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gecit.core import events as e
from gecit.core.background import DuplicateQuery, EarlierExam, Opening
from gecit.core.feedback import Closing, Part
from gecit.core.order import ExamKey
from gecit.core.quality import Hint, Mender, Rating, RatingSource
from gecit.core.report import RatingKind
from gecit.core.values import Text
from gecit.core.verdict import Effect, Finding, Outcome, Status, Verdict
from gecit.edges.store import SqlLedger, schema
from gecit.steps import consult, critical
from gecit.steps.give_feedback import answer as answer_feedback
from gecit.steps.give_feedback import close as close_feedback
from gecit.steps.give_feedback import of_review, send
from gecit.steps.review_report import Said, review_report
from gecit.steps.sample_reports import draw_round

from . import reviews
from .consulting import ASKER, CERRAH, NORO, UZMAN, admit, answer, ask, person
from .critical import DOCTOR, WHAT
from .flow import HOSPITAL, START, TCKN, arrive, study
from .reading import AYSE, NOW, sign, take, wait_for_reader, write

LATER = NOW + timedelta(days=40)
MINUTE = timedelta(minutes=1)
HINT = Hint(code="pixel-spacing-missing", where="(0028,0030)", mender=Mender.MODALITY, expected="> 0", found="-")


def fill(ledger: SqlLedger) -> None:
    """Let what a node can do happen once: read, sign, correct, judge, rate, ask others, mark, review, talk, refuse."""
    admit(ledger, ASKER, UZMAN, NORO, CERRAH)
    read = wait_for_reader(ledger, "A1")
    arrive(ledger, study("s9", "NONE"))
    take(ledger, AYSE)
    write(ledger, AYSE)
    ledger.write(lambda tx: critical.mark(tx, read, AYSE, WHAT, NOW))
    ledger.write(lambda tx: critical.confirm(tx, read, DOCTOR, 1, NOW + MINUTE))
    ask(ledger, UZMAN, NORO)
    ledger.write(lambda tx: consult.accept(tx, "c1", person(NORO), NOW))
    answer(ledger, NORO)
    ask(ledger, CERRAH, number="c2")
    ledger.write(lambda tx: consult.withdraw(tx, "c2", person(ASKER), "", NOW))
    sign(ledger, AYSE)
    wait_for_reader(ledger, "A2")
    _append(ledger, *_of_exam(read), *_of_installation())
    exam = reviews.signed(ledger, "A3")
    state = draw_round(ledger, reviews.asked(), (), "y", LATER)
    pick = next(one for one in state.round.picks if one.exam == exam)
    review = review_report(ledger, "r1", pick.number, Said(account="cem", score=4, note="Kitle."), reviews.SCALE, LATER)
    found = ledger.exam_of(exam)
    assert found
    sent = send(ledger, of_review(state.round, review, found, "cem", ledger), "Kitle.", LATER)
    answer_feedback(ledger, sent.id, "ayse", Part.RADIOLOGIST, "Bakıyorum.", LATER)
    close_feedback(ledger, sent.id, "mudur", Closing.AGREED, "", LATER)


def _append(ledger: SqlLedger, *events: e.Event) -> None:
    for one in events:
        ledger.write(lambda tx, one=one: tx.append(one))  # type: ignore[misc]


def _of_exam(exam: ExamKey) -> tuple[e.Event, ...]:
    said = (("dose", Status.FAILED, ()), ("asked", Status.EXCUSED, ("w1",)))
    findings = tuple(
        Finding(rule=rule, status=status, effect=Effect.HOLD, title=Text(tr="x", en="x"), exemptions=windows)
        for rule, status, windows in said
    )
    verdict = Verdict(outcome=Outcome.HOLD, findings=findings, judged_at=NOW, known_at=NOW, rulebook="r1")
    rating = Rating(exam=exam, kind=RatingKind.IMAGE, score=2, rater="cem", source=RatingSource.ASSESSOR, at=NOW)
    return (
        e.ExamJudged(at=NOW, exam=exam, verdict=verdict),
        e.ExamRated(at=NOW, exam=exam, rating=rating),
        e.HintsFound(at=NOW, exam=exam, hints=(HINT,), data="r1"),
    )


def _of_installation() -> tuple[e.Event, ...]:
    found = (EarlierExam(institution=HOSPITAL.skrs, accession="A1", sut="R100250"),)
    query = DuplicateQuery(id="q1", at=NOW, institution=HOSPITAL.skrs, tckn=TCKN, sut=("R100250",), found=found)
    opened = Opening(institution=HOSPITAL.skrs, accession="A1", what="report", at=NOW)
    return (
        e.DuplicateQueried(at=NOW, query=query),
        e.DuplicateOpened(at=NOW, query="q1", opening=opened),
        e.OutageBegan(at=START, service="duplicates", reason="x"),
        e.OutageEnded(at=NOW, service="duplicates"),
    )


def fill_kept(ledger: SqlLedger) -> None:
    """Put a made-up row into each table that is not folded and has none."""
    with ledger.engine.begin() as connection:
        for table in schema.metadata.sorted_tables:
            if table in schema.FOLDED or connection.execute(sa.select(table).limit(1)).first():
                continue
            connection.execute(sa.insert(table).values({one.name: _made_up(one) for one in table.columns}))


def _made_up(column: sa.Column[Any]) -> object:
    if isinstance(column.type, schema.Instant):
        return datetime(2026, 3, 2, tzinfo=UTC)
    if isinstance(column.type, sa.Boolean):
        return True
    if isinstance(column.type, sa.Integer | sa.BigInteger):
        return 7
    return b"x" if isinstance(column.type, sa.LargeBinary) else "{}"


def rows_of(ledger: SqlLedger, tables: tuple[sa.Table, ...]) -> dict[str, list[str]]:
    """Return all rows of some tables, in one order on both engines."""
    with ledger.engine.connect() as connection:
        return {one.name: sorted(repr(tuple(row)) for row in connection.execute(sa.select(one))) for one in tables}
