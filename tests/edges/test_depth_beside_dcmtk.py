"""Files that are not as they should be, beside DCMTK, which Orthanc reads with: never told less deep than it goes."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

import pytest

from gecit.edges.dicom_depth import stands_deep
from tests.support.odd_files import BIG, DEFLATED, EXPLICIT, SYNTAXES, odd_file, shown_depth

NUMBER = 500
DUMPED = re.compile(rb"^# dcmdump \(\d+/\d+\): (.*)$", re.MULTILINE)


@pytest.mark.parametrize("seed", [1, 2])
def test_odd_files_are_never_told_less_deep_than_dcmtk_reads_them(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    made = {tmp_path / f"{number}.dcm": odd_file(chance.randbytes(3000)) for number in range(NUMBER)}
    for path, data in made.items():
        path.write_bytes(data)
    dumped = subprocess.run(["dcmdump", "+E", "+F", *made], capture_output=True, check=False, timeout=60).stdout
    parts = DUMPED.split(dumped)
    read = {Path(name.decode()): shown_depth(text) for name, text in zip(parts[1::2], parts[2::2], strict=True)}
    assert len(read) > NUMBER / 2 and max(read.values()) > 5
    less = [path.name for path, deep in read.items() if deep and not stands_deep([made[path]], limit=deep - 1)]
    assert not less


def test_a_file_that_nothing_is_odd_in_is_told_as_deep_as_it_is(tmp_path: Path) -> None:
    chance = random.Random(3)
    written = [SYNTAXES.index(one) for one in (EXPLICIT, BIG, DEFLATED)]  # implicit: DCMTK knows no private sequence
    for number in range(60):
        data = odd_file(bytes((written[number % 3], 0)) + chance.randbytes(3000))
        path = tmp_path / "one.dcm"
        path.write_bytes(data)
        dumped = subprocess.run(["dcmdump", "-q", path], capture_output=True, check=True, timeout=20).stdout
        assert not stands_deep([data], limit=shown_depth(dumped)), number
