"""DCMTK's programs as the other side of the DICOM door: another firm's code than what is tested."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pydicom import dcmread
from pydicom.dataset import Dataset

from gecit.core.harmless import one_line

from .checking import failed, said
from .kit import Endpoint, Kit

SECONDS = 120
VERSION_SECONDS = 10
FOUND = "Final Find Response (Success)"
SIGNATURE = b"$dcmtk:"  # how each of DCMTK's programs begins what it says to --version
FAULTS = ("E:", "F:")  # error and fatal, as DCMTK marks its lines
LONGEST = 160  # letters of a program's line
INSTALL = said(
    "Sınayan bilgisayara dcmtk paketini kurun: apt install dcmtk",
    "Install the package dcmtk on the computer of the kit: apt install dcmtk",
)


class Ran(NamedTuple):
    """How a program ended; `last`: the last line in which it named a fault, else its last, bounded and harmless."""

    good: bool
    last: str


class Found(NamedTuple):
    """What C-FIND brought; `entries` is None where it was refused, and `last` then says how."""

    entries: list[Dataset] | None
    last: str


def endpoint(kit: Kit) -> Endpoint:
    """Return where the DICOM door is."""
    return kit.options.dicom or Endpoint(host=kit.host, port=kit.site.site.dicom_port)


def run(
    kit: Kit,
    program: str,
    *arguments: str,
    calling: str = "",
    called: str = "",
    files: Sequence[Path] = (),
    tls: bool = True,
    wanted: str = "",
) -> Ran:
    """Run a program against the site, and return how it ended. `CheckFailed` without DCMTK.

    `wanted`: what it has to write; findscu ends with 0 even where the other side aborts.
    """
    path = program_of_dcmtk(program)
    where = endpoint(kit)
    titles = ["-aet", calling or kit.aet, "-aec", called or kit.site.site.dicom_aet]
    spoken = _tls(kit) if tls else []
    command = [path, "-v", *spoken, *titles, "-to", "20", "-ta", "30", *arguments, where.host, str(where.port)]
    done = subprocess.run(
        [*command, *map(str, files)],
        env={**os.environ, "TCP_NODELAY": "1"},
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    wrote = done.stdout + done.stderr
    return Ran(done.returncode == 0 and wanted.encode() in wrote, last_line(wrote))


def program_of_dcmtk(program: str) -> str:
    """Return the first program of that name on PATH that is DCMTK's; `CheckFailed` says what to install."""
    path = _on_path(program, os.environ.get("PATH", os.defpath))
    if path is None:
        raise failed(f"DCMTK'nın {program} programı bulunamadı", f"no {program} of DCMTK was found", INSTALL)
    return path


@cache
def _on_path(program: str, folders: str) -> str | None:
    found = (shutil.which(program, path=folder) for folder in folders.split(os.pathsep) if folder)
    return next((path for path in found if path and _is_dcmtk(path)), None)


def _is_dcmtk(path: str) -> bool:
    """Whether it is DCMTK's: pynetdicom installs programs of the same names that want other arguments."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=VERSION_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.startswith(SIGNATURE)


def last_line(wrote: bytes) -> str:
    """Return the last line that names a fault, else the last one; "" where nothing was written."""
    lines = [one.strip() for one in wrote.decode("utf-8", "replace").splitlines() if one.strip()]
    faults = [one for one in lines if one.startswith(FAULTS)]
    return one_line(next(reversed(faults or lines), "")[:LONGEST])


def find(kit: Kit, model: str, keys: Sequence[str]) -> Found:
    """Ask by C-FIND (`model`: -W worklist, -S study root)."""
    with tempfile.TemporaryDirectory(dir=kit.folder) as folder:
        asked = [part for key in keys for part in ("-k", key)]
        ran = run(kit, "findscu", model, "-X", "-od", folder, *asked, wanted=FOUND)
        if not ran.good:
            return Found(None, ran.last)
        return Found([dcmread(one, force=True) for one in sorted(Path(folder).glob("*.dcm"))], "")


def _tls(kit: Kit) -> list[str]:
    chosen = kit.options
    if not chosen.dicom_tls:
        return []
    who = ["+tls", str(chosen.key or chosen.certificate), str(chosen.certificate)] if chosen.certificate else ["+tla"]
    return [*who, *(["+cf", str(chosen.ca)] if chosen.ca else [])]
