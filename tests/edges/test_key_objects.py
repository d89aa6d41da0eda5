"""Key images as a Key Object Selection Document and in the PDF: valid, stored once, of their own study only."""

from __future__ import annotations

import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset

from gecit.core.exam import Exam
from gecit.core.issue import issue
from gecit.core.key_images import KeyImage, Window
from gecit.core.report import Document
from gecit.edges.dicom_facts import is_picture
from gecit.edges.report_documents import Documents
from gecit.steps.attach_report import documents_of, missing_attachments
from tests.support.reports import TEMPLATE, exam, facts, institution_name, version

CT, US_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.3.1"
HERE, THERE = facts("a"), facts("b")
SLICE = KeyImage(
    study=HERE.study_instance_uid, series="2.25.197", instance="2.25.197.4", sop_class=CT, series_number="2", number="4"
)
FRAMES = [
    KeyImage(
        study=HERE.study_instance_uid, series="2.25.198", instance="2.25.198.1", sop_class=US_MULTIFRAME, frames=30,
        frame=frame, series_number="3", number="1",
    )
    for frame in (7, 30)
]  # fmt: skip
ELSEWHERE = KeyImage(
    study=THERE.study_instance_uid,
    series="2.25.199",
    instance="2.25.199.1",
    sop_class=CT,
    window=Window(center=40, width=400),
)


def jpeg(image: KeyImage) -> bytes | None:
    if image is ELSEWHERE:
        return None
    out = BytesIO()
    Image.new("L", (480, 320), 10 * image.frame).save(out, "JPEG")
    return out.getvalue()


MAKE = Documents(institution_name, jpeg)


def said_by(*command: str) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def reported(*images: KeyImage, then: str = "") -> Exam:
    first = version("F", 1, key_images=images)
    return exam([first, *(version(one, number) for number, one in enumerate(then, start=2))], studies=(HERE, THERE))


def made(found: Exam, document: Document = Document.KEY_OBJECTS, number: int = 1) -> bytes:
    wanted = issue(found, number)
    assert wanted
    return MAKE(document, found, wanted, HERE, TEMPLATE)


def read(found: Exam, number: int = 1) -> Dataset:
    return dcmread(BytesIO(made(found, number=number)))


@pytest.mark.parametrize(
    "images", [[SLICE], [SLICE, *FRAMES], FRAMES], ids=["a slice", "both", "frames of one instance"]
)
def test_the_object_passes_dciodvfy(images: list[KeyImage], tmp_path: Path) -> None:
    path = tmp_path / "ko.dcm"
    path.write_bytes(made(reported(*images)))
    done = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert "KeyObjectSelectionDocument" in said
    assert "Error" not in said
    assert "not present in standard DICOM IOD" not in said


