"""The `gecit` command."""

from __future__ import annotations

import os
import sys

import click

from gecit import __version__
from gecit.core.backups import BackupFault
from gecit.core.rulefile import RulebookError
from gecit.edges.codes import CodeListError
from gecit.edges.hl7_profile import ProfileError
from gecit.edges.quality_files import QualityFileError
from gecit.edges.report_files import ReportFileError
from gecit.edges.store.migrate import LedgerTooNewError
from gecit.ports import Unavailable
from gecit.processes.rules import NoRulebookError
from gecit.processes.run_folder import FolderInUseError
from gecit.settings import SettingsError

from . import (
    aside,
    audit,
    backup,
    balance,
    check,
    codes,
    demo,
    exemptions,
    health,
    institutions,
    judge,
    ledger,
    nodes,
    outbox,
    peer,
    processes,
    quality,
    replay,
    retention,
    rules,
    scale,
    selftest,
    send,
    users,
    webhooks,
    worklist,
)

FAULTS = (
    SettingsError,
    RulebookError,
    ProfileError,
    ReportFileError,
    QualityFileError,
    CodeListError,
    LedgerTooNewError,
    NoRulebookError,
    FolderInUseError,
    BackupFault,
    Unavailable,
    OSError,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gecit")
def cli() -> None:
    """Geçit: a Teleradyoloji node inside Orthanc.

    Configuration: the folder that GECIT_CONFIG names, else orthanc-config beside the installation.
    """
    os.umask(0o077)  # patients' data is this user's alone, whoever made the folder


for command in (
    *processes.COMMANDS,
    *demo.COMMANDS,
    health.health,
    *backup.COMMANDS,
    check.check,
    check.samples,
    selftest.selftest,
    send.send,
    rules.rules,
    exemptions.exemptions,
    judge.judge,
    replay.replay,
    codes.codes,
    institutions.institutions,
    users.users,
    users.tokens,
    worklist.worklist,
    outbox.outbox,
    webhooks.webhooks,
    webhooks.alerts,
    ledger.ledger,
    nodes.nodes,
    retention.retention,
    aside.aside,
    balance.balance,
    scale.scale,
    audit.audit,
    quality.quality,
):
    cli.add_command(command)
for command in peer.COMMANDS:
    quality.quality.add_command(command)


def main() -> int:
    """Run a command; a fault that a person can mend is one clear text, not a traceback."""
    try:
        cli(standalone_mode=True)
    except FAULTS as fault:
        click.echo(str(fault), err=True)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
