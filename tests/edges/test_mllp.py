"""MLLP: framing that survives the wire, groups that are durable before they are answered."""

import asyncio
import contextlib
import logging
import socket
import threading
import time

import pytest
from hl7.client import MLLPClient
from hypothesis import given
from hypothesis import strategies as st

from gecit.edges.hl7_build import send
from gecit.edges.mllp import Listener
from gecit.edges.mllp_framer import CR, FS, VT, Fault, Framer, wrap

A, B = b"MSH|^~\\&|a", b"MSH|^~\\&|b"


def feed(data, sizes=(10**9,), limit=1000):
    framer, found, at, turn = Framer(limit), [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        found += framer.feed(data[at : at + size])
        at, turn = at + size, turn + 1
    return found + framer.finish()


def frames(found):
    return [one for one in found if isinstance(one, bytes)]


def kinds(found):
    return [one.kind for one in found if isinstance(one, Fault)]


@pytest.mark.parametrize(
    ("data", "expected", "faults"),
    [
        (wrap(A) + wrap(B), [A, B], []),
        (b"\x0b" + A + b"\x1c" + b"\x0b" + B + b"\x1c", [A, B], []),
        (wrap(A) + b"\r\n \n" + wrap(B), [A, B], []),
        (wrap(A) + b"noise" + wrap(B), [A, B], ["garbage"]),
        (A + b"\x1c\r" + wrap(B), [A, B], ["vt-missing"]),
        (b"\x0b" + A[:5] + b"\x0b" + B + b"\x1c\r", [B], ["truncated"]),
        (wrap(A + b"\x0bline"), [A + b"\x0bline"], []),
        (wrap(A) + b"\x0b" + B, [A], ["truncated"]),
        (wrap(b"\x00\xff\x80"), [b"\x00\xff\x80"], []),
        (wrap(b""), [b""], []),
        (b"\x1c\r" + wrap(A), [A], ["garbage"]),
        (b"GET / HTTP/1.1\r\n\r\n", [], ["garbage"]),
        (wrap(A + b"x" * 1000), [], ["too-long"]),
        (wrap(A) + A + b"x" * 2000, [A], ["too-long"]),
        (b"x" * 1001 + wrap(A), [], ["garbage"]),
    ],
)
def test_frames_and_faults_are_told_apart(data, expected, faults):
    found = feed(data)
    assert (frames(found), kinds(found)) == (expected, faults)


PIECES = st.sampled_from(
    [A, B, wrap(A), wrap(B), b"\x0b", b"\x1c", b"\r", b"\n", b"M", b"MS", b"zz", b"\x00", b"x" * 40]
)


@given(st.lists(PIECES, max_size=20).map(b"".join), st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_however_the_stream_is_cut_the_same_frames_come_out(data, sizes):
    assert feed(data, sizes, limit=60) == feed(data, limit=60)


@given(st.lists(st.binary(max_size=50).filter(lambda one: b"\x1c" not in one and b"\x0bMSH" not in one), max_size=8))
def test_whatever_is_framed_comes_out_again(messages):
    assert feed(b"".join(wrap(one) for one in messages)) == messages


class Served:
    """A listener in a thread of its own, as the listening process has it."""

    def __init__(self, handle, **options):
        self.faults, self.batches, self._handle = [], [], handle
        defaults = {"max_bytes": 10_000, "idle_seconds": 20.0, "max_connections": 20}
        self.listener = Listener(
            "127.0.0.1",
            0,
            self._batch,
            on_bad_frame=self._bad,
            on_failure=lambda frame, error: b"FAILED " + type(error).__name__.encode(),
            **{**defaults, **options},
        )

    def _batch(self, batch):
        self.batches.append([one.data for one in batch])
        return self._handle(batch)

    def _bad(self, kind, peer, head):
        self.faults.append((kind, peer, head))
        return b"BAD " + kind.encode()

    def __enter__(self):
        self.loop, ready = asyncio.new_event_loop(), threading.Event()

        def run():
            asyncio.set_event_loop(self.loop)
            self.loop.run_until_complete(self.listener.start())
            ready.set()
            self.loop.run_forever()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        assert ready.wait(10)
        self.port = self.listener.port
        return self

    def stop(self):
        asyncio.run_coroutine_threadsafe(self.listener.stop(10), self.loop).result(20)

    def __exit__(self, *exc):
        self.stop()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


def echo(batch):
    return [b"OK " + one.data for one in batch]


def connect(port, source="127.0.0.1"):
    connection = socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(source, 0))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def read_all(connection):
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            data += piece
    return data


def answers(data):
    return [one.strip(b"\x0b\r") for one in data.split(b"\x1c") if one.strip(b"\x0b\r")]


def test_each_message_gets_its_answer_over_one_connection():
    with Served(echo) as served:
        assert send("127.0.0.1", served.port, [A, B], 10) == [b"OK " + A, b"OK " + B]


def test_an_independent_client_is_served():
    with Served(echo) as served, MLLPClient("127.0.0.1", served.port) as client:
        assert client.send_message(A.decode()) == wrap(b"OK " + A)
        assert client.send_message(B.decode()) == wrap(b"OK " + B)


def test_glued_frames_are_answered_in_their_order_after_a_half_close():
    with Served(echo) as served, connect(served.port) as connection:
        messages = [A + b"%d" % number for number in range(200)]
        connection.sendall(b"".join(wrap(one) for one in messages))
        connection.shutdown(socket.SHUT_WR)
        assert answers(read_all(connection)) == [b"OK " + one for one in messages]


def test_what_waits_is_committed_as_one_group():
    entered, release = threading.Event(), threading.Event()

    def slow(batch):
        entered.set()
        assert release.wait(10)
        return echo(batch)

    with Served(slow, group_max=50) as served, connect(served.port) as first:
        first.sendall(wrap(A))
        assert entered.wait(10)
        others = [connect(served.port) for _ in range(6)]
        for one in others:
            one.sendall(wrap(B))
        _until(lambda: served.listener.counts["frames"] == 7)
        release.set()
        for one in (first, *others):
            one.shutdown(socket.SHUT_WR)
            assert len(answers(read_all(one))) == 1
            one.close()
    assert [len(one) for one in served.batches] == [1, 6]


def test_no_answer_leaves_before_the_group_is_committed():
    committed, release = [], threading.Event()

    def slow(batch):
        assert release.wait(10)
        committed.extend(batch)
        return echo(batch)

    with Served(slow) as served, connect(served.port) as connection:
        connection.sendall(wrap(A))
        _until(lambda: served.batches)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        assert committed == []
        release.set()
        connection.settimeout(10)
        assert connection.recv(100) == wrap(b"OK " + A)
        assert len(committed) == 1


def test_one_frame_that_fails_does_not_take_its_group_with_it(caplog):
    def picky(batch):
        if any(one.data == B for one in batch):
            raise ValueError("TCKN 10000000146")
        return echo(batch)

    with caplog.at_level(logging.DEBUG, "gecit"), Served(picky) as served, connect(served.port) as connection:
        connection.sendall(wrap(A) + wrap(B) + wrap(A))
        connection.shutdown(socket.SHUT_WR)
        assert answers(read_all(connection)) == [b"OK " + A, b"FAILED ValueError", b"OK " + A]
    assert "ValueError" in caplog.text
    assert "10000000146" not in caplog.text


def test_a_wrong_number_of_answers_is_a_failure_and_no_false_acceptance():
    with Served(lambda batch: []) as served:
        assert send("127.0.0.1", served.port, [A], 10) == [b"FAILED RuntimeError"]


def test_an_over_long_frame_is_answered_and_the_connection_closed():
    with Served(echo, max_bytes=100) as served, connect(served.port) as connection:
        connection.sendall(wrap(A) + b"\x0b" + B + b"x" * 200)
        assert answers(read_all(connection)) == [b"OK " + A, b"BAD too-long"]
    kind, peer, head = served.faults[0]
    assert (kind, peer, head[: len(B)]) == ("too-long", "127.0.0.1", B)


def test_a_frame_that_breaks_off_at_the_end_is_answered_as_truncated():
    with Served(echo) as served, connect(served.port) as connection:
        connection.sendall(b"\x0b" + A)
        connection.shutdown(socket.SHUT_WR)
        assert answers(read_all(connection)) == [b"BAD truncated"]


def test_garbage_between_frames_is_counted_and_skipped():
    with Served(echo) as served, connect(served.port) as connection:
        connection.sendall(wrap(A) + b"???" + wrap(B))
        connection.shutdown(socket.SHUT_WR)
        assert answers(read_all(connection)) == [b"OK " + A, b"OK " + B]
        assert served.listener.counts["garbage"] == 1


def test_an_idle_connection_is_closed():
    with Served(echo, idle_seconds=0.2) as served, connect(served.port) as connection:
        connection.sendall(wrap(A))
        assert answers(read_all(connection)) == [b"OK " + A]


def test_more_connections_than_allowed_are_closed_without_an_answer_while_all_others_wait_for_one():
    release = threading.Event()

    def slow(batch):
        assert release.wait(10)
        return echo(batch)

    with Served(slow, max_connections=1) as served, connect(served.port) as first:
        first.sendall(wrap(A))
        _until(lambda: served.listener.counts["frames"] == 1)
        with connect(served.port) as second:
            with contextlib.suppress(OSError):
                second.sendall(wrap(B))
            assert read_all(second) == b""
        assert served.listener.counts["connections refused"] == 1
        release.set()
        assert first.recv(100) == wrap(b"OK " + A)
    assert served.batches == [[A]]


def test_where_the_door_is_full_the_sender_with_most_connections_makes_room():
    with (
        Served(echo, max_connections=3) as served,
        connect(served.port) as quiet,
        connect(served.port, "127.0.0.2") as first,
        connect(served.port, "127.0.0.2") as second,
    ):
        _until(lambda: served.listener.counts["connections"] == 3)
        second.sendall(VT + b"MSH|begun")
        time.sleep(0.1)
        with connect(served.port) as newcomer:
            newcomer.sendall(wrap(B))
            assert newcomer.recv(100) == wrap(b"OK " + B)
            assert read_all(first) == b"", "the longest silent one of the greedy sender"
            quiet.sendall(wrap(A))
            assert quiet.recv(100) == wrap(b"OK " + A)
            second.sendall(wrap(A)[1:])
            assert second.recv(100) == wrap(b"OK MSH|begun" + A)
        assert served.listener.counts["connections dismissed"] == 1


def test_a_frame_that_drips_is_whole_in_time_or_never():
    with Served(echo, idle_seconds=0.4) as served, connect(served.port) as slow:
        slow.sendall(VT)
        answer, until = b"", time.monotonic() + 10
        slow.settimeout(0.05)
        while not answer and time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                slow.sendall(b"M")
                answer = slow.recv(100)
        assert answers(answer) == [b"BAD truncated"]
        with connect(served.port) as other:
            other.sendall(wrap(A))
            assert other.recv(100) == wrap(b"OK " + A)


def test_unfinished_frames_take_no_more_memory_in_all_than_may_wait():
    with (
        Served(echo, max_waiting_bytes=60_000, max_bytes=50_000) as served,
        connect(served.port, "127.0.0.2") as greedy,
        connect(served.port, "127.0.0.2") as other,
        connect(served.port) as modest,
    ):
        modest.sendall(VT + b"x" * 20_000)
        greedy.sendall(VT + b"y" * 25_000)
        _until(lambda: served.listener._held > 40_000)
        other.sendall(VT + b"z" * 22_000)
        assert read_all(greedy) == b"", "the largest of the sender who holds most"
        modest.sendall(b"x" + FS + CR)
        assert modest.recv(30_000).startswith(VT + b"OK xx")
        assert served.listener._held <= 60_000


def test_a_stranger_who_leaves_much_unfinished_goes_before_whoever_is_known():
    known = iter((True, False))
    with (
        Served(echo, max_waiting_bytes=60_000, max_bytes=50_000, knows=lambda peer: next(known)) as served,
        connect(served.port) as hospital,
        contextlib.ExitStack() as held,
    ):
        hospital.sendall(VT + b"x" * 40_000)
        _until(lambda: served.listener._held >= 40_000)
        stranger = held.enter_context(connect(served.port, "127.0.0.2"))
        stranger.sendall(VT + b"y" * 25_000)
        assert read_all(stranger) == b""
        assert served.listener._held == 40_000, "what was dismissed counts no more"
        hospital.sendall(b"x" + FS + CR)
        assert hospital.recv(50_000).startswith(VT + b"OK xx")
        assert served.listener.counts["connections dismissed"] == 1


def test_where_nobody_can_say_who_connects_all_are_heard_and_each_is_closed_in_the_end(caplog):
    def broken(peer):
        raise ValueError("MSH|^~\\&|patient")

    with Served(echo, knows=broken) as served, connect(served.port) as sender:
        sender.sendall(wrap(A))
        assert sender.recv(100) == wrap(b"OK " + A)
        sender.shutdown(socket.SHUT_WR)
        assert read_all(sender) == b""
    assert "ValueError" in caplog.text and "patient" not in caplog.text


def test_while_nobody_says_who_connects_no_crowd_gathers(monkeypatch):
    monkeypatch.setattr("gecit.edges.mllp.ASKED", 2)
    release = threading.Event()
    with (
        Served(echo, max_connections=3, knows=lambda peer: release.wait(10)) as served,
        connect(served.port),
        connect(served.port),
        connect(served.port),
        connect(served.port) as surplus,
        connect(served.port, "127.0.0.2") as other,
    ):
        assert read_all(surplus) == b""
        assert served.listener.counts["connections refused"] == 1
        release.set()
        other.sendall(wrap(A))
        assert other.recv(100) == wrap(b"OK " + A)


def test_a_sender_that_does_not_wait_is_read_only_as_far_as_its_window():
    release = threading.Event()

    def slow(batch):
        assert release.wait(10)
        return echo(batch)

    with Served(slow, window=4) as served, connect(served.port) as connection:
        connection.sendall(wrap(A) * 50)
        connection.shutdown(socket.SHUT_WR)
        _until(lambda: served.listener.counts["frames"] == 4)
        time.sleep(0.1)
        assert served.listener.counts["frames"] == 4
        release.set()
        assert len(answers(read_all(connection))) == 50


def test_few_bytes_may_wait_in_all_and_everything_is_answered_still():
    with Served(echo, max_waiting_bytes=5, window=2) as served, connect(served.port) as connection:
        connection.sendall(wrap(A) * 30)
        connection.shutdown(socket.SHUT_WR)
        assert len(answers(read_all(connection))) == 30


def test_stopping_answers_what_was_read_and_then_closes():
    entered, release = threading.Event(), threading.Event()

    def slow(batch):
        entered.set()
        assert release.wait(10)
        return echo(batch)

    with Served(slow) as served, connect(served.port) as connection:
        connection.sendall(wrap(A) + wrap(B))
        assert entered.wait(10)
        stopping = threading.Thread(target=served.stop)
        stopping.start()
        _until(served.listener.stopping.is_set)
        release.set()
        assert answers(read_all(connection)) == [b"OK " + A, b"OK " + B]
        stopping.join(10)
        with pytest.raises(ConnectionRefusedError):
            connect(served.port)
        served.stop = lambda: None


def test_a_port_in_use_is_an_error_at_the_start():
    with Served(echo) as served:
        other = Served(echo).listener
        other._address = ("127.0.0.1", served.port)
        with pytest.raises(OSError, match="in use"):
            asyncio.run(other.start())


def test_a_client_that_vanishes_costs_nobody_an_answer():
    with Served(echo) as served:
        for _ in range(5):
            rude = connect(served.port)
            rude.sendall(wrap(A) * 20)
            rude.close()
        assert send("127.0.0.1", served.port, [B], 10) == [b"OK " + B]


def _until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
