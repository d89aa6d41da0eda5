"""Pictures and dose reports for the demo's day."""

from __future__ import annotations

from pathlib import Path

from ..core.order import Order
from ..ports import Institution

KINDS = ("CT", "MR", "US", "MG", "DX")


def build_study(
    kind: str, *, order: Order, institution: Institution, folder: Path, with_dose: bool = False, slices: int = 0
) -> list[Path]:
    """Write one study of `kind` for an order and return its files; the same order gives the same identifiers."""
    raise NotImplementedError
