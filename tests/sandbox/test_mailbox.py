"""The pretend mail server: what our own sender hands over is read on a page, and goes nowhere else."""

from __future__ import annotations

import smtplib
import socket
from pathlib import Path

import pytest
import requests

from gecit.core.share_links import Channel
from gecit.edges.smtp import Smtp
from gecit.ports import Refused
from gecit.processes.sharing import senders_of
from gecit.sandbox.mailbox import LARGEST, MOST, SENDER, MailBox, mailbox_app, receiving
from gecit.sandbox.node import mail_over
from gecit.sandbox.server import running
from gecit.settings import load
from tests.support.billing import HandClock


def post(port: int, subject: str, text: str, number: str = "1", to: str = "a@b.example") -> None:
    Smtp("127.0.0.1", port, SENDER, (to,), security="None").send(subject, text, number)


def test_a_mail_of_ours_is_read_on_the_page_with_its_turkish_letters_and_as_json() -> None:
    box = MailBox(HandClock())
    with receiving(box) as port, running({"/mail": mailbox_app(box)}) as url:
        assert "Henüz posta yok" in requests.get(f"{url}/mail/", timeout=5).text
        post(port, "[Geçit] kod / code", "Kodunuz: 123456 (ğışçöü)", to="sule@ornek.example")
        page = requests.get(f"{url}/mail/", timeout=5).text
        told = requests.get(f"{url}/mail/inspect", timeout=5).json()
    assert "Kodunuz: 123456 (ğışçöü)" in page and "sule@ornek.example" in page
    [mail] = told["mails"]
    assert (mail["to"], mail["subject"]) == (["sule@ornek.example"], "[Geçit] kod / code")


def test_what_a_mail_says_is_text_on_the_page_and_never_markup() -> None:
    box = MailBox(HandClock())
    with receiving(box) as port, running({"/mail": mailbox_app(box)}) as url:
        post(port, "<script>alert(1)</script>", "<img src=x onerror=alert(2)>")
        page = requests.get(f"{url}/mail/", timeout=5).text
    assert "<script" not in page and "<img" not in page and "&lt;script&gt;" in page


def test_the_newest_stand_first_and_the_oldest_are_forgotten() -> None:
    box = MailBox(HandClock())
    with receiving(box) as port, smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        for number in range(MOST + 2):
            client.sendmail(SENDER, ["a@b.example"], f"Subject: mail {number}\r\n\r\n.\r\n")
    assert [box.kept[0].subject, box.kept[-1].subject, len(box.kept)] == ["mail 2", f"mail {MOST + 1}", MOST]


def test_a_mail_beyond_the_limit_is_refused_and_not_kept() -> None:
    box = MailBox(HandClock())
    with receiving(box) as port, pytest.raises(Refused):
        post(port, "large", "x" * (LARGEST + 1))
    assert box.kept == ()


def test_it_ends_with_a_client_still_connected_and_gives_the_port_back() -> None:
    with receiving(MailBox(HandClock())) as port:
        hanging = socket.create_connection(("127.0.0.1", port), timeout=5)
        assert hanging.recv(100).startswith(b"220")
    with hanging, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_the_demos_settings_send_codes_of_links_to_the_box(tmp_path: Path) -> None:
    box = MailBox(HandClock())
    with receiving(box) as port:
        senders = senders_of(load(environ={"GECIT_DATA": str(tmp_path), **mail_over(port)}))
        senders[Channel.EMAIL].send("sule@ornek.example", "kod", "123456", "n1")
    assert [(one.to, one.subject, one.text.strip()) for one in box.kept] == [(("sule@ornek.example",), "kod", "123456")]
