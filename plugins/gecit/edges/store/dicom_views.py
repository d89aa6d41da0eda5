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
    """Start from what narrows most: an identifier, else the days, else all that the institution may see.

    A list of pairs (`IN`) would have SQLite read every study.
    """
    query = sa.select(study.c.data).where(study.c.node == search.node, sa.not_(study.c.deleted))
    if search.study_instance_uid or search.accession or search.patient_id:
        query = _identified(query, search).where(_may_see(study, search.institution))
    elif search.first_day and search.last_day:
        days = sent_study.c.study_date.between(search.first_day, search.last_day)
        query = query.join(sent_study, _same(study, sent_study)).where(sent_study.c.node == search.node, days)
        query = query.where(_may_see(sent_study, search.institution))
    else:
        mine = _all_of(search.institution).subquery()
        query = query.join(mine, _same(study, mine))
    return query.order_by(study.c.changed_at.desc(), study.c.orthanc_id).limit(search.limit)


def _identified(query: sa.Select[str], search: StudySearch) -> sa.Select[str]:
    if search.study_instance_uid:
        query = query.where(study.c.study_instance_uid == search.study_instance_uid)
    if search.accession:
        query = query.where(study.c.accession == search.accession)
    if search.patient_id:
        named = sa.and_(_same(study, study_identifier), study_identifier.c.identifier == search.patient_id)
        query = query.join(study_identifier, named)
    return query


def _may_see(one: sa.FromClause, institution: str) -> sa.ColumnElement[bool]:
    sent = sent_study.alias()
    return sa.or_(
        sa.exists().where(_same(sent, one), sent.c.institution == institution),
        sa.exists().where(_same(link, one), link.c.institution == institution),
    )


def _all_of(institution: str) -> sa.CompoundSelect[tuple[str, str]]:
    sent = sa.select(sent_study.c.node, sent_study.c.orthanc_id).where(sent_study.c.institution == institution)
    return sent.union(sa.select(link.c.node, link.c.orthanc_id).where(link.c.institution == institution))


def _same(one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(one.c.node == other.c.node, one.c.orthanc_id == other.c.orthanc_id)
