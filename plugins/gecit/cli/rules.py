"""`gecit rules`: check, show, compare and activate rule files."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click
import msgspec

from gecit.core.boundaries import Boundary, boundaries
from gecit.core.rulebook import Exemption, Rule, Rulebook
from gecit.core.rulediff import difference, told
from gecit.core.values import local
from gecit.edges.rules_files import lint as faults_in
from gecit.edges.rules_files import notes, read_either, read_folder, unread
from gecit.settings import Settings

from . import drafts, rules_activate, rules_shown
from .common import as_json, parts, print_json, print_rows, settings
from .moments import INSTANT

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def rules() -> None:
    """The rulebook: dated rules and exemptions."""


rules.add_command(rules_activate.activate)
rules.add_command(drafts.drafts)


@rules.command()
@click.argument("folder", type=FOLDER, required=False)
def lint(folder: Path | None) -> None:
    """Check rule files; exit code 1 and every fault where there is one. FOLDER: a site's own rules."""
    chosen = settings()
    site = folder or chosen.site_rules
    faults = faults_in(site, chosen.rules) if site else faults_in(chosen.rules)
    for one in faults:
        click.echo(one)
    said = [*notes(site, chosen.rules), *unread(site)] if site else unread(chosen.rules)
    for one in said:
        click.echo(f"not / note: {one}")
    if not faults:
        click.echo("kusur yok / no faults")
    sys.exit(1 if faults else 0)


@rules.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List the rules and exemptions of the files."""
    book = files_of(settings())
    print_rows([*map(_rule_row, book.rules), *map(_exemption_row, book.exemptions)], json_wanted=as_json)


def _rule_row(one: Rule) -> dict[str, object]:
    starts = dict.fromkeys(str(edition.start or "-")[:16] for edition in one.editions)
    effect = one.effect.value
    return {"id": one.id, "effect": effect, "from": ", ".join(starts), "origin": one.origin, "title": one.title.tr}


def _exemption_row(one: Exemption) -> dict[str, object]:
    effect, windows = f"excuses {', '.join(one.excuses)}", f"{len(one.windows)} x"
    return {"id": one.id, "effect": effect, "from": windows, "origin": one.origin, "title": one.title.tr}


@rules.command()
@click.argument("rule_id")
@as_json
def show(rule_id: str, as_json: bool) -> None:
    """Show one rule or exemption whole, with readings and sources."""
    book = files_of(settings())
    found = _by_id(book)
    if rule_id not in found:
        raise click.ClickException(f"böyle bir kural yok / there is no rule {rule_id!r}")
    if as_json:
        print_json(msgspec.to_builtins(found[rule_id]))
    else:
        click.echo(rules_shown.shown(found[rule_id], book))


@rules.command()
@click.option("--from", "since", type=INSTANT, help="Not before this day or instant.")
@click.option("--to", "until", type=INSTANT, help="Before this day or instant.")
@click.option("--rule", "rule_id", default="", help="Only this rule with what excuses it, or this exemption.")
@as_json
def calendar(since: datetime | None, until: datetime | None, rule_id: str, as_json: bool) -> None:
    """List every instant at which a rule or an exemption begins or ends, in order of time."""
    book = files_of(settings())
    if rule_id and rule_id not in _by_id(book):
        raise click.ClickException(f"böyle bir kural yok / there is no rule {rule_id!r}")
    found = [one for one in boundaries(book, rule_id) if _inside(one, since, until)]
    if as_json:
        print_json([msgspec.to_builtins(one) for one in found])
    for one in found if not as_json else ():
        moment = f"{local(one.at):%d.%m.%Y %H:%M}" if one.at else "bilinmiyor / -"
        click.echo(f"{moment:16}  {one.id}: {one.text.tr} / {one.text.en}")


def _by_id(book: Rulebook) -> dict[str, Rule | Exemption]:
    found: dict[str, Rule | Exemption] = {one.id: one for one in book.rules}
    return found | {one.id: one for one in book.exemptions}


def _inside(one: Boundary, since: datetime | None, until: datetime | None) -> bool:
    if one.at is None:
        return since is None
    return (since is None or since <= one.at) and (until is None or one.at < until)


@rules.command()
@click.argument("a")
@click.argument("b")
@as_json
def diff(a: str, b: str, as_json: bool) -> None:
    """Show what differs between two rulebooks; exit code 1 where anything does.

    A and B: a folder, a revision (6 digits at least), `active` or `files`.
    """
    chosen = settings()
    found = told(difference(_book(a, chosen), _book(b, chosen)))
    if as_json:
        print_json([msgspec.to_builtins(one) for one in found])
    else:
        for one in found:
            click.echo(rules_shown.difference_line(one))
        click.echo(f"{len(found)} fark / differences")
    sys.exit(1 if found else 0)


def files_of(chosen: Settings) -> Rulebook:
    """Return the rulebook of the configured files, the site's over the shipped ones."""
    return read_folder(chosen.rules, chosen.site_rules)


def _book(name: str, chosen: Settings) -> Rulebook:
    """Find a rulebook by what a person calls it."""
    if name == "files":
        return files_of(chosen)
    folder = Path(name)
    if folder.is_dir():
        return read_either(folder, chosen.rules)
    with parts(create=False) as opened:
        known = opened.ledger.activations()
    fitting = [one for one in known if name == "active" or (len(name) >= 6 and one.revision.startswith(name))]
    if not fitting:
        raise click.ClickException(f"böyle bir klasör ya da sürüm yok / there is no folder or revision {name!r}")
    return Rulebook.from_json(fitting[-1].content)
