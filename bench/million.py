"""A ledger of a million believable exams, made fast: a few are really judged, their rows are cloned with other values.

Whatever distinguishes an exam stands in its prototype as a mark that occurs nowhere else; a clone has its own values in
the marks' places, in every column of every row. So a clone is, to the byte, what folding and judging it would give:
`gecit ledger rebuild` finds nothing to mend (a test does so), and `wrong_verdicts` judges a sample again.
Everyone in it is made up. Deliveries that are done have no row in `outbox` here.
"""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from gecit.core.checks import Context
from gecit.core.judge import Compiled
from gecit.core.order import ExamKey
from gecit.core.rulebook import Rulebook
from gecit.core.values import ISTANBUL, Value, local, to_json
from gecit.edges.rules_files import read_folder
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import Institution

from .corpus import tckn
from .prototypes import AT, KEY, LATER, ORDERED, ORTHANC_ID, QUERY_ID, TABLES, TCKN, UID, Row, columns, prototype

KINDS = ("CT", "MR", "US", "DX")
"""What each patient has one exam of; the first two are to be asked for beforehand."""

ASKED_FOR = 2
FIRST_DAY = datetime(2022, 6, 1, tzinfo=ISTANBUL)
DAYS = 3 * 365
WINDOW = (datetime(2024, 3, 5, 9, 0, tzinfo=ISTANBUL), datetime(2024, 3, 5, 11, 59, tzinfo=ISTANBUL))
"""A day's outage that no exemption excuses yet, first and last minute: whoever ordered then, asked nobody."""

MINUTE = timedelta(minutes=1)
HELD = 10_000
WRITTEN_OUT = ("ordered", "scanned", "reported")
"""The instants that a clone has in other forms too; where a template asks for another's, filling fails."""

HOSPITALS = 20
BATCH = 5_000


class Filled(Value):
    """What was made."""

    exams: int
    held: int  # ordered in `window`, with no query
    window: tuple[datetime, datetime]  # first and last minute
    seconds: float
    bytes: int  # of the database file; 0 where it is none


def fill(
    ledger: SqlLedger,
    count: int,
    seed: int = 1,
    *,
    held: int = HELD,
    rulebook: Rulebook | None = None,
    context: Context | None = None,
    say: Callable[[str], object] = lambda _: None,
) -> Filled:
    """Fill an empty ledger with judged exams, `held` of them ordered in `WINDOW` with no query; activate `rulebook`.

    Three years of orders, four exams of each patient, keys and dates in no order. By default judged by the rules that
    are shipped, with no code lists.
    """
    if count < 2 * held:
        raise ValueError("at the most half of the exams can be held: two of a patient's four need a query")
    began = time.monotonic()
    book, known = rulebook or read_folder(Path(__file__).parents[1] / "rules"), context or Context()
    ledger.activate_rulebook(book.revision, book.to_json(), FIRST_DAY)
    hospitals = [Institution(skrs=str(900_100 + n), medula_code=f"11{900_100 + n}", name=f"Ölçüm Hastanesi {n}",
                             ownership="public") for n in range(HOSPITALS)]  # fmt: skip
    for one in hospitals:
        ledger.write(lambda tx, one=one: tx.record_institution(one, FIRST_DAY))  # type: ignore[misc]
    templates = {
        (kind, asked): [_Template(row) for row in prototype(KINDS[kind], book, known, asked=asked)]
        for kind in range(len(KINDS))
        for asked in (True, False)
        if asked or kind < ASKED_FOR
    }
    _load(ledger, templates, _drawn(count, seed, held), count, say)
    return Filled(exams=count, held=held, window=WINDOW, seconds=time.monotonic() - began, bytes=size_of(ledger))


def size_of(ledger: SqlLedger) -> int:
    """Return how many bytes the database file has."""
    path = ledger.engine.url.database
    on_disk = ledger.engine.dialect.name == "sqlite" and path and Path(path).exists()
    return Path(path).stat().st_size if path and on_disk else 0


def wrong_verdicts(
    ledger: SqlLedger, rulebook: Rulebook, context: Context | None = None, sample: int = 200
) -> list[ExamKey]:
    """Judge a sample of exams in earnest; return those that a clone tells otherwise. Empty = all is well."""
    found = [*ledger.scan(None, sample).exams, *ledger.scan(None, sample, ordered_from=WINDOW[0]).exams]
    compiled, wrong = Compiled(rulebook, context or Context()), []
    for one in found:
        assert one.verdict is not None
        at = one.verdict.judged_at
        if compiled.judge(one, judged_at=at, known_at=at) != one.verdict:
            wrong.append(one.key)
    return wrong


# Cloning


class _Template:
    """A row whose marks are to be replaced."""

    def __init__(self, row: Row) -> None:
        self.table, values = row
        flags = [isinstance(one.type, sa.Boolean) for one in columns(self.table)]
        self._parts: list[Any] = [
            _marked(value) if isinstance(value, str) else bool(value) if flag and value is not None else value
            for value, flag in zip(values, flags, strict=True)
        ]
        self._open = [number for number, part in enumerate(self._parts) if isinstance(part, str)]

    def row(self, values: dict[str, str]) -> list[Any]:
        """Return a clone with these values."""
        made = list(self._parts)
        for number in self._open:
            made[number] %= values
        return made


