"""Whoever speaks HL7 for somebody else: other addresses, other institutions, frames that were overheard."""

from __future__ import annotations

import contextlib
import socket

import pytest

from gecit.edges.mllp import STRANGERS
from gecit.edges.mllp_framer import wrap
from gecit.ports import Unavailable
from tests.edges.test_mllp import Served, _until, connect, echo, read_all
from tests.processes.test_reception import HERE, THERE, Door, number_of
from tests.support.flow import RADIOLOGIST, TCKN, exam, orm_wire, oru_wire, register

HBYS, OTHER, STRANGER = "192.0.2.1", "198.51.100.1", "203.0.113.9"


@pytest.fixture
def door(ledger) -> Door:
    register(ledger, HERE, THERE)
    return Door(ledger)


@pytest.mark.parametrize(
    ("peer", "answer"), [(STRANGER, "AR peer-unknown"), (OTHER, "AR institution-not-of-peer"), (HBYS, "AA")]
)
def test_an_overheard_frame_is_answered_to_whom_it_was_answered_alone(door: Door, peer: str, answer: str) -> None:
    """An AA to a stranger would tell him that this very order stands here."""
    assert door.knock(orm_wire()) == ["AA"]
    before = exam(door.ledger)
    assert door.knock(orm_wire(), peer=peer) == [answer]
    assert door.knock(orm_wire(), peer=peer) == [answer], "and again"
    assert exam(door.ledger).order == before.order
    assert number_of(door.ledger) == (1 if peer == HBYS else 2), "what was kept of it is one row of its own"
    assert door.knock(orm_wire()) == ["AA"], "its own sender gets its own answer"


def test_a_stranger_settles_nothing_of_a_report_that_waits(door: Door) -> None:
    """The registry was away: the message is transient, and looked at again when it comes again."""
    door.registry.down = {RADIOLOGIST}
    door.knock(orm_wire(control_id="0"))
    assert door.knock(oru_wire()) == ["AE registry-unavailable"]
    assert door.knock(oru_wire(), peer=STRANGER) == ["AR peer-unknown"]
    door.registry.down = set()
    assert door.knock(oru_wire()) == ["AA"]
    assert len(exam(door.ledger).reports) == 1


@pytest.mark.parametrize(
    "frame",
    [
        orm_wire("A1", control="XO", control_id="2", institution="910001"),
        orm_wire("A1", control="CA", control_id="2", institution="910001"),
        oru_wire("A1", control_id="2", institution="910001"),
    ],
    ids=["changed", "cancelled", "reported"],
)
def test_another_institutions_exam_is_changed_cancelled_and_reported_by_nobody_else(door: Door, frame: bytes) -> None:
    assert door.knock(orm_wire("A1")) == ["AA"]
    before = exam(door.ledger, "A1")
    for peer in (OTHER, STRANGER):
        assert door.knock(frame, peer=peer)[0].startswith("AR ")
    after = exam(door.ledger, "A1")
    assert (after.order, after.reports, after.cancelled) == (before.order, before.reports, before.cancelled)


def test_who_may_speak_is_asked_while_the_ledger_answers_and_nobody_is_shut_out_while_it_does_not(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [door.reception.knows(one) for one in (HBYS, OTHER, STRANGER)] == [True, True, False]
    again = Door(door.ledger)

    asked = []

    def away(work):
        asked.append(work)
        raise Unavailable("ledger")

    monkeypatch.setattr(door.ledger, "read", away)
    assert all(again.reception.knows(STRANGER) for _ in range(3)), "each message is refused all the same"
    assert len(asked) == 1, "whoever waited for the ledger does not wait for it again"


def test_strangers_who_hold_connections_keep_no_hospital_out() -> None:
    """They get a room of their own, and are closed when they are silent."""
    known: list[bool] = [False] * (STRANGERS + 4) + [True]
    with Served(echo, max_connections=1, knows=lambda peer: known.pop(0)) as served, contextlib.ExitStack() as held:
        strangers = [held.enter_context(connect(served.port)) for _ in range(STRANGERS + 4)]
        _until(lambda: served.listener.counts["connections refused"] == 4)
        hospital = held.enter_context(connect(served.port))
        hospital.sendall(wrap(b"MSH|^~\\&|x"))
        assert hospital.recv(100).startswith(b"\x0bOK")
        assert served.listener.counts["connections refused"] == 4
        for one in strangers:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_WR)


def test_a_silent_stranger_is_closed_before_a_silent_hospital(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gecit.edges.mllp.STRANGER_SECONDS", 0.05)
    with Served(echo, idle_seconds=20.0, knows=lambda peer: False) as served, connect(served.port) as stranger:
        assert read_all(stranger) == b""


def test_tckn_of_nobody_stands_in_what_a_stranger_is_told(door: Door) -> None:
    from gecit.processes.reception import Raw

    door.knock(orm_wire())
    (answer,) = door.reception.receive([Raw(orm_wire(), STRANGER, door.clock.now())])
    assert TCKN.encode() not in answer
