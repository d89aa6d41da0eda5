"""The settings of signing in: sessions, and providers of identities (OpenID Connect)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from ..core.values import Value


class SignInSettings(Value):
    """Sessions of browsers."""

    public_url: Annotated[
        str,
        Meta(
            description="Address under which browsers reach this node, `https://gecit.hastane.example` say. Providers "
            "of identities send people back to it; where it is https, only cookies are taken that TLS protects. Empty: "
            "the address that the browser names.",
            extra={"check": "url"},
        ),
    ] = ""
    idle_minutes: Annotated[
        float, Meta(gt=0, le=1440, description="A session that is not used for so long has ended.")
    ] = 60
    session_hours: Annotated[
        float, Meta(gt=0, le=168, description="A session has ended after so long, however much it is used.")
    ] = 12


class ProviderSettings(Value):
    """One provider of identities."""

    issuer: Annotated[
        str,
        Meta(
            description="Its issuer identifier (OpenID Connect Discovery); https. Empty: there is no such sign-in.",
            extra={"check": "url"},
        ),
    ] = ""
    client_id: Annotated[str, Meta(description="Under which this node is registered there.")] = ""
    client_secret_file: Annotated[
        Path | None,
        Meta(description="File with the client's secret; read at the start.", extra={"check": "file"}),
    ] = None
    scope: Annotated[str, Meta(description="What is asked for, with blanks between; `openid` is needed.")] = "openid"
    tckn_claim: Annotated[
        str,
        Meta(
            description="Claim that holds the TCKN, in the ID token or the userinfo answer. An account with that TCKN "
            "is signed in."
        ),
    ] = "tckn"
    label: Annotated[str, Meta(description="What the button says. Empty: the section's name.")] = ""
    citizens: Annotated[
        bool,
        Meta(
            description="Whoever has a TCKN there and no account here becomes a citizen, who sees what is his own. "
            "Only for a provider that vouches for everybody's TCKN."
        ),
    ] = False
    ca_file: Annotated[
        Path | None,
        Meta(description="PEM file of the authorities of its certificate. Empty: the usual.", extra={"check": "file"}),
    ] = None


PROVIDERS = ("e_devlet", "ministry_account", "hospital_account")
"""The sections of `Gecit` that name a provider."""
