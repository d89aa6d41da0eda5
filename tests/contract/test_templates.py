"""Templates of institutions and persons on both engines."""

from __future__ import annotations

from msgspec.structs import replace

from gecit.core.report import ReportPart
from gecit.core.templates import Owned, of_account, of_institution
from gecit.core.values import Text
from gecit.edges.store import SqlLedger
from tests.support.reading import NOW

MINE = Owned(owner=of_account("ayse"), kind="ct-chest", parts={ReportPart.FINDINGS: "Ğüşıöç:"})
OURS = replace(MINE, owner=of_institution("910001"), parts={ReportPart.FINDINGS: "Kurum:"})
MACRO = replace(MINE, kind="", macro="bir", title=Text(tr="a", en="b"), kinds=("ct-chest",))


def test_the_last_one_kept_stands_and_each_owner_has_his_own(ledger: SqlLedger) -> None:
    for one in (MINE, OURS, MACRO, replace(MINE, changed_by="ayse")):
        ledger.write(lambda tx, one=one: tx.keep_template(one, NOW))  # type: ignore[misc]
    assert ledger.read(lambda tx: tx.templates((MINE.owner,))) == [MACRO, replace(MINE, changed_by="ayse")]
    assert ledger.read(lambda tx: tx.templates((MINE.owner, OURS.owner)))[-1] == OURS
    assert ledger.read(lambda tx: tx.templates(())) == []


def test_one_is_forgotten_alone(ledger: SqlLedger) -> None:
    for one in (MINE, OURS, MACRO):
        ledger.write(lambda tx, one=one: tx.keep_template(one, NOW))  # type: ignore[misc]
    assert ledger.write(lambda tx: tx.drop_template(MINE.owner, "ct-chest", ""))
    assert not ledger.write(lambda tx: tx.drop_template(MINE.owner, "ct-chest", ""))
    assert ledger.read(lambda tx: tx.templates((MINE.owner, OURS.owner))) == [MACRO, OURS]
