"""`gecit retention`: studies past their time, and the deletion of those that a person approved."""

from __future__ import annotations

import getpass

import click

from gecit.core.access import Action
from gecit.core.retention import ListedStudy
from gecit.processes.entrance import audit_of
from gecit.processes.retention import deleting_of, terms_of
from gecit.steps.retention import RetentionRefused, make_list, past

from .audited import tell_first
from .common import as_json, parts, print_rows


@click.group()
def retention() -> None:
    """Studies past their time: lists to approve, and deletion of what was approved."""


@retention.command("list")
@click.option("--dry-run", is_flag=True, help="Show only; keep no list to approve.")
@as_json
def list_(dry_run: bool, as_json: bool) -> None:
    """List this node's studies past their time, legal holds left out, and keep the list to be approved on its page."""
    with parts(create=False) as opened:
        terms, now = terms_of(opened.settings), opened.clock.now()
        if not terms.shortest:
            raise click.ClickException(
                "saklama süresi ayarlı değil: Gecit.Retention / no time is set: Gecit.Retention; hiçbir şey silinmez / "
                "nothing is ever deleted"
            )
        if dry_run:
            studies = opened.ledger.read(lambda tx: past(tx, opened.settings.name, terms, now))
            print_rows([_row(one) for one in studies], json_wanted=as_json)
            return
        tell_first(opened, Action.MANAGE_RETENTION)
        made = make_list(opened.ledger, opened.settings.name, terms, getpass.getuser(), now)
    print_rows([_row(one) for one in made.studies] if made else [], json_wanted=as_json)
    if made and not as_json:
        click.echo(f"\nliste {made.id}, {len(made.studies)} çalışma / studies: /gecit/retention/{made.id}")


@retention.command()
@click.argument("number")
def delete(number: str) -> None:
    """Delete the studies of the approved list NUMBER from this node's Orthanc; begun again, it goes on.

    Each is looked at anew first: what was put on hold or has changed since stays. Orthanc must be running.
    """
    with parts(create=False) as opened:
        tell_first(opened, Action.MANAGE_RETENTION, about=number)
        audit = audit_of(opened.settings, opened.ledger)
        counts: dict[str, int] = {}
        try:
            for one, state in deleting_of(opened.settings, opened.ledger, audit, opened.clock).run(number):
                counts[state.value] = counts.get(state.value, 0) + 1
                click.echo(f"{state.value:9} {one.study_instance_uid}")
        except RetentionRefused as refused:
            raise click.ClickException(
                f"{number}: onaylanmış bir liste değil / is no approved list ({refused})"
            ) from None
    click.echo(
        ", ".join(f"{name}: {count}" for name, count in sorted(counts.items()))
        or "yapılacak bir şey yok / nothing to do"
    )


def _row(one: ListedStudy) -> dict[str, object]:
    return {
        "study": one.study_instance_uid,
        "date": one.study_date,
        "modality": "/".join(one.modalities),
        "institution": one.institution,
        "accession": one.accession,
        "until": one.kept_until.isoformat(),
        "images": one.images,
    }
