"""The papers of grants, on the connection of a transaction: kept once for each content."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from gecit.core.papers import StoredPaper

from .schema import grant_paper
from .sql import upsert


def keep_paper(connection: sa.Connection, digest: str, paper: StoredPaper, at: datetime) -> None:
    """Keep a paper under its digest; the same content again changes nothing but the instant."""
    row = {"digest": digest, "media_type": paper.media_type, "stored_at": at, "content": paper.content}
    upsert(connection, grant_paper, [row])


def find_paper(connection: sa.Connection, digest: str) -> StoredPaper | None:
    """Return the paper of a digest."""
    row = connection.execute(sa.select(grant_paper).where(grant_paper.c.digest == digest)).first()
    return StoredPaper(media_type=row.media_type, content=bytes(row.content)) if row else None
