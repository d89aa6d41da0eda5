"""`gecit quality sample`, `again`, `report`: samples for peer review, and the report that a commission signs."""

from __future__ import annotations

import getpass
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import click
from msgspec.structs import replace

from gecit.core.access import Action, Reach, Role
from gecit.core.accounts import Account
from gecit.core.peer_review import Reviewer, ReviewRound, Stratum
from gecit.core.values import ISTANBUL
from gecit.edges.quality_pdf import build_quality_pdf
from gecit.processes.build import Parts
from gecit.processes.peer_desk import peer_desk_of
from gecit.steps.sample_reports import SampleRefused, draw_again, draw_round, new_round_id, plan
from gecit.web.peer.desk import PeerDesk
from gecit.web.peer.figures import Asked, count, report_of, scope_of

from .audited import tell_first
from .common import as_json, parts, print_json, print_table

DAY = click.DateTime(["%Y-%m-%d"])
REVIEWERS = (Role.ASSESSOR, Role.RADIOLOGIST)


@click.command("sample")
@click.option("--from", "first", type=DAY, required=True, help="First day of the reports' receipt.")
@click.option("--to", "last", type=DAY, required=True, help="Last day.")
@click.option("--reviewer", "reviewers", multiple=True, required=True, help="Account that reviews; may be repeated.")
@click.option("--institution", "institutions", multiple=True, help="SKRS code; may be repeated; none = all.")
@click.option("--size", "sizes", multiple=True, help="STRATUM=NUMBER, in the place of the file's; may be repeated.")
@click.option("--seed", default="", help="What chance is made of; drawn where none is given.")
@click.option("--title", default="", help="Name of the round.")
@click.option("--open", "opened", is_flag=True, help="Reviewers see who wrote and signed; else they do not.")
@click.option("--dry-run", is_flag=True, help="Show what would be drawn, and record nothing.")
@as_json
def sample(
    first: datetime,
    last: datetime,
    reviewers: Sequence[str],
    institutions: Sequence[str],
    sizes: Sequence[str],
    seed: str,
    title: str,
    opened: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Draw signed reports for peer review; the same seed, strata and position of the ledger give the same ones."""
    with parts(create=False) as found:
        desk = peer_desk_of(found.settings, found.ledger, found.clock)
        asked = ReviewRound(
            id=new_round_id(),
            title=title or f"{first:%d.%m.%Y}–{last:%d.%m.%Y}",
            since=first.replace(tzinfo=ISTANBUL),
            until=last.replace(tzinfo=ISTANBUL) + timedelta(days=1),
            strata=_sized(desk.strata, sizes),
            seed=seed or secrets.token_hex(8),
            position=0,
            reviewers=tuple(_reviewer(desk, name) for name in sorted(set(reviewers))),
            blind=not opened,
            institutions=tuple(sorted(set(institutions))),
        )
        if not dry_run:
            tell_first(found, Action.MANAGE_REVIEWS, about=asked.id)
        try:
            drawn = (
                plan(found.ledger, asked, desk.kinds)
                if dry_run
                else draw_round(found.ledger, asked, desk.kinds, getpass.getuser(), found.clock.now()).round
            )
        except SampleRefused as refused:
            raise click.ClickException(str(refused)) from refused
    _show(drawn, as_json=as_json)


@click.command("again")
@click.argument("round_id")
def again(round_id: str) -> None:
    """Draw a recorded round again, and say whether the same exams come out; changes nothing."""
    with parts(create=False) as found:
        state = found.ledger.read_reviews(lambda tx: tx.review_round(round_id))
        if state is None:
            raise click.ClickException(f"böyle bir tur yok / there is no round {round_id!r}")
        if not draw_again(found.ledger, state.round):
            raise click.ClickException(
                "yeniden çekilen örneklem kayıttakinden farklı: defter değiştirilmiş olabilir / "
                "the sample drawn again differs from the record: the ledger may have been changed"
            )
    click.echo(f"{len(state.round.picks)} tetkik aynı / exams are the same")


@click.command("report")
@click.option("--from", "first", type=DAY, required=True, help="First day, of the order date.")
@click.option("--to", "last", type=DAY, required=True, help="Last day.")
@click.option("--institution", default="", help="SKRS code; none = all.")
@click.option("--member", "members", multiple=True, help="Name of a member who signs; may be repeated.")
@click.option("--language", type=click.Choice(["tr", "en"]), default="tr", help="Language of the report.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Write the PDF there.")
def report(first: datetime, last: datetime, institution: str, members: Sequence[str], language: str, out: Path) -> None:
    """Write the report on quality that a commission signs, as PDF; equal figures are equal bytes."""
    with parts(create=False) as found:
        _must_know(found, institution)
        desk = peer_desk_of(found.settings, found.ledger, found.clock)
        asked = Asked(first.date(), last.date(), institution)
        counted = count(desk, asked, Reach(everything=True))
        made = report_of(desk, asked, counted, scope_of(desk, None), tuple(members), language)
    out.write_bytes(build_quality_pdf(made))
    click.echo(f"{out}: {len(counted.measured)} tetkik / exams", err=True)


def _must_know(found: Parts, institution: str) -> None:
    known = [one.skrs for one in found.ledger.read(lambda tx: tx.institutions())]
    if institution and institution not in known:
        raise click.ClickException(f"böyle bir kurum kayıtlı değil / there is no institution {institution!r}")


def _sized(strata: tuple[Stratum, ...], sizes: Sequence[str]) -> tuple[Stratum, ...]:
    given: dict[str, int] = {}
    for text in sizes:
        name, _, size = text.partition("=")
        if name not in {one.id for one in strata} or not (size.isascii() and size.isdigit()):
            known = ", ".join(one.id for one in strata)
            raise click.BadParameter(f"{text}: KATMAN=SAYI / STRATUM=NUMBER ({known})", param_hint="--size")
        given[name] = int(size)
    return tuple(one for one in (replace(each, size=given.get(each.id, each.size)) for each in strata) if one.size)


def _reviewer(desk: PeerDesk, name: str) -> Reviewer:
    account: Account | None = desk.accounts.account(name)
    if account is None or account.disabled or not set(REVIEWERS) & set(account.roles):
        raise click.BadParameter(
            f"{name}: değerlendirici ya da radyolog hesabı değil / no account of an assessor or radiologist",
            param_hint="--reviewer",
        )
    return Reviewer(account=account.name, tckn=account.tckn)


def _show(drawn: ReviewRound, *, as_json: bool) -> None:
    rows = [
        {
            "number": one.number,
            "institution": one.exam.institution,
            "accession": one.exam.accession,
            "version": one.version,
            "stratum": one.stratum,
            "reviewer": one.reviewer,
        }
        for one in drawn.picks
    ]
    short = [{"stratum": one.stratum, "of": one.of, "wanted": one.wanted, "found": one.found} for one in drawn.short]
    if as_json:
        print_json({"round": drawn.id, "seed": drawn.seed, "position": drawn.position, "exams": rows, "short": short})
        return
    click.echo(f"tur / round {drawn.id}, tohum / seed {drawn.seed}, konum / position {drawn.position}\n")
    print_table(list(rows[0]), [list(one.values()) for one in rows])
    for one in short:
        click.echo(f"eksik / short: {one['stratum']} {one['of']} {one['found']} / {one['wanted']}", err=True)


COMMANDS = (sample, again, report)
"""What `gecit quality` has beside looking for hints."""
