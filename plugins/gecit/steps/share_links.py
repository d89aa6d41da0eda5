"""A patient's link -> a disclosure; link and code -> a visit; a visit -> as whom it stands at the doors."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from msgspec.structs import replace

from ..core import share_links as s
from ..core.accounts import Account, attempt_key
from ..core.audit import AuditEntry
from ..core.disclosures import Disclosure, Ground
from ..core.share_links import Channel, ShareLink, Visit
from ..core.sharing import Fault
from ..core.values import Value
from ..ports import Accounts, AnswerUnknown, Audit, Clock, CodeSender, Ledger, Refused, Transaction, Unavailable
from .disclosing import disclose
from .sharing import refuse

log = logging.getLogger("gecit.share_links")

SEND_CODE, ENTER_CODE = "send a sharing code", "enter a sharing code"
HAND_OVER, TAKE_OVER = "hand a visit over", "take a visit over"
TICKET = timedelta(seconds=60)


class Said(StrEnum):
    """What became of asking for a code, or of entering one."""

    SENT = "sent"
    OPEN = "open"
    NOTHING = "nothing"  # no such link, not begun, over, ended: one answer for all
    WRONG = "wrong"
    TOO_MANY = "too many"
    NOT_SENT = "not sent"


class LinkTerms(Value):
    """How long codes, visits and links stand."""

    code: timedelta = timedelta(minutes=10)
    visit: timedelta = timedelta(minutes=60)
    link: timedelta = timedelta(days=30)


class Hashing(Value):
    """How codes are kept: `hash`, and whether a code `fits` one (None = too many are being checked)."""

    hash: Callable[[str], str]
    fits: Callable[[str, str], bool | None]


class Links:
    """The links of one installation. `senders`: by channel; a channel without one is not offered."""

    def __init__(
        self,
        ledger: Ledger,
        accounts: Accounts,
        audit: Audit,
        clock: Clock,
        senders: Mapping[Channel, CodeSender],
        hashing: Hashing,
        terms: LinkTerms,
    ) -> None:
        self._ledger, self._accounts, self._audit, self._clock = ledger, accounts, audit, clock
        self._senders, self._hashing, self.terms = senders, hashing, terms

    @property
    def channels(self) -> tuple[Channel, ...]:
        """How codes can be sent here; () = there are no links."""
        return tuple(sorted(self._senders))

    def make(self, asked: Disclosure, channel: Channel, written: str, digest: str, by: str) -> ShareLink:
        """Record a link whose token has a digest (SHA-256, hex); raises `SharingRefused`."""
        now, number = self._clock.now(), secrets.token_hex(8)
        address = s.address_of(channel, written)
        faults = [] if channel in self._senders else [Fault.NO_CHANNEL]
        faults += [] if address else [Fault.ADDRESS]
        faults += [] if asked.exams else [Fault.EXAMS]
        account = s.account_of(number)
        until = min(asked.until, asked.since + self.terms.link)
        opened = replace(
            asked,
            id=number,
            reference=number,
            ground=Ground.CONSENT,
            account=account,
            tckn="",
            institution="",
            until=until,
        )
        link = ShareLink(
            id=number,
            digest=digest,
            patient=asked.patient,
            disclosure=number,
            channel=channel,
            address=address,
            made_at=now,
        )

        def work(tx: Transaction) -> None:
            made = [one for one in tx.share_links_of(asked.patient) if now - one.made_at < s.DAY]
            many = [Fault.TOO_MANY] if len(made) >= s.LINKS_A_DAY else []
            refuse(tx, opened, now, [*faults, *many])
            disclose(tx, opened, by, now)
            tx.add_share_link(link)

        self._ledger.write(work)
        return link

    def send_code(self, digest: str, network: str, address: str) -> Said:
        """Send a new code for a link; what was sent before is worth nothing then. `network`: who asks, for limits."""
        now, link = self._clock.now(), self._standing(digest)
        if self._counted("codes from", network, now, s.WINDOW) > s.CODES_OF_NETWORK:
            return self._refused(SEND_CODE, link, address, Said.TOO_MANY)
        if link is None:
            return self._refused(SEND_CODE, None, address, Said.NOTHING)
        if (
            self._counted("codes of", link.id, now, s.WINDOW) > s.CODES_OF_LINK
            or self._counted("codes a day of", link.id, now, s.DAY) > s.CODES_A_DAY
        ):
            return self._refused(SEND_CODE, link, address, Said.TOO_MANY)
        code = f"{secrets.randbelow(10**s.CODE_DIGITS):0{s.CODE_DIGITS}d}"
        kept = self._hashing.hash(code)
        self._tell(SEND_CODE, link, address)  # first: what cannot be audited is not done
        self._ledger.write(lambda tx: tx.set_share_code(link.id, kept, now + self.terms.code))
        return Said.SENT if self._sent(link, code) else Said.NOT_SENT

    def _sent(self, link: ShareLink, code: str) -> bool:
        subject, text = s.code_text(code, self.terms.code.total_seconds() / 60)
        both = f"{text.tr}\n\n{text.en}" if link.channel is Channel.EMAIL else text.tr
        try:
            self._senders[link.channel].send(link.address, subject.tr, both, secrets.token_hex(12))
        except AnswerUnknown:
            log.warning("whether a sharing code arrived is not known: %s", link.channel.value)
        except (Refused, Unavailable, KeyError, ValueError) as fault:  # ValueError: an address that no message can bear
            log.error("a sharing code was not sent: %s, %s", link.channel.value, type(fault).__name__)
            return False
        return True

    def enter(self, digest: str, code: str, visit: str, network: str, address: str) -> Said:
        """Begin a visit, whose cookie's value has the digest `visit`, where link and code fit."""
        now, link = self._clock.now(), self._standing(digest)
        if self._many("wrong from", network, now, s.WRONG_OF_NETWORK):
            return self._refused(ENTER_CODE, link, address, Said.TOO_MANY)
        if link is None:
            self._counted("wrong from", network, now, s.WINDOW)
            return self._refused(ENTER_CODE, None, address, Said.NOTHING)
        if self._many("wrong of", link.id, now, s.WRONG_OF_LINK):
            return self._refused(ENTER_CODE, link, address, Said.TOO_MANY)
        kept = self._ledger.write(lambda tx: tx.try_share_code(link.id, now, s.TRIES))
        fits = self._hashing.fits(kept, s.digits_of(code)) if kept else False
        if fits is None:
            return self._refused(ENTER_CODE, link, address, Said.TOO_MANY)
        begun = Visit(digest=visit, link=link.id, expires_at=now + self.terms.visit)
        if fits:
            self._tell(ENTER_CODE, link, address)  # first, as above; what fails after all is a second row
        if not fits or not self._ledger.write(lambda tx: _begin(tx, kept, begun, now)):
            self._counted("wrong from", network, now, s.WINDOW)
            self._counted("wrong of", link.id, now, s.WINDOW)
            return self._refused(ENTER_CODE, link, address, Said.WRONG)
        return Said.OPEN

    def hand_over(self, visit: str, ticket: Callable[[datetime], str], address: str) -> datetime | None:
        """Keep a ticket by which another node goes on with a visit; return when the visit ends, None = it has ended.

        `ticket` makes the ticket's digest, of which that end is a part: the other node's visit ends no later. It is
        kept as a visit that no cookie opens, for a minute.
        """
        now, found = self._clock.now(), self._ledger.read(lambda tx: tx.visit(visit))
        if found is None or found.expires_at <= now:
            return None
        self._tell_of(HAND_OVER, found.link, address)
        kept = replace(found, digest=ticket(found.expires_at), expires_at=min(found.expires_at, now + TICKET))
        self._ledger.write(lambda tx: tx.add_visit(kept, now))
        return found.expires_at

    def take_over(self, ticket: str, visit: str, until: datetime, address: str) -> bool:
        """Go on with another node's visit until its end, where the digest `ticket` was kept: once, within a minute.

        Of what is no ticket nothing is told here: any program can make them up as fast as it likes (`no_ticket`).
        """
        now, kept = self._clock.now(), self._ledger.read(lambda tx: tx.visit(ticket))
        if kept is None or kept.expires_at <= now:
            return False
        self._tell_of(TAKE_OVER, kept.link, address)

        def work(tx: Transaction) -> bool:
            used = tx.end_visits(digest=ticket)
            if not used or not tx.visits_until(kept.link, until):  # that one was left meanwhile
                return False
            tx.add_visit(replace(kept, digest=visit, expires_at=until), now)
            return True

        taken = self._ledger.write(work)
        if not taken:  # what was told before it did not come about
            self._tell_of(TAKE_OVER, kept.link, address, "left or taken meanwhile")
        return taken

    def no_ticket(self, address: str) -> None:
        """Tell the audit that somebody showed what is no ticket."""
        self._tell_of(TAKE_OVER, "", address, "no ticket")

    def _tell_of(self, what: str, link: str, address: str, why: str = "") -> None:
        who, now = s.account_of(link) if link else "", self._clock.now()
        outcome: Literal["done", "refused"] = "refused" if why else "done"
        self._audit.record(AuditEntry(at=now, who=who, what=what, address=address, outcome=outcome, why=why))

    def leave(self, visit: str) -> None:
        """End a visit, and those at nodes that it went over to; `visit`: the digest of its cookie's value."""

        def work(tx: Transaction) -> None:
            found = tx.visit(visit)
            for one in tx.visits_until(found.link, found.expires_at) if found else ():
                tx.end_visits(digest=one.digest)

        self._ledger.write(work)

    def _standing(self, digest: str) -> ShareLink | None:
        """Return a link that opens something now."""
        now = self._clock.now()

        def work(tx: Transaction) -> ShareLink | None:
            link = tx.share_link_with(digest)
            opened = tx.disclosure(link.disclosure) if link else None
            return link if opened and opened.stands(now) else None

        return self._ledger.read(work)

    def _counted(self, kind: str, what: str, now: datetime, window: timedelta) -> int:
        return self._accounts.count_attempt(attempt_key(f"share {kind}", what), now, now - window)

    def _many(self, kind: str, what: str, now: datetime, most: int) -> bool:
        return self._accounts.attempts(attempt_key(f"share {kind}", what), now - s.WINDOW) >= most

    def _refused(self, what: str, link: ShareLink | None, address: str, said: Said) -> Said:
        self._tell(what, link, address, said.value)
        return said

    def _tell(self, what: str, link: ShareLink | None, address: str, why: str = "") -> None:
        self._audit.record(
            AuditEntry(
                at=self._clock.now(),
                who=s.account_of(link.id) if link else "",
                what=what,
                patient=link.patient if link else "",
                address=address,
                outcome="refused" if why else "done",
                why=why,
            )
        )


def _begin(tx: Transaction, kept: str, visit: Visit, now: datetime) -> bool:
    if not tx.use_share_code(visit.link, kept):
        return False
    tx.add_visit(visit, now)
    return True


def visitors(ledger: Ledger) -> Callable[[str, datetime], Account | None]:
    """Return what answers as whom the digest of a visit's cookie stands at an instant; None = nobody."""

    def ask(digest: str, now: datetime) -> Account | None:
        found = ledger.read(lambda tx: tx.visit(digest))
        return s.visitor(found.link) if found and now < found.expires_at else None

    return ask
