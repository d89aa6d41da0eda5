"""What an earlier Geçit wrote is taken over by a real node, and what a later one wrote is left alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from gecit.edges.audit_book import read_key
from gecit.edges.store import open_ledger, schema
from gecit.edges.store.standing import MIGRATIONS
from tests.contract.test_upgrade_whole import WRITTEN, before
from tests.support.hospital import hospital
from tests.support.node import HOME, Node
from tests.support.postgres import Cluster

pytestmark = pytest.mark.system


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        cluster: Cluster = request.getfixturevalue("postgres")
        return cluster.new_database()
    (tmp_path / "node").mkdir()
    return f"sqlite:///{tmp_path}/node/ledger.db"


def test_a_node_takes_over_what_an_earlier_one_wrote_and_works_on(url: str, tmp_path: Path) -> None:
    """The rows of schema 0011, as its code wrote them: the node starts on them, and its verdicts stand."""
    before(url)
    read_key(tmp_path / "node" / "audit.key")  # the earlier one had made it
    wanted = {row["accession"]: row["outcome"] for row in WRITTEN["exam"]}
    with hospital(tmp_path / "node", database=url if url.startswith("postgresql") else "") as made:
        found = {one.key.accession: one for one in made.ledger.recent_exams(100)}
        assert {
            name: one.verdict.outcome.value if one.verdict else "" for name, one in found.items() if name in wanted
        } == wanted
        assert made.node.get("/gecit/api/exams", headers={"Authorization": f"Bearer {made._token}"}, signed_in=False).ok
        assert made.gecit("ledger", "rebuild").returncode == 0


def older(folder: Path) -> Path:
    """Make an installation that knows all migrations but the newest."""
    shutil.copytree(HOME / "plugins", folder / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    newest = max(
        path.name for path in (folder / "plugins" / MIGRATIONS.relative_to(HOME / "plugins") / "versions").glob("0*.py")
    )
    (folder / "plugins" / MIGRATIONS.relative_to(HOME / "plugins") / "versions" / newest).unlink()
    for name in ("rules", "orthanc-config", "build", ".venv"):
        (folder / name).symlink_to(HOME / name)
    return folder


def test_an_older_gecit_refuses_a_newer_ledger_and_leaves_it_alone(url: str, tmp_path: Path) -> None:
    ledger = open_ledger(url)
    with ledger.engine.connect() as connection:
        schema_before = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    home = older(tmp_path / "older")
    (tmp_path / "node").mkdir(exist_ok=True)
    node = Node(tmp_path / "node", environ={
        "GECIT_HOME": str(home), "PYTHONPATH": str(home / "plugins"), "ORTHANC__GECIT__DATABASE": url,
    })  # fmt: skip
    said = subprocess.run(
        [sys.executable, "-m", "gecit.cli", "health"], env=node.environ, capture_output=True, text=True, check=False,
        cwd=home,
    )  # fmt: skip
    assert said.returncode == 2 and "Traceback" not in said.stderr
    for words in (str(schema_before), "gecit restore", "yedeği"):
        assert words in said.stderr
    node.start()
    assert node.process
    assert node.process.wait(60) != 0
    assert str(schema_before) in node.log_text() and "install that" in node.log_text()
    with ledger.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == schema_before
        assert connection.scalar(sa.select(sa.func.count()).select_from(schema.event)) == 0
    ledger.close()
