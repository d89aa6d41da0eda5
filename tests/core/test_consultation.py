"""The states of a consultation, a second time by hand, and what is asked of them."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from gecit.core.consultation import (
    OPEN,
    OVER,
    TABLE,
    WAITS,
    Act,
    Addressee,
    Asked,
    Consultation,
    Entry,
    EntryKind,
    ImageReference,
    Measurement,
    Outcome,
    Side,
    State,
    Whom,
    can,
    moved,
    open_to,
    overdue,
    waits_for,
)
from gecit.core.consultation_paragraph import inserted, paragraph
from gecit.core.measuring import UNITS, number, shown, written
from gecit.core.report import ReportPart

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)

# From what physicians do: each line a state, then `who: act>state after it`.
SECOND = """
asked        asked: accept>accepted, asked: step back>asked, asked: decline>declined, asker: withdraw>withdrawn, time: expire>expired
accepted     answerer: answer>answered, answerer: step back>asked, answerer: decline>declined, asker: withdraw>withdrawn, time: expire>expired
answered     answerer: answer>answered, asker: ask again>asked again, asker: close>closed
asked again  answerer: answer>answered, answerer: decline>answered, asker: close>closed, time: expire>expired
closed
declined
withdrawn
expired      asker: extend>asked, asker: close>closed
"""  # noqa: E501
ROWS = {
    (line[:13].strip(), act): (side, state)
    for line in SECOND.strip().splitlines()
    for one in line[13:].split(",")
    if one.strip()
    for side, _, rest in [one.strip().partition(": ")]
    for act, _, state in [rest.partition(">")]
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("act", Act)
def test_table_says_what_the_second_transcription_says(state: State, act: Act) -> None:
    wanted, found = ROWS.get((state, act)), TABLE.get((state, act))
    assert (found and (found.side.value, found.state.value)) == wanted


def test_what_is_over_is_left_by_nothing_and_everything_else_is() -> None:
    assert {state for state, _ in TABLE} == set(State) - OVER
    assert set() == OPEN & OVER
    assert {state for state, act in TABLE if act is Act.EXPIRE} == WAITS


def made(**differs: object) -> Consultation:
    one = Consultation(
        id="c1",
        asker="ayse",
        employer="910001",
        to=Addressee(whom=Whom.GROUP, name="Nöro"),
        asked=(Asked(account="bora", employer="910002"), Asked(account="cem", employer="910003")),
        asked_at=AT,
        until=AT + DAY,
    )
    return replace(one, **differs)


def test_all_who_are_asked_have_it_open_until_one_accepts_then_he_alone() -> None:
    one = made()
    assert [each.account for each in open_to(one)] == ["bora", "cem"]
    taken = moved(one, Act.ACCEPT, AT, "cem")
    assert [each.account for each in open_to(taken)] == ["cem"]
    assert (waits_for(taken, "cem"), waits_for(taken, "bora")) == (True, False)
    back = moved(taken, Act.STEP_BACK, AT, "cem")
    assert ([each.account for each in open_to(back)], back.answerer, back.state) == (["bora"], "", State.ASKED)


@pytest.mark.parametrize("state", sorted(set(State) - OPEN))
def test_nobody_has_it_open_when_it_is_over_or_out_of_time(state: State) -> None:
    assert open_to(made(state=state, answerer="cem")) == ()


def test_each_side_does_its_own_and_nobody_elses() -> None:
    answered = made(state=State.ANSWERED, answerer="cem")
    assert can(answered, Act.CLOSE, "ayse")
    assert not can(answered, Act.CLOSE, "cem")
    assert can(answered, Act.ANSWER, "cem")
    assert not can(answered, Act.ANSWER, "bora")
    assert not can(made(), Act.EXPIRE, "ayse")
    assert not can(made(declined=("bora",)), Act.ACCEPT, "bora")
    assert {one.side for one in TABLE.values()} == set(Side)


def test_what_the_table_has_not_changes_nothing() -> None:
    closed = made(state=State.CLOSED)
    assert moved(closed, Act.ANSWER, AT, "cem") == closed


def test_it_is_overdue_from_its_deadline_until_its_asker_deals_with_it() -> None:
    one = made()
    assert [overdue(one, one.until + d) for d in (timedelta(seconds=-1), timedelta(0))] == [False, True]
    expired = moved(one, Act.EXPIRE, one.until)
    assert overdue(expired, AT)
    assert not overdue(moved(expired, Act.EXTEND, one.until, "ayse", until=AT + 2 * DAY), AT + DAY)
    assert not overdue(moved(expired, Act.CLOSE, one.until, "ayse", outcome=Outcome.RECORD), AT + DAY)
    assert not overdue(made(state=State.ANSWERED), AT + 2 * DAY)


def test_a_number_has_a_comma_or_a_point_and_nothing_else_is_one() -> None:
    read = [number(one) for one in ("12,5", " 12.50 ", "-3", "1e9", "12,5,1", "", "nan", "∞", "1" * 10)]
    assert read == [12.5, 12.5, -3.0, None, None, None, None, None, None]
    assert [shown(one) for one in (12.5, 3.0, 100.0, 0.25)] == ["12,5", "3", "100", "0,25"]


def test_units_are_ucum_and_are_written_as_people_read_them() -> None:
    image = ImageReference(study="1", series="2", instance="3", series_number="2", number="14")
    assert {"mm", "cm2", "[hnsf'U]", "mL", "deg"} <= set(UNITS)
    assert written(Measurement(name="Çap", value=12.5, unit="mm", image=image)) == "Çap: 12,5 mm (seri/görüntü 2/14)"
    assert written(Measurement(name="Yoğunluk", value=-20, unit="[hnsf'U]")) == "Yoğunluk: -20 HU"
    assert written(Measurement(name="Oran", value=0.5, unit="1")) == "Oran: 0,5"


def test_the_paragraph_is_marked_and_says_who_answered_and_when() -> None:
    said = Entry(
        kind=EntryKind.ANSWER,
        by="cem",
        name="Cem Örnekçi",
        employer="910003",
        at=AT,
        text="Hemanjiom lehine.",
        measurements=(Measurement(name="Çap", value=21, unit="mm"),),
    )
    question = Entry(kind=EntryKind.QUESTION, by="ayse", at=AT, text="Bu nedir?")
    text = paragraph(made(thread=(question, said)), {"910003": "Komşu Hastane"})
    assert text == (
        "[Konsültasyon c1]\nCem Örnekçi (Komşu Hastane), 02.03.2026 12:00:\nHemanjiom lehine.\n- Çap: 21 mm\n"
        "[Konsültasyon sonu]"
    )
    parts = inserted({ReportPart.FINDINGS: "Bulgu.", ReportPart.CONCLUSION: "Sonuç.\n"}, ReportPart.CONCLUSION, text)
    assert parts == {ReportPart.FINDINGS: "Bulgu.", ReportPart.CONCLUSION: f"Sonuç.\n\n{text}"}
