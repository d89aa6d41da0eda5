"""What the pages of consultations are made of, by the settings."""

from __future__ import annotations

from datetime import timedelta

from ..edges.store import SqlLedger
from ..ports import Tags
from ..settings import Settings
from ..steps.point_images import Pointer
from ..steps.tell_consulted import teller
from ..web.consulting import Consulting
from ..web.reading import ReadingRoom
from .alerting import consultation_channels


def consulting_of(settings: Settings, room: ReadingRoom, ledger: SqlLedger, tags: Tags) -> Consulting:
    """Return the parts."""
    return Consulting(
        room=room,
        groups=ledger,
        pointer=Pointer(tags, settings.name),
        tell=teller(consultation_channels(settings)),
        usual=timedelta(hours=settings.consultations.hours),
    )
