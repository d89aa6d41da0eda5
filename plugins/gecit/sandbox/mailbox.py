"""The mail box of the pretend outside world: a real SMTP server (RFC 5321) that keeps what it is sent, for reading.

GET `/` shows what came, the newest first; `/inspect` the same as JSON.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP, Envelope
from flask import Flask, Response, jsonify, render_template_string

from ..core.values import Value, local
from ..ports import Clock

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

MOST = 200
"""Mails that are kept, the newest ones; in memory alone, since one-time codes stand in them."""
LARGEST = 1024 * 1024
"""Bytes of one mail."""
SENDER = "gecit@deneme.example"


class Mail(Value):
    """What was received, as its reader sees it."""

    at: datetime
    to: tuple[str, ...]
    subject: str
    text: str


class MailBox:
    """Keeps mails in the order of their arrival, those of all addresses in one box. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: deque[Mail] = deque(maxlen=MOST)

    @property
    def kept(self) -> tuple[Mail, ...]:
        """What is kept, the oldest first."""
        return tuple(self._kept)

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a mail in, and say so."""
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        self._kept.append(
            Mail(
                at=self._clock.now(),
                to=tuple(envelope.rcpt_tos),
                subject=str(message["Subject"] or ""),
                text=_text(message),
            )
        )
        return "250 2.0.0 OK"


def _text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    return str(body.get_content()) if body else ""


@contextmanager
def receiving(box: MailBox, port: int = 0) -> Iterator[int]:
    """Listen on 127.0.0.1 for the length of a block and give the port; 0 takes a free one."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(
            lambda: SMTP(box, hostname="localhost", data_size_limit=LARGEST, loop=loop), "127.0.0.1", port
        )
    )
    thread = threading.Thread(target=loop.run_forever, name="pretend mail", daemon=True)
    thread.start()
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(_let_go())
        loop.close()


async def _let_go() -> None:
    """End the connections that are still open."""
    open_ones = asyncio.all_tasks() - {asyncio.current_task()}
    for one in open_ones:
        one.cancel()
    await asyncio.gather(*open_ones, return_exceptions=True)


def mailbox_app(box: MailBox) -> WSGIApplication:
    """Return the pages by which one reads it."""
    app = Flask(__name__)

    @app.get("/")
    def show() -> str:
        return render_template_string(PAGE, mails=box.kept[::-1], shown=_shown)

    @app.get("/inspect")
    def inspect() -> Response:
        note = "A pretend mail box for trying things out."
        mails = [{"at": one.at.isoformat(), "to": one.to, "subject": one.subject, "text": one.text} for one in box.kept]
        return jsonify(note=note, mails=mails)

    return app.wsgi_app


def _shown(at: datetime) -> str:
    return f"{local(at):%d.%m.%Y %H:%M:%S}"


PAGE = """<!doctype html>
<html lang="tr">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5">
<title>Deneme posta kutusu / pretend mail box</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 48rem; margin: 0 auto; padding: 1rem; }
  article { border: 1px solid #8888; border-radius: .5rem; padding: .75rem 1rem; margin: 1rem 0; }
  h1 { font-size: 1.35rem; } h2 { font-size: 1.05rem; margin: 0; }
  p { margin: .25rem 0; } .small { opacity: .75; font-size: .9rem; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0 0; font: inherit; }
</style>
<h1>Deneme posta kutusu <span lang="en">/ pretend mail box</span></h1>
<p class="small">Geçit'in gönderdiği postalar burada kalır, kimseye gitmez; sayfa kendini yeniler.
<span lang="en">Mails that Geçit sent stay here and go to nobody; the page renews itself.</span></p>
{% for one in mails %}
<article>
  <h2>{{ one.subject }}</h2>
  <p class="small">{{ shown(one.at) }} &rarr; {{ one.to | join(", ") }}</p>
  <pre>{{ one.text }}</pre>
</article>
{% else %}
<p>Henüz posta yok. <span lang="en">No mail yet.</span></p>
{% endfor %}
"""
