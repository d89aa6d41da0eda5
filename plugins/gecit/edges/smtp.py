"""E-mail by SMTP (RFC 5321), one message to a few addresses."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Literal

from ..ports import AnswerUnknown, Refused, Unavailable

Security = Literal["StartTls", "Tls", "None"]


class Smtp:
    """Implements `ports.Mailer`; connects anew for each message. `timeout` (seconds) bounds each answer."""

    def __init__(
        self,
        host: str,
        port: int,
        sender: str,
        to: tuple[str, ...],
        *,
        security: Security = "StartTls",
        user: str = "",
        password_file: Path | None = None,
        ca_file: Path | None = None,
        timeout: float = 15.0,
    ) -> None:
        self._host, self._port, self._sender, self._to = host, port, sender, to
        self._security, self._user, self._password_file = security, user, password_file
        self._ca_file, self._timeout = ca_file, timeout

    def send(self, subject: str, text: str, number: str) -> None:
        """Send; raises `Refused`, `Unavailable` or `AnswerUnknown`. `number` becomes the Message-ID: one of each."""
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = subject, self._sender, ", ".join(self._to)
        message["Message-ID"], message["Date"] = f"<{number}@{self._sender.partition('@')[2]}>", formatdate()
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
        message.set_content(text)
        server = _told(self._connect)
        try:
            self._hand_over(server, message)
        finally:
            server.close()

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context(cafile=str(self._ca_file) if self._ca_file else None)
        if self._security == "Tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        try:
            if self._security == "StartTls":
                server.starttls(context=context)
            if self._user:
                server.login(self._user, self._password())
        except BaseException:
            server.close()
            raise
        return server

    def _password(self) -> str:
        return self._password_file.read_text().strip() if self._password_file else ""

    def _hand_over(self, server: smtplib.SMTP, message: EmailMessage) -> None:
        try:
            refused = server.send_message(message)
        except smtplib.SMTPRecipientsRefused as fault:
            raise _refusal(max(code for code, _ in fault.recipients.values())) from None
        except smtplib.SMTPResponseException as fault:
            raise _refusal(fault.smtp_code) from None
        except (OSError, smtplib.SMTPException) as fault:
            raise AnswerUnknown(f"sent, and no answer: {type(fault).__name__}") from None
        if refused:
            raise _refusal(max(code for code, _ in refused.values()))


def _told(connect: Callable[[], smtplib.SMTP]) -> smtplib.SMTP:
    """Connect and sign in; whatever fails then speaks of us, of the server or of the moment, not of the message."""
    try:
        return connect()
    except (OSError, smtplib.SMTPException) as fault:
        code = f" {fault.smtp_code}" if isinstance(fault, smtplib.SMTPResponseException) else ""
        raise Unavailable(f"no SMTP connection: {type(fault).__name__}{code}") from None


def _refusal(code: int) -> Exception:
    return Refused(f"SMTP {code}", "the mail server refuses it") if code >= 500 else Unavailable(f"SMTP {code}")
