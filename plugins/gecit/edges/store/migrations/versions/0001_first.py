"""The first ledger."""

import sqlalchemy as sa
from alembic import op

from gecit.edges.store.schema import Instant

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "administrator",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "beat",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node", "process"),
    )
    op.create_table(
        "cursor",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("change", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("node"),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=True),
        sa.Column("accession", sa.Text(), nullable=True),
        sa.Column("node", sa.Text(), nullable=True),
        sa.Column("study", sa.Text(), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("event_of_exam", "event", ["institution", "accession", "id"], unique=False)
    op.create_index("event_of_study", "event", ["study", "id"], unique=False)
    op.create_table(
        "exam",
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("accession", sa.Text(), nullable=False),
        sa.Column("tckn", sa.Text(), nullable=False),
        sa.Column("file_number", sa.Text(), nullable=False),
        sa.Column("modality", sa.Text(), nullable=False),
        sa.Column("sut", sa.Text(), nullable=False),
        sa.Column("ordered_at", Instant(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("billing", sa.Text(), nullable=False),
        sa.Column("judge_at", Instant(), nullable=True),
        sa.Column("deferred", sa.Boolean(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("institution", "accession"),
    )
    op.create_index("exam_accession", "exam", ["accession"], unique=False)
    op.create_index("exam_changed_at", "exam", ["changed_at"], unique=False)
    op.create_index(
        "exam_deferred",
        "exam",
        ["deferred"],
        unique=False,
        sqlite_where=sa.text("deferred"),
        postgresql_where=sa.text("deferred"),
    )
    op.create_index("exam_file_number", "exam", ["institution", "file_number"], unique=False)
    op.create_index("exam_judge_at", "exam", ["judge_at"], unique=False)
    op.create_index("exam_patient", "exam", ["tckn", "sut"], unique=False)
    op.create_table(
        "institution",
        sa.Column("skrs", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("skrs"),
    )
    op.create_table(
        "link",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("orthanc_id", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("accession", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node", "orthanc_id", "institution", "accession"),
    )
    op.create_index("link_of_exam", "link", ["institution", "accession"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("sending_application", sa.Text(), nullable=False),
        sa.Column("sending_facility", sa.Text(), nullable=False),
        sa.Column("control_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("answer_code", sa.Text(), nullable=False),
        sa.Column("transient", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("message_same", "message", ["control_id", "sending_facility", "sending_application"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("accession", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("resume", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("leased_by", sa.Text(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("destination", "key", name="outbox_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("outbox_due", "outbox", ["destination", "state", "next_at"], unique=False)
    op.create_table(
        "rulebook",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("activated_at", Instant(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "study",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("orthanc_id", sa.Text(), nullable=False),
        sa.Column("study_instance_uid", sa.Text(), nullable=False),
        sa.Column("accession", sa.Text(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node", "orthanc_id"),
    )
    op.create_index("study_accession", "study", ["accession"], unique=False)
    op.create_index("study_changed_at", "study", ["changed_at"], unique=False)
    op.create_index("study_uid", "study", ["study_instance_uid"], unique=False)
    op.create_index(
        "study_unsettled",
        "study",
        ["node"],
        unique=False,
        sqlite_where=sa.text("NOT settled"),
        postgresql_where=sa.text("NOT settled"),
    )
    op.create_table(
        "study_identifier",
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("orthanc_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("identifier", "node", "orthanc_id"),
    )
    op.create_index("study_identifier_of", "study_identifier", ["node", "orthanc_id"], unique=False)
    op.create_table(
        "token",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("digest"),
    )


def downgrade() -> None:
    op.drop_table("token")
    op.drop_index("study_identifier_of", table_name="study_identifier")
    op.drop_table("study_identifier")
    op.drop_index(
        "study_unsettled",
        table_name="study",
        sqlite_where=sa.text("NOT settled"),
        postgresql_where=sa.text("NOT settled"),
    )
    op.drop_index("study_uid", table_name="study")
    op.drop_index("study_changed_at", table_name="study")
    op.drop_index("study_accession", table_name="study")
    op.drop_table("study")
    op.drop_table("rulebook")
    op.drop_index("outbox_due", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index("message_same", table_name="message")
    op.drop_table("message")
    op.drop_index("link_of_exam", table_name="link")
    op.drop_table("link")
    op.drop_table("institution")
    op.drop_index("exam_patient", table_name="exam")
    op.drop_index("exam_judge_at", table_name="exam")
    op.drop_index("exam_file_number", table_name="exam")
    op.drop_index(
        "exam_deferred", table_name="exam", sqlite_where=sa.text("deferred"), postgresql_where=sa.text("deferred")
    )
    op.drop_index("exam_changed_at", table_name="exam")
    op.drop_index("exam_accession", table_name="exam")
    op.drop_table("exam")
    op.drop_index("event_of_study", table_name="event")
    op.drop_index("event_of_exam", table_name="event")
    op.drop_table("event")
    op.drop_table("cursor")
    op.drop_table("beat")
    op.drop_table("administrator")
