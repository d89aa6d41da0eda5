"""The description and the routes, compared by somebody else's program: thousands of requests to a running server."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gecit.edges.store import SqlLedger
from gecit.processes.web import serve
from tests.fakes import StillClock
from tests.support.flow import START
from tests.support.integrators import application, fill
from tests.support.postgres import free_port

PROGRAM = Path(sys.executable).parent / "schemathesis"
SETTLED = """
# Where a webhook may go is more than a schema can say: 422, as the page for integrators has it.
[[operations]]
include-name = "POST /gecit/api/webhooks"
checks.positive_data_acceptance.expected-statuses = ["2xx", "403", "409", "422"]
"""


@pytest.fixture
def served(ledger: SqlLedger) -> Iterator[str]:
    fill(ledger)
    port = free_port()
    stop = serve(application(ledger, StillClock(START), allow=("*.example",)), port)
    yield f"http://127.0.0.1:{port}"
    stop()


@pytest.mark.parametrize("who", ["integrator", "administrator"])
def test_every_answer_is_as_described(served: str, who: str, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(SETTLED)
    asked = [
        "run", f"{served}/gecit/api/openapi.json", "--header", f"Authorization: Bearer {who}", "--seed", "5",
        "--max-examples", "15", "--phases", "examples,coverage,fuzzing", "--generation-deterministic",
        "--checks", "all", "--request-timeout", "20", "--no-color",
        "--suppress-health-check", "all", "--continue-on-failure",
    ]  # fmt: skip
    done = subprocess.run([PROGRAM, *asked], cwd=tmp_path, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    [count] = re.findall(r"(\d+) generated", done.stdout)
    assert int(count) > 500
