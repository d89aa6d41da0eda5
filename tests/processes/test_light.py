"""What a node's processes do not load: each module more is memory that each of them holds for as long as it lives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
LOADED = """
import sys
import gecit.cli
import gecit.cli.processes
import gecit.processes.{name}
print(*sys.modules)
"""
MIGRATING, POSTGRESQL, CERTIFICATES, DICOM = "alembic", "psycopg", "cryptography", "pydicom"
PDF = "reportlab"


@pytest.mark.parametrize(
    ("name", "heavy"),
    [
        ("listen", {MIGRATING, POSTGRESQL, CERTIFICATES, DICOM, PDF, "flask", "PIL"}),
        ("work", {MIGRATING, POSTGRESQL, CERTIFICATES, "flask"}),
        ("web", {MIGRATING, POSTGRESQL}),
    ],
)
def test_a_process_loads_what_it_needs(name: str, heavy: set[str]) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", LOADED.format(name=name)], env={**os.environ, "PYTHONPATH": str(HOME / "plugins")},
        capture_output=True, text=True, timeout=60, check=True,
    ).stdout.split()  # fmt: skip
    assert f"gecit.processes.{name}" in loaded
    assert heavy.isdisjoint(loaded)
    of_commands = {one for one in loaded if one.startswith("gecit.cli.")}
    assert of_commands == {"gecit.cli.lazy", "gecit.cli.processes"}
