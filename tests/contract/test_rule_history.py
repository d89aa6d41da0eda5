"""Every activation with who and why, and what judging anew made of it."""

from datetime import timedelta

from gecit.core import events as e
from gecit.edges.store import SqlLedger
from gecit.edges.store.effects import first_and_last_order
from gecit.edges.store.rule_history import history

from .test_ledger import KEY, NOW
from .test_ledger_records import key_of, ordered


def activate(ledger: SqlLedger, revision: str, minute: int, by: str = "") -> None:
    assert ledger.activate_rulebook(revision, b"{}", NOW + timedelta(minutes=minute), f"why {revision}", by)


def rejudged(ledger: SqlLedger, revision: str, changed: int) -> None:
    ledger.write(lambda tx: tx.append(e.Rejudged(at=NOW, revision=revision, before="", changed=changed)))


def test_activations_are_newest_first_each_with_its_own_judging(ledger: SqlLedger) -> None:
    activate(ledger, "r1", 0)
    rejudged(ledger, "r1", 1)
    activate(ledger, "r2", 1, "ayşe")  # overtaken
    activate(ledger, "r3", 2, "mehmet")
    rejudged(ledger, "r3", 3)
    activate(ledger, "r1", 3, "ayşe")  # again, not judged yet
    found = history(ledger)
    assert [(one.activated.revision, one.activated.by) for one in found] == [
        ("r1", "ayşe"), ("r3", "mehmet"), ("r2", "ayşe"), ("r1", ""),
    ]  # fmt: skip
    assert [one.rejudged.changed if one.rejudged else None for one in found] == [None, 3, None, 1]
    assert found[0].activated.note == "why r1"
    assert [one.activated.revision for one in history(ledger, limit=2)] == ["r1", "r3"]


def test_a_ledger_without_rules_has_no_history(ledger: SqlLedger) -> None:
    assert history(ledger) == []
    assert first_and_last_order(ledger) == (None, None)


def test_the_first_and_the_last_order_bound_the_ledger(ledger: SqlLedger) -> None:
    days = [NOW + timedelta(days=number) for number in (3, 1, 2)]
    found = [ordered(key_of(number), day) for number, day in enumerate(days)]
    ledger.write(lambda tx: [tx.append(one) for one in (*found, ordered(KEY, NOW))])
    assert first_and_last_order(ledger) == (NOW, days[0])
