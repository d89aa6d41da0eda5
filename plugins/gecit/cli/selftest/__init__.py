"""`gecit selftest`: a known-good and a known-bad set played against a running site, and a page to sign."""

from __future__ import annotations

import getpass
import os
import secrets
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

import click
import msgspec

from gecit import __version__
from gecit.core.trials import EVERY_PATIENT
from gecit.web.selftest.wire import Seal

from ..common import as_json, print_json
from . import dicom_checks, door_checks, hl7_checks, site_checks, verdict_checks
from .checking import Check, CheckFailed, Result, State, chosen, run_checks, said
from .credentials import read_credentials
from .kit import Endpoint, Kit, Options
from .page import Page, draw
from .verify import verified

CHECKS: tuple[Check, ...] = (
    *site_checks.CHECKS,
    *door_checks.CHECKS[:-1],
    *hl7_checks.CHECKS,
    *dicom_checks.DOOR,  # the worklist among them, on which an order stands until pictures or a report have come
    *hl7_checks.REPORTS,
    *dicom_checks.IMAGES,
    *verdict_checks.CHECKS,
    door_checks.CHECKS[-1],  # what was sent is removed last of all
)
SIGNS = {State.PASSED: "✔", State.FAILED: "✘", State.SKIPPED: "–"}
SENDS = frozenset(one.id for one in CHECKS[CHECKS.index(hl7_checks.CHECKS[0]) : -1])
GATES = frozenset(one.id for one in CHECKS if one.gate)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _endpoint(context: click.Context, parameter: click.Parameter, text: str) -> Endpoint | None:
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise click.BadParameter("sunucu:kapı olmalı / must be host:port", context, parameter)
    return Endpoint(host=host.strip("[]"), port=int(port))


def _target(context: click.Context, parameter: click.Parameter, text: str) -> str:
    if not text:
        return ""
    where = _split(text)
    if not where or where.scheme not in ("http", "https") or not where.hostname or where.query or where.fragment:
        raise click.BadParameter("http(s)://sunucu[:kapı] olmalı / must be http(s)://host[:port]", context, parameter)
    if where.username is not None or where.password is not None:
        raise click.BadParameter(
            "adreste parola olmaz: GECIT_SELFTEST_TOKEN / no password in an address: GECIT_SELFTEST_TOKEN",
            context,
            parameter,
        )
    if where.path.strip("/"):
        raise click.BadParameter(
            f"yolsuz olmalı: {where.scheme}://{where.netloc} / must have no path: {where.scheme}://{where.netloc}",
            context,
            parameter,
        )
    return f"{where.scheme}://{where.netloc}"


def _split(text: str) -> SplitResult | None:
    """Return the parts of an address; None where it is none, or its port is no number."""
    try:
        where = urlsplit(text)
        return where if where.port != 0 else None
    except ValueError:
        return None


