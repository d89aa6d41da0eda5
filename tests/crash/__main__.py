"""`make crash`: goes on with the plan of kills where it stood, and sums up. KILLS=n: how many more.

KILLS=0 sums up only; ENGINES=sqlite or postgresql: one engine alone. `make crash-docs` writes docs/reliability.md.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import sys
import tempfile
from pathlib import Path

from . import page
from .results import Results, Run, product_commit
from .runs import bench
from .table import ENGINES

GOAL = 1000
KILLS_OF_A_RUN = 16
RUNS_OF_A_NODE = 8
FAULTY = 0.4  # share of MEDULA's answers that are spoilt, in every other run


def main() -> int:
    """Run; 1 where something was lost, came twice or differs."""
    parser = argparse.ArgumentParser(prog="make crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=None, help=f"how many more; by default up to {GOAL} in all")
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--docs", metavar="COMMIT", nargs="?", const="", help="write docs/reliability.md, run nothing")
    parser.add_argument("--fewer", action="store_true", help="write the page though it tells of more kills")
    chosen = parser.parse_args()
    if chosen.docs is not None:
        try:
            page.write(Results(chosen.docs or product_commit()), fewer=chosen.fewer)
        except ValueError as fault:
            sys.stderr.write(f"{fault} (--fewer)\n")
            return 1
        return 0
    engines = [one for one in chosen.engines.split(",") if one]
    if not engines or not set(engines) <= set(ENGINES):
        parser.error(f"engines are {', '.join(ENGINES)}, not {chosen.engines!r}")
    results = Results(product_commit())
    wanted = max(0, GOAL - results.kills()) if chosen.kills is None else chosen.kills
    while wanted > 0:
        engine = min(engines, key=results.kills)
        before = results.kills(engine)  # not of both: the other engine may be under way beside this
        some_runs(results, engine, wanted)
        wanted -= results.kills(engine) - before
    return summed_up(results)


def some_runs(results: Results, engine: str, wanted: int) -> None:
    """Do some runs on one node."""
    done = 0
    with (
        tempfile.TemporaryDirectory(prefix="gecit-crash-") as folder,
        quiet(results.folder / f"{engine}.log"),
        bench(engine, Path(folder)) as place,
    ):
        undisturbed = results.undisturbed(engine)
        if undisturbed is None:
            undisturbed = place.undisturbed()
            results.keep_undisturbed(engine, undisturbed)
        for _ in range(RUNS_OF_A_NODE):
            kills = results.next_kills(engine, min(KILLS_OF_A_RUN, wanted - done))
            try:
                number = len(results.runs(engine))
                run = place.run(kills, undisturbed, faults=FAULTY if number % 2 else 0.0, seed=number)
            except (AssertionError, OSError) as fault:  # a node that does not come back is a finding
                run = Run.broken_off(engine, fault)
            if not run.found.good:
                keep_log(results, place.made.node.log_text(), run)
            results.add(run)
            done += len(run.kills)
            say(run)
            if done >= wanted or not run.found.good:
                break
        rebuilt = place.rebuilt()
        if not rebuilt.good:
            broken = Run.broken_off(engine, AssertionError(f"folded anew the ledger differs: {rebuilt.differs}"))
            results.add(broken)
            say(broken)


def keep_log(results: Results, text: str, run: Run) -> None:
    """Keep a node's log beside the run that went wrong."""
    (results.folder / f"{run.engine}-{run.at.replace(':', '')}.log").write_text(text)


@contextlib.contextmanager
def quiet(file: Path):  # type: ignore[no-untyped-def]
    """Keep a node's log, which `hospital` prints at its end, in a file."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            yield
    finally:
        file.write_text(said.getvalue())


def say(run: Run) -> None:
    """Tell of a run."""
    lost, twice, differs = len(run.lost), len(run.twice), len(run.differs)
    sys.stderr.write(
        f"{run.engine}: {len(run.kills)} kills ({len(run.unreached)} not reached) in {run.seconds} s, "
        f"{run.messages} messages, {run.instances} instances; lost {lost}, twice {twice}, differs {differs}\n"
    )
    for line in (*run.lost, *run.twice, *run.differs):
        sys.stderr.write(f"    {line}\n")


def summed_up(results: Results) -> int:
    """Say what all runs of this commit came to, and where they stand."""
    bad = 0
    for engine in ENGINES:
        runs = results.runs(engine)
        found = [sum(len(getattr(one, what)) for one in runs) for what in ("lost", "twice", "differs")]
        bad += sum(found)
        sys.stdout.write(
            f"{results.commit} {engine}: {results.kills(engine)} kills in {len(runs)} runs; "
            f"lost {found[0]}, twice {found[1]}, differs {found[2]}\n"
        )
    sys.stdout.write(f"each run: {results.folder}; `make crash-docs` writes docs/reliability.md\n")
    return 1 if bad else 0


if __name__ == "__main__":
    os.umask(0o077)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    sys.exit(main())
