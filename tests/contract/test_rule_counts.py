"""How many exams a rule keeps back and a window excuses: counted out of tables that a rebuild makes again."""

import pytest
from alembic import command
from alembic.config import Config

from gecit.core import events as e
from gecit.core.access import Reach
from gecit.core.order import ExamKey
from gecit.core.values import Text
from gecit.core.verdict import Effect, Finding, Outcome, Status, Verdict
from gecit.edges.store import SqlLedger, open_ledger
from gecit.edges.store.engine import open_engine
from gecit.edges.store.rule_counts import count_excused, count_failing
from gecit.edges.store.standing import MIGRATIONS

from .test_ledger import NOW, order

OURS, THEIRS = ExamKey(institution="10001", accession="A1"), ExamKey(institution="10002", accession="A2")
EVERYTHING = Reach(everything=True)


def judged(key: ExamKey, *said: tuple[str, Status, tuple[str, ...]]) -> e.ExamJudged:
    findings = tuple(
        Finding(rule=rule, status=status, effect=Effect.HOLD, title=Text(tr="x", en="x"), exemptions=windows)
        for rule, status, windows in said
    )
    verdict = Verdict(outcome=Outcome.HOLD, findings=findings, judged_at=NOW, known_at=NOW, rulebook="r1")
    return e.ExamJudged(at=NOW, exam=key, verdict=verdict)


@pytest.fixture
def filled(ledger: SqlLedger) -> SqlLedger:
    def work(tx) -> None:
        for key in (OURS, THEIRS):
            tx.append(e.OrderPlaced(at=NOW, exam=key, order=order(key), message=1))
        tx.append(judged(OURS, ("dose", Status.FAILED, ()), ("asked", Status.EXCUSED, ("w1", "w2"))))
        tx.append(judged(THEIRS, ("dose", Status.CANNOT_TELL, ()), ("asked", Status.EXCUSED, ("w1",))))

    ledger.write(work)
    return ledger


def test_rules_and_windows_are_counted(filled: SqlLedger) -> None:
    assert count_failing(filled, EVERYTHING) == {"dose": {Status.FAILED: 1, Status.CANNOT_TELL: 1}}
    assert count_excused(filled, EVERYTHING) == {"w1": 2, "w2": 1}


def test_counts_are_of_what_a_person_reaches(filled: SqlLedger) -> None:
    assert count_failing(filled, Reach(institution="10001")) == {"dose": {Status.FAILED: 1}}
    assert count_excused(filled, Reach(institution="10002")) == {"w1": 1}
    tckn = filled.find_exams("A1")[0].patient.tckn
    assert count_excused(filled, Reach(patient=tckn))["w1"] >= 1
    assert count_excused(filled, Reach(patient="99999999999")) == {}
    assert count_failing(filled, Reach()) == count_excused(filled, Reach()) == {}


def test_a_later_verdict_takes_the_place_of_the_one_before(filled: SqlLedger) -> None:
    filled.write(lambda tx: tx.append(judged(OURS, ("dose", Status.PASSED, ("w1",)), ("asked", Status.FAILED, ()))))
    assert count_failing(filled, Reach(institution="10001")) == {"asked": {Status.FAILED: 1}}
    assert count_excused(filled, EVERYTHING) == {"w1": 1}
    before = filled.content()
    filled.rebuild()
    assert filled.content() == before


def test_an_upgrade_counts_what_stood_there_before(filled: SqlLedger, ledger_url: str) -> None:
    wanted = filled.content()
    engine = open_engine(ledger_url)
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        configuration.attributes["connection"] = connection
        command.downgrade(configuration, "0008")
    engine.dispose()
    upgraded = open_ledger(ledger_url)
    assert upgraded.content() == wanted
    upgraded.close()


def test_a_granted_institution_counts_for_who_reaches_it(filled: SqlLedger) -> None:
    both = Reach(institution="10001", granted=("10002",))
    assert count_failing(filled, both) == count_failing(filled, EVERYTHING)
    assert count_failing(filled, Reach(granted=("10002",))) == {"dose": {Status.CANNOT_TELL: 1}}
