"""Loops rest until there is something to do, and a change of the ledger ends the rest of those that it concerns."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gecit.ports import Unavailable
from gecit.processes import loops as loops_module
from gecit.processes.loops import Loop, run_loops

LONG = 60.0
PATIENCE = 10.0


class Steps:
    """Counts the steps of a loop, and raises what it is given to."""

    def __init__(self, *faults: Exception) -> None:
        self.count = 0
        self._faults = list(faults)

    def __call__(self) -> bool:
        self.count += 1
        if self._faults:
            raise self._faults.pop(0)
        return False


@contextmanager
def running(loops: list[Loop], version: Callable[[], str] | None = None) -> Iterator[None]:
    """Run loops for as long as the block lasts."""
    stop = threading.Event()
    thread = threading.Thread(target=run_loops, args=(loops, stop, version))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def until(true: Callable[[], bool]) -> bool:
    """Wait for something, and say whether it came."""
    deadline = time.monotonic() + PATIENCE
    while not true() and time.monotonic() < deadline:
        time.sleep(0.005)
    return true()


def test_a_change_of_the_ledger_wakes_the_loops_that_it_concerns_and_no_other() -> None:
    """Each of them rests for a minute, so that only a wake-up can explain a second step."""
    version, woken, other = ["1"], Steps(), Steps()
    loops = [Loop(name="a", step=woken, rest=LONG, wakes=True), Loop(name="b", step=other, rest=LONG)]
    with running(loops, lambda: version[0]):
        assert until(lambda: woken.count == 2 and other.count == 1)  # the first look is a change too
        version[0] = "2"
        assert until(lambda: woken.count == 3)
    assert other.count == 1


def test_a_ledger_that_cannot_be_asked_wakes_nobody_until_it_is_back() -> None:
    """A fault of the question ends no loop."""
    answers: list[str | None] = [None]

    def version() -> str:
        if answers[0] is None:
            raise Unavailable("ledger")
        return answers[0]

    steps = Steps()
    with running([Loop(name="a", step=steps, rest=LONG, wakes=True)], version):
        time.sleep(0.2)
        assert steps.count == 1
        answers[0] = "1"
        assert until(lambda: steps.count == 2)


def test_a_loop_survives_what_its_step_raises() -> None:
    """Whether the other side is away or something unforeseen happened."""
    steps = Steps(Unavailable("away"), RuntimeError("unforeseen"))
    with running([Loop(name="a", step=steps, rest=0.01)]):
        assert until(lambda: steps.count >= 3)


def test_loops_that_rest_for_long_stop_at_once() -> None:
    """Stopping ends a rest."""
    start = time.monotonic()
    with running([Loop(name="a", step=Steps(), rest=LONG), Loop(name="b", step=Steps(), rest=LONG, wakes=True)]):
        time.sleep(0.05)
    assert time.monotonic() - start < PATIENCE


def test_whoever_must_hurry_is_told_before_the_loops_are_waited_for() -> None:
    """A step under way can then end sooner."""
    begun, told, done = threading.Event(), threading.Event(), threading.Event()

    def step() -> bool:
        begun.set()
        told.wait(PATIENCE)
        done.set()
        return False

    stop = threading.Event()
    loops = [Loop(name="a", step=step, rest=LONG)]
    thread = threading.Thread(target=run_loops, args=(loops, stop, None, told.set))
    thread.start()
    assert begun.wait(PATIENCE)
    stop.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert done.is_set()


def test_a_step_that_does_not_end_holds_up_nobody_who_stops(monkeypatch, caplog) -> None:
    """Orthanc may have taken its connection just before it stopped, and never answer it."""
    monkeypatch.setattr(loops_module, "STOP_SECONDS", 0.2)
    begun, answered = threading.Semaphore(0), threading.Event()

    def step() -> bool:
        begun.release()
        answered.wait(LONG)
        return False

    stop = threading.Event()
    loops = [Loop(name=name, step=step, rest=LONG) for name in ("follow", "judge")]
    thread = threading.Thread(target=run_loops, args=(loops, stop))
    thread.start()
    assert all(begun.acquire(timeout=PATIENCE) for _ in loops)
    stop.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    answered.set()
    assert [one.getMessage().split()[0] for one in caplog.records] == ["follow", "judge"]


def test_a_watch_that_fails_in_an_unforeseen_way_ends_no_loop_and_goes_on(monkeypatch) -> None:
    """Loops rest as they may meanwhile."""
    monkeypatch.setattr(loops_module, "LONGEST_REST", 0.05)
    answers: list[str] = []

    def version() -> str:
        if not answers:
            raise RuntimeError("unforeseen")
        return answers[-1]

    steps = Steps()
    with running([Loop(name="a", step=steps, rest=LONG, wakes=True)], version):
        time.sleep(0.2)
        answers.append("1")
        assert until(lambda: steps.count == 2)
