"""`gecit worklist`: what modalities see of the orders."""

from __future__ import annotations

from datetime import timedelta

import click

from gecit.core.values import local
from gecit.core.worklist import description
from gecit.ports import WorklistSearch

from .common import as_json, parts, print_rows


@click.group()
def worklist() -> None:
    """Orders that wait for their images."""


@worklist.command("list")
@click.option("--institution", default="", help="SKRS code of the institution whose modalities do them.")
@click.option("--modality", default="", help="Only of this modality.")
@click.option("--expired", is_flag=True, help="Those too that no modality is shown any more.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, help="How many.")
@as_json
def list_(institution: str, modality: str, expired: bool, limit: int, as_json: bool) -> None:
    """List open worklist entries, the earliest first."""
    with parts(create=False) as opened:
        oldest = opened.clock.now() - timedelta(days=opened.settings.worklist.expiry_days)
        search = WorklistSearch(
            performer=institution, modality=modality, since=None if expired else oldest, limit=limit
        )
        found = opened.ledger.worklist(search)
    shown = [
        {
            "scheduled": local(one.scheduled_at).isoformat(timespec="minutes"),
            "exam": str(one.order.key),
            "performer": one.performer,
            "modality": one.order.modality,
            "description": description(one.order.procedures),
            "study uid": one.study_instance_uid,
        }
        for one in found
    ]
    print_rows(shown, json_wanted=as_json)
