"""Code lists in one read-only, searchable SQLite file, built from CSV with `sqlite-utils`.

A list is replaced as a whole and by a rename, so that readers see the old one or the new one. Table per list
(`code_columns.LISTS`), and `snapshot` with one row for each import that changed something.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from sqlite_utils import Database

from ..core.values import Text, Value
from .code_columns import LISTS, Cell, Column, fault_of, key_of, stored
from .exclusive import exclusive

Row = dict[str, Cell]

FOLDED = "folded"  # the row's words as the index holds them; no part of the list
_TURKISH = str.maketrans({"I": "i", "İ": "i", "ı": "i"})  # FTS5 takes the marks off letters, but ı has none


class Fault(Value):
    """One thing wrong in a list, at a line (from 1) and a column's name."""

    file: str
    line: int
    column: str
    text: Text


class CodeListError(Exception):
    """A list was refused as a whole and nothing was changed; `faults` says all that is wrong with it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(f"{one.file}:{one.line}: {one.column}: {one.text.en}" for one in faults))
        self.faults = faults


class Snapshot(Value):
    """One import of one list."""

    kind: str
    revision: str  # SHA-256 of the rows, hex
    imported_at: datetime
    rows: int
    file: str


def import_csv(database: Path, kind: str, csv_path: Path, now: datetime) -> Snapshot:
    """Replace one list by a CSV file and return its snapshot, the earlier one where the content is the same.

    UTF-8, comma or semicolon; columns as in `code_columns.LISTS`. KeyError for an unknown kind, `CodeListError`
    for a bad file.
    """
    rows = read_csv(kind, csv_path)
    revision = hashlib.sha256(msgspec.json.encode(rows)).hexdigest()
    with exclusive(database.with_name(f"{database.name}.lock")):  # readers are not held up
        standing = next((one for one in snapshots(database) if one.kind == kind), None)
        if standing and standing.revision == revision:
            return standing
        new = Snapshot(
            kind=kind, revision=revision, imported_at=now.astimezone(UTC), rows=len(rows), file=csv_path.name
        )
        _replace(database, new, rows)
    return new


def import_folder(database: Path, folder: Path, now: datetime) -> list[Snapshot]:
    """Import every `<kind>.csv` of a folder; the faults of all of them are raised together, before any is imported."""
    files = {kind: folder / f"{kind}.csv" for kind in LISTS if (folder / f"{kind}.csv").is_file()}
    faults: list[Fault] = []
    for kind, path in files.items():
        try:
            read_csv(kind, path)
        except CodeListError as error:
            faults += error.faults
    if faults:
        raise CodeListError(tuple(faults))
    return [import_csv(database, kind, path, now) for kind, path in files.items()]


def get(database: Path, kind: str, code: str) -> Row | None:
    """Return one row of a list by its key; None where there is none, or no list."""
    rows = _ask(database, kind, f'select * from "{kind}" where "{key_of(kind)}" = ?', (code,))  # noqa: S608  # a key of LISTS
    return rows[0] if rows else None


def keys(database: Path, kind: str) -> frozenset[str] | None:
    """Return all codes of a list; None where no such list was imported."""
    if kind not in {one.kind for one in snapshots(database)}:
        return None
    name = key_of(kind)
    rows = _ask(database, kind, f'select "{name}" from "{kind}"')  # noqa: S608  # a key of LISTS
    return frozenset(str(row[name]) for row in rows)


def search(database: Path, kind: str, text: str, limit: int = 20) -> list[Row]:
    """Return rows that hold every word of `text` or begin with it, Turkish letters folded; best first."""
    words = re.findall(r"\w+", fold(text))
    if not words:
        return []
    key_of(kind)
    sql = (
        f'select "{kind}".* from "{kind}" join "{kind}_fts" on "{kind}".rowid = "{kind}_fts".rowid'  # noqa: S608
        f' where "{kind}_fts" match ? order by rank, "{kind}".rowid limit ?'
    )
    return _ask(database, kind, sql, (" ".join(f'"{word}"*' for word in words), limit))


def snapshots(database: Path) -> list[Snapshot]:
    """Return the newest import of every list, by kind."""
    newest = "select * from snapshot where rowid in (select max(rowid) from snapshot group by kind) order by kind"
    return [msgspec.convert(row, Snapshot) for row in _ask(database, "snapshot", newest)]


def revision(database: Path) -> str:
    """Return one revision (SHA-256) of all lists together; empty where none is imported."""
    parts = [f"{one.kind}:{one.revision}" for one in snapshots(database)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest() if parts else ""


def fold(text: str) -> str:
    """Return text as the index compares it: lower case, and all four Turkish i alike."""
    return text.translate(_TURKISH).lower()


def read_csv(kind: str, csv_path: Path) -> list[Row]:
    """Read a list's CSV, rows by key; `CodeListError` names every fault by line and column."""
    columns = LISTS[kind]
    lines = _lines(csv_path)
    header = lines[0][1] if lines else []
    faults = list(_header_faults(csv_path.name, columns, header))
    if not faults:
        faults = list(_cell_faults(csv_path.name, columns, header, lines[1:]))
    if faults:
        raise CodeListError(tuple(faults))
    cells = [dict(zip(header, line, strict=True)) for _, line in lines[1:]]
    rows = [{one.name: stored(one, row.get(one.name, "")) for one in columns} for row in cells]
    return sorted(rows, key=lambda row: str(row[columns[0].name]))


