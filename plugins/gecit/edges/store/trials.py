"""What a transaction does with trial exams: counts what is left of them, and takes them out of the folded tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gecit.core.events import Event, TrialRemoved
from gecit.core.facts import StudyKey
from gecit.core.order import ExamKey
from gecit.core.trials import PREFIX, Left, Removal, is_trial_accession, is_trial_patient

from . import rows
from .schema import FOLDED, consultation, consultation_asked, duplicate_query, exam, outbox, study
from .schema import node as registered
from .sql import of_exams, pages

_OF_EXAMS = tuple(table for table in FOLDED if {"institution", "accession"} <= set(table.c.keys()))
_OF_STUDIES = tuple(table for table in FOLDED if {"node", "orthanc_id"} <= set(table.c.keys()))


class TrialTx:
    """Implements `ports.trials.TrialsKept` on one connection."""

    _connection: sa.Connection

    def append(self, event: Event) -> None:
        """Record an event; the transaction does."""
        raise NotImplementedError

    def flush(self) -> None:
        """Write what was appended."""
        raise NotImplementedError

    def prefetch(self, exams: Iterable[ExamKey]) -> None:
        """Read exams, and hold them until commit."""
        raise NotImplementedError

    def trial_left(self, skrs: str) -> Left:
        """Count what is left."""
        self.flush()
        studies = self._studies_of_run("")
        return Left(
            exams=len(self._exams_of_run(skrs, "")),
            studies=len(studies),
            held_by=", ".join(sorted({one.node for one in studies})),
            queries=len(self._queries(skrs)),
            deliveries=len(self._deliveries(skrs, "")),
        )

    def remove_trial(
        self, skrs: str, run: str, studies: Sequence[StudyKey], at: datetime, by: str, node: str
    ) -> Removal:
        """Remove a run's exams with what belongs to them, and those studies; what other nodes hold stays."""
        self.flush()
        self.prefetch(self._exams_of_run(skrs, run))
        busy = {one.accession for one in self._deliveries(skrs, run) if one.state == "leased"}
        gone = tuple(one for one in self._exams_of_run(skrs, run) if one.accession not in busy)
        of_free = sa.and_(outbox.c.institution == skrs, _of_run(outbox.c.accession, run), outbox.c.state != "leased")
        self._connection.execute(sa.delete(outbox).where(of_free, outbox.c.accession.not_in(sorted(busy))))
        others = set(self._connection.scalars(sa.select(registered.c.name))) - {node}  # a forgotten one keeps nothing
        recorded = [one for one in self._studies_of_run(run) if one.node not in others]
        known = tuple(sorted({*studies, *recorded}))
        queries = tuple(self._queries(skrs))
        if gone or known or queries:
            self.append(TrialRemoved(at=at, institution=skrs, exams=gone, studies=known, queries=queries, by=by))
        return Removal(exams=gone, studies=len(known), queries=len(queries), busy=len(busy))

    def take_out(self, event: TrialRemoved) -> None:
        """Take out of the folded tables what an event says was removed; all before it is written."""
        for page in pages(event.exams):
            mine = sa.and_(consultation.c.id == consultation_asked.c.id, of_exams(consultation))
            self._connection.execute(sa.delete(consultation_asked).where(sa.exists().where(mine)), page)
            for table in _OF_EXAMS:
                self._connection.execute(sa.delete(table).where(of_exams(table)), page)
        for key in event.studies:
            for table in _OF_STUDIES:
                of_study = sa.and_(table.c.node == key.node, table.c.orthanc_id == key.orthanc_id)
                self._connection.execute(sa.delete(table).where(of_study))
        for number in event.queries:
            self._connection.execute(sa.delete(duplicate_query).where(duplicate_query.c.id == number))

    def _exams_of_run(self, skrs: str, run: str) -> list[ExamKey]:
        query = sa.select(exam.c.accession).where(exam.c.institution == skrs, _of_run(exam.c.accession, run))
        found = self._connection.scalars(query.order_by(exam.c.accession))
        return [ExamKey(institution=skrs, accession=one) for one in found if is_trial_accession(one, run)]

    def _studies_of_run(self, run: str) -> list[StudyKey]:
        """Find them by both marks, as in Orthanc: an accession number is whatever a sender wrote."""
        found = map(
            rows.read_study, self._connection.scalars(sa.select(study.c.data).where(_of_run(study.c.accession, run)))
        )
        named = [one for one in found if is_trial_accession(one.facts.accession, run)]
        return [one.key for one in named if is_trial_patient(one.facts.patient_id)]

    def _queries(self, skrs: str) -> list[str]:
        asked = sa.select(duplicate_query.c.id, duplicate_query.c.tckn).where(duplicate_query.c.institution == skrs)
        found = self._connection.execute(asked.order_by(duplicate_query.c.id))
        return [row.id for row in found if is_trial_patient(row.tckn)]

    def _deliveries(self, skrs: str, run: str) -> Sequence[sa.Row[Any]]:
        mine = sa.and_(outbox.c.institution == skrs, _of_run(outbox.c.accession, run))
        return list(self._connection.execute(sa.select(outbox.c.accession, outbox.c.state).where(mine)))


def _of_run(column: sa.Column[str], run: str) -> sa.ColumnElement[bool]:
    return column.startswith(f"{PREFIX}{run}", autoescape=True)
