"""MEDULA over JSON: what each failure means for the message, and what never leaves by the side door."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.wrappers import Request, Response

from gecit.edges.bounded_http import Busy
from gecit.edges.medula_json import JsonMedula
from gecit.ports import AnswerUnknown, Refused, Unavailable
from gecit.sandbox.faults import Faults
from gecit.sandbox.server import running

KEY = "999001:GT1:1:notify"
OK = b'{"key": "999001:GT1:1:notify", "accepted": true, "code": "0000"}'


class Peer:
    """Answers what the test wants and keeps the requests."""

    def __init__(self) -> None:
        self.answer = Response(OK, content_type="application/json")
        self.requests: list[Request] = []
        self.faults = Faults(self.plain)
        self.url = ""

    def plain(self, environ, start_response):  # type: ignore[no-untyped-def]
        request = Request(environ)
        request.get_data()
        self.requests.append(request)
        return self.answer(environ, start_response)


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    with running({"/medula": made.faults}) as url:
        made.url = f"{url}/medula"
        yield made
        made.faults.stop()


def send(peer: Peer, payload: bytes = b"{}", timeout: float = 0.4) -> str:
    return JsonMedula(peer.url, timeout=timeout).send("notify", KEY, payload).code


def test_key_and_token_travel_in_headers_and_the_address_names_nobody(peer: Peer, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first\n")
    medula = JsonMedula(peer.url + "/", token)
    medula.send("notify", KEY, b'{"a": 1}')
    token.write_text("second")
    medula.send("notify", KEY, b'{"a": 1}')
    assert [one.headers["Authorization"] for one in peer.requests] == ["Bearer first", "Bearer second"]
    request = peer.requests[0]
    assert (request.path, request.query_string, request.get_data()) == ("/notifications", b"", b'{"a": 1}')
    assert request.headers["Idempotency-Key"] == KEY


@pytest.mark.parametrize("fault", ["hang-before", "hang-after", "reset-before", "reset-after", "half", "500"])
def test_sent_and_not_answered_is_not_known(peer: Peer, fault: str) -> None:
    peer.faults.plan(fault)
    with pytest.raises(AnswerUnknown):
        send(peer)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"accepted": tru',
        b"\xff",
        b'{"key": "other:1:1:notify", "accepted": true, "code": "0000"}',
        b'{"key": "999001:GT1:1:notify", "accepted": "yes", "code": "0000"}',
        b'{"key": "999001:GT1:1:notify", "accepted": true}',
        b"[" * 60_000,
        OK + b" " * 70_000,
    ],
)
def test_an_answer_that_cannot_be_read_is_not_known(peer: Peer, body: bytes) -> None:
    peer.answer = Response(body)
    with pytest.raises(AnswerUnknown):
        send(peer, timeout=5)


@pytest.mark.parametrize("status", [301, 401, 404, 408, 425, 429, 501, 503, 505, 511])
def test_what_speaks_of_the_moment_or_the_address_lets_the_message_wait(peer: Peer, status: int) -> None:
    peer.answer = Response(b"", status)
    with pytest.raises(Unavailable) as failure:
        send(peer)
    assert not isinstance(failure.value, AnswerUnknown)


@pytest.mark.parametrize("status", [500, 502, 504, 507, 522, 524, 599])
def test_what_may_have_been_written_after_the_work_was_done_is_not_known(peer: Peer, status: int) -> None:
    peer.answer = Response(b"", status)
    with pytest.raises(AnswerUnknown):
        send(peer)


@pytest.mark.parametrize("status", [400, 403, 409, 413, 422])
def test_what_speaks_of_the_message_refuses_it(peer: Peer, status: int) -> None:
    peer.answer = Response(b'{"code": "no", "detail": "because"}', status)
    with pytest.raises(Refused) as refusal:
        send(peer)
    assert (refusal.value.code, refusal.value.message) == ("no", "because")


def test_a_refusal_without_words_still_has_a_code(peer: Peer) -> None:
    peer.answer = Response(b"<html>", 400)
    with pytest.raises(Refused, match="HTTP 400"):
        send(peer)


@pytest.mark.parametrize(
    ("said", "least", "most"), [("7", 7, 7), ("Wed, 21 Oct 2099 07:28:00 GMT", 1e6, 1e10), ("soon", 0, 0), ("-5", 0, 0)]
)
def test_retry_after_is_understood_in_both_its_forms(peer: Peer, said: str, least: float, most: float) -> None:
    peer.answer = Response(b"", 503, {"Retry-After": said})
    with pytest.raises(Unavailable) as failure:
        send(peer)
    assert least <= (failure.value.retry_after if isinstance(failure.value, Busy) else 0) <= most


def test_a_port_that_nobody_listens_on_was_surely_not_told() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, not listening: refused
        medula = JsonMedula(f"http://127.0.0.1:{held.getsockname()[1]}", timeout=1)
        with pytest.raises(Unavailable) as failure:
            medula.send("notify", KEY, b"{}")
    assert not isinstance(failure.value, AnswerUnknown)


def test_a_server_without_tls_was_surely_not_told(peer: Peer) -> None:
    with pytest.raises(Unavailable) as failure:
        JsonMedula(peer.url.replace("http:", "https:"), timeout=2).send("notify", KEY, b"{}")
    assert not isinstance(failure.value, AnswerUnknown)
    assert peer.requests == []


def test_without_its_token_nothing_is_sent(peer: Peer, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="token"):
        JsonMedula(peer.url, tmp_path / "none").send("notify", KEY, b"{}")
    assert peer.requests == []


def test_a_message_over_the_limit_is_refused_before_it_is_sent(peer: Peer) -> None:
    with pytest.raises(Refused, match="too-large"):
        send(peer, b"x" * (1024 * 1024 + 1))
    assert peer.requests == []


def test_an_answer_that_drips_for_ever_ends_with_the_time_out(peer: Peer) -> None:
    peer.answer = Response(OK + b" " * 2000)
    peer.faults.plan("slow")
    with pytest.raises(AnswerUnknown, match="longer than"):
        send(peer, timeout=0.3)


def test_an_answer_that_came_twice_is_not_taken_for_the_next_one(peer: Peer) -> None:
    medula = JsonMedula(peer.url, timeout=2)
    peer.faults.plan("duplicate")
    assert medula.send("notify", KEY, b"{}").code == "0000"
    other = "999001:GT2:1:notify"
    peer.answer = Response(OK.replace(b"GT1", b"GT2"))
    with contextlib.suppress(AnswerUnknown):  # the other side may close the spoilt connection under our question
        assert medula.send("notify", other, b"{}").code == "0000"
    assert medula.send("notify", other, b"{}").code == "0000"


@pytest.mark.parametrize("fault", ["400", "500", "503", "hang-before", "reset-after", "wrong-json", "other-answer"])
def test_asking_that_fails_tells_nothing_and_does_no_harm(peer: Peer, fault: str) -> None:
    peer.faults.plan(fault)
    with pytest.raises(Unavailable) as failure:
        JsonMedula(peer.url, timeout=0.4).ask(KEY, b"{}")
    assert not isinstance(failure.value, AnswerUnknown)


def test_a_key_that_never_arrived_is_none(peer: Peer) -> None:
    peer.answer = Response(b'{"known": false}')
    assert JsonMedula(peer.url).ask(KEY, b"{}") is None


@pytest.mark.parametrize("fault", ["400", "500", "503", "hang-after", "reset-after", "wrong-json"])
def test_no_patient_stands_in_a_failure_or_a_log_line(peer: Peer, fault: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    peer.faults.plan(fault)
    with pytest.raises((Refused, Unavailable)) as failure:
        send(peer, b'{"patient_tckn": "10000000146"}')
    assert "10000000146" not in str(failure.value) + caplog.text
