"""The settings of webhooks and alerts: who is told of what, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from ..core.values import Value


class WebhookSettings(Value):
    """Where verdicts may be told to."""

    allow: Annotated[
        tuple[str, ...],
        Meta(
            description="Names (`hbys.example`, `*.example`) and networks (`10.1.0.0/16`) that webhooks may go to. "
            "Empty: any public address and none inside the house, this computer included.",
            extra={"check": "allow"},
        ),
    ] = ()
    plain_http: Annotated[
        bool, Meta(description="Also send over http, unencrypted, to other computers: only in a closed network.")
    ] = False
    timeout_seconds: Annotated[float, Meta(gt=0, le=30, description="How long one message may take.")] = 10
    ca_file: Annotated[
        Path | None,
        Meta(
            description="PEM file of the authorities that receivers' certificates are checked by. Empty: the system's.",
            extra={"check": "file"},
        ),
    ] = None
    give_up_hours: Annotated[
        float, Meta(gt=0, le=720, description="A message that is not taken within so long is parked.")
    ] = 72


class AlertSettings(Value):
    """Who is told that the installation is not well, and what that means."""

    email_to: Annotated[
        tuple[str, ...],
        Meta(description="Addresses that alerts are sent to. Empty: no e-mail.", extra={"check": "email"}),
    ] = ()
    email_from: Annotated[str, Meta(max_length=200, description="Sender of the e-mails.")] = ""
    smtp_host: Annotated[str, Meta(max_length=253, description="SMTP server.")] = ""
    smtp_port: Annotated[int, Meta(ge=1, le=65535, description="Its port.")] = 587
    smtp_security: Annotated[
        Literal["StartTls", "Tls", "None"],
        Meta(description="`StartTls` after the greeting, `Tls` from the first byte, or `None`: only on this computer."),
    ] = "StartTls"
    smtp_user: Annotated[str, Meta(description="User at the SMTP server. Empty: no sign-in.")] = ""
    smtp_password_file: Annotated[
        Path | None, Meta(description="File with the user's password.", extra={"check": "file"})
    ] = None
    smtp_ca_file: Annotated[
        Path | None,
        Meta(
            description="PEM file of the authorities that the server's certificate is checked by. Empty: the system's.",
            extra={"check": "file"},
        ),
    ] = None
    webhook_url: Annotated[
        str,
        Meta(description="Address that alerts are posted to, signed as webhooks are.", extra={"check": "url"}),
    ] = ""
    webhook_secret_file: Annotated[
        Path | None, Meta(description="File with its secret, `whsec_...`.", extra={"check": "file"})
    ] = None
    every_seconds: Annotated[float, Meta(ge=1, le=3600, description="How often it is looked whether all is well.")] = 30
    silent_seconds: Annotated[
        float, Meta(ge=30, le=86400, description="A process that gave no sign of life for so long is silent.")
    ] = 90
    outbox_minutes: Annotated[
        float, Meta(gt=0, le=10080, description="A delivery that waits for longer is too old.")
    ] = 60
    disk_percent: Annotated[
        float, Meta(ge=0, le=99, description="Less free space than so much of the disk is too little; 0 = never.")
    ] = 10
    sender_silent_hours: Annotated[
        float,
        Meta(ge=0, le=8760, description="An institution that sent no HL7 message for so long is silent; 0 = never."),
    ] = 0
    certificate_days: Annotated[
        float,
        Meta(
            ge=0,
            le=365,
            description="A certificate in use that ends within so many days is told of, and once more when it has "
            "ended; 0 = never.",
        ),
    ] = 21
    certificate_files: Annotated[
        tuple[str, ...],
        Meta(
            description="PEM files of further certificates to be watched, with absolute paths: those that Geçit's "
            "settings do not name, of nginx, a pooler or Orthanc's peers say.",
            extra={"check": "paths"},
        ),
    ] = ()
    backup_hours: Annotated[
        float,
        Meta(
            ge=0,
            le=8760,
            description="A newest backup by `gecit backup` that is older is told of, and so is a node that has none; "
            "0 = not watched, for a site that backs up otherwise. 36 suits a backup each night.",
        ),
    ] = 0
    ledger_minutes: Annotated[
        float,
        Meta(
            ge=0,
            le=1440,
            description="A ledger that did not answer for so long is told of by the node itself, and once more when it "
            "has answered again for as long; 0 = never.",
        ),
    ] = 5
    behind_changes: Annotated[
        int, Meta(ge=1, le=10_000_000, description="More changes of Orthanc not yet read are too many.")
    ] = 5_000
