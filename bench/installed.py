"""Python as on a node that `make install` set up: with what is locked for it, without what tests and fuzzing need.

Those bring NumPy and Pygments, which pydicom and Mako load where they find them: 16 MiB in each process.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).parents[1]
LOCK = HOME / "requirements.lock"
VENV = HOME / "build" / "node-venv"


def environ_of_a_node() -> dict[str, str]:
    """Return what has a node run with that Python, which is made the first time and when the lock has changed."""
    stamp, wanted = VENV / "lock.sha256", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        pip = [VENV / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", LOCK], check=True)
        (site,) = (VENV / "lib").glob("python3*/site-packages")
        (site / "gecit.pth").write_text(f"{HOME / 'plugins'}\n")
        stamp.write_text(wanted)
    return {"GECIT_VENV": str(VENV), "ORTHANC__GECIT__PYTHON": str(VENV / "bin" / "python")}
