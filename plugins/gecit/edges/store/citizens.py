"""What the citizen's pages ask of the ledger; nothing of it is folded from events."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, cast

import msgspec
import sqlalchemy as sa

from gecit.core.audit_chain import AuditRow
from gecit.core.exam import Exam
from gecit.core.order import ExamKey
from gecit.core.patient_requests import OPEN, PatientRequest
from gecit.core.values import to_json
from gecit.ports import Transaction
from gecit.ports.citizens import Download

from . import rows
from .audit import read_row
from .base import Transactions
from .schema import account, audit, download, exam, patient_request
from .sql import upsert
from .transaction import SqlTransaction


class CitizenDesk(Transactions):
    """Implements `ports.citizens.Citizens`."""

    def exams_of(self, tckn: str, limit: int, offset: int = 0) -> list[Exam]:
        """Return a patient's exams of every institution, the last ordered first."""
        newest = (exam.c.ordered_at.desc().nulls_last(), exam.c.institution, exam.c.accession)
        query = sa.select(exam.c.data).where(exam.c.tckn == tckn, exam.c.tckn != "").order_by(*newest)
        with self._reading() as connection:
            return [rows.read_exam(data) for data in connection.scalars(query.limit(limit).offset(offset))]

    def looks(self, patient: str, whats: Collection[str], limit: int, offset: int = 0) -> list[AuditRow]:
        """Return what was done with a patient's data, the newest first; refusals and failures showed nothing."""
        mine = (audit.c.patient == patient, audit.c.outcome == "done", audit.c.what.in_(sorted(whats)))
        order = (audit.c.at.desc(), audit.c.chain, audit.c.number.desc())
        query = sa.select(audit).where(*mine).order_by(*order).limit(limit).offset(offset)
        with self._reading() as connection:
            return [read_row(row) for row in connection.execute(query)]

    # Requests

    def add_request(
        self, one: PatientRequest, most: int, tell: Callable[[Transaction], None] = lambda tx: None
    ) -> bool:
        """Keep a new request, unless its citizen has `most` open ones already; and queue what others are to hear."""
        mine = sa.select(sa.func.count()).where(patient_request.c.tckn == one.tckn, _OPEN)

        def work(found: Transaction) -> bool:
            tx = cast(SqlTransaction, found)
            # Two forms sent at once are counted one after the other: the citizen's account is the lock.
            tx.execute(sa.select(account.c.name).where(account.c.tckn == one.tckn).with_for_update())
            if (tx.execute(mine).scalar() or 0) >= most:
                return False
            tx.upsert(patient_request, [_request_row(one)])
            tell(found)
            return True

        return self.write(work)

    def request(self, number: str) -> PatientRequest | None:
        """Return a request."""
        with self._reading() as connection:
            data = connection.scalar(sa.select(patient_request.c.data).where(patient_request.c.id == number))
        return _read_request(data) if data else None

    def requests_of(self, tckn: str, limit: int) -> list[PatientRequest]:
        """Return a citizen's requests, the newest first."""
        query = sa.select(patient_request.c.data).where(patient_request.c.tckn == tckn, patient_request.c.tckn != "")
        with self._reading() as connection:
            found = connection.scalars(query.order_by(patient_request.c.asked_at.desc()).limit(limit))
            return [_read_request(data) for data in found]

    def requests_at(self, institution: str, *, is_open: bool, limit: int, offset: int = 0) -> list[PatientRequest]:
        """Return requests at an institution ("" = at every one): open ones by their due time, others newest first."""
        query = sa.select(patient_request.c.data).where(_OPEN if is_open else sa.not_(_OPEN))
        if institution:
            query = query.where(patient_request.c.institution == institution)
        order = patient_request.c.due_at if is_open else patient_request.c.asked_at.desc()
        with self._reading() as connection:
            found = connection.scalars(query.order_by(order, patient_request.c.id).limit(limit).offset(offset))
            return [_read_request(data) for data in found]

    def change_request(self, number: str, work: Callable[[PatientRequest], PatientRequest]) -> PatientRequest | None:
        """Carry out `work` on a request as it stands, nobody else between; None where there is none."""
        query = sa.select(patient_request.c.data).where(patient_request.c.id == number).with_for_update()
        with self._begin() as connection:
            data = connection.scalar(query)
            if data is None:
                return None
            changed = work(_read_request(data))
            upsert(connection, patient_request, [_request_row(changed)])
        return changed

    # Downloads

    def add_download(self, one: Download) -> None:
        """Record that images are asked for."""
        values = {k: v for k, v in msgspec.structs.asdict(one).items() if k != "exam"}
        values |= {"institution": one.exam.institution, "accession": one.exam.accession}
        with self._begin() as connection:
            upsert(connection, download, [values])

    def download(self, number: str) -> Download | None:
        """Return a download."""
        with self._reading() as connection:
            row = connection.execute(sa.select(download).where(download.c.id == number)).first()
        return _read_download(row) if row else None

    def downloads_of(self, owner: str, since: datetime) -> list[Download]:
        """Return somebody's downloads since an instant, the newest first."""
        query = sa.select(download).where(download.c.owner == owner, download.c.asked_at >= since)
        with self._reading() as connection:
            return [_read_download(row) for row in connection.execute(query.order_by(download.c.asked_at.desc()))]

    def move_download(self, number: str, at: datetime, **values: str | int) -> None:
        """Record how far a download is."""
        with self._begin() as connection:
            connection.execute(sa.update(download).where(download.c.id == number).values(touched_at=at, **values))

    def forget_downloads(self, before: datetime) -> None:
        """Forget what was asked for before an instant."""
        with self._begin() as connection:
            connection.execute(sa.delete(download).where(download.c.asked_at < before))


_OPEN = patient_request.c.state.in_(sorted(one.value for one in OPEN))


def _request_row(one: PatientRequest) -> dict[str, Any]:
    columns = ("id", "institution", "tckn", "asked_at", "due_at")
    named = {column: getattr(one, column) for column in columns}
    return {**named, "state": one.state.value, "data": to_json(one).decode()}


def _read_request(data: str) -> PatientRequest:
    return msgspec.json.decode(data, type=PatientRequest)


def _read_download(row: Any) -> Download:
    values = dict(row._mapping)
    key = ExamKey(institution=values.pop("institution"), accession=values.pop("accession"))
    return Download(exam=key, **values)
