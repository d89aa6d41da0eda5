"""`gecit rules`: check, show and activate rule files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gecit.core.rulebook import Rulebook
from gecit.edges.rules_files import lint as faults_in
from gecit.edges.rules_files import read_folder
from gecit.processes.rules import publish

from .common import as_json, parts, print_json, print_rows, settings


@click.group()
def rules() -> None:
    """The rulebook: dated rules and exemptions."""


@rules.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False)
def lint(folder: Path | None) -> None:
    """Check rule files; exit code 1 and every fault where there is one. FOLDER: a site's own rules."""
    shipped = settings().rules
    faults = faults_in(folder, shipped) if folder else faults_in(shipped)
    for one in faults:
        click.echo(one)
    if not faults:
        click.echo("kusur yok / no faults")
    sys.exit(1 if faults else 0)


@rules.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List the rules and exemptions of the files."""
    book = _files()
    print_rows(
        [
            {
                "id": one.id,
                "effect": one.effect.value,
                "from": ", ".join(str(edition.start or "-")[:16] for edition in one.editions),
                "origin": one.origin,
                "title": one.title.tr,
            }
            for one in book.rules
        ]
        + [
            {
                "id": one.id,
                "effect": "excuses " + ", ".join(one.excuses),
                "from": f"{len(one.windows)} x",
                "origin": one.origin,
                "title": one.title.tr,
            }
            for one in book.exemptions
        ],
        json_wanted=as_json,
    )


@rules.command()
@click.argument("rule_id")
def show(rule_id: str) -> None:
    """Show one rule or exemption whole, as JSON."""
    import msgspec

    book = _files()
    found = {one.id: msgspec.to_builtins(one) for one in book.rules}
    found |= {one.id: msgspec.to_builtins(one) for one in book.exemptions}
    if rule_id not in found:
        raise click.ClickException(f"böyle bir kural yok / there is no rule {rule_id!r}")
    print_json(found[rule_id])


@rules.command()
@click.option("--note", default="", help="Why, for the record.")
def activate(note: str) -> None:
    """Make the rule files the revision in force; running processes take it over within a second."""
    with parts() as opened:
        chosen = opened.settings
        revision, new = publish(opened.ledger, chosen.rules, chosen.site_rules, opened.clock.now(), note)
    click.echo(f"{revision[:12]} {'yürürlükte / in force' if new else 'zaten yürürlükteydi / was in force already'}")


def _files() -> Rulebook:
    chosen = settings()
    return read_folder(chosen.rules, chosen.site_rules)
