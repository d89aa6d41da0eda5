"""What is done at one node of a ledger holds at the others: rules that are activated, sessions that begin and end."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from gecit.core.access import Role
from gecit.core.accounts import Account, Session
from gecit.core.events import LedgerRestored
from gecit.edges.credentials import COOKIE, new_token, token_digest
from gecit.edges.doors import Doors
from gecit.edges.ledger_clock import LedgerClock
from gecit.edges.store import SqlLedger, open_ledger
from gecit.edges.system_clock import SystemClock
from gecit.ports import Beat
from gecit.processes import backup, registered
from gecit.processes.build import clock_of
from gecit.processes.registered import Membership, NameTakenError, home_of, register_node
from gecit.processes.rules import Rules, publish
from gecit.processes.run_folder import write_private
from gecit.settings import Settings, from_orthanc
from tests.support.billing import START, HandClock

SHIPPED = Path(__file__).parents[2] / "rules"


@pytest.fixture
def both(ledger_url: str) -> Iterator[tuple[SqlLedger, SqlLedger]]:
    """The ledger as two nodes see it, each by connections of its own."""
    opened = open_ledger(ledger_url), open_ledger(ledger_url)
    yield opened
    for one in opened:
        one.close()


def settings(folder: Path, name: str = "A", **section: object) -> Settings:
    return from_orthanc({"Name": name, "Gecit": {"Data": str(folder / name), **section}}, {})


def test_a_rulebook_that_is_activated_at_one_node_is_in_force_at_the_other(
    both: tuple[SqlLedger, SqlLedger], tmp_path: Path
) -> None:
    here, there = both
    clock = HandClock()
    publish(here, SHIPPED, None, clock.now())
    rules = Rules(there, settings(tmp_path), clock)
    before = rules.judging().rulebook.revision
    files = tmp_path / "rules"
    shutil.copytree(SHIPPED, files)
    (files / "submission/loinc-code.toml").unlink()
    revision, _ = publish(here, files, None, clock.now())
    assert rules.judging().rulebook.revision == before, "it is looked up again every second"
    clock.forward(seconds=1)
    assert rules.judging().rulebook.revision == revision != before


def test_a_session_that_begins_at_one_node_holds_and_ends_at_the_other(both: tuple[SqlLedger, SqlLedger]) -> None:
    here, there = both
    clock, ticks = HandClock(), iter(range(0, 10**6, 10))  # nothing that a door remembers is believed any more
    here.save_account(Account(name="ayse", roles=(Role.RADIOLOGIST,), institution="910001"), START)
    value = new_token()
    begun = Session(
        digest=token_digest(value), account="ayse", created_at=START, seen_at=START,
        expires_at=START + timedelta(hours=1),
    )  # fmt: skip
    here.add_session(begun)
    doors = Doors(there, "inside", clock, lambda: float(next(ticks)))
    assert doors.admit("", "127.0.0.1", f"{COOKIE}={value}").who == "ayse"
    assert here.end_session("ayse", begun.digest)
    assert not doors.admit("", "127.0.0.1", f"{COOKIE}={value}").granted


class Archive:
    """An index of that mark."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def identity(self) -> str:
        return f"A@{self.mark}"

    def version(self) -> str:
        return "1.10.1"


def test_a_data_folder_has_one_mark_whichever_processes_ask_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(path: Path, text: str) -> None:
        time.sleep(0.1)  # the others look meanwhile
        write_private(path, text)

    mine = settings(tmp_path)
    monkeypatch.setattr(registered, "write_private", slowly)
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(home_of, [mine] * 4))) == 1


def test_a_mark_that_a_power_cut_left_empty_is_made_anew(tmp_path: Path) -> None:
    mine = settings(tmp_path)
    mine.run_folder.mkdir(parents=True)
    (mine.run_folder / registered.HOME).touch()
    assert len(home_of(mine)) == 32
    assert home_of(mine) == home_of(mine)


def test_a_backup_stops_the_orthanc_of_its_own_folder(sqlite_ledger: SqlLedger, tmp_path: Path) -> None:
    mine = settings(tmp_path)
    for home, pid in (("0", 1), (home_of(mine), 2), ("z", 3)):
        sqlite_ledger.beat(Beat(node="A", home=home, process="orthanc", pid=pid, at=START))
    assert backup._pid(sqlite_ledger, mine) == 2


def test_a_node_registers_with_its_address_and_a_second_of_its_name_does_not(
    both: tuple[SqlLedger, SqlLedger], tmp_path: Path
) -> None:
    here, there = both
    mine = settings(tmp_path / "one", SignIn={"PublicUrl": "https://a.example/"})
    first = Membership(mine, here, Archive("one"))  # type: ignore[arg-type]
    assert register_node(first)
    assert [(one.name, one.address, one.home) for one in there.nodes()] == [("A", "https://a.example", home_of(mine))]
    second = Membership(settings(tmp_path / "two"), there, Archive("two"))  # type: ignore[arg-type]
    with pytest.raises(NameTakenError, match=r"A adlı başka bir düğüm .*https://a\.example.*another node called A"):
        register_node(second)
    first.beat()
    there.mark_restored(LedgerRestored(at=START, taken_at=START, backup=""))
    assert there.nodes() == []
    first.beat()
    assert [one.name for one in there.nodes()] == ["A"]
    register_node(Membership(mine, here, Archive("two")))  # type: ignore[arg-type]
    assert [one.mark for one in there.nodes()] == ["two"], "its index was made anew"


def test_nodes_of_postgresql_go_by_its_clock_and_a_sqlite_node_by_the_computers(
    both: tuple[SqlLedger, SqlLedger], ledger_url: str
) -> None:
    """One computer's clock stands on both sides of SQLite: nothing is to be put right, and a jump of it is one jump."""
    assert type(clock_of(both[0])) is (SystemClock if ledger_url.startswith("sqlite") else LedgerClock)
