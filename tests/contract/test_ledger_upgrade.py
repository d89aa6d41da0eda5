"""A ledger of the first release, with data, becomes what a new one with the same events is."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from msgspec.structs import replace

from gecit.core import events as e
from gecit.core.order import ExamKey
from gecit.core.report import Report, ReportPart, ReportStatus
from gecit.edges.store import SqlLedger, open_ledger, rows, schema
from gecit.edges.store.engine import open_engine
from gecit.edges.store.migrate import MIGRATIONS

from .test_ledger import KEY, NOW, facts, order, placed

UNDATED = ExamKey(institution="10001", accession="A2")
REPORTED = ExamKey(institution="10002", accession="A1")


def events() -> list[e.Event]:
    bare = replace(order(UNDATED), ordered_at=None)
    parts = {ReportPart.FINDINGS: "Olağan."}
    report = Report(key=REPORTED, patient=bare.patient, status=ReportStatus.FINAL, parts=parts)
    report = replace(report, procedures=order().procedures, modality="CT")
    return [
        placed(),
        e.StudyLinked(at=NOW, exam=KEY, facts=facts(study_date="20260302", study_time="120000"), path="p"),
        e.OrderPlaced(at=NOW + timedelta(hours=1), exam=UNDATED, order=bare, message=2),
        e.ReportReceived(at=NOW, exam=REPORTED, report=report, message=3),
    ]


def first_release(url: str) -> sa.Engine:
    """Make a ledger as release 0001 made it."""
    engine = open_engine(url)
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "0001")
    return engine


def fill(url: str) -> None:
    """Write exams as release 0001 did: the order date as sent, no procedures."""
    filled = open_ledger("sqlite://")
    filled.write(lambda tx: [tx.append(one) for one in events()])
    exams = {one.key: one for one in filled.recent_exams(10)}
    filled.close()
    engine = first_release(url)
    with engine.begin() as connection:
        connection.execute(sa.insert(schema.event), [rows.event_row(one) for one in events()])
        for one in exams.values():
            row = rows.exam_row(one, events()[0].at)
            row["ordered_at"] = one.order.ordered_at if one.order else None
            connection.execute(sa.insert(schema.exam).values(row))
            for link in rows.link_rows(one):
                connection.execute(sa.insert(schema.link).values(link))
    engine.dispose()


def test_a_ledger_of_the_first_release_is_upgraded_with_its_data(ledger_url: str) -> None:
    fill(ledger_url)
    ledger = open_ledger(ledger_url)
    assert ordered_at(ledger) == {KEY: NOW, UNDATED: NOW + timedelta(hours=1), REPORTED: None}
    upgraded = ledger.content()
    ledger.rebuild()
    assert {**ledger.content(), "exam": None} == {**upgraded, "exam": None}
    found = ledger.read(lambda tx: tx.earlier_exams("10000000146", ["801950"]))
    assert [one.accession for one in found] == ["A1", "A1", "A2"]
    assert sorted((one.institution, one.images, one.report) for one in found) == [
        ("10001", False, False),
        ("10001", True, False),
        ("10002", False, True),
    ]
    ledger.close()


def ordered_at(ledger: SqlLedger) -> dict[ExamKey, object]:
    columns = schema.exam.c.institution, schema.exam.c.accession, schema.exam.c.ordered_at
    with ledger.engine.connect() as connection:
        found = connection.execute(sa.select(*columns)).all()
    return {ExamKey(institution=row.institution, accession=row.accession): row.ordered_at for row in found}


def test_the_migrations_make_the_tables_that_the_code_expects(ledger: SqlLedger) -> None:
    with ledger.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), schema.metadata)
        assert [one for one in differences if "alembic_version" not in str(one)] == []
