"""Exit code 0 where Orthanc and the web process behind it answer; what the node's HEALTHCHECK runs."""

import os
import sys
import urllib.request

port = os.environ.get("GECIT_HTTP_PORT") or "8042"
try:
    urllib.request.urlopen(f"http://127.0.0.1:{port}/gecit/api/live", timeout=8).close()
except OSError as fault:
    sys.exit(f"{type(fault).__name__}: {fault}")
