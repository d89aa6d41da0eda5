"""A node that goes on with another audit key: old seals are told and excused, later ones must hold."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from msgspec.structs import replace

from gecit.cli import cli
from gecit.core.audit_chain import ANCHOR
from gecit.core.event_seal import KINDS, WHAT
from gecit.edges.seal_book import EVERY
from gecit.edges.store import SqlLedger, open_ledger
from gecit.edges.store.schema import audit, event
from gecit.edges.system_clock import SystemClock
from gecit.processes.entrance import audit_of, sealer_of
from gecit.settings import load
from tests.support.everything import fill

from .test_backup import node, write_index  # noqa: F401 -- a fixture

# ruff: noqa: F811 -- a fixture is named as what it gives

Run = Callable[..., Result]


@pytest.fixture
def database(data: Path) -> str:
    return f"sqlite:///{data}/ledger.db"


@pytest.fixture
def restored(run: Run, node: Path, tmp_path: Path) -> Iterator[SqlLedger]:
    """A sealed ledger that was put back without its key."""
    ledger = open_ledger(load().database)
    fill(ledger)
    seal(ledger)
    ledger.close()
    run("backup", tmp_path / "backup")
    shutil.rmtree(node)
    node.mkdir()
    run("restore", "--lost-key", tmp_path / "backup")
    ledger = open_ledger(load().database)
    yield ledger
    ledger.close()


def seal(ledger: SqlLedger) -> None:
    """Seal all that stands there, as the process of the pages does by and by."""
    book, now = audit_of(load(), ledger, "web"), SystemClock().now()
    sealer = sealer_of(load(), ledger, book)
    for number in range(4):
        sealer.tick(now + number * EVERY)


def verified(what: str) -> tuple[int, dict[str, object], str]:
    told = CliRunner().invoke(cli, [what, "verify", "--json"])
    shown = CliRunner().invoke(cli, [what, "verify"])
    assert told.exit_code == shown.exit_code
    return told.exit_code, json.loads(told.stdout), shown.stdout


@pytest.mark.parametrize("what", ["ledger", "audit"])
def test_seals_of_a_lost_key_are_told_and_no_fault_and_the_record_is_sealed_anew(
    restored: SqlLedger, what: str
) -> None:
    code, said, shown = verified(what)
    assert code == 0 and said["faults"] == []
    lost = said["keyLost"]
    assert isinstance(lost, dict) and lost["seals"] > 0
    assert "kaybolan anahtarla" in shown and "a key that was lost" in shown
    seal(restored)
    code, said, _ = verified(what)
    assert code == 0 and said["faults"] == []
    if what == "ledger":
        assert said["sealed"] == said["newest"] == {kind: restored.newest(kind) for kind in KINDS}


def test_an_old_event_that_is_edited_shows_before_and_after_it_is_sealed_anew(restored: SqlLedger) -> None:
    edit = sa.update(event).where(event.c.id == 2).values(accession="A9")
    with restored.engine.begin() as connection:
        connection.execute(edit)
    assert verified("ledger")[0] == 1
    with restored.engine.begin() as connection:
        connection.execute(edit.values(accession="A8"))
    seal(restored)
    code, said, _ = verified("ledger")
    assert code == 1 and "edited" in str(said["faults"])


def test_a_seal_of_later_must_hold_and_nobody_without_the_new_key_excuses_it(restored: SqlLedger) -> None:
    from gecit.core.audit import AuditEntry
    from gecit.core.event_seal import detail_of, sealed
    from gecit.core.lost_key import LostKey
    from gecit.core.lost_key import detail_of as lost_detail

    seal(restored)
    fill_more(restored)
    newest, now = restored.newest("event"), SystemClock().now()
    forged = detail_of(sealed("event", 0, newest, restored.record_rows("event", 0, newest)), b"guessed" * 5)
    book = audit_of(load(), restored)
    book.record(AuditEntry(at=now, who="gecit", what=WHAT, outcome="done", detail=forged))
    excuse = lost_detail(LostKey(before=now + timedelta(days=1), event=10**6, message=10**6), b"guessed" * 5)
    book.record(AuditEntry(at=now, who="cli", what="restore", outcome="done", detail=excuse))
    code, said, _ = verified("ledger")
    assert code == 1 and "seal broken" in str(said["faults"])


def fill_more(ledger: SqlLedger) -> None:
    _, last = list(ledger.events())[-1]
    ledger.write(lambda tx: tx.append(last))


def test_old_chains_are_anchored_anew_so_that_the_new_key_vouches_for_them(restored: SqlLedger) -> None:
    """Who has the database makes an old anchor and an old chain anew: the new key's anchor names where it stood."""
    restored_row = next(one for one in restored.audit_by_chain() if one.what == "restore")
    (newest,) = [one for one in restored.audit_anchors() if one.chain == restored_row.chain]
    old = {one.chain for one in restored.audit_heads()} - {newest.chain}
    assert old and old <= set(newest.detail)
    victim = next(one for one in restored.audit_by_chain() if one.chain in old and one.what != ANCHOR)
    from gecit.core.audit_chain import linked

    again = linked(replace(victim, who="kimse"), victim.previous)
    with restored.engine.begin() as connection:
        where = (audit.c.chain == victim.chain, audit.c.number == victim.number)
        connection.execute(sa.update(audit).where(*where).values(who="kimse", hash=again.hash))
    assert verified("audit")[0] == 1


def test_with_the_right_key_nothing_is_excused(run: Run, node: Path, tmp_path: Path) -> None:
    run("backup", tmp_path / "backup")
    key = (node / "audit.key").read_bytes()
    shutil.rmtree(node)
    node.mkdir()
    (node / "audit.key").write_bytes(key)
    run("restore", "--lost-key", tmp_path / "backup")
    code, said, _ = verified("ledger")
    assert (code, said["keyLost"]) == (0, None)
