"""The how-to for PACS vendors, run as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.hospital import run_gecit
from tests.support.node import HOME, Node

pytestmark = pytest.mark.system
PAGE = (HOME / "docs/howto/pacs-vendors.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.S)


def test_the_commands_of_the_howto_do_what_it_says(make_node: Callable[..., Node], tmp_path: Path) -> None:
    """Every line of a block's expected text stands in what its commands print; an acknowledgement as a whole line."""
    assert len(BLOCKS) == len(re.findall("```sh", PAGE)) > 5
    node = make_node()
    node.add_administrator()
    node.start().wait_live()
    folder = tmp_path / "vendor"
    folder.mkdir()
    path = f"/usr/bin:{os.environ['PATH']}:{Path(sys.executable).parent}"  # pynetdicom has a findscu too
    environ = {**node.environ, "GECIT_CONFIG": str(node.config), "PATH": path, "LC_ALL": "C.UTF-8"}
    assert (
        run_gecit(environ, "institutions", "add", "999001", "--aet", "DENEMEPACS").returncode == 0
    )  # as the demo has it
    for commands, expected in BLOCKS:
        here = re.sub(r"\b4242\b", str(node.dicom), commands).replace("2575", str(node.mllp))
        done = subprocess.run(["bash", "-ec", here], cwd=folder, env=environ, capture_output=True, timeout=90)
        said = done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")
        assert done.returncode == 0, said
        lines = said.splitlines()
        missing = [one for one in expected.splitlines() if one not in (lines if one.startswith("MSA|") else said)]
        assert missing == [], said
