"""Several nodes, each with an index of its own, on one PostgreSQL ledger and beside one outside world."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from msgspec.structs import replace

from gecit.edges.system_clock import SystemClock
from gecit.ports import Institution
from gecit.sandbox import node as laptop
from gecit.sandbox.day import INSTITUTION
from gecit.sandbox.duplicates import new_credentials
from gecit.sandbox.medula_soap import new_account
from gecit.sandbox.server import outside_world, running
from gecit.settings import load

from .hospital import Hospital, not_started, ready, record
from .postgres import Cluster

KEY = b"a province's key, of 32 bytes...."


def hospitals(number: int) -> list[Institution]:
    """Make up public hospitals of one province; each has its own codes, AE title and address of its HBYS.

    The demo's first: it is the only one whose HBYS speaks from 127.0.0.1.
    """
    return [INSTITUTION, *(_neighbour(one) for one in range(2, number + 1))]


def _neighbour(number: int) -> Institution:
    return replace(
        INSTITUTION,
        skrs=f"{999_000 + number}",
        medula_code=f"11{999_000 + number}",
        name=f"Geçit Deneme Hastanesi {number}",
        aets=(f"DENEMEPACS{number}",),
        hl7_peers=(f"127.0.0.{number}/32",),
    )


class Province:
    """The nodes by name; their ledger and their outside world are the same."""

    def __init__(self, nodes: dict[str, Hospital]) -> None:
        self.nodes = nodes

    def __getitem__(self, name: str) -> Hospital:
        return self.nodes[name]


@contextmanager
def province(
    folder: Path,
    postgres: Cluster,
    names: Sequence[str] = ("A", "B"),
    *,
    hosts: Mapping[str, str] | None = None,
    environ: Callable[[str], Mapping[str, str]] = lambda name: {},
    institutions: Sequence[Institution] = (INSTITUTION,),
    prepare: Callable[[Mapping[str, Hospital]], object] = lambda nodes: None,
) -> Iterator[Province]:
    """Run nodes for the length of a block; their logs are shown where a test fails.

    `hosts`: under which host name of loopback browsers reach a node, since cookies go to one name, whatever the port;
    `environ`: more of a node's; `prepare`: what is done with the nodes before they start.
    """
    credentials, account = new_credentials(), new_account()
    world = outside_world(SystemClock(), credentials=credentials, account=account)
    database = postgres.new_database()
    with running(world) as sandbox, ExitStack() as stack:
        nodes: dict[str, Hospital] = {}
        for name in names:
            data = folder / name
            data.mkdir(parents=True)
            share_key(data)
            surroundings = {
                **laptop.duplicates_above(data, sandbox, credentials),
                **laptop.medula_over("Json", data, sandbox, account),
                "GECIT_NAME": name,
                **environ(name),
            }
            made = nodes[name] = not_started(data, sandbox, world, surroundings, database)
            made.node.environ["ORTHANC__GECIT__SIGN_IN__PUBLIC_URL"] = address(made, (hosts or {}).get(name, ""))
            stack.callback(_end, made)
        first = next(iter(nodes.values()))
        first.node.add_administrator()
        record(first.ledger, institutions)
        prepare(nodes)
        for one in nodes.values():
            one.node.start()
        for one in nodes.values():
            ready(one)
        yield Province(nodes)


def share_key(data: Path) -> None:
    """Give a node the audit key of all that share its ledger, as docs/howto/nodes.md says."""
    path = data / "audit.key"
    path.write_bytes(KEY)
    path.chmod(0o600)


def address(made: Hospital, host: str = "") -> str:
    """Return under which address browsers reach a node."""
    return made.node.url.replace("127.0.0.1", host) if host else made.node.url


def across(hl7: Hospital, images: Hospital) -> laptop.Running:
    """Return what the player sees: one node's HL7 door and the other's DICOM door."""
    environ = {**images.node.environ, "GECIT_MLLP_PORT": hl7.node.environ["GECIT_MLLP_PORT"]}
    return images.running()._replace(settings=load(environ=environ))


def _end(made: Hospital) -> None:
    made.close()
    print(f"--- log of {made.folder.name}\n{made.node.log_text()[-20_000:]}")  # noqa: T201 -- shown by pytest
