"""What a transaction keeps for reading: the list's rows, drafts, grants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from gecit.core.balance import ReaderProfile
from gecit.core.draft import Draft
from gecit.core.events import Event, GrantRecorded, GroupRecorded
from gecit.core.grants import Grant
from gecit.core.groups import Group
from gecit.core.order import ExamKey
from gecit.core.reading import State
from gecit.core.reading_list import Line, Urgency, line_of
from gecit.core.values import to_json
from gecit.ports import ListSearch

from .group_rows import all_groups, keep_group
from .schema import draft, reader, reading, reporting_grant
from .sql import of_exams, pages, upsert

if TYPE_CHECKING:
    from .exams import Change

_DELETE = sa.delete(reading).where(of_exams(reading))
_DRAFT = sa.and_(
    draft.c.institution == sa.bindparam("of_institution"),
    draft.c.accession == sa.bindparam("of_accession"),
    draft.c.author == sa.bindparam("of_author"),
)
_FIND_DRAFT = sa.select(draft.c.data).where(_DRAFT)
_DROP_DRAFT = sa.delete(draft).where(_DRAFT)


def write_reading(connection: sa.Connection, changes: Sequence[Change]) -> None:
    """Write the lines of exams that changed; what is read or cancelled leaves the list."""
    made = [(one, line_of(one.after)) for one in changes]
    for page in pages(one.after.key for one, new in made if new is None and one.before and line_of(one.before)):
        connection.execute(_DELETE, page)
    upsert(connection, reading, [line_row(new) for _, new in made if new is not None])


def line_row(line: Line) -> dict[str, Any]:
    """Return the row of a line."""
    return {
        "institution": line.key.institution,
        "accession": line.key.accession,
        "state": line.state.value,
        "reader": line.reader,
        "urgency": line.urgency.value,
        "waits_from": line.waits_from,
        "modality": line.modality,
        "since": line.since,
    }


def _line(row: Any) -> Line:
    return Line(
        key=ExamKey(institution=row.institution, accession=row.accession),
        state=State(row.state),
        urgency=Urgency(row.urgency),
        waits_from=row.waits_from,
        reader=row.reader,
        modality=row.modality,
        since=row.since,
    )


class Desk:
    """The part of `ports.Transaction` that reading alone asks for."""

    _connection: sa.Connection

    def flush(self) -> None:
        """Write what was appended."""
        raise NotImplementedError

    def append(self, event: Event) -> None:
        """Record an event and fold it."""
        raise NotImplementedError

    def draft(self, key: ExamKey, author: str) -> Draft | None:
        """Return what an author has written of an exam's report."""
        data = self._connection.scalar(_FIND_DRAFT, _of_draft(key, author))
        return msgspec.json.decode(data, type=Draft) if data else None

    def save_draft(self, one: Draft) -> None:
        """Keep a draft in the place of the author's last one."""
        key = {"institution": one.exam.institution, "accession": one.exam.accession, "author": one.author}
        upsert(self._connection, draft, [{**key, "saved_at": one.saved_at, "data": to_json(one).decode()}])

    def drop_draft(self, key: ExamKey, author: str) -> None:
        """Forget a draft."""
        self._connection.execute(_DROP_DRAFT, _of_draft(key, author))

    def reading_lines(self, search: ListSearch) -> list[Line]:
        """Return lines of the list, the most urgent and longest waiting first."""
        self.flush()
        query = sa.select(reading).where(*_narrowed(search))
        key = (reading.c.institution, reading.c.accession)
        found = self._connection.execute(
            query.order_by(reading.c.urgency, reading.c.waits_from, *key).limit(search.limit)
        )
        return [_line(row) for row in found]

    def reader_profiles(self) -> dict[str, ReaderProfile]:
        """Return what radiologists say of themselves, by account."""
        found = self._connection.execute(sa.select(reader))
        return {row.account: msgspec.json.decode(row.data, type=ReaderProfile) for row in found}

    def keep_reader_profile(self, account: str, profile: ReaderProfile) -> None:
        """Keep what a radiologist says of himself."""
        upsert(self._connection, reader, [{"account": account, "data": to_json(profile).decode()}])

    def grants(self) -> list[Grant]:
        """Return all grants as they stand, by id."""
        found = self._connection.scalars(sa.select(reporting_grant.c.data).order_by(reporting_grant.c.id))
        return [msgspec.json.decode(data, type=Grant) for data in found]

    def record_grant(self, grant: Grant, at: datetime, by: str = "") -> None:
        """Add a grant, or record how it stands now."""
        upsert(self._connection, reporting_grant, [{"id": grant.id, "data": to_json(grant).decode()}])
        self.append(GrantRecorded(at=at, grant=grant, by=by))

    def groups(self) -> list[Group]:
        """Return all groups of radiologists as they stand, closed ones too, by name."""
        return all_groups(self._connection)

    def record_group(self, group: Group, at: datetime, by: str = "") -> None:
        """Add a group, or record how it stands now."""
        keep_group(self._connection, group)
        self.append(GroupRecorded(at=at, group=group, by=by))


def _of_draft(key: ExamKey, author: str) -> dict[str, str]:
    return {"of_institution": key.institution, "of_accession": key.accession, "of_author": author}


def _narrowed(search: ListSearch) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if search.institutions is not None:
        found.append(reading.c.institution.in_(search.institutions))
    if search.states:
        found.append(reading.c.state.in_([one.value for one in search.states]))
    if search.reader:
        found.append(sa.and_(sa.text("reader <> ''"), reading.c.reader == search.reader))
    if search.modality:
        found.append(reading.c.modality == search.modality)
    return found