def _lines(csv_path: Path) -> list[tuple[int, list[str]]]:
    """Return (number of its first line, trimmed cells) of each row that is not blank."""
    try:
        text = csv_path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CodeListError((_not_utf8(csv_path, error),)) from error
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",")
    found: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                found.append((start, [cell.strip() for cell in row]))
            start = reader.line_num + 1
    except csv.Error as error:
        broken = Text(tr=f"CSV okunamıyor: {error}", en=f"the CSV cannot be read: {error}")
        raise CodeListError((Fault(file=csv_path.name, line=start, column="", text=broken),)) from error
    return found


def _not_utf8(csv_path: Path, error: UnicodeDecodeError) -> Fault:
    line = error.object[: error.start].count(b"\n") + 1
    text = Text(tr="dosya UTF-8 değil; UTF-8 olarak kaydedin", en="the file is not UTF-8; save it as UTF-8")
    return Fault(file=csv_path.name, line=line, column="", text=text)


def _header_faults(file: str, columns: tuple[Column, ...], header: list[str]) -> Iterator[Fault]:
    known = [one.name for one in columns]
    for name in sorted(set(header)):
        if name not in known:
            text = Text(
                tr=f"bilinmeyen sütun; bilinenler: {', '.join(known)}", en=f"unknown column; known: {', '.join(known)}"
            )
            yield Fault(file=file, line=1, column=name, text=text)
        elif header.count(name) > 1:
            yield Fault(file=file, line=1, column=name, text=Text(tr="sütun iki kez var", en="the column stands twice"))
    for one in columns:
        if one.required and one.name not in header:
            yield Fault(file=file, line=1, column=one.name, text=Text(tr="sütun eksik", en="the column is missing"))


def _cell_faults(
    file: str, columns: tuple[Column, ...], header: list[str], lines: list[tuple[int, list[str]]]
) -> Iterator[Fault]:
    by_name = {one.name: one for one in columns}
    seen: dict[str, int] = {}
    for number, line in lines:
        if len(line) != len(header):
            text = Text(
                tr=f"{len(header)} sütun olmalı, {len(line)} var",
                en=f"{len(header)} columns expected, {len(line)} found",
            )
            yield Fault(file=file, line=number, column="", text=text)
            continue
        row = dict(zip(header, line, strict=True))
        for name, cell in row.items():
            if text_of_fault := fault_of(by_name[name], cell):
                yield Fault(file=file, line=number, column=name, text=text_of_fault)
        key = row[columns[0].name]
        first = seen.setdefault(key, number)
        if first != number:
            twice = Text(tr=f"“{key}” {first}. satırda da var", en=f"“{key}” stands in line {first} too")
            yield Fault(file=file, line=number, column=columns[0].name, text=twice)


def _replace(database: Path, new: Snapshot, rows: list[Row]) -> None:
    """Build the whole file anew beside the old one and rename it over; it is this user's alone, as mkstemp makes it."""
    handle, name = tempfile.mkstemp(prefix=f".{database.name}.", dir=database.parent)
    os.close(handle)
    building = Path(name)
    try:
        with closing(sqlite3.connect(building)) as connection:
            if database.exists():
                with closing(_open(database)) as standing:
                    standing.backup(connection)
            _write(Database(connection), new, rows)
        _to_disk(building)
        building.replace(database)
        _to_disk(database.parent)
    finally:
        building.unlink(missing_ok=True)


def _write(database: Database, new: Snapshot, rows: list[Row]) -> None:
    kind, columns = new.kind, LISTS[new.kind]
    for table in (f"{kind}_fts", kind):
        database.table(table).drop(ignore=True)
    types: dict[str, type] = {one.name: int if one.form == "yes-no" else str for one in columns}
    database.table(kind).create({**types, FOLDED: str}, pk=columns[0].name, not_null=[one.name for one in columns])
    texts = [one.name for one in columns if one.form != "yes-no"]
    database.table(kind).insert_all({**row, FOLDED: fold(" ".join(str(row[name]) for name in texts))} for row in rows)
    database.table(kind).enable_fts([FOLDED], tokenize="unicode61 remove_diacritics 2")
    database.table("snapshot").insert(msgspec.to_builtins(new))
    database.conn.commit()


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _open(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)


def _ask(database: Path, table: str, sql: str, values: tuple[Cell, ...] = ()) -> list[Row]:
    if not database.exists():
        return []
    with closing(_open(database)) as connection:
        connection.row_factory = sqlite3.Row
        if not connection.execute("select 1 from sqlite_master where name = ?", (table,)).fetchone():
            return []
        return [{key: row[key] for key in row.keys() if key != FOLDED} for row in connection.execute(sql, values)]  # noqa: SIM118
