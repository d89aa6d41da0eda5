"""The plugin's script: what it is made of comes from the virtual environment, whatever Debian has installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "plugins/main.py"
STARTED_WITH = """
import runpy, sys, types
sys.path.append("/usr/lib/python3/dist-packages")
app = types.ModuleType("gecit.app")
app.EXPLAINED, app.start = (ValueError,), lambda orthanc: print("\\n".join(sys.path))
sys.modules |= {"orthanc": types.ModuleType("orthanc"), "gecit": types.ModuleType("gecit"), "gecit.app": app}
runpy.run_path(sys.argv[1])
"""


def test_packages_of_debian_stand_behind_ours_and_behind_the_standard_library() -> None:
    environ = {"GECIT_VENV": sys.prefix}
    done = subprocess.run(
        ["/usr/bin/python3", "-c", STARTED_WITH, str(SCRIPT)],
        env=environ, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    path = done.stdout.splitlines()
    ours = next(at for at, one in enumerate(path) if one.startswith(sys.prefix) and one.endswith("site-packages"))
    library = next(at for at, one in enumerate(path) if one.endswith(f"/python3.{sys.version_info.minor}"))
    assert library < ours < path.index("/usr/lib/python3/dist-packages")
