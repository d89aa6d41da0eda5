"""Ingest by the other ways: STOW-RS and REST beside a bare Orthanc, C-STORE beside DCMTK's storescp.

Measured as `ingest` measures C-STORE. Ours asks each request of HTTP for its token and whose the study is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from gecit.core.access import Role

from . import ingest, nodes
from .corpus import Case
from .figures import Figure
from .ingest import Way
from .nodes import Node


def _stow(node: Node) -> list[str]:
    return [sys.executable, "-m", "bench.http_sender", "stow", str(node.http), node.token(Role.MANAGER)]


def _rest(node: Node) -> list[str]:
    return [sys.executable, "-m", "bench.http_sender", "rest", str(node.http), node.token(Role.ADMINISTRATOR)]


WAYS = (
    Way("stow", "Orthanc with its DICOMweb plugin alone", nodes.dicomweb, _stow),
    Way("rest", "bare Orthanc", nodes.bare, _rest),
    Way("storescp", "DCMTK's storescp, which keeps files and no index", nodes.storescp, ingest.storescu),
)


def figures(
    rounds: int = ingest.ROUNDS, patience: float = ingest.PATIENCE_SECONDS, cases: Sequence[Case] = ingest.CASES
) -> Iterator[Figure]:
    """Measure every way with every case."""
    for way in WAYS:
        for one in ingest.figures(rounds, patience, cases, way):
            yield replace(one, bench="ways", case=f"{way.name}, {one.case}")
