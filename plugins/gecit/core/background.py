"""What the judge looks up beside an exam: earlier exams of the patient, duplicate queries, the institution's kind.

It is recorded as an event before the verdict, so that the exam's own events are enough to reproduce any old verdict.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from .values import Value


class EarlierExam(Value):
    """An exam that a duplicate query can find: one procedure of it. Cancelled exams are none."""

    institution: str  # SKRS code
    accession: str
    sut: str
    description: str = ""  # of the procedure
    institution_name: str = ""
    ordered_at: datetime | None = None
    scheduled_at: datetime | None = None
    performed_at: datetime | None = None  # of the first linked study
    images: bool = False
    report: bool = False
    source: str = "ledger"  # ledger | the name of an upstream service
    reference: str = ""  # OrderId of the upstream service


class Answering(StrEnum):
    """How a duplicate query ended."""

    ANSWERED = "answered"
    FAILED = "failed"  # we or the upstream service could not answer
    UNASKABLE = "unaskable"  # the patient has no number to ask by


class Opening(Value):
    """Somebody opened the report or the images of an earlier exam that a query found."""

    institution: str
    accession: str
    what: str  # report | images
    at: datetime


class DuplicateQuery(Value):
    """One query of HBYS before an exam, kept as evidence."""

    id: str  # random; also in the links of its answer
    at: datetime
    institution: str  # SKRS code of who asked
    tckn: str  # of the patient; empty = unaskable
    sut: tuple[str, ...]
    physician: str = ""  # TCKN of the doctor on whose behalf it was asked
    state: Answering = Answering.ANSWERED
    found: tuple[EarlierExam, ...] = ()
    upstream: str = ""  # name of the upstream service where one was asked
    reason: str = ""  # why it failed
    openings: tuple[Opening, ...] = ()


class Outage(Value):
    """A stretch in which a service could not answer, as Geçit itself saw it."""

    service: str  # duplicates | upstream:<name> | web | listen ...
    began_at: datetime
    ended_at: datetime | None = None  # None = it goes on
    reason: str = ""


class Background(Value):
    """What stands beside an exam at the instant of judging."""

    earlier: tuple[EarlierExam, ...] = ()  # of the same TCKN and one of its SUT codes, ordered before it; oldest first
    queries: tuple[DuplicateQuery, ...] = ()  # of the same TCKN, institution and one of its SUT codes; oldest first
    uid_elsewhere: tuple[str, ...] = ()  # accession numbers of other studies with the same Study Instance UID
    ownership: str = ""  # public | private | university; empty = not recorded
