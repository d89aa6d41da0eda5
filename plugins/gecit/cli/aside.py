"""`gecit aside`: studies that Orthanc is not asked to read, since that ends it."""

from __future__ import annotations

import click
from msgspec.structs import replace

from gecit.core.access import Action
from gecit.core.set_aside import EXPLAINED
from gecit.core.values import local
from gecit.edges.set_aside_files import SetAsideFiles

from .audited import tell_first
from .common import as_json, parts, print_rows


@click.group()
def aside() -> None:
    """Studies that Orthanc is not asked to read, since reading them ends it."""


@aside.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List the studies that are set aside on this node, the oldest first, with why."""
    with parts(create=False) as opened:
        found = sorted(SetAsideFiles(opened.settings.data).all().values(), key=lambda one: one.at)
    shown = [
        {
            "study": one.study,
            "since": local(one.at).isoformat(timespec="minutes"),
            "orthanc": one.orthanc,
            "why": f"{EXPLAINED[one.reason].tr} / {EXPLAINED[one.reason].en}",
            "instances": " ".join(one.instances),
        }
        for one in found
    ]
    print_rows(shown, json_wanted=as_json)


@aside.command()
@click.argument("study")
def retry(study: str) -> None:
    """Have the running node read STUDY (its Orthanc id) again; what stands too deep is set aside again."""
    with parts(create=False) as opened:
        files = SetAsideFiles(opened.settings.data)
        found = files.all().get(study)
        if found is None:
            raise click.ClickException(f"{study} kenara ayrılmış değil / is not set aside")
        tell_first(opened, Action.USE_ORTHANC, about=study)
        files.put(replace(found, again=True))
    click.echo(f"{study} yeniden denenecek / will be tried again")
