"""What the doors to images ask of the ledger: whose a study is, and which studies a person may find."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from gecit.core.belonging import Belonging, Tie, belonging
from gecit.core.exam import Study
from gecit.core.facts import StudyKey
from gecit.core.order import ExamKey
from gecit.ports import ImageSearch, OwnedStudy

from . import rows
from .base import Transactions
from .dicom_views import all_of, may_see, same_study
from .schema import exam, link, sent_study, study, study_identifier
from .sql import PAGE, among, one_of


class StudyDoored(Transactions):
    """Implements `ports.StudyDoors`."""

    def belongings(self, node: str, study_instance_uid: str) -> list[Belonging]:
        """Return whose each study is that stands under a UID on a node."""
        mine = sa.and_(study.c.study_instance_uid == study_instance_uid, study.c.node == node)
        with self._reading() as connection:
            return [one.whose for one in _owned(connection, sa.select(study.c.data).where(mine, _STANDS))]

    def reachable_studies(self, search: ImageSearch) -> list[OwnedStudy]:
        """Return studies that may be within a reach, the last changed first; the asker looks closer."""
        query = sa.select(study.c.data).where(study.c.node == search.node, _STANDS)
        query = _narrowed(query, search)
        if not search.reach.everything:
            query = _within(query, search)
        ordered = query.order_by(study.c.changed_at.desc(), study.c.orthanc_id).limit(search.limit)
        with self._reading() as connection:
            return _owned(connection, ordered)


_STANDS = sa.not_(study.c.deleted)
_OF_EXAM = sa.and_(link.c.institution == exam.c.institution, link.c.accession == exam.c.accession)


def _identified(search: ImageSearch) -> bool:
    return bool(search.study_instance_uids or search.accession or search.patient_id)


def _narrows(search: ImageSearch) -> bool:
    return _identified(search) or bool(search.first_day)  # a last day alone leaves all that is older


def _narrowed(query: sa.Select[str], search: ImageSearch) -> sa.Select[str]:
    """Start from what narrows most; the days only where no identifier does."""
    if search.study_instance_uids:
        query = query.where(study.c.study_instance_uid.in_(search.study_instance_uids))
    if search.accession:
        query = query.where(study.c.accession == search.accession)
    if search.patient_id:
        named = sa.and_(same_study(study, study_identifier), study_identifier.c.identifier == search.patient_id)
        query = query.join(study_identifier, named)
    if _identified(search):
        return query
    if search.first_day or search.last_day:
        query = query.join(sent_study, same_study(study, sent_study)).where(sent_study.c.node == search.node)
    if search.first_day:
        query = query.where(sent_study.c.study_date >= search.first_day)
    return query.where(sent_study.c.study_date <= search.last_day) if search.last_day else query


def _within(query: sa.Select[str], search: ImageSearch) -> sa.Select[str]:
    """Keep what is of the institution or of the patient; where nothing else narrows, start from that."""
    reach = search.reach
    ways: list[sa.ColumnElement[bool]] = [sa.false()]
    keys: list[sa.SelectBase] = []
    for skrs in filter(None, (reach.institution, *reach.granted)):
        ways.append(may_see(skrs))
        keys.append(all_of(skrs))
    named = [_of_patients(reach.patients)] if reach.patients else []
    for one in (*named, *(_of_exams(which) for which in one_of(link, reach.disclosed))):
        ways.append(sa.tuple_(study.c.node, study.c.orthanc_id).in_(one))
        keys.append(one)
    if keys and not _narrows(search):
        mine = sa.union(*(one.subquery().select() for one in keys)).subquery()
        query = query.join(mine, same_study(study, mine))
    return query.where(sa.or_(*ways))


def _of_patients(tckns: Sequence[str]) -> sa.CompoundSelect[tuple[str, str]]:
    named = sa.select(study_identifier.c.node, study_identifier.c.orthanc_id)
    linked = sa.select(link.c.node, link.c.orthanc_id).select_from(exam.join(link, _OF_EXAM))
    return named.where(among(study_identifier.c.identifier, tckns)).union(linked.where(among(exam.c.tckn, tckns)))


def _of_exams(which: sa.ColumnElement[bool]) -> sa.Select[tuple[str, str]]:
    return sa.select(link.c.node, link.c.orthanc_id).where(which)


def _owned(connection: sa.Connection, query: sa.Select[str]) -> list[OwnedStudy]:
    found = [rows.read_study(data) for data in connection.scalars(query)]
    ties = _ties(connection, found)
    return [OwnedStudy(study=one, whose=belonging(one, ties.get(one.facts.key, ()))) for one in found]


def _ties(connection: sa.Connection, studies: Sequence[Study]) -> dict[StudyKey, list[Tie]]:
    """Return the exams that studies are linked to."""
    found: dict[StudyKey, list[Tie]] = {}
    query = sa.select(link.c.node, link.c.orthanc_id, link.c.institution, link.c.accession, exam.c.tckn).join(
        exam, _OF_EXAM
    )
    for node, ids in _pages(studies):
        mine = query.where(link.c.node == node, link.c.orthanc_id.in_(ids))
        for row in connection.execute(mine):
            key = StudyKey(node=row.node, orthanc_id=row.orthanc_id)
            tied = ExamKey(institution=row.institution, accession=row.accession)
            found.setdefault(key, []).append(Tie(exam=tied, tckn=row.tckn))
    return found


def _pages(studies: Sequence[Study]) -> Iterable[tuple[str, list[str]]]:
    keys = [one.facts.key for one in studies]
    for node in sorted({one.node for one in keys}):
        ids = [one.orthanc_id for one in keys if one.node == node]
        for start in range(0, len(ids), PAGE):
            yield node, ids[start : start + PAGE]
