"""`python -m bench [NAME ...]`: figures as JSON lines on standard output, progress on standard error."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Mapping

from . import (
    audit,
    calls,
    delivery,
    growth,
    guard,
    hl7,
    ingest,
    memory,
    outbox,
    province,
    rejudge,
    results,
    soap,
    tracking,
    viewer,
    ways,
    worklist,
)
from .figures import Figure, line
from .soak import run as soak

BENCHES: Mapping[str, Callable[[int, float], Iterator[Figure]]] = {
    "ingest": ingest.figures,
    "ways": ways.figures,
    "hl7": hl7.figures,
    "delivery": delivery.figures,
    "outbox": outbox.figures,
    "soap": soap.figures,
    "memory": memory.figures,
    "calls": calls.figures,
    "rejudge": rejudge.figures,
    "worklist": worklist.figures,
    "viewer": viewer.figures,
    "guard": guard.figures,
    "audit": audit.figures,
    "tracking": tracking.figures,
    "growth": growth.figures,
    "province": province.figures,
    "soak": soak.figures,
}


def main() -> None:
    """Run what the command line names, or everything."""
    reader = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    reader.add_argument("names", nargs="*", choices=[[], *BENCHES], metavar="NAME", help=", ".join(BENCHES))
    reader.add_argument("--rounds", type=int, default=ingest.ROUNDS, help="interleaved rounds (%(default)s)")
    wait = "seconds that each run waits for a machine that is busy elsewhere (%(default)s)"
    reader.add_argument("--patience", type=float, default=ingest.PATIENCE_SECONDS, help=wait)
    reader.add_argument("--keep", action="store_true", help="write each bench's lines to bench/results too")
    reader.add_argument("--minutes", type=float, default=soak.MINUTES, help="length of the soak (%(default)s)")
    chosen = reader.parse_args()
    soak.minutes = chosen.minutes
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    for name in chosen.names or BENCHES:
        found = []
        for figure in BENCHES[name](chosen.rounds, chosen.patience):
            print(line(figure), flush=True)
            found.append(figure)
        if chosen.keep:
            results.keep(name, f"python -m bench {' '.join(sys.argv[1:])}", found)


if __name__ == "__main__":
    main()
