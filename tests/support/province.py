"""Several nodes, each with an index of its own, on one PostgreSQL ledger and beside one outside world."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gecit.edges.system_clock import SystemClock
from gecit.sandbox import node as laptop
from gecit.sandbox.day import INSTITUTION
from gecit.sandbox.duplicates import new_credentials
from gecit.sandbox.medula_soap import new_account
from gecit.sandbox.server import outside_world, running

from .hospital import Hospital, not_started, ready, record
from .postgres import Cluster


class Province:
    """The nodes by name; their ledger and their outside world are the same."""

    def __init__(self, nodes: dict[str, Hospital]) -> None:
        self.nodes = nodes

    def __getitem__(self, name: str) -> Hospital:
        return self.nodes[name]


@contextmanager
def province(
    folder: Path, postgres: Cluster, names: tuple[str, ...] = ("A", "B"), hosts: Mapping[str, str] | None = None
) -> Iterator[Province]:
    """Run nodes for the length of a block; their logs are shown where a test fails.

    `hosts`: under which host name of loopback browsers reach a node; cookies go to one name, whatever the port.
    """
    credentials, account = new_credentials(), new_account()
    world = outside_world(SystemClock(), credentials=credentials, account=account)
    database = postgres.new_database()
    with running(world) as sandbox, ExitStack() as stack:
        nodes: dict[str, Hospital] = {}
        for name in names:
            data = folder / name
            data.mkdir(parents=True)
            environ = {
                **laptop.duplicates_above(data, sandbox, credentials),
                **laptop.medula_over("Json", data, sandbox, account),
                "GECIT_NAME": name,
            }
            made = nodes[name] = not_started(data, sandbox, world, environ, database)
            made.node.environ["ORTHANC__GECIT__SIGN_IN__PUBLIC_URL"] = address(made, (hosts or {}).get(name, ""))
            stack.callback(_end, made)
        first = next(iter(nodes.values()))
        first.node.add_administrator()
        record(first.ledger, (INSTITUTION,))
        for one in nodes.values():
            one.node.start()
        for one in nodes.values():
            ready(one)
        yield Province(nodes)


def address(made: Hospital, host: str = "") -> str:
    """Return under which address browsers reach a node."""
    return made.node.url.replace("127.0.0.1", host) if host else made.node.url


def _end(made: Hospital) -> None:
    made.close()
    print(f"--- log of {made.folder.name}\n{made.node.log_text()[-20_000:]}")  # noqa: T201 -- shown by pytest
