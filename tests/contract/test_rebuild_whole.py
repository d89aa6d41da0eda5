"""Each table of the ledger is made again from the events or left as it is: nothing is lost, none is forgotten."""

from __future__ import annotations

import sqlalchemy as sa

from gecit.edges.store import SqlLedger, open_ledger, schema
from tests.support.everything import fill, fill_kept, rows_of


def test_every_table_is_of_the_record_or_folded_or_kept() -> None:
    named = [one.name for group in (schema.RECORD, schema.FOLDED, schema.KEPT) for one in group]
    assert len(named) == len(set(named)), "in one of them"
    assert set(named) == set(schema.metadata.tables), "a new table needs a decision: FOLDED or KEPT"


def test_every_folded_table_is_made_again_to_the_byte(ledger: SqlLedger) -> None:
    fill(ledger)
    before = rows_of(ledger, schema.FOLDED)
    assert [name for name, rows in before.items() if not rows] == [], "the test would prove nothing of these"
    count, same = ledger.rebuild()
    assert same
    assert count == len(list(ledger.events()))
    assert rows_of(ledger, schema.FOLDED) == before


def test_what_was_wiped_comes_back_whole(ledger: SqlLedger) -> None:
    fill(ledger)
    before = rows_of(ledger, schema.FOLDED)
    with ledger.engine.begin() as connection:
        for table in schema.FOLDED:
            connection.execute(sa.delete(table))
    assert ledger.rebuild()[1] is False
    assert rows_of(ledger, schema.FOLDED) == before


def test_what_is_kept_stands_through_a_rebuild(ledger: SqlLedger) -> None:
    fill(ledger)
    fill_kept(ledger)
    stays = (*schema.RECORD, *schema.KEPT)
    before = rows_of(ledger, stays)
    assert [name for name, rows in before.items() if not rows] == []
    assert ledger.rebuild()[1]
    assert rows_of(ledger, stays) == before


def test_both_engines_fold_the_same(ledger: SqlLedger) -> None:
    fill(ledger)
    other = open_ledger("sqlite://")
    for _, event in ledger.events():
        other.write(lambda tx, event=event: tx.append(event))  # type: ignore[misc]
    assert rows_of(other, schema.FOLDED) == rows_of(ledger, schema.FOLDED)
    other.close()
