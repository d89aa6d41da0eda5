"""`python -m bench [NAME ...]`: figures as JSON lines on standard output, progress on standard error."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping

from . import ingest
from .figures import Figure, line

BENCHES: Mapping[str, Callable[[int], Iterator[Figure]]] = {"ingest": ingest.figures}


def main() -> None:
    """Run what the command line names, or everything."""
    reader = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    reader.add_argument("names", nargs="*", choices=[[], *BENCHES], metavar="NAME", help=", ".join(BENCHES))
    reader.add_argument("--rounds", type=int, default=ingest.ROUNDS, help="interleaved rounds (%(default)s)")
    chosen = reader.parse_args()
    for name in chosen.names or BENCHES:
        for figure in BENCHES[name](chosen.rounds):
            print(line(figure), flush=True)


if __name__ == "__main__":
    main()
