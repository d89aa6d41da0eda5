"""The `gecit` command: every command once on a temporary installation, faults as text, JSON that parses."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Timer
from time import monotonic

import pytest
from click.testing import Result
from msgspec.structs import replace

from gecit.cli import cli, main
from gecit.core.events import InstitutionRecorded, OrderPlaced
from gecit.edges import hl7_build, hl7_reader
from gecit.edges.doors import token_digest
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import Beat
from tests.fakes import StillClock
from tests.support.commands import walk
from tests.support.flow import incoming, judge, order, orm_wire, send
from tests.support.postgres import free_port

RULES = Path(__file__).parents[2] / "rules"
Run = Callable[..., Result]


def ledger_of(data: Path) -> SqlLedger:
    return open_ledger(f"sqlite:///{data}/ledger.db")


@pytest.mark.parametrize("path", [path for path, _ in walk(cli)], ids=" ".join)
def test_every_command_explains_itself(run: Run, path: tuple[str, ...]) -> None:
    shown = run(*path, "--help").output
    assert f"Usage: cli {' '.join(path)}" in shown
    assert len(shown.splitlines()) > 3


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").output.startswith("gecit, version ")


# Rules


def test_the_shipped_rules_have_no_faults(run: Run) -> None:
    assert "kusur yok" in run("rules", "lint").output


def test_a_site_folder_with_faults_is_listed_and_ends_with_one(run: Run, tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "submission").mkdir(parents=True)
    (site / "submission" / "mine.toml").write_text('id = "mine"\nefect = "hold"\n')
    shown = run("rules", "lint", str(site), code=1).output
    assert "mine.toml" in shown
    assert "efect" in shown
    (site / "submission" / "worse.toml").write_text("= nothing")
    assert "worse.toml" in run("rules", "lint", str(site), code=1).output


def test_rules_are_listed_for_people_and_for_programs(run: Run) -> None:
    assert "loinc-code" in run("rules", "list").output
    listed = json.loads(run("rules", "list", "--json").output)
    assert {"loinc-code", "dose-report", "radiologist"} <= {one["id"] for one in listed}


def test_a_rule_is_shown_whole_and_an_unknown_one_named(run: Run) -> None:
    shown = json.loads(run("rules", "show", "loinc-code", "--json").output)
    assert shown["title"]["tr"] == "İstemde LOINC kodu"
    assert "'nonsense'" in run("rules", "show", "nonsense", code=1).output


def test_rules_are_activated_once(run: Run, data: Path) -> None:
    assert "in force" in run("rules", "activate", "--note", "first").output
    assert "already" in run("rules", "activate").output
    assert ledger_of(data).active_revision()


# Code lists


def test_a_list_is_imported_and_searched(run: Run) -> None:
    assert json.loads(run("codes", "search", "loinc", "kafa", "--json").output) == []
    assert "loinc: 21" in run("codes", "import", "loinc", str(RULES / "codes" / "loinc.csv")).output
    found = json.loads(run("codes", "search", "loinc", "24725-4", "--json").output)
    assert [one["code"] for one in found] == ["24725-4"]
    assert "24725-4" in run("codes", "search", "loinc", "24725").output
    assert "yok / none" in run("codes", "search", "sut", "kafa").output


def test_a_list_with_a_bad_row_is_refused_with_its_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = tmp_path / "radiologists.csv"
    bad.write_text("nonsense;columns\n1;2\n", encoding="utf-8")
    said = ends_with_two(capsys, monkeypatch, "codes", "import", "radiologists", str(bad))
    assert "radiologists.csv:1" in said


# Institutions


@pytest.mark.parametrize("written", ["hbys.example:2575", "tls:hbys.example:6661", "[::1]:2575"])
def test_where_an_hbys_takes_reports_is_recorded_as_it_is_shown(run: Run, written: str) -> None:
    run("institutions", "add", "910001", "--receiver", written)
    [kept] = json.loads(run("institutions", "list", "--json").output)
    assert kept["receiver"]["port"] == int(written.rpartition(":")[2])
    assert kept["receiver"].get("tls", False) is written.startswith("tls:")
    assert written in run("institutions", "list").output


@pytest.mark.parametrize("written", ["hbys.example", "hbys.example:0", "hbys.example:70000", "ssl:h:1:2", "a b:2575"])
def test_what_is_no_address_of_a_receiver_is_refused(run: Run, written: str) -> None:
    assert written in run("institutions", "add", "910001", "--receiver", written, code=2).output


def test_an_institution_is_recorded_by_the_ledgers_clock_not_this_computers(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = datetime(2031, 3, 1, tzinfo=UTC)
    monkeypatch.setattr("gecit.processes.build.clock_of", lambda ledger: StillClock(behind))
    run("institutions", "add", "910001")
    (recorded,) = (one for _, one in ledger_of(data).events() if isinstance(one, InstitutionRecorded))
    assert recorded.at == behind


def test_an_institution_is_added_replaced_and_listed(run: Run) -> None:
    add = ("institutions", "add", "910001", "--medula-code", "11910001", "--name", "Deneme", "--aet", "CT1")
    run(*add, "--hl7-peer", "192.0.2.0/24", "--hl7-peer", "2001:db8::1", "--profile", "example-hbys")
    run("institutions", "add", "910002")
    (first, second) = json.loads(run("institutions", "list", "--json").output)
    assert (first["skrs"], first["hl7_peers"], first["aets"]) == ("910001", ["192.0.2.0/24", "2001:db8::1"], ["CT1"])
    assert second["skrs"] == "910002"
    run("institutions", "add", "910001", "--name", "Yeni Ad")
    shown = run("institutions", "list").output
    assert "Yeni Ad" in shown
    assert "192.0.2.0" not in shown


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (("910001", "--hl7-peer", "hbys.example"), "hbys.example"),
        (("910001", "--profile", "nonsense"), "nonsense"),
        (("910001", "--character-set", "Latin5"), "Latin5"),
        (("",), "SKRS"),
        (("91 0001",), "SKRS"),
        ((), "SKRS"),
    ],
)
def test_an_institution_that_could_never_speak_is_not_recorded(run: Run, args: tuple[str, ...], named: str) -> None:
    assert named in run("institutions", "add", *args, code=2).output
    run("institutions", "add", "999999")
    assert [one["skrs"] for one in json.loads(run("institutions", "list", "--json").output)] == ["999999"]


# People and programs


def test_an_administrator_is_added_with_a_password_that_is_asked_for(run: Run, data: Path) -> None:
    secret = "correct horse battery"
    shown = run("users", "add", "ayse", stdin=f"{secret}\n{secret}\n").output
    assert secret not in shown
    kept = ledger_of(data).password_hash("ayse")
    assert kept is not None
    assert kept.startswith("$argon2id$")


def test_a_short_password_is_refused(run: Run, data: Path) -> None:
    assert "12" in run("users", "add", "ayse", "--password", "short", code=1).output
    assert not (data / "ledger.db").exists()


def test_a_token_is_printed_once_and_kept_as_its_digest(run: Run, data: Path) -> None:
    run("users", "add", "robot", stdin="correct horse battery\ncorrect horse battery\n")
    token = run("tokens", "add", "robot", "--days", "2").output.strip()
    kept, now = ledger_of(data).token(token_digest(token)), datetime.now(UTC)
    assert kept is not None
    assert (kept.owner, kept.stands(now), kept.stands(now + timedelta(days=3))) == ("robot", True, False)
    assert token.encode() not in (data / "ledger.db").read_bytes()


# Outbox, ledger, health


@pytest.fixture
def filled(data: Path, run: Run) -> SqlLedger:
    """A ledger with one exam that is told and one that is not."""
    run("rules", "activate")
    ledger = ledger_of(data)
    send(ledger, incoming(order(), "1"))
    judge(ledger)
    ledger.write(lambda tx: tx.queue("medula", "notify", "k1", order().key, b"{}", datetime.now(UTC)))
    return ledger


def test_the_outbox_is_listed_and_a_parked_delivery_retried(run: Run, filled: SqlLedger) -> None:
    assert "910001/A1" in run("outbox", "list").output
    assert json.loads(run("outbox", "list", "--state", "parked", "--json").output) == []
    assert "not parked" in run("outbox", "retry", "1", code=1).output
    now = datetime.now(UTC)
    (row,) = filled.lease("medula", "me", now, now + timedelta(minutes=1), 5)
    filled.settle(row, "me", "parked", error="0042 no")
    (parked,) = json.loads(run("outbox", "list", "--state", "parked", "--json").output)
    assert (parked["id"], parked["error"]) == (1, "0042 no")
    assert "queued again" in run("outbox", "retry", "1").output
    assert "yok / none" in run("outbox", "list", "--state", "parked").output


def test_the_ledger_is_rebuilt_to_the_identical_state(run: Run, filled: SqlLedger) -> None:
    assert "identical state" in run("ledger", "rebuild").output


def test_a_state_that_is_not_what_the_events_say_is_told(run: Run, filled: SqlLedger) -> None:
    with filled.engine.begin() as connection:
        connection.exec_driver_sql("update exam set outcome = 'submit'")
    assert "DIFFERED" in run("ledger", "rebuild", code=1).output
    assert "identical state" in run("ledger", "rebuild").output


def test_health_is_one_while_nobody_beats_and_nought_when_all_do(run: Run, filled: SqlLedger) -> None:
    assert not json.loads(run("health", "--json", code=1).output)["ok"]
    now = datetime.now(UTC)
    for process in ("listen", "orthanc", "web"):
        filled.beat(Beat(node="n", process=process, pid=1, at=now))
    unwell = json.loads(run("health", "--json", code=1).output)
    assert unwell["silent"] == ["work"]
    filled.beat(Beat(node="n", process="work", pid=2, at=now))
    shown = json.loads(run("health", "--json").output)
    assert shown["ok"]
    assert shown["counts"]["exam.pending"] == 1
    assert shown["processes"][0]["process"] == "listen"
    assert "listen" in run("health").output
    filled.beat(Beat(node="n", process="work", pid=2, at=now - timedelta(minutes=5)))
    run("health", code=1)


def beat_all(ledger: SqlLedger, minutes_ago: int = 0) -> None:
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    for process in ("listen", "orthanc", "web", "work"):
        ledger.beat(Beat(node="n", process=process, pid=1, at=at))


def test_after_a_start_health_waits_for_the_first_signs_of_life(run: Run, filled: SqlLedger) -> None:
    beat_all(filled, minutes_ago=5)
    started = Timer(0.5, beat_all, [filled])
    started.start()
    shown = json.loads(run("health", "--wait", "30", "--json").output)
    started.join()
    assert shown["ok"] and shown["silent"] == []


def test_health_waits_no_longer_than_it_is_told_and_says_who_is_silent(run: Run, filled: SqlLedger) -> None:
    began = monotonic()
    assert "sessiz / silent: orthanc, web, listen, work" in run("health", "--wait", "1", code=1).output
    assert 1 <= monotonic() - began < 10
    beat_all(filled)
    began = monotonic()
    run("health", "--wait", "600")
    assert monotonic() - began < 10, "nor where all is well"


def test_health_waits_for_a_ledger_that_is_not_there_yet(run: Run, data: Path) -> None:
    def made() -> None:
        ledger = ledger_of(data)
        beat_all(ledger)
        ledger.close()

    assert str(data / "ledger.db") in run("health", "--wait", "1", code=2).output
    data.mkdir()
    started = Timer(0.5, made)
    started.start()
    run("health", "--wait", "30")
    started.join()


# Faults: one clear text, exit code 2, no traceback


def ends_with_two(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *args: str) -> str:
    monkeypatch.setattr(sys, "argv", ["gecit", *args])
    capsys.readouterr()
    try:
        code: object = main()
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr()
    assert code == 2
    assert "Traceback" not in said.err
    assert said.err.strip()
    return said.err


def test_all_faults_of_a_configuration_are_told_together(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "gecit.json").write_text('{"Gecit": {"MllpPort": 70000, "Nonsense": 1}}')
    monkeypatch.setenv("GECIT_CONFIG", str(tmp_path / "config"))
    said = ends_with_two(capsys, monkeypatch, "health")
    assert "MllpPort" in said
    assert "Nonsense" in said


def test_a_command_that_reads_makes_no_ledger_and_names_the_folder(run: Run, data: Path) -> None:
    for words in (("health",), ("outbox", "list"), ("ledger", "rebuild"), ("institutions", "list")):
        assert str(data / "ledger.db") in run(*words, code=2).output
    assert not (data / "ledger.db").exists()


@pytest.mark.parametrize("database", ["sqlite:///{data}/broken.db", "postgres"])
def test_a_ledger_that_cannot_be_opened_is_said(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    data.mkdir()
    (data / "broken.db").write_bytes(b"this is no database, whatever its name may say" * 50)
    if database == "postgres":
        database = f"postgresql+psycopg://gecit:very-secret@127.0.0.1:{free_port()}/gecit"
        monkeypatch.setenv("PGCONNECT_TIMEOUT", "2")
    monkeypatch.setenv("ORTHANC__GECIT__DATABASE", database.format(data=data))
    said = ends_with_two(capsys, monkeypatch, "health")
    assert "ledger cannot be opened" in said
    assert "very-secret" not in said


@pytest.mark.parametrize(
    ("command", "what"),
    [(("verify", "--folded"), "did not answer this command"), (("rebuild",), "audit cannot be written, so nothing")],
)
def test_a_ledger_that_somebody_holds_is_said_with_what_to_do(
    run: Run,
    data: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    what: str,
) -> None:
    run("rules", "activate")
    monkeypatch.setattr("gecit.edges.store.engine.BUSY_SECONDS", 1)
    holder = sqlite3.connect(data / "ledger.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    said = ends_with_two(capsys, monkeypatch, "ledger", *command)
    holder.close()
    for words in (what, "sistem yöneticisi", "system administrator must"):
        assert words in said


def test_a_data_folder_that_is_a_file_is_said(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data.write_text("no folder")
    assert str(data) in ends_with_two(capsys, monkeypatch, "outbox", "list")


def test_a_ledger_of_a_newer_version_is_left_alone(
    data: Path, run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("rules", "activate")
    with ledger_of(data).engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    assert "9999" in ends_with_two(capsys, monkeypatch, "health")


def test_a_faulty_rule_file_is_not_activated(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    (site / "submission").mkdir(parents=True)
    (site / "submission" / "mine.toml").write_text('id = "mine"\n')
    monkeypatch.setenv("ORTHANC__GECIT__SITE_RULES", str(site))
    for command in ("activate", "list"):
        assert "mine.toml" in ends_with_two(capsys, monkeypatch, "rules", command)


def test_a_faulty_profile_names_its_file(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "ours.toml").write_text("[facts]\nfoo = []\n")
    monkeypatch.setenv("ORTHANC__GECIT__SITE_RULES", str(tmp_path))
    assert "ours.toml" in ends_with_two(capsys, monkeypatch, "institutions", "add", "1", "--profile", "ours")


def test_code_lists_that_are_no_database_are_said(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data.mkdir()
    (data / "codes.db").write_bytes(b"this is no database, whatever its name may say" * 50)
    assert "codes.db" in ends_with_two(capsys, monkeypatch, "codes", "search", "loinc", "kafa")


def test_work_says_that_orthanc_was_never_started(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "gecit.cli", "work"], capture_output=True, text=True, timeout=60, env=environ()
    )
    assert process.returncode == 2
    assert "internal.token" in process.stderr
    assert "Traceback" not in process.stderr


@pytest.mark.parametrize("words", [("nonsense",), ("outbox", "retry", "x"), ("tokens", "add", "--days", "0")])
def test_a_wrong_command_line_is_said(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    assert "Usage" in ends_with_two(capsys, monkeypatch, *words)


# The listener, as a process


def environ() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "plugins")}


def test_the_listener_takes_an_order_in_and_stops_when_told_to(run: Run, data: Path) -> None:
    port = free_port()
    run("institutions", "add", "910001", "--hl7-peer", "127.0.0.1")
    process = subprocess.Popen(
        [sys.executable, "-m", "gecit.cli", "listen"],
        env={**environ(), "GECIT_MLLP_PORT": str(port)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        heard = next(line for line in process.stderr if "listening" in line)
        assert str(port) in heard
        (answer,) = hl7_build.send("127.0.0.1", port, [orm_wire()], 20)
        assert hl7_reader.parse(answer).get("MSA", 1) == "AA"
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=40)[1]
        assert (process.returncode, "Traceback" in said) == (0, False)
    finally:
        process.kill()
        process.wait()
    assert ledger_of(data).find_exams("A1")


def test_a_port_in_use_is_said_with_its_cure(data: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = subprocess.run(
            [sys.executable, "-m", "gecit.cli", "listen"],
            env={**environ(), "GECIT_MLLP_PORT": str(port)},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert process.returncode == 2
    assert str(port) in process.stderr
    assert "GECIT_MLLP_PORT" in process.stderr
    assert "Traceback" not in process.stderr


def test_the_worklist_lists_what_waits_and_stations_are_read(run: Run, data: Path) -> None:
    """What modalities are shown, for people and for programs; an order past its days is left out."""
    station = ("--aet", "CT1", "--station", "CT1=CT,PT@127.0.0.1:11112")
    assert run("institutions", "add", "900001", *station).exit_code == 0
    [one] = json.loads(run("institutions", "list", "--json").output)
    assert one["stations"] == [
        {"aet": "CT1", "modalities": ["CT", "PT"], "host": "127.0.0.1", "port": 11112},
    ]
    assert station[-1] in run("institutions", "list").output
    for wrong in ("CT2=CT", "CT1=ct", "CT1@host:0", "CT1@"):
        run("institutions", "add", "900001", "--aet", "CT1", "--station", wrong, code=2)
    ledger, now = ledger_of(data), datetime.now(UTC)
    made = [replace(order(f"W{days}"), scheduled_at=now - timedelta(days=days)) for days in (1, 8)]
    ledger.write(lambda tx: [tx.append(OrderPlaced(at=now, exam=one.key, order=one, message=1)) for one in made])
    ledger.close()
    assert [one["exam"] for one in json.loads(run("worklist", "list", "--json").output)] == ["910001/W1"]
    all_of_them = run("worklist", "list", "--json", "--expired", "--institution", "910001", "--modality", "CT")
    assert [one["exam"] for one in json.loads(all_of_them.output)] == ["910001/W8", "910001/W1"]
    assert "BT, Mandibula" in run("worklist", "list").output


def test_what_a_command_makes_is_its_users_alone_whoever_made_the_folder(data: Path, gecit: Run) -> None:
    before = os.umask(0o022)
    try:
        data.mkdir(mode=0o755)
        gecit("rules", "activate")
        gecit("codes", "import", "loinc", RULES / "codes" / "loinc.csv")
        made = {str(one.relative_to(data)): one.stat().st_mode & 0o077 for one in data.rglob("*")}
    finally:
        os.umask(before)
    assert {"ledger.db", "codes.db"} <= made.keys() and set(made.values()) == {0}


def test_of_several_nodes_each_must_be_heard_and_the_silent_one_is_named(run: Run, filled: SqlLedger) -> None:
    now = datetime.now(UTC)
    for node, at in (("N1", now), ("N2", now - timedelta(minutes=5))):
        for process in ("orthanc", "web", "listen", "work"):
            filled.beat(Beat(node=node, process=process, pid=1, at=at))
    assert json.loads(run("health", "--json", code=1).output)["silent"] == [
        "N2/orthanc", "N2/web", "N2/listen", "N2/work",
    ]  # fmt: skip


def test_of_a_pair_each_of_the_two_must_be_heard(run: Run, filled: SqlLedger) -> None:
    now = datetime.now(UTC)
    for home, at in (("a", now), ("b", now - timedelta(minutes=5))):
        for process in ("orthanc", "web", "listen", "work"):
            filled.beat(Beat(node="N1", home=home, process=process, pid=1, at=at))
    expected = ["orthanc@b", "web@b", "listen@b", "work@b"]
    assert json.loads(run("health", "--json", code=1).output)["silent"] == expected


def test_of_a_pair_the_silent_one_is_named_by_its_computer(run: Run, filled: SqlLedger) -> None:
    now = datetime.now(UTC)
    for home, computer, at in (("a", "left", now), ("b", "right", now - timedelta(seconds=70))):
        for process in ("orthanc", "web", "listen", "work"):
            told = {"computer": computer}
            filled.beat(Beat(node="N1", home=home, process=process, pid=1, at=at, detail=told))
    said = run("health", code=1)
    assert "sessiz / silent: orthanc@right, web@right, listen@right, work@right" in said.stderr
    assert [line.split()[:3] for line in said.stdout.splitlines() if "N1" in line][3:5] == [
        ["N1", "left", "work"], ["N1", "right", "listen"],
    ]  # fmt: skip


def test_of_a_pair_on_one_computer_the_silent_one_is_named_by_its_folder(run: Run, filled: SqlLedger) -> None:
    now, told = datetime.now(UTC), {"computer": "both"}
    for home, processes in (("a" * 16, ("orthanc", "web", "listen", "work")), ("b" * 16, ("orthanc", "web", "work"))):
        for process in processes:
            filled.beat(Beat(node="N1", home=home, process=process, pid=1, at=now, detail=told))
    filled.beat(Beat(node="N2", home="c", process="web", pid=1, at=now, detail=told))
    assert json.loads(run("health", "--json", code=1).output)["silent"] == [
        "N1/listen@bbbbbbbb", "N2/orthanc", "N2/listen", "N2/work",
    ]  # fmt: skip
