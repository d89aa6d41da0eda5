"""A picture that an author points to -> a key image of the draft. Only pictures of the exam itself are taken."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from ..core.access import Person
from ..core.draft import Draft
from ..core.exam import Exam
from ..core.key_images import LEAST_WIDTH, MOST, MOST_WIDTH, KeyImage, Window, with_caption, with_image, without_image
from ..core.order import ExamKey
from ..core.orthanc_doors import is_uid
from ..core.values import Text, Value
from ..core.worklist import may_find
from ..ports import Tags, Transaction
from .pictures_of_exam import Wanted, pictures_of
from .read_exam import ReadingRefused, Why, exam_for, mine


class Pointed(Value):
    """What an author points to: by UIDs (from the viewer), or by the numbers of series and image."""

    study: str = ""
    series: str = ""
    instance: str = ""
    series_number: str = ""
    number: str = ""
    frame: int = 1
    window: Window | None = None


class ImageRefused(Exception):
    """A picture that is no key image; `text` says why, and how to mend it."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text
        self.more: tuple[Text, ...] = ()  # what else the page says


NOT_HERE = Text(
    tr="Bu tetkikin bu düğümdeki görüntüleri arasında böyle bir görüntü yok. Başka bir tetkikin, başka bir hastanın "
    "görüntüsü anahtar görüntü olamaz; seri ve görüntü numarasını görüntüleyiciden denetleyin.",
    en="There is no such picture among those of this exam on this node. A picture of another exam or patient cannot be "
    "a key image; check the numbers of series and image in the viewer.",
)
NO_PICTURE = Text(
    tr="Bu nesne bir görüntü değil (rapor, PDF ya da ölçüm). Bir görüntü seçin.",
    en="This object is no picture (a report, PDF or measurement). Choose a picture.",
)
SEVERAL = Text(
    tr="Bu seri ve görüntü numarası bu tetkikte birden çok kez var. Görüntüleyicide açıp oradan işaretleyin.",
    en="Series and image of these numbers stand more than once in this exam. Open it in the viewer and mark it there.",
)
NO_FRAME = Text(
    tr="Bu görüntüde {frames} kare var; {frame}. kare yok.",
    en="This picture has {frames} frames; there is no frame {frame}.",
)
FULL = Text(
    tr=f"Bir raporda en çok {MOST} anahtar görüntü olur. Yenisi için birini çıkarın.",
    en=f"A report has {MOST} key images at the most. Take one away for another.",
)
WINDOW = Text(
    tr="Pencere değerleri okunamadı; görüntüyü penceresiz işaretleyin.",
    en="The window cannot be read; mark the picture without it.",
)


def find_image(exam: Exam, node: str, tags: Tags, pointed: Pointed) -> KeyImage:
    """Return the picture of the exam that is pointed to; raises `ImageRefused`, and `Unavailable`.

    One answer for what is of another exam and for what does not exist: nobody learns of others by asking.
    """
    uids = (pointed.study, pointed.series, pointed.instance)
    if pointed.instance and not all(map(is_uid, uids)):
        raise ImageRefused(NOT_HERE)
    found = list(_of_exam(exam, node, tags, pointed))
    pictures = [one for one in found if one]
    if not pictures:
        raise ImageRefused(NO_PICTURE if found else NOT_HERE)
    if len(pictures) > 1:
        raise ImageRefused(SEVERAL)
    return _checked(pictures[0], pointed)


def _of_exam(exam: Exam, node: str, tags: Tags, pointed: Pointed) -> Iterator[KeyImage | None]:
    """Return what fits in the exam's studies on this node; None for each that is no picture."""
    wanted = Wanted(
        study=pointed.study,
        series=pointed.series,
        instance=pointed.instance,
        series_number=pointed.series_number,
        number=pointed.number,
    )
    for one in pictures_of(exam, node, tags, wanted):
        yield _image(one.study, one.series, {**tags.all_of(one.orthanc_id), **one.tags})


def _image(study: str, series: dict[str, str], tags: dict[str, str]) -> KeyImage | None:
    if not tags.get("Rows", "").strip():
        return None
    frames = tags.get("NumberOfFrames", "").strip()
    return KeyImage(
        study=study,
        series=series.get("SeriesInstanceUID", ""),
        instance=tags.get("SOPInstanceUID", ""),
        sop_class=tags.get("SOPClassUID", ""),
        frames=int(frames) if frames.isascii() and frames.isdigit() and int(frames) > 0 else 1,
        series_number=series.get("SeriesNumber", "").strip()[:12],
        number=tags.get("InstanceNumber", "").strip()[:12],
    )


def _checked(image: KeyImage, pointed: Pointed) -> KeyImage:
    if not 1 <= pointed.frame <= image.frames:
        said = {"frames": image.frames, "frame": pointed.frame}
        raise ImageRefused(Text(tr=NO_FRAME.tr.format(**said), en=NO_FRAME.en.format(**said)))
    window = pointed.window
    if window and not (LEAST_WIDTH <= window.width <= MOST_WIDTH and abs(window.center) <= MOST_WIDTH):
        raise ImageRefused(WINDOW)
    return msgspec.structs.replace(image, frame=pointed.frame, window=window)


def mark(tx: Transaction, key: ExamKey, person: Person, image: KeyImage, now: datetime) -> Draft:
    """Add a key image to the draft of whoever has the exam; raises `ReadingRefused` and `ImageRefused`."""
    exam = exam_for(tx, key, person)
    own = (one.facts for one in exam.studies if may_find(one.facts, exam.key.institution))
    if image.study not in {one.study_instance_uid for one in own}:
        raise ImageRefused(NOT_HERE)
    draft = _draft(tx, exam, person)
    found = with_image(draft.key_images, image)
    if len(found) > MOST:
        raise ImageRefused(FULL)
    return _keep(tx, draft, found, now)


def unmark(tx: Transaction, key: ExamKey, person: Person, instance: str, frame: int, now: datetime) -> Draft:
    """Take a key image away."""
    draft = _draft(tx, exam_for(tx, key, person), person)
    return _keep(tx, draft, without_image(draft.key_images, instance, frame), now)


def caption(
    tx: Transaction, key: ExamKey, person: Person, instance: str, frame: int, text: str, now: datetime
) -> Draft:
    """Say something of a key image; "" takes it back."""
    draft = _draft(tx, exam_for(tx, key, person), person)
    return _keep(tx, draft, with_caption(draft.key_images, instance, frame, text), now)


def _draft(tx: Transaction, exam: Exam, person: Person) -> Draft:
    mine(exam, person)
    draft = tx.draft(exam.key, person.name)
    if draft is None:
        raise ReadingRefused(Why.NO_DRAFT)
    return draft


def _keep(tx: Transaction, draft: Draft, images: tuple[KeyImage, ...], now: datetime) -> Draft:
    """Keep them beside the text; its revision stays, since a page that saves its text knows nothing of them."""
    kept = msgspec.structs.replace(draft, key_images=images, saved_at=now)
    tx.save_draft(kept)
    return kept
