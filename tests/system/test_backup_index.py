"""Orthanc's own index, which it holds for itself alone, is copied while it writes: what the copy names is there."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import psutil
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from gecit.core.backups import BackupFault
from gecit.edges import backup_index
from gecit.edges.backup_index import attached, copy_index, pausing
from tests.support.bare import BareOrthanc
from tests.support.node import HOME, until

pytestmark = pytest.mark.system


class Modality(threading.Thread):
    """Sends instances one after the other; `stored` are those that Orthanc said it has."""

    def __init__(self, orthanc: BareOrthanc) -> None:
        super().__init__(daemon=True)
        self.orthanc, self.stored, self.ended = orthanc, 0, threading.Event()
        self.dataset = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))

    def run(self) -> None:
        while not self.ended.is_set():
            self.dataset.SOPInstanceUID = self.dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            out = BytesIO()
            self.dataset.save_as(out)
            self.orthanc.rest(out.getvalue()).raise_for_status()
            self.stored += 1


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Modality]:
    orthanc = BareOrthanc(tmp_path)
    try:
        sender = Modality(orthanc.start())
        sender.start()
        yield sender
        sender.ended.set()
        sender.join(30)
    finally:
        orthanc.stop()


def pid(busy: Modality) -> int:
    assert busy.orthanc.process
    return busy.orthanc.process.pid


def instances(copy: Path) -> int:
    with closing(sqlite3.connect(copy)) as connection:
        [(found,)] = connection.execute("SELECT count(*) FROM Resources WHERE resourceType = 4").fetchall()
    return int(found)


def whole(busy: Modality, copy: Path, at_least: int) -> None:
    """Everything that was stored before is in the copy, and every file that it names is there."""
    assert instances(copy) >= at_least
    index = busy.orthanc.folder / "index"
    assert [one for one in attached(copy) if not (index / one).is_file()] == []
    assert not copy.with_name(f"{copy.name}-wal").exists()


def test_copies_of_an_index_that_is_written_to_are_whole(busy: Modality, tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        sqlite3.connect(busy.orthanc.folder / "index" / "index", timeout=0.1).execute("SELECT * FROM Resources")
    for number in range(6):
        before = busy.stored
        copy_index(busy.orthanc.folder / "index" / "index", tmp_path / f"copy{number}", pausing(pid(busy)))
        whole(busy, tmp_path / f"copy{number}", before)
        until(lambda before=before: busy.stored > before + 20, 30, "Orthanc goes on")  # type: ignore[misc]


def test_where_it_never_rests_orthanc_is_held_still_and_goes_on(
    busy: Modality, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_index, "TRIES", 0)
    until(lambda: busy.stored > 5, 30, "there are instances")
    before = busy.stored
    copy_index(busy.orthanc.folder / "index" / "index", tmp_path / "copy", pausing(pid(busy)))
    whole(busy, tmp_path / "copy", before)
    until(lambda: busy.stored > before + 5, 30, "Orthanc goes on")


def pauses(orthanc: int) -> subprocess.Popen[bytes]:
    """Return another process that holds Orthanc for a minute, in a session of its own as of a terminal."""
    code = f"""
import time
from gecit.edges.backup_index import pausing
with pausing({orthanc})():
    print("paused", flush=True)
    time.sleep(60)
"""
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=HOME, start_new_session=True)
    assert holder.stdout and holder.stdout.readline() == b"paused\n"
    return holder


def test_orthanc_goes_on_whatever_becomes_of_who_paused_it(busy: Modality) -> None:
    holder = pauses(pid(busy))
    orthanc = psutil.Process(pid(busy))
    until(lambda: orthanc.status() == psutil.STATUS_STOPPED, 10, "Orthanc is held")
    before = busy.stored
    time.sleep(0.5)
    assert busy.stored <= before + 1
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    until(lambda: busy.stored > before + 5, 30, "Orthanc goes on")


def test_who_is_interrupted_at_a_terminal_lets_it_go_on(tmp_path: Path) -> None:
    """Ctrl-C goes to every process of the terminal's group, the helper's too if it were of it."""
    program = tmp_path / "Orthanc"
    shutil.copy("/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as held:
        holder = pauses(held.pid)
        try:
            seen = psutil.Process(held.pid)
            until(lambda: seen.status() == psutil.STATUS_STOPPED, 10, "it is held")
            time.sleep(0.5)  # the helper listens by now
            os.killpg(holder.pid, signal.SIGINT)
            assert holder.wait(20) != 0
            until(lambda: seen.status() != psutil.STATUS_STOPPED, 10, "it goes on")
        finally:
            holder.kill()
            held.kill()


@pytest.mark.parametrize("number", [0, "own"])
def test_nobody_else_is_ever_paused(number: int | str) -> None:
    with pytest.raises(BackupFault, match="cannot be paused"), pausing(os.getpid() if number == "own" else 0)():
        raise AssertionError("paused")
