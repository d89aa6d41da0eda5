"""`gecit backup` and `gecit restore`: a node's ledger, Orthanc's index and images, while it runs."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

import click
import msgspec

from gecit.core.backups import NO_BASE, Manifest
from gecit.core.values import local
from gecit.edges.backup_files import is_finished, look_through
from gecit.edges.system_clock import SystemClock
from gecit.processes.backup import back_up, refuse_folder
from gecit.processes.restore import chosen, look
from gecit.processes.restore import restore as put_back
from gecit.settings.orthanc_folders import orthanc_folders

from .audited import tell_first
from .common import as_json, parts, print_json, settings

FOLDER = click.Path(file_okay=False, path_type=Path)
SHOWN = 100  # files that are named
OUTDATED = {
    "account": "hesap / accounts",
    "token": "anahtar / tokens",
    "share_link": "paylaşım bağlantısı / share links",
    "disclosure": "açılmış erişim / disclosures",
}


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--base", type=FOLDER, help="An earlier backup on the same disk: images that it has are linked, not "
              "copied. Where it is missing or broke off, all are copied.")  # fmt: skip
@click.option("--verify", is_flag=True, help="Read what is linked too, and copy anew what is not as it was.")
@click.option("--ledger-only", is_flag=True, help="Ledger and code lists alone: of a pair, whose index is a database.")
@click.option("--with-key", is_flag=True, help="Put the audit's key in too; better keep it apart.")
@as_json
def backup(folder: Path, base: Path | None, verify: bool, ledger_only: bool, with_key: bool, as_json: bool) -> None:
    """Back this node up into the empty FOLDER, while it runs: ledger, Orthanc's index, images, code lists.

    Exit code 1 where files were found that are not what Orthanc had stored, or what the earlier backup says; the backup
    is made all the same.
    """
    if ledger_only and (base or verify):
        raise click.UsageError("--ledger-only: --base ve --verify görüntüler içindir / are for images")
    where = orthanc_folders()
    with parts(create=False) as opened:
        refuse_folder(folder, opened.settings, where, ledger_only=ledger_only)
        base = _finished(base)
        tell_first(opened, "back up", about=folder.name)
        hidden = as_json or ledger_only
        with click.progressbar(length=1, file=sys.stderr, label="görüntü / images", hidden=hidden) as bar:

            def told(left: int) -> None:
                bar.length = bar.pos + left
                bar.update(1)

            made = back_up(
                opened.settings, where, opened.ledger, opened.clock, folder,
                base=base, with_key=with_key, verify=verify, ledger_only=ledger_only, told=told,
            )  # fmt: skip
    if as_json:
        print_json({**msgspec.to_builtins(made.manifest), "rotten": list(made.rotten)})
    else:
        _say(folder, made.manifest, opened.settings.audit_key_file, with_key=with_key)
        _say_damaged(made.manifest)
        for one in made.rotten[:SHOWN]:
            click.echo(f"{base}/{one}: o yedekte bozuk, yeniden kopyalandı / rotten in that backup, copied anew")
    sys.exit(1 if made.manifest.damaged or made.rotten else 0)


def _finished(base: Path | None) -> Path | None:
    """Return the earlier backup; None, and say so, where there is none that was finished."""
    if base is None or is_finished(base):
        return base
    click.echo(f"{NO_BASE.tr.format(place=base)} / {NO_BASE.en.format(place=base)}", err=True)
    return None


def _say(folder: Path, made: Manifest, key: Path, *, with_key: bool) -> None:
    click.echo(
        f"{folder}: {made.rows['exam']} tetkik / exams, {made.rows['event']} olay / events, "
        f"{made.images} dosya / files; "
        f"{local(made.taken_at):%Y-%m-%d %H:%M:%S} anına kadar olan her şey / all until that moment"
    )
    if made.ledger_only:
        click.echo("Orthanc'ın dizini ve görüntüleri içinde değil / Orthanc's index and images are not in it")
    if not with_key:
        click.echo(f"Denetim anahtarı içinde değil, ayrı saklayın / the audit key is not in it, keep it apart: {key}")


def _say_damaged(made: Manifest) -> None:
    """Name the images that were damaged in Orthanc already, and say what mends them."""
    for name, resource in sorted(made.damaged.items())[:SHOWN]:
        click.echo(f"{name}: Orthanc'ın sakladığı değil / not what Orthanc had stored ({resource})")
    if made.damaged:
        click.echo(
            f"{len(made.damaged)} dosya Orthanc'ın diskinde bozulmuş: sağlam bir önceki yedekten yerine koyun ya da o "
            "görüntüyü silip PACS'tan yeniden gönderin. / Files were damaged on Orthanc's disk: put them back from an "
            "earlier backup that has them whole, or delete the instance and have the PACS send it again."
        )


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--lost-key", is_flag=True, help="The audit's key is lost: go on with another one.")
@click.option("--ledger-only", is_flag=True, help="The ledger alone: Orthanc's index and images, and code lists, stay "
              "as they are here.")  # fmt: skip
@click.option("--check", is_flag=True, help="Look the backup through, and restore nothing.")
def restore(folder: Path, lost_key: bool, ledger_only: bool, check: bool) -> None:
    """Put the backup in FOLDER back into this node's empty data folder, before it is started.

    Of several nodes on one ledger, or a pair, none may run. Everything is looked through first; a damaged backup
    changes nothing.
    """
    found = look(folder, ledger_only=ledger_only)
    until = f"{local(found.manifest.taken_at):%Y-%m-%d %H:%M:%S}"
    with click.progressbar(length=found.files, file=sys.stderr, label="dosya / files") as bar:
        if check:
            look_through(chosen(folder, ledger_only=ledger_only)[1], lambda: bar.update(1))
        else:
            node = settings()
            node.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            counts = put_back(
                node, orthanc_folders(), SystemClock(), folder, getpass.getuser(),
                lost_key=lost_key, ledger_only=ledger_only, told=lambda: bar.update(1),
            )  # fmt: skip
    if check:
        _say_damaged(found.manifest)
        click.echo(f"{folder}: sağlam / whole, {found.files} dosya / files, {until}")
        return
    click.echo(
        f"Geri yüklendi / restored: {until}. Gönderenler o andan sonrakileri yeniden göndermeli; aynı şey iki kez "
        "gelirse bir kez sayılır. / Senders must send again what they sent after that moment; what comes twice counts "
        "once."
    )
    if found.manifest.ledger_only:
        click.echo("Orthanc'ın dizinine ve görüntülerine dokunulmadı / Orthanc's index and images were left alone")
    _say_damaged(found.manifest)
    click.echo("Herkes yeniden oturum açar. O andan sonra kapatılmış olabilecekler, gözden geçirin / Everybody signs "
               "in again. What may have been ended since, look through it: "
               + ", ".join(f"{counts[name]} {words}" for name, words in OUTDATED.items()))  # fmt: skip
