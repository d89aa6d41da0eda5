"""What the steps need of the outside. Each Protocol has one real edge and one fake that pass the same contract test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec

from ..core.access import Reach
from ..core.audit import AuditEntry
from ..core.audit_chain import AuditRow, Head
from ..core.background import DuplicateQuery, EarlierExam, Outage
from ..core.balance import ReaderProfile
from ..core.belonging import Belonging
from ..core.critical import Line as CriticalLine
from ..core.draft import Draft
from ..core.events import Event, RegistryAnswer
from ..core.exam import Exam, Study
from ..core.facts import StudyFacts, StudyKey
from ..core.grants import Grant
from ..core.groups import Group
from ..core.order import ExamKey, RegisteredRow
from ..core.papers import StoredPaper
from ..core.reading import State
from ..core.reading_list import Line
from ..core.templates import Owned
from ..core.values import Text, Value
from ..core.webhooks import Subscription
from ..core.worklist import Entry
from .accounts import Accounts as Accounts
from .accounts import NoAccountError as NoAccountError
from .accounts import NoAudit as NoAudit
from .accounts import TcknTakenError as TcknTakenError
from .consultations import ConsultationsSought
from .critical import CriticalSearch as CriticalSearch
from .disclosures import DisclosuresKept
from .nodes import Node
from .openings import OpeningsKept
from .restored import SinceRestore
from .retention import Remover as Remover
from .retention import RetentionKept
from .sharing import CodeSender as CodeSender
from .sharing import SharingKept
from .trials import TrialsKept

T = TypeVar("T")


class Unavailable(Exception):
    """The other side cannot be asked now; ask again later. Nothing is known of what was asked."""


class AnswerUnknown(Unavailable):
    """The other side may or may not have carried out what it was sent."""


class Refused(Exception):
    """The other side understood and said no; asking again unchanged is useless."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


class Clock(Protocol):
    """The only way to learn the time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


class Station(Value):
    """What is known of one AE title of an institution."""

    aet: str
    modalities: tuple[str, ...] = ()  # whose worklist it does; () = not said
    host: str = ""  # where Orthanc calls back for storage commitment; empty = it never does
    port: int = 104


class Receiver(Value):
    """Where an institution's HBYS listens for reports that were written here, by MLLP."""

    host: str
    port: int
    tls: bool = False


class Institution(Value):
    """A hospital as the ledger knows it."""

    skrs: str  # the key in HL7 and KOS
    medula_code: str = ""  # MEDULA tesis kodu: the key in billing and the duplicate query
    name: str = ""
    ownership: str = ""  # public | private | university
    province: str = ""
    aets: tuple[str, ...] = ()  # calling AE titles of its PACS and modalities
    hl7_peers: tuple[str, ...] = ()  # addresses or networks of its HBYS (CIDR), or cert:name
    profile: str = "ministry"  # id of rules/profiles/*.toml
    character_set: str = ""  # UTF8 or Windows1254 as agreed; empty = as each message declares
    stations: tuple[Station, ...] = ()  # those of `aets` of which more is known
    receiver: Receiver | None = None  # None = it takes no reports by HL7
    trial: bool = False  # of the self-test: what it sends is told to nobody and removed again (decision 0055)

    def stations_for(self, modality: str) -> tuple[str, ...]:
        """Return the AE titles that do a modality; () = none is named, and any of them may."""
        return tuple(one.aet for one in self.stations if modality in one.modalities)


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


class Change(Value):
    """One row of an index's change log."""

    number: int
    kind: str  # NewInstance, NewStudy, ...
    orthanc_id: str


class Changes(Value):
    """A page of the change log; `done` = nothing newer stood there."""

    rows: tuple[Change, ...]
    last: int
    done: bool


class StudyRead(Value):
    """A study as just read. `facts.institution` and `facts.settled` are left to the step."""

    facts: StudyFacts
    instances: frozenset[str]  # Orthanc ids of all its instances


