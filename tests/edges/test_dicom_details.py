"""What the headers of a series say of its pictures: side, view, spacing, in every form that devices write."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gecit.core.exam import Exam
from gecit.core.facts import SeriesDetails, SeriesFacts
from gecit.core.values import to_json
from gecit.edges.dicom_details import rows_of, series_details, wanted_of_each
from gecit.edges.dicom_facts import SeriesRead, series_facts

SHARED = {"SharedFunctionalGroupsSequence": [{"PixelMeasuresSequence": [{"PixelSpacing": "0.4\\0.4"}]}]}
FRAMES = {
    "PerFrameFunctionalGroupsSequence": [
        {"PixelMeasuresSequence": [{"PixelSpacing": "0.7\\0.7"}], "FrameAnatomySequence": [{"FrameLaterality": "L"}]},
        {"PixelMeasuresSequence": [{"PixelSpacing": "0\\0"}]},
    ]
}


def read(*each: dict[str, Any]) -> SeriesDetails:
    found = series_details(each)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("tags", "sides"),
    [
        ({"ImageLaterality": "R"}, ("R",)),
        ({"Laterality": "l "}, ("L",)),
        ({"ImageLaterality": "R", "Laterality": "L"}, ("R",)),
        ({"ImageLaterality": "", "Laterality": "L"}, ("L",)),
        ({"ImageLaterality": "U"}, ("U",)),
        (FRAMES, ("L",)),
        ({"SOPClassUID": "1.2"}, ("",)),
        ({"ImageLaterality": ["R"]}, ("",)),
    ],
)
def test_the_side_is_that_of_the_image_else_of_the_series(tags: dict[str, Any], sides: tuple[str, ...]) -> None:
    assert read(tags).lateralities == sides


def test_sides_and_views_of_every_instance_are_kept_each_once() -> None:
    found = read(
        {"ImageLaterality": "R", "ViewPosition": "CC"},
        {"ImageLaterality": "L", "ViewPosition": "MLO"},
        {"ImageLaterality": "L", "ViewCodeSequence": [{"CodeMeaning": "cranio-caudal"}]},
        {"ImageLaterality": "R"},
    )
    assert (found.looked_at, found.lateralities) == (4, ("L", "R"))
    assert found.views == ("", "CC", "CRANIO-CAUDAL", "MLO")


def test_spacing_stands_at_the_top_or_in_the_functional_groups() -> None:
    assert read({"PixelSpacing": "0.5\\0.6", **SHARED}).pixel_spacing == "0.5\\0.6"
    assert (read(SHARED).pixel_spacing, read(FRAMES).pixel_spacing) == ("0.4\\0.4", "0.7\\0.7")
    assert read({"ImagerPixelSpacing": "0.1\\0.1"}).imager_pixel_spacing == "0.1\\0.1"


def test_an_instance_that_could_not_be_read_says_nothing_and_none_at_all_is_not_read() -> None:
    assert (series_details([]), series_details([{}, {}])) == (None, None)
    assert read({}, {"ImageLaterality": "R"}).lateralities == ("R",)


def test_a_series_without_pictures_has_no_details_and_an_older_record_reads_as_not_read() -> None:
    series = {"Instances": ["i"], "MainDicomTags": {"SeriesInstanceUID": "1", "Modality": "SR"}}
    assert series_facts(SeriesRead(series, {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.67"})).details is None
    older = b'{"series_instance_uid":"1","modality":"CT","instances":1,"images":1}'
    assert msgspec.json.decode(older, type=SeriesFacts).details is None
    assert b"details" not in to_json(msgspec.json.decode(older, type=SeriesFacts))
    exam = msgspec.json.decode(b'{"key":{"institution":"1","accession":"A"}}', type=Exam)
    assert (exam.rated, exam.hints) == ((), ())


def test_orthancs_answer_for_a_series_is_read_in_the_order_that_was_asked() -> None:
    answer = {"b": {"Laterality": "L"}, "a": {"Laterality": "R"}, "c": "odd"}
    assert list(rows_of(answer, ["a", "b", "c", "gone"])) == [{"Laterality": "R"}, {"Laterality": "L"}, {}, {}]
    assert list(rows_of("odd", ["a"])) == [{}]
    assert (wanted_of_each("mg "), wanted_of_each("CT")) == (True, False)


NAMES = [*SHARED, *FRAMES, "PixelMeasuresSequence", "PixelSpacing", "Laterality", "ViewCodeSequence"]
JSON = st.recursive(
    st.none() | st.text(max_size=5),
    lambda one: st.lists(one, max_size=2) | st.dictionaries(st.sampled_from(NAMES), one, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_whatever_stands_there_is_read_or_left_out(tags: dict[str, Any]) -> None:
    found = series_details([tags])
    assert found is None or msgspec.json.decode(to_json(found), type=SeriesDetails) == found
