"""DCMTK's programs as the other side of the DICOM door: another firm's code than what is tested."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from .kit import Endpoint, Kit

SECONDS = 120
FOUND = "Final Find Response (Success)"


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
    said: str = "",
) -> bool:
    """Run a program against the site; True where it says that all was well. FileNotFoundError without DCMTK.

    `said`: what it has to write; findscu ends with 0 even where the other side aborts.
    """
    path = shutil.which(program)
    if path is None:
        raise FileNotFoundError(program)
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
    return done.returncode == 0 and said.encode() in done.stdout + done.stderr


def find(kit: Kit, model: str, keys: Sequence[str]) -> list[Dataset] | None:
    """Ask by C-FIND (`model`: -W worklist, -S study root); None where it was refused."""
    with tempfile.TemporaryDirectory(dir=kit.folder) as folder:
        asked = [part for key in keys for part in ("-k", key)]
        if not run(kit, "findscu", model, "-X", "-od", folder, *asked, said=FOUND):
            return None
        return [dcmread(one, force=True) for one in sorted(Path(folder).glob("*.dcm"))]


def _tls(kit: Kit) -> list[str]:
    chosen = kit.options
    if not chosen.dicom_tls:
        return []
    who = ["+tls", str(chosen.key or chosen.certificate), str(chosen.certificate)] if chosen.certificate else ["+tla"]
    return [*who, *(["+cf", str(chosen.ca)] if chosen.ca else [])]
