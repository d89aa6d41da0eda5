"""The follower on a real index: live, late, crashed, restored, swept."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from gecit.core.exam import Study
from gecit.core.facts import StudyKey
from gecit.edges.backup_ledger import copy_sqlite
from gecit.edges.orthanc_http import OrthancArchive
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import Institution, StudyRead, Transaction, Unavailable
from gecit.steps.follow import Follower
from tests.support.bare import BareOrthanc
from tests.support.node import until

pytestmark = pytest.mark.system

SETTLE = timedelta(seconds=60)


class AheadClock:
    """The real time, which Orthanc stamps instances with, and what a test lets pass on top."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


class CountingArchive(OrthancArchive):
    """Counts how often a study was read."""

    reads = 0

    def read_study(self, orthanc_id: str) -> StudyRead | None:
        self.reads += 1
        return super().read_study(orthanc_id)


class World:
    def __init__(self, orthanc: BareOrthanc, ledger: SqlLedger) -> None:
        self.orthanc, self.ledger, self.clock = orthanc, ledger, AheadClock()
        self.archive = CountingArchive(orthanc.url, timeout=20)
        self.follower = self.another()

    def another(self, **more: int) -> Follower:
        return Follower(self.archive, self.ledger, self.clock, SETTLE, **more)

    def catch_up(self) -> None:
        while self.follower.step():
            pass

    def send(self, study: str, count: int = 1, **tags: str) -> None:
        for _ in range(count):
            self.orthanc.rest(dicom(study, **tags)).raise_for_status()

    def studies(self) -> dict[str, Study]:
        node = self.archive.node()

        def work(tx: Transaction) -> list[Study]:
            found = [tx.study(StudyKey(node=node, orthanc_id=one)) for one in tx.study_ids(node)]
            return [one for one in found if one]

        return {one.facts.study_instance_uid: one for one in self.ledger.read(work)}

    def cursor(self) -> int | None:
        return self.ledger.read(lambda tx: tx.cursor(self.archive.identity()))


def at_the_end(world: World) -> None:
    """The cursor reaches the last change; Orthanc adds some of its own once a study has been still for a second."""

    def reached() -> bool:
        world.catch_up()
        return world.cursor() == world.archive.last_change()

    until(reached, 20, "the cursor stands at the last change")


def dicom(study: str, **tags: str) -> bytes:
    dataset = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
    dataset.StudyInstanceUID = dataset.SeriesInstanceUID = study
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    for name, value in tags.items():
        setattr(dataset, name, value)
    out = BytesIO()
    dataset.save_as(out)
    return out.getvalue()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareOrthanc]:
    """One Orthanc for this file."""
    orthanc = BareOrthanc(tmp_path_factory.mktemp("orthanc"))
    try:
        yield orthanc.start()
    finally:
        orthanc.stop()


@pytest.fixture
def world(running: BareOrthanc, sqlite_ledger: SqlLedger) -> World:
    """An empty index that was followed from its beginning."""
    running.empty()
    return World(running, sqlite_ledger)


def test_a_study_is_read_at_the_first_look_and_settled_when_nothing_came(world: World) -> None:
    world.send("1.2.1", 3)
    world.catch_up()
    assert not world.studies()
    world.clock.forward(16)
    world.catch_up()
    assert (world.studies()["1.2.1"].facts.images, world.studies()["1.2.1"].facts.settled) == (3, False)
    world.clock.forward(42)
    world.catch_up()
    assert not world.studies()["1.2.1"].facts.settled
    world.clock.forward(4)
    world.catch_up()
    assert world.studies()["1.2.1"].facts.settled
    assert world.follower.open_studies == 0


def test_a_growing_study_is_read_twice_however_many_instances_come(world: World) -> None:
    world.send("1.2.1")
    world.catch_up()
    for _ in range(10):
        world.send("1.2.1", 2)
        world.catch_up()
        world.clock.forward(3)
    world.clock.forward(1)
    world.catch_up()
    assert world.archive.reads == 1
    world.clock.forward(61)
    world.catch_up()
    assert world.archive.reads == 2
    assert (world.studies()["1.2.1"].facts.images, world.studies()["1.2.1"].facts.settled) == (21, True)


