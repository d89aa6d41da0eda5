"""`gecit demo` and `gecit run`: a whole node with the pretend outside world, on this computer."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from gecit.settings import home


def _data(name: str) -> Path:
    given = os.environ.get("GECIT_DATA")
    return Path(given).absolute() if given else home(os.environ) / "data" / name


@click.command()
def run() -> None:
    """Start a node and the sandbox; Ctrl-C ends both."""
    from gecit.sandbox.node import run_node

    sys.exit(run_node(_data("run"), None))


@click.command()
@click.option("--exit", "exit_", is_flag=True, envvar="DEMO_EXIT", help="Stop the node afterwards.")
def demo(exit_: bool) -> None:
    """Start a node and the sandbox, and play one hospital's day on it."""
    from gecit.sandbox.node import run_node
    from gecit.sandbox.play import play_day

    def play(node: object) -> bool:
        return play_day(node, click.echo)  # type: ignore[arg-type]

    sys.exit(run_node(_data("demo"), play, leave_running=not exit_))


COMMANDS = (run, demo)
