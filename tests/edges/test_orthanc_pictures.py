"""Key images as a real Orthanc draws them, and what is said where it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pytest
import requests
from msgspec.structs import replace
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file

from gecit.core.key_images import KeyImage, Window
from gecit.edges.orthanc_pictures import LARGEST, OrthancPictures
from gecit.edges.report_pictures import SIDE
from gecit.ports import Unavailable
from tests.support.bare import BareOrthanc

FILES = {
    "MR": "MR_small.dcm",
    "JPEG 2000": "examples_jpeg2k.dcm",
    "RLE": "MR_small_RLE.dcm",
    "frames": "SC_rgb_rle_2frame.dcm",
}
IMAGES: dict[str, KeyImage] = {}

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareOrthanc]:
    made = BareOrthanc(tmp_path_factory.mktemp("bare")).start()
    try:
        for kind, name in FILES.items():
            dataset = dcmread(get_testdata_file(name))
            base = f"2.25.{4717_0000 + sum(kind.encode())}"
            dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID = (
                base,
                f"{base}.1",
                f"{base}.1.1",
            )
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            out = BytesIO()
            dataset.save_as(out, enforce_file_format=True)
            assert requests.post(f"{made.url}/instances", data=out.getvalue(), timeout=20).ok
            IMAGES[kind] = KeyImage(
                study=base, series=f"{base}.1", instance=f"{base}.1.1", sop_class=str(dataset.SOPClassUID)
            )
        yield made
    finally:
        made.stop()


def draw(orthanc: BareOrthanc, image: KeyImage) -> bytes | None:
    return OrthancPictures(orthanc.url, "")(image)


@pytest.mark.parametrize("kind", ["MR", "RLE", "frames"])
def test_a_picture_is_a_jpeg_of_a_bounded_size(orthanc: BareOrthanc, kind: str) -> None:
    found = draw(orthanc, IMAGES[kind])
    assert found and len(found) < LARGEST
    picture = Image.open(BytesIO(found))
    assert picture.format == "JPEG"
    assert max(picture.size) <= SIDE
    assert draw(orthanc, IMAGES[kind]) == found, "the same bytes each time"


def test_its_window_and_its_frame_make_another_picture(orthanc: BareOrthanc) -> None:
    plain, narrow = IMAGES["MR"], replace(IMAGES["MR"], window=Window(center=600.5, width=100))
    assert draw(orthanc, narrow) not in (None, draw(orthanc, plain))
    second = replace(IMAGES["frames"], frame=2, frames=2)
    assert draw(orthanc, second) not in (None, draw(orthanc, IMAGES["frames"]))


def test_who_does_not_answer_is_asked_later_and_what_cannot_be_drawn_is_none(orthanc: BareOrthanc) -> None:
    assert draw(orthanc, replace(IMAGES["MR"], instance="2.25.404")) is None
    assert draw(orthanc, replace(IMAGES["MR"], frame=7)) is None
    assert draw(orthanc, IMAGES["JPEG 2000"]) is None
    with pytest.raises(Unavailable):
        OrthancPictures("http://127.0.0.1:9", "", timeout=1.0)(IMAGES["MR"])


def test_a_browser_s_own_list_of_kinds_is_refused(orthanc: BareOrthanc) -> None:
    """Why pages draw by a script: a plain <img> sends this, and Orthanc 1.10.1 reads no list of kinds."""
    address = f"{orthanc.url}/dicom-web/{IMAGES['MR'].rendered}"
    kinds = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
    assert requests.get(address, headers={"Accept": kinds}, timeout=20).status_code == 400
    assert requests.get(address, headers={"Accept": "image/jpeg"}, timeout=20).status_code == 200