def test_a_late_instance_opens_a_settled_study_again(world: World) -> None:
    world.send("1.2.1")
    world.catch_up()
    world.clock.forward(61)
    world.catch_up()
    before = world.studies()["1.2.1"].facts
    world.clock = world.follower._clock = AheadClock()
    world.send("1.2.1")
    for _ in range(2):  # looked up, then looked at
        world.catch_up()
        world.clock.forward(16)
    world.catch_up()
    late = world.studies()["1.2.1"].facts
    assert (before.settled, before.images) == (True, 1)
    assert (late.settled, late.images) == (False, 2)


def test_the_same_instance_again_changes_nothing(world: World) -> None:
    again = dicom("1.2.1")
    world.orthanc.rest(again).raise_for_status()
    settled(world)
    before = world.studies()
    assert before
    world.orthanc.rest(again).raise_for_status()
    for _ in range(3):
        world.catch_up()
        world.clock.forward(31)
    assert world.studies() == before


def test_the_cursor_stands_at_the_end_when_all_is_durable(world: World) -> None:
    world.send("1.2.1", 2)
    world.send("1.2.2", 2)
    world.catch_up()
    assert (world.cursor() or 0) < world.archive.last_change()  # nothing was read yet
    world.clock.forward(61)
    world.catch_up()
    at_the_end(world)


@pytest.mark.parametrize("steps", range(5))
def test_a_crash_after_any_step_loses_nothing(world: World, steps: int) -> None:
    """A new follower that knows only the ledger ends where an undisturbed one would."""
    for _ in range(steps):
        world.send(f"1.2.{steps}")
        world.follower.step()
        world.clock.forward(8 * steps)
    world.send("1.2.7")
    world.send(f"1.2.{steps}")
    world.follower = world.another(page=3)
    world.catch_up()
    world.clock.forward(61)
    for _ in range(3):
        world.catch_up()
        world.clock.forward(61)
    found = {uid: (one.facts.images, one.facts.settled) for uid, one in world.studies().items()}
    assert found == {"1.2.7": (1, True), f"1.2.{steps}": (steps + 1, True)}


def test_a_backlog_of_many_studies_is_read_once_each(world: World) -> None:
    for number in range(25):
        world.send(f"1.3.{number}", 2)
    world.follower = world.another(page=10, batch=7)
    world.catch_up()
    world.clock.forward(61)
    world.catch_up()
    assert len(world.studies()) == 25
    assert all(one.facts.settled and one.facts.images == 2 for one in world.studies().values())
    assert world.archive.reads == 25
    at_the_end(world)


def test_a_failing_ledger_moves_nothing_and_the_next_try_takes_all_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.catch_up()
    world.send("1.2.1")

    def full_disk(work: Callable[[Transaction], object]) -> object:
        raise Unavailable("database or disk is full")

    world.follower.step()
    world.clock.forward(61)
    with monkeypatch.context() as patch:
        patch.setattr(world.ledger, "write", full_disk)
        with pytest.raises(Unavailable):
            world.follower.step()
    settled(world)
    assert world.studies()["1.2.1"].facts.images == 1


def test_the_sweep_takes_in_what_is_unknown_and_forgets_what_is_gone(world: World) -> None:
    world.send("1.2.1")
    world.send("1.2.2")
    settled(world)
    world.orthanc.empty()
    world.send("1.2.3")
    world.clock.forward(61)
    assert world.follower.sweep() == 3
    world.catch_up()
    assert set(world.studies()) == {"1.2.3"}
    assert world.follower.sweep() == 0


def test_studies_go_to_the_institution_of_their_calling_title(world: World, tmp_path: Path) -> None:
    world.ledger.write(lambda tx: tx.record_institution(Institution(skrs="910001", aets=("CT1",)), world.clock.now()))
    file = tmp_path / "one.dcm"
    file.write_bytes(dicom("1.2.1"))
    assert world.orthanc.store(file, aet="CT1") == 0
    settled(world)
    assert world.studies()["1.2.1"].facts.institution == "910001"


