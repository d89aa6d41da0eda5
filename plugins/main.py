"""The script that Orthanc's Python plugin runs (`PythonScript`). An exception here stops Orthanc, as it should."""

import os
import site
import sys
from pathlib import Path

# Orthanc embeds Debian's Python and knows no virtual environment. GECIT_VENV names one elsewhere.
VENV = Path(os.environ.get("GECIT_VENV") or Path(__file__).absolute().parents[1] / ".venv")
debian = [path for path in sys.path if path.endswith("dist-packages")]
sys.path = [path for path in sys.path if path not in debian]
site.addsitedir(str(VENV / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"))
sys.path += debian  # behind ours: Debian's own urllib3, which other packages pull in, is older than the locked one

import orthanc  # noqa: E402

from gecit.app import EXPLAINED, start  # noqa: E402

try:
    start(orthanc)
except EXPLAINED as fault:  # its words are enough: Orthanc logs them, and then where in our code it was raised
    raise fault.with_traceback(None) from None
