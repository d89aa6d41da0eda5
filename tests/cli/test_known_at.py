"""`gecit judge --known-at` at the instant of a verdict is that verdict, whatever came in at the same moment."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from gecit.core.order import Procedure
from gecit.core.rulebook import Rulebook
from gecit.core.verdict import Verdict
from gecit.edges.rules_files import read_folder
from gecit.edges.store import SqlLedger
from gecit.processes.rules import snapshot_of
from gecit.steps.judge_exam import judge_due
from tests.cli.test_judge import RULES, Run, activate, complete, judge, ledger
from tests.support.flow import JUDGING, START, exam, incoming, order, send

__all__ = ["ledger"]  # a fixture

SECOND = timedelta(seconds=1)


def said(run: Run, verdict: Verdict) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(run("judge", "A1", "--known-at", verdict.known_at.isoformat(), "--json").output)
    return shown


def standing(ledger: SqlLedger) -> Verdict:
    verdict = exam(ledger).verdict
    assert verdict is not None
    return verdict


def test_a_verdict_made_before_its_process_knew_of_a_new_revision_is_reproduced(run: Run, ledger: SqlLedger) -> None:
    complete(ledger)
    book, context = read_folder(RULES), ledger.context_at(START)
    assert context is not None
    new = Rulebook.of(tuple(one for one in book.rules if one.id != "duplicate-query-missing"), ())
    activate(ledger, new, START)
    late = replace(JUDGING, rulebook=book, context=replace(JUDGING.context, codes=context.revision))
    ledger.write(lambda tx: judge_due(tx, late, START + SECOND / 2, "Node"))
    first = standing(ledger)
    assert (first.rulebook, said(run, first)["equal"]) == (book.revision, True)


def test_a_verdict_made_before_its_process_knew_of_another_choice_is_reproduced(run: Run, ledger: SqlLedger) -> None:
    complete(ledger)
    context = ledger.context_at(START)
    assert context is not None
    other = snapshot_of(replace(JUDGING.context, recheck=timedelta(hours=1)), START)
    ledger.record_context(other.revision, other.content, START)
    late = replace(JUDGING, rulebook=read_folder(RULES), context=replace(JUDGING.context, codes=context.revision))
    ledger.write(lambda tx: judge_due(tx, late, START + SECOND / 2, "Node"))
    first = standing(ledger)
    assert (first.codes, said(run, first)["equal"]) == (context.revision, True)


def test_a_message_that_was_on_its_way_while_the_exam_was_judged_changes_no_old_verdict(
    run: Run, ledger: SqlLedger
) -> None:
    complete(ledger, loinc="")
    judge(ledger, START + SECOND)
    first = standing(ledger)
    mended = order(procedures=(Procedure(sut="RA100000", loinc="36938-9"),))
    send(ledger, incoming(mended, "mended", at=START + SECOND / 2))  # received before it, committed after it
    judge(ledger, START + 2 * SECOND)
    assert said(run, first)["equal"] is True
    assert said(run, standing(ledger))["equal"] is True
    assert standing(ledger).finding("loinc-code").status != first.finding("loinc-code").status
