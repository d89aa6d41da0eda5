"""What-if runs as real processes: one at a time, known when they die, gone when whoever asked is gone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from gecit.core.rulebook import Rulebook
from gecit.core.values import ISTANBUL, Text
from gecit.core.whatif import Progress, RunningError, RunRequest, RunState
from gecit.edges.run_files import KEPT, RunFiles
from gecit.processes.replaying import monthly
from gecit.processes.whatif_runs import WhatIfRuns
from gecit.settings import Settings, load
from tests.support.node import until
from tests.support.rule_desk import Office

TITLE = Text(tr="deneme", en="try")
SLEEPS = """
import os, signal, subprocess, sys, threading, time
from gecit.processes.whatif import end_with_the_pipe
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], stdin=subprocess.DEVNULL)
print(helper.pid, file=open(os.environ["HELPER"], "w"), flush=True)
threading.Thread(target=end_with_the_pipe, daemon=True).start()
time.sleep(300)
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in [one for one in os.environ if one.startswith(("GECIT_", "ORTHANC__"))]:
        monkeypatch.delenv(name)
    (tmp_path / "site").mkdir()
    monkeypatch.setenv("GECIT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ORTHANC__GECIT__SITE_RULES", str(tmp_path / "site"))
    monkeypatch.setenv("HELPER", str(tmp_path / "helper"))
    return load()


@pytest.fixture
def office(settings: Settings) -> Iterator[Office]:
    made = Office(settings)
    yield made
    made.close()


def ended(runs: WhatIfRuns, run: str) -> RunState:
    until(lambda: runs.progress(run).state.over, 60, "the run ends")
    return runs.progress(run).state


def test_a_run_says_what_would_change_and_changes_nothing(office: Office) -> None:
    office.fill()
    before = office.ledger.content()
    rules = tuple(one for one in office.desk.book().rules if one.id != "duplicate-query-missing")
    run = office.runs.start(Rulebook.of(rules, office.desk.book().exemptions), TITLE, "ayşe")
    assert ended(office.runs, run) is RunState.DONE
    found = office.runs.progress(run)
    assert (found.looked_at, found.changed, found.counts) == (2, 2, {"hold -> submit": 1, "hold -> pending": 1})
    assert found.told == {"notify": 1, "none": 1} and found.percent == 100
    assert sorted(one.exam.accession for one in office.runs.changes(run)) == ["IN", "OUT"]
    assert office.ledger.content() == before
    request = office.runs.request(run)
    assert request and (request.by, request.title) == ("ayşe", TITLE)


def test_nobody_else_reads_a_runs_folder(office: Office) -> None:
    run = office.runs.start(office.desk.book(), TITLE, "ayşe")
    ended(office.runs, run)
    assert (office.settings.data / "whatif" / run).stat().st_mode & 0o077 == 0


def test_one_runs_at_a_time(office: Office) -> None:
    runs = WhatIfRuns(office.settings, office.clock, (sys.executable, "-c", SLEEPS))
    run = runs.start(office.desk.book(), TITLE, "ayşe")
    with pytest.raises(RunningError) as fault:
        runs.start(office.desk.book(), TITLE, "mehmet")
    assert fault.value.run == run
    runs.stop(run)
    assert runs.progress(run).state is RunState.STOPPED
    runs.stop(run)
    runs.close()


def test_a_run_and_its_helpers_end_when_whoever_asked_is_gone(office: Office, tmp_path: Path) -> None:
    asks = (
        "import sys, time; from gecit.core.rulebook import Rulebook; from gecit.core.values import Text;"
        "from gecit.processes.whatif_runs import WhatIfRuns; from gecit.settings import load;"
        "from gecit.edges.system_clock import SystemClock;"
        f"runs = WhatIfRuns(load(), SystemClock(), (sys.executable, '-c', {SLEEPS!r}));"
        "runs.start(Rulebook.of(()), Text(tr='x', en='x'), 'x'); print('started', flush=True); time.sleep(300)"
    )
    asking = subprocess.Popen([sys.executable, "-c", asks], stdout=subprocess.PIPE)
    assert asking.stdout and asking.stdout.readline() == b"started\n"
    helper = tmp_path / "helper"
    until(lambda: helper.exists() and helper.read_text().strip(), 30, "the helper runs")
    pid = int(helper.read_text())
    assert psutil.pid_exists(pid)
    asking.kill()
    asking.wait()
    until(lambda: not psutil.pid_exists(pid), 30, "the helper is gone")


def test_a_run_whose_process_is_gone_has_failed(office: Office) -> None:
    files = RunFiles(office.settings.data / "whatif")
    run = "20260101-000000-0000abcd"
    asked = RunRequest(id=run, by="x", asked_at=datetime.now(UTC), title=TITLE, book=office.desk.book())
    files.create(asked)
    held = files.hold(run)
    files.write(run, Progress(state=RunState.RUNNING, pieces=4, done=1))
    assert files.progress(run).state is RunState.RUNNING and files.progress(run).percent == 25
    os.close(held)  # as the end of its process does
    assert office.runs.progress(run).state is RunState.FAILED


def test_a_run_that_never_starts_has_failed(office: Office) -> None:
    runs = WhatIfRuns(office.settings, office.clock, (sys.executable, "-c", "raise SystemExit(3)"))
    run = runs.start(office.desk.book(), TITLE, "ayşe")
    assert ended(runs, run) is RunState.FAILED
    again = runs.start(office.desk.book(), TITLE, "ayşe")
    assert ended(runs, again) is RunState.FAILED


def test_a_run_that_errs_says_only_its_type(office: Office, settings: Settings) -> None:
    office.ledger.close()
    (settings.data / "ledger.db").unlink()
    (settings.data / "ledger.db").write_bytes(b"this is no ledger, 10000000146" * 200)
    run = office.runs.start(Rulebook.of(()), TITLE, "ayşe")
    assert ended(office.runs, run) is RunState.FAILED
    assert office.runs.progress(run).fault == "DatabaseError"


def test_old_runs_are_thrown_away(office: Office) -> None:
    files = RunFiles(office.settings.data / "whatif")
    for number in range(KEPT + 3):
        run = f"20260101-0000{number:02}-00000000"
        at = datetime.now(UTC) - timedelta(days=1)
        files.create(RunRequest(id=run, by="x", asked_at=at, title=TITLE, book=Rulebook.of(())))
        files.write(run, Progress(state=RunState.DONE))
    assert len(files.ids()) == KEPT
    with pytest.raises(ValueError, match="no run"):
        files.place("../x")


def test_a_stretch_is_cut_where_months_begin() -> None:
    def day(month: int, number: int) -> datetime:
        return datetime(2026, month, number, tzinfo=ISTANBUL)

    whole = (None, None)
    cut = monthly(whole, day(1, 15), day(3, 2))
    assert cut == [(None, day(2, 1)), (day(2, 1), day(3, 1)), (day(3, 1), None)]
    assert monthly((day(2, 3), day(2, 9)), day(1, 1), day(12, 1)) == [(day(2, 3), day(2, 9))]
    assert monthly(whole, None, None) == [whole]
    assert monthly((day(5, 1), None), day(1, 1), day(3, 1)) == [(day(5, 1), None)]


def test_another_process_sees_a_finished_run_too(office: Office) -> None:
    run = office.runs.start(office.desk.book(), TITLE, "ayşe")
    ended(office.runs, run)
    assert WhatIfRuns(office.settings, office.clock).progress(run).state is RunState.DONE
