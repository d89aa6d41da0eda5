"""The settings of the duplicate query."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from ..core.values import Value


class DuplicateSettings(Value):
    """How far a duplicate query looks back, and the service above that is asked too."""

    months: Annotated[
        int,
        Meta(
            ge=1,
            le=24,
            description="How many calendar months an order looks back; the day so many months ago counts. What billing "
            "rests on stands in the rule `duplicate-found`.",
        ),
    ] = 6
    days: Annotated[int, Meta(ge=0, le=800, description="Days to look back instead of `Months`; 0 = months.")] = 0
    dated: Annotated[
        Literal["ordered", "performed"],
        Meta(description="Which date of the earlier exam counts: its order or its images."),
    ] = "ordered"
    performed_only: Annotated[
        bool, Meta(description="An earlier order counts only with images, a report or a study date.")
    ] = True
    link_hours: Annotated[
        float, Meta(gt=0, le=720, description="How long the links of an answer open report and images.")
    ] = 24
    opened_days: Annotated[
        float, Meta(gt=0, le=60, description="How far back the search detail looks for openings.")
    ] = 7
    ministry_get: Annotated[
        bool,
        Meta(
            description="Also answer the GET form of the Ministry's service. It carries the TCKN in the address: keep "
            "the query string out of every log between HBYS and here."
        ),
    ] = False
    upstream_name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=40,
            description="What the service above is called in records of queries and outages; not `ledger`.",
        ),
    ] = "upstream"
    upstream_url: Annotated[
        str,
        Meta(
            description="Address of a duplicate service that is asked too, without its `/Common.WebApi/...`. Empty: "
            "none is asked.",
            extra={"check": "url"},
        ),
    ] = ""
    upstream_token_url: Annotated[
        str, Meta(description="Address of its token service (OAuth2, password grant).", extra={"check": "url"})
    ] = ""
    upstream_client: Annotated[str, Meta(description="Client id at the token service.")] = ""
    upstream_client_secret_file: Annotated[
        Path | None, Meta(description="File with the client's secret.", extra={"check": "file"})
    ] = None
    upstream_user: Annotated[str, Meta(description="User at the token service.")] = ""
    upstream_password_file: Annotated[
        Path | None, Meta(description="File with the user's password.", extra={"check": "file"})
    ] = None
    upstream_scope: Annotated[str, Meta(description="Scope that is asked for.")] = (
        "openid profile custom.profile Common.WebApi"
    )
    upstream_timeout_seconds: Annotated[
        float, Meta(gt=0, le=60, description="How long the service above may take for one query, token included.")
    ] = 5
