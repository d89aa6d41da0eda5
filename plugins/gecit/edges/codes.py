"""Code lists in one searchable SQLite file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from ..core.values import Text, Value


class Fault(Value):
    """One thing wrong in a list, at a line (from 1) and a column's name."""

    file: str
    line: int
    column: str
    text: Text


class CodeListError(Exception):
    """A list was refused as a whole; `faults` says all that is wrong with it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(f"{one.file}:{one.line}: {one.column}: {one.text.en}" for one in faults))
        self.faults = faults


class Snapshot(Value):
    """One import of one list."""

    kind: str
    revision: str  # SHA-256 of the rows
    imported_at: datetime
    rows: int
    file: str


def import_csv(database: Path, kind: str, csv_path: Path, now: datetime) -> Snapshot:
    """Replace one list by a CSV file; raises `CodeListError` and changes nothing where a row is bad."""
    raise NotImplementedError


def import_folder(database: Path, folder: Path, now: datetime) -> list[Snapshot]:
    """Import every `<kind>.csv` of a folder."""
    raise NotImplementedError


def get(database: Path, kind: str, code: str) -> dict[str, str | int | None] | None:
    """Return one row of a list."""
    raise NotImplementedError


def search(database: Path, kind: str, text: str, limit: int = 20) -> list[dict[str, str | int | None]]:
    """Return rows that hold every word's beginning, Turkish letters folded, best first."""
    raise NotImplementedError


def snapshots(database: Path) -> list[Snapshot]:
    """Return the newest import of every list."""
    raise NotImplementedError


def revision(database: Path) -> str:
    """Return one revision of all lists together; empty where none is imported."""
    raise NotImplementedError
