"""What else the machine did: a figure taken beside other work says little, and should say so."""

from __future__ import annotations

import mmap
import resource
import shutil
import time
from pathlib import Path

import psutil

from gecit.core.values import Value

LOOK_SECONDS = 2.0
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 -- files inside get folders with random names
BLOCK = b"\1" * (1 << 20)


class Machine(Value):
    """Processor seconds since the machine was started, summed over its processors."""

    total: float
    busy: float  # by everyone, the hypervisor's other guests included
    ours: float  # of it, by this process and the children that it has waited for


def machine_now() -> Machine:
    """Read the counters."""
    times = psutil.cpu_times()
    rest = times.idle + getattr(times, "iowait", 0.0)
    guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # Linux counts them in user and nice too
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    total = sum(times) - guests
    return Machine(total=total, busy=total - rest, ours=sum(one.ru_utime + one.ru_stime for one in uses))


def used_by_all(pid: int) -> float:
    """Return the processor seconds of a process and of all that it started, those that have ended too."""
    process = psutil.Process(pid)
    while True:
        own = process.cpu_times()
        try:
            live = [one.cpu_times() for one in process.children(recursive=True)]
        except psutil.NoSuchProcess:  # one has just ended, and its seconds are its parent's now: read again
            continue
        ended = own.children_user + own.children_system
        return float(own.user + own.system + ended + sum(one.user + one.system for one in live))


def elsewhere(before: Machine, after: Machine, known: float) -> float:
    """Return the share of all processor time that went elsewhere; `known`: seconds of other processes that are ours."""
    unknown = (after.busy - before.busy) - (after.ours - before.ours) - known
    return max(unknown, 0.0) / max(after.total - before.total, 1e-9)


def wait_quiet(share: float, patience: float) -> bool:
    """Wait until no more than `share` of the machine is in use, `patience` seconds at the most; whether it is so."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if psutil.cpu_percent(LOOK_SECONDS) <= 100 * share:
            return True
    return False


def memory_folder(size: int) -> Path | None:
    """Return a folder kept in memory with room for `size` bytes beside what the machine needs; None: there is none."""
    if not MEMORY_FOLDER.is_dir():
        return None
    room = min(shutil.disk_usage(MEMORY_FOLDER).free, psutil.virtual_memory().available)
    return MEMORY_FOLDER if room > 2 * size else None


def warm_memory(size: int) -> None:
    """Write to `size` bytes and give them back.

    A virtual machine that hands free pages back to its host pays for each page that it touches anew, as much as for
    the work itself; whoever runs after such a pause would look slow.
    """
    with mmap.mmap(-1, max(size, len(BLOCK))) as memory:
        for start in range(0, len(memory) - len(BLOCK) + 1, len(BLOCK)):
            memory[start : start + len(BLOCK)] = BLOCK