def test_dcmtk_reads_it() -> None:
    done = subprocess.run(["dsrdump", "-"], input=made(reported(SLICE)), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"<contains IMAGE:=(CT image" in done.stdout


def test_it_names_each_picture_of_its_own_study_and_no_other() -> None:
    found = read(reported(SLICE, *FRAMES, ELSEWHERE))
    images = [one.ReferencedSOPSequence[0] for one in found.ContentSequence if one.ValueType == "IMAGE"]
    assert [(one.ReferencedSOPInstanceUID, one.get("ReferencedFrameNumber")) for one in images] == [
        (SLICE.instance, None), (FRAMES[0].instance, 7), (FRAMES[0].instance, 30),
    ]  # fmt: skip
    [evidence] = found.CurrentRequestedProcedureEvidenceSequence
    named = [
        one.ReferencedSOPInstanceUID
        for series in evidence.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    ]
    assert evidence.StudyInstanceUID == HERE.study_instance_uid
    assert named == [SLICE.instance, FRAMES[0].instance]


def test_the_same_version_is_the_same_object_and_another_one_another() -> None:
    found = reported(SLICE, then="C")
    assert made(found) == made(found)
    later = exam([version("F", 1, key_images=(SLICE,)), version("C", 2, key_images=(SLICE,))], studies=(HERE, THERE))
    assert read(later, 1).SOPInstanceUID != read(later, 2).SOPInstanceUID
    assert made(later) == made(found), "what comes later changes nothing of it"


def test_it_is_planned_where_a_version_has_key_images_and_nowhere_else() -> None:
    found = reported(SLICE, then="BC")
    here, there = HERE.study_instance_uid, THERE.study_instance_uid
    assert documents_of(found, 1, here) == (Document.PDF, Document.SR, Document.KEY_OBJECTS)
    assert documents_of(found, 1, there) == (Document.PDF, Document.SR)
    assert Document.KEY_OBJECTS in documents_of(found, 2, here), "an addendum is read together with its report"
    assert Document.KEY_OBJECTS not in documents_of(found, 3, here), "the correction has none"
    planned = [one for one in missing_attachments(found) if one.document is Document.KEY_OBJECTS]
    assert [one.version for one in planned] == [1, 2]
    assert len({one.sop_instance_uid for one in planned}) == 2


def test_it_is_no_picture_and_no_evidence() -> None:
    found = read(reported(SLICE))
    assert not is_picture(str(found.SOPClassUID), str(found.Modality))


def test_the_pdf_has_the_pictures_and_says_which_could_not_be_drawn(tmp_path: Path) -> None:
    found = reported(replace(SLICE, caption="Plevral sıvı <6 mm & çizgi"), *FRAMES, ELSEWHERE)
    content = bytes(dcmread(BytesIO(made(found, Document.PDF))).EncapsulatedDocument)
    path = tmp_path / "report.pdf"
    path.write_bytes(content)
    text = said_by("pdftotext", "-layout", str(path), "-")
    assert "Anahtar görüntüler" in text
    assert "Seri 2, görüntü 4: Plevral sıvı <6 mm & çizgi" in " ".join(text.split())
    assert "Seri 2, görüntü 4" in text and "Seri 3, görüntü 1, kare 30" in text
    assert "çizilemedi" in text
    assert said_by("pdfimages", "-list", str(path)).count(" jpeg ") == 3
    assert len(content) < 200_000
    assert made(found, Document.PDF) == made(found, Document.PDF)


def test_a_report_without_key_images_prints_as_before() -> None:
    plain = exam("F", studies=(HERE, THERE))
    wanted = issue(plain, 1)
    assert wanted
    without = Documents(institution_name)(Document.PDF, plain, wanted, HERE, TEMPLATE)
    assert MAKE(Document.PDF, plain, wanted, HERE, TEMPLATE) == without


def test_a_correction_shows_its_own_key_images() -> None:
    first, second = version("F", 1, key_images=(SLICE,)), version("C", 2, key_images=(FRAMES[0],))
    found = exam([first, second], studies=(HERE,))
    later = issue(found, 2)
    assert later and later.report
    assert later.report.report.key_images == (FRAMES[0],)
    assert replace(found).reports[0].report.key_images == (SLICE,)


def test_the_pdf_says_at_which_node_a_picture_lies_that_this_one_cannot_draw(tmp_path: Path) -> None:
    found = reported(SLICE, ELSEWHERE)
    far = replace(THERE, key=replace(THERE.key, node="Ankara-2"))
    studies = tuple(replace(one, facts=far) if one.facts is THERE else one for one in found.studies)
    path = tmp_path / "report.pdf"
    path.write_bytes(dcmread(BytesIO(made(replace(found, studies=studies), Document.PDF))).EncapsulatedDocument)
    text = " ".join(said_by("pdftotext", "-layout", str(path), "-").split())
    assert "Ankara-2 düğümündeki çalışmada" in text and "çizilemedi" not in text
    assert said_by("pdfimages", "-list", str(path)).count(" jpeg ") == 1
