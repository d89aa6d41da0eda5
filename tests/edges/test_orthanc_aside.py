"""A real Orthanc, asked with caution: a deep file is not read, whatever it was sent by, and others are read as ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from pydicom import Dataset
from pydicom.uid import generate_uid

from gecit.core.set_aside import Reason
from gecit.edges.orthanc_caution import Caution
from gecit.edges.orthanc_http import OrthancArchive
from gecit.edges.orthanc_raw import OrthancRaw
from gecit.edges.reading_note import ReadingNote
from gecit.edges.set_aside_files import SetAsideFiles
from tests.fakes import StillClock
from tests.support.bare import BareOrthanc
from tests.support.nested import CLOSED, OPENED, file_of

from .test_orthanc_http import ct, encoded

pytestmark = pytest.mark.system
LEVELS = {"Patient": "patients", "Study": "studies", "Series": "series", "Instance": "instances"}


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[BareOrthanc]:
    running = BareOrthanc(tmp_path)
    try:
        yield running.start()
    finally:
        running.stop()


def deep(folder: Path) -> Path:
    made = Dataset()
    made.StudyInstanceUID, made.SeriesInstanceUID, made.PatientID, made.Modality = (
        generate_uid(), generate_uid(), "10000000146", "SR"
    )  # fmt: skip
    path = folder / "deep.dcm"
    path.write_bytes(file_of(made) + OPENED * 100 + CLOSED * 100)
    return path


def test_a_deep_file_is_not_read_and_others_give_the_same_facts_as_ever(orthanc: BareOrthanc, tmp_path: Path) -> None:
    orthanc.rest(encoded(ct()))
    assert orthanc.store(deep(tmp_path)) == 0
    files = SetAsideFiles(tmp_path)
    careful = OrthancArchive(
        orthanc.url, caution=Caution(files, ReadingNote(tmp_path / "run", "first"), StillClock())
    )  # fmt: skip
    found = [one.facts for study in careful.study_ids() if (one := careful.read_study(study))]
    assert orthanc.process and orthanc.process.poll() is None
    [aside], [ordinary] = ([one for one in found if bool(one.aside) is wanted] for wanted in (True, False))
    assert aside.aside == Reason.DEEP and aside.patient_id == "10000000146" and len(aside.series) == 1
    assert set(files.all()) == {aside.key.orthanc_id} and files.all()[aside.key.orthanc_id].orthanc
    plain = OrthancArchive(orthanc.url).read_study(ordinary.key.orthanc_id)
    assert plain and plain.facts == ordinary
    assert careful.remove_study(aside.key.orthanc_id) and careful.read_study(aside.key.orthanc_id) is None
    assert files.all() == {}


def test_every_name_of_a_study_leads_to_it(orthanc: BareOrthanc) -> None:
    raw = OrthancRaw(orthanc.url)
    orthanc.rest(encoded(ct()))
    [study] = orthanc.studies()
    members = raw.members(study)
    by_type = {one["Type"]: one for one in members}
    names = [f"{LEVELS[one['Type']]}/{one['ID']}" for one in members]
    names += [f"uid/{by_type['Instance']['MainDicomTags']['SOPInstanceUID']}"]
    names += [f"uid/{by_type['Study']['MainDicomTags']['StudyInstanceUID']}"]
    assert len(names) == 6 and [raw.studies_of(one) for one in names] == [[study]] * 6
    gone = "-".join(["0123abcd"] * 5)
    for name in (
        f"instances/{gone}",
        f"patients/{gone}",
        f"studies/{gone}",
        f"series/{gone}",
        "uid/9.9",
        "uid/",
        "x",
        "",
    ):
        assert raw.studies_of(name) == [], name
    assert raw.is_there(study) and not raw.is_there(gone)
    assert list(raw.pieces(gone)) == [] and raw.members(gone) == []
    assert raw.version() == requests.get(f"{orthanc.url}/system", timeout=20).json()["Version"]
