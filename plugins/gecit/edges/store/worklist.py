"""The rows by which the DICOM doors find orders that wait for images, and studies by their sender."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from gecit.core.exam import Exam, Study
from gecit.core.values import to_json
from gecit.core.worklist import Entry, entry_of

from .schema import worklist
from .sql import of_exams, pages, upsert

if TYPE_CHECKING:
    from .exams import Change

_DELETE = sa.delete(worklist).where(of_exams(worklist))


def write_worklist(connection: sa.Connection, changes: Sequence[Change]) -> None:
    """Write the entries of exams whose order, reports or studies changed; what is done or cancelled leaves."""
    made = [(one, entry_of(one.after)) for one in changes]
    for page in pages(one.after.key for one, new in made if new is None and one.before and entry_of(one.before)):
        connection.execute(_DELETE, page)
    upsert(connection, worklist, [entry_row(one.after, new) for one, new in made if new is not None])


def entry_row(exam: Exam, entry: Entry) -> dict[str, Any]:
    """Return the row of an entry."""
    return {
        "institution": exam.key.institution,
        "accession": exam.key.accession,
        "performer": entry.performer,
        "scheduled_at": entry.scheduled_at,
        "modality": entry.order.modality,
        "data": to_json(entry).decode(),
    }


def sent_study_row(one: Study) -> dict[str, Any]:
    """Return the row by which a study is found for whoever sent it; of a deleted one without a sender."""
    return {
        "node": one.key.node,
        "orthanc_id": one.key.orthanc_id,
        "institution": "" if one.deleted else one.facts.institution,
        "study_date": one.facts.study_date.replace(".", ""),
    }
