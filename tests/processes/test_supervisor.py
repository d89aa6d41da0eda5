import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from gecit.processes.supervisor import Child, Supervisor

PLUGINS = str(Path(__file__).parents[2] / "plugins")
GOOD = "from gecit.processes.life import until_told_to_stop as u; s = u(); print('up', flush=True); s.wait()"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
ENVIRON = {**os.environ, "PYTHONPATH": PLUGINS}


def until(true: Callable[[], object], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "did not come true"
        time.sleep(0.02)


def child(code: str, name: str = "web") -> Child:
    return Child(name=name, command=(sys.executable, "-c", code))


def pids(one: Supervisor) -> list[int]:
    return [state.pid for state in one.states()]


def is_up(pid: int) -> bool:
    """Whether the child reads its pipe: it then runs more than its main thread."""
    try:
        return pid > 0 and psutil.Process(pid).num_threads() > 1
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def supervise() -> Iterator[Callable[..., Supervisor]]:
    made: list[Supervisor] = []

    def make(*children: Child) -> Supervisor:
        made.append(Supervisor(children, ENVIRON))
        made[-1].start()
        return made[-1]

    yield make
    for one in made:
        one.stop(1.0)


def test_a_child_that_dies_is_started_again(supervise: Callable[..., Supervisor]) -> None:
    one = supervise(child(GOOD))
    until(lambda: is_up(pids(one)[0]))
    first = pids(one)[0]
    os.kill(first, signal.SIGKILL)
    until(lambda: pids(one)[0] not in (0, first))
    assert one.states()[0].restarts == 1


def test_children_stop_by_the_pipe_and_none_is_left(supervise: Callable[..., Supervisor]) -> None:
    one = supervise(child(GOOD, "web"), child(GOOD, "work"))
    until(lambda: all(is_up(pid) for pid in pids(one)))
    found = pids(one)
    one.stop()
    assert not any(psutil.pid_exists(pid) for pid in found)
    assert pids(one) == [0, 0]


def test_a_child_that_does_not_stop_is_killed(supervise: Callable[..., Supervisor]) -> None:
    one = supervise(child(STUBBORN))
    until(lambda: pids(one)[0])
    pid = pids(one)[0]
    one.stop(0.3)
    assert not psutil.pid_exists(pid)


def test_a_command_that_cannot_start_is_tried_again(supervise: Callable[..., Supervisor], tmp_path: Path) -> None:
    program = tmp_path / "late"
    one = supervise(Child(name="late", command=(str(program),)))
    until(lambda: one.states()[0].restarts >= 1)
    fresh = tmp_path / "fresh"
    fresh.write_text("#!/bin/sh\nexec sleep 600\n")
    fresh.chmod(0o700)
    fresh.rename(program)
    until(lambda: pids(one)[0])
    assert psutil.pid_exists(pids(one)[0])


def test_the_wait_between_restarts_doubles(
    supervise: Callable[..., Supervisor], caplog: pytest.LogCaptureFixture
) -> None:
    one = supervise(child("import sys; sys.exit(3)"))
    until(lambda: one.states()[0].restarts >= 3)
    lines = [record.getMessage() for record in caplog.records if "started again" in record.getMessage()]
    assert [line.rsplit(" in ")[1] for line in lines[:3]] == ["0.5 s", "1.0 s", "2.0 s"]
    assert "ended with 3" in lines[0]


def test_children_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    parent = (
        "import sys, time, pathlib, os\n"
        "from gecit.processes.supervisor import Child, Supervisor\n"
        f"s = Supervisor([Child(name='web', command=(sys.executable, '-c', {GOOD!r}))]); s.start()\n"
        "while not s.states()[0].pid: time.sleep(0.01)\n"
        f"pathlib.Path({str(note)!r}).write_text(str(s.states()[0].pid))\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent], env=ENVIRON, stdout=subprocess.DEVNULL) as supervisor:
        until(lambda: note.exists() and note.read_text() and is_up(int(note.read_text())))
        supervisor.kill()
        until(lambda: not psutil.pid_exists(int(note.read_text())))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_without_supervisor_stops_by_signal_and_not_by_an_empty_input(number: signal.Signals) -> None:
    environ = {name: value for name, value in ENVIRON.items() if name != "GECIT_SUPERVISED"}
    with subprocess.Popen(
        [sys.executable, "-c", GOOD], env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout and process.stdout.readline() == b"up\n"
        assert process.poll() is None
        process.send_signal(number)
        assert process.wait(10) == 0


@pytest.mark.parametrize(("given", "arenas"), [({}, "2"), ({"MALLOC_ARENA_MAX": "7"}, "7")])
def test_a_child_keeps_freed_memory_together_unless_told_otherwise(
    tmp_path: Path, given: dict[str, str], arenas: str
) -> None:
    told = tmp_path / "told"
    code = f"import os, pathlib; pathlib.Path({str(told)!r}).write_text(os.environ['MALLOC_ARENA_MAX']); {GOOD}"
    environ = {name: value for name, value in ENVIRON.items() if name != "MALLOC_ARENA_MAX"}
    one = Supervisor([child(code)], {**environ, **given})
    one.start()
    try:
        until(lambda: told.exists() and told.read_text())
    finally:
        one.stop(1.0)
    assert told.read_text() == arenas
