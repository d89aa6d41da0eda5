"""Retention on a real Orthanc: a list, approved on its page, deletes those studies and no other."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread

from gecit.core.events import StudyDeleted
from gecit.edges.store import open_ledger
from gecit.ports import AuditSearch
from tests.support.node import HOME, Node, until
from tests.support.viewer import HERE, make_studies, order_of, people, study_uid, upload

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    settings = {"RETENTION__YEARS": "20", "RETENTION__MODALITY_YEARS": "MR=90", "SETTLE_SECONDS": "0.2"}
    found = Node(
        tmp_path_factory.mktemp("retention"),
        environ={f"ORTHANC__GECIT__{name}": value for name, value in settings.items()},
    )
    people(found)
    try:
        yield found.start().wait_live()
    finally:
        found.end()
        sys.stdout.write(found.log_text())


def aged(paths: list[Path], day: str) -> list[Path]:
    """Give a study another day."""
    for path in paths:
        dataset = dcmread(path)
        dataset.StudyDate = day
        dataset.save_as(path, enforce_file_format=True)
    return paths


def gecit(node: Node, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gecit.cli", *arguments]
    environ = {**node.environ, "PYTHONPATH": str(HOME / "plugins"), "GECIT_CONFIG": str(node.config)}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)


def here(node: Node) -> set[str]:
    studies = node.get("/studies?expand").json()
    return {one["MainDicomTags"]["StudyInstanceUID"] for one in studies}


def post(node: Node, path: str, **form: str) -> int:
    return node.ask("POST", path, data=form, headers={"Origin": node.url}).status_code


def test_an_approved_list_deletes_its_studies_and_no_other(
    node: Node, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = make_studies(tmp_path_factory.mktemp("studies"))
    studies = {kind: made[kind] for kind in ("US", "MG", "MR", "CR")}
    for kind in ("US", "MG", "MR"):
        aged(studies[kind], "20010203")
    upload(node, studies)
    uids = {kind: study_uid(files) for kind, files in studies.items()}
    assert post(node, "/gecit/retention/holds", institution=HERE.skrs, accession="G-MG", reason="dava") == 303

    shown = json.loads(gecit(node, "retention", "list", "--dry-run", "--json").stdout)
    assert [one["study"] for one in shown] == [uids["US"]], "MR is kept longer, MG is held, CR is of this year"
    assert gecit(node, "retention", "list").returncode == 0
    ledger = open_ledger(node.database)
    (made_list,) = ledger.read(lambda tx: tx.retention_lists())
    refused = gecit(node, "retention", "delete", made_list.id)
    assert refused.returncode == 1 and here(node) == set(uids.values()), "nobody approved it"

    page = node.get(f"/gecit/retention/{made_list.id}")
    assert page.status_code == 200 and made_list.digest in page.text
    assert post(node, f"/gecit/retention/{made_list.id}/approve", digest="0" * 64) == 409
    assert post(node, f"/gecit/retention/{made_list.id}/approve", digest=made_list.digest) == 303
    done = gecit(node, "retention", "delete", made_list.id)
    assert done.returncode == 0, done.stderr
    assert here(node) == set(uids.values()) - {uids["US"]}
    assert "yapılacak bir şey yok" in gecit(node, "retention", "delete", made_list.id).stdout

    deleted = [event for _, event in ledger.events() if isinstance(event, StudyDeleted)]
    assert [one.reason for one in deleted] == [f"retention list {made_list.id}"]
    rows = ledger.audit_rows(AuditSearch(what="delete a study past its time"))
    assert [row.detail["study"] for row in rows] == [uids["US"]]
    until(lambda: "silindi" in node.get(f"/gecit/retention/{made_list.id}").text, 20, "the page says so")
    assert ledger.exam_of(order_of("CT", HERE).key), "exams stay"
    ledger.close()
