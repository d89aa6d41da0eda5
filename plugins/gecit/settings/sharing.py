"""The settings of sharing by a link: how its one-time codes are sent, and how long what they open stands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from ..core.values import Value


class SharingSettings(Value):
    """Sharing by a link with one-time codes. With neither e-mail nor an SMS gateway there are no links."""

    email: Annotated[
        bool,
        Meta(description="Send codes by e-mail, with the SMTP server and the sender of `Alerts`."),
    ] = False
    sms_url: Annotated[
        str,
        Meta(
            description="Address of an SMS gateway, http or https; the wire format is that of the conformance page "
            "`sms.md`. Empty: no SMS.",
            extra={"check": "url"},
        ),
    ] = ""
    sms_token_file: Annotated[
        Path | None, Meta(description="File with its bearer token; read for each message.", extra={"check": "file"})
    ] = None
    sms_ca_file: Annotated[
        Path | None,
        Meta(
            description="PEM file of the authorities that its certificate is checked by. Empty: the system's own.",
            extra={"check": "file"},
        ),
    ] = None
    timeout_seconds: Annotated[float, Meta(gt=0, le=60, description="How long sending one SMS may take.")] = 10
    code_minutes: Annotated[float, Meta(gt=0, le=60, description="A code is worth nothing after so long.")] = 10
    visit_minutes: Annotated[
        float, Meta(gt=0, le=720, description="Whoever entered a code sees what the link opens for so long.")
    ] = 60
    link_days: Annotated[int, Meta(ge=1, le=366, description="A link stands for so many days at the most.")] = 30
