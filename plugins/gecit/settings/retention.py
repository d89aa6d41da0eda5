"""The settings of retention: for how long studies are kept. Off by default; nothing is deleted that nobody approved."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ..core.values import Value


class RetentionSettings(Value):
    """For how long studies are kept; the periods are the site's own to settle with its lawyers."""

    years: Annotated[
        int,
        Meta(
            ge=0,
            le=200,
            description="Studies older than so many years may stand in a list to approve; 0 = all are kept for ever.",
        ),
    ] = 0
    modality_years: Annotated[
        tuple[str, ...],
        Meta(
            description="The same for single modalities, `MG=30` say; 0 = for ever. Of a study with several the "
            "longest counts.",
            extra={"check": "years"},
        ),
    ] = ()
    carry_out: Annotated[
        bool,
        Meta(
            description="`gecit work` deletes what an approved list names, study by study, each looked at anew; "
            "otherwise `gecit retention delete` does, by a person's command.",
        ),
    ] = False
