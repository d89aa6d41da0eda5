"""The same images at two nodes, or twice in one index, are the same images."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gecit.core.exam import Exam
from gecit.core.facts import DoseReport, DoseValue, SeriesFacts, StudyFacts, StudyKey
from tests import builders
from tests.core.test_checks import a_ct

FIVE = SeriesFacts(series_instance_uid="1.2.3.1", modality="MR", instances=5, images=5)
DOSE = DoseReport(sop_instance_uid="9", values=(DoseValue(code="113813", name="DLP", value=500.0, unit="mGy.cm"),))


def at(node: str, *series: SeriesFacts, uid: str = "1.2.3", orthanc_id: str = "o1") -> StudyFacts:
    key = StudyKey(node=node, orthanc_id=orthanc_id)
    return builders.facts("MR", key=key, study_instance_uid=uid, series=series, dose_reports=(DOSE,))


def exam(*studies: StudyFacts) -> Exam:
    return replace(a_ct(), studies=tuple(builders.linked(one) for one in studies))


@pytest.mark.parametrize(
    "copy", [at("B", FIVE), at("A", FIVE, orthanc_id="o2")], ids=["at another node", "under another patient number"]
)
def test_copies_of_a_study_count_once(copy: StudyFacts) -> None:
    both = exam(at("A", FIVE), copy)
    assert (both.images, both.slices, both.series, both.dose_reports) == (5, 5, (FIVE,), (DOSE,))


@pytest.mark.parametrize("turned", [False, True])
def test_of_copies_that_differ_the_fuller_counts(turned: bool) -> None:
    broken_off = replace(FIVE, instances=2, images=2)
    studies = [at("A", broken_off), at("B", FIVE)]
    assert exam(*(reversed(studies) if turned else studies)).images == 5


def test_an_enhanced_copy_with_fewer_files_and_more_slices_is_the_fuller() -> None:
    enhanced = replace(FIVE, instances=1, images=1, frames=40)
    assert exam(at("A", FIVE), at("B", enhanced)).slices == 40


def test_what_is_another_series_or_another_study_counts_as_well() -> None:
    other = replace(FIVE, series_instance_uid="1.2.3.2")
    assert exam(at("A", FIVE), at("B", other)).images == 10
    assert exam(at("A", FIVE), at("B", FIVE, uid="1.2.4")).images == 10