@click.command()
@click.option("--target", default="", callback=_target, metavar="URL", help="The site: https://host[:port].")
@click.option("--credentials", type=FILE, help="TOML with token, radiologist, physician; readable by you alone.")
@click.option("--by", default="", help="Who runs it, as the page says; by default this computer's user.")
@click.option("--page", "page_file", type=click.Path(path_type=Path), help="Where the page goes.")
@click.option("--only", multiple=True, metavar="ID", help="Just this check and what it rests on; repeatable.")
@click.option("--list", "list_wanted", is_flag=True, help="List the checks.")
@click.option("--ca", type=FILE, help="PEM of the authorities whose certificates are believed.")
@click.option("--cert", "certificate", type=FILE, help="PEM of our own certificate, where the site wants one.")
@click.option("--key", type=FILE, help="PEM of its key.")
@click.option("--hl7", callback=_endpoint, default="", metavar="HOST:PORT", help="By default as the site says.")
@click.option("--dicom", callback=_endpoint, default="", metavar="HOST:PORT", help="By default as the site says.")
@click.option("--dicom-tls", is_flag=True, help="Speak TLS at the DICOM door.")
@click.option("--aet", default="", help="Calling AE title; by default the trial institution's first.")
@click.option(
    "--stranger", default="", metavar="ADDRESS", help="An address of this computer that the site must not know."
)
@click.option("--rulebook", default="", metavar="HASH", help="How the revision that must be in force begins.")
@click.option("--patience", type=click.FloatRange(1, 3600), default=240.0, help="Seconds to wait for the site's work.")
@click.option(
    "--verify", type=FILE, metavar="PAGE", help="Say whether a page was changed; with --target, its seal too."
)
@as_json
def selftest(
    target: str,
    credentials: Path | None,
    by: str,
    page_file: Path | None,
    only: tuple[str, ...],
    list_wanted: bool,
    verify: Path | None,
    as_json: bool,
    **chosen_options: object,
) -> None:
    """Test a running site from outside, leave nothing behind, and write a page to sign.

    The token comes from GECIT_SELFTEST_TOKEN or from --credentials. Exit code 0: nothing failed; 1: something did.
    """
    if list_wanted:
        _list(as_json)
        return
    if verify:
        asked = _options(target, credentials, chosen_options, token_needed=False) if target else None
        _verify(verify, asked, as_json)
    if not target:
        raise click.UsageError("--target gerekli / is needed")
    unknown = sorted(set(only) - {one.id for one in CHECKS})
    if unknown:
        raise click.BadParameter(f"böyle bir denetim yok / no such check: {', '.join(unknown)}", param_hint="--only")
    options = _options(target, credentials, chosen_options)
    _may_be_written(page_file or Path("gecit-selftest.html"))
    page, seal = _play(options, only, by, quiet=as_json)
    file = None if _turned_away(page) else page_file or Path(f"gecit-selftest-{page.run}.html")
    if file:
        _write(file, draw(page, seal))
    _tell(page, file, as_json)
    raise SystemExit(0 if page.good else 1)


def _may_be_written(file: Path) -> None:
    """Say before the run that the page could not be written after it; raises `click.BadParameter`."""
    folder = file.parent
    try:
        if file.is_dir():
            raise _no_page(f"{file} bir klasör, dosya adı gerekir", f"{file} is a folder, a file's name is needed")
        if not folder.is_dir():
            raise _no_page(f"{folder} klasörü yok", f"there is no folder {folder}")
        may = os.access(file if file.exists() else folder, os.W_OK)
    except OSError:  # a folder above it is shut, or the name is too long
        may = False
    if not may:
        raise _no_page(f"{file} yazılamaz: izin yok ya da ad uygun değil", f"{file} may not be written")


def _no_page(tr: str, en: str) -> click.BadParameter:
    return click.BadParameter(f"{tr} / {en}", param_hint="--page")


def _write(file: Path, html: str) -> None:
    """Write the page; where that fails after all (a full disk), it goes to the terminal instead of being lost."""
    try:
        file.write_text(html, encoding="utf-8")
    except OSError as fault:
        click.echo(html)
        why = os.strerror(fault.errno or 0)
        raise click.ClickException(
            f"sayfa {file} dosyasına yazılamadı, yukarıda basıldı ({why}) / "
            f"the page could not be written to {file}, and stands above ({why})"
        ) from fault


def _turned_away(page: Page) -> bool:
    """Whether the site was not reached or did not let the kit in: then there is nothing to sign."""
    return any(one.state is State.FAILED and one.id in GATES for one in page.results)


def _options(target: str, credentials: Path | None, given: dict[str, object], *, token_needed: bool = True) -> Options:
    who = read_credentials(credentials, needed=token_needed)
    physician = {"physician": who.physician} if who.physician else {}
    return Options(target=target, token=who.token, radiologist=who.radiologist, **physician, **given)  # type: ignore[arg-type]


