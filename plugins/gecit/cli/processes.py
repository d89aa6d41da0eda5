"""`gecit web|listen|work`: the node's processes, which the plugin starts; each can also run on its own."""

from __future__ import annotations

import sys

import click

from gecit.processes.life import until_told_to_stop
from gecit.settings import load


@click.command()
def web() -> None:
    """Serve pages and JSON on loopback (started by the plugin)."""
    from gecit.processes import build
    from gecit.processes import web as process

    found = load()
    build.start_logging(found.log_level)
    process.run(found, until_told_to_stop())


@click.command()
def listen() -> None:
    """Take HL7 in by MLLP (started by the plugin)."""
    from gecit.processes import listen as process

    sys.exit(process.run(load()))


@click.command()
def work() -> None:
    """Follow the images, judge, deliver (started by the plugin)."""
    from gecit.processes import work as process

    sys.exit(process.run(load()))
