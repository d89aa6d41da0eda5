"""The `gecit` command."""

from __future__ import annotations

import os

import click

from gecit import __version__

from .lazy import LazyGroup

MODULES = {
    "alerts": "gecit.cli.webhooks",
    "aside": "gecit.cli.aside",
    "audit": "gecit.cli.audit",
    "backup": "gecit.cli.backup",
    "balance": "gecit.cli.balance",
    "check": "gecit.cli.check",
    "codes": "gecit.cli.codes",
    "demo": "gecit.cli.demo",
    "exemptions": "gecit.cli.exemptions",
    "health": "gecit.cli.health",
    "institutions": "gecit.cli.institutions",
    "judge": "gecit.cli.judge",
    "ledger": "gecit.cli.ledger",
    "listen": "gecit.cli.processes",
    "nodes": "gecit.cli.nodes",
    "outbox": "gecit.cli.outbox",
    "quality": "gecit.cli.quality",
    "replay": "gecit.cli.replay",
    "restore": "gecit.cli.backup",
    "retention": "gecit.cli.retention",
    "rules": "gecit.cli.rules",
    "run": "gecit.cli.demo",
    "samples": "gecit.cli.check",
    "scale": "gecit.cli.scale",
    "selftest": "gecit.cli.selftest",
    "send": "gecit.cli.send",
    "tokens": "gecit.cli.users",
    "users": "gecit.cli.users",
    "web": "gecit.cli.processes",
    "webhooks": "gecit.cli.webhooks",
    "work": "gecit.cli.processes",
    "worklist": "gecit.cli.worklist",
}


@click.group(cls=LazyGroup, modules=MODULES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gecit")
def cli() -> None:
    """Geçit: a Teleradyoloji node inside Orthanc.

    Configuration: the folder that GECIT_CONFIG names, else orthanc-config beside the installation.
    """
    os.umask(0o077)  # patients' data is this user's alone, whoever made the folder


def main() -> int:
    """Run a command; a fault that a person can mend is one clear text, not a traceback."""
    try:
        cli(standalone_mode=True)
    except Exception as fault:
        from .faults import FAULTS, words

        if not isinstance(fault, FAULTS):
            raise
        click.echo(words(fault), err=True)
        return 2
    return 0
