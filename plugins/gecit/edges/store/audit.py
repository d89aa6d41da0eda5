"""The audit's rows: added, listed, read through for verification."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from gecit.core.audit_chain import ANCHOR, AuditRow, Head
from gecit.core.event_seal import WHAT as SEALED
from gecit.core.values import to_json
from gecit.ports import AuditSearch, Transaction, Unavailable

from .base import Transactions
from .schema import audit, audit_chain
from .sql import upsert
from .transaction import SqlTransaction

T = TypeVar("T")
PAGE = 5_000

_ADD = sa.insert(audit)
_NAMED = (
    sa.update(audit_chain)
    .where(audit_chain.c.chain == sa.bindparam("of_chain"), audit_chain.c.anchored < sa.bindparam("up_to"))
    .values(anchored=sa.bindparam("up_to"))
)


class Audited(Transactions):
    """Implements `ports.AuditTrail`."""

    def unanchored(self, but: str) -> list[Head]:
        """Return the heads that no anchor of another chain names yet, that of `but` left out."""
        query = sa.select(audit_chain.c.chain, audit_chain.c.number, audit_chain.c.hash)
        query = query.where(audit_chain.c.number > audit_chain.c.anchored, audit_chain.c.chain != but)
        with self._reading() as connection:
            return [_head(row) for row in connection.execute(query.order_by(audit_chain.c.chain))]

    def add_audit(
        self, rows: Sequence[AuditRow], named: Iterable[Head] = (), within: sa.Connection | None = None
    ) -> None:
        """Add rows of one chain, the oldest first; `named`: the heads that an anchor among them names.

        `within`: the transaction of the change that they tell. Two writers that anchor each other's chain at one moment
        meet crosswise: PostgreSQL ends one, which tries again.
        """
        anchored = [{"of_chain": one.chain, "up_to": one.number} for one in named]

        def once() -> None:
            with nullcontext(within) if within is not None else self._begin() as connection:
                _add(connection, rows)
                if anchored:
                    connection.execute(_NAMED, anchored)

        if within is not None:  # whoever began the transaction tries it again
            once()
        else:
            self._again(once)

    def write_audited(self, work: Callable[[Transaction], T], rows: Sequence[AuditRow]) -> T:
        """Run `work` in one transaction that adds rows of a chain too, the oldest first; again on a conflict."""

        def both(tx: Transaction) -> T:
            assert isinstance(tx, SqlTransaction)  # noqa: S101 -- `write` makes it
            result = work(tx)
            tx.flush()
            try:
                self.add_audit(rows, (), tx.connection())
            except IntegrityError as fault:  # another process goes on with the chain: this one begins another
                raise Unavailable("audit") from fault
            except (Unavailable, DBAPIError):
                raise
            except Exception as fault:
                raise Unavailable("audit") from fault
            return result

        return self.write(both)

    def audit_rows(self, search: AuditSearch) -> list[AuditRow]:
        """Return rows, the newest first."""
        query = sa.select(audit).where(*_wanted(search))
        order = (audit.c.at.desc(), audit.c.chain, audit.c.number.desc())
        with self._reading() as connection:
            found = connection.execute(query.order_by(*order).limit(search.limit).offset(search.offset))
            return [read_row(row) for row in found]

    def audit_count(self) -> int:
        """Return how many rows there are."""
        with self._reading() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(audit)) or 0

    def audit_heads(self) -> list[Head]:
        """Return where each chain ends, as it was written down with its last row."""
        with self._reading() as connection:
            return [_head(row) for row in connection.execute(sa.select(audit_chain).order_by(audit_chain.c.chain))]

    def audit_anchors(self) -> Iterator[AuditRow]:
        """Yield every anchor."""
        query = sa.select(audit).where(sa.text(f"what = '{ANCHOR}'"))  # literal, so that SQLite takes the partial index
        with self._reading() as connection:
            for row in connection.execute(query.execution_options(yield_per=PAGE)):
                yield read_row(row)

    def audit_by_chain(self) -> Iterator[AuditRow]:
        """Yield every row, chain by chain, each in the order of its numbers; read page by page."""
        after: tuple[str, int] = ("", 0)
        key = sa.tuple_(audit.c.chain, audit.c.number)
        while True:
            last = sa.tuple_(sa.literal(after[0]), sa.literal(after[1]))
            query = sa.select(audit).where(key > last).order_by(audit.c.chain, audit.c.number).limit(PAGE)
            with self._reading() as connection:
                page = [read_row(row) for row in connection.execute(query)]
            yield from page
            if len(page) < PAGE:
                return
            after = (page[-1].chain, page[-1].number)


def _wanted(search: AuditSearch) -> list[sa.ColumnElement[bool]]:
    columns = ("who", "what", "institution", "accession", "patient", "outcome")
    found = [audit.c[one] == value for one in columns if (value := getattr(search, one))]
    if search.since:
        found.append(audit.c.at >= search.since)
    if search.until:
        found.append(audit.c.at < search.until)
    if not search.what:
        found += [audit.c.what != ANCHOR, audit.c.what != SEALED]
    return found


def _add(connection: sa.Connection, rows: Sequence[AuditRow]) -> None:
    last = rows[-1]
    connection.execute(_ADD, [_row(one) for one in rows])
    known = sa.select(audit_chain.c.anchored).where(audit_chain.c.chain == last.chain)
    before = connection.scalar(known) or 0
    head = {"chain": last.chain, "number": last.number, "hash": last.hash, "at": last.at, "anchored": before}
    upsert(connection, audit_chain, [head])


def _row(one: AuditRow) -> dict[str, Any]:
    return {**msgspec.structs.asdict(one), "detail": to_json(one.detail).decode()}


def read_row(row: Any) -> AuditRow:
    """Read a row of the audit."""
    values = dict(row._mapping)
    values["detail"] = msgspec.json.decode(values["detail"])
    return AuditRow(**values)


def _head(row: Any) -> Head:
    return Head(chain=row.chain, number=row.number, hash=row.hash)
