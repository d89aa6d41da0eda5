"""TLS of the HL7 port: settings, and the context that they make."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from ..core.values import Text, Value


class MllpTlsSettings(Value):
    """TLS 1.2 or later on the HL7 port; then nobody is heard without it."""

    certificate: Annotated[
        Path | None,
        Meta(
            description="PEM file of the HL7 port's certificate, with those between it and the authority. Empty: no "
            "TLS.",
            extra={"check": "file"},
        ),
    ] = None
    key: Annotated[
        Path | None,
        Meta(
            description="PEM file of its private key, without a password. Empty: it stands in the certificate's file.",
            extra={"check": "file"},
        ),
    ] = None
    client_authorities: Annotated[
        Path | None,
        Meta(
            description="PEM file of the authorities whose client certificates are believed. The name in one "
            "(commonName, else the first DNS name) speaks for the institutions whose HL7 peers list it as `cert:name`. "
            "Empty: none is asked for.",
            extra={"check": "file"},
        ),
    ] = None
    client_required: Annotated[
        bool, Meta(description="Refuse a connection without such a certificate; needs `ClientAuthorities`.")
    ] = False


def server_context(chosen: MllpTlsSettings) -> ssl.SSLContext | None:
    """Return the context that the listener serves by, None where TLS is off. OSError where a file will not do."""
    if not chosen.certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(chosen.certificate, chosen.key or chosen.certificate, password=_no_password)
    if chosen.client_authorities:
        context.load_verify_locations(chosen.client_authorities)
        context.verify_mode = ssl.CERT_REQUIRED if chosen.client_required else ssl.CERT_OPTIONAL
    return context


def _no_password() -> str:
    """Answer instead of the terminal, on which OpenSSL would wait for ever."""
    return ""


def fault(chosen: MllpTlsSettings) -> tuple[str, Text] | None:
    """Say which of the settings does not go with the others, and why; None where they will do."""
    if chosen.client_required and not chosen.client_authorities:
        return "client_required", Text(
            tr="ClientAuthorities olmadan istemci sertifikası denetlenemez; onu da yazın.",
            en="Without ClientAuthorities no client certificate can be checked; set it too.",
        )
    if not chosen.certificate:
        return _without_certificate(chosen)
    try:
        server_context(chosen)
    except OSError as wrong:  # ssl.SSLError is one
        return "certificate", Text(
            tr=f"Sertifika, anahtar ya da yetkili dosyası kullanılamıyor ({_short(wrong)}); PEM olmalı, anahtar "
            "sertifikaya ait ve parolasız olmalı.",
            en=f"Certificate, key or authorities cannot be used ({_short(wrong)}); they must be PEM, and the key must "
            "belong to the certificate and have no password.",
        )
    return None


def _without_certificate(chosen: MllpTlsSettings) -> tuple[str, Text] | None:
    if chosen.key or chosen.client_authorities:
        return "certificate", Text(
            tr="Key ya da ClientAuthorities yazılmış, Certificate yok; TLS kapalı kalırdı.",
            en="Key or ClientAuthorities is set and Certificate is not; TLS would stay off.",
        )
    return None


def _short(wrong: OSError) -> str:
    return str(getattr(wrong, "reason", "") or wrong.strerror or type(wrong).__name__)