class Archive(Protocol):
    """An Orthanc index, asked over loopback HTTP. Every method raises `Unavailable` where Orthanc does not answer."""

    def node(self) -> str:
        """Return the name under which this index's studies are kept: `StudyKey.node`, unique within one ledger."""
        ...

    def identity(self) -> str:
        """Return what identifies the index: it changes when the database is made anew."""
        ...

    def last_change(self) -> int:
        """Return the number of the newest change."""
        ...

    def changes(self, since: int, limit: int) -> Changes:
        """Return changes after `since`, oldest first."""
        ...

    def series_of_instance(self, orthanc_id: str) -> tuple[str, frozenset[str]] | None:
        """Return an instance's study and all instances of its series; None where the instance is gone."""
        ...

    def study_ids(self) -> Iterable[str]:
        """Return the Orthanc ids of all studies, for the sweep."""
        ...

    def last_instance_at(self, orthanc_id: str) -> datetime | None:
        """Return when an instance last came for a study; None where the study is gone or nothing says so."""
        ...

    def read_study(self, orthanc_id: str) -> StudyRead | None:
        """Read a study; None where it is gone."""
        ...

    def store(self, dicom: bytes) -> str:
        """Store an instance and return its Orthanc id; storing it again changes nothing."""
        ...


class Registry(Protocol):
    """The registry of physicians (ÇKYS, or a snapshot of it)."""

    def look_up(self, identifier: str) -> RegistryAnswer:
        """Say whose number it is; raises `Unavailable`."""
        ...


class DuplicateService(Protocol):
    """A duplicate query that others answer, asked beside our own ledger (`docs/conformance/duplicates.md`).

    Every method raises `Unavailable`, or `Refused` where the service understood and said no.
    """

    name: str  # as in `EarlierExam.source`

    def previous_studies(self, medula_code: str, tckn: str, suts: Sequence[str], physician: str) -> list[EarlierExam]:
        """Return what it knows of earlier exams; it applies its own stretch of time."""
        ...

    def opened(self, medula_code: str, tckn: str, suts: Sequence[str]) -> dict[str, bool]:
        """Say for each SUT code whether an earlier report or image has been opened."""
        ...

    def report(self, reference: str) -> str:
        """Return an earlier exam's report as plain text."""
        ...

    def image_link(self, reference: str) -> str:
        """Return the address at which an earlier exam's images are seen."""
        ...


class Poster(Protocol):
    """Posts JSON to an address that a subscriber gave."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Post and return once it was taken (2xx); raises `Refused`, `Unavailable` or `AnswerUnknown`."""
        ...


class Mailer(Protocol):
    """Sends e-mail to the people who look after the installation."""

    def send(self, subject: str, text: str, number: str) -> None:
        """Send one message; `number` tells it from others. Raises `Refused`, `Unavailable` or `AnswerUnknown`."""
        ...


class Medula(Protocol):
    """The neutral contract of `docs/conformance/medula.md`, carried by an adapter."""

    can_ask: bool

    def send(self, kind: str, key: str, payload: bytes) -> MedulaAnswer:
        """Deliver; raises `Refused`, `Unavailable` (surely not carried out) or `AnswerUnknown`.

        Rows that the payload names as `registered` are not registered again; only they are withdrawn.
        """
        ...

    def ask(self, key: str, payload: bytes) -> MedulaAnswer | None:
        """Ask what became of a delivery: None = never arrived. Raises `Unavailable`.

        An answer that is not accepted and has `rows` says what stands there: the rest is still to be sent.
        """
        ...


class MedulaAnswer(Value):
    """What MEDULA said of one delivery."""

    accepted: bool
    code: str
    message: str = ""
    rows: tuple[RegisteredRow, ...] | None = None  # what now stands there; None = it says nothing of rows


class Physician(Value):
    """A physician as MEDULA knows one."""

    registration: str  # drTescilNo; never the TCKN
    branch: str = ""  # bransKodu
    name: str = ""


