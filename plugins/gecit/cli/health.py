"""`gecit health`: is the node well?"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import click

from gecit.core.values import local
from gecit.ports import COMPUTER, Beat, Unavailable
from gecit.ports.nodes import SILENT

from .common import NoLedgerError, as_json, parts, print_json, print_table

EXPECTED = ("orthanc", "web", "listen", "work")
AGAIN_SECONDS = 1.0


@click.command()
@click.option(
    "--wait",
    type=click.IntRange(min=0, max=86_400),
    default=0,
    metavar="SECONDS",
    help="Ask again each second until all is well, for so long at most.",
)
@as_json
def health(wait: int, as_json: bool) -> None:
    """Show processes and counts; exit code 1 where a process of any node is silent."""
    _wait(wait)
    with parts(create=False) as opened:
        now = opened.clock.now()
        beats, counts = opened.ledger.beats(), opened.ledger.counts()
        revision = opened.ledger.active_revision()
    silent = silent_ones(beats, now)
    processes = [
        {
            "node": one.node,
            "home": one.home,
            "process": one.process,
            "pid": one.pid,
            "beat": local(one.at).isoformat(),
            "detail": one.detail,
        }
        for one in beats
    ]
    if as_json:
        print_json({"ok": not silent, "silent": silent, "rulebook": revision, "processes": processes, "counts": counts})
    else:
        places = _places(beats)
        print_table(
            ("düğüm / node", "bilgisayar / computer", "süreç / process", "pid", "sn önce / seconds ago"),
            [
                (
                    one.node,
                    _shown(one, places[one.node, one.home]),
                    one.process,
                    one.pid,
                    int((now - one.at).total_seconds()),
                )
                for one in sorted(beats, key=lambda one: (one.node, _computer(one), one.home, one.process))
            ],
        )
        click.echo(f"\nkural kitabı / rulebook {revision[:12] or '-'}")
        print_table(("ne / what", "sayı / count"), sorted(counts.items()))
    if silent and not as_json:
        click.echo(f"\nsessiz / silent: {', '.join(silent)}", err=True)
    sys.exit(1 if silent else 0)


def _wait(seconds: int) -> None:
    """Return when no process is silent, or the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not _well():
        time.sleep(AGAIN_SECONDS)


def _well() -> bool:
    """Whether all are heard; a ledger that is away, or not made yet, may be there a second later."""
    try:
        with parts(create=False) as opened:
            return not silent_ones(opened.ledger.beats(), opened.clock.now())
    except (Unavailable, NoLedgerError):
        return False


def silent_ones(beats: Sequence[Beat], now: datetime) -> list[str]:
    """Return the processes that gave no sign of life for `SILENT`.

    Of several nodes as NODE/PROCESS, and as PROCESS@COMPUTER where two have one node's name (a pair; two of one
    computer are told apart by the mark of their data folder). A node that runs no more is asked for until
    `gecit nodes forget` takes it off the list.
    """
    heard = {(one.node, one.home, one.process) for one in beats if now - one.at <= SILENT}
    places = _places(beats) or {("", ""): ""}
    several = len({node for node, _ in places}) > 1
    return [
        (f"{node}/" if several else "") + process + (f"@{where}" if where else "")
        for (node, home), where in places.items()
        for process in EXPECTED
        if (node, home, process) not in heard
    ]


def _places(beats: Sequence[Beat]) -> dict[tuple[str, str], str]:
    """Return node and folder of all that beat, and where that is: "" for a node of one folder."""
    computers = {(one.node, one.home): _computer(one) for one in sorted(beats, key=lambda one: (one.node, one.home))}
    folders = Counter(node for node, _ in computers)
    alike = Counter((node, computer) for (node, _), computer in computers.items())
    return {
        (node, home): "" if folders[node] == 1 else computer if computer and alike[node, computer] == 1 else home[:8]
        for (node, home), computer in computers.items()
    }


def _shown(one: Beat, where: str) -> str:
    """Return the computer, and the folder's mark where that alone tells two of a pair apart."""
    return " ".join(dict.fromkeys(part for part in (_computer(one), where) if part))


def _computer(one: Beat) -> str:
    return str(one.detail.get(COMPUTER, ""))
