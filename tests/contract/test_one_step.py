"""A step that changes several things changes all of them or none, wherever it is killed, on both engines.

Each step is run again and again on the same ledger and killed at its first, its second, ... statement that writes, and
at last right before its commit; after each nothing may differ. Then it is let through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from gecit.core.disclosures import Disclosure, Ground
from gecit.core.openings import CareEdition, CareOpening, CareRule, Way
from gecit.core.openings import Outcome as Reviewed
from gecit.core.report import ReportPart
from gecit.core.retention import Hold, Terms
from gecit.core.share_links import Visit
from gecit.edges.store import SqlLedger, schema
from gecit.steps import consult, critical, read_exam
from gecit.steps.consult_report import close_into_report
from gecit.steps.openings import Openings
from gecit.steps.retention import approve, hold, make_list
from gecit.steps.share_links import _begin
from gecit.steps.sharing import consent, revoke
from gecit.steps.tell_consulted import MAIL, WEBHOOK, teller
from tests.support.consulting import ASKER, CERRAH, DAY, NORO, UZMAN, admit, answer, ask, person
from tests.support.critical import DOCTOR, WHAT
from tests.support.flow import HOSPITAL, TCKN, arrive, key, study
from tests.support.reading import AYSE, NOW, sign, take, wait_for_reader, write
from tests.support.watched import WRITES

from .test_share_links import with_code

RULE = CareRule(editions=(CareEdition(since=NOW - DAY, ways=(Way.TREATING,), stated_reason_hours=4),))
TELL = teller((MAIL, WEBHOOK))
COUNTED = {"attempt"}


class Killed(Exception):
    """As by a power loss: no code of the step is asked."""


@contextmanager
def killed_at(engine: sa.Engine, number: int) -> Iterator[list[str]]:
    """Raise at a statement that writes, or right before the commit; yield the tables that were written to."""
    seen: list[str] = []

    def met(what: str) -> None:
        seen.append(what)
        if len(seen) == number:
            raise Killed(what)

    def written(_: object, __: object, statement: str, *___: object) -> None:
        if found := WRITES.match(statement):
            met(found[1])

    def committed(_: object) -> None:
        if seen:
            met("commit")

    sa.event.listen(engine, "before_cursor_execute", written)
    sa.event.listen(engine, "commit", committed)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", written)
        sa.event.remove(engine, "commit", committed)


def state(ledger: SqlLedger) -> dict[str, list[str]]:
    with ledger.engine.connect() as connection:
        return {
            one.name: sorted(repr(tuple(row)) for row in connection.execute(sa.select(one)))
            for one in schema.metadata.sorted_tables
            if one.name not in COUNTED
        }


def whole_or_nothing(ledger: SqlLedger, step: Callable[[SqlLedger], object], *tables: str) -> None:
    """Kill a step everywhere; `tables`: what it changes together, at the least."""
    before = state(ledger)
    for number in range(1, 200):
        with killed_at(ledger.engine, number) as seen:
            try:
                step(ledger)
            except Killed:
                assert state(ledger) == before, f"killed at {seen}"
                continue
        break
    else:
        raise AssertionError("it never ends")
    assert seen.count("commit") == 1, "one transaction"
    after = state(ledger)
    changed = {name for name, rows in after.items() if rows != before[name]}
    assert changed >= set(tables), changed


def reading(ledger: SqlLedger, *, text: str = "") -> None:
    admit(ledger)
    wait_for_reader(ledger)
    take(ledger, AYSE)
    draft = write(ledger, AYSE)
    if text:
        ledger.write(lambda tx: read_exam.save(tx, replace(draft, critical=text), AYSE, NOW))


def asked(ledger: SqlLedger) -> None:
    reading(ledger)
    ask(ledger, UZMAN, NORO)


def answered(ledger: SqlLedger) -> None:
    asked(ledger)
    ledger.write(lambda tx: consult.accept(tx, "c1", person(UZMAN), NOW, TELL))
    answer(ledger)


def shared(ledger: SqlLedger) -> Disclosure:
    admit(ledger)
    wait_for_reader(ledger)
    return Disclosure(
        id="", ground=Ground.CONSENT, reference="", since=NOW, until=NOW + DAY, institution=HOSPITAL.skrs,
        patient=TCKN, exams=(key(),),
    )  # fmt: skip


# A critical finding and the word to the hospital


def test_a_mark_and_its_mail(ledger: SqlLedger) -> None:
    reading(ledger)
    whole_or_nothing(
        ledger,
        lambda one: one.write(lambda tx: critical.mark(tx, key(), AYSE, WHAT, NOW)),
        "event",
        "critical",
        "outbox",
    )


def test_taking_a_mark_back_and_its_mail(ledger: SqlLedger) -> None:
    reading(ledger)
    ledger.write(lambda tx: critical.mark(tx, key(), AYSE, WHAT, NOW))
    whole_or_nothing(
        ledger, lambda one: one.write(lambda tx: critical.take_back(tx, key(), AYSE, "x", NOW)),
        "event", "critical", "outbox",
    )  # fmt: skip


def test_a_signature_and_the_mark_that_it_says(ledger: SqlLedger) -> None:
    reading(ledger, text=WHAT)
    whole_or_nothing(ledger, lambda one: sign(one, AYSE), "event", "exam", "draft", "critical", "outbox", "reading")


def test_a_receipt(ledger: SqlLedger) -> None:
    reading(ledger)
    ledger.write(lambda tx: critical.mark(tx, key(), AYSE, WHAT, NOW))
    whole_or_nothing(
        ledger,
        lambda one: one.write(lambda tx: critical.confirm(tx, key(), DOCTOR, 1, NOW)),
        "event",
        "exam",
        "critical",
    )


# A consultation and what it opens


def test_a_question_and_what_it_opens(ledger: SqlLedger) -> None:
    reading(ledger)
    whole_or_nothing(
        ledger, lambda one: ask(one, UZMAN, NORO), "event", "consultation", "consultation_asked", "disclosure"
    )


@pytest.mark.parametrize("what", ["accept", "decline", "withdraw"])
def test_what_moves_a_consultation(ledger: SqlLedger, what: str) -> None:
    asked(ledger)
    steps: dict[str, Callable[[Any], object]] = {
        "accept": lambda tx: consult.accept(tx, "c1", person(UZMAN), NOW, TELL),
        "decline": lambda tx: consult.decline(tx, "c1", person(UZMAN), "", NOW, TELL),
        "withdraw": lambda tx: consult.withdraw(tx, "c1", person(ASKER), "", NOW, TELL),
    }
    whole_or_nothing(ledger, lambda one: one.write(steps[what]), "event", "consultation", "disclosure", "outbox")


def test_an_answer_put_into_the_report(ledger: SqlLedger) -> None:
    answered(ledger)
    names = {HOSPITAL.skrs: "Deneme"}
    whole_or_nothing(
        ledger,
        lambda one: one.write(
            lambda tx: close_into_report(tx, "c1", person(ASKER), ReportPart.FINDINGS, names, NOW, TELL)
        ),
        "event", "consultation", "draft", "disclosure", "outbox",
    )  # fmt: skip


def test_time_ends_a_consultation_once_whatever_was_broken_off(ledger: SqlLedger) -> None:
    asked(ledger)
    late = NOW + 2 * DAY

    def settle(one: SqlLedger) -> int:
        people = {each.name: each for each in one.accounts()}
        return one.write(lambda tx: consult.settle_due(tx, late, people.get, lambda *_: True, TELL))

    whole_or_nothing(ledger, settle, "event", "consultation", "outbox")  # what it opened ended by its own time
    told = len(ledger.deliveries())
    assert settle(ledger) == 0
    assert len(ledger.deliveries()) == told


# What a patient, a care relation or an emergency opens


def test_a_consent_and_its_end(ledger: SqlLedger) -> None:
    wanted = shared(ledger)
    whole_or_nothing(ledger, lambda one: consent(one, wanted, "hasta", NOW), "event", "disclosure")
    (made,) = ledger.read(lambda tx: tx.disclosures_of(TCKN))
    whole_or_nothing(ledger, lambda one: revoke(one, TCKN, made.id, "hasta", NOW), "event", "disclosure")


def test_the_code_of_a_link_and_the_visit(ledger: SqlLedger) -> None:
    with_code(ledger)
    visit = Visit(digest="v", link="l1", expires_at=NOW + DAY)
    whole_or_nothing(ledger, lambda one: one.write(lambda tx: _begin(tx, "hash", visit, NOW)), "share_link", "visit")


def test_an_opening_what_it_opens_and_its_review(ledger: SqlLedger) -> None:
    shared(ledger)
    openings = Openings(ledger, ledger, lambda: RULE)
    relation = CareOpening(
        id="", way=Way.TREATING, institution=HOSPITAL.skrs, account=CERRAH.name, patient=TCKN, reason="x", since=NOW,
        until=NOW + DAY, recorded_by="mudur",
    )  # fmt: skip
    opened = ("event", "disclosure", "opening")
    whole_or_nothing(ledger, lambda _: openings.record(relation, NOW), *opened)
    (made,) = ledger.read(lambda tx: tx.openings(institution=HOSPITAL.skrs))
    whole_or_nothing(ledger, lambda _: openings.end(made.id, "mudur", NOW), *opened)
    stated = openings.state(CERRAH.name, TCKN, "bilinci kapalı, acil ameliyat gerekiyor", NOW)
    whole_or_nothing(ledger, lambda _: openings.review(stated.id, Reviewed.NOT_JUSTIFIED, "x", "mudur", NOW), *opened)


# Retention


def test_a_list_its_approval_and_a_hold(ledger: SqlLedger) -> None:
    facts = study("s1")
    arrive(ledger, replace(facts, study_date="20000101", patient_id="F"), NOW)
    node = facts.key.node
    whole_or_nothing(ledger, lambda one: make_list(one, node, Terms(years=20), "y", NOW), "event", "retention_list")
    (made,) = ledger.read(lambda tx: tx.retention_lists())
    whole_or_nothing(ledger, lambda one: approve(one, made.id, made.digest, "z", NOW), "event", "retention_list")
    wanted = Hold(id="", reason="dava", at=NOW, by="y", exam=key(), patient="")
    whole_or_nothing(ledger, lambda one: hold(one, wanted, NOW), "event", "legal_hold")
