"""A node under traffic is backed up, destroyed and put back: same verdicts, nothing lost, nobody told twice."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from msgspec.structs import replace

from gecit.core.events import LedgerRestored
from gecit.core.exam import Exam
from gecit.core.order import ExamKey, Order
from gecit.edges.store import open_ledger
from gecit.sandbox.day import INSTITUTION, ExamStory
from gecit.sandbox.imaging import build_study
from tests.support.hospital import (
    Hospital,
    as_it_should,
    billable,
    hospital,
    read_json,
    ready,
    stories_at,
    until,
)
from tests.support.postgres import Cluster

pytestmark = pytest.mark.system

LOST = ("ledger.db", "ledger.db-wal", "ledger.db-shm", "codes.db", "orthanc", "run", "audit.key")
US = stories_at(0)[4]
numbers = count(1)


def fresh() -> Order:
    number = next(numbers)
    procedure = replace(US.order.procedures[0], sut=f"898{number:03}")  # no duplicate of anything
    key = ExamKey(institution=INSTITUTION.skrs, accession=f"Y{number:06}")
    return replace(US.order, key=key, procedures=(procedure,))


class Traffic(threading.Thread):
    """A hospital that goes on sending orders and pictures."""

    def __init__(self, made: Hospital, folder: Path) -> None:
        super().__init__(daemon=True)
        self.made, self.folder = made, folder
        self.orders: list[Order] = []  # acknowledged with AA, their picture with Success
        self.faults: list[str] = []
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            one = fresh()
            said, stored = self.send(one)
            self.orders.append(one)
            if (said, stored) != ("AA", 0):
                self.faults.append(f"{one.key.accession}: {said} {stored}")

    def send(self, one: Order) -> tuple[str, int]:
        folder = self.folder / one.key.accession
        [picture] = build_study("US", order=one, institution=INSTITUTION, folder=folder) if not folder.exists() else (
            sorted(folder.rglob("*.dcm")))  # fmt: skip
        return self.made.order(one).code, self.made.store(picture)

    def has_sent(self, more: int) -> None:
        wanted = len(self.orders) + more
        until(lambda: len(self.orders) >= wanted, 30, "traffic goes on")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hospital]:
    database = request.getfixturevalue("postgres").new_database() if request.param == "postgres" else ""
    with hospital(tmp_path / "data", database=database) as running:
        yield running


def at_rest(made: Hospital, stories: list[ExamStory]) -> None:
    """Wait until the documents that were attached are read too, and nothing changes any more."""
    seen: list[object] = []

    def same() -> bool:
        seen.append(verdicts(made, stories))
        time.sleep(2)
        return len(seen) > 1 and seen[-1] == seen[-2]

    until(same, 60, "the day has come to rest")


def verdicts(made: Hospital, stories: list[ExamStory]) -> dict[ExamKey, Exam]:
    found = {one.order.key: made.exam(one.order.key) for one in stories}
    assert all(found.values())
    return {key: one for key, one in found.items() if one}


def differing(one: Exam, other: Exam) -> list[tuple[str, object, object]]:
    """Return what differs, for a person to read."""
    found = ((name, getattr(one, name), getattr(other, name)) for name in one.__struct_fields__)
    return [(name, mine, theirs) for name, mine, theirs in found if mine != theirs]


def images(made: Hospital) -> dict[str, str]:
    """Return the SHA-256 of every picture, as Orthanc gives it."""
    token = made.node.internal()

    def get(path: str) -> bytes:
        answer = made.node.get(path, signed_in=False, headers=token)
        assert answer.status_code == 200, path
        return answer.content

    listed = made.node.get("/instances", signed_in=False, headers=token).json()
    return {one: hashlib.sha256(get(f"/instances/{one}/file")).hexdigest() for one in listed}


def destroy(made: Hospital, cluster: Cluster | None) -> None:
    """Lose the computer; what is left: the configuration, the copy of the audit's key, the outside world."""
    made.ledger.close()
    process = made.node.process
    assert process
    children = list(made.node.children().values())
    process.kill()
    process.wait()
    for one in children:
        one.wait(20)
    for name in LOST:
        path = made.folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if cluster:
        made.node.database = made.node.environ["ORTHANC__GECIT__DATABASE"] = cluster.new_database()


def test_a_node_under_traffic_is_backed_up_destroyed_and_restored(
    made: Hospital, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    early, late = stories_at(0), stories_at(180)[:3]
    made.play(early, tmp_path / "early")
    as_it_should(made.results(early, 90), made.ledger)
    at_rest(made, early)
    before, pictures = verdicts(made, early), images(made)
    traffic = Traffic(made, tmp_path / "traffic")
    traffic.start()
    traffic.has_sent(3)
    done = made.gecit("backup", str(tmp_path / "backup"), "--json")
    assert done.returncode == 0, done.stderr
    traffic.has_sent(3)
    traffic.ended.set()
    traffic.join(30)
    assert traffic.faults == [], "nobody is refused while a backup is made"
    made.play(late, tmp_path / "late")
    as_it_should(made.results(late, 90), made.ledger)
    told = made.effective()
    key = (made.folder / "audit.key").read_bytes()

    destroy(made, request.getfixturevalue("postgres") if "postgres" in made.node.database else None)
    refused = made.gecit("restore", str(tmp_path / "backup"))
    assert refused.returncode == 2 and "--lost-key" in refused.stderr
    (made.folder / "audit.key").write_bytes(key)
    restored = made.gecit("restore", str(tmp_path / "backup"))
    assert restored.returncode == 0, restored.stderr
    again = made.gecit("restore", str(tmp_path / "backup"))
    assert again.returncode == 2 and "overwrites nothing" in again.stderr
    made.ledger = open_ledger(made.node.database)
    made.node.start()
    ready(made)

    after = verdicts(made, early)
    assert {key: differing(one, before[key]) for key, one in after.items() if one != before[key]} == {}
    found = images(made)
    assert {one: found.get(one) for one in pictures} == pictures
    assert made.gecit("audit", "verify").returncode == 0
    [row] = read_rows(made, "restore")
    backup = read_json(done.stdout)
    assert row["detail"]["taken at"][:19] == str(backup["taken_at"])[:19]  # type: ignore[index]
    assert [type(one).__name__ for _, one in made.ledger.events() if isinstance(one, LedgerRestored)]

    senders_repeat(made, traffic, late, tmp_path / "late again")
    assert made.effective() == sorted(told)
    keys = [one["key"] for one in made.inspect()["carried_out"]]
    assert len(keys) == len(set(keys))
    assert [one for one in made.effective() if one[1] in {x.order.key.accession for x in [*early, *late]}] == billable(
        [*made.results(early, 1), *made.results(late, 1)]
    )
    assert made.gecit("ledger", "rebuild").returncode == 0
    assert made.gecit("audit", "verify").returncode == 0


def senders_repeat(made: Hospital, traffic: Traffic, late: list[ExamStory], folder: Path) -> None:
    """Everything later than the backup comes again, and much of what was earlier."""
    for one in traffic.orders:
        assert traffic.send(one) == ("AA", 0)
    made.play(late, folder)
    as_it_should(made.results(late, 90), made.ledger)
    for one in traffic.orders:
        until(lambda one=one: (found := made.exam(one.key)) and found.images == 1, 30, "its picture is there")  # type: ignore[misc]
        assert made.kinds(one.key).count("OrderPlaced") == 1


def read_rows(made: Hospital, what: str) -> list[dict[str, object]]:
    done = made.gecit("audit", "list", "--what", what, "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found
