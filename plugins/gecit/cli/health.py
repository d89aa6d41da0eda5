"""`gecit health`: is the node well?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime, timedelta

import click

from gecit.core.values import local
from gecit.ports import Beat

from .common import as_json, parts, print_json, print_table

EXPECTED = ("orthanc", "web", "listen", "work")
STALE = timedelta(seconds=90)
"""Nine beats: a process that said nothing for so long is taken as dead."""


@click.command()
@as_json
def health(as_json: bool) -> None:
    """Show processes and counts; exit code 1 where a process of any node is silent."""
    with parts(create=False) as opened:
        now = opened.clock.now()
        beats, counts = opened.ledger.beats(), opened.ledger.counts()
        revision = opened.ledger.active_revision()
    silent = silent_ones(beats, now)
    processes = [
        {
            "node": one.node,
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
        print_table(
            ("düğüm / node", "süreç / process", "pid", "sn önce / seconds ago"),
            [(one.node, one.process, one.pid, int((now - one.at).total_seconds())) for one in beats],
        )
        click.echo(f"\nkural kitabı / rulebook {revision[:12] or '-'}")
        print_table(("ne / what", "sayı / count"), sorted(counts.items()))
    if silent and not as_json:
        click.echo(f"\nsessiz / silent: {', '.join(silent)}", err=True)
    sys.exit(1 if silent else 0)


def silent_ones(beats: Sequence[Beat], now: datetime) -> list[str]:
    """Return the processes that gave no sign of life for `STALE`, each of a pair's; of several nodes as NODE/PROCESS.

    A node that runs no more is asked for until `gecit nodes forget` takes it off the list.
    """
    heard = {(one.node, one.home, one.process) for one in beats if now - one.at <= STALE}
    places = sorted({(one.node, one.home) for one in beats}) or [("", "")]
    silent = [(node, process) for node, home in places for process in EXPECTED if (node, home, process) not in heard]
    several = len({node for node, _ in places}) > 1
    return list(dict.fromkeys(f"{node}/{process}" if several else process for node, process in silent))
