"""Orphaned drafts on both engines: told from those that are still their author's, and forgotten only where asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gecit.core.left_drafts import Left
from gecit.core.order import ExamKey
from gecit.edges.store import SqlLedger
from gecit.steps import read_exam
from gecit.steps.left_drafts import discard, forget_orphaned, left_by
from tests.support.flow import key
from tests.support.reading import AYSE, BORA, LIMITS, NOW, sign, take, wait_for_reader, write

DAY = timedelta(days=1)


def yes(reader: str, skrs: str) -> bool:
    return True


def no(reader: str, skrs: str) -> bool:
    return False


def left(ledger: SqlLedger, may: object = yes) -> list[tuple[str, Left]]:
    return [(one.draft.exam.accession, one.left) for one in left_by(ledger, "ayse", may)]  # type: ignore[arg-type]


def give_back(ledger: SqlLedger, exam: ExamKey) -> None:
    ledger.write(lambda tx: read_exam.give_back(tx, exam, AYSE, NOW))


@pytest.fixture
def drafts(ledger: SqlLedger) -> SqlLedger:
    """A1 is given back, B1 somebody else has, C1 somebody else signed, D1 is still the author's."""
    for accession in ("A1", "B1", "C1", "D1"):
        exam = wait_for_reader(ledger, accession)
        take(ledger, AYSE, exam)
        write(ledger, AYSE, exam=exam)
        if accession != "D1":
            give_back(ledger, exam)
        if accession in ("B1", "C1"):
            take(ledger, BORA, exam)
        if accession == "C1":
            write(ledger, BORA, exam=exam)
            sign(ledger, BORA, exam=exam)
    return ledger


def test_it_is_told_why_a_draft_is_not_his_any_more(drafts: SqlLedger) -> None:
    found = {"A1": Left.FREE, "B1": Left.ELSEWHERE, "C1": Left.REPORTED}
    assert dict(left(drafts)) == found
    assert dict(left(drafts, no)) == dict.fromkeys(found, Left.NO_RIGHT)


def test_forgetting_takes_the_orphaned_alone_and_never_what_is_still_his(drafts: SqlLedger) -> None:
    assert forget_orphaned(drafts, NOW, yes) == 0, "saved at that very instant, not before"
    assert forget_orphaned(drafts, NOW + DAY, yes) == 2
    assert dict(left(drafts)) == {"A1": Left.FREE}
    assert drafts.read(lambda tx: tx.draft(key("D1"), "ayse"))
    assert forget_orphaned(drafts, NOW + DAY, no) == 1
    assert drafts.read(lambda tx: tx.draft(key("D1"), "ayse")), "his rights are for others to take away"


def test_its_author_throws_it_away_but_not_under_his_own_hands(drafts: SqlLedger) -> None:
    assert drafts.write(lambda tx: discard(tx, key("C1"), "ayse"))
    assert not drafts.write(lambda tx: discard(tx, key("C1"), "ayse"))
    assert not drafts.write(lambda tx: discard(tx, key("D1"), "ayse"))
    assert "C1" not in dict(left(drafts))


def test_a_draft_whose_reading_timed_out_waits_for_its_author(drafts: SqlLedger) -> None:
    later = NOW + 2 * LIMITS.idle
    drafts.write(lambda tx: read_exam.release_due(tx, LIMITS, later, yes))
    assert dict(left(drafts))["D1"] is Left.FREE
