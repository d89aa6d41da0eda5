"""The closed vocabulary of events. Events are the record; state is folded from them and can be rebuilt.

Each event is of an exam, of a study, or of the installation. Its JSON has its name under `kind`.
Life of an exam:

    OrderPlaced | OrderChanged | OrderCancelled | ReportReceived | StudyLinked ...   -- something to judge
    ExamJudged                                                                       -- the verdict
    NotificationQueued -> NotificationAnswered                                       -- MEDULA is told
    WithdrawalQueued | WithdrawalProposed                                            -- MEDULA is told otherwise
    WithdrawalProposed -> WithdrawalQueued | WithdrawalDismissed | WithdrawalDropped  -- a person decides
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from .background import Background, DuplicateQuery, Opening
from .consultation import Act as ConsultationAct
from .consultation import Consultation, Entry, Outcome
from .critical import Way
from .disclosures import Disclosure
from .encounters import Encounter
from .facts import StudyFacts, StudyKey
from .feedback import Closing, Feedback, Message
from .grants import Grant
from .groups import Group
from .openings import CareOpening
from .order import ExamKey, Order, RegisteredRow
from .peer_review import PeerReview, ReviewRound
from .quality import Hint, Rating
from .reading import Act, Signature
from .remarks import Remark
from .report import Document, Report
from .retention import Hold, RetentionList
from .values import Text, Value
from .verdict import Verdict


class RegistryAnswer(Value):
    """What the registry of physicians (ÇKYS or a snapshot of it) says of one number."""

    identifier: str
    known: bool
    radiologist: bool
    name: str = ""
    source: str = ""
    as_of: datetime | None = None


class Event(Value, tag_field="kind", tag=True):
    """Something that happened; `at` is the instant it was recorded (UTC)."""

    at: datetime


class ExamEvent(Event):
    """An event of one exam."""

    exam: ExamKey


class StudyEvent(Event):
    """An event of one study."""

    study: StudyKey


class OrderPlaced(ExamEvent):
    """An ORM^O01 NW was accepted."""

    order: Order
    message: int


class OrderChanged(ExamEvent):
    """An ORM^O01 XO was accepted; it replaces the order, TCKN, SUT and LOINC included."""

    order: Order
    message: int


class OrderCancelled(ExamEvent):
    """An ORM^O01 CA was accepted."""

    order: Order
    message: int


class MessageRemarked(ExamEvent):
    """An accepted message deviated from its profile; the sender is shown how."""

    message: int
    remarks: tuple[Remark, ...]


class ReportReceived(ExamEvent):
    """An ORU^R01 was accepted."""

    report: Report
    message: int
    registry: tuple[RegistryAnswer, ...] = ()


class ReportRefused(ExamEvent):
    """An ORU^R01 was answered AE because of the named rules; kept as evidence."""

    report: Report
    message: int
    rules: tuple[str, ...]
    registry: tuple[RegistryAnswer, ...] = ()


class ReportDeferred(ExamEvent):
    """An ORU^R01 is stored raw and was answered with a transient AE: the registry could not be asked."""

    message: int
    reason: str


class StudyLinked(ExamEvent):
    """A study is of this exam, by the named path; `facts` is the study as it then was."""

    facts: StudyFacts
    path: str


class StudyUnlinked(ExamEvent):
    """A study is no longer of this exam: identifiers changed, or it was deleted."""

    study: StudyKey
    reason: str


class BackgroundRecorded(ExamEvent):
    """What the judge looked up beside the exam differs from when it was last judged."""

    background: Background


class ExamJudged(ExamEvent):
    """The exam was judged: something of it changed, or its due time came."""

    verdict: Verdict
    cause: str = ""


class JudgingAsked(ExamEvent):
    """Somebody asks that the exam be judged again: a new rulebook, an exemption, a person."""

    cause: str


class NotificationQueued(ExamEvent):
    """MEDULA is to be told that the exam may be billed."""

    generation: int
    key: str
    institution_medula: str = ""  # the institution's code then; empty = none, or written by an older version


class NotificationAddressed(ExamEvent):
    """The notification goes out under a MEDULA code that it was not queued with; recorded before it is sent."""

    generation: int
    institution_medula: str


class WithdrawalQueued(ExamEvent):
    """MEDULA is to be told that it no longer may."""

    generation: int
    key: str
    cause: str
    by: str = ""  # who approved it; empty = the order was changed or cancelled


class WithdrawalProposed(ExamEvent):
    """The exam no longer passes; a person decides whether MEDULA is told (design 3.7)."""

    generation: int
    cause: str


class WithdrawalDropped(ExamEvent):
    """The exam passes again before anybody decided: the proposal to take it back is void, and MEDULA stands as told."""

    generation: int


class WithdrawalDismissed(ExamEvent):
    """A person decided that MEDULA stands as told; the same rules propose it to be taken back no more."""

    generation: int
    rules: tuple[str, ...]  # that hold the exam
    by: str
    reason: str


class NotificationAnswered(ExamEvent):
    """MEDULA answered a notification or a withdrawal."""

    key: str
    accepted: bool
    code: str = ""
    message: str = ""
    rows: tuple[RegisteredRow, ...] | None = None  # what now stands there; None = it says nothing of rows


class ReportAttached(ExamEvent):
    """A version of the report stands in the study, as an Encapsulated PDF or as a structured report."""

    study: StudyKey
    sop_instance_uid: str
    version: int
    document: Document = Document.PDF


class ReadingAssigned(ExamEvent):
    """The exam was pushed to a reader, with the reasons why just to that one."""

    reader: str
    by: str = ""
    why: tuple[Text, ...] = ()


class ReadingTaken(ExamEvent):
    """A radiologist has the exam to read: took it, took it up again, or began an addendum or a correction."""

    reader: str
    act: Act = Act.TAKE


class ReadingHeld(ExamEvent):
    """Its reader put the reading off and keeps it."""

    reader: str
    reason: str = ""


class ReadingReleased(ExamEvent):
    """The reading is nobody's again: given back, out of time, or its reader may report it no more."""

    reader: str
    act: Act = Act.GIVE_BACK
    reason: str = ""


