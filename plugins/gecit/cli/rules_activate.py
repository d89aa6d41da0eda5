"""`gecit rules activate`: a revision in force, how many exams it reaches, and what became of them."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from gecit.core.access import Action
from gecit.core.order import ExamKey
from gecit.core.reach import reach
from gecit.core.rulebook import Rulebook
from gecit.core.rulediff import difference, lost, told
from gecit.edges.rule_drafts import DraftError
from gecit.edges.rules_files import read_folder
from gecit.edges.store import effects
from gecit.ports.nodes import SILENT
from gecit.processes.build import Parts
from gecit.settings import Settings
from gecit.steps.reached import plan, stretches_of

from . import drafts
from .audited import tell_first
from .common import parts
from .rules_shown import difference_line

SHOWN = 50
"""How many exams of a kind are named."""


@click.command()
@click.option("--note", default="", help="Why, for the record.")
@click.option("--wait", is_flag=True, help="Until all exams in reach are judged again; then name what changed.")
@click.option("--yes", is_flag=True, help="Also where rules, editions or windows in force would go away.")
@click.option("--draft", default="", help="Put this draft of the site's folder among the files first.")
@click.option("--by", default=getpass.getuser, help="Who decides; by default the user of this terminal.")
def activate(note: str, wait: bool, yes: bool, draft: str, by: str) -> None:
    """Make the rule files the revision in force; running processes take it over within a second."""
    with parts() as opened:
        chosen, ledger = opened.settings, opened.ledger
        before, number = ledger.active_rulebook(), effects.newest_event(ledger)
        with _files(chosen, draft) as book:
            if before:
                _compare(Rulebook.from_json(before[1]), book, chosen, yes=yes)
            tell_first(opened, Action.WORK_ON_RULES, about=book.revision, by=by)
            new = ledger.activate_rulebook(book.revision, book.to_json(), opened.clock.now(), note, by)
        said = "yürürlükte / in force" if new else "zaten yürürlükteydi / was in force already"
        click.echo(f"{book.revision[:12]} {said}")
        if new:
            click.echo(f"{_reached(opened, before, book)} tetkik kapsamda / exams stand in reach")
        if wait:
            _wait(opened, book)
            _tell(opened, book.revision, number)


@contextmanager
def _files(chosen: Settings, draft: str) -> Iterator[Rulebook]:
    """Give what the files make; with a draft among them, which is put back where the activation fails."""
    if not draft:
        yield read_folder(chosen.rules, chosen.site_rules)
        return
    try:
        with drafts.folder_of(chosen).placed(drafts.find(chosen, draft)) as book:
            yield book
    except DraftError as fault:
        raise click.ClickException(str(fault)) from fault


def _compare(before: Rulebook, after: Rulebook, chosen: Settings, *, yes: bool) -> None:
    """Show what would change, and refuse to lose anything unasked: most often the site's folder was not named."""
    found = difference(before, after)
    for one in told(found):
        click.echo(difference_line(one))
    gone = lost(found)
    if gone and not yes:
        site = chosen.site_rules or "-"
        raise click.ClickException(
            f"yürürlükteki {len(gone)} kayıt kalkardı; hiçbir şey değişmedi. İstenen buysa: --yes / "
            f"{len(gone)} entries in force would go away; nothing was changed. If that is meant: --yes\n"
            f"  okunan / read: {chosen.rules}; Gecit.SiteRules (ORTHANC__GECIT__SITE_RULES): {site}"
        )


def _reached(opened: Parts, before: tuple[str, bytes] | None, after: Rulebook) -> int:
    """Count the judged exams that the change of rulebook can touch."""
    old = Rulebook.from_json(before[1]) if before else None
    return effects.count_reached(opened.ledger, stretches_of([reach(old, after)]))


def _wait(opened: Parts, book: Rulebook) -> None:
    """Wait until all exams stand judged by a rulebook that is in force."""
    ledger, began = opened.ledger, opened.clock.now()
    while plan(ledger, book) is not None:
        now = opened.clock.now()
        if now - began > SILENT and not any(one.process == "work" and now - one.at < SILENT for one in ledger.beats()):
            raise click.ClickException(
                "`gecit work` çalışmıyor; tetkikler o başlayınca yeniden değerlendirilir / "
                "`gecit work` does not run; exams are judged again when it does"
            )
        time.sleep(0.5)
    if ledger.active_revision() != book.revision:
        raise click.ClickException("bu arada başka sürüm yürürlüğe girdi / another revision is in force meanwhile")


def _tell(opened: Parts, revision: str, number: int) -> None:
    """Name the releases, and every withdrawal that a person decides: also those that the ordinary judge proposed."""
    done = effects.rejudged_since(opened.ledger, number, revision)
    if done:
        click.echo(
            f"{done.looked_at} bakıldı / looked at, {done.changed} değişti / changed,"
            f" {done.released} serbest / released, bundan doğan geri çekme önerisi / withdrawals proposed by it:"
            f" {done.withdrawals}"
        )
    released = effects.submitted_since(opened.ledger, number, revision, SHOWN)
    _names("serbest bırakılan / released", released)
    waiting = [one.key for one in effects.to_approve(opened.ledger, SHOWN)]
    _names("onay bekleyen bütün geri çekmeler / all withdrawals to be approved", waiting)


def _names(title: str, keys: Sequence[ExamKey]) -> None:
    if keys:
        more = " ..." if len(keys) == SHOWN else ""
        click.echo(f"{title}:\n  " + "\n  ".join(map(str, keys)) + more)
