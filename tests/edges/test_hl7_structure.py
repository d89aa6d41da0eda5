"""hl7apy's opinion of messages whose structure it knows by another name, or not at all."""

from __future__ import annotations

import pytest

from gecit.edges.hl7_structure import complaints

ADT = (
    "MSH|^~\\&|HBYS||GECIT||20261126032724||ADT^{event}|2|P|2.3.1\rEVN|{event}|20261126032724\r"
    "PID|1||D1||ÖRNEKOĞLU^Şule||19800214|F\r{visit}"
)


@pytest.mark.parametrize("event", ["A01", "A03", "A04", "A08"])
def test_an_adt_message_is_looked_at_by_the_structure_of_its_event(event: str) -> None:
    assert complaints(ADT.format(event=event, visit="PV1||I\r").encode()) == []
    assert any("PV1" in one for one in complaints(ADT.format(event=event, visit="").encode()))


def test_an_event_of_which_no_structure_is_known_is_said_to_be_so() -> None:
    assert complaints(ADT.format(event="X99", visit="PV1||I\r").encode()) == [
        "not looked at: no structure of v2.3.1 is known for what MSH-9 names"
    ]
