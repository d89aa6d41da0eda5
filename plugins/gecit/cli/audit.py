"""`gecit audit`: who did what with whose data, and whether the record of it is whole."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click
import msgspec

from gecit.core.audit_chain import AuditFault, AuditRow, ChainCheck
from gecit.core.identifiers import is_tckn
from gecit.core.lost_key import WHAT as RESTORE
from gecit.core.lost_key import LostKey, read_lost
from gecit.core.values import Text, local
from gecit.edges.audit_book import patient_digest, read_key
from gecit.ports import AuditSearch
from gecit.processes.build import Parts

from .common import as_json, parts, print_json, print_rows

SHOWN = 1_000  # faults that are listed; beyond it only counted
FAULTS = {
    "edited": Text(tr="satır değiştirilmiş", en="the row was edited"),
    "missing": Text(tr="öncesinden satır silinmiş", en="a row before it was deleted"),
    "out of order": Text(
        tr="önceki satıra bağlı değil: yeri değişmiş ya da araya girmiş",
        en="not tied to the row before: moved or put in",
    ),
    "cut off": Text(tr="zincirin sonu kesilmiş", en="the chain's end was cut off"),
    "not as anchored": Text(tr="başka zincirdeki çapaya uymuyor", en="not as an anchor in another chain says"),
    "seal broken": Text(
        tr="çapanın mührü tutmuyor: anahtarı bilmeyen biri yazmış ya da anahtar değişmiş",
        en="the anchor's seal does not hold: written by somebody without the key, or the key is another one",
    ),
}


@click.group()
def audit() -> None:
    """The audit: who did what with whose data."""


@audit.command()
@as_json
def verify(as_json: bool) -> None:
    """Look through the audit for rows that were edited, deleted, moved or cut off.

    Exit code 1 where there are any. What was cut off since the last anchor cannot be seen.
    """
    with parts(create=False) as opened:
        key = key_at(opened.settings.audit_key_file)
        lost = lost_at(opened, key)
        count, faults, unvouched = _verify(opened, key, lost, quiet=as_json)
    if as_json:
        said = {"rows": count, "sealsChecked": key is not None, "keyLost": lost_as_json(lost, unvouched)}
        print_json({**said, "faults": [msgspec.structs.asdict(one) for one in faults]})
    else:
        say_lost(lost, unvouched)
        _say(count, faults, sealed=key is not None)
    sys.exit(1 if faults else 0)


def lost_at(opened: Parts, key: bytes | None) -> LostKey | None:
    """Return when an earlier key was lost, as a restore said it under this one."""
    told = opened.ledger.audit_rows(AuditSearch(what=RESTORE, limit=SHOWN))
    return read_lost([one.detail for one in told], key)


def lost_as_json(lost: LostKey | None, count: int) -> dict[str, object] | None:
    """Return what a program reads of it; None where no key was lost."""
    return {"before": lost.before, "seals": count} if lost else None


def say_lost(lost: LostKey | None, count: int) -> None:
    """Say that old seals are of a key that was lost."""
    if lost and count:
        at = local(lost.before).isoformat(sep=" ", timespec="seconds")
        click.echo(
            f"{count} mühür {at} öncesinden, kaybolan anahtarla: anahtarla doğrulanamaz, kusur sayılmaz; sonrakiler "
            f"yeni anahtarla tutmalı. / {count} seals of before {at} are of a key that was lost: they cannot be "
            "checked by it and are no fault; later ones must hold under the new one."
        )


def _verify(
    opened: Parts, key: bytes | None, lost: LostKey | None, *, quiet: bool
) -> tuple[int, list[AuditFault], int]:
    ledger = opened.ledger
    anchors = list(ledger.audit_anchors())  # in this order: what is added meanwhile is no fault
    heads = ledger.audit_heads()
    check = ChainCheck(anchors, heads, key, lost.before if lost else None)
    ends = {one.chain: one.number for one in heads}
    found: list[AuditFault] = []
    count = 0
    bar = click.progressbar(length=ledger.audit_count(), file=sys.stderr, label="denetim / audit", hidden=quiet)
    with bar:
        for row in ledger.audit_by_chain():
            if row.chain in ends:
                found += check.look(row)
                count += 1
            bar.update(1)
    return count, [*found, *check.finish()], check.of_lost_key


def key_at(path: Path) -> bytes | None:
    """Return the key; None where there is none, and none is made by looking."""
    try:
        return read_key(path) if path.exists() else None
    except OSError as fault:
        raise click.ClickException(str(fault)) from fault


def _say(count: int, faults: list[AuditFault], *, sealed: bool) -> None:
    for one in faults[:SHOWN]:
        text = FAULTS[one.fault]
        click.echo(f"{one.chain} {one.number}: {text.tr} / {text.en}")
    if not sealed:
        click.echo("Anahtar yok, mühürlere bakılmadı (Gecit.AuditKeyFile). / No key: seals were not looked at.")
    verdict = f"{len(faults)} KUSUR / FAULTS" if faults else "bozulmamış / whole"
    click.echo(f"{count} satır / rows: {verdict}")


@audit.command("list")
@click.option("--who", default="", help="Account, AE title or program.")
@click.option("--what", default="", help="Action, as the list writes it.")
@click.option("--institution", default="", help="SKRS code of whose data it was.")
@click.option("--accession", default="", help="Accession number.")
@click.option("--outcome", type=click.Choice(["done", "refused", "failed"]), default=None, help="How it ended.")
@click.option("--since", type=click.DateTime(), default=None, help="From then on, Europe/Istanbul.")
@click.option("--patient", is_flag=True, help="Ask for a TCKN, and list what was done with that patient's data.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, help="How many.")
@as_json
def list_(
    who: str,
    what: str,
    institution: str,
    accession: str,
    outcome: str | None,
    since: datetime | None,
    patient: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List what was done, the newest first."""
    with parts(create=False) as opened:
        search = AuditSearch(
            who=who,
            what=what,
            institution=institution,
            accession=accession,
            outcome=outcome or "",
            since=local(since) if since else None,
            patient=_patient(opened) if patient else "",
            limit=limit,
        )
        found = opened.ledger.audit_rows(search)
    print_rows(list(_shown(found, whole=as_json)), json_wanted=as_json)


def _patient(opened: Parts) -> str:
    """Ask for the number, so that it stands in no history of commands."""
    tckn = click.prompt("TCKN", hide_input=True, err=True).strip()
    if not is_tckn(tckn):
        raise click.ClickException("T.C. kimlik numarası değil / no TCKN")
    key = key_at(opened.settings.audit_key_file)
    if key is None:
        raise click.ClickException("Denetim anahtarı yok / there is no audit key: Gecit.AuditKeyFile")
    return patient_digest(key, tckn)


def _shown(found: list[AuditRow], *, whole: bool) -> Iterator[dict[str, object]]:
    for one in found:
        row = msgspec.structs.asdict(one)
        detail = one.detail if whole else " ".join(f"{k}={v}" for k, v in sorted(one.detail.items()))
        names: tuple[str, ...] = ("who", "what", "outcome", "why", "institution", "accession", "address")
        if whole:
            names = (*names, "patient", "chain", "number", "previous", "hash")
        at = local(one.at).isoformat(timespec="seconds")
        yield {"at": at, **{name: row[name] for name in names}, "detail": detail}
