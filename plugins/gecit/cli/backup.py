"""`gecit backup` and `gecit restore`: a node's ledger, Orthanc's index and images, while it runs."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

import click
import msgspec

from gecit.core.values import local
from gecit.edges.system_clock import SystemClock
from gecit.processes.backup import back_up, refuse_folder
from gecit.processes.restore import look
from gecit.processes.restore import restore as put_back
from gecit.settings.orthanc_folders import orthanc_folders

from .audited import tell_first
from .common import as_json, parts, print_json, settings

FOLDER = click.Path(file_okay=False, path_type=Path)
OUTDATED = {
    "account": "hesap / accounts",
    "token": "anahtar / tokens",
    "share_link": "paylaşım bağlantısı / share links",
    "disclosure": "açılmış erişim / disclosures",
}


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--base", type=click.Path(exists=True, file_okay=False, path_type=Path), help="An earlier backup on the "
              "same disk: images that it has are linked, not copied.")  # fmt: skip
@click.option("--with-key", is_flag=True, help="Put the audit's key in too; better keep it apart.")
@as_json
def backup(folder: Path, base: Path | None, with_key: bool, as_json: bool) -> None:
    """Back this node up into the empty FOLDER, while it runs: ledger, Orthanc's index, images, code lists."""
    where = orthanc_folders()
    with parts(create=False) as opened:
        refuse_folder(folder, opened.settings, where)
        tell_first(opened, "back up", about=folder.name)
        with click.progressbar(length=1, file=sys.stderr, label="görüntü / images", hidden=as_json) as bar:

            def told(left: int) -> None:
                bar.length = bar.pos + left
                bar.update(1)

            made = back_up(
                opened.settings, where, opened.ledger, opened.clock, folder, base=base, with_key=with_key, told=told
            )
    if as_json:
        print_json(msgspec.to_builtins(made))
        return
    click.echo(
        f"{folder}: {made.rows['exam']} tetkik / exams, {made.rows['event']} olay / events, "
        f"{made.images} dosya / files; "
        f"{local(made.taken_at):%Y-%m-%d %H:%M:%S} anına kadar olan her şey / all until that moment"
    )
    if not with_key:
        key = opened.settings.audit_key_file
        click.echo(f"Denetim anahtarı içinde değil, ayrı saklayın / the audit key is not in it, keep it apart: {key}")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--lost-key", is_flag=True, help="The audit's key is lost: go on with another one.")
@click.option("--check", is_flag=True, help="Look the backup through, and restore nothing.")
def restore(folder: Path, lost_key: bool, check: bool) -> None:
    """Put the backup in FOLDER back into this node's empty data folder, before it is started.

    Everything is looked through first; a damaged backup changes nothing.
    """
    found = look(folder)
    until = f"{local(found.manifest.taken_at):%Y-%m-%d %H:%M:%S}"
    with click.progressbar(length=found.files, file=sys.stderr, label="dosya / files") as bar:
        if check:
            from gecit.edges.backup_files import look_through, read_backup

            look_through(read_backup(folder)[1], lambda: bar.update(1))
        else:
            chosen = settings()
            chosen.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            counts = put_back(
                chosen, orthanc_folders(), SystemClock(), folder, getpass.getuser(),
                lost_key=lost_key, told=lambda: bar.update(1),
            )  # fmt: skip
    if check:
        click.echo(f"{folder}: sağlam / whole, {found.files} dosya / files, {until}")
        return
    click.echo(
        f"Geri yüklendi / restored: {until}. Gönderenler o andan sonrakileri yeniden göndermeli; aynı şey iki kez "
        "gelirse bir kez sayılır. / Senders must send again what they sent after that moment; what comes twice counts "
        "once."
    )
    click.echo("Herkes yeniden oturum açar. O andan sonra kapatılmış olabilecekler, gözden geçirin / Everybody signs "
               "in again. What may have been ended since, look through it: "
               + ", ".join(f"{counts[name]} {words}" for name, words in OUTDATED.items()))  # fmt: skip


COMMANDS = (backup, restore)
