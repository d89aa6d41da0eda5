"""An availability pair: two nodes on one index, one storage folder and one ledger, behind HAProxy."""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import psutil

from gecit.edges import codes
from gecit.sandbox import node as laptop

from .haproxy import HaProxy
from .hospital import Hospital, hospital, ready
from .node import HOME, Node
from .postgres import Cluster

INDEX_PLUGIN = "/usr/share/orthanc/plugins/libOrthancPostgreSQLIndex.so"
STORAGE = "${GECIT_DATA:-../data}/orthanc"


class Pair(NamedTuple):
    """`front`: both as senders see them, through HAProxy."""

    a: Node
    b: Node
    front: Hospital
    proxy: HaProxy


def shared_configuration(folder: Path, storage: Path) -> Path:
    """Copy the shipped configuration and change it as docs/howto/availability.md says."""
    shutil.copytree(HOME / "orthanc-config", folder)
    shutil.copy(HOME / "deploy/haproxy/postgresql.json", folder)
    core = folder / "orthanc.json"
    text = core.read_text()
    for shipped, here in (
        (f'"StorageDirectory": "{STORAGE}"', f'"StorageDirectory": {json.dumps(str(storage))}'),
        ('"Plugins": [', f'"Plugins": [\n    {json.dumps(INDEX_PLUGIN)},'),
    ):
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    core.write_text(text)
    return folder


def address(url: str) -> str:
    """Return a database's address as Orthanc's plugin takes it."""
    return re.sub(r"^postgresql\+psycopg", "postgresql", url)


@contextmanager
def pair(folder: Path, postgres: Cluster) -> Iterator[Pair]:
    """Run a pair, its outside world and its HAProxy for the length of a block."""
    config = shared_configuration(folder / "config", folder / "shared")
    (folder / "shared").mkdir()
    index, ledger = postgres.new_database(), postgres.new_database()
    with hospital(folder / "a", {"GECIT_INDEX": address(index)}, database=ledger, config=config) as first:
        second = joining(first, folder / "b", config)
        proxy = HaProxy(folder / "haproxy", first.node, second)
        try:
            other = copy.copy(first)
            other.node = second.start()
            ready(other)
            proxy.start()
            yield Pair(first.node, second, _through(first, proxy), proxy)
        finally:
            proxy.end()
            second.end()
            print(f"--- log of b\n{second.log_text()[-20_000:]}")  # noqa: T201 -- shown by pytest on failure


def joining(first: Hospital, data: Path, config: Path) -> Node:
    """Make the second node: what is alike is taken from the first, ports and data folder are its own."""
    data.mkdir()
    alike = {name: value for name, value in first.node.environ.items() if name.startswith(("ORTHANC__", "GECIT_INDEX"))}
    shutil.copy(first.node.data / "audit.key", data)
    codes.import_csv(data / "codes.db", "physicians", laptop.PHYSICIANS, datetime.now(UTC))
    node = Node(data, config, alike)
    node.database = first.node.database
    return node


def _through(first: Hospital, proxy: HaProxy) -> Hospital:
    """Return the hospital as if its node's doors were HAProxy's."""
    seen, node = copy.copy(first), copy.copy(first.node)
    node.mllp, node.dicom = proxy.mllp, proxy.dicom
    seen.node = node
    return seen


def kill(node: Node) -> None:
    """SIGKILL of Orthanc, by its pid; returns when its own processes have noticed and ended."""
    assert node.process
    own = psutil.Process(node.process.pid).children(recursive=True)
    node.process.kill()
    node.process.wait()
    _, left = psutil.wait_procs(own, 30)
    assert not left, "processes outlive their Orthanc"
