"""The settings of reading, and of telling a hospital's HBYS what was reported here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from ..core.values import Value


class ReadingSettings(Value):
    """How long an exam stays with its reader, and how soon it should be read."""

    idle_minutes: Annotated[
        float,
        Meta(gt=0, le=1440, description="An exam goes back to the list when its reader saved nothing for so long."),
    ] = 30
    hold_hours: Annotated[
        float, Meta(gt=0, le=720, description="The same for an exam that its reader put off and keeps.")
    ] = 24
    assigned_minutes: Annotated[
        float, Meta(gt=0, le=10080, description="The same for an exam that was pushed to a reader who did not open it.")
    ] = 60
    target_emergency_hours: Annotated[
        float, Meta(gt=0, le=8760, description="Target from the first images to the final report: emergency.")
    ] = 1
    target_urgent_hours: Annotated[float, Meta(gt=0, le=8760, description="The same: urgent.")] = 6
    target_inpatient_hours: Annotated[float, Meta(gt=0, le=8760, description="The same: inpatients.")] = 24
    target_outpatient_hours: Annotated[float, Meta(gt=0, le=8760, description="The same: all others.")] = 72
    orphaned_draft_days: Annotated[
        float,
        Meta(
            ge=0,
            le=3650,
            description="A draft whose exam is its author's no more is forgotten when he left it alone for so long; "
            "0 = never, only he throws it away.",
        ),
    ] = 0


class HbysSettings(Value):
    """How reports that are signed here reach the hospitals' HBYS; each institution's address is on its record."""

    timeout_seconds: Annotated[
        float, Meta(gt=0, le=600, description="How long connecting, sending and the acknowledgment may take together.")
    ] = 30
    application: Annotated[
        str, Meta(min_length=1, max_length=180, description="What the messages say in MSH-3, who sends them.")
    ] = "GECIT"
    facility: Annotated[str, Meta(max_length=180, description="What they say in MSH-4.")] = ""
    ca_file: Annotated[
        Path | None,
        Meta(
            description="TLS: PEM file of the authorities that receivers' certificates are checked by. Empty: the "
            "system's own.",
            extra={"check": "file"},
        ),
    ] = None
    certificate_file: Annotated[
        Path | None,
        Meta(description="TLS: our own certificate (PEM), for receivers that ask.", extra={"check": "file"}),
    ] = None
    key_file: Annotated[
        Path | None, Meta(description="TLS: its private key (PEM), without a pass phrase.", extra={"check": "file"})
    ] = None
