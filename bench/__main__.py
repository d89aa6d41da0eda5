"""`python -m bench [NAME ...]`: figures as JSON lines on standard output, progress on standard error."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Mapping

from . import audit, delivery, growth, guard, hl7, ingest, memory, outbox, rejudge, soap, tracking, viewer, worklist
from .figures import Figure, line

BENCHES: Mapping[str, Callable[[int, float], Iterator[Figure]]] = {
    "ingest": ingest.figures,
    "hl7": hl7.figures,
    "delivery": delivery.figures,
    "outbox": outbox.figures,
    "soap": soap.figures,
    "memory": memory.figures,
    "rejudge": rejudge.figures,
    "worklist": worklist.figures,
    "viewer": viewer.figures,
    "guard": guard.figures,
    "audit": audit.figures,
    "tracking": tracking.figures,
    "growth": growth.figures,
}


def main() -> None:
    """Run what the command line names, or everything."""
    reader = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    reader.add_argument("names", nargs="*", choices=[[], *BENCHES], metavar="NAME", help=", ".join(BENCHES))
    reader.add_argument("--rounds", type=int, default=ingest.ROUNDS, help="interleaved rounds (%(default)s)")
    wait = "seconds that each run waits for a machine that is busy elsewhere (%(default)s)"
    reader.add_argument("--patience", type=float, default=ingest.PATIENCE_SECONDS, help=wait)
    chosen = reader.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    for name in chosen.names or BENCHES:
        for figure in BENCHES[name](chosen.rounds, chosen.patience):
            print(line(figure), flush=True)


if __name__ == "__main__":
    main()
