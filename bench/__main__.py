"""`python -m bench [NAME ...]`: figures as JSON lines on standard output, progress on standard error.

Exit code 1: with `--keep` something was measured and not kept, since what is kept is better. 2: an unknown name.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

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


def main() -> int:
    """Run what the command line names, or everything; the exit code."""
    chosen = _chosen()
    soak.minutes = chosen.minutes
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    code = 0
    for name in chosen.names or BENCHES:
        found = []
        for figure in BENCHES[name](chosen.rounds, chosen.patience):
            print(line(figure), flush=True)
            found.append(figure)
        if chosen.keep and not _kept(name, found, anyway=chosen.anyway):
            code = 1
    return code


def _kept(name: str, found: Sequence[Figure], *, anyway: bool) -> bool:
    """Keep what was measured; whether it was kept. Why not is said on standard error, and the next bench goes on."""
    try:
        results.keep(name, f"python -m bench {' '.join(sys.argv[1:])}", found, anyway=anyway)
    except results.BetterKeptError as fault:
        sys.stderr.write(f"{fault}\n")
        return False
    return True


def _chosen() -> argparse.Namespace:
    """Read the command line; SystemExit with 2 where it names a bench that there is not."""
    reader = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    reader.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    reader.add_argument("--rounds", type=int, default=ingest.ROUNDS, help="interleaved rounds (%(default)s)")
    wait = "seconds that each run waits for a machine that is busy elsewhere (%(default)s)"
    reader.add_argument("--patience", type=float, default=ingest.PATIENCE_SECONDS, help=wait)
    reader.add_argument("--keep", action="store_true", help="write each bench's lines to bench/results too")
    anyway = "with --keep: even where what is kept was measured on a quieter machine or in more rounds"
    reader.add_argument("--anyway", action="store_true", help=anyway)
    reader.add_argument("--minutes", type=float, default=soak.MINUTES, help="length of the soak (%(default)s)")
    chosen = reader.parse_args()
    for name in chosen.names:  # `choices` would refuse no name at all on some versions of Python
        if name not in BENCHES:
            reader.error(f"no bench {name!r}; there are {', '.join(BENCHES)}")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
