"""`gecit backup` and `gecit restore` on both engines: what is refused, what is put back, and what is then in doubt."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from click.testing import Result
from sqlalchemy.engine import make_url

from gecit.cli.faults import FAULTS
from gecit.core.backups import LEDGERS, MANIFEST, SUMS
from gecit.core.events import LedgerRestored
from gecit.edges.audit_book import read_key
from gecit.edges.store import SqlLedger, open_ledger, schema
from gecit.edges.store.standing import MIGRATIONS
from gecit.processes import backup, restore
from gecit.processes.last_backup import last_backup
from gecit.processes.run_folder import RESTORING, HalfRestoredError, lock_folder, refuse_half_restored
from gecit.settings import load
from tests.support.everything import fill, fill_kept, rows_of
from tests.support.postgres import Cluster

Run = Callable[..., Result]
COMES_BACK = (schema.account, schema.token, schema.disclosure, schema.draft, schema.institution, schema.rulebook)
PICTURES = {f"{n:02}{n:02}{n:02}-{n}": f"picture {n}".encode() * 50 for n in range(12)}


def write_index(folder: Path, names: list[str]) -> None:
    """Make of Orthanc's index the two tables that a backup reads."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / "index")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS AttachedFiles(id INTEGER, uuid TEXT, compressedMD5 TEXT)")
        connection.execute("CREATE TABLE IF NOT EXISTS Resources(internalId INTEGER, publicId TEXT)")
        for table in ("AttachedFiles", "Resources"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 -- of the line above
        for number, name in enumerate(names):
            md5 = hashlib.md5(PICTURES[name], usedforsecurity=False).hexdigest()
            connection.execute("INSERT INTO AttachedFiles VALUES (?, ?, ?)", (number, name, md5))
            connection.execute("INSERT INTO Resources VALUES (?, ?)", (number, f"instance-{name}"))
        connection.commit()


BOTH = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture
def database(request: pytest.FixtureRequest, data: Path) -> str:
    """Where the ledger is: on SQLite, but for what differs on PostgreSQL."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return f"sqlite:///{data}/ledger.db"
    cluster: Cluster = request.getfixturevalue("postgres")
    return cluster.new_database()


@pytest.fixture
def node(data: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A node's data folder with a ledger, and twelve files in Orthanc."""
    monkeypatch.setenv("ORTHANC__GECIT__DATABASE", database)
    data.mkdir()
    open_ledger(database).close()
    write_index(data / "orthanc", sorted(PICTURES))
    for name, content in PICTURES.items():
        path = data / "orthanc" / name[:2] / name[2:4] / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    return data


@pytest.fixture
def made(run: Run, node: Path, tmp_path: Path) -> Path:
    run("backup", tmp_path / "backup")
    return tmp_path / "backup"


@pytest.fixture
def lose(node: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Callable[[], None]:
    """Lose the node, but for its audit key."""

    def lost() -> None:
        _lose(node, monkeypatch, request)

    return lost


@pytest.fixture
def emptied(made: Path, lose: Callable[[], None]) -> Path:
    """The backup of a node that is lost but for its audit key."""
    lose()
    return made


def _lose(node: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    key = (node / "audit.key").read_bytes()
    shutil.rmtree(node)
    node.mkdir()
    (node / "audit.key").write_bytes(key)
    if "postgresql" in load().database:
        cluster: Cluster = request.getfixturevalue("postgres")
        monkeypatch.setenv("ORTHANC__GECIT__DATABASE", cluster.new_database())


def refused(run: Run, *arguments: str | Path) -> str:
    """Run a command that ends with a fault which its `main` says, in both languages."""
    with pytest.raises(FAULTS) as fault:
        run(*arguments)
    assert " / " in str(fault.value)
    return str(fault.value)


def make_older(ledger: SqlLedger, revision: str) -> None:
    """Give a ledger the schema that an earlier version had."""
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    with ledger.engine.begin() as connection:
        configuration.attributes["connection"] = connection
        command.downgrade(configuration, revision)


def nothing_written(data: Path) -> bool:
    return sorted(one.name for one in data.iterdir()) in (["audit.key", "run"], ["audit.key"])


@BOTH
def test_all_rows_and_files_come_back_and_what_waits_is_in_doubt(
    run: Run, node: Path, lose: Callable[[], None], tmp_path: Path
) -> None:
    ledger, stays = open_ledger(load().database), (*schema.FOLDED, schema.message, *COMES_BACK)
    read_key(load().audit_key_file)
    fill(ledger)
    fill_kept(ledger)
    whole = rows_of(ledger, stays)
    ledger.close()
    manifest = json.loads(run("backup", tmp_path / "backup", "--json").stdout)
    assert trace(node) == datetime.fromisoformat(manifest["taken_at"])
    lose()
    assert trace(node) is None
    run("restore", tmp_path / "backup")
    assert trace(node) == datetime.fromisoformat(manifest["taken_at"])
    for name, content in PICTURES.items():
        assert (node / "orthanc" / name[:2] / name[2:4] / name).read_bytes() == content
    ledger = open_ledger(load().database)
    assert rows_of(ledger, stays) == whole and all(whole.values())
    happened = [one for _, one in ledger.events() if isinstance(one, LedgerRestored)]
    assert len(happened) == 1 and ledger.restored_at() == happened[0].at > happened[0].taken_at
    with ledger.engine.connect() as connection:
        states = set(connection.execute(sa.select(schema.outbox.c.state, schema.outbox.c.resume)).all())
        assert states and all(state in ("unknown", "parked", "done") for state, _ in states)
        assert {resume for state, resume in states if state != "done"} <= {"unknown"}
        for table in (schema.session, schema.visit):
            assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0, table.name
        assert connection.scalar(sa.select(sa.func.count()).select_from(schema.event)) == manifest["rows"]["event"] + 1
    assert ledger.rebuild()[1]
    ledger.close()


def trace(data: Path) -> datetime | None:
    """Until when the newest backup has everything, as the node knows it."""
    found = last_backup(data)
    return found.taken_at if found else None


def test_a_backup_whose_trace_cannot_be_left_is_one_all_the_same(
    run: Run, node: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (node / "last-backup.json").mkdir()
    run("backup", tmp_path / "backup")
    run("restore", "--check", tmp_path / "backup")
    assert "No trace of the backup" in caplog.text


@BOTH
def test_what_is_written_is_this_users_alone(made: Path, run: Run, emptied: Path, node: Path) -> None:
    run("restore", emptied)
    files = [one for root in (made, node / "orthanc") for one in root.rglob("*") if one.is_file()]
    assert files and all(one.stat().st_mode & 0o077 == 0 for one in files)


def test_sha256sum_agrees_and_a_second_backup_shares_its_images(run: Run, made: Path, tmp_path: Path) -> None:
    checked = subprocess.run(["sha256sum", "--quiet", "-c", SUMS], cwd=made, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr
    run("backup", tmp_path / "second", "--base", made)
    name = next(iter(PICTURES))
    inodes = {(one / "orthanc" / name[:2] / name[2:4] / name).stat().st_ino for one in (made, tmp_path / "second")}
    assert len(inodes) == 1
    run("restore", "--check", tmp_path / "second")


def test_an_image_that_is_not_what_orthanc_stored_is_told_at_backup_and_at_restore(
    run: Run, node: Path, lose: Callable[[], None], tmp_path: Path
) -> None:
    name = sorted(PICTURES)[3]
    path = node / "orthanc" / name[:2] / name[2:4] / name
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    told = run("backup", tmp_path / "first", code=1)
    assert name in told.output and f"instance-{name}" in told.output and sorted(PICTURES)[4] not in told.output
    manifest = json.loads((tmp_path / "first" / MANIFEST).read_bytes())
    assert manifest["damaged"] == {f"orthanc/{name[:2]}/{name[2:4]}/{name}": f"instance-{name}"}
    assert name in run("backup", tmp_path / "second", "--base", tmp_path / "first", code=1).output, "read anew"
    lose()
    assert name in run("restore", "--check", tmp_path / "second").output
    assert name in run("restore", tmp_path / "second").output
    assert path.read_bytes().endswith(b"?"), "nothing else is there"


def test_an_image_that_was_mended_since_the_earlier_backup_is_whole_in_the_next(
    run: Run, node: Path, tmp_path: Path
) -> None:
    name = sorted(PICTURES)[3]
    path = node / "orthanc" / name[:2] / name[2:4] / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"?")
    run("backup", tmp_path / "first", code=1)
    path.write_bytes(whole)
    run("backup", tmp_path / "second", "--base", tmp_path / "first")
    assert (tmp_path / "second/orthanc" / name[:2] / name[2:4] / name).read_bytes() == whole


def test_a_rotten_file_of_an_earlier_backup_is_found_and_copied_anew(run: Run, made: Path, tmp_path: Path) -> None:
    name = sorted(PICTURES)[3]
    rotten = made / "orthanc" / name[:2] / name[2:4] / name
    rotten.write_bytes(rotten.read_bytes()[:-1] + b"?")
    run("backup", tmp_path / "unread", "--base", made)
    assert name in refused(run, "restore", "--check", tmp_path / "unread"), "so it goes without --verify"
    told = run("backup", tmp_path / "second", "--base", made, "--verify", code=1)
    assert f"{made}/orthanc" in told.output and "rotten" in told.output
    run("restore", "--check", tmp_path / "second")
    assert (tmp_path / "second" / rotten.relative_to(made)).read_bytes() == PICTURES[name]
    other = sorted(PICTURES)[4]
    inodes = {(one / "orthanc" / other[:2] / other[2:4] / other).stat().st_ino for one in (made, tmp_path / "second")}
    assert len(inodes) == 1, "what is sound is linked"


@pytest.mark.parametrize("how", ["missing", "empty", "unfinished"])
def test_after_a_night_that_failed_the_next_makes_a_whole_backup_and_says_so(
    run: Run, made: Path, tmp_path: Path, how: str
) -> None:
    base = tmp_path / "missing"
    if how == "empty":
        base.mkdir()
    elif how == "unfinished":
        base = made
        (base / MANIFEST).unlink()
    done = run("backup", tmp_path / "second", "--base", base, "--json")
    assert json.loads(done.stdout)["images"] == len(PICTURES)
    assert f"{base} bitmiş bir yedek değil" in done.stderr and f"{base} is no finished backup" in done.stderr
    name = sorted(PICTURES)[0]
    assert (tmp_path / "second/orthanc" / name[:2] / name[2:4] / name).stat().st_nlink == 1
    run("restore", "--check", tmp_path / "second")


@pytest.mark.parametrize("how", ["sums", "manifest", "no sums"])
def test_an_earlier_backup_that_is_damaged_is_refused_as_a_base(run: Run, made: Path, tmp_path: Path, how: str) -> None:
    if how == "manifest":
        (made / MANIFEST).write_text("{")
    elif how == "sums":
        (made / SUMS).write_text("")
    else:
        (made / SUMS).unlink()
    refused(run, "backup", tmp_path / "second", "--base", made)
    assert not (tmp_path / "second").exists()


@pytest.mark.parametrize("how", ["changed", "gone", "sums", "manifest", "unfinished"])
def test_a_damaged_backup_is_refused_and_nothing_is_written(run: Run, emptied: Path, node: Path, how: str) -> None:
    name = next(iter(PICTURES))
    picture = emptied / "orthanc" / name[:2] / name[2:4] / name
    if how == "changed":
        picture.write_bytes(picture.read_bytes()[:-1] + b"?")
    elif how == "gone":
        picture.unlink()
    elif how == "sums":
        (emptied / SUMS).write_text((emptied / SUMS).read_text().replace("orthanc/", "../", 1))
    elif how == "manifest":
        (emptied / MANIFEST).write_text("{")
    else:
        (emptied / MANIFEST).unlink()
    said = refused(run, "restore", emptied)
    assert ("is damaged" in said) == (how not in ("manifest", "unfinished"))
    assert how not in ("changed", "gone") or picture.name in said
    assert nothing_written(node)


@BOTH
def test_the_ledger_alone_is_backed_up_and_put_back_beside_images_that_stay(
    run: Run, node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    read_key(load().audit_key_file)
    (node / "codes.db").write_bytes(b"")
    told = run("backup", "--ledger-only", tmp_path / "ledger")
    assert "index and images are not in it" in told.output
    assert trace(node) is None, "the night's backup is still to be made"
    assert not (tmp_path / "ledger/orthanc").exists()
    run("backup", tmp_path / "whole")
    (tmp_path / "whole" / "orthanc" / next(iter(PICTURES))[:2]).rename(tmp_path / "gone")  # images are not looked at
    (node / "codes.db").write_bytes(b"newer")
    newest = trace(node)
    for number, made in enumerate(("ledger", "whole")):
        if "postgresql" in load().database:
            cluster: Cluster = request.getfixturevalue("postgres")
            monkeypatch.setenv("ORTHANC__GECIT__DATABASE", cluster.new_database())
        else:
            (node / "ledger.db").rename(node / f"lost{number}.db")
        manifest = json.loads((tmp_path / made / MANIFEST).read_bytes())
        (tmp_path / made / MANIFEST).write_text(json.dumps(manifest | {"node": "another of this ledger"}))
        run("restore", "--check", "--ledger-only", tmp_path / made)
        told = run("restore", "--ledger-only", tmp_path / made)
        assert "images were left alone" in told.output
        ledger = open_ledger(load().database)
        assert ledger.restored_at()
        ledger.close()
    for name, content in PICTURES.items():
        assert (node / "orthanc" / name[:2] / name[2:4] / name).read_bytes() == content
    assert (node / "codes.db").read_bytes() == b"newer"
    assert trace(node) == newest
    assert "ledger.db holds" in refused(run, "restore", "--ledger-only", tmp_path / "ledger") or "holds tables" in (
        refused(run, "restore", "--ledger-only", tmp_path / "ledger")
    )


def test_a_backup_of_the_ledger_alone_needs_no_flag_to_be_put_back(run: Run, node: Path, tmp_path: Path) -> None:
    run("backup", "--ledger-only", tmp_path / "ledger")
    (node / "ledger.db").unlink()
    run("restore", tmp_path / "ledger")
    run("backup", "--ledger-only", "--base", tmp_path / "ledger", tmp_path / "second", code=2)


def test_of_an_index_in_a_database_the_ledger_alone_is_a_nights_backup(
    run: Run, node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.mkdir()
    for one in (Path(__file__).parents[2] / "orthanc-config").glob("*.json"):
        shutil.copy(one, config)
    (config / "postgresql.json").write_text('{"PostgreSQL": {"EnableIndex": true}}')
    monkeypatch.setenv("GECIT_CONFIG", str(config))
    assert "--ledger-only" in refused(run, "backup", tmp_path / "whole")
    run("backup", "--ledger-only", tmp_path / "ledger")
    assert trace(node)
    (node / "ledger.db").unlink()
    (node / "last-backup.json").unlink()
    run("restore", tmp_path / "ledger")
    assert trace(node)


@pytest.mark.postgres
def test_a_database_of_another_encoding_is_refused_before_anything_is_written(
    run: Run, node: Path, tmp_path: Path, postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = make_url(postgres.new_database())
    with psycopg.connect(postgres.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE DATABASE ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    monkeypatch.setenv("ORTHANC__GECIT__DATABASE", found.render_as_string(hide_password=False))
    run("institutions", "list")
    run("backup", "--ledger-only", tmp_path / "ledger")
    ascii_one = found.set(database="ascii").render_as_string(hide_password=False)
    monkeypatch.setenv("ORTHANC__GECIT__DATABASE", ascii_one)
    assert "SQL_ASCII" in refused(run, "restore", "--ledger-only", tmp_path / "ledger")
    assert "SQL_ASCII" in refused(run, "rules", "activate")
    with psycopg.connect(ascii_one.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_a_backup_of_a_later_schema_or_format_is_refused(run: Run, emptied: Path, node: Path) -> None:
    manifest = json.loads((emptied / MANIFEST).read_bytes())
    for changed, said in (({"schema": "9999"}, "9999"), ({"format": 2, "version": "9.9"}, "9.9")):
        (emptied / MANIFEST).write_text(json.dumps(manifest | changed))
        assert said in refused(run, "restore", emptied)
    assert nothing_written(node)


def test_what_is_not_of_this_node_is_refused(
    run: Run, emptied: Path, node: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    manifest = json.loads((emptied / MANIFEST).read_bytes())
    (emptied / MANIFEST).write_text(json.dumps(manifest | {"node": "Başka"}))
    assert "Başka" in refused(run, "restore", emptied)
    (emptied / MANIFEST).write_text(json.dumps(manifest))
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[manifest["engine"]]
    (emptied / MANIFEST).write_text(json.dumps(manifest | {"engine": other}))
    assert "Gecit.Database" in refused(run, "restore", emptied)
    (emptied / MANIFEST).write_text(json.dumps(manifest))
    (node / "audit.key").write_bytes(b"x" * 32)
    assert "audit key" in refused(run, "restore", emptied)
    (node / "audit.key").unlink()
    assert "--lost-key" in refused(run, "restore", emptied)
    run("restore", "--lost-key", emptied)


def of_engine(backup: Path, engine: str) -> None:
    """Have a backup say that its ledger is of that engine."""
    manifest = json.loads((backup / MANIFEST).read_bytes())
    (backup / MANIFEST).write_text(json.dumps(manifest | {"engine": engine}))


def test_a_database_that_refuses_is_told_and_nothing_is_written(
    run: Run, emptied: Path, node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_engine(emptied, "postgresql")
    monkeypatch.setenv("ORTHANC__GECIT__DATABASE", "postgresql+psycopg://gecit:secret@127.0.0.1:1/gecit")
    said = refused(run, "restore", emptied)
    assert said.startswith("Kayıt defteri açılamıyor (Gecit.Database") and "The ledger cannot be opened: " in said
    assert "refused" in said and "secret" not in said
    assert nothing_written(node)


def test_nothing_is_overwritten_and_no_node_runs_beside_it(run: Run, emptied: Path, node: Path) -> None:
    (node / "orthanc").mkdir()
    (node / "orthanc" / "x").write_text("x")
    assert "overwrites nothing" in refused(run, "restore", emptied)
    shutil.rmtree(node / "orthanc")
    (node / "codes.db").write_text("x")
    assert "codes.db" in refused(run, "restore", emptied)
    (node / "codes.db").unlink()
    held = lock_folder(load())
    assert "A running node" in refused(run, "restore", emptied)
    os.close(held)
    run("restore", emptied)
    told = refused(run, "restore", emptied)
    assert "ledger.db" in told and "overwrites nothing" in told and "GECIT_DATA" in told


@pytest.mark.postgres
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_database_that_is_not_empty_is_named_with_its_own_setting(run: Run, made: Path, database: str) -> None:
    told = refused(run, "restore", made)
    assert sa.make_url(database).database in told.split(" / ")[1] and "overwrites nothing" in told
    assert told.count("Gecit.Database") == 2 and "GECIT_DATA" not in told


@BOTH
def test_a_restore_that_broke_off_keeps_the_node_from_starting_and_is_begun_again(
    run: Run, emptied: Path, node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_off(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(restore, "_mark", breaks_off)
        with pytest.raises(OSError, match="No space"):
            run("restore", emptied)
    with pytest.raises(HalfRestoredError, match="again"):
        refuse_half_restored(load())
    run("restore", emptied)
    refuse_half_restored(load())
    assert not (node / "run" / RESTORING).exists()
    ledger = open_ledger(load().database)
    assert len([one for _, one in ledger.events() if isinstance(one, LedgerRestored)]) == 1
    ledger.close()


@BOTH
def test_a_backup_of_an_older_schema_whose_restore_dies_after_the_upgrade_is_put_back_whole(
    run: Run, node: Path, lose: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = open_ledger(load().database)
    fill(ledger)
    stays = (schema.exam, schema.study, schema.link, schema.message)
    whole = rows_of(ledger, stays)
    make_older(ledger, "0019")  # before a table that the backup then does not name
    ledger.close()
    run("backup", tmp_path / "backup")
    lose()

    def dies(*_: object) -> None:
        open_ledger(load().database).close()  # it was brought up to this version's schema
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(restore, "_mark", dies)
        with pytest.raises(OSError, match="No space"):
            run("restore", tmp_path / "backup")
    with pytest.raises(HalfRestoredError, match="run `gecit restore` again"):
        refuse_half_restored(load())
    run("restore", tmp_path / "backup")
    ledger = open_ledger(load().database)
    assert rows_of(ledger, stays) == whole
    assert ledger.restored_at()
    ledger.close()


@pytest.mark.postgres
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_restore_that_is_begun_again_writes_over_no_other_database(
    run: Run, emptied: Path, node: Path, monkeypatch: pytest.MonkeyPatch, postgres: Cluster
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(restore, "_mark", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
        with pytest.raises(OSError, match="full"):
            run("restore", emptied)
    another = postgres.new_database()
    ledger = open_ledger(another)
    fill(ledger)
    whole = rows_of(ledger, schema.FOLDED)
    monkeypatch.setenv("ORTHANC__GECIT__DATABASE", another)
    assert "overwrites nothing" in refused(run, "restore", emptied)
    assert rows_of(ledger, schema.FOLDED) == whole
    ledger.close()


def test_no_backup_goes_where_something_is_or_into_what_is_backed_up(run: Run, node: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    assert "not empty" in refused(run, "backup", tmp_path / "full")
    assert "inside" in refused(run, "backup", node / "backup")
    (node / "orthanc" / "index").unlink()
    assert "no index" in refused(run, "backup", tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def test_an_image_that_is_deleted_while_it_is_copied_is_left_out_of_the_index_too(
    run: Run, node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orthanc deletes from its index first, then the file: here both happen after the index was copied."""
    gone, *left = sorted(PICTURES)
    copy_index = backup.copy_index

    def then_deleted(index: Path, to: Path, pause: object) -> None:
        copy_index(index, to, pause)  # type: ignore[arg-type]
        (node / "orthanc" / gone[:2] / gone[2:4] / gone).unlink(missing_ok=True)
        write_index(node / "orthanc", left)

    monkeypatch.setattr(backup, "copy_index", then_deleted)
    run("backup", tmp_path / "backup")
    with closing(sqlite3.connect(tmp_path / "backup/orthanc/index")) as connection:
        assert sorted(one for (one,) in connection.execute("SELECT uuid FROM AttachedFiles")) == left
    assert not (tmp_path / "backup/orthanc" / gone[:2] / gone[2:4] / gone).exists()
    run("restore", "--check", tmp_path / "backup")


@BOTH
def test_the_ledger_in_a_backup_is_of_one_moment_while_others_write(run: Run, node: Path, tmp_path: Path) -> None:
    """Each transaction of the writer puts the same number into two rows: no copy ever sees them differ."""
    ledger, ended = open_ledger(load().database), threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            ledger.write(lambda tx, number=number: [tx.move_cursor(one, number) for one in ("a", "b")])  # type: ignore[misc]

    ledger.write(lambda tx: [tx.move_cursor(one, 0) for one in ("a", "b")])
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            run("backup", tmp_path / f"backup{number}")
    finally:
        ended.set()
        writer.join()
        ledger.close()
    for number in range(3):
        seen = cursors(tmp_path / f"backup{number}")
        assert len(seen) == 2 and len(set(seen)) == 1, seen


def cursors(made: Path) -> list[int]:
    """Return what the two rows say in a backup's ledger."""
    if (made / LEDGERS["sqlite"]).exists():
        with closing(sqlite3.connect(made / LEDGERS["sqlite"])) as connection:
            return [one for (one,) in connection.execute("SELECT change FROM cursor WHERE node IN ('a', 'b')")]
    command = ["pg_restore", "--data-only", "--table=cursor", "--file=-", str(made / LEDGERS["postgresql"])]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = (line.split("\t") for line in shown.splitlines())
    return [int(row[1]) for row in rows if row[0] in ("a", "b")]
