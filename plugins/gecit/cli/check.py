"""`gecit check`: what Geçit would say of messages and images, before anything is sent."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from gecit.core.codes_of_remarks import CATALOGUE
from gecit.core.profile import Profile
from gecit.core.rulebook import Rulebook
from gecit.core.values import Text, local
from gecit.edges import codes, hl7_profile
from gecit.edges.registry_snapshot import SnapshotRegistry
from gecit.edges.rules_files import read_folder
from gecit.edges.sent_files import files_in
from gecit.edges.system_clock import SystemClock
from gecit.ports import Registry
from gecit.processes import preflight
from gecit.processes.preflight import Checked, ExamSaid, MessageSaid, Options, StudySaid
from gecit.processes.rules import context_of
from gecit.settings import Settings
from gecit.steps.preflight import OTHERS, QUERY, REGISTRY, Meaning, Said, SupposedRegistry

from .common import as_json, print_json, settings
from .moments import INSTANT

SHOW_PROGRESS = 200
"""From how many files on the progress is shown."""
SIGNS = {
    Meaning.MEND: "✗",
    Meaning.WARN: "!",
    Meaning.MISSING: "…",
    Meaning.OFFLINE: "?",
    Meaning.OPEN: "?",
    Meaning.FINE: "✓",
}
OUTCOMES = {
    "submit": Text(tr="gönderilirdi", en="would be submitted"),
    "hold": Text(tr="bekletilirdi", en="would be held"),
    "pending": Text(tr="eksik parça beklenirdi", en="would wait for what is missing"),
}
ENDS = {
    0: Text(tr="düzeltilecek bir şey yok", en="nothing to mend"),
    1: Text(tr="düzeltilecek şey var (✗)", en="something is to be mended (✗)"),
    2: Text(tr="okunamayan dosya var", en="something could not be read"),
}


@click.command()
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE|FOLDER...", type=click.Path(exists=True, path_type=Path)
)
@click.option("--date", "now", type=INSTANT, help="As if all came at this instant; by default now.")
@click.option("--rules", "site", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A site's rules.")
@click.option("--profile", "profile_id", default="ministry", show_default=True, help="HL7 layout, of rules/profiles.")
@click.option("--institution", default="", help="SKRS code that you send as; by default as the files say.")
@click.option(
    "--registry", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="CSV of radiologists to ask."
)
@click.option("--queried", is_flag=True, help="The duplicate query was made before the order and found nothing.")
@as_json
def check(
    files: tuple[Path, ...],
    now: datetime | None,
    site: Path | None,
    profile_id: str,
    institution: str,
    registry: Path | None,
    queried: bool,
    as_json: bool,
) -> None:
    """Say what Geçit would say of messages (ORM, ORU), DICOM files and study folders; nothing is sent.

    Exit code 0: nothing to mend, and no empty field keeps a rule open; 1: something is; 2: a file could not be read.
    """
    found = settings()
    at = now or SystemClock().now()
    known = {*([QUERY, OTHERS] if queried else []), *([REGISTRY] if registry else [])}
    options = Options(
        now=at, profile=_profile(found, site, profile_id), institution=institution, known=frozenset(known)
    )
    book = read_folder(found.rules, site or found.site_rules)
    with _registry(registry, at) as asked, _progress(files) as paths:
        minutes = int(found.acquisition_group_minutes)
        checked = preflight.check(paths, options, book, context_of(found), asked, minutes)
    if as_json:
        print_json(as_builtins(checked))
    else:
        show(checked, book)
    sys.exit(checked.code)


def _profile(found: Settings, site: Path | None, profile_id: str) -> Profile:
    folders = [one / "profiles" for one in (site or found.site_rules, found.rules) if one]
    files = {path.stem: path for folder in reversed(folders) for path in sorted(folder.glob("*.toml"))}
    if profile_id not in files:
        names = ", ".join(sorted(files))
        raise click.BadParameter(f"böyle bir düzen yok / there is no such layout: {profile_id} ({names})")
    return hl7_profile.load(files[profile_id])


@contextmanager
def _registry(csv: Path | None, now: datetime) -> Iterator[Registry]:
    if csv is None:
        yield SupposedRegistry()
        return
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "codes.db"
        codes.import_csv(database, "radiologists", csv, now)
        yield SnapshotRegistry(database, preflight.StoppedClock(now))


@contextmanager
def _progress(named: Sequence[Path]) -> Iterator[Iterator[tuple[Path, bool]]]:
    """Give the files with whether each was named itself, and show how far it is where there are many."""
    paths = list(files_in(named))
    given = {one for one in named if one.is_file()}
    hidden = len(paths) < SHOW_PROGRESS
    label = f"{len(paths)} dosya / files"
    with click.progressbar(paths, label=label, file=sys.stderr, hidden=hidden) as shown:
        yield ((path, path in given) for path in shown)


def as_builtins(checked: Checked) -> dict[str, Any]:
    """Return all that is said as plain JSON values."""
    return {
        "now": local(checked.now).isoformat(),
        "rulebook": checked.rulebook,
        "code": checked.code,
        "messages": [{**msgspec.to_builtins(one), "mend": one.mend, "exam": str(one.exam)} for one in checked.messages],
        "studies": [_study_builtins(one) for one in checked.studies],
        "exams": [
            {
                "exam": str(one.exam),
                "outcome": one.verdict.outcome.value,
                "mend": one.mend,
                "given": list(one.given),
                "findings": [_said_builtins(said) for said in one.said],
            }
            for one in checked.exams
        ],
        "unused": [msgspec.to_builtins(one) for one in checked.unused],
    }


def _study_builtins(one: StudySaid) -> dict[str, Any]:
    return {
        "study_instance_uid": one.facts.study_instance_uid,
        "accession": one.facts.accession,
        "files": one.files,
        "modalities": list(one.facts.modalities),
        "images": one.facts.images,
        "dose_reports": len(one.facts.dose_reports),
        "exams": [str(key) for key in one.exams],
        "mend": one.mend,
        "misses": [msgspec.to_builtins(text) for text in one.misses],
        "held_for": [_said_builtins(said) for said in one.held_for],
    }


def _said_builtins(said: Said) -> dict[str, Any]:
    note = {"note": msgspec.to_builtins(said.note)} if said.note else {}
    return {**msgspec.to_builtins(said.finding), "meaning": said.meaning.value, **note}


def show(checked: Checked, book: Rulebook) -> None:
    """Print all that is said, for people."""
    click.echo(f"{local(checked.now):%d.%m.%Y %H:%M} - kurallar / rules {checked.rulebook[:12]}\n")
    for message in checked.messages:
        _show_message(message, book)
    for study in checked.studies:
        _show_study(study)
    for exam in checked.exams:
        _show_exam(exam)
    for one in checked.unused:
        click.echo(f"{'✗' if one.broken else '-'} {one.file}: {one.text}")
    click.echo(_both(ENDS[checked.code]))


def _show_message(message: MessageSaid, book: Rulebook) -> None:
    click.echo(f"{message.type or '?'} {message.exam} - {message.file} #{message.number}, MSH-10 {message.control_id}")
    click.echo(f"  ACK: MSA-1 {message.code}")
    who = {rule.id: rule.who for rule in book.rules}
    for one in message.remarks:
        mender = CATALOGUE[one.code].mender.who if one.code in CATALOGUE else who.get(one.code, "")
        click.echo(f"  {'!' if one.severity == 'AA' else '✗'} {one.where} {one.code}: {one.text.tr}")
        click.echo(f"      {one.text.en}" + (f" - kim / who: {mender}" if mender else ""))
    for complaint in message.structure:
        click.echo(f"  hl7apy: {complaint}")
    click.echo()


def _show_study(study: StudySaid) -> None:
    facts = study.facts
    kinds = ", ".join(facts.modalities) or "-"
    click.echo(f"DICOM {facts.study_instance_uid} - {study.files} dosya / files, (0008,0050) {facts.accession or '-'}")
    click.echo(f"  {kinds}: {facts.images} görüntü / images, {len(facts.dose_reports)} doz raporu / dose reports")
    devices = {" ".join(filter(None, (one.manufacturer, one.model, one.device_serial))) for one in facts.series}
    for device in sorted(devices - {""}):
        click.echo(f"  cihaz / device: {device}")
    for key in study.exams:
        click.echo(f"  ✓ tetkik / exam {key}")
    for miss in study.misses:
        _lines("✗", miss)
    if study.note:
        _lines("…", study.note)
    for said in study.held_for:
        _show_said(said)
    click.echo()


def _show_exam(exam: ExamSaid) -> None:
    click.echo(f"Tetkik / exam {exam.exam}: {_both(OUTCOMES[exam.verdict.outcome.value])}")
    for said in exam.said:
        if said.meaning is not Meaning.FINE or said.finding.exemptions:
            _show_said(said)
    fine = sum(one.meaning is Meaning.FINE for one in exam.said)
    click.echo(f"  ✓ {fine} kural takılmadı / rules hold nothing\n")


def _show_said(said: Said) -> None:
    finding = said.finding
    where = f" ({finding.where})" if finding.where else ""
    click.echo(f"  {SIGNS[said.meaning]} {finding.rule}{where}: {_both(finding.title)}")
    if said.note:  # it says more than the finding, which rests on what is not at hand
        _lines("     ", said.note)
        return
    for text in (finding.reason, finding.fix):
        if text:
            _lines("     ", text)
    if finding.exemptions:
        click.echo(f"      muaf / excused: {', '.join(finding.exemptions)}")
    if said.meaning in (Meaning.MEND, Meaning.WARN):
        expected, got = finding.expected or "-", finding.found or "-"
        click.echo(f"      beklenen / expected: {expected}; bulunan / found: {got}; kim / who: {finding.who}")


def _lines(sign: str, text: Text) -> None:
    click.echo(f"  {sign} {text.tr}")
    click.echo(f"  {' ' * len(sign)} {text.en}")


def _both(text: Text) -> str:
    return f"{text.tr} / {text.en}"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def samples(folder: Path) -> None:
    """Write exams of the demo's day into FOLDER, made-up patients all, to try `gecit check` on.

    Each in a folder of its own: order.hl7, report.hl7, images. Nothing is written over.
    """
    from gecit.sandbox.samples import write_samples

    try:
        written = write_samples(folder, SystemClock().now())
    except FileExistsError as fault:
        raise click.UsageError(f"zaten var / stands there already: {fault.filename}") from None
    for one in written:
        click.echo(
            f"{one.folder}  {one.name.tr} / {one.name.en}" + (f"  ✗ {', '.join(one.failing)}" * bool(one.failing))
        )
    click.echo(f"\nDeneyin / try: gecit check --queried --registry {folder}/radiologists.csv {folder}/clean-ct")
