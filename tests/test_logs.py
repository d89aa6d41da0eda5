"""The shipped logrotate file on a real logrotate and on processes that hold their log open."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]
SHIPPED = HOME / "orthanc-config" / "logrotate" / "gecit"
WRITER = "import itertools, sys, time\nfor n in itertools.count():\n    print(n, flush=True); time.sleep(0.002)"


def rotate(folder: Path) -> None:
    """Rotate at once, by the shipped file with the folder and user of this test."""
    text = SHIPPED.read_text(encoding="utf-8").replace("/var/log/gecit", str(folder)).replace("su orthanc orthanc", "")
    file = folder / "gecit.conf"
    file.write_text(text)
    file.chmod(0o644)
    done = subprocess.run(
        ["/usr/sbin/logrotate", "--force", "--state", str(folder / "state"), str(file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    return tmp_path


def test_a_process_goes_on_in_the_emptied_file_and_old_logs_end(folder: Path) -> None:
    log = folder / "gecit.log"
    with log.open("ab") as opened:
        writer = subprocess.Popen([sys.executable, "-c", WRITER], stdout=opened)
    try:
        for _ in range(16):
            before = log.stat().st_size
            deadline = time.monotonic() + 20
            while log.stat().st_size <= before and time.monotonic() < deadline:
                time.sleep(0.01)
            rotate(folder)
    finally:
        writer.kill()
        writer.wait()
    kept = sorted(one.name for one in folder.glob("gecit.log*"))
    assert len(kept) == 15, "the log and fourteen before it"
    lines = log.read_bytes()
    assert not lines.startswith(b"\0"), "it is appended, not written behind a hole"
    numbers = [int(one) for one in (folder / "gecit.log.1").read_text().split() if one.isdigit()]
    assert numbers == list(range(numbers[0], numbers[-1] + 1)), "no line of a log is lost in its middle"
