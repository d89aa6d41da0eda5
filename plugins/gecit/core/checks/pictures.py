"""Checks of the studies: pictures, matching, dose, identifiers."""

from __future__ import annotations

from ..exam import Exam, LinkedStudy
from ..values import Text
from .answers import Answer, Context, Params, failed, no_order, passed, unknown, whole

_NO_IMAGES = Text(tr="Henüz görüntü yok; sayılacak kesit yok.", en="No images yet, so no slices to be counted.")


def has_images(exam: Exam, context: Context, params: Params) -> Answer:
    """Enough slices are linked to the exam, each frame is one; none at all may be another rule's business."""
    least, slices = whole(params, "minimum"), exam.slices
    if slices >= least:
        return passed(str(slices))
    if not slices and params["none_passes"]:
        return passed("0", _NO_IMAGES)
    if slices and exam.unsettled:
        return unknown("Görüntüler gelmeye devam ediyor.", "Images are still arriving.", found=str(slices))
    return failed(
        "Tetkike ait görüntü yok ya da eksik.",
        "The exam's images are missing or incomplete.",
        expected=f">= {least}",
        found=str(slices),
    )


def images_match_order(exam: Exam, context: Context, params: Params) -> Answer:
    """A study is linked to the order, by one of the paths of the matching rule."""
    if exam.order is None:
        return no_order()
    if exam.studies:
        return passed(_paths(exam))
    return failed(
        "İstemle eşleşen çalışma bulunamadı.",
        "No study matches the order.",
        expected=f"(0008,0050) {exam.key.accession}",
    )


def uid_unique(exam: Exam, context: Context, params: Params) -> Answer:
    """No study of the exam shares its Study Instance UID with one of another accession number."""
    others = sorted({one for one in exam.background.uid_elsewhere if one and one != exam.key.accession})
    if not others:
        return passed()
    shown = ", ".join(others)
    return failed(
        f"Aynı StudyInstanceUID başka bir erişim numarasında da var: {shown}.",
        f"The same StudyInstanceUID stands under another accession number as well: {shown}.",
        expected=f"(0008,0050) {exam.key.accession}",
        found=shown,
    )


def has_dose_report(exam: Exam, context: Context, params: Params) -> Answer:
    """A dose report (root concept 113701^DCM) is among the studies of the exam."""
    if any(one.facts.dose_reports for one in exam.studies):
        return passed(_paths(exam, with_dose=True))
    if not exam.images:
        return unknown("Görüntü gelmeden doz raporu aranmaz.", "No dose report is looked for before images arrive.")
    if exam.unsettled:
        return unknown("Görüntüler gelmeye devam ediyor.", "Images are still arriving.")
    devices = _devices(exam)
    return failed(
        f"Doz raporu (DOZ-SR) gelmedi; cihaz: {devices}.",
        f"No dose report (RDSR) arrived; device: {devices}.",
        expected="113701^DCM",
        found="0",
    )


def _paths(exam: Exam, *, with_dose: bool = False) -> str:
    studies: list[LinkedStudy] = [one for one in exam.studies if one.facts.dose_reports or not with_dose]
    return ", ".join(sorted({one.path for one in studies}))


def _devices(exam: Exam) -> str:
    """Who made the images: manufacturer, model and serial number, each device once."""
    series = (one for study in exam.studies for one in study.facts.series if one.images)
    names = {" ".join(filter(None, (one.manufacturer, one.model, one.device_serial))) for one in series}
    return "; ".join(sorted(filter(None, names))) or "?"
