"""A ledger of the first release, with data, becomes what a new one with the same events is."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from msgspec.structs import replace

from gecit.core import events as e
from gecit.core.access import Action, Role, Whose, may
from gecit.core.accounts import Account, person_of_token
from gecit.core.exam import Exam, ReceivedReport
from gecit.core.order import ExamKey, Patient, Procedure
from gecit.core.report import Report, ReportPart, ReportStatus
from gecit.edges.store import SqlLedger, open_ledger, rows, schema
from gecit.edges.store.engine import open_engine
from gecit.edges.store.standing import MIGRATIONS, newest, revisions

from .test_ledger import KEY, NOW, facts, order, placed

BOTH = ExamKey(institution="10002", accession="A3")
RESENT = ExamKey(institution="10001", accession="A3")
UNDATED = ExamKey(institution="10001", accession="A2")
REPORTED = ExamKey(institution="10002", accession="A1")


def events() -> list[e.Event]:
    bare = replace(order(UNDATED), ordered_at=None)
    parts = {ReportPart.FINDINGS: "Olağan."}
    report = Report(key=REPORTED, patient=bare.patient, status=ReportStatus.FINAL, parts=parts)
    report = replace(report, procedures=order().procedures, modality="CT", image_quality_rating=2)
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
            del row["listed_at"]  # release 0001 had none
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


def reported(key: ExamKey, status: str, modality: str, message: int) -> e.ReportReceived:
    """Make a version; those with the same status and modality say the same."""
    patient = Patient(tckn=f"1000000{ord(modality[0])}14", file_number=modality)
    procedures = tuple(Procedure(sut=f"{modality}{number}") for number in range(1 if modality == "CT" else 2))
    parts = {ReportPart.FINDINGS: f'Metin {modality} "}},{{"report":{{"'}
    report = Report(key=key, patient=patient, status=ReportStatus(status), parts=parts, modality=modality)
    return e.ReportReceived(at=NOW, exam=key, report=replace(report, procedures=procedures), message=message)


def versions() -> list[e.Event]:
    """Return three exams with several reports, in two of which the one in force is not the last sent; and others."""
    undecided = replace(order(RESENT), modality="")
    return [
        reported(BOTH, "F", "CT", 1),
        reported(BOTH, "P", "MR", 2),
        e.OrderPlaced(at=NOW, exam=RESENT, order=undecided, message=3),
        *(reported(RESENT, *one) for one in (("F", "CT", 4), ("C", "MR", 5), ("F", "CT", 6))),
        reported(UNDATED, "P", "MR", 7),
        reported(UNDATED, "F", "CT", 8),
        reported(REPORTED, "F", "MR", 9),
        placed(),
    ]


def fold_as_before(url: str, last: dict[ExamKey, Exam]) -> None:
    """Take a ledger back to schema 0004, and let the report that was sent last be in force, as releases before did."""
    engine = open_engine(url)
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        configuration.attributes["connection"] = connection
        command.downgrade(configuration, "0004")
        for key, one in last.items():
            of = schema.exam.c.institution == key.institution, schema.exam.c.accession == key.accession
            row = rows.exam_row(one, NOW)
            found_by = {name: row[name] for name in ("tckn", "file_number", "modality", "sut")}
            connection.execute(sa.update(schema.exam).where(*of).values(found_by))
            of = schema.procedure.c.institution == key.institution, schema.procedure.c.accession == key.accession
            connection.execute(sa.delete(schema.procedure).where(*of))
            connection.execute(sa.insert(schema.procedure), rows.procedure_rows(one))
    engine.dispose()


def test_exams_with_several_reports_are_folded_anew(ledger_url: str) -> None:
    ledger = open_ledger(ledger_url)
    ledger.write(lambda tx: [tx.append(one) for one in versions()])
    wanted, exams = ledger.content(), ledger.recent_exams(10)
    ledger.close()
    last = {one.key: replace(one, reports=one.reports[-1:]) for one in exams if len(one.reports) > 1}
    assert len(last) == 3
    fold_as_before(ledger_url, last)
    ledger = open_ledger(ledger_url)
    assert ledger.content() == wanted
    assert ledger.rebuild() == (len(versions()), True)
    with ledger.engine.connect() as connection:
        found = connection.execute(sa.select(schema.exam.c.accession, schema.exam.c.modality)).all()
    assert sorted(tuple(one) for one in found) == [("A1", "CT"), ("A1", "MR"), ("A2", "CT"), ("A3", "CT"), ("A3", "MR")]
    ledger.close()


def test_exams_with_one_report_or_none_are_left_as_they_are(ledger_url: str) -> None:
    """A million of them are not read: what stands there, right or wrong, still stands after the upgrade."""
    ledger = open_ledger(ledger_url)
    ledger.write(lambda tx: [tx.append(one) for one in versions()])
    exams = {one.key: replace(one, order=None) for one in ledger.recent_exams(10) if one.key == REPORTED}
    ledger.close()
    marked = {key: replace(one, reports=(_marked(one),)) for key, one in exams.items()}
    fold_as_before(ledger_url, marked)
    ledger = open_ledger(ledger_url)
    with ledger.engine.connect() as connection:
        found = connection.scalars(sa.select(schema.exam.c.modality).where(schema.exam.c.institution == "10002"))
        assert sorted(found) == ["CT", "XX"]
    ledger.close()


def _marked(one: Exam) -> ReceivedReport:
    return replace(one.reports[0], report=replace(one.reports[0].report, modality="XX"))


def ordered_at(ledger: SqlLedger) -> dict[ExamKey, object]:
    columns = schema.exam.c.institution, schema.exam.c.accession, schema.exam.c.ordered_at
    with ledger.engine.connect() as connection:
        found = connection.execute(sa.select(*columns)).all()
    return {ExamKey(institution=row.institution, accession=row.accession): row.ordered_at for row in found}


def test_the_migrations_make_the_tables_that_the_code_expects(ledger: SqlLedger) -> None:
    with ledger.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), schema.metadata)
        assert [one for one in differences if "alembic_version" not in str(one)] == []


def back_to(url: str, revision: str) -> sa.Engine:
    engine = open_engine(url)
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        configuration.attributes["connection"] = connection
        command.downgrade(configuration, revision)
    return engine


def test_administrators_and_owners_of_tokens_become_accounts_that_may_what_they_could(ledger_url: str) -> None:
    open_ledger(ledger_url).close()
    engine = back_to(ledger_url, "0005")
    administrator = sa.table("administrator", sa.column("name"), sa.column("password_hash"), _instant("changed_at"))
    token = sa.table("token", sa.column("digest"), sa.column("owner"), _instant("created_at"), _instant("revoked_at"))
    with engine.begin() as connection:
        connection.execute(sa.insert(administrator).values(name="ayşe", password_hash="$argon2id$1", changed_at=NOW))
        tokens = [
            {"digest": "d1", "owner": "HBYS of Örnek", "created_at": NOW, "revoked_at": None},
            {"digest": "d2", "owner": "ayşe", "created_at": NOW, "revoked_at": NOW},
        ]
        connection.execute(sa.insert(token), tokens)
    engine.dispose()
    ledger = open_ledger(ledger_url)
    assert {one.name: one.roles for one in ledger.accounts()} == dict.fromkeys(
        ("HBYS of Örnek", "ayşe"), (Role.ADMINISTRATOR,)
    )
    assert ledger.has_administrator()
    assert ledger.password_hash("ayşe") == "$argon2id$1"
    assert ledger.password_hash("HBYS of Örnek") is None
    old, owner = ledger.token("d1"), ledger.account("HBYS of Örnek")
    assert old and owner and old.stands(NOW)
    person = person_of_token(old, owner)
    assert person and may(person, Action.USE_ORTHANC) and may(person, Action.SEE_EXAM, Whose.FOREIGN)
    assert ledger.token("d2").revoked_at == NOW
    ledger.close()


def test_going_back_no_token_opens_more_than_it_did(ledger_url: str) -> None:
    """Before, every token opened everything."""
    ledger = open_ledger(ledger_url)
    ledger.add_administrator("admin", "$argon2id$1", NOW)
    ledger.save_account(Account(name="m", roles=(Role.MANAGER,), institution="910001"), NOW)
    ledger.set_password("m", "$argon2id$2", NOW)
    ledger.add_token("whole", "admin", NOW, None)
    ledger.add_token("narrow", "admin", NOW, None, institution="910001")
    ledger.add_token("few", "admin", NOW, None, actions=[Action.SEE_EXAM])
    ledger.add_token("manager's", "m", NOW, None)
    ledger.close()
    engine = back_to(ledger_url, "0005")
    with engine.connect() as connection:
        assert list(connection.scalars(sa.text("SELECT digest FROM token"))) == ["whole"]
        assert list(connection.scalars(sa.text("SELECT name FROM administrator"))) == ["admin"]
    engine.dispose()


def _instant(name: str) -> sa.ColumnClause[object]:
    return sa.column(name, schema.Instant())


def test_the_schemas_that_are_known_without_alembic_are_those_it_knows() -> None:
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(configuration)
    assert revisions() == [one.revision for one in scripts.walk_revisions()][::-1]
    assert newest() == scripts.get_current_head()
