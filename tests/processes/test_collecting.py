"""What a process was built of is left out of collections, so that what comes and goes is collected soon."""

from __future__ import annotations

import subprocess
import sys

TRIAL = """
import gc, sys
from collections import deque
from gecit.processes.life import leave_what_stands

standing = [[] for _ in range(1_000_000)]
if sys.argv[1] == "left out":
    leave_what_stands()
else:
    gc.collect()
before = gc.get_stats()[2]["collections"]
lately = deque(maxlen=3_000)
for _ in range(300_000):
    one = []
    one.append(one)
    lately.append(one)
print(gc.get_stats()[2]["collections"] - before)
"""


def collected(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", TRIAL, how], capture_output=True, text=True, timeout=60, check=True)
    return int(done.stdout)


def test_the_oldest_generation_is_looked_at_although_much_stands_there() -> None:
    assert collected("left out") > 0


def test_beside_what_stands_it_would_not_be() -> None:
    assert collected("there") == 0