class ReportSigned(ExamEvent):
    """A report was signed in Geçit; but for the first of two signatures it is a version of the report from now on."""

    report: Report
    signature: Signature
    act: Act
    message: int = 0  # the newest HL7 message then: the version's place in the order of sending
    registry: tuple[RegistryAnswer, ...] = ()


class HospitalAnswered(ExamEvent):
    """The hospital's HBYS acknowledged a version that was signed in Geçit, or refused it."""

    version: int
    accepted: bool
    code: str = ""  # MSA-1
    message: str = ""  # MSA-3, or what its ERR says


class CriticalMarked(ExamEvent):
    """Who reads the exam marked a critical finding; the hospital is told at once."""

    text: str
    by: str


class CriticalTakenBack(ExamEvent):
    """The mark of a critical finding was taken back; the hospital is told that too."""

    by: str
    reason: str = ""


class CriticalConfirmed(ExamEvent):
    """Somebody read of a critical finding, or was told of it by telephone."""

    number: int  # of the marking or taking back that was read: core.critical.Critical
    by: str
    way: Way = Way.PAGE
    whom: str = ""  # who was told by telephone
    employer: str = ""  # SKRS code


class ExamRated(ExamEvent):
    """Somebody rated the exam on the quality page; it supersedes the same rater's last rating of that kind."""

    rating: Rating


class HintsFound(ExamEvent):
    """What the exam's facts give away differs from when they were last looked at; `data` names protocols and levels."""

    hints: tuple[Hint, ...] = ()
    data: str = ""  # revision of rules/quality that they were found by


class ConsultationAsked(ExamEvent):
    """A radiologist asked a colleague, a group or a physician of another specialty about the exam."""

    consultation: Consultation


class ConsultationMoved(ExamEvent):
    """A consultation was accepted, declined, withdrawn, asked again or given more time, or its time is over."""

    consultation: str  # its id
    act: ConsultationAct
    by: str = ""  # account; "" = the clock, or that somebody's right ended
    entry: Entry | None = None
    until: datetime | None = None  # the new deadline


class ConsultationAnswered(ExamEvent):
    """Who accepted a consultation answered and signed."""

    consultation: str
    by: str
    entry: Entry


class ConsultationClosed(ExamEvent):
    """Who asked closed the consultation: its answer is part of the report's draft, or stays beside it."""

    consultation: str
    by: str = ""
    outcome: Outcome = Outcome.RECORD


class StudyFactsRecorded(StudyEvent):
    """The study was read, or read again."""

    facts: StudyFacts


class StudyDeleted(StudyEvent):
    """The study is no longer in the index. This never undoes a notification by itself."""

    reason: str = ""


class IndexReset(Event):
    """The index is new or was restored: its last change number lies below our cursor. A full sweep follows."""

    node: str
    cursor: int
    last: int


class LedgerRestored(Event):
    """The ledger was put back from a backup: what happened between `taken_at` and `at` is not in it."""

    taken_at: datetime
    backup: str  # SHA-256 of its manifest
    by: str = ""


class RulebookActivated(Event):
    """A revision of rules and exemptions is in force for judging."""

    revision: str
    note: str = ""
    by: str = ""


class Rejudged(Event):
    """Every exam that a new revision can touch was judged anew; a verdict that stays as it is has no event."""

    revision: str
    before: str  # the revision that was judged by until then
    looked_at: int = 0  # exams, as all of these
    changed: int = 0
    released: int = 0
    withdrawals: int = 0  # proposed, for a person to approve


class DuplicateQueried(Event):
    """HBYS asked for earlier exams; the query with its answer or failure."""

    query: DuplicateQuery