class Physicians(Protocol):
    """The list that turns a physician's TCKN, as messages have it, into what MEDULA wants."""

    def physician(self, tckn: str) -> Physician | None:
        """Return a physician; None where the list has none, or was never imported."""
        ...


class Beat(Value):
    """A sign of life of one process; `home` is that of its data folder, since the two of a pair have one name."""

    node: str
    process: str  # orthanc | web | listen | work
    pid: int
    at: datetime
    detail: dict[str, str | int | float] = msgspec.field(default_factory=dict)
    home: str = ""


class Vitals(Protocol):
    """What is known of the installation's own health."""

    def beat(self, beat: Beat) -> None:
        """Record a sign of life; the last one of each node, data folder and process is kept.

        One of another folder of that node is dropped after a month: nobody comes back from there.
        """
        ...

    def beats(self) -> list[Beat]:
        """Return the last sign of life of every process."""
        ...

    def counts(self) -> dict[str, int]:
        """Return how many: exams by outcome (`exam.hold` ...), outbox by state (`outbox.parked` ...), messages."""
        ...


class Views(Protocol):
    """What pages and the JSON read."""

    def recent_exams(self, limit: int) -> list[Exam]:
        """Return exams, the last changed first."""
        ...

    def find_exams(self, accession: str) -> list[Exam]:
        """Return exams by accession number, of any institution."""
        ...

    def timeline(self, key: ExamKey) -> list[Event]:
        """Return an exam's events, oldest first."""
        ...

    def unlinked_studies(self, limit: int) -> list[Study]:
        """Return studies that no exam has, newest first."""
        ...


class WorklistSearch(Value):
    """Which open entries are wanted; what is empty does not narrow."""

    performer: str = ""  # SKRS code
    since: datetime | None = None  # scheduled then or later
    until: datetime | None = None  # scheduled before
    accession: str = ""
    modality: str = ""
    limit: int = 2_000


class StudySearch(Value):
    """Which studies are wanted, of those that an institution may see; what is empty does not narrow."""

    institution: str
    node: str
    study_instance_uids: tuple[str, ...] = ()  # one of them
    accession: str = ""
    patient_id: str = ""  # PatientID or one of OtherPatientIDs
    first_day: str = ""  # YYYYMMDD; the days narrow only without an identifier: the asker matches each anyway
    last_day: str = ""
    limit: int = 2_000


class DicomViews(Protocol):
    """What the DICOM doors ask of the ledger, with `read` for the institutions."""

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one consistent view."""
        ...

    def worklist(self, search: WorklistSearch) -> list[Entry]:
        """Return open entries, earliest first."""
        ...

    def visible_studies(self, search: StudySearch) -> list[Study]:
        """Return studies that an institution sent or that one of its exams has, the last changed first.

        Another sender's only where its UID may be one of our worklist: the asker looks closer (`worklist.may_find`).
        """
        ...


class Audit(Protocol):
    """The record of who did what with whose data; whoever cannot write it refuses what it was asked."""

    def record(self, entry: AuditEntry) -> None:
        """Record durably; raises `Unavailable`."""
        ...


class ImageSearch(Value):
    """Which studies of a reach are wanted; what is empty does not narrow."""

    reach: Reach
    node: str
    study_instance_uids: tuple[str, ...] = ()  # one of them
    accession: str = ""
    patient_id: str = ""  # PatientID or one of OtherPatientIDs
    first_day: str = ""  # YYYYMMDD; as in `StudySearch`
    last_day: str = ""
    limit: int = 2_000


class OwnedStudy(Value):
    """A study and whose it is."""

    study: Study
    whose: Belonging


class StudyDoors(Protocol):
    """What the doors to images ask of the ledger."""

    def belongings(self, node: str, study_instance_uid: str) -> list[Belonging]:
        """Return whose each study is that stands under a UID on a node; several where PatientIDs differ."""
        ...

    def reachable_studies(self, search: ImageSearch) -> list[OwnedStudy]:
        """Return studies that may be within a reach, the last changed first: the asker looks closer (`whose`)."""
        ...


class AuditSearch(Value):
    """Which rows of the audit are wanted; what is empty does not narrow. Anchors come only where `what` says so."""

    who: str = ""
    what: str = ""
    institution: str = ""
    accession: str = ""
    patient: str = ""  # the keyed digest
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None  # before
    limit: int = 100
    offset: int = 0


class AuditTrail(Protocol):
    """Where the audit's rows stand. Every method raises `Unavailable`."""

    def unanchored(self, but: str) -> list[Head]:
        """Return the heads that no anchor of another chain names yet, that of `but` left out."""
        ...

    def add_audit(self, rows: Sequence[AuditRow], named: Iterable[Head] = ()) -> None:
        """Add rows of one chain, the oldest first; `named`: the heads that an anchor among them names."""
        ...

    def audit_rows(self, search: AuditSearch) -> list[AuditRow]:
        """Return rows, the newest first."""
        ...

    def audit_count(self) -> int:
        """Return how many rows there are."""
        ...

    def audit_heads(self) -> list[Head]:
        """Return where each chain ends, as it was written down with its last row."""
        ...

    def audit_anchors(self) -> Iterable[AuditRow]:
        """Return every anchor."""
        ...

    def audit_by_chain(self) -> Iterable[AuditRow]:
        """Return every row, chain by chain, each in the order of its numbers."""
        ...


