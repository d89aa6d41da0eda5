"""What the DICOM doors read of the ledger: an institution's worklist, and the studies that it may see."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from gecit.core.exam import Study
from gecit.core.worklist import Entry
from gecit.ports import StudySearch, WorklistSearch

from . import rows
from .base import Transactions
from .schema import link, sent_study, study, study_identifier, worklist

_entries = msgspec.json.Decoder(Entry)


class Worklisted(Transactions):
    """Implements `ports.DicomViews`."""

    def worklist(self, search: WorklistSearch) -> list[Entry]:
        """Return open entries, earliest first."""
        with self._reading() as connection:
            return [_entries.decode(data) for data in connection.scalars(_open_entries(search))]

    def visible_studies(self, search: StudySearch) -> list[Study]:
        """Return studies that an institution sent or that one of its exams has, newest first."""
        with self._reading() as connection:
            return [rows.read_study(data) for data in connection.scalars(_visible(search))]


def _open_entries(search: WorklistSearch) -> sa.Select[str]:
    query = sa.select(worklist.c.data)
    if search.performer:
        query = query.where(worklist.c.performer == search.performer)
    if search.since:
        query = query.where(worklist.c.scheduled_at >= search.since)
    if search.until:
        query = query.where(worklist.c.scheduled_at < search.until)
    for column, value in ((worklist.c.accession, search.accession), (worklist.c.modality, search.modality)):
        if value:
            query = query.where(column == value)
    order = (worklist.c.scheduled_at, worklist.c.institution, worklist.c.accession)
    return query.order_by(*order).limit(search.limit)


def _visible(search: StudySearch) -> sa.Select[str]:
    key = sa.tuple_(study.c.node, study.c.orthanc_id)
    sent = sa.select(sent_study.c.node, sent_study.c.orthanc_id).where(sent_study.c.institution == search.institution)
    if search.first_day:
        sent = sent.where(sent_study.c.study_date >= search.first_day)
    if search.last_day:
        sent = sent.where(sent_study.c.study_date <= search.last_day)
    linked = sa.select(link.c.node, link.c.orthanc_id).where(link.c.institution == search.institution)
    query = sa.select(study.c.data).where(study.c.node == search.node, sa.not_(study.c.deleted))
    query = query.where(sa.or_(key.in_(sent), key.in_(linked)))
    if search.study_instance_uid:
        query = query.where(study.c.study_instance_uid == search.study_instance_uid)
    if search.accession:
        query = query.where(study.c.accession == search.accession)
    if search.patient_id:
        named = sa.select(study_identifier.c.node, study_identifier.c.orthanc_id)
        query = query.where(key.in_(named.where(study_identifier.c.identifier == search.patient_id)))
    return query.order_by(study.c.changed_at.desc(), study.c.orthanc_id).limit(search.limit)
