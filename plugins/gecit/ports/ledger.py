"""The record of everything: one transaction of it, and what goes in and out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from ..core.background import DuplicateQuery, EarlierExam, Outage
from ..core.balance import ReaderProfile
from ..core.critical import Line as CriticalLine
from ..core.draft import Draft
from ..core.events import Event
from ..core.exam import Exam, Study
from ..core.facts import StudyKey
from ..core.grants import Grant
from ..core.groups import Group
from ..core.order import ExamKey
from ..core.papers import StoredPaper
from ..core.reading import State
from ..core.reading_list import Line
from ..core.templates import Owned
from ..core.values import Text, Value
from ..core.webhooks import Subscription
from .consultations import ConsultationsSought
from .critical import CriticalSearch
from .disclosures import DisclosuresKept
from .institutions import Institution
from .openings import OpeningsKept
from .restored import SinceRestore
from .retention import RetentionKept
from .sharing import SharingKept
from .trials import TrialsKept

T = TypeVar("T")


class StoredMessage(Value):
    """A frame as it came, with the answer it got."""

    id: int
    received_at: datetime
    peer: str
    institution: str
    sender: tuple[str, str]  # MSH-3, MSH-4
    control_id: str  # MSH-10
    digest: str  # SHA-256 of the frame, hex
    raw: bytes
    answer: bytes
    answer_code: str  # AA | AE | AR
    transient: bool = False  # a resend is looked at again


class NewMessage(Value):
    """A frame to be kept."""

    received_at: datetime
    peer: str
    institution: str
    sender: tuple[str, str]
    control_id: str
    digest: str
    raw: bytes
    answer: bytes = b""
    answer_code: str = ""
    transient: bool = False


class Delivery(Value):
    """A row of the outbox: what is to be told to whom, until it is done.

    Life: queued -> leased -> done | queued (later) | unknown (ask first) | parked (a person must look).
    """

    id: int
    destination: str  # medula | archive | hbys | webhook | alert
    kind: str  # notify | withdraw | attach-report | report | verdict-changed | e-mail | webhook
    key: str  # idempotency key, unique per destination
    exam: ExamKey
    payload: bytes  # JSON
    state: str
    attempts: int = 0
    next_at: datetime | None = None
    created_at: datetime | None = None
    leased_by: str = ""
    leased_until: datetime | None = None
    last_error: str = ""


class ListSearch(Value):
    """Which lines of the reading list are wanted; what is empty does not narrow, but for `institutions`."""

    institutions: tuple[str, ...] | None  # SKRS codes; None = of every institution, () = none
    states: tuple[State, ...] = ()
    reader: str = ""
    modality: str = ""
    limit: int = 500


class Settled(Value):
    """How a leased delivery went."""

    delivery: Delivery
    state: str  # done | queued | unknown | parked
    next_at: datetime | None = None
    error: str = ""
    events: tuple[Event, ...] = ()
    doubt: bool = False  # a parked one may have been carried out; whoever retries it asks first


class Incident(Value):
    """Something that is wrong with the installation, or was."""

    id: int
    key: str  # kind:subject, e.g. silent:N1/work
    opened_at: datetime
    text: Text
    closed_at: datetime | None = None


class Transaction(
    DisclosuresKept, ConsultationsSought, SharingKept, RetentionKept, OpeningsKept, TrialsKept, SinceRestore, Protocol
):
    """One atomic piece of work on the ledger. Nothing is visible, and nothing may be told, before it commits."""

    def append(self, event: Event) -> None:
        """Record an event and fold it into its exam or study."""
        ...

    def prefetch(self, exams: Iterable[ExamKey]) -> None:
        """Read many exams at once; `exam` then answers from memory."""
        ...

    def foresee(
        self, keys: Iterable[ExamKey], patients: Iterable[str], messages: Iterable[tuple[tuple[str, str], str]]
    ) -> None:
        """Read at once what taking in or judging a group will ask; nothing is answered otherwise, only sooner.

        `keys`: exams. `patients`: TCKNs and file numbers. `messages`: MSH-3 with MSH-4, and MSH-10.
        """
        ...

    def exam(self, key: ExamKey) -> Exam | None:
        """Return the exam as it stands, events of this transaction included; locked until commit."""
        ...

    def study(self, key: StudyKey) -> Study | None:
        """Return a study as last read."""
        ...

    def studies_of_accession(self, accession: str) -> list[Study]:
        """Return studies that carry the accession number, deleted ones left out."""
        ...

    def studies_of_patient(self, identifiers: Sequence[str]) -> list[Study]:
        """Return studies whose PatientID or OtherPatientIDs hold one of the identifiers, deleted ones left out."""
        ...

    def unsettled_studies(self, node: str) -> list[Study]:
        """Return a node's studies that were last read while still arriving, deleted ones left out."""
        ...

    def study_ids(self, node: str) -> set[str]:
        """Return the Orthanc ids of a node's studies, deleted ones left out."""
        ...

    def study_by_uid(self, study_instance_uid: str) -> list[Study]:
        """Return studies with that Study Instance UID (one per node at the most)."""
        ...

    def exams_of_accession(self, accession: str) -> list[Exam]:
        """Return the exams with that accession number, of any institution."""
        ...

    def exams_of_patient(self, tckn: str, institution: str, file_number: str) -> list[Exam]:
        """Return the exams of a patient: by TCKN anywhere, or by file number within the institution."""
        ...

    def exams_of_study(self, study: StudyKey) -> list[Exam]:
        """Return the exams that the study is linked to."""
        ...

    def exams_due(self, now: datetime, limit: int) -> list[Exam]:
        """Return exams whose `judge_at` has come, longest waiting first."""
        ...

    def due(self, now: datetime, limit: int) -> list[tuple[ExamKey, str]]:
        """Return the keys of exams whose `judge_at` has come with their patients' TCKNs; locks nothing."""
        ...

    def message_with(self, sender: tuple[str, str], control_id: str) -> list[StoredMessage]:
        """Return the messages of that MSH-3, MSH-4 and MSH-10, oldest first, without `raw`."""
        ...

    def message(self, number: int) -> StoredMessage | None:
        """Return one message, raw bytes included."""
        ...

    def add_message(self, message: NewMessage) -> int:
        """Keep a frame and return its number."""
        ...

    def answer_message(self, number: int, answer: bytes, code: str, *, transient: bool) -> None:
        """Keep what a message was answered."""
        ...

    def queue(
        self, destination: str, kind: str, key: str, exam: ExamKey, payload: bytes, at: datetime, node: str = ""
    ) -> bool:
        """Put a delivery into the outbox; False where its key stands there already."""
        ...

    def deferred(self, now: datetime, limit: int) -> list[ExamKey]:
        """Return exams that have deferred reports."""
        ...

    def earlier_exams(self, tckn: str, suts: Sequence[str]) -> list[EarlierExam]:
        """Return a patient's procedures with one of the SUT codes, anywhere, at any time, cancelled ones left out.

        Oldest first, by `ordered_at`; the exam that one asks for is among them.
        """
        ...

    def duplicate_queries(self, tckn: str, since: datetime, until: datetime) -> list[DuplicateQuery]:
        """Return the queries for a patient in a stretch of time, ends included, oldest first."""
        ...

    def duplicate_query(self, query_id: str) -> DuplicateQuery | None:
        """Return one query with what was opened since."""
        ...

    def outages(self, since: datetime, until: datetime) -> list[Outage]:
        """Return the outages that overlap a stretch of time, oldest first."""
        ...

    def last_message(self) -> int:
        """Return the number of the newest message; 0 before the first."""
        ...

    def draft(self, key: ExamKey, author: str) -> Draft | None:
        """Return what an author has written of an exam's report."""
        ...

    def save_draft(self, draft: Draft) -> None:
        """Keep a draft in the place of the author's last one of the exam."""
        ...

    def drafts(self, author: str = "", saved_before: datetime | None = None) -> list[Draft]:
        """Return an author's drafts ("" = anybody's), or those last saved before an instant; the last saved first."""
        ...

    def drop_draft(self, key: ExamKey, author: str) -> None:
        """Forget a draft: it was signed, or its author threw it away."""
        ...

    def reading_lines(self, search: ListSearch) -> list[Line]:
        """Return lines of the reading list, in its order; see `core.reading_list.order_of_list`."""
        ...

    def critical_lines(self, search: CriticalSearch) -> list[CriticalLine]:
        """Return the exams that have or had a critical finding, who waits longest first."""
        ...

    def reader_profiles(self) -> dict[str, ReaderProfile]:
        """Return what radiologists say of themselves, by account."""
        ...

    def keep_reader_profile(self, account: str, profile: ReaderProfile) -> None:
        """Keep what a radiologist says of himself."""
        ...

    def grants(self) -> list[Grant]:
        """Return all grants as they stand, ended ones too, by id."""
        ...

    def record_grant(self, grant: Grant, at: datetime, by: str = "") -> None:
        """Add a grant, or record how it stands now."""
        ...

    def templates(self, owners: Sequence[str]) -> list[Owned]:
        """Return the templates and macros of some owners (`core.templates`)."""
        ...

    def keep_template(self, one: Owned, at: datetime) -> None:
        """Keep a template or macro in the place of its owner's last one."""
        ...

    def drop_template(self, owner: str, kind: str, macro: str) -> bool:
        """Forget a template or macro; False where there is none."""
        ...

    def keep_paper(self, digest: str, paper: StoredPaper, at: datetime) -> None:
        """Keep the paper of a grant under the SHA-256 of its content, hex."""
        ...

    def paper(self, digest: str) -> StoredPaper | None:
        """Return the paper of a digest."""
        ...

    def groups(self) -> list[Group]:
        """Return all groups of radiologists as they stand, closed ones too, by name."""
        ...

    def record_group(self, group: Group, at: datetime, by: str = "") -> None:
        """Add a group, or record how it stands now."""
        ...

    def revision_in_force(self) -> str:
        """Return the revision of the rulebook that is in force in this transaction; empty before the first."""
        ...

    def institutions(self) -> list[Institution]:
        """Return all institutions, by SKRS code."""
        ...

    def record_institution(self, institution: Institution, at: datetime, by: str = "") -> None:
        """Add an institution or replace it."""
        ...

    def webhooks(self) -> list[Subscription]:
        """Return the subscriptions in force, oldest first."""
        ...

    def add_webhook(self, subscription: Subscription) -> None:
        """Add a subscription."""
        ...

    def remove_webhook(self, number: str, at: datetime, by: str) -> bool:
        """End a subscription and what waits for it; False where there is none of that id."""
        ...

    def open_incidents(self) -> list[Incident]:
        """Return what is wrong as far as it was noticed; nobody else opens or closes one until commit."""
        ...

    def open_incident(self, key: str, text: Text, at: datetime) -> Incident:
        """Record that something is wrong."""
        ...

    def close_incident(self, number: int, at: datetime) -> None:
        """Record that it is well again."""
        ...

    def cursor(self, node: str) -> int | None:
        """Return the last change of an index that was taken in; None for an unknown index."""
        ...

    def move_cursor(self, node: str, to: int) -> None:
        """Record that all changes of an index up to `to` are taken in."""
        ...


