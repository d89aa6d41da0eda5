"""How a draft comes to be out of recorded outages, and how it is put in force. Pages and commands both do it here."""

from __future__ import annotations

from datetime import datetime

from ..core.exemptiondraft import Leftover, left_over, stretches, write_draft
from ..core.reach import reach
from ..core.rulebook import Exemption, Rulebook
from ..core.rulediff import difference, lost
from ..core.values import Value, local
from ..ports import Clock
from ..steps.reached import stretches_of
from .rule_drafts import Draft, DraftError, DraftFolder
from .store import SqlLedger, effects


class Activated(Value):
    """What an activation did. `new` False = that revision was in force already."""

    revision: str
    new: bool
    reached: int  # judged exams that are judged anew


class WouldLoseError(DraftError):
    """Something in force would go away, and nobody said that this is meant."""


def activate(
    ledger: SqlLedger, drafts: DraftFolder, draft: Draft, clock: Clock, *, revision: str, note: str, by: str, yes: bool
) -> Activated:
    """Put a draft in force: its file where it counts, the files as a new revision, then the draft away.

    `revision` is that of the rulebook which the person looked at: another one is refused, DraftError. Where rules,
    editions or windows in force would go away and `yes` is not said, WouldLoseError. A fault leaves all as it was.
    """
    with drafts.placed(draft) as book:
        if book.revision != revision:
            raise DraftError(
                "kural dosyaları bu arada değişti: etkisine yeniden bakın",
                "the rule files have changed meanwhile: look at the effect again",
            )
        before = in_force(ledger)
        if before and not yes and (gone := lost(difference(before, book))):
            raise WouldLoseError(
                f"yürürlükteki {len(gone)} kayıt kalkardı; istenen buysa onaylayın",
                f"{len(gone)} entries in force would go away; say so if that is meant",
            )
        new = ledger.activate_rulebook(book.revision, book.to_json(), clock.now(), note, by)
        where = stretches_of([reach(before, book)])
    return Activated(revision=book.revision, new=new, reached=effects.count_reached(ledger, where) if new else 0)


def in_force(ledger: SqlLedger) -> Rulebook | None:
    """Return the rulebook in force."""
    found = ledger.rulebook_at()
    return Rulebook.from_json(found.content) if found else None


def drafted(
    ledger: SqlLedger,
    into: Exemption,
    service: str,
    since: datetime,
    until: datetime,
    now: datetime,
    title: str = "",
) -> tuple[str, list[Leftover]]:
    """Write the windows of a service's recorded outages that do not stand yet; the text is empty where none is left."""
    found = ledger.read(lambda tx: tx.outages(since, until))
    windows = stretches([one for one in found if one.service == service], since, min(until, now))
    left = [left_over(one, into) for one in windows]
    if not any(one.window for one in left):
        return "", left
    return write_draft(left, into.id, title, local(now).date()), left


class BooksInForce:
    """The rulebook in force, read again only when another one is."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._ledger = ledger
        self._book: Rulebook | None = None

    def __call__(self) -> Rulebook | None:
        """Return the rulebook in force, None before the first."""
        revision = self._ledger.active_revision()
        if self._book is None or self._book.revision != revision:
            self._book = in_force(self._ledger)
        return self._book
