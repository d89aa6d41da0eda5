"""The settings of the citizen's pages."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ..core.values import Value


class CitizenSettings(Value):
    """What citizens may ask for, and how much at once."""

    answer_days: Annotated[
        int,
        Meta(
            ge=1,
            le=365,
            description="A patient-rights desk should answer a request for a missing exam within so many days (KVKK "
            "13/2: thirty at the most).",
        ),
    ] = 30
    open_requests: Annotated[
        int, Meta(ge=1, le=100, description="How many open requests for missing exams a citizen may have.")
    ] = 5
    email_to: Annotated[
        tuple[str, ...],
        Meta(
            description="Where an institution's patient-rights desk is told of a new request, each as `SKRS address` "
            "(`910001 hakhukuk@hastane.example`). The mail holds a link alone. Sent by the server of `Alerts`; empty: "
            "no such mail, the desk looks at its page.",
            extra={"check": "critical-email"},
        ),
    ] = ()
    downloads_at_once: Annotated[
        int,
        Meta(
            ge=1,
            le=6,
            description="How many zips of images are made at the same time; each holds one of the web process's eight "
            "threads while it runs.",
        ),
    ] = 2
