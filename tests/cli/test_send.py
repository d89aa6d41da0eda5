"""`gecit send`: messages out of an editor's file reach a listener as the wire has them, and its answers are printed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import Result

from gecit.edges import hl7_build
from gecit.edges.system_clock import SystemClock
from gecit.sandbox.hbys import PretendHbys, listening
from tests.support.flow import order


class Listener(NamedTuple):
    hbys: PretendHbys
    port: int


@pytest.fixture
def listener() -> Iterator[Listener]:
    hbys = PretendHbys(SystemClock())
    with listening(hbys) as port:
        yield Listener(hbys, port)


def written(path: Path, *numbers: str) -> Path:
    """Messages one after the other, as an editor saves them."""
    made = [hl7_build.order_message(order(one), hl7_build.Envelope(control_id=one)) for one in numbers]
    path.write_bytes(b"\n".join(one.replace(b"\r", b"\n") for one in made))
    return path


def test_each_message_of_each_file_is_sent_in_order_and_answered(
    gecit: Callable[..., Result], tmp_path: Path, listener: Listener
) -> None:
    first, second = written(tmp_path / "a.hl7", "A1", "A2"), written(tmp_path / "b.hl7", "B1")
    said = gecit("send", "--port", str(listener.port), first, second).output
    assert [line.split("|")[:3] for line in said.splitlines()] == [["MSA", "AA", one] for one in ("A1", "A2", "B1")]
    assert all(b"\n" not in one and one.count(b"\r") > 3 for one in listener.hbys.frames)
    assert "ŞAHİN^ÇİĞDEM" in listener.hbys.frames[0].decode()


def test_what_is_refused_is_printed_with_its_reason_and_ends_with_1(
    gecit: Callable[..., Result], tmp_path: Path, listener: Listener
) -> None:
    listener.hbys.plan("AE")
    said = gecit("send", "--port", str(listener.port), written(tmp_path / "a.hl7", "A1", "A2"), code=1).output
    assert [line.split("|")[1] for line in said.splitlines() if line.startswith("MSA")] == ["AE", "AA"]
    assert "ERR|" in said


def test_what_was_answered_is_printed_before_one_is_not_and_nothing_steers_the_terminal(
    gecit: Callable[..., Result], tmp_path: Path, listener: Listener
) -> None:
    listener.hbys.plan("AE", "close")
    said = gecit(
        "send", "--port", str(listener.port), written(tmp_path / "a.hl7", "A\u202e1", "A2", "A3"), code=1
    ).output
    assert said.startswith("MSA|AE|A\\u202e1|") and "\u202e" not in said
    assert "MSH-10 A2" in said and "no answer" in said and len(listener.hbys.frames) == 2


def test_a_file_without_a_message_is_named_and_nothing_is_sent(
    gecit: Callable[..., Result], tmp_path: Path, listener: Listener
) -> None:
    (tmp_path / "not.hl7").write_text("merhaba\n")
    said = gecit("send", "--port", str(listener.port), written(tmp_path / "a.hl7", "A1"), tmp_path / "not.hl7", code=1)
    assert "not.hl7" in said.output and listener.hbys.frames == []


def test_a_closed_port_is_named_with_what_to_do_in_both_languages(gecit: Callable[..., Result], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    done = gecit("send", "--port", str(port), written(tmp_path / "a.hl7", "A1"), code=1)
    said = done.output
    assert said.count(f"127.0.0.1:{port}") == 2
    assert "gecit health" in said and "GECIT_MLLP_PORT" in said
    assert "bağlantısı kurulamadı" in said and "Is the node running" in said