def _play(options: Options, only: Sequence[str], by: str, *, quiet: bool) -> tuple[Page, Seal | None]:
    """Run the checks; whatever happens, what was sent is removed."""
    sends = not only or bool(SENDS & set(only))
    wanted = chosen(CHECKS, only, {door_checks.REMOVED} if sends else ())
    started = datetime.now(UTC)
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="gecit-selftest-") as folder:
        run = secrets.token_hex(3).upper()
        patients = secrets.randbelow(len(EVERY_PATIENT) - 10)
        kit = Kit(options, run, patients, started, Path(folder))
        try:
            for result in run_checks(wanted, kit):
                results.append(result)
                if not quiet:
                    _line(result, len(results), len(wanted))
        finally:
            if sends and kit.facts and not any(one.id == door_checks.REMOVED for one in results):
                _clean_up(kit)  # broken off in the middle
        page = _page(kit, results, started, by)
        return page, _seal(kit, page)


def _clean_up(kit: Kit) -> None:
    click.echo("Gönderilenler siliniyor / removing what was sent", err=True)
    try:
        door_checks.gone(kit)
    except (CheckFailed, OSError):  # requests' faults are OSErrors
        click.echo("Silinemeyen kaldı / some of it is left: gecit selftest --only clean", err=True)


def _page(kit: Kit, results: Sequence[Result], started: datetime, by: str) -> Page:
    facts = kit.facts
    return Page(
        run=kit.run,
        target=kit.options.target,
        started_at=started,
        ended_at=datetime.now(UTC),
        by=by or getpass.getuser(),
        kit=__version__,
        site=facts.site.version if facts else "",
        node=facts.site.node if facts else "",
        institution=facts.institution.skrs if facts else "",
        revision=facts.revision if facts else "",
        results=tuple(results),
        left_out=len(CHECKS) - len(results),
    )


def _seal(kit: Kit, page: Page) -> Seal | None:
    if kit.facts is None:
        return None
    try:
        answer = kit.ask("POST", "/gecit/api/selftest/seal", json=msgspec.to_builtins(page.sealing))
        return msgspec.json.decode(answer.content, type=Seal) if answer.status_code == 200 else None
    except (OSError, msgspec.MsgspecError):  # requests' faults are OSErrors; the page says that it is not sealed
        return None


def _line(result: Result, number: int, total: int) -> None:
    click.echo(f"[{number}/{total}] {SIGNS[result.state]} {result.id}: {result.got.tr} / {result.got.en}")
    if result.fix:
        click.echo(f"        → {result.fix.tr} / {result.fix.en}")


def _tell(page: Page, file: Path | None, as_json: bool) -> None:
    """Say how it ended; `file` is None where no page was made, since the site did not let the kit in."""
    if as_json:
        where = str(file) if file else None
        print_json({**msgspec.to_builtins(page), "good": page.good, "untried": page.untried, "page": where})
        return
    if file is None:
        click.echo(f"\n{NOT_LET_IN.tr} / {NOT_LET_IN.en}")
        return
    counts = page.counts
    end = said("GEÇMEDİ", "NOT PASSED")
    if page.good:
        end = said("GEÇTİ, EKSİK", "PASSED, IN PART") if page.untried else said("GEÇTİ", "PASSED")
    click.echo(
        f"\n{end.tr} / {end.en}: {counts[State.PASSED]} ✔  {counts[State.FAILED]} ✘  {counts[State.SKIPPED]} –\n"
        f"Denenmeyen / not tried: {page.untried}\nİmzalanacak sayfa / the page to sign: {file}"
    )


NOT_LET_IN = said(
    "SINANMADI: siteye girilemedi, imzalanacak sayfa yok", "NOT TESTED: the site was not entered, no page to sign"
)


def _list(as_json: bool) -> None:
    if as_json:
        print_json([{"id": one.id, "title": msgspec.to_builtins(one.title), "after": one.after} for one in CHECKS])
        return
    for one in CHECKS:
        click.echo(f"{one.id:<20} {one.title.tr} / {one.title.en}")


def _verify(file: Path, options: Options | None, as_json: bool) -> NoReturn:
    words, good = verified(file, options)
    if as_json:
        print_json({"good": good, "said": msgspec.to_builtins(words)})
    else:
        click.echo(f"{SIGNS[State.PASSED if good else State.FAILED]} {words.tr} / {words.en}")
    raise SystemExit(0 if good else 1)