@pytest.fixture
def own(tmp_path: Path, sqlite_ledger: SqlLedger) -> Iterator[World]:
    """An Orthanc of its own, whose index a test may replace."""
    orthanc = BareOrthanc(tmp_path)
    try:
        yield World(orthanc.start(), sqlite_ledger)
    finally:
        orthanc.stop()


def settled(world: World) -> None:
    for _ in range(2):
        world.catch_up()
        world.clock.forward(61)
    world.catch_up()


def test_an_index_made_anew_is_noticed_and_taken_in_whole(own: World) -> None:
    own.send("1.2.1", 3)
    own.send("1.2.2", 3)
    settled(own)
    own.orthanc.stop()
    with pytest.raises(Unavailable):
        own.follower.step()
    shutil.rmtree(own.orthanc.folder / "index")
    own.orthanc.start()
    own.send("1.2.2")
    own.send("1.2.3")
    settled(own)
    found = {uid: one.facts.images for uid, one in own.studies().items()}
    assert found == {"1.2.2": 1, "1.2.3": 1}
    at_the_end(own)


def test_a_restored_index_is_followed_from_its_beginning(own: World, tmp_path: Path) -> None:
    own.send("1.2.1", 2)
    settled(own)
    own.orthanc.stop()
    shutil.copytree(own.orthanc.folder / "index", tmp_path / "backup")
    own.orthanc.start()
    own.send("1.2.2", 2)
    settled(own)
    own.orthanc.stop()
    shutil.rmtree(own.orthanc.folder / "index")
    shutil.copytree(tmp_path / "backup", own.orthanc.folder / "index")
    own.orthanc.start()
    settled(own)
    assert set(own.studies()) == {"1.2.1"}
    own.send("1.2.4")
    settled(own)
    assert set(own.studies()) == {"1.2.1", "1.2.4"}


def test_images_that_came_after_the_backup_are_found_behind_the_older_cursor(world: World, tmp_path: Path) -> None:
    """The ledger alone was lost, and stands as it was when it was copied; the index went on."""
    world.send("1.2.1", 2)
    settled(world)
    copy_sqlite(Path(str(world.ledger.engine.url.database)), tmp_path / "backup.db")
    world.send("1.2.2", 2)
    world.send("1.2.1")
    settled(world)
    whole = world.studies()
    restored = World(world.orthanc, open_ledger(f"sqlite:///{tmp_path}/backup.db"))
    assert set(restored.studies()) == {"1.2.1"}
    restored.clock.ahead = world.clock.ahead
    settled(restored)
    assert {uid: one.facts.images for uid, one in restored.studies().items()} == {"1.2.1": 3, "1.2.2": 2}
    assert {uid: one.facts for uid, one in restored.studies().items()} == {uid: one.facts for uid, one in whole.items()}
    restored.ledger.close()


def test_another_identity_under_the_same_name_is_another_index(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers alone do not tell, where the new index has had more changes than the old one."""
    world.send("1.2.1")
    settled(world)
    world.ledger.write(lambda tx: tx.move_cursor("N@other", 0))
    monkeypatch.setattr(world.archive, "identity", lambda: "N@new")
    world.orthanc.empty()
    world.send("1.2.2")
    world.follower = world.another()
    settled(world)
    assert set(world.studies()) == {"1.2.2"}
    at_the_end(world)


def test_a_study_that_cannot_be_read_stops_no_other_and_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = generate_uid(), generate_uid()
    world.send(bad)
    world.send(good)
    read = CountingArchive.read_study

    def stumble(archive: CountingArchive, orthanc_id: str) -> StudyRead | None:
        found = read(archive, orthanc_id)
        if found and found.facts.study_instance_uid == bad:
            raise ValueError("nobody foresaw this")
        return found

    with monkeypatch.context() as patched:
        patched.setattr(CountingArchive, "read_study", stumble)
        settled(world)
        assert good in world.studies()
        assert bad not in world.studies()
        assert (world.cursor() or 0) < world.follower.position
    world.clock.forward(301)
    world.catch_up()
    assert bad in world.studies()
    assert world.cursor() == world.follower.position
