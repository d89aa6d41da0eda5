"""Kills what runs, by process id, and starts again what the plan ended."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil

from ..support.hospital import Hospital
from ..support.node import Node, alive, until
from .table import RANDOM, SENDER, Kill, Point

HOOK = Path(__file__).parent / "hook"
NO_LEDGER = "The ledger cannot be opened"
"""What Orthanc says last where it starts while PostgreSQL is away: it ends, and its unit starts it again."""


def environ_of(folder: Path) -> dict[str, str]:
    """Return what puts the hook into a node's processes; `folder` is where it is told what to do."""
    folder.mkdir(parents=True, exist_ok=True)
    return {"GECIT_CRASH": str(folder), "PYTHONPATH": str(HOOK)}


class Killer:
    """Carries one kill after the other out on a node. `moment` is told of by the senders."""

    def __init__(self, made: Hospital, folder: Path, points: dict[str, Point]) -> None:
        self._made, self._points = made, points
        self._armed, self._fired = folder / "armed", folder / "fired"
        self._awaited = ""
        self._left = 0
        self._reached = threading.Event()
        self._struck = threading.Event()

    @property
    def node(self) -> Node:
        """The node."""
        return self._made.node

    def strike(
        self, kill: Kill, over: threading.Event, patience: float, dead: Callable[[], None] = lambda: None
    ) -> bool:
        """Kill, do what `dead` does, and start again.

        False where the point was not passed in `patience` seconds, or `over` came first.

        AssertionError where Orthanc has ended though nobody killed it.
        """
        assert self.ended() is None, f"Orthanc ended by itself with {self.ended()}"
        if kill.point == RANDOM:
            done = self._at_random(kill, over, patience)
        elif kill.point in SENDER:
            done = self._with_sender(kill, over, patience)
        else:
            done = self._with_hook(kill, over, patience)
        if done:
            dead()
        self.revive()
        return done

    def moment(self, what: str) -> None:
        """Be told by a sender; returns only when what is to die is dead."""
        if what != self._awaited:
            return
        self._left -= 1
        if self._left <= 0:
            self._awaited = ""
            self._struck.clear()
            self._reached.set()
            self._struck.wait(20)

    def _at_random(self, kill: Kill, over: threading.Event, patience: float) -> bool:
        """Wait until the victim lives, and then as long as the plan says."""
        orthanc = kill.victim in ("orthanc", "everything")
        if not orthanc and not _wait(lambda: kill.victim in self.node.children(), over, patience):
            return False
        time.sleep(kill.after)
        return self._end(kill.victim)

    def _with_sender(self, kill: Kill, over: threading.Event, patience: float) -> bool:
        self._reached.clear()
        self._left, self._awaited = kill.nth, kill.point
        reached = _wait(self._reached.is_set, over, patience)
        self._awaited = ""
        reached = reached or self._reached.is_set()
        done = reached and self._end(kill.victim)
        self._struck.set()
        return done

    def _with_hook(self, kill: Kill, over: threading.Event, patience: float) -> bool:
        point = self._points[kill.point]
        self._fired.unlink(missing_ok=True)
        order = {**msgspec.to_builtins(point), "nth": kill.nth, "victim": kill.victim}
        draft = self._armed.with_suffix(".new")
        draft.write_text(json.dumps(order))
        draft.rename(self._armed)
        if point.at_start and point.process in (children := self.node.children()):
            children[point.process].kill()
        fired = _wait(self._fired.exists, over, patience)
        if not fired:
            with contextlib.suppress(FileNotFoundError):
                self._armed.unlink()
        fired = fired or self._fired.exists()
        if fired and kill.victim != "itself":
            assert self.node.process
            self.node.process.wait(10)  # a zombie may still have threads that end: only this says that it is gone
        return fired

    def ended(self) -> int | None:
        """Return Orthanc's exit code where it runs no more."""
        assert self.node.process
        return self.node.process.poll()

    def as_its_unit(self) -> bool:
        """Start Orthanc again where it found no ledger at its start, as systemd and Docker do; whether it was so."""
        if self.ended() is None or NO_LEDGER not in self.node.log_text().rpartition("Orthanc version:")[2]:
            return False
        self.revive()
        return True

    def _end(self, victim: str) -> bool:
        """SIGKILL by process id; False where the process was not there."""
        children = self.node.children()
        assert self.node.process
        if victim in children:
            children[victim].kill()
            return True
        if victim not in ("orthanc", "everything"):
            return False
        self.node.process.kill()
        for one in children.values() if victim == "everything" else ():
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self.node.process.wait()
        return True

    def revive(self) -> None:
        """Start Orthanc again where it is dead, once what it started has ended."""
        if self.ended() is None:
            return
        assert self.node.process
        self.node.process.wait()
        until(lambda: not _left_behind(self.node), 30, "what Orthanc left behind has ended")
        self.node.start()


def _left_behind(node: Node) -> list[int]:
    """Processes of this node whose Orthanc is dead; by their environment, which holds the node's folder."""
    mine = f"GECIT_DATA={node.data}".encode()
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            environ = Path(f"/proc/{one.pid}/environ").read_bytes().split(b"\0")
            if mine in environ and b"GECIT_SUPERVISED=1" in environ and alive(one):
                found.append(one.pid)
    return found


def _wait(true: object, over: threading.Event, patience: float) -> bool:
    assert callable(true)
    deadline = time.monotonic() + patience
    while not true():
        if over.is_set() or time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
