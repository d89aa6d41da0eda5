"""`gecit demo` and `gecit run`: a whole node with the pretend outside world, on this computer."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from gecit.settings import home

from .common import Command


def _data(name: str) -> Path:
    given = os.environ.get("GECIT_DATA")
    return Path(given).absolute() if given else home(os.environ) / "data" / name


def _over(command: Command) -> Command:
    """Add `--medula`: how the pretend MEDULA is spoken to."""
    words = "How the pretend MEDULA is spoken to (DEMO_MEDULA)."
    choice = click.Choice(["json", "soap"], case_sensitive=False)
    return click.option("--medula", type=choice, default="json", envvar="DEMO_MEDULA", help=words)(command)


@click.command()
@_over
def run(medula: str) -> None:
    """Start a node and the sandbox; Ctrl-C ends both."""
    from gecit.sandbox.node import run_node

    sys.exit(run_node(_data("run"), None, protocol=medula.capitalize()))


@click.command()
@click.option("--exit", "exit_", is_flag=True, envvar="DEMO_EXIT", help="Stop the node afterwards.")
@_over
def demo(exit_: bool, medula: str) -> None:
    """Start a node and the sandbox, and play one hospital's day on it."""
    from gecit.sandbox.node import run_node
    from gecit.sandbox.play import play_day

    def play(node: object) -> bool:
        return play_day(node, click.echo)  # type: ignore[arg-type]

    sys.exit(run_node(_data("demo"), play, leave_running=not exit_, protocol=medula.capitalize()))
