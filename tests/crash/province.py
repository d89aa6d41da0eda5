"""`python -m tests.crash.province`: kills nodes that share a ledger, and PostgreSQL, and looks at what is left.

Ends by itself, with 1 where something was lost, came twice or differs. Runs are kept in build/crash/province.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

from gecit.ports import Unavailable

from ..support.node import HOME
from .__main__ import FAULTY, keep_log, quiet, say
from .nodes import POSTGRESQL, ProvinceRun, nodes, plan
from .results import Results, product_commit

REBUILD_SECONDS = 3600.0


def main() -> int:
    """Fill, run, look."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.province", description=__doc__)
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--exams", type=int, default=100_000, help="judged exams that are there before")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=float, default=FAULTY, help="share of MEDULA's answers that are spoilt")
    parser.add_argument("--rebuild", action="store_true", help="fold the whole ledger anew at the end, too")
    chosen = parser.parse_args()
    results = Results(product_commit(), HOME / "build" / "crash" / "province")
    run = one_run(results, chosen)
    results.add(run)
    say(run)
    sys.stdout.write(summary(results.commit, run) + "\n")
    return 0 if run.found.good else 1


def one_run(results: Results, chosen: argparse.Namespace) -> ProvinceRun:
    """Do one run on nodes made for it."""
    with (
        tempfile.TemporaryDirectory(prefix="gecit-province-") as folder,
        quiet(results.folder / "nodes.log"),
        nodes(Path(folder), chosen.nodes, chosen.exams, tell) as place,
    ):
        try:
            tell("an undisturbed day")
            undisturbed = place.undisturbed()
            tell("kills")
            kills = plan(place.names, chosen.kills, chosen.seed)
            run = place.run(kills, undisturbed, faults=chosen.faults, seed=chosen.seed)
            if chosen.rebuild:
                run.differs.extend(place.rebuilt(REBUILD_SECONDS).differs)
        except (AssertionError, OSError, Unavailable) as fault:
            run = ProvinceRun.broken_off(POSTGRESQL, fault)
        if not run.found.good:
            keep_log(results, place.log_text(), run)
        return run


def tell(text: str) -> None:
    """Say how far it is."""
    sys.stderr.write(f"{text}\n")


def summary(commit: str, run: ProvinceRun) -> str:
    """Return what a run came to, in one line."""
    return (
        f"{commit}: {run.nodes} nodes, {run.filled} exams before, {len(run.kills)} kills "
        f"({len(run.unreached)} not reached, {run.taken_over} deliveries taken over, "
        f"{run.without_ledger} starts without a ledger) in {run.seconds} s; "
        f"{run.exams} exams, {run.messages} messages, {run.instances} instances, {run.faults} answers spoilt; "
        f"lost {len(run.lost)}, twice {len(run.twice)}, differs {len(run.differs)}"
    )


if __name__ == "__main__":
    os.umask(0o077)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    sys.exit(main())