def _marks() -> dict[str, str]:
    """What stands in a prototype -> the name of what a clone has there."""
    instants = {text: name for name, moment in AT.items() for text, name in _told(name, moment).items()}
    fixed = {KEY.institution: "institution", KEY.accession: "accession", TCKN: "tckn", UID: "uid"}
    return {**fixed, ORTHANC_ID: "orthanc_id", QUERY_ID: "query_id", **instants}


def _told(name: str, moment: datetime) -> dict[str, str]:
    """Every form in which an instant is written: JSON and column, pages, and of the pictures DICOM's own."""
    forms = {instant(moment): name, f"{local(moment):%d.%m.%Y %H:%M}": f"{name} shown"}
    if name == "scanned":
        forms[instant(moment.replace(microsecond=0))] = "performed"
        forms[f"{local(moment):%Y%m%d}"] = "study_date"
        forms[f"{local(moment):%H%M%S}"] = "study_time"
    return forms


def instant(moment: datetime) -> str:
    """Return an instant as SQLite's columns have it, and JSON too where it has microseconds."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _marked(value: str) -> str:
    text = value.replace("%", "%%")
    for mark, name in MARKS.items():
        text = text.replace(mark, f"%({name})s")
    return text


MARKS = _marks()


def _drawn(count: int, seed: int, held: int) -> Iterator[tuple[int, bool, dict[str, str]]]:
    """Yield of every exam its kind, whether it was asked for, and its values; in no order."""
    draw = random.Random(seed)  # noqa: S311 -- made-up data, no secret
    step = next(one for one in range(draw.randrange(count // 2, count), 10 * count) if math.gcd(one, count) == 1)
    inside = int((WINDOW[1] + MINUTE - WINDOW[0]).total_seconds())
    for turn in range(count):
        number = turn * step % count
        patient, kind = divmod(number, len(KINDS))
        blocked = kind < ASKED_FOR and patient * ASKED_FOR + kind < held
        ordered = WINDOW[0] + timedelta(seconds=draw.randrange(inside)) if blocked else _other_day(draw)
        yield kind, not blocked, _values(number, patient, ordered, draw)


def _other_day(draw: random.Random) -> datetime:
    """An order date outside the window."""
    while True:
        at = FIRST_DAY + timedelta(seconds=draw.randrange(DAYS * 86_400))
        if not WINDOW[0] <= at < WINDOW[1] + MINUTE:
            return at


def _values(number: int, patient: int, ordered: datetime, draw: random.Random) -> dict[str, str]:
    base = ordered.astimezone(UTC).replace(microsecond=ORDERED.microsecond)
    found = {
        "institution": str(900_100 + patient % HOSPITALS),
        "accession": f"{number * 7_368_787 % 10_000_019:08d}{number:07d}"[-15:],
        "tckn": tckn(200_000_000 + patient),
        "uid": f"{UID[:-5]}{number}",
        "orthanc_id": "-".join(f"{draw.getrandbits(32):08x}" for _ in range(5)),
        "query_id": f"{draw.getrandbits(96):024x}",
    }
    for name, after in LATER.items():
        moment = base + after
        if name in WRITTEN_OUT:
            found.update({known: text for text, known in _told(name, moment).items()})
        else:
            found[name] = instant(moment)
    return found


def _load(
    ledger: SqlLedger,
    templates: dict[tuple[int, bool], list[_Template]],
    drawn: Iterator[tuple[int, bool, dict[str, str]]],
    count: int,
    say: Callable[[str], object],
) -> None:
    sqlite = ledger.engine.dialect.name == "sqlite"
    ledger.engine.dispose()  # the journal can be switched off while nobody else has the file open
    raw = ledger.engine.raw_connection()
    try:
        cursor = raw.cursor()
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-2000000") if sqlite else ():
            cursor.execute(f"PRAGMA {pragma}")
        waiting: dict[str, list[list[Any]]] = {one.name: [] for one in TABLES}
        for done, (kind, asked, values) in enumerate(drawn, start=1):
            for template in templates[kind, asked]:
                waiting[template.table.name].append(template.row(values))
            if done % BATCH == 0 or done == count:
                _insert(cursor, waiting, "?" if sqlite else "%s")
                raw.commit()
                say(f"{done:,} of {count:,} exams")
        raw.invalidate()  # its settings were for this only
    finally:
        raw.close()


def _insert(cursor: Any, waiting: dict[str, list[list[Any]]], mark: str) -> None:
    cursor.execute("BEGIN")
    for table in TABLES:
        found = waiting[table.name]
        if found:
            values = ", ".join([mark] * len(found[0]))
            cursor.executemany(f"INSERT INTO {_named(table)} VALUES ({values})", found)  # noqa: S608 -- our own names
            found.clear()


def _named(table: sa.Table) -> str:
    return f"{table.name} ({', '.join(one.name for one in columns(table))})"


def main() -> None:
    """`python -m bench.million URL [COUNT]`: fill an empty ledger, and say how long it took and how big it is."""
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    ledger = open_ledger(sys.argv[1])
    filled = fill(ledger, count, held=min(HELD, count // 4), say=lambda text: print(text, file=sys.stderr))
    print(to_json(filled).decode())
    ledger.close()


if __name__ == "__main__":
    main()
