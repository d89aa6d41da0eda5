"""`gecit quality find-hints`: exams that nothing wakes get the hints of the data as it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from gecit.edges.store import SqlLedger, open_ledger
from gecit.steps.judge_exam import judge_due
from tests.steps.test_find_hints import LATER, flat
from tests.support.flow import HOSPITAL, JUDGING, arrive, exam, incoming, order, register, send


@pytest.fixture
def ledger(data: Path) -> Iterator[SqlLedger]:
    data.mkdir(parents=True)
    opened = open_ledger(f"sqlite:///{data}/ledger.db")
    register(opened, HOSPITAL)
    yield opened
    opened.close()


def test_exams_that_were_judged_before_get_their_hints_once(gecit: Callable[..., Result], ledger: SqlLedger) -> None:
    send(ledger, incoming(order(), "1"))
    arrive(ledger, flat())
    ledger.write(lambda tx: judge_due(tx, JUDGING, LATER, "Node"))
    verdict = exam(ledger).verdict
    assert exam(ledger).hints == ()
    assert "1 tetkik" in gecit("quality", "find-hints").output
    assert [one.code for one in exam(ledger).hints] == ["pixel-spacing-missing"]
    assert exam(ledger).verdict == verdict
    assert "changed: 0" in gecit("quality", "find-hints").output
