"""What the citizen's pages ask of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ..core.audit_chain import AuditRow
from ..core.exam import Exam
from ..core.order import ExamKey
from ..core.patient_requests import PatientRequest
from ..core.values import Value

if TYPE_CHECKING:
    from . import Transaction

FINISHED = frozenset({"done", "failed"})


class Download(Value):
    """An exam's images on their way to a browser. Life: waiting -> running -> done | failed, and running again."""

    id: str
    node: str
    owner: str  # account
    exam: ExamKey
    asked_at: datetime
    touched_at: datetime
    state: str = "waiting"
    done: int = 0  # bytes of images that went out
    total: int = 0  # bytes of images there are


class Citizens(Protocol):
    """Own exams, who looked at them, requests and downloads."""

    def exams_of(self, tckn: str, limit: int, offset: int = 0) -> list[Exam]:
        """Return a patient's exams of every institution, the last ordered first."""
        ...

    def looks(self, patient: str, whats: Collection[str], limit: int, offset: int = 0) -> list[AuditRow]:
        """Return what was done with a patient's data, the newest first; `patient`: the audit's keyed digest."""
        ...

    def add_request(
        self, one: PatientRequest, most: int, tell: Callable[[Transaction], None] = lambda tx: None
    ) -> bool:
        """Keep a new request, unless its citizen has `most` open ones already.

        `tell` queues in the same transaction what others are to hear of it.
        """
        ...

    def request(self, number: str) -> PatientRequest | None:
        """Return a request."""
        ...

    def requests_of(self, tckn: str, limit: int) -> list[PatientRequest]:
        """Return a citizen's requests, the newest first."""
        ...

    def requests_at(self, institution: str, *, is_open: bool, limit: int, offset: int = 0) -> list[PatientRequest]:
        """Return requests at an institution ("" = at every one): open ones by their due time, others newest first."""
        ...

    def change_request(self, number: str, work: Callable[[PatientRequest], PatientRequest]) -> PatientRequest | None:
        """Carry out `work` on a request as it stands, nobody else between; None where there is none."""
        ...

    def add_download(self, one: Download) -> None:
        """Record that images are asked for."""
        ...

    def download(self, number: str) -> Download | None:
        """Return a download."""
        ...

    def downloads_of(self, owner: str, since: datetime) -> list[Download]:
        """Return somebody's downloads since an instant, the newest first."""
        ...

    def move_download(self, number: str, at: datetime, **values: str | int) -> None:
        """Record how far a download is."""
        ...

    def forget_downloads(self, before: datetime) -> None:
        """Forget what was asked for before an instant."""
        ...
