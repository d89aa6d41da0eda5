"""Drafts whose exam is their author's no more -> shown to him, thrown away by him, or forgotten after a while."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..core.draft import Draft
from ..core.left_drafts import ORPHANED, Left, LeftDraft, left_of
from ..core.order import ExamKey
from ..ports import Ledger, Transaction

MayReport = Callable[[str, str], bool]
"""Account and SKRS code -> whether that one may report for it now; asked outside of a transaction that writes."""


def left_by(ledger: Ledger, author: str, may: MayReport) -> list[LeftDraft]:
    """Return an author's drafts whose exam he does not have, the last saved first."""
    drafts = ledger.read(lambda tx: tx.drafts(author=author))
    rights = {skrs: may(author, skrs) for skrs in {one.exam.institution for one in drafts}}
    found = ledger.read(lambda tx: [_left(tx, one, may_report=rights[one.exam.institution]) for one in drafts])
    return [one for one in found if one.left is not Left.HIS]


def discard(tx: Transaction, key: ExamKey, author: str) -> bool:
    """Throw a draft away; False where there is none, or the author still has its exam."""
    draft = tx.draft(key, author)
    if draft is None or left_of(draft, tx.exam(key), may_report=True) is Left.HIS:
        return False
    tx.drop_draft(key, author)
    return True


def forget_orphaned(ledger: Ledger, before: datetime, may: MayReport, most: int = 200) -> int:
    """Forget orphaned drafts that were last saved before an instant; return how many."""
    old = ledger.read(lambda tx: tx.drafts(saved_before=before))
    rights = {(one.author, one.exam.institution): may(one.author, one.exam.institution) for one in old}

    def work(tx: Transaction) -> int:
        count = 0
        for one in old:
            draft = tx.draft(one.exam, one.author)
            if count >= most or draft is None or draft.saved_at != one.saved_at:
                continue
            if left_of(draft, tx.exam(one.exam), may_report=rights[one.author, one.exam.institution]) in ORPHANED:
                tx.drop_draft(one.exam, one.author)
                count += 1
        return count

    return ledger.write(work) if old else 0


def _left(tx: Transaction, draft: Draft, *, may_report: bool) -> LeftDraft:
    return LeftDraft(draft=draft, left=left_of(draft, tx.exam(draft.exam), may_report=may_report))
