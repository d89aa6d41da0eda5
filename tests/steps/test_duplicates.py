"""The duplicate query: what is found, what is kept, and what happens when the service above or the ledger is away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gecit.core.background import Answering
from gecit.core.duplicate_question import QuestionRefused, Wrong, order_id
from gecit.core.events import DuplicateQueried, ExamJudged
from gecit.core.identifiers import IdentifierPolicy
from gecit.core.order import ExamKey
from gecit.core.verdict import Outcome, Verdict
from gecit.edges.store import SqlLedger
from gecit.ports import Institution, Refused, Transaction, Unavailable
from gecit.steps.ask_above import ServiceAbove, UpstreamUnavailable
from gecit.steps.breaker import Breaker
from gecit.steps.duplicates import SERVICE, DuplicateDesk, Policy
from gecit.steps.outages import record_silence
from tests.support.billing import HandClock
from tests.support.duplicates import (
    NOBODY,
    NOW,
    OTHER,
    OTHER_SUT,
    SUT,
    TCKN,
    FakeService,
    above,
    open_for_business,
    question,
    record,
)


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOW)


@pytest.fixture
def kept(ledger: SqlLedger) -> SqlLedger:
    return open_for_business(ledger)


@pytest.fixture
def desk(kept: SqlLedger, clock: HandClock) -> DuplicateDesk:
    return DuplicateDesk(kept, clock)


def with_above(ledger: SqlLedger, clock: HandClock, service: FakeService, failures: int = 1000) -> DuplicateDesk:
    return DuplicateDesk(ledger, clock, above=ServiceAbove(service, Breaker(failures=failures)))


def outages(ledger: SqlLedger, service: str) -> list[tuple[float, float | None]]:
    """Begin and end in seconds since NOW."""
    found = ledger.read(lambda tx: tx.outages(NOW - timedelta(days=9), NOW + timedelta(days=9)))
    return [
        ((one.began_at - NOW) / timedelta(seconds=1), one.ended_at and (one.ended_at - NOW) / timedelta(seconds=1))
        for one in found
        if one.service == service
    ]


# What is found


def test_earlier_exams_of_any_institution_are_found_newest_first(desk: DuplicateDesk, kept: SqlLedger) -> None:
    record(kept, "A1", 100)
    record(kept, "A2", 10, institution="910001")
    found = desk.previous_studies(question()).found
    assert [(one.institution, one.accession) for one in found] == [("910001", "A2"), (OTHER.skrs, "A1")]
    assert (found[1].institution_name, found[1].description) == (OTHER.name, "Mamografi")


@pytest.mark.parametrize(
    "told", [{"tckn": NOBODY}, {"sut": OTHER_SUT}, {"images": False, "report": False}], ids=["whose", "what", "undone"]
)
def test_others_exams_other_codes_and_exams_that_never_took_place_are_no_duplicates(
    desk: DuplicateDesk, kept: SqlLedger, told: dict[str, Any]
) -> None:
    record(kept, "A1", 10, **told)
    assert desk.previous_studies(question()).found == ()


def test_the_day_six_months_ago_counts_and_the_day_before_it_does_not(desk: DuplicateDesk, kept: SqlLedger) -> None:
    record(kept, "A1", 182)  # 15 January
    record(kept, "A2", 183)
    assert [one.accession for one in desk.previous_studies(question()).found] == ["A1"]


def test_a_site_may_count_days_instead(kept: SqlLedger, clock: HandClock) -> None:
    record(kept, "A1", 182)
    desk = DuplicateDesk(kept, clock, Policy(days=181))
    assert desk.previous_studies(question()).found == ()


# What is kept


def test_a_query_is_kept_with_who_asked_for_whom_and_what_was_found(desk: DuplicateDesk, kept: SqlLedger) -> None:
    record(kept, "A1", 10)
    query = desk.previous_studies(question(suts=("801.590", "801590", " r100250 ")))
    assert kept.read(lambda tx: tx.duplicate_query(query.id)) == query
    assert (query.at, query.institution, query.tckn, query.sut) == (NOW, "910001", TCKN, (SUT, OTHER_SUT))
    assert query.state is Answering.ANSWERED and query.reason == ""


def test_nothing_found_is_an_answer_and_kept_too(desk: DuplicateDesk, kept: SqlLedger) -> None:
    query = desk.previous_studies(question())
    assert kept.read(lambda tx: tx.duplicate_queries(TCKN, NOW, NOW)) == [query]


@pytest.mark.parametrize("number", ["", "10000000000"])
def test_a_patient_without_a_number_is_unaskable_and_nobody_above_is_asked(
    kept: SqlLedger, clock: HandClock, number: str
) -> None:
    service = FakeService(above())
    query = with_above(kept, clock, service).previous_studies(question(tckn=number))
    assert (query.state, query.reason, query.found, query.tckn) == (Answering.UNASKABLE, "no-number", (), "")
    assert service.asked == 0
    assert kept.read(lambda tx: tx.duplicate_query(query.id)) == query


@pytest.mark.parametrize(
    ("differs", "wrong"),
    [
        ({"medula_code": "910001"}, Wrong.INSTITUTION),
        ({"medula_code": ""}, Wrong.INSTITUTION),
        ({"tckn": "10000000147"}, Wrong.PATIENT),
        ({"tckn": "1"}, Wrong.PATIENT),
        ({"physician": ""}, Wrong.PHYSICIAN),
        ({"physician": "12345"}, Wrong.PHYSICIAN),
        ({"suts": ()}, Wrong.NO_SUT),
        ({"suts": (" ",)}, Wrong.NO_SUT),
        ({"suts": ("80159",)}, Wrong.SUT),
        ({"suts": ("'; drop",)}, Wrong.SUT),
        ({"suts": tuple(str(801000 + n) for n in range(21))}, Wrong.TOO_MANY),
    ],
)
def test_a_question_that_is_wrong_is_refused_with_its_reason_and_not_kept(
    desk: DuplicateDesk, kept: SqlLedger, differs: dict[str, Any], wrong: Wrong
) -> None:
    with pytest.raises(QuestionRefused) as refused:
        desk.previous_studies(question(**differs))
    assert refused.value.wrong is wrong and str(refused.value) == wrong.value
    assert [one for _, one in kept.events() if isinstance(one, DuplicateQueried)] == []


def test_twenty_codes_may_be_asked_at_once(desk: DuplicateDesk) -> None:
    suts = tuple(str(801000 + n) for n in range(20))
    assert desk.previous_studies(question(suts=suts)).sut == suts


def test_whose_numbers_stand_for_nobody_is_the_sites_choice(kept: SqlLedger, clock: HandClock) -> None:
    strict = DuplicateDesk(kept, clock, Policy(identifiers=IdentifierPolicy(nameless_numbers=())))
    with pytest.raises(QuestionRefused):
        strict.previous_studies(question(tckn="10000000000"))


def test_an_institution_that_was_just_added_can_ask_at_once(desk: DuplicateDesk, kept: SqlLedger) -> None:
    with pytest.raises(QuestionRefused):
        desk.previous_studies(question(medula_code="11910009"))
    new = Institution(skrs="910009", medula_code="11910009")
    kept.write(lambda tx: tx.record_institution(new, NOW))
    assert desk.previous_studies(question(medula_code="11910009")).institution == "910009"


# An exam that waits is judged again


def test_a_query_after_the_order_has_the_exam_judged_again(desk: DuplicateDesk, kept: SqlLedger) -> None:
    key = record(kept, "A1", 0, institution="910001", images=False, report=False)
    _judged(kept, key)
    desk.previous_studies(question())
    asked = kept.read(lambda tx: tx.exam(key))
    assert asked and (asked.judge_at, asked.judge_cause) == (NOW, "duplicate query")


def test_an_opening_has_it_judged_again_too(desk: DuplicateDesk, kept: SqlLedger, clock: HandClock) -> None:
    key = record(kept, "A1", 0, institution="910001", images=False, report=False)
    record(kept, "A2", 30)
    query = desk.previous_studies(question())
    _judged(kept, key)
    clock.forward(minutes=3)
    desk.open_report(order_id(query, 0))
    asked = kept.read(lambda tx: tx.exam(key))
    assert asked and asked.judge_at == clock.now()


def _judged(ledger: SqlLedger, key: ExamKey) -> None:
    said = Verdict(outcome=Outcome.HOLD, findings=(), judged_at=NOW, known_at=NOW, rulebook="r")
    ledger.write(lambda tx: tx.append(ExamJudged(at=NOW, exam=key, verdict=said)))


# Opening


def test_a_report_opens_as_it_was_sent_and_the_opening_is_kept(
    desk: DuplicateDesk, kept: SqlLedger, clock: HandClock
) -> None:
    record(kept, "A1", 10)
    query = desk.previous_studies(question())
    clock.forward(minutes=2)
    opened = desk.open_report(order_id(query, 0))
    assert opened.report.startswith("Bulgular: ğüşiöç") and not opened.html
    after = kept.read(lambda tx: tx.duplicate_query(query.id))
    assert after and [(one.accession, one.what, one.at) for one in after.openings] == [("A1", "report", clock.now())]


def test_images_open_as_the_studies_they_are_in(desk: DuplicateDesk, kept: SqlLedger) -> None:
    record(kept, "A1", 10)
    query = desk.previous_studies(question())
    assert desk.open_images(order_id(query, 0)).studies == ("1.2.1",)


def test_search_detail_says_which_codes_have_been_opened(desk: DuplicateDesk, kept: SqlLedger) -> None:
    record(kept, "A1", 10)
    record(kept, "A2", 10, sut=OTHER_SUT)
    both = question(suts=(SUT, OTHER_SUT), physician="")
    query = desk.previous_studies(question(suts=(SUT, OTHER_SUT)))
    assert desk.opened_since(both) == {SUT: False, OTHER_SUT: False}
    place = next(place for place, one in enumerate(query.found) if one.sut == OTHER_SUT)
    desk.open_images(order_id(query, place))
    assert desk.opened_since(both) == {SUT: False, OTHER_SUT: True}


def test_what_another_institution_opened_does_not_count_nor_what_was_opened_long_ago(
    desk: DuplicateDesk, kept: SqlLedger, clock: HandClock
) -> None:
    record(kept, "A1", 10)
    desk.open_report(order_id(desk.previous_studies(question(medula_code=OTHER.medula_code)), 0))
    assert desk.opened_since(question()) == {SUT: False}
    desk.open_report(order_id(desk.previous_studies(question()), 0))
    assert desk.opened_since(question()) == {SUT: True}
    clock.forward(days=8)
    assert desk.opened_since(question()) == {SUT: False}


def test_a_link_opens_until_its_time_is_up(desk: DuplicateDesk, kept: SqlLedger, clock: HandClock) -> None:
    record(kept, "A1", 10)
    name = order_id(desk.previous_studies(question()), 0)
    clock.forward(hours=24)
    assert desk.open_report(name).report
    clock.forward(seconds=1)
    with pytest.raises(QuestionRefused) as refused:
        desk.open_report(name)
    assert refused.value.wrong is Wrong.EXPIRED


@pytest.mark.parametrize("name", ["", "x", "x.0", "..", "{}.1", "{}.99999999999999999999", "{}.-1", "{}.٣", "a" * 200])
def test_what_is_no_order_id_opens_nothing(desk: DuplicateDesk, kept: SqlLedger, name: str) -> None:
    record(kept, "A1", 10)
    query = desk.previous_studies(question())
    with pytest.raises(QuestionRefused) as refused:
        desk.open_report(name.format(query.id))
    assert refused.value.wrong is Wrong.ORDER


def test_what_is_not_there_opens_nothing_and_no_opening_is_kept(desk: DuplicateDesk, kept: SqlLedger) -> None:
    record(kept, "A1", 10, report=False)
    query = desk.previous_studies(question())
    with pytest.raises(QuestionRefused) as refused:
        desk.open_report(order_id(query, 0))
    assert refused.value.wrong is Wrong.NOTHING
    after = kept.read(lambda tx: tx.duplicate_query(query.id))
    assert after and after.openings == ()


# The service above


def test_both_answers_are_merged_and_an_exam_that_both_know_is_one(kept: SqlLedger, clock: HandClock) -> None:
    record(kept, "A1", 10, report=False)
    same = above(institution=OTHER.skrs, accession="A1", reference="5")
    query = with_above(kept, clock, FakeService(above(), same)).previous_studies(question())
    assert [(one.accession, one.source, one.report, one.reference) for one in query.found] == [
        ("A1", "ledger", True, "5"),
        ("X1", "above", True, "77"),
    ]
    assert (query.state, query.upstream) == (Answering.ANSWERED, "above")


def test_what_only_the_service_above_has_is_opened_there_and_kept_here(kept: SqlLedger, clock: HandClock) -> None:
    service = FakeService(above())
    desk = with_above(kept, clock, service)
    query = desk.previous_studies(question())
    assert desk.open_report(order_id(query, 0)).report == "report of 77"
    assert desk.open_images(order_id(query, 0)).link == "https://above.example/77"
    after = kept.read(lambda tx: tx.duplicate_query(query.id))
    assert after and [one.what for one in after.openings] == ["report", "images"]
    service.fails = Unavailable("gone")
    with pytest.raises(UpstreamUnavailable):
        desk.open_report(order_id(query, 0))


def test_search_detail_asks_above_too_and_does_without(kept: SqlLedger, clock: HandClock) -> None:
    service = FakeService()
    desk = with_above(kept, clock, service)
    assert desk.opened_since(question(suts=(SUT, OTHER_SUT))) == {SUT: False, OTHER_SUT: True}
    service.fails = Unavailable("gone")
    assert desk.opened_since(question(suts=(SUT, OTHER_SUT))) == {SUT: False, OTHER_SUT: False}


def test_while_the_service_above_is_away_our_own_answer_is_given_marked_and_one_outage_kept(
    kept: SqlLedger, clock: HandClock
) -> None:
    record(kept, "A1", 10)
    service = FakeService(above())
    desk = with_above(kept, clock, service)
    service.fails = Unavailable("gone")
    for _ in range(2):
        query = desk.previous_studies(question())
        assert (query.state, query.reason) == (Answering.FAILED, "upstream-unavailable")
        assert [one.accession for one in query.found] == ["A1"]
        clock.forward(minutes=10)
    assert outages(kept, "upstream:above") == [(0, None)]
    service.fails = None
    assert desk.previous_studies(question()).state is Answering.ANSWERED
    assert outages(kept, "upstream:above") == [(0, 1200)]
    kinds = [type(one).__name__ for _, one in kept.events()]
    assert (kinds.count("OutageBegan"), kinds.count("OutageEnded")) == (1, 1)


def test_a_service_that_refuses_is_there_and_the_query_failed_all_the_same(kept: SqlLedger, clock: HandClock) -> None:
    service = FakeService()
    service.fails = Refused("HTTP 400", "no")
    query = with_above(kept, clock, service).previous_studies(question())
    assert (query.state, query.reason) == (Answering.FAILED, "upstream-refused")
    assert outages(kept, "upstream:above") == []


def test_a_service_that_keeps_failing_is_left_alone_so_that_nobody_waits_for_it(
    kept: SqlLedger, clock: HandClock
) -> None:
    service = FakeService()
    service.fails = Unavailable("gone")
    desk = with_above(kept, clock, service, failures=3)
    states = {desk.previous_studies(question()).state for _ in range(10)}
    assert (states, service.asked) == ({Answering.FAILED}, 3)
    service.fails = None
    clock.forward(minutes=5)
    assert desk.previous_studies(question()).state is Answering.ANSWERED


# Our own outages


class Failing:
    """A ledger that fails while it is told to."""

    def __init__(self, ledger: SqlLedger) -> None:
        self.ledger, self.fails = ledger, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ledger, name)

    def write(self, work: Callable[[Transaction], Any]) -> Any:
        if self.fails:
            raise Unavailable("ledger")
        return self.ledger.write(work)


def test_a_query_that_cannot_be_kept_is_not_answered_and_the_stretch_is_kept_later(
    kept: SqlLedger, clock: HandClock
) -> None:
    failing = Failing(kept)
    desk = DuplicateDesk(failing, clock)
    failing.fails = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            desk.previous_studies(question())
        clock.forward(minutes=1)
    failing.fails = False
    desk.previous_studies(question())
    desk.previous_studies(question())
    assert outages(kept, SERVICE) == [(0, 120)]


@pytest.mark.parametrize(("seconds", "kept_as"), [(None, []), (60, []), (61, [(-61, 0)]), (7200, [(-7200, 0)])])
def test_a_web_process_that_was_silent_for_longer_than_a_minute_was_not_there(
    kept: SqlLedger, seconds: float | None, kept_as: list[tuple[float, float]]
) -> None:
    last = None if seconds is None else NOW - timedelta(seconds=seconds)
    assert record_silence(kept, SERVICE, last, NOW) == bool(kept_as)
    assert outages(kept, SERVICE) == kept_as


def test_queries_openings_and_outages_are_the_same_after_a_rebuild(kept: SqlLedger, clock: HandClock) -> None:
    record(kept, "A1", 10)
    service = FakeService()
    service.fails = Unavailable("gone")
    desk = with_above(kept, clock, service)
    desk.open_report(order_id(desk.previous_studies(question()), 0))
    _, same = kept.rebuild()
    assert same