class DuplicateOpened(Event):
    """The report or the images of an earlier exam that a query found were opened."""

    query: str  # its id
    opening: Opening


class OutageBegan(Event):
    """A service stopped answering at `at`."""

    service: str
    reason: str = ""


class OutageEnded(Event):
    """A service answers again since `at`."""

    service: str


class InstitutionRecorded(Event):
    """An institution was added or changed."""

    skrs: str
    by: str = ""


class WebhookChanged(Event):
    """A subscription to verdicts was added, paused, resumed, given a new secret or removed; both stand elsewhere."""

    id: str
    institution: str  # empty = of every institution
    what: Literal["added", "removed", "paused", "resumed", "secret rotated"]
    by: str = ""


class GrantRecorded(Event):
    """A radiologist or a group was granted to report for an institution, or a grant was ended."""

    grant: Grant
    by: str = ""


class DisclosureRecorded(Event):
    """An exam, or all exams of a patient, was opened to somebody for a time, or such an opening was ended."""

    disclosure: Disclosure
    by: str = ""


class GroupRecorded(Event):
    """A group of radiologists was recorded, changed or closed."""

    group: Group
    by: str = ""


class ReviewRoundDrawn(Event):
    """A sample of signed reports was drawn for peer review; seed, strata and position give the same exams again."""

    round: ReviewRound
    by: str = ""


class ReviewRoundClosed(Event):
    """A round of peer review is over: its reviewers reach its exams no more."""

    round: str  # its id
    by: str = ""


class ReportReviewed(Event):
    """A reviewer said how far he agrees with a signed report; what he said before of it is superseded, not changed."""

    review: PeerReview


class FeedbackSent(Event):
    """A review or a bad rating was told to the institution and the radiologist, to be talked about."""

    feedback: Feedback


class FeedbackAnswered(Event):
    """Somebody said something in the discussion of a feedback."""

    feedback: str  # its id
    message: Message


class FeedbackClosed(Event):
    """A feedback was closed with what came of it."""

    feedback: str  # its id
    outcome: Closing
    by: str
    text: str = ""


class OpeningRecorded(Event):
    """A care relation or an emergency access was recorded, ended or reviewed."""

    opening: CareOpening
    by: str = ""


class EncounterRecorded(Event):
    """A hospital told by HL7 (ADT) how a patient's visit stands."""

    encounter: Encounter


class LegalHoldRecorded(Event):
    """A patient's or an exam's studies were put on hold, or released."""

    hold: Hold
    by: str = ""


class RetentionListRecorded(Event):
    """A list of studies past their time was made, approved or dropped."""

    retention: RetentionList
    by: str = ""


class TrialRemoved(Event):
    """Exams, studies and queries of a self-test were removed: nothing is folded of them any more."""

    institution: str  # SKRS code of a trial institution
    exams: tuple[ExamKey, ...] = ()
    studies: tuple[StudyKey, ...] = ()
    queries: tuple[str, ...] = ()  # ids of duplicate queries
    by: str = ""


class AccessGranted(Event):
    """A user or a token was made; never holds a secret."""

    who: str
    what: Literal["administrator", "token"]
    by: str = ""


AnyExamEvent = (
    OrderPlaced
    | OrderChanged
    | OrderCancelled
    | MessageRemarked
    | ReportReceived
    | ReportRefused
    | ReportDeferred
    | StudyLinked
    | StudyUnlinked
    | BackgroundRecorded
    | ExamJudged
    | JudgingAsked
    | NotificationQueued
    | NotificationAddressed
    | WithdrawalQueued
    | WithdrawalProposed
    | WithdrawalDropped
    | WithdrawalDismissed
    | NotificationAnswered
    | ReportAttached
    | ReadingAssigned
    | ReadingTaken
    | ReadingHeld
    | ReadingReleased
    | ReportSigned
    | HospitalAnswered
    | CriticalMarked
    | CriticalTakenBack
    | CriticalConfirmed
    | ExamRated
    | HintsFound
    | ConsultationAsked
    | ConsultationMoved
    | ConsultationAnswered
    | ConsultationClosed
)
AnyStudyEvent = StudyFactsRecorded | StudyDeleted
AnyInstallationEvent = (
    IndexReset
    | LedgerRestored
    | RulebookActivated
    | Rejudged
    | DuplicateQueried
    | DuplicateOpened
    | OutageBegan
    | OutageEnded
    | InstitutionRecorded
    | WebhookChanged
    | GrantRecorded
    | DisclosureRecorded
    | GroupRecorded
    | ReviewRoundDrawn
    | ReviewRoundClosed
    | ReportReviewed
    | FeedbackSent
    | FeedbackAnswered
    | FeedbackClosed
    | OpeningRecorded
    | EncounterRecorded
    | LegalHoldRecorded
    | RetentionListRecorded
    | TrialRemoved
    | AccessGranted
)
AnyEvent = AnyExamEvent | AnyStudyEvent | AnyInstallationEvent
