"""What Orthanc's embedded Python finds first: the locked packages, whatever Debian's own Python has besides."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

MAIN = Path(__file__).parents[1] / "plugins" / "main.py"
STARTED = """
import runpy, sys, types
sys.path.append({debian!r})
app = types.ModuleType("gecit.app")
app.EXPLAINED, app.start = (), lambda orthanc: None
sys.modules["orthanc"], sys.modules["gecit.app"] = types.ModuleType("orthanc"), app
runpy.run_path({main!r})
import urllib3, only_in_debian
print(urllib3.__file__)
"""


def test_the_locked_packages_come_before_those_of_debian(tmp_path: Path) -> None:
    """Debian's python3-urllib3, say, comes with many other packages; a node must start beside it."""
    debian = tmp_path / "dist-packages"
    debian.mkdir()
    (debian / "urllib3.py").write_text("raise ImportError('the one of Debian')\n")
    (debian / "only_in_debian.py").write_text("")
    done = subprocess.run(
        ["/usr/bin/python3", "-c", STARTED.format(debian=str(debian), main=str(MAIN))],
        env={"GECIT_VENV": sys.prefix}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().startswith(sys.prefix)
