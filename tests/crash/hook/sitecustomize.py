"""Python runs this at the start of each process of a node under test: it ends itself where the armed point says.

Stands on PYTHONPATH, so that the product knows nothing of it. GECIT_CRASH names a folder; the file `armed` there
(JSON: call, when, answers, process, nth, victim) is read at every call of a named function. Whoever is to die renames
it to `fired`, so that one kill is one kill. The file `clock` holds the seconds by which the clock is off.
"""

import functools
import importlib
import importlib.abc
import importlib.machinery
import json
import os
import signal
import sys
import threading
import tomllib
from datetime import timedelta
from pathlib import Path

POINTS = Path(__file__).parents[1] / "points.toml"
SOON = 0.5  # seconds, instead of the supervisor's doubling to 30


def process_name():
    """`work` of `python -m gecit.cli work`; Orthanc's own interpreter has no arguments."""
    return sys.orig_argv[-1] if len(sys.orig_argv) > 2 else "orthanc"


class Fuse:
    """Counts calls of the armed point and kills at the n-th."""

    def __init__(self, folder):
        self.armed, self.fired = folder / "armed", folder / "fired"
        self.lock = threading.Lock()
        self.stamp, self.order, self.count = 0, {}, 0

    def passed(self, call, when, answer=True):
        try:
            stamp = self.armed.stat().st_mtime_ns
        except OSError:
            return
        with self.lock:
            if stamp != self.stamp:
                try:
                    self.order = json.loads(self.armed.read_text())
                except (OSError, ValueError):
                    return
                self.stamp, self.count = stamp, 0
            order = self.order
            if (order["call"], order["when"], order["process"]) != (call, when, process_name()):
                return
            if order["answers"] and not answer:
                return
            self.count += 1
            if self.count >= order["nth"]:
                self.kill(order["victim"])

    def kill(self, victim):
        try:
            self.armed.rename(self.fired)
        except OSError:
            return
        me, orthanc = os.getpid(), os.getppid()
        if "Orthanc" not in Path(f"/proc/{orthanc}/comm").read_text():
            victim = "itself"  # it died before, and somebody else's process is the parent now
        for pid in ending(victim, me, orthanc):
            os.kill(pid, signal.SIGKILL)


def ending(victim, me, orthanc):
    """Who is killed, in this order: the supervisor first, who would start the others again."""
    if victim == "everything":
        children = Path(f"/proc/{orthanc}/task").glob("*/children")
        others = {int(pid) for one in children for pid in one.read_text().split()}
        return [orthanc, *(others - {me}), me]
    return [orthanc if victim == "orthanc" else me]


def wrapped(function, call, fuse, moments):
    @functools.wraps(function)
    def passing(*arguments, **named):
        if "before" in moments:
            fuse.passed(call, "before")
        answer = function(*arguments, **named)
        if "after" in moments:
            fuse.passed(call, "after", answer)
        return answer

    return passing


class Afterwards(importlib.abc.MetaPathFinder):
    """Does something to a module as soon as it is loaded, before anybody imports a name of it."""

    def __init__(self, changes):
        self.changes = changes  # module -> what is done to it

    def find_spec(self, fullname, path=None, target=None):
        if fullname not in self.changes:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            self.changes[fullname](module)

        spec.loader.exec_module = exec_module
        return spec


def wrapping(fuse, moments):
    """Wrap functions of a module: name -> before, after or both."""

    def change(module):
        for name, when in moments.items():
            *owners, last = name.split(".")
            owner = functools.reduce(getattr, owners, module)
            setattr(owner, last, wrapped(getattr(owner, last), f"{module.__name__}:{name}", fuse, when))

    return change


def points(fuse):
    """Return what is done to the modules of the table."""
    found = {}
    for one in tomllib.loads(POINTS.read_text())["point"]:
        module, _, name = one["call"].partition(":")
        found.setdefault(module, {}).setdefault(name, set()).add(one["when"])
    return {module: wrapping(fuse, moments) for module, moments in found.items()}


def impatient(supervisor):
    """Start again what was killed without longer and longer waits."""
    supervisor.FIRST_WAIT_SECONDS = 0.1
    supervisor.LONGEST_WAIT_SECONDS = SOON


def shifted(offset):
    """Set the clock of the port off by the seconds that stand in a file; it may change at any time."""

    def change(module):
        right = module.SystemClock.now

        def now(self):
            try:
                return right(self) + timedelta(seconds=float(offset.read_text()))
            except (OSError, ValueError):
                return right(self)

        module.SystemClock.now = now

    return change


def install():
    folder = os.environ.get("GECIT_CRASH")
    if not folder:
        return
    changes = {"gecit.edges.system_clock": shifted(Path(folder) / "clock")}
    if process_name() == "orthanc":
        changes["gecit.processes.supervisor"] = impatient
    else:
        changes |= points(Fuse(Path(folder)))
    sys.meta_path.insert(0, Afterwards(changes))


install()
