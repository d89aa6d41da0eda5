"""The ledger's tables. One definition for SQLite and PostgreSQL; Alembic carries it from release to release.

`event` and `message` are the record: rows are only added. The tables of `FOLDED` are folded from `event`
(`gecit ledger rebuild` makes them again, to the byte). The JSON of `exam` and `study` is `core.exam.Exam` and
`core.exam.Study`; the columns beside it are copies to search by.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Dialect


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware instant: timestamptz on PostgreSQL, sortable ISO text in UTC on SQLite."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[datetime]:
        """Choose the column type."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.DateTime(timezone=True))
        return dialect.type_descriptor(sa.Text())  # type: ignore[arg-type]

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> object:
        """Refuse naive instants; write UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive instant")
        utc = value.astimezone(UTC)
        return (
            utc if dialect.name == "postgresql" else f"{utc.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
        )

    def process_result_value(self, value: object, dialect: Dialect) -> datetime | None:
        """Read UTC."""
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return datetime.fromisoformat(str(value))


metadata = sa.MetaData()
EPOCH = "1970-01-01T00:00:00.000000Z"
LISTED = ("modality", "outcome", "billing")
WAITING = "outcome <> 'submit'"
NOT_TOLD = "billing NOT IN ('untold', 'told')"
OF_MESSAGE = "kind IN ('OrderPlaced', 'OrderChanged', 'OrderCancelled', 'ReportReceived', 'ReportRefused')"
Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")

event = sa.Table(
    "event",
    metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("institution", sa.Text),  # of the exam
    sa.Column("accession", sa.Text),
    sa.Column("node", sa.Text),  # of the study
    sa.Column("study", sa.Text),
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.events
    sa.Index("event_of_exam", "institution", "accession", "id"),
    sa.Index("event_of_study", "study", "id"),
    # The newest one says what all exams stand judged by; there is one for each revision.
    sa.Index(
        "event_rejudged",
        "id",
        sqlite_where=sa.text("kind = 'Rejudged'"),
        postgresql_where=sa.text("kind = 'Rejudged'"),
    ),
    # There are few, and the history of the rules shows them all.
    sa.Index(
        "event_activated",
        "id",
        sqlite_where=sa.text("kind = 'RulebookActivated'"),
        postgresql_where=sa.text("kind = 'RulebookActivated'"),
    ),
    # Hardly ever one; each start of the deliveries asks for it.
    sa.Index(
        "event_restored",
        "id",
        sqlite_where=sa.text("kind = 'LedgerRestored'"),
        postgresql_where=sa.text("kind = 'LedgerRestored'"),
    ),
    # One for each HL7 message that was understood: a sender's messages by exam. A deferred report has its later event.
    sa.Index(
        "event_of_message",
        "institution",
        "at",
        "accession",
        sqlite_where=sa.text(OF_MESSAGE),
        postgresql_where=sa.text(OF_MESSAGE),
    ),
    sqlite_autoincrement=True,
)

message = sa.Table(
    "message",
    metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=True),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("peer", sa.Text, nullable=False),
    sa.Column("institution", sa.Text, nullable=False),
    sa.Column("sending_application", sa.Text, nullable=False),  # MSH-3
    sa.Column("sending_facility", sa.Text, nullable=False),  # MSH-4
    sa.Column("control_id", sa.Text, nullable=False),  # MSH-10
    sa.Column("digest", sa.Text, nullable=False),  # SHA-256 of the frame
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Column("answer", sa.LargeBinary, nullable=False),
    sa.Column("answer_code", sa.Text, nullable=False),  # AA | AE | AR
    sa.Column("transient", sa.Boolean, nullable=False),
    sa.Index("message_same", "control_id", "sending_facility", "sending_application"),
    sa.Index("message_of", "institution", "received_at", "answer_code"),
    sqlite_autoincrement=True,
)

exam = sa.Table(
    "exam",
    metadata,
    sa.Column("institution", sa.Text, primary_key=True),
    sa.Column("accession", sa.Text, primary_key=True),
    sa.Column("tckn", sa.Text, nullable=False),
    sa.Column("file_number", sa.Text, nullable=False),
    sa.Column("modality", sa.Text, nullable=False),
    sa.Column("sut", sa.Text, nullable=False),  # of the first procedure
    sa.Column("ordered_at", Instant),  # the order date of core.dates: OBR-6 or ORC-9, else the first order's receipt
    sa.Column("outcome", sa.Text, nullable=False),  # '' before the first verdict
    sa.Column("billing", sa.Text, nullable=False),
    sa.Column("judge_at", Instant),  # when the judge is to look; NULL = nothing to do
    sa.Column("deferred", sa.Boolean, nullable=False),  # a report waits for the registry
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("listed_at", Instant, nullable=False, server_default=sa.text(f"'{EPOCH}'")),  # core.listing: its place
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.exam.Exam
    sa.Index("exam_accession", "accession"),
    sa.Index("exam_patient", "tckn", "sut"),
    sa.Index("exam_file_number", "institution", "file_number"),
    sa.Index("exam_judge_at", "judge_at"),
    sa.Index("exam_ordered_at", "ordered_at", "institution", "accession"),
    sa.Index("exam_changed_at", "changed_at"),
    # What waits for a person; queries name the value as it stands here, else SQLite takes no partial index.
    sa.Index(
        "exam_proposed",
        "changed_at",
        sqlite_where=sa.text("billing = 'withdrawal proposed'"),
        postgresql_where=sa.text("billing = 'withdrawal proposed'"),
    ),
    sa.Index("exam_deferred", "deferred", sqlite_where=sa.text("deferred"), postgresql_where=sa.text("deferred")),
    # The list, newest first; what narrows it is in the index too, so that no row is read in vain.
    sa.Index("exam_listed", "listed_at", "institution", "accession", *LISTED),
    sa.Index("exam_listed_of", "institution", "listed_at", "accession", *LISTED),
    sa.Index(
        "exam_waiting",
        "outcome",
        "listed_at",
        "institution",
        "accession",
        sqlite_where=sa.text(WAITING),
        postgresql_where=sa.text(WAITING),
    ),
    sa.Index(
        "exam_waiting_of",
        "institution",
        "outcome",
        "listed_at",
        "accession",
        sqlite_where=sa.text(WAITING),
        postgresql_where=sa.text(WAITING),
    ),
    sa.Index(
        "exam_untold",
        "billing",
        "listed_at",
        "institution",
        "accession",
        sqlite_where=sa.text(NOT_TOLD),
        postgresql_where=sa.text(NOT_TOLD),
    ),
    sa.Index(
        "exam_untold_of",
        "institution",
        "billing",
        "listed_at",
        "accession",
        sqlite_where=sa.text(NOT_TOLD),
        postgresql_where=sa.text(NOT_TOLD),
    ),
)

# Folded too: what the list is searched by, and what the day counts.
exam_rule = sa.Table(
    "exam_rule",
    metadata,
    sa.Column("institution", sa.Text, primary_key=True),
    sa.Column("accession", sa.Text, primary_key=True),
    sa.Column("rule", sa.Text, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),  # failed | cannot tell
    sa.Column("listed_at", Instant, nullable=False),
    sa.Index("exam_rule_listed", "rule", "listed_at", "institution", "accession"),
    sqlite_with_rowid=False,
)
# And which windows of exemptions excuse an exam: the register counts them.
exam_window = sa.Table(
    "exam_window",
    metadata,
    sa.Column("institution", sa.Text, primary_key=True),
    sa.Column("accession", sa.Text, primary_key=True),
    sa.Column("window", sa.Text, primary_key=True),  # its id
    sa.Index("exam_window_of", "window", "institution", "accession"),
    sqlite_with_rowid=False,
)
exam_device = sa.Table(
    "exam_device",
    metadata,
    sa.Column("institution", sa.Text, primary_key=True),
    sa.Column("accession", sa.Text, primary_key=True),
    sa.Column("device", sa.Text, primary_key=True),
    sa.Column("modality", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("dose", sa.Boolean, nullable=False),
    sa.Column("listed_at", Instant, nullable=False),
    sa.Index("exam_device_listed", "device", "listed_at", "institution", "accession"),
    sa.Index(
        "exam_device_undosed",
        "modality",
        "listed_at",
        "device",
        "institution",
        sqlite_where=sa.text("NOT dose"),
        postgresql_where=sa.text("NOT dose"),
    ),
    sqlite_with_rowid=False,
)

study = sa.Table(
    "study",
    metadata,
    sa.Column("node", sa.Text, primary_key=True),
    sa.Column("orthanc_id", sa.Text, primary_key=True),
    sa.Column("study_instance_uid", sa.Text, nullable=False),
    sa.Column("accession", sa.Text, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False),
    sa.Column("deleted", sa.Boolean, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.exam.Study
    sa.Index("study_accession", "accession"),
    sa.Index("study_uid", "study_instance_uid"),
    sa.Index("study_changed_at", "changed_at"),
    sa.Index("study_unsettled", "node", sqlite_where=sa.text("NOT settled"), postgresql_where=sa.text("NOT settled")),
)

# Folded too: what a duplicate query searches, one row for each OBR group of an exam.
procedure = sa.Table(
    "procedure",
    metadata,
    sa.Column("institution", sa.Text, primary_key=True),
    sa.Column("accession", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),  # 1 = the first group
    sa.Column("tckn", sa.Text, nullable=False),
    sa.Column("sut", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("modality", sa.Text, nullable=False),
    sa.Column("ordered_at", Instant),
    sa.Column("scheduled_at", Instant),
    sa.Column("performed_at", Instant),  # of the first linked study
    sa.Column("cancelled", sa.Boolean, nullable=False),
    sa.Column("images", sa.Boolean, nullable=False),
    sa.Column("report", sa.Boolean, nullable=False),
    sa.Index("procedure_patient", "tckn", "sut", "ordered_at"),
)
duplicate_query = sa.Table(
    "duplicate_query",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("institution", sa.Text, nullable=False),  # who asked
    sa.Column("tckn", sa.Text, nullable=False),  # '' = the patient has no number to ask by
    sa.Column("physician", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # answered | failed | unaskable
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.background.DuplicateQuery, what was opened included
    sa.Index("duplicate_query_patient", "tckn", "at"),
)
outage = sa.Table(
    "outage",
    metadata,
    sa.Column("service", sa.Text, primary_key=True),
    sa.Column("began_at", Instant, primary_key=True),
    sa.Column("ended_at", Instant),  # NULL = it goes on
    sa.Column("reason", sa.Text, nullable=False),
)

# And what to search studies and links by.
study_identifier = sa.Table(
    "study_identifier",
    metadata,
    sa.Column("identifier", sa.Text, primary_key=True),  # PatientID or one of OtherPatientIDs
    sa.Column("node", sa.Text, primary_key=True),
    sa.Column("orthanc_id", sa.Text, primary_key=True),
    sa.Index("study_identifier_of", "node", "orthanc_id"),
)
link = sa.Table(
    "link",
    metadata,
    sa.Column("node", sa.Text, primary_key=True),
    sa.Column("orthanc_id", sa.Text, primary_key=True),
    sa.Column("institution", sa.Text, primary_key=True),
    sa.Column("accession", sa.Text, primary_key=True),
    sa.Index("link_of_exam", "institution", "accession"),
)

# And what the DICOM doors ask: orders that wait for their images, and who sent which study.
worklist = sa.Table(
    "worklist",
    metadata,
    sa.Column("institution", sa.Text, primary_key=True),
    sa.Column("accession", sa.Text, primary_key=True),
    sa.Column("performer", sa.Text, nullable=False),  # SKRS code of the institution whose modalities do it
    sa.Column("scheduled_at", Instant, nullable=False),
    sa.Column("modality", sa.Text, nullable=False),
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.worklist.Entry
    sa.Index("worklist_performer", "performer", "scheduled_at"),
)
sent_study = sa.Table(
    "sent_study",
    metadata,
    sa.Column("node", sa.Text, primary_key=True),
    sa.Column("orthanc_id", sa.Text, primary_key=True),
    sa.Column("institution", sa.Text, nullable=False),  # '' = unknown, or the study is deleted
    sa.Column("study_date", sa.Text, nullable=False),  # YYYYMMDD
    sa.Index("sent_study_institution", "institution"),
    sa.Index("sent_study_day", "node", "study_date"),
)

# And what the reading list shows: exams that have pictures and no report, or that somebody has to read.
reading = sa.Table(
    "reading",
    metadata,
    sa.Column("institution", sa.Text, primary_key=True),
    sa.Column("accession", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),  # core.reading.State
    sa.Column("reader", sa.Text, nullable=False),  # account; '' = nobody has it
    sa.Column("urgency", sa.Integer, nullable=False),  # core.reading_list.Urgency
    sa.Column("waits_from", Instant, nullable=False),  # when its first pictures came
    sa.Column("modality", sa.Text, nullable=False),
    sa.Column("since", Instant),  # in this state
    sa.Index("reading_order", "urgency", "waits_from", "institution", "accession"),
    sa.Index("reading_institution", "institution", "urgency", "waits_from"),
    sa.Index(
        "reading_reader", "reader", sqlite_where=sa.text("reader <> ''"), postgresql_where=sa.text("reader <> ''")
    ),
)

# And which exams have a critical finding that was marked here, for who must read it and for who waits for that.
critical = sa.Table(
    "critical",
    metadata,
    sa.Column("institution", sa.Text, primary_key=True),
    sa.Column("accession", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),  # core.critical.State
    sa.Column("author", sa.Text, nullable=False),  # account
    sa.Column("marked_at", Instant, nullable=False),
    sa.Index("critical_state", "state", "marked_at"),
    sa.Index("critical_author", "author", "marked_at"),
)
# And quality: what each rater said last of an exam, and what its facts give away. Statistics count here.
rating = sa.Table(
    "rating",
    metadata,
    sa.Column("institution", sa.Text, primary_key=True),
    sa.Column("accession", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),  # image | request
    sa.Column("source", sa.Text, primary_key=True),  # hl7 | editor | assessor
    sa.Column("rater", sa.Text, primary_key=True),  # account; of hl7 the institution's SKRS code
    sa.Column("score", sa.Integer, nullable=False),  # 1..5
    sa.Column("at", Instant, nullable=False),
    sa.Column("modality", sa.Text, nullable=False),
    sa.Column("listed_at", Instant, nullable=False),
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.quality.Rating
    sa.Index("rating_listed", "listed_at", "institution", "kind", "modality", "score"),
    sa.Index(
        "rating_low",
        "listed_at",
        "institution",
        "accession",
        sqlite_where=sa.text("score <= 2"),
        postgresql_where=sa.text("score <= 2"),
    ),
    sqlite_with_rowid=False,
)
hint = sa.Table(
    "hint",
    metadata,
    sa.Column("institution", sa.Text, primary_key=True),
    sa.Column("accession", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("code", sa.Text, nullable=False),  # core.hints.CODES
    sa.Column("modality", sa.Text, nullable=False),
    sa.Column("listed_at", Instant, nullable=False),
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.quality.Hint
    sa.Index("hint_listed", "listed_at", "institution", "accession"),
    sa.Index("hint_code", "code", "listed_at", "institution", "accession"),
    sqlite_with_rowid=False,
)

# What is being written; forgotten once it is signed. No event: a report that nobody signed is no fact of the exam.
draft = sa.Table(
    "draft",
    metadata,
    sa.Column("institution", sa.Text, primary_key=True),
    sa.Column("accession", sa.Text, primary_key=True),
    sa.Column("author", sa.Text, primary_key=True),  # account
    sa.Column("saved_at", Instant),
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.draft.Draft
)
reader = sa.Table(
    "reader",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.balance.ReaderProfile
)
reporting_grant = sa.Table(
    "reporting_grant",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.grants.Grant, as it stands
)
reader_group = sa.Table(
    "reader_group",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.groups.Group, as it stands
)
# The written application that a grant rests on; the grant's event holds its digest.
grant_paper = sa.Table(
    "grant_paper",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),  # SHA-256 of the content, hex
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("stored_at", Instant, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
# Templates and macros of institutions and persons; the shipped ones are files.
report_template = sa.Table(
    "report_template",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),  # account:NAME | institution:SKRS
    sa.Column("kind", sa.Text, primary_key=True),  # of exam; '' with a macro of every kind
    sa.Column("macro", sa.Text, primary_key=True),  # '' = the template of the kind
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.templates.Owned
)

disclosure = sa.Table(
    "disclosure",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, nullable=False),  # id of the consultation, consent ... that it belongs to
    sa.Column("account", sa.Text, nullable=False),  # to whom: an account,
    sa.Column("tckn", sa.Text, nullable=False),  # whoever has this number,
    sa.Column("institution", sa.Text, nullable=False),  # or an institution's physicians; the others are empty
    sa.Column("patient", sa.Text, nullable=False),  # TCKN
    sa.Column("since", Instant, nullable=False),
    sa.Column("ends_at", Instant, nullable=False),  # or ended
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.disclosures.Disclosure, as it stands
    *(
        sa.Index(f"disclosure_{name}", name, "ends_at", sqlite_where=some, postgresql_where=some)
        for name, some in ((one, sa.text(f"{one} <> ''")) for one in ("account", "tckn", "institution"))
    ),
    sa.Index("disclosure_patient", "patient"),
    sa.Index("disclosure_reference", "reference"),
)

# Folded too: rounds of peer review with what was drawn and said, and the feedback that came of it.
review_round = sa.Table(
    "review_round",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("closed_at", Instant),
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.peer_review.ReviewRound
)
review_pick = sa.Table(
    "review_pick",
    metadata,
    sa.Column("round", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("institution", sa.Text, nullable=False),
    sa.Column("accession", sa.Text, nullable=False),
    sa.Column("reviewer", sa.Text, nullable=False),  # account
    sa.Column("blind", sa.Boolean, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),  # as its round
    sa.Index("review_pick_open", "reviewer", sqlite_where=sa.text("open"), postgresql_where=sa.text("open")),
)
peer_review = sa.Table(
    "peer_review",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("round", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("superseded", sa.Boolean, nullable=False),
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.peer_review.PeerReview
    sa.Index("peer_review_of_round", "round", "number"),
)
feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("institution", sa.Text, nullable=False),
    sa.Column("radiologist", sa.Text, nullable=False),  # account; '' = none is known here
    sa.Column("sender", sa.Text, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.feedback.Feedback
    sa.Index("feedback_institution", "institution", "at"),
    sa.Index("feedback_radiologist", "radiologist", "at"),
    sa.Index("feedback_sender", "sender", "at"),
)

share_link = sa.Table(
    "share_link",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False, unique=True),  # SHA-256 of its token, hex
    sa.Column("patient", sa.Text, nullable=False),  # TCKN
    sa.Column("code", sa.Text, nullable=False),  # Argon2 hash of its last code; '' = none, or used
    sa.Column("code_expires_at", Instant),
    sa.Column("tries", sa.Integer, nullable=False),  # of that code
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.share_links.ShareLink
    sa.Index("share_link_patient", "patient"),
)

visit = sa.Table(
    "visit",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),  # SHA-256 of the cookie's value, hex
    sa.Column("link", sa.Text, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index("visit_link", "link"),
)

opening = sa.Table(
    "opening",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("institution", sa.Text, nullable=False),  # of the physician
    sa.Column("patient", sa.Text, nullable=False),  # TCKN
    sa.Column("waits", sa.Boolean, nullable=False),  # for review
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.openings.Opening, as it stands
    sa.Index("opening_institution", "institution"),
    sa.Index("opening_patient", "patient"),
    sa.Index("opening_waits", "waits", sqlite_where=sa.text("waits"), postgresql_where=sa.text("waits")),
)

encounter = sa.Table(
    "encounter",
    metadata,
    sa.Column("institution", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, primary_key=True),  # PV1-19
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.encounters.Encounter, as it stands
)

legal_hold = sa.Table(
    "legal_hold",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.retention.Hold, as it stands
)

retention_list = sa.Table(
    "retention_list",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.retention.RetentionList, as it stands
)

retention_item = sa.Table(
    "retention_item",
    metadata,
    sa.Column("list", sa.Text, primary_key=True),
    sa.Column("node", sa.Text, primary_key=True),
    sa.Column("orthanc_id", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),  # core.retention.ItemState
    sa.Column("at", Instant, nullable=False),
)

# Life of a delivery; what is in brackets is who moves it.
outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=True),
    sa.Column("destination", sa.Text, nullable=False),  # medula | archive | hbys | webhook | alert
    sa.Column("kind", sa.Text, nullable=False),  # notify | withdraw | attach-report | report | verdict-changed ...
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("institution", sa.Text, nullable=False),
    sa.Column("accession", sa.Text, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    # queued -> leased [courier] -> done | queued at next_at (try later) | unknown at next_at (ask first)
    #                             | parked (a person must look) -> queued | unknown [gecit outbox retry]
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("resume", sa.Text, nullable=False),  # the state before the lease, or after parking: queued | unknown
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", Instant, nullable=False),  # of a leased row: when the lease ends
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("leased_by", sa.Text, nullable=False),
    sa.Column("last_error", sa.Text, nullable=False),
    sa.Column("node", sa.Text, nullable=False, server_default=""),  # that alone can carry it out; '' = any node
    sa.UniqueConstraint("destination", "key", name="outbox_key"),
    sa.Index("outbox_due", "destination", "node", "state", "next_at"),
    sa.Index("outbox_institution", "institution", "id"),
    sa.Index(
        "outbox_open",
        "destination",
        "state",
        "created_at",
        sqlite_where=sa.text("state <> 'done'"),
        postgresql_where=sa.text("state <> 'done'"),
    ),
    sa.Index("outbox_of_exam", "institution", "accession"),
    sa.Index(
        "outbox_webhook",
        "id",
        sqlite_where=sa.text("destination = 'webhook'"),
        postgresql_where=sa.text("destination = 'webhook'"),
    ),
    sa.Index(
        "outbox_parked", "id", sqlite_where=sa.text("state = 'parked'"), postgresql_where=sa.text("state = 'parked'")
    ),
    sqlite_autoincrement=True,
)

cursor = sa.Table(
    "cursor",
    metadata,
    sa.Column("node", sa.Text, primary_key=True),
    sa.Column("change", Number, nullable=False),
)

institution = sa.Table(
    "institution",
    metadata,
    sa.Column("skrs", sa.Text, primary_key=True),
    sa.Column("data", sa.Text, nullable=False),  # JSON of ports.Institution
)

# Who is told of verdicts. A row is never deleted: who took whose data away, and until when, stays known.
webhook = sa.Table(
    "webhook",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("institution", sa.Text, nullable=False),  # '' = every institution
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.webhooks.Subscription; its secret is empty once ended
)

# What is or was wrong with the installation: opened -> closed, each told once.
incident = sa.Table(
    "incident",
    metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False),  # kind:subject
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.values.Text
    sa.Index(
        "incident_open",
        "key",
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    ),
    sqlite_autoincrement=True,
)

rulebook = sa.Table(
    "rulebook",
    metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=True),
    sa.Column("revision", sa.Text, nullable=False),  # SHA-256 of the content
    sa.Column("activated_at", Instant, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
)

context = sa.Table(
    "context",
    metadata,
    sa.Column("id", Number, primary_key=True, autoincrement=True),
    sa.Column("revision", sa.Text, nullable=False),  # SHA-256 of the content
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),  # the site's choices and code lists that judging rests on
)

account = sa.Table(
    "account",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("full_name", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("roles", sa.Text, nullable=False),  # JSON list of core.access.Role
    sa.Column("institution", sa.Text, nullable=False),  # SKRS code of the employer
    sa.Column("tckn", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),  # Argon2; '' = no password
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Index(
        "account_tckn", "tckn", unique=True, sqlite_where=sa.text("tckn <> ''"), postgresql_where=sa.text("tckn <> ''")
    ),
)

login = sa.Table(
    "login",
    metadata,
    sa.Column("issuer", sa.Text, primary_key=True),  # iss of OpenID Connect
    sa.Column("subject", sa.Text, primary_key=True),  # sub
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("linked_at", Instant, nullable=False),
)

session = sa.Table(
    "session",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),  # SHA-256 of the cookie's value
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("how", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Index("session_account", "account"),
    sa.Index("session_expires_at", "expires_at"),
)

token = sa.Table(
    "token",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),  # SHA-256 of the token
    sa.Column("owner", sa.Text, nullable=False),  # name of an account
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("revoked_at", Instant),
    sa.Column("label", sa.Text, nullable=False, server_default=""),
    sa.Column("institution", sa.Text, nullable=False, server_default=""),  # '' = as its owner's
    sa.Column("actions", sa.Text),  # JSON list of core.access.Action; NULL = all
    sa.Column("last_used_at", Instant),
)

# Wrong passwords and sign-ins by account and by address; several processes are doors and share these.
attempt = sa.Table(
    "attempt",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),  # a digest: what was typed as a name may be a password
    sa.Column("since", Instant, nullable=False),  # when the window began
    sa.Column("count", sa.Integer, nullable=False),
)

beat = sa.Table(
    "beat",
    metadata,
    sa.Column("node", sa.Text, primary_key=True),
    sa.Column("home", sa.Text, primary_key=True),  # of its data folder: the two of a pair have one name
    sa.Column("process", sa.Text, primary_key=True),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)

# The nodes that share the ledger, by the ledger's own clock.
node = sa.Table(
    "node",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("mark", sa.Text, nullable=False),  # of its index
    sa.Column("home", sa.Text, nullable=False),  # of its data folder: where both are others, it is another node
    sa.Column("address", sa.Text, nullable=False),  # under which browsers reach it; '' = nobody said
    sa.Column("version", sa.Text, nullable=False),  # of Geçit
    sa.Column("orthanc", sa.Text, nullable=False),
    sa.Column("schema", sa.Text, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("beat_at", Instant, nullable=False),
)

# What people keep for themselves, and what was made for them.
saved_view = sa.Table(
    "saved_view",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("search", sa.Text, nullable=False),  # JSON, the fields of the page's filter; never a TCKN
    sa.Column("changed_at", Instant, nullable=False),
)
export = sa.Table(
    "export",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # drawn, not counted
    sa.Column("node", sa.Text, nullable=False),  # on whose disk the file is
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # csv | xlsx
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("search", sa.Text, nullable=False),  # JSON of core.search.ExamSearch, reach included
    sa.Column("asked_at", Instant, nullable=False),
    # waiting -> running [bulk process] -> done | failed
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),  # exams written
    sa.Column("total", sa.Integer, nullable=False),  # exams found
    sa.Column("touched_at", Instant, nullable=False),  # last sign of life of the process that makes it
    sa.Index("export_owner", "owner", "asked_at"),
)

# The citizen's side: exams that are asked for at an institution, and images on their way to a browser.
patient_request = sa.Table(
    "patient_request",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # drawn, not counted
    sa.Column("institution", sa.Text, nullable=False),  # SKRS code of whom is asked
    sa.Column("tckn", sa.Text, nullable=False),  # of the citizen
    sa.Column("state", sa.Text, nullable=False),  # core.patient_requests.State
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("data", sa.Text, nullable=False),  # JSON of core.patient_requests.PatientRequest
    sa.Index("patient_request_of", "tckn", "asked_at"),
    sa.Index("patient_request_at", "institution", "state", "due_at"),
)
download = sa.Table(
    "download",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # drawn, not counted
    sa.Column("node", sa.Text, nullable=False),  # which makes it
    sa.Column("owner", sa.Text, nullable=False),  # account
    sa.Column("institution", sa.Text, nullable=False),  # of the exam
    sa.Column("accession", sa.Text, nullable=False),
    sa.Column("asked_at", Instant, nullable=False),
    # waiting -> running [web] -> done | failed -> running, where it is begun again
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("done", Number, nullable=False),  # bytes of images that went out
    sa.Column("total", Number, nullable=False),  # bytes of images there are
    sa.Column("touched_at", Instant, nullable=False),  # last sign of life of the stream
    sa.Index("download_owner", "owner", "asked_at"),
)

# Who did what with whose data: rows are only added, each tied to the one before in the chain of its writer.
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("chain", sa.Text, primary_key=True),  # node/process/random: one for each start of a process
    sa.Column("number", Number, primary_key=True, autoincrement=False),  # from 1, without gaps
    sa.Column("at", Instant, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("institution", sa.Text, nullable=False),
    sa.Column("accession", sa.Text, nullable=False),
    sa.Column("patient", sa.Text, nullable=False),  # keyed digest of the TCKN
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),  # done | refused | failed
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),  # JSON
    sa.Column("previous", sa.Text, nullable=False),  # hash of the row before
    sa.Column("hash", sa.Text, nullable=False),  # SHA-256 over it and the row, see core.audit_chain
    sa.Index("audit_at", "at"),
    sa.Index("audit_patient", "patient", "at"),
    sa.Index("audit_who", "who", "at"),
    sa.Index(
        "audit_anchor", "at", sqlite_where=sa.text("what = 'anchor'"), postgresql_where=sa.text("what = 'anchor'")
    ),
)
audit_chain = sa.Table(
    "audit_chain",
    metadata,
    sa.Column("chain", sa.Text, primary_key=True),
    sa.Column("number", Number, nullable=False),  # of its last row
    sa.Column("hash", sa.Text, nullable=False),  # of its last row
    sa.Column("at", Instant, nullable=False),  # of its last row
    sa.Column("anchored", Number, nullable=False),  # the last row that an anchor of another chain names
)

# Consultations as they stand in their exams, to search by.
consultation = sa.Table(
    "consultation",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("institution", sa.Text, nullable=False),  # of the exam
    sa.Column("accession", sa.Text, nullable=False),
    sa.Column("asker", sa.Text, nullable=False),  # account
    sa.Column("state", sa.Text, nullable=False),  # core.consultation.State
    sa.Column("until", Instant, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Index("consultation_asker", "asker"),
    sa.Index("consultation_state", "state", "until"),
)
consultation_asked = sa.Table(
    "consultation_asked",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("waits", sa.Boolean, nullable=False),  # it is this one's turn to answer
    sa.Column("until", Instant, nullable=False),
    sa.Index("consultation_asked_account", "account", "waits", "until"),
)

FOLDED = (
    link,
    study_identifier,
    sent_study,
    study,
    procedure,
    worklist,
    reading,
    critical,
    exam_rule,
    exam_window,
    exam_device,
    rating,
    hint,
    consultation,
    consultation_asked,
    exam,
    duplicate_query,
    outage,
    review_round,
    review_pick,
    peer_review,
    feedback,
)
RECORD = (event, message)
"""Rows are only added, but for messages of a sender that are forgotten in time."""
KEPT = (
    # Decisions that open something or keep something: events say them too, but nothing is folded of them.
    disclosure,
    share_link,
    visit,
    opening,
    encounter,
    legal_hold,
    retention_list,
    retention_item,
    reporting_grant,
    reader_group,
    grant_paper,
    institution,
    webhook,
    # What people keep for themselves or for others, without events.
    draft,
    reader,
    report_template,
    saved_view,
    export,
    patient_request,
    download,
    # Who comes in.
    account,
    login,
    session,
    token,
    attempt,
    # What the processes do and find.
    outbox,
    cursor,
    incident,
    rulebook,
    context,
    beat,
    node,
    audit,
    audit_chain,
)
"""Tables that a rebuild leaves as they are. Each table stands here, in `RECORD` or in `FOLDED`: a test demands it."""
