"""What a transaction keeps of links, their codes and visits."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa

from gecit.core.share_links import ShareLink, Visit
from gecit.core.values import to_json

from .schema import share_link as table
from .schema import visit


class SharingTx:
    """Implements `ports.sharing.SharingKept` on one connection."""

    _connection: sa.Connection

    def share_links_of(self, patient: str) -> list[ShareLink]:
        """Return all links of a patient (TCKN), the newest first."""
        found = self._connection.scalars(sa.select(table.c.data).where(table.c.patient == patient))
        links = [msgspec.json.decode(data, type=ShareLink) for data in found]
        return sorted(links, key=lambda one: (one.made_at, one.id), reverse=True)

    def share_link_with(self, digest: str) -> ShareLink | None:
        """Return the link whose token has that digest."""
        data = self._connection.scalar(sa.select(table.c.data).where(table.c.digest == digest))
        return msgspec.json.decode(data, type=ShareLink) if data else None

    def add_share_link(self, link: ShareLink) -> None:
        """Keep a link."""
        row = {"id": link.id, "digest": link.digest, "patient": link.patient, "data": to_json(link).decode()}
        self._connection.execute(sa.insert(table).values(**row, code="", tries=0))

    def set_share_code(self, link_id: str, code_hash: str, expires_at: datetime) -> None:
        """Put a code in the place of a link's last one, with no tries yet."""
        values = {"code": code_hash, "code_expires_at": expires_at, "tries": 0}
        self._connection.execute(sa.update(table).where(table.c.id == link_id).values(values))

    def try_share_code(self, link_id: str, now: datetime, most: int) -> str:
        """Count one try of a link's code and return its hash."""
        stands = sa.and_(table.c.code != "", table.c.code_expires_at > now, table.c.tries < most)
        counted = sa.update(table).where(table.c.id == link_id, stands).values(tries=table.c.tries + 1)
        return self._connection.scalar(counted.returning(table.c.code)) or ""

    def use_share_code(self, link_id: str, code_hash: str) -> bool:
        """Use a code up; False for all but the first who do."""
        mine = sa.and_(table.c.id == link_id, table.c.code == code_hash, table.c.code != "")
        return self._connection.execute(sa.update(table).where(mine).values(code="")).rowcount == 1

    def add_visit(self, one: Visit, now: datetime) -> None:
        """Keep a visit; those that have expired are forgotten."""
        self._connection.execute(sa.delete(visit).where(visit.c.expires_at <= now))
        self._connection.execute(sa.insert(visit).values(msgspec.structs.asdict(one)))

    def visit(self, digest: str) -> Visit | None:
        """Return a visit, an expired one too."""
        row = self._connection.execute(sa.select(visit).where(visit.c.digest == digest)).first()
        return Visit(**row._mapping) if row else None

    def visits_until(self, link: str, expires_at: datetime) -> list[Visit]:
        """Return the visits of a link that end at an instant."""
        mine = sa.and_(visit.c.link == link, visit.c.expires_at == expires_at)
        return [Visit(**row._mapping) for row in self._connection.execute(sa.select(visit).where(mine))]

    def end_visits(self, *, digest: str = "", link: str = "") -> int:
        """End one visit, or all of a link."""
        mine = visit.c.digest == digest if digest else visit.c.link == link
        return self._connection.execute(sa.delete(visit).where(mine)).rowcount
