"""The key images of a report within one study: a Key Object Selection Document (PS3.3 A.35.4) by TID 2010 (PS3.16).

It names pictures of its own study only: what a version points to in another study stands in that study's document.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydicom.dataset import Dataset

from ..core.exam import Exam
from ..core.facts import StudyFacts
from ..core.issue import Issue, key_images
from ..core.key_images import KeyImage
from ..core.report import Document
from ..steps.attach_report import Template
from .report_header import as_file, code, header
from .report_sr import Coded, observers, requests, template_item

OF_INTEREST: Coded = ("113000", "DCM", "İlgili görüntüler")  # CID 7010, "Of Interest"


def build_key_objects(institution: str, exam: Exam, version: Issue, study: StudyFacts, template: Template) -> bytes:
    """Return the document of one version for one study as a DICOM file."""
    images = key_images(version, study.study_instance_uid)
    dataset = header(Document.KEY_OBJECTS, exam, version, study, template)
    dataset.Modality = "KO"
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.ReferencedRequestSequence = requests(exam, version, study)
    dataset.CurrentRequestedProcedureEvidenceSequence = [_evidence(study.study_instance_uid, images)]
    dataset.ValueType = "CONTAINER"
    dataset.ConceptNameCodeSequence = [code(*OF_INTEREST)]
    dataset.ContinuityOfContent = "SEPARATE"
    dataset.ContentTemplateSequence = [template_item("2010")]
    dataset.ContentSequence = [*observers(version.report or version.own, institution)[:2], *map(_item, images)]
    return as_file(dataset)


def _item(image: KeyImage) -> Dataset:
    """An IMAGE content item (PS3.3 C.18.4); key objects are of the picture, whatever its window."""
    item = Dataset()
    item.RelationshipType = "CONTAINS"
    item.ValueType = "IMAGE"
    item.ReferencedSOPSequence = [_instance(image, frame=image.frames > 1)]
    return item


def _evidence(study: str, images: Iterable[KeyImage]) -> Dataset:
    """Return the hierarchy of what is pointed to (PS3.3 C.17.2.1), each instance once."""
    series: dict[str, dict[str, Dataset]] = {}
    for one in images:
        series.setdefault(one.series, {})[one.instance] = _instance(one, frame=False)
    found = Dataset()
    found.StudyInstanceUID = study
    found.ReferencedSeriesSequence = [_series(uid, [*instances.values()]) for uid, instances in series.items()]
    return found


def _series(uid: str, instances: list[Dataset]) -> Dataset:
    found = Dataset()
    found.SeriesInstanceUID = uid
    found.ReferencedSOPSequence = instances
    return found


def _instance(image: KeyImage, *, frame: bool) -> Dataset:
    found = Dataset()
    found.ReferencedSOPClassUID = image.sop_class
    found.ReferencedSOPInstanceUID = image.instance
    if frame:
        found.ReferencedFrameNumber = image.frame
    return found
