"""The states of a critical finding, a second time by hand, and what a receipt counts for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gecit.core.critical import Act, Critical, Receipt, State, after, confirmed, marked, taken_back

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
RECEIPT = Receipt(by="hekim", at=LATER)

# from: mark, take back, confirm ("-" = cannot be done)
SECOND = """
none:       unread  -            -
unread:     unread  taken_back   read
read:       unread  taken_back   read
taken_back: unread  -            closed
closed:     unread  -            closed
"""


@pytest.mark.parametrize("line", SECOND.strip().splitlines())
def test_the_table_says_what_the_second_transcription_says(line: str) -> None:
    name, *ends = line.replace(":", " ").split()
    before = None if name == "none" else Critical(text="x", by="ayse", at=NOW, state=State[name.upper()])
    for act, end in zip((Act.MARK, Act.TAKE_BACK, Act.CONFIRM), ends, strict=True):
        assert after(before, act) is (None if end == "-" else State[end.upper()])


def test_a_receipt_is_of_what_was_read_and_of_nothing_that_came_after() -> None:
    first = marked(None, "kanama", "ayse", NOW)
    again = marked(first, "kanama ve kayma", "ayse", LATER)
    assert confirmed(again, first.number, RECEIPT) is again
    read = confirmed(again, again.number, RECEIPT)
    assert read is not None and read.state is State.READ and read.receipts == (RECEIPT,)


def test_taking_back_asks_to_be_read_anew() -> None:
    read = confirmed(marked(None, "kanama", "ayse", NOW), 1, RECEIPT)
    back = taken_back(read, "ayse", LATER)
    assert back is not None and back.state is State.TAKEN_BACK and back.waits and not back.stands
    assert (back.receipts, back.number, back.text) == ((), 2, "kanama")
    assert taken_back(back, "ayse", LATER) is back
    assert taken_back(None, "ayse", LATER) is None
