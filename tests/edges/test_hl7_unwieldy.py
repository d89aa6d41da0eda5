"""Messages that were made to be slow to read, or to be answered at length: bounded, refused where beyond measure."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from gecit.core.remarks import Severity, worst
from gecit.edges.hl7_ack import acknowledge
from gecit.edges.hl7_facts import MOST_GROUPS
from gecit.edges.hl7_profile import Reading, read
from gecit.edges.hl7_reader import LONGEST_SEGMENT, MOST_ALIKE, MOST_SEGMENTS, parse
from tests.support import hl7_samples

LONGEST_ANSWER = 64 * 1024


def taken(data: bytes) -> tuple[Reading, bytes]:
    """What the listener makes of a message: the reading, and the answer."""
    message = parse(data)
    reading = read(message, hl7_samples.profile())
    return reading, acknowledge(message, reading.remarks, datetime(2026, 1, 5, tzinfo=UTC), "X1")


def codes(reading: Reading) -> Counter[str]:
    return Counter(one.code for one in reading.remarks)


def test_more_segments_than_any_message_has_are_refused_and_not_looked_at() -> None:
    reading, answer = taken(hl7_samples.orm() + b"NTE|1|x\r" * MOST_SEGMENTS)
    assert codes(reading)["too-many-segments"] == 1 and worst(reading.remarks) is Severity.REJECT
    assert len(answer) < 2000
    within, _ = taken(hl7_samples.orm() + b"NTE|1|x\r" * (MOST_SEGMENTS - 20))
    assert not codes(within)["too-many-segments"] and within.content


def test_more_orders_than_any_message_has_are_refused() -> None:
    orders = b"".join(b"OBR|%d|A1|A1|8015%d^x^SUT\r" % (one, one) for one in range(MOST_GROUPS + 1))
    assert codes(taken(hl7_samples.orm() + orders)[0])["too-many-segments"] == 1


def test_a_segment_longer_than_any_is_refused_with_its_place_and_a_report_is_not() -> None:
    reading, answer = taken(hl7_samples.orm() + b"NTE|1|" + b"x" * LONGEST_SEGMENT + b"\r")
    [one] = [one for one in reading.remarks if one.code == "segment-too-long"]
    assert str(one.where).startswith("NTE") and one.severity is Severity.REJECT
    assert len(answer) < 2000
    text = hl7_samples.b64("Her iki akciğer olağandır. " * 10_000)
    assert not codes(taken(hl7_samples.oru(f"{text}^3"))[0])["segment-too-long"]


def test_an_answer_is_short_however_long_what_it_repeats_was() -> None:
    long = b"7" * (2 * LONGEST_SEGMENT)
    _, answer = taken(hl7_samples.orm().replace(b"|77|", b"|" + long + b"|"))
    assert len(answer) < 2 * LONGEST_ANSWER
    contradictory = b"".join(b"ORC|%s%d|A1\r" % (b"X" * 5000, one) for one in range(50))
    assert len(taken(hl7_samples.orm() + contradictory)[1]) < 2000


def test_of_one_code_there_are_so_many_remarks_and_another_code_is_still_said() -> None:
    head = hl7_samples.oru("x^3").rsplit(b"OBX", 1)[0]
    bad = b"".join(b"OBX|%d|TX|TXT^BASE64||%%%%^9||||||F\rNTE|1|a\n\nb\r" % one for one in range(500))
    reading, answer = taken(head + bad + b"OBX|501|TX|TXT^BASE64||%%%%^3||||||F\r")
    found = codes(reading)
    assert found["report-part-unknown"] == MOST_ALIKE and found["line-break-inside"] == MOST_ALIKE
    assert found["report-not-base64"] == 1
    assert len(answer) < LONGEST_ANSWER
