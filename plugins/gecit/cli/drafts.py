"""Drafts on the command line: the same files as the pages of the rules show."""

from __future__ import annotations

import click

from gecit.core.rulefile import RulebookError
from gecit.edges.rule_drafts import Draft, DraftError, DraftFolder
from gecit.settings import Settings

from .common import as_json, print_rows, settings


def folder_of(chosen: Settings) -> DraftFolder:
    """Return the drafts of a node."""
    return DraftFolder(chosen.rules, chosen.site_rules)


def find(chosen: Settings, name: str) -> Draft:
    """Return the draft that a person names as `march-2026` or `exemptions/march-2026`."""
    wanted = name.removesuffix(".toml")
    fitting = [one for one in folder_of(chosen).drafts() if wanted in (one.name, f"{one.kind}/{one.name}")]
    if len(fitting) != 1:
        known = ", ".join(f"{one.kind}/{one.name}" for one in fitting or folder_of(chosen).drafts()) or "-"
        raise click.ClickException(f"{name!r}: böyle tek bir taslak yok / there is no one draft of that name ({known})")
    return fitting[0]


def keep(chosen: Settings, name: str, text: str) -> Draft:
    """Keep a new draft of an exemption."""
    try:
        return folder_of(chosen).write("exemptions", name, text)
    except DraftError as fault:
        raise click.ClickException(str(fault)) from fault


@click.command()
@as_json
def drafts(as_json: bool) -> None:
    """List the drafts of the site's folder, which are not in force, and how many faults each has."""
    folder = folder_of(settings())
    rows = [{"draft": f"{one.kind}/{one.name}", "faults": _faults(folder, one)} for one in folder.drafts()]
    print_rows(rows, json_wanted=as_json)


def _faults(folder: DraftFolder, draft: Draft) -> int:
    try:
        folder.book_with(draft)
    except RulebookError as fault:
        return len(fault.faults)
    return 0
