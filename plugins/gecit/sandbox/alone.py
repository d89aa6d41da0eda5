"""The pretend outside world by itself, for nodes in containers: `python -m gecit.sandbox.alone [PORT [ADDRESS]]`."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

from ..edges.system_clock import SystemClock
from .server import outside_world, running

PORT = 9000


def main(port: int = PORT, host: str = "127.0.0.1") -> int:
    """Serve MEDULA, registry and duplicate service until told to stop."""
    stop = threading.Event()

    def told(number: int, frame: FrameType | None) -> None:
        stop.set()

    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, told)
    with running(outside_world(SystemClock()), port, host) as address:
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()
        stop.wait()
    return 0


if __name__ == "__main__":
    arguments = sys.argv[1:]
    sys.exit(main(int(arguments[0]) if arguments else PORT, *arguments[1:]))
