"""The documents of a report: the real `steps.attach_report.DocumentMaker`."""

from __future__ import annotations

from collections.abc import Callable

from ..core.exam import Exam
from ..core.facts import StudyFacts
from ..core.issue import Issue, key_images
from ..core.key_images import KeyImage
from ..core.report import Document
from ..steps.attach_report import Template
from .encapsulated_pdf import encapsulate
from .key_objects import build_key_objects
from .report_pdf import build_pdf
from .report_sr import build_sr


class Documents:
    """Makes them; `institution_name` says what to print for an SKRS code.

    `picture` renders a key image as JPEG, None = it cannot be drawn; it raises `Unavailable` where it may be later.
    """

    def __init__(
        self, institution_name: Callable[[str], str], picture: Callable[[KeyImage], bytes | None] = lambda image: None
    ) -> None:
        self._institution_name = institution_name
        self._picture = picture

    def __call__(self, document: Document, exam: Exam, version: Issue, study: StudyFacts, template: Template) -> bytes:
        """Return one document of one version for one study as a DICOM file; equal arguments give equal bytes."""
        institution = self._institution_name(exam.key.institution) or exam.key.institution
        if document is Document.SR:
            return build_sr(institution, exam, version, study, template)
        if document is Document.KEY_OBJECTS:
            return build_key_objects(institution, exam, version, study, template)
        pictures = [(one, self._drawn(one, exam, study.key.node)) for one in key_images(version)]
        return encapsulate(build_pdf(version, institution, exam.order, pictures), exam, version, study, template)

    def _drawn(self, image: KeyImage, exam: Exam, node: str) -> bytes | str | None:
        """Return a key image as JPEG; the node's name where its study lies at another one, which draws it there."""
        holding = {one.facts.key.node for one in exam.studies if one.facts.study_instance_uid == image.study}
        return ", ".join(sorted(holding)) if holding and node not in holding else self._picture(image)
