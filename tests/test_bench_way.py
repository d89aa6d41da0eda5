"""The figures of the way to MEDULA run and have their fields. How fast anything is, no test says."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import chain

import pytest
from bench import delivery, hl7, memory, messages, outbox, soap
from bench.figures import Figure, line
from bench.hl7_sender import read_frames, write_frames
from bench.hl7_servers import SERVERS

from gecit.core.identifiers import is_tckn
from gecit.edges import hl7_reader

from .test_bench import FIELDS


def told(figures: Iterable[Figure]) -> dict[tuple[str, str], dict[str, object]]:
    """The lines that a bench writes, by case and figure; each has every field."""
    lines = [json.loads(line(one)) for one in figures]
    assert all(set(one) == FIELDS for one in lines)
    return {(one["case"], one["figure"]): one for one in lines}


@pytest.fixture
def busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for a quiet machine, and the node's rests are short."""
    monkeypatch.setattr(hl7, "SAMPLE", 10)
    monkeypatch.setattr(hl7, "SYNCS", 10)
    monkeypatch.setattr(memory, "REST_SECONDS", 0.5)


def test_messages_are_each_of_their_own_exam_and_patient_and_a_frame_comes_back_as_it_was(tmp_path) -> None:
    """Control ids, accession numbers and TCKNs differ; order and report of one exam belong together."""
    made = list(messages.pairs(3, first=7))
    write_frames(tmp_path / "frames", chain.from_iterable(made))
    assert read_frames(tmp_path / "frames") == [b"\x0b" + one + b"\x1c\r" for pair in made for one in pair]
    read = [tuple(map(hl7_reader.parse, pair)) for pair in made]
    assert len({one.get("MSH", 10) for pair in read for one in pair}) == 6
    assert [order.get("ORC", 2) == report.get("OBR", 18) for order, report in read] == [True] * 3
    numbers = {order.get("PID", 4) for order, _ in read}
    assert len(numbers) == 3
    assert all(map(is_tckn, numbers))


@pytest.mark.system
@pytest.mark.usefixtures("busy_machine")
def test_a_few_messages_give_every_figure_of_hl7() -> None:
    """On a real node; the backlog drains while others come one by one."""
    lines = told(hl7.figures(rounds=1, patience=0, count=40, backlog=400))
    assert {figure for case, figure in lines if case == "8-connections"} == {
        "rate", "rate-beside-python_hl7", "rate-beside-hl7apy", "rate-beside-fsync", "answer-p99",
        *(f"rate-beside-{name}" for name in SERVERS),
    }  # fmt: skip
    assert {figure for case, figure in lines if case == f"8-connections-window-{hl7.WINDOW}"} >= {
        "rate", *(f"rate-beside-{name}" for name, server in SERVERS.items() if server.windows),
    }  # fmt: skip
    assert ("backlog-400", "answer-p99-at-10-a-second") in lines


@pytest.mark.system
def test_a_few_exams_give_every_figure_of_delivery() -> None:
    """Each kind of last piece is told to the receiver."""
    lines = told(delivery.figures(rounds=1, patience=0, exams=2))
    assert [case for case, _ in lines] == ["last-piece-order", "last-piece-report", "last-piece-images"]


@pytest.mark.system
@pytest.mark.usefixtures("busy_machine")
def test_a_few_instances_give_every_figure_of_memory() -> None:
    """Every process of the node is measured."""
    lines = told(memory.figures(count=20))
    assert {figure for _, figure in lines} == {"listen", "work", "web", "orthanc", "together-less-bare", "grown"}


@pytest.mark.postgres
def test_a_few_deliveries_give_every_figure_of_the_outbox_and_none_is_lost() -> None:
    """A delivery that does not arrive, or arrives twice, would end the bench."""
    lines = told(outbox.figures(rounds=1, patience=0, count=30))
    assert {case for case, _ in lines} == {"sqlite", "postgresql"}


def test_a_delivery_that_does_not_arrive_ends_the_bench() -> None:
    """Nothing is counted as fast that was lost."""
    with pytest.raises(outbox.LostError, match="0 arrivals"):
        outbox._delivered(lambda url: 1.0, 3)


def test_a_few_soap_notifications_give_their_figure_and_each_row_stands_once() -> None:
    """Through the courier, to the sandbox in a process of its own."""
    lines = told(soap.figures(rounds=1, patience=0, count=12))
    assert list(lines) == [("sqlite", "rate")]
    assert lines["sqlite", "rate"]["anchor_is"] == "bare requests, the same bytes"


def test_a_soap_notification_that_is_not_registered_ends_the_bench() -> None:
    """Nothing is counted as fast that was lost."""
    with pytest.raises(soap.LostError, match="0 rows stand"), soap.sandbox(3):
        pass
