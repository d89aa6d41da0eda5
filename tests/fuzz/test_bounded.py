"""A sample of `make fuzz` in the ordinary suite: seeds, what once broke something, and some of their neighbours."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .places import KEPT, ROOT
from .targets import PLACES

SAMPLE = 1500
SLOW = {"api": 300, "oidc": 300, "pages": 500, "soap": 500, "rules": 500}
"""Targets that take milliseconds for an input; seeds and kept inputs come first."""


@pytest.mark.parametrize("name", sorted(PLACES))
def test_whatever_comes_in_is_borne(name: str) -> None:
    """In a process of its own: the watch hears every log line and warning, and counts memory."""
    count = SLOW.get(name, SAMPLE)
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.sample", name, str(count)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout.split()[0] == str(count)


def test_what_is_kept_belongs_to_a_target() -> None:
    assert {one.name for one in KEPT.iterdir() if one.is_dir()} <= set(PLACES)
