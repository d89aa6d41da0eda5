"""What may be a key image: a picture of the exam itself; and what becomes of it when the report is signed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from gecit.core.consulting import ConsultationRefused
from gecit.core.events import StudyLinked
from gecit.core.exam import Exam
from gecit.core.key_images import MOST, KeyImage, Window
from gecit.core.reading import Act
from gecit.edges.store import SqlLedger
from gecit.steps import mark_image
from gecit.steps.mark_image import ImageRefused, Pointed, find_image
from gecit.steps.point_images import Pointer
from gecit.steps.read_exam import ReadingRefused, Why
from tests.support.archive import CT, FOREIGN, OWN, FakeTags
from tests.support.flow import START, key, study
from tests.support.reading import AYSE, BORA, NOW, sign, take, wait_for_reader, write

IMAGE = KeyImage(study=OWN, series=f"{OWN}.2", instance=f"{OWN}.2.2", sop_class=CT, series_number="2", number="2")
UIDS = Pointed(study=OWN, series=f"{OWN}.2", instance=f"{OWN}.2.2")


@pytest.fixture(autouse=True)
def waiting(ledger: SqlLedger) -> None:
    """On both engines: an exam that waits, with one study more that has real UIDs."""
    wait_for_reader(ledger)
    facts = replace(study("own"), study_instance_uid=OWN)
    ledger.write(lambda tx: tx.append(StudyLinked(at=START, exam=key(), facts=facts, path="accession")))


def exam_of(ledger: SqlLedger) -> Exam:
    found = ledger.read(lambda tx: tx.exam(key()))
    assert found
    return found


def find(ledger: SqlLedger, pointed: Pointed) -> KeyImage:
    return find_image(exam_of(ledger), "N", FakeTags(), pointed)


def marked(ledger: SqlLedger, image: KeyImage = IMAGE) -> tuple[KeyImage, ...]:
    return ledger.write(lambda tx: mark_image.mark(tx, key(), AYSE, image, NOW)).key_images


def test_a_picture_is_found_by_its_uids_and_by_its_numbers(ledger: SqlLedger) -> None:
    assert find(ledger, UIDS) == IMAGE
    assert find(ledger, Pointed(series_number="2", number="02")) == IMAGE
    window = Window(center=40, width=400)
    assert find(ledger, replace(UIDS, window=window)) == replace(IMAGE, window=window)
    assert find(ledger, Pointed(series_number="3", number="1", frame=30)).name == "3/1#30"


@pytest.mark.parametrize(
    ("pointed", "why"),
    [
        (Pointed(study=FOREIGN, series=f"{FOREIGN}.2", instance=f"{FOREIGN}.2.1"), mark_image.NOT_HERE),
        (replace(UIDS, instance=f"{FOREIGN}.2.1"), mark_image.NOT_HERE),
        (replace(UIDS, instance=f"{OWN}.2.99"), mark_image.NOT_HERE),
        (replace(UIDS, series=f"{OWN}.3"), mark_image.NOT_HERE),
        (replace(UIDS, study="../../instances"), mark_image.NOT_HERE),
        (Pointed(series_number="2", number="99"), mark_image.NOT_HERE),
        (Pointed(), mark_image.NOT_HERE),
        (Pointed(study=OWN, series=f"{OWN}.9000", instance=f"{OWN}.9000.1"), mark_image.NO_PICTURE),
        (Pointed(series_number="4", number="1"), mark_image.SEVERAL),
        (replace(UIDS, window=Window(center=0, width=0)), mark_image.WINDOW),
        (replace(UIDS, window=Window(center=float("nan"), width=400)), mark_image.WINDOW),
    ],
)
def test_what_is_no_picture_of_this_exam_is_refused(ledger: SqlLedger, pointed: Pointed, why: object) -> None:
    with pytest.raises(ImageRefused) as refused:
        find(ledger, pointed)
    assert refused.value.text == why


def test_no_picture_is_taken_of_a_study_that_only_the_order_names(ledger: SqlLedger) -> None:
    """Another hospital sent it; drawn into a report it would pass every door to images."""
    take(ledger, AYSE)
    write(ledger, AYSE)
    theirs = replace(study("own"), study_instance_uid=OWN, institution="910099")
    ledger.write(lambda tx: tx.append(StudyLinked(at=START, exam=key(), facts=theirs, path="accession")))
    for pointed in (UIDS, Pointed(series_number="2", number="2")):
        with pytest.raises(ImageRefused) as refused:
            find(ledger, pointed)
        assert refused.value.text == mark_image.NOT_HERE
    with pytest.raises(ImageRefused):
        marked(ledger)
    with pytest.raises(ConsultationRefused):
        Pointer(FakeTags(), "N").one_of(exam_of(ledger), "2/2")


@pytest.mark.parametrize("frame", [0, -1, 2, 31])
def test_a_frame_that_the_picture_has_not_is_refused(ledger: SqlLedger, frame: int) -> None:
    with pytest.raises(ImageRefused, match="frame"):
        find(ledger, replace(UIDS, frame=frame))


def test_only_who_has_the_exam_marks(ledger: SqlLedger) -> None:
    take(ledger, AYSE)
    write(ledger, AYSE)
    with pytest.raises(ReadingRefused) as refused:
        ledger.write(lambda tx: mark_image.mark(tx, key(), BORA, IMAGE, NOW))
    assert refused.value.why is Why.NOT_YOURS
    with pytest.raises(ImageRefused):  # whoever comes by another way than the page
        marked(ledger, replace(IMAGE, study=FOREIGN))


def test_marking_and_writing_leave_each_other_alone(ledger: SqlLedger) -> None:
    take(ledger, AYSE)
    write(ledger, AYSE)
    before = ledger.read(lambda tx: tx.draft(key(), AYSE.name))
    assert marked(ledger) == (IMAGE,)
    after = ledger.read(lambda tx: tx.draft(key(), AYSE.name))
    assert before and after
    assert (after.revision, after.parts) == (before.revision, before.parts), "an open page may go on saving"
    assert write(ledger, AYSE).key_images == (IMAGE,)
    assert marked(ledger, replace(IMAGE, window=Window(center=40, width=400)))[0].window, "the newest window counts"
    gone = ledger.write(lambda tx: mark_image.unmark(tx, key(), AYSE, IMAGE.instance, 1, NOW))
    assert gone.key_images == ()


def test_more_than_a_report_may_have_is_refused(ledger: SqlLedger) -> None:
    take(ledger, AYSE)
    write(ledger, AYSE)
    for number in range(MOST):
        marked(ledger, replace(IMAGE, instance=f"{OWN}.2.{number}"))
    with pytest.raises(ImageRefused, match=str(MOST)):
        marked(ledger, replace(IMAGE, instance=f"{OWN}.2.77"))


def test_the_key_images_of_a_signed_version_never_change(ledger: SqlLedger) -> None:
    take(ledger, AYSE)
    write(ledger, AYSE)
    marked(ledger)
    assert sign(ledger, AYSE) == 1
    [first] = exam_of(ledger).reports
    assert first.report.key_images == (IMAGE,)
    with pytest.raises(ReadingRefused):
        ledger.write(lambda tx: mark_image.unmark(tx, key(), AYSE, IMAGE.instance, 1, NOW))
    later = NOW + timedelta(minutes=5)
    take(ledger, AYSE, act=Act.CORRECT, at=later)
    draft = write(ledger, AYSE, findings="Düzeltme: " + "sol alt lobda 6 mm nodül izlendi. " * 4, at=later)
    assert draft.key_images == ()  # this door saved a draft of its own; the page begins with those of the version
    marked(ledger, replace(IMAGE, instance=f"{OWN}.2.3"))
    sign(ledger, AYSE, at=later)
    assert [one.report.key_images[0].instance for one in exam_of(ledger).reports] == [IMAGE.instance, f"{OWN}.2.3"]
