"""The audit of commands: whatever changes something says so first, as the pages do (docs/decisions/0044)."""

from __future__ import annotations

import getpass

import click
from msgspec.structs import replace

from gecit.core.audit import AuditEntry
from gecit.processes.build import Parts
from gecit.processes.entrance import audit_of

from .common import FAILED

COMMAND_LINE = "cli"
"""Where it came from: no address, a terminal of this computer."""


def tell_first(
    opened: Parts, what: str, *, institution: str = "", accession: str = "", about: str = "", by: str = ""
) -> None:
    """Have the audit told what is about to be done, right before it is; where it cannot be, nothing is done.

    Who: the user of the operating system; `by`: whom he names as the one who decides. `what`: an `Action`, or what none
    names. `about`: what it is done to, by its id; no name of a patient, no number of one. Raises `Unavailable`, which
    ends the command. A command that fails afterwards is a second row, `failed`.
    """
    detail = {"command": _command()} | ({"about": about} if about else {})
    audit, entry = (
        audit_of(opened.settings, opened.ledger),
        AuditEntry(
            at=opened.clock.now(),
            who=getpass.getuser(),
            what=str(what),
            institution=institution,
            accession=accession,
            address=COMMAND_LINE,
            outcome="done",
            detail=detail | ({"by": by} if by and by != getpass.getuser() else {}),
        ),
    )
    audit.record(entry)
    click.get_current_context().meta[FAILED] = lambda why: audit.record(
        replace(entry, at=opened.clock.now(), outcome="failed", why=why)
    )


def _command() -> str:
    """Return the words of the command, without those that somebody gave it."""
    return click.get_current_context().command_path.partition(" ")[2]