class Ledger(Protocol):
    """The record of everything, SQLite or PostgreSQL."""

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction and commit; run it again on a conflict, so it must have no other effect."""
        ...

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one consistent view; it may not write."""
        ...

    def version(self) -> str:
        """Return a text that is another one once anybody has committed, for whoever waits for that. Cheap."""
        ...

    def lease(
        self, destination: str, owner: str, now: datetime, until: datetime, limit: int, node: str = ""
    ) -> list[Delivery]:
        """Lease deliveries that are due; no other owner gets them before `until`.

        Of those that one node alone can carry out, `node` gets its own and no other.
        """
        ...

    def settle(
        self,
        delivery: Delivery,
        owner: str,
        state: str,
        *,
        next_at: datetime | None = None,
        error: str = "",
        events: Sequence[Event] = (),
        doubt: bool = False,
    ) -> bool:
        """Record how one leased delivery went; see `settle_all`."""
        ...

    def settle_all(self, settled: Sequence[Settled], owner: str) -> list[bool]:
        """Record how leased deliveries went, their events in the same transaction; False where a lease was lost."""
        ...


class Snapshot(Value):
    """Something that judging rests on, as it was recorded: a rulebook, or the site's choices with its code lists."""

    revision: str  # SHA-256 of the content
    recorded_at: datetime
    content: bytes


