"""Code lists as CSV."""

from __future__ import annotations

import csv
import io
import os
from functools import cache
from pathlib import Path

from gecit.edges.code_columns import LISTS
from gecit.edges.codes import CodeListError, read_csv

from ..places import ROOT, WORK, made
from ..target import Target, must

NAMES = sorted(LISTS)


@cache
def _place() -> Path:
    memory = Path("/dev/shm")
    return made((memory if memory.is_dir() else WORK) / f"gecit-fuzz-{os.getuid()}") / f"{os.getpid()}.csv"


def one(data: bytes) -> object:
    kind = NAMES[(data[0] if data else 0) % len(NAMES)]
    rows = _read(kind, data[1:])
    if isinstance(rows, str):
        return rows
    written = io.StringIO(newline="")
    names = [one.name for one in LISTS[kind]]
    writer = csv.writer(written)
    writer.writerow(names)
    writer.writerows([row[name] for name in names] for row in rows)
    must(_read(kind, written.getvalue().encode()) == rows, "written and read again it is another")
    return rows


def _read(kind: str, data: bytes) -> object:
    path = _place()
    path.write_bytes(data)
    try:
        return read_csv(kind, path)
    except CodeListError as error:
        must(error.faults and all(one.text.tr and one.text.en and one.line >= 1 for one in error.faults), "no words")
        return str(error).replace(path.name, "")
    finally:
        path.unlink()


def seeds() -> list[bytes]:
    found = []
    for number, kind in enumerate(NAMES):
        header = ";".join(one.name for one in LISTS[kind])
        found.append(bytes([number]) + header.encode() + b"\n" + b";".join([b"10000000146"] * len(LISTS[kind])) + b"\n")
        shipped = ROOT / "rules" / "codes" / f"{kind}.csv"
        if shipped.exists():
            found.append(bytes([number]) + shipped.read_bytes()[:1500])
    return found


TARGETS = (
    Target(
        name="lists",
        reads="code lists, CSV",
        holds="rows, or faults with line and column in both languages; rows written and read again are the same",
        one=one,
        seeds=seeds,
        tokens=(
            b'"',
            b'""',
            b";",
            b",",
            b"\r\n",
            b"\xef\xbb\xbf",
            b"\0",
            b"evet",
            b"801590",
            b"24606-6",
            b"10000000146",
            b"2026-01-01",
            b"=1+1",
            b"\xe2\x80\xa8",
            b"\x0b",
            b"\x1c",
        ),
    ),
)
