"""The states of a reading, a second time by hand, and what is asked of them."""

from datetime import UTC, datetime, timedelta

import pytest

from gecit.core.reading import (
    AT_WORK,
    OPEN,
    STATUSES,
    TABLE,
    Act,
    Limits,
    Reading,
    State,
    after,
    ends_at,
    moved,
    timed_out,
)

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

# From what radiologists do: each line a state, then `act>state after it`.
SECOND = """
unread          assign>assigned, take>taken, reported>signed
assigned        assign>assigned, take>taken, give back>unread, time out>unread, reported>signed
taken           hold>held, give back>unread, time out>unread, sign preliminary>preliminary, sign first>first signed, sign>signed, reported>overtaken
held            resume>taken, give back>unread, time out>unread, reported>overtaken
preliminary     take>finishing, reported>signed
finishing       give back>preliminary, time out>preliminary, sign preliminary>preliminary, sign first>first signed, sign>signed, reported>overtaken
first signed    take>second reading, reported>signed
second reading  give back>first signed, time out>first signed, sign>signed, reported>overtaken
overtaken       give back>signed, time out>signed, correct>correcting, add>adding, reported>overtaken
signed          add>adding, correct>correcting, reported>signed
adding          give back>signed, time out>signed, sign>signed, reported>adding
correcting      give back>signed, time out>signed, sign>signed, reported>correcting
"""  # noqa: E501
ROWS = {
    line[:16].strip(): dict(one.strip().split(">") for one in line[16:].split(","))
    for line in SECOND.strip().splitlines()
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("act", Act)
def test_table_says_what_the_second_transcription_says(state: State, act: Act) -> None:
    wanted = ROWS[state].get(act)
    assert after(state, act) == (State(wanted) if wanted else None)


def test_each_state_can_be_reached_and_left() -> None:
    assert {state for state, _ in TABLE} == set(State)
    assert set(TABLE.values()) == set(State)


def test_what_somebody_has_can_be_given_back_and_times_out() -> None:
    lasting = {state for state in AT_WORK if (state, Act.GIVE_BACK) in TABLE and (state, Act.TIME_OUT) in TABLE}
    assert lasting == AT_WORK
    assert not OPEN & AT_WORK


def test_each_signature_of_the_table_makes_a_status() -> None:
    signing = {pair for pair in TABLE if pair[1] in (Act.SIGN, Act.SIGN_PRELIMINARY, Act.SIGN_FIRST)}
    assert set(STATUSES) == signing
    assert {(state.value, act.value): status.value for (state, act), status in STATUSES.items()} == {
        ("taken", "sign preliminary"): "P",
        ("finishing", "sign preliminary"): "P",
        ("taken", "sign first"): "F",
        ("finishing", "sign first"): "F",
        ("taken", "sign"): "F",
        ("finishing", "sign"): "F",
        ("second reading", "sign"): "F",
        ("adding", "sign"): "B",
        ("correcting", "sign"): "C",
    }


def test_who_has_it_is_kept_while_he_has_it_and_forgotten_after() -> None:
    taken = moved(Reading(), Act.TAKE, AT, "ayse")
    held = moved(taken, Act.HOLD, AT, reason="eski film bekleniyor")
    assert (held.state, held.reader, held.reason) == (State.HELD, "ayse", "eski film bekleniyor")
    back = moved(held, Act.GIVE_BACK, AT)
    assert (back.state, back.reader, back.reason) == (State.UNREAD, "", "")


def test_what_the_table_does_not_have_changes_nothing() -> None:
    signed = Reading(state=State.SIGNED)
    assert moved(signed, Act.HOLD, AT, "ayse") is signed


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("reading", "saved", "end"),
    [
        (Reading(state=State.TAKEN, reader="a", since=AT), None, AT + 30 * MINUTE),
        (Reading(state=State.TAKEN, reader="a", since=AT), AT + 20 * MINUTE, AT + 50 * MINUTE),
        (Reading(state=State.TAKEN, reader="a", since=AT), AT - 20 * MINUTE, AT + 30 * MINUTE),
        (Reading(state=State.HELD, reader="a", since=AT), None, AT + timedelta(hours=24)),
        (Reading(state=State.ASSIGNED, reader="a", since=AT), None, AT + timedelta(hours=1)),
        (Reading(state=State.SIGNED, since=AT), None, None),
    ],
)
def test_time_is_over_when_nothing_was_done_for_so_long(
    reading: Reading, saved: datetime | None, end: datetime | None
) -> None:
    assert ends_at(reading, Limits(), saved) == end
    if end:
        assert not timed_out(reading, Limits(), end - timedelta(microseconds=1), saved)
        assert timed_out(reading, Limits(), end, saved)
