"""One-time codes by a real mail server and a real HTTP gateway on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from werkzeug.wrappers import Request, Response

from gecit.edges.code_senders import CodesByEmail, SmsGateway
from gecit.edges.smtp import Smtp
from gecit.ports import AnswerUnknown, Refused, Unavailable
from gecit.sandbox.server import running
from tests.support.postgres import free_port

TEXT = "Paylaşım kodunuz: 1234 5678. Çığ gibi."


class Box:
    """A mailbox."""

    def __init__(self) -> None:
        self.got: list[EmailMessage] = []
        self.to: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.got.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        self.to += envelope.rcpt_tos
        return "250 taken"


@pytest.fixture
def box() -> Iterator[tuple[Box, CodesByEmail]]:
    found = Box()
    server = Controller(found, hostname="127.0.0.1", port=free_port())
    server.start()
    host, port = "127.0.0.1", server.port
    yield found, CodesByEmail(lambda to: Smtp(host, port, "gecit@ornek.example", (to,), security="None"))
    server.stop()


def test_a_code_goes_to_one_address_alone(box: tuple[Box, CodesByEmail]) -> None:
    kept, sender = box
    sender.send("yakin@ornek.example", "Geçit paylaşım kodu", TEXT, "n1")
    assert kept.to == ["yakin@ornek.example"]
    assert kept.got[0].get_content().strip() == TEXT
    assert kept.got[0]["Subject"] == "Geçit paylaşım kodu"


class Gateway:
    """An SMS gateway as docs/conformance/sms.md has it."""

    def __init__(self) -> None:
        self.status = 202
        self.got: list[tuple[str, str, Any]] = []

    def __call__(self, environ: Any, start: Any) -> Any:
        request = Request(environ)
        authorization = request.headers.get("Authorization", "")
        self.got.append((authorization, request.headers["Content-Type"], json.loads(request.get_data())))
        return Response(status=self.status, headers={"Location": "/elsewhere"})(environ, start)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[tuple[Gateway, SmsGateway]]:
    made, token = Gateway(), tmp_path / "token"
    token.write_text("gizli\n")
    with running({"/sms": made}) as place:
        yield made, SmsGateway(f"{place}/sms", token, 5.0)


def test_the_gateway_is_told_what_the_page_says(gateway: tuple[Gateway, SmsGateway]) -> None:
    made, sender = gateway
    sender.send("+905550000000", "unused", TEXT, "n1")
    assert made.got == [
        ("Bearer gizli", "application/json; charset=utf-8", {"id": "n1", "to": "+905550000000", "text": TEXT})
    ]


@pytest.mark.parametrize(
    ("status", "fault"), [(400, Refused), (422, Refused), (401, Unavailable), (503, Unavailable), (302, Unavailable)]
)
def test_what_the_gateway_answers_is_told(
    gateway: tuple[Gateway, SmsGateway], status: int, fault: type[Exception]
) -> None:
    made, sender = gateway
    made.status = status
    with pytest.raises(fault) as found:
        sender.send("+905550000000", "", TEXT, "n1")
    assert "1234" not in str(found.value) and "555" not in str(found.value)


def test_after_500_nobody_knows(gateway: tuple[Gateway, SmsGateway]) -> None:
    made, sender = gateway
    made.status = 500
    with pytest.raises(AnswerUnknown):
        sender.send("+905550000000", "", TEXT, "n1")


def test_a_gateway_that_is_not_there_and_a_token_that_cannot_be_read_are_unavailable(tmp_path: Path) -> None:
    for one in (SmsGateway(f"http://127.0.0.1:{free_port()}"), SmsGateway("http://127.0.0.1:1", tmp_path / "none")):
        with pytest.raises(Unavailable):
            one.send("+905550000000", "", TEXT, "n1")
