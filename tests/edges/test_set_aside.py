"""What is set aside, what is suspect, and which requests would have Orthanc read it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset

from gecit.core.orthanc_doors import Method
from gecit.core.set_aside import Reason, SetAside, asked_of, reads
from gecit.edges.asked_ring import SLOTS, AskedRing
from gecit.edges.orthanc_caution import MOST_ENDS, Caution
from gecit.edges.reading_note import ReadingNote
from gecit.edges.set_aside_door import SetAsideDoor
from gecit.edges.set_aside_files import SetAsideFiles
from gecit.ports import Unavailable
from tests.fakes import StillClock
from tests.support.nested import CLOSED, OPENED, file_of

STUDY, OTHER = "-".join(["0123abcd"] * 5), "-".join(["4567abcd"] * 5)
SERIES, INSTANCE, PATIENT = ("-".join([one] * 5) for one in ("aaaaaaaa", "bbbbbbbb", "cccccccc"))
UID, SERIES_UID, INSTANCE_UID = "1.2.3", "1.2.3.4", "1.2.3.4.5"
NAMES = frozenset({STUDY, SERIES, INSTANCE, PATIENT, UID, SERIES_UID, INSTANCE_UID})
DEEP = file_of(Dataset()) + OPENED * 60 + CLOSED * 60
SHALLOW = file_of(Dataset())


@pytest.mark.parametrize(
    "path",
    [
        f"/instances/{INSTANCE}/tags", f"/instances/{INSTANCE}/simplified-tags",
        f"/instances/{INSTANCE}/content/0010-0010",
        f"/instances/{INSTANCE}/header", f"/instances/{INSTANCE}/preview", f"/instances/{INSTANCE}/frames/0/raw",
        f"/series/{SERIES}/instances-tags", f"/studies/{STUDY}/shared-tags", f"/studies/{STUDY}/module",
        f"/studies/{STUDY}/archive", f"/studies/{STUDY}/media", f"/patients/{PATIENT}/archive",
        f"/studies//{STUDY}/tags",
        f"/dicom-web/studies/{UID}", f"/dicom-web/studies/{UID}/metadata", f"/dicom-web/studies/ {UID}/series",
        f"/dicom-web/studies/{UID}/series/{SERIES_UID}/instances/{INSTANCE_UID}/rendered",
        f"/dicom-web/studies/9.9/series/{SERIES_UID}/metadata", f"/dicom-web/studies/{UID}\x01/metadata",
        "/dicom-web/studies", "/dicom-web/series", "/dicom-web/instances",
    ],
)  # fmt: skip
def test_what_has_orthanc_read_a_study_that_is_set_aside_is_refused(path: str) -> None:
    assert reads("GET", path, {}, NAMES)
    assert not reads("GET", path, {}, frozenset())


@pytest.mark.parametrize("query", [{"studyUID": UID}, {"objectUID": INSTANCE_UID}, {"objectUID": "%201.2.3.4.5"}])
def test_wado_names_it_in_its_query(query: dict[str, str]) -> None:
    assert reads("GET", "/wado", query, NAMES)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", f"/studies/{STUDY}"), ("DELETE", f"/patients/{PATIENT}"), ("DELETE", f"/instances/{INSTANCE}"),
        ("GET", f"/studies/{STUDY}"), ("GET", f"/studies/{STUDY}/series"), ("GET", f"/series/{SERIES}/instances"),
        ("GET", f"/studies/{STUDY}/metadata/LastUpdate"), ("GET", f"/instances/{INSTANCE}/metadata"),
        ("GET", f"/instances/{INSTANCE}/file"), ("GET", f"/instances/{INSTANCE}/attachments/dicom/data"),
        ("GET", f"/instances/{INSTANCE}/series"), ("GET", f"/studies/{STUDY}/statistics"), ("GET", "/changes"),
        ("GET", f"/studies/{OTHER}/archive"), ("GET", "/dicom-web/studies/9.9/metadata"),
        ("POST", "/dicom-web/studies"),
        ("POST", f"/dicom-web/studies/{UID}"),
        ("GET", "/system"), ("POST", "/instances"), ("POST", "/tools/find"),
    ],
)  # fmt: skip
def test_what_its_database_answers_and_its_files_are_not_refused(method: str, path: str) -> None:
    assert not reads(method, path, {}, NAMES)


def test_neither_changes_nor_tags_asked_for_by_name_pass() -> None:
    assert reads("POST", f"/studies/{STUDY}/anonymize", {}, NAMES)
    assert reads("PUT", f"/instances/{INSTANCE}/metadata/1024", {}, NAMES)
    assert reads("GET", f"/studies/{STUDY}", {"requestedTags": "PatientComments"}, NAMES)
    assert reads("", f"/studies/{STUDY}/archive", {}, NAMES)


# The files


def one(study: str = STUDY, **more: Any) -> SetAside:
    return SetAside(study=study, reason=Reason.DEEP, at=datetime(2026, 3, 1, tzinfo=UTC), names=(study, UID), **more)


def test_every_process_sees_at_once_what_another_sets_aside(tmp_path: Path) -> None:
    mine, theirs = SetAsideFiles(tmp_path), SetAsideFiles(tmp_path)
    assert theirs.all() == {} and theirs.names() == frozenset()
    mine.put(one())
    assert theirs.all() == {STUDY: one()} and theirs.names() == {STUDY, UID}
    mine.put(one(again=True))
    assert theirs.all()[STUDY].again
    mine.remove(STUDY)
    mine.remove(STUDY)
    assert theirs.all() == {} and theirs.names() == frozenset()


def test_a_file_that_a_power_failure_emptied_keeps_its_study_aside_and_no_other(tmp_path: Path) -> None:
    files = SetAsideFiles(tmp_path)
    files.put(one())
    (tmp_path / "set-aside" / f"{STUDY}.json").write_bytes(b"")
    again = SetAsideFiles(tmp_path)
    assert again.names() == {STUDY} and again.all()[STUDY].reason is Reason.ENDED


def test_a_file_that_only_root_may_read_keeps_its_study_aside_and_refuses_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sudo gecit aside retry` leaves one: the door looks at it with each request."""
    SetAsideFiles(tmp_path).put(one())

    def refuse(path: Path) -> bytes:
        raise PermissionError(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    files = SetAsideFiles(tmp_path)
    door = SetAsideDoor(files, AskedRing(tmp_path))
    assert not door.refuses(Method.GET, f"/studies/{OTHER}/archive", {})
    assert door.refuses(Method.GET, f"/studies/{STUDY}/archive", {})


def test_only_an_orthanc_id_names_a_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no Orthanc id"):
        SetAsideFiles(tmp_path).put(one("../../x"))


def test_the_door_tells_the_log_once_a_minute(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    files = SetAsideFiles(tmp_path)
    now = [0.0]
    door = SetAsideDoor(files, AskedRing(tmp_path), lambda: now[0])
    assert not door.refuses(Method.GET, f"/studies/{STUDY}/archive", {})
    files.put(one())
    for at in (1.0, 2.0, 62.0):
        now[0] = at
        assert door.refuses(Method.GET, f"/studies/{STUDY}/archive", {})
    assert not door.refuses(Method.GET, f"/studies/{STUDY}", {})
    assert door.refuses(None, f"/studies/{STUDY}/archive", {})
    assert [STUDY in line.getMessage() for line in caplog.records] == [True, True]


# What was asked for last


@pytest.mark.parametrize(
    ("method", "path", "query", "name"),
    [
        ("GET", f"/instances/{INSTANCE}/tags", {}, f"instances/{INSTANCE}"),
        ("GET", f"/patients/{PATIENT}/archive", {}, f"patients/{PATIENT}"),
        ("POST", f"/studies/{STUDY}/anonymize", {}, f"studies/{STUDY}"),
        ("GET", f"/dicom-web/studies/{UID}/series/{SERIES_UID}/metadata", {}, f"uid/{UID}"),
        ("GET", "/wado", {"studyUID": UID, "objectUID": INSTANCE_UID}, f"uid/{INSTANCE_UID}"),
        ("GET", "/wado", {"requestType": "WADO"}, ""),
        ("GET", f"/instances/{INSTANCE}/file", {}, ""),
        ("GET", "/changes", {"since": "1"}, ""),
        ("GET", "/dicom-web/studies", {}, ""),
        ("GET", "/", {}, ""),
    ],
)
def test_a_request_names_what_it_has_orthanc_read(method: str, path: str, query: dict[str, str], name: str) -> None:
    assert asked_of(method, path, query) == name


def test_what_was_asked_for_last_outlives_the_process_and_an_orderly_end_leaves_nothing(tmp_path: Path) -> None:
    ring = AskedRing(tmp_path)
    assert ring.left == []
    for name in ("uid/1.2", "uid/1.2", "studies/x", "uid/" + "9" * 500):
        ring.note(name)
    again = AskedRing(tmp_path)
    assert again.left[::2] == ["studies/x", "uid/" + "9" * 156] and again.left[1] == "uid/1.2"
    assert AskedRing(tmp_path).left == []
    again.note("uid/1")
    again.empty()
    again.note("uid/1")
    assert AskedRing(tmp_path).left == ["uid/1"]


def test_a_full_disk_costs_the_memory_of_what_was_asked_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.posix_fallocate", lambda *_: (_ for _ in ()).throw(OSError("full")))
    AskedRing(tmp_path).note("uid/1")
    assert AskedRing(tmp_path).left == []


def test_only_the_last_names_are_kept(tmp_path: Path) -> None:
    ring = AskedRing(tmp_path)
    for number in range(SLOTS + 5):
        ring.note(f"uid/{number}")
    assert set(AskedRing(tmp_path).left) == {f"uid/{number}" for number in range(5, SLOTS + 5)}


# The note


def broken_off(folder: Path, run: str, study: str) -> None:
    """A study whose reading never ends."""
    note = ReadingNote(folder, run)
    with pytest.raises(Unavailable), note.reading(study):
        raise Unavailable
    note.close()


def test_a_note_that_outlived_orthanc_makes_its_study_suspect_until_it_is_read(tmp_path: Path) -> None:
    broken_off(tmp_path, "first", STUDY)
    note = ReadingNote(tmp_path, "second")
    assert (note.ends(STUDY), note.ends(OTHER)) == (1, 0)
    note.close()
    note = ReadingNote(tmp_path, "third")  # ended meanwhile, while nothing was read
    assert note.ends(STUDY) == 1
    note.close()
    broken_off(tmp_path, "third", STUDY)
    note = ReadingNote(tmp_path, "fourth")
    assert note.ends(STUDY) == 2
    with note.reading(STUDY):
        pass
    assert note.ends(STUDY) == 0
    note.close()
    assert ReadingNote(tmp_path, "fifth").ends(STUDY) == 0


def test_a_worker_that_ends_alone_makes_nothing_suspect(tmp_path: Path) -> None:
    broken_off(tmp_path, "first", STUDY)
    assert ReadingNote(tmp_path, "first").ends(STUDY) == 0


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": null}', '{"a": "x"}'])
def test_suspects_that_cannot_be_read_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "suspects.json").write_text(text)
    assert ReadingNote(tmp_path, "first").ends("a") == 0


# Both


class FakeOrthanc:
    """One study with the files that are given, by instance."""

    def __init__(self, **files: bytes) -> None:
        self.files, self.looked, self.now = files, [], "1.10.1"  # type: ignore[var-annotated]

    def pieces(self, instance: str) -> Iterator[bytes]:
        self.looked.append(instance)
        if instance in self.files:
            yield self.files[instance]

    def members(self, study: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = [{"ID": study, "Type": "Study", "MainDicomTags": {"StudyInstanceUID": UID}}]
        return found + [{"ID": one, "Type": "Instance", "MainDicomTags": {}} for one in self.files]

    def version(self) -> str:
        return self.now


def caution(folder: Path, run: str = "first") -> Caution:
    return Caution(SetAsideFiles(folder), ReadingNote(folder, run), StillClock())


def test_a_deep_instance_is_not_read_and_its_study_is_set_aside_until_it_is_mended(tmp_path: Path) -> None:
    orthanc, careful = FakeOrthanc(a=SHALLOW, b=DEEP), caution(tmp_path)
    with careful.reading(orthanc, STUDY) as looking:
        assert [looking.may_be_read(one, None) for one in "abb"] == [True, False, False]
    assert orthanc.looked == ["a", "b"]  # each once
    kept = SetAsideFiles(tmp_path).all()[STUDY]
    assert (kept.reason, kept.instances, kept.orthanc) == (Reason.DEEP, ("b",), "1.10.1")
    assert set(kept.names) == {STUDY, UID, "a", "b"}
    with careful.reading(orthanc, STUDY) as looking:
        pass  # not asked for this time: it is looked at all the same
    assert STUDY in SetAsideFiles(tmp_path).all()
    orthanc.files["b"] = SHALLOW
    with careful.reading(orthanc, STUDY):
        pass
    assert SetAsideFiles(tmp_path).all() == {}


def test_every_file_of_a_suspect_is_looked_at(tmp_path: Path) -> None:
    broken_off(tmp_path, "first", STUDY)
    orthanc = FakeOrthanc(a=SHALLOW, b=DEEP)
    with caution(tmp_path, "second").reading(orthanc, STUDY) as looking:
        assert looking.may_be_read("a", None) and not looking.may_be_read("b", None)
    assert SetAsideFiles(tmp_path).all()[STUDY].reason is Reason.DEEP


def test_a_suspect_in_which_nothing_is_found_is_read_and_cleared(tmp_path: Path) -> None:
    broken_off(tmp_path, "first", STUDY)
    with caution(tmp_path, "second").reading(FakeOrthanc(a=SHALLOW), STUDY) as looking:
        assert looking.may_be_read("a", None)
    assert SetAsideFiles(tmp_path).all() == {}
    assert ReadingNote(tmp_path, "third").ends(STUDY) == 0


def test_a_study_during_whose_reading_orthanc_ended_again_and_again_is_set_aside_until_another_version(
    tmp_path: Path,
) -> None:
    for run in range(MOST_ENDS):
        broken_off(tmp_path, f"run {run}".replace(" ", "-"), STUDY)
    orthanc, careful = FakeOrthanc(a=SHALLOW), caution(tmp_path, "last")
    for _ in range(2):
        with careful.reading(orthanc, STUDY) as looking:
            assert not looking.may_be_read("a", None)
        assert SetAsideFiles(tmp_path).all()[STUDY].reason is Reason.ENDED
    assert careful.to_try_again("1.10.1") == []
    assert careful.to_try_again("1.12.7") == [STUDY]
    with careful.reading(orthanc, STUDY) as looking:
        assert looking.may_be_read("a", None)
    assert SetAsideFiles(tmp_path).all() == {}


def test_it_is_tried_again_where_somebody_asks_for_it_and_forgotten_where_it_is_gone(tmp_path: Path) -> None:
    files, careful = SetAsideFiles(tmp_path), caution(tmp_path)
    files.put(one(again=True, orthanc="1.10.1"))
    assert careful.to_try_again("1.10.1") == [STUDY]
    files.put(one(orthanc="1.10.1"))
    careful.gone(STUDY)
    careful.gone(OTHER)
    assert files.all() == {}


def test_a_study_is_looked_through_without_being_read(tmp_path: Path) -> None:
    careful = caution(tmp_path)
    assert not careful.look_through(FakeOrthanc(a=SHALLOW), OTHER)
    assert careful.look_through(FakeOrthanc(a=SHALLOW, b=DEEP), STUDY)
    assert set(SetAsideFiles(tmp_path).all()) == {STUDY}
