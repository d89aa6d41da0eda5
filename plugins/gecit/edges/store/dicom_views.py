"""What the DICOM doors read of the ledger: an institution's worklist, and the studies that it may see."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from gecit.core.exam import Study
from gecit.core.worklist import UID_ROOT, Entry
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
        """Return studies that an institution sent, and those of its exams that it may be shown, newest first."""
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
    if search.study_instance_uids or search.accession or search.patient_id:
        query = _identified(query, search)
    elif search.first_day or search.last_day:
        query = _on_days(query, search)
    if not (search.study_instance_uids or search.accession or search.patient_id or search.first_day):
        mine = all_of(search.institution).subquery()
        query = query.join(mine, same_study(study, mine))
    query = query.where(may_see(search.institution))
    return query.order_by(study.c.changed_at.desc(), study.c.orthanc_id).limit(search.limit)


def _on_days(query: sa.Select[str], search: StudySearch) -> sa.Select[str]:
    day = sent_study.c.study_date
    query = query.join(sent_study, same_study(study, sent_study)).where(sent_study.c.node == search.node)
    if search.first_day:
        query = query.where(day >= search.first_day)
    return query.where(day <= search.last_day) if search.last_day else query


def _identified(query: sa.Select[str], search: StudySearch) -> sa.Select[str]:
    if search.study_instance_uids:
        query = query.where(study.c.study_instance_uid.in_(search.study_instance_uids))
    if search.accession:
        query = query.where(study.c.accession == search.accession)
    if search.patient_id:
        named = sa.and_(same_study(study, study_identifier), study_identifier.c.identifier == search.patient_id)
        query = query.join(study_identifier, named)
    return query


def may_see(institution: str) -> sa.ColumnElement[bool]:
    """Say that the institution sent the study, or has it by an exam, of a sender who is unknown or may have said so."""
    sent = sent_study.alias()
    linked = sa.exists().where(same_study(link, study), link.c.institution == institution)
    may = sa.or_(sent.c.institution == "", study.c.study_instance_uid.startswith(UID_ROOT))
    of = sa.or_(sent.c.institution == institution, sa.and_(linked, may))
    return sa.exists().where(same_study(sent, study), of)


def all_of(institution: str) -> sa.CompoundSelect[tuple[str, str]]:
    """Return the keys of what an institution sent and of what its exams have."""
    sent = sa.select(sent_study.c.node, sent_study.c.orthanc_id).where(sent_study.c.institution == institution)
    return sent.union(sa.select(link.c.node, link.c.orthanc_id).where(link.c.institution == institution))


def same_study(one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    """Say that rows of two tables are of one study."""
    return sa.and_(one.c.node == other.c.node, one.c.orthanc_id == other.c.orthanc_id)