class Scanned(Value):
    """Exams in key order, from a ledger of any size."""

    exams: tuple[Exam, ...]
    after: ExamKey | None  # where to go on; None = that was the last page


class Records(Protocol):
    """What re-judging and reproducing ask of the ledger; none of it holds a lock for longer than a page."""

    def scan(
        self,
        after: ExamKey | None,
        limit: int,
        *,
        ordered_from: datetime | None = None,
        ordered_until: datetime | None = None,
        until: ExamKey | None = None,
    ) -> Scanned:
        """Return the next exams that were judged, in an order of the ledger's own, each once.

        Of a stretch of order dates where one is given: the order date is that of `dates.DATED_BY`, `ordered_until` is
        exclusive. Where none is, `until` (inclusive) is the last exam, in that same order.
        """
        ...

    def exam_at(self, key: ExamKey, known_at: datetime) -> Exam | None:
        """Return the exam as it stood at an instant, folded from its events."""
        ...

    def rulebook_at(self, known_at: datetime) -> Snapshot | None:
        """Return the revision in force at an instant."""
        ...

    def record_context(self, revision: str, content: bytes, at: datetime) -> bool:
        """Record the site's choices and code lists where they differ from the last ones."""
        ...

    def context_at(self, known_at: datetime) -> Snapshot | None:
        """Return the site's choices and code lists that were recorded last at an instant."""
        ...

    def rejudged_by(self) -> str:
        """Return the revision that all exams stand judged by; empty before the first."""
        ...

    def rejudged_at(self) -> datetime | None:
        """Return when re-judging was last done; None before the first."""
        ...

    def activations(self) -> list[Snapshot]:
        """Return every activation, oldest first; the last one is in force."""
        ...