class Tags(Protocol):
    """What the archive knows of studies, series and instances, as text by keyword. Raises `Unavailable`."""

    def studies(self, orthanc_ids: Sequence[str], uids: Sequence[str]) -> dict[str, dict[str, str]]:
        """Return the tags of studies, by Orthanc id; what is gone is left out. `uids`: theirs."""
        ...

    def series(self, study: str) -> list[tuple[str, dict[str, str]]]:
        """Return the series of a study (Orthanc id) with their Orthanc ids."""
        ...

    def instances(self, series: str) -> list[tuple[str, dict[str, str]]]:
        """Return the instances of a series (Orthanc id) with their Orthanc ids."""
        ...

    def all_of(self, instance: str) -> dict[str, str]:
        """Return every tag of an instance that is plain text."""
        ...

    def one_of_study(self, study: str) -> str:
        """Return the Orthanc id of some instance of a study, "" where it is gone."""
        ...


class Backlog(Value):
    """What waits for one destination."""

    destination: str
    state: str  # queued | leased | unknown | parked
    count: int
    oldest: datetime


class Conditions(Protocol):
    """What is asked of the ledger to say whether the installation is well, cheap however large it is."""

    def beats(self) -> list[Beat]:
        """Return the last sign of life of every process."""
        ...

    def nodes(self) -> list[Node]:
        """Return the nodes that share the ledger, by name."""
        ...

    def backlog(self) -> list[Backlog]:
        """Return what is not done, by destination and state."""
        ...

    def last_messages(self) -> dict[str, datetime]:
        """Return when each institution (SKRS code) last sent an HL7 message; one that never did is left out."""
        ...

    def incidents(self, limit: int) -> list[Incident]:
        """Return incidents, open ones first, then the newest."""
        ...

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one consistent view."""
        ...


class OutboxSearch(Value):
    """Which deliveries are wanted, newest first; what is empty does not narrow."""

    institution: str = ""  # SKRS code
    accession: str = ""
    state: str = ""
    destination: str = ""
    before: int = 0  # numbers below; 0 = from the newest
    limit: int = 100


class Integration(Conditions, Protocol):
    """What the JSON interface asks of the ledger beside exams."""

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction."""
        ...

    def active_rulebook(self, known_at: datetime | None = None) -> tuple[str, bytes] | None:
        """Return revision and content in force."""
        ...

    def search_outbox(self, search: OutboxSearch) -> list[Delivery]:
        """Return deliveries, newest first."""
        ...

    def delivery(self, number: int) -> Delivery | None:
        """Return one delivery."""
        ...

    def retry_delivery(self, number: int, now: datetime) -> bool:
        """Put a parked delivery back into the queue; False where it is not parked."""
        ...
