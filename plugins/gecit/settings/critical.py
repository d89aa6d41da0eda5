"""The settings of critical findings: who is told by mail, and when it is too long that nobody read one."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ..core.values import Value


class CriticalSettings(Value):
    """Who is told of a critical finding beside the pages, and when its silence is an incident."""

    email_to: Annotated[
        tuple[str, ...],
        Meta(
            description="Who gets a mail, each as `SKRS address` (`910001 nobet@hastane.example`), beside the ordering "
            "physician's account. It holds a link alone. Sent by the server of `Alerts`; empty: no such mail.",
            extra={"check": "critical-email"},
        ),
    ] = ()
    unread_minutes: Annotated[
        float,
        Meta(ge=0, le=10080, description="A critical finding that nobody read for so long is an incident; 0 = never."),
    ] = 30


def addresses_of(written: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return the addresses of each institution, by SKRS code."""
    found: dict[str, tuple[str, ...]] = {}
    for one in written:
        skrs, _, address = one.strip().partition(" ")
        found[skrs] = (*found.get(skrs, ()), address.strip())
    return found
