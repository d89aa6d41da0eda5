"""`gecit selftest` over doors of two nodes of one ledger: what lies at the other node is named, and removed there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.postgres import Cluster
from tests.support.province import province

from .test_selftest import PLACES, ended, give, nothing_left, run

pytestmark = [pytest.mark.system, pytest.mark.postgres]


def test_what_a_run_left_at_another_node_is_named_and_removed_there(postgres: Cluster, tmp_path: Path) -> None:
    with province(tmp_path / "province", postgres, institutions=PLACES) as made:
        a, b = made["A"], made["B"]
        token = give(a)
        code, found, page = run(
            a, token, tmp_path, "--patience", "15", "--dicom", f"127.0.0.1:{b.node.environ['GECIT_DICOM_PORT']}"
        )
        assert code == 1
        said = ended(found, "failed")["removed"]
        assert "held_by B" in said
        last = next(one for one in found["results"] if one["id"] == "removed")
        assert "The images lie at: B." in str(last["fix"]["en"])
        assert "gecit selftest --only clean" in page.read_text(encoding="utf-8")
        code, found, _ = run(b, token, tmp_path, "--only", "clean")
        assert (code, ended(found, "failed")) == (0, {})
        nothing_left(a)
        nothing_left(b)
