"""A ledger of the release before disclosures comes up to the newest whole, on both engines, and back as far as it can.

`tests/data/ledger-0011.json` holds the rows of every table that the code of that release wrote, an event of every kind
that it knew among them: none of its JSON has a field that came later.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext

from gecit.core import events as e
from gecit.core.order import ExamKey
from gecit.edges.store import SqlLedger, open_ledger, schema
from gecit.edges.store.engine import open_engine
from gecit.edges.store.standing import MIGRATIONS
from tests.support.everything import fill, rows_of
from tests.support.flow import HOSPITAL

WRITTEN: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "data" / "ledger-0011.json").read_text(encoding="utf-8")
)


def walk(url: str, revision: str, *, down: bool = False) -> sa.Engine:
    """Bring a ledger to a revision."""
    engine = open_engine(url)
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        configuration.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(configuration, revision)
    return engine


def value(found: Any) -> Any:
    if isinstance(found, dict):
        return datetime.fromisoformat(found["at"]) if "at" in found else bytes.fromhex(found["hex"])
    return found


def before(url: str, written: dict[str, list[dict[str, Any]]] = WRITTEN, revision: str = "0011") -> None:
    """Write the rows of a release into the tables of that release."""
    engine = walk(url, revision)
    with engine.begin() as connection:
        for table in schema.metadata.sorted_tables:
            of_then = sa.table(table.name, *(sa.column(one.name, one.type) for one in table.columns))
            for row in written.get(table.name, ()):
                connection.execute(sa.insert(of_then).values({name: value(found) for name, found in row.items()}))
        if connection.dialect.name == "postgresql":  # what the engine counts goes on behind what was written
            for name in ("event", "message", "outbox"):
                table = schema.metadata.tables[name]
                last = sa.select(sa.func.max(table.c.id) + 1).scalar_subquery()
                connection.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(name, "id"), last)))
    engine.dispose()


@pytest.fixture
def upgraded(ledger_url: str) -> Iterator[SqlLedger]:
    before(ledger_url)
    opened = open_ledger(ledger_url)
    yield opened
    opened.close()


def test_the_rows_hold_every_kind_of_event_of_that_release() -> None:
    kinds = {row["kind"] for row in WRITTEN["event"]}
    later = {
        "CriticalMarked", "CriticalTakenBack", "CriticalConfirmed", "ExamRated", "HintsFound", "ConsultationAsked",
        "ConsultationMoved", "ConsultationAnswered", "ConsultationClosed", "DisclosureRecorded", "GroupRecorded",
        "ReviewRoundDrawn", "ReviewRoundClosed", "ReportReviewed", "FeedbackSent", "FeedbackAnswered",
        "FeedbackClosed", "OpeningRecorded", "EncounterRecorded", "LegalHoldRecorded", "RetentionListRecorded",
        "LedgerRestored", "TrialRemoved",
    }  # fmt: skip
    made_by_steps = {"AccessGranted", "InstitutionRecorded"} & kinds
    concrete = {one.__name__ for base in (e.Event, e.ExamEvent, e.StudyEvent) for one in base.__subclasses__()}
    assert made_by_steps
    assert concrete - later - {"ExamEvent", "StudyEvent"} == kinds


def test_everything_that_stood_there_stands_there(upgraded: SqlLedger) -> None:
    stands(upgraded, WRITTEN)


def stands(ledger: SqlLedger, written: dict[str, list[dict[str, Any]]]) -> None:
    with ledger.engine.connect() as connection:
        for name, rows in written.items():
            table = schema.metadata.tables[name]
            wanted = [{column: value(found) for column, found in row.items()} for row in rows]
            found = [dict(one._mapping) for one in connection.execute(sa.select(table))]
            assert len(found) == len(wanted), name
            narrowed = [{column: one[column] for column in wanted[0]} for one in found] if wanted else []
            assert sorted(map(repr, narrowed)) == sorted(map(repr, wanted)), name


def test_old_json_reads_and_a_rebuild_says_the_same(upgraded: SqlLedger) -> None:
    folded = rows_of(upgraded, schema.FOLDED)
    count, same = upgraded.rebuild()
    assert (count, same) == (len(WRITTEN["event"]), True)
    assert rows_of(upgraded, schema.FOLDED) == folded
    assert {one.split("'")[5] for one in folded["rating"]} >= {"image", "request"}, "ratings of before are counted"
    exam = upgraded.exam_of(ExamKey(institution=HOSPITAL.skrs, accession="A1"))
    assert exam and exam.reading and exam.critical is None and exam.consultations == ()
    draft = upgraded.read(lambda tx: tx.draft(exam.key, "ayse"))
    assert draft and draft.key_images == () and draft.critical == ""
    assert [one.id for one in upgraded.read(lambda tx: tx.grants())] == ["g1"]
    assert upgraded.read(lambda tx: tx.reader_profiles())["ayse"].away_until is None
    assert [one.id for one in upgraded.read(lambda tx: tx.webhooks())] == ["wh-1"]
    assert {one.name for one in upgraded.accounts()} == {"ayse", "y"}


def test_a_ledger_of_schema_0019_with_rows_in_every_table_comes_up_whole(ledger_url: str) -> None:
    written = json.loads(lzma.decompress((Path(__file__).parents[1] / "data" / "ledger-0019.json.xz").read_bytes()))
    assert written and all(written.values()), "rows in every table"
    before(ledger_url, written, "0019")
    ledger = open_ledger(ledger_url)
    stands(ledger, written)
    folded = rows_of(ledger, schema.FOLDED)
    assert ledger.rebuild() == (len(written["event"]), True)
    assert rows_of(ledger, schema.FOLDED) == folded
    ledger.close()


def test_it_works_on(upgraded: SqlLedger) -> None:
    exam = ExamKey(institution=HOSPITAL.skrs, accession="A3")
    events = len(list(upgraded.events()))
    upgraded.write(
        lambda tx: tx.append(
            e.CriticalMarked(at=datetime.fromisoformat("2026-03-03T09:00Z"), exam=exam, text="x", by="ayse")
        )
    )
    assert len(list(upgraded.events())) == events + 1
    assert upgraded.rebuild()[1]
    assert len(rows_of(upgraded, (schema.critical,))["critical"]) == 1


def test_every_step_back_and_forth_again_ends_with_the_same_tables(ledger_url: str) -> None:
    before(ledger_url)
    open_ledger(ledger_url).close()
    tables = described(ledger_url)
    while head(ledger_url) != "0011":
        walk(ledger_url, "-1", down=True).dispose()
    open_ledger(ledger_url).close()
    assert described(ledger_url) == tables
    ledger = open_ledger(ledger_url)
    assert ledger.rebuild()[1]
    ledger.close()


def test_what_going_back_dropped_a_rebuild_makes_again(ledger_url: str) -> None:
    """Tables that are folded come back whole by their events; those that are kept are gone with their release."""
    ledger = open_ledger(ledger_url)
    fill(ledger)
    whole = rows_of(ledger, schema.FOLDED)
    ledger.close()
    walk(ledger_url, "0011", down=True).dispose()
    ledger = open_ledger(ledger_url)
    ledger.rebuild()
    assert rows_of(ledger, schema.FOLDED) == whole
    assert rows_of(ledger, (schema.disclosure,))["disclosure"] == []
    ledger.close()


def test_migrations_make_each_column_index_and_default_that_the_code_names(ledger_url: str) -> None:
    """What Alembic's own comparison leaves out: partial indexes, defaults, what may be null, keys."""
    open_ledger(ledger_url).close()
    migrated = described(ledger_url)
    engine = open_engine(ledger_url)
    with engine.begin() as connection:
        names = ", ".join(f'"{name}"' for name in (*schema.metadata.tables, "alembic_version"))
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"DROP TABLE {names}")
        else:
            for name in (*schema.metadata.tables, "alembic_version"):
                connection.exec_driver_sql(f'DROP TABLE "{name}"')
        schema.metadata.create_all(connection)
    engine.dispose()
    assert described(ledger_url) == migrated


def head(url: str) -> str:
    engine = open_engine(url)
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    engine.dispose()
    assert found
    return found


def described(url: str) -> dict[str, object]:
    """Return what the engine itself says of each table."""
    engine = open_engine(url)
    look = sa.inspect(engine)
    found = {
        name: {
            "columns": {
                one["name"]: (str(one["type"]), one["nullable"], one["default"] and str(one["default"]).split("::")[0])
                for one in look.get_columns(name)
            },
            "key": look.get_pk_constraint(name)["constrained_columns"],
            "unique": sorted(str(one["column_names"]) for one in look.get_unique_constraints(name)),
            "indexes": sorted(
                (str(one["name"]), str(one["column_names"]), bool(one["unique"]), partial(one))
                for one in look.get_indexes(name)
            ),
        }
        for name in schema.metadata.tables
    }
    engine.dispose()
    return found


def partial(index: Any) -> str:
    options = index.get("dialect_options", {})
    return str(options.get("sqlite_where", options.get("postgresql_where", "")))
