"""The script that Orthanc's Python plugin runs (`PythonScript`). An exception here stops Orthanc, as it should."""

import os
import site
import sys
from pathlib import Path

# Orthanc embeds Debian's Python and knows no virtual environment. GECIT_VENV names one elsewhere.
VENV = Path(os.environ.get("GECIT_VENV") or Path(__file__).absolute().parents[1] / ".venv")
site.addsitedir(str(VENV / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"))
sys.path.sort(key=lambda one: one.endswith("dist-packages"))  # ours before Debian's, of which any version may be there

import orthanc  # noqa: E402

from gecit.app import EXPLAINED, start  # noqa: E402

try:
    start(orthanc)
except EXPLAINED as fault:  # its words are enough: Orthanc logs them, and then where in our code it was raised
    raise fault.with_traceback(None) from None
