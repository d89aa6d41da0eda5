"""What the health page looks at beside the ledger: this node's doors and disk."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import make_url

from ..settings import Settings
from ..web.health.around import Door, Surroundings


def surroundings_of(settings: Settings) -> Surroundings:
    """Return what health looks at beside the ledger."""
    url = make_url(settings.database)
    file = url.database if url.get_backend_name() == "sqlite" else None
    return Surroundings(
        node=settings.name,
        doors=(
            Door(name="HL7 (MLLP)", host=settings.mllp_host, port=settings.mllp_port),
            Door(name="DICOM", host="127.0.0.1", port=settings.dicom_port),
            Door(name="HTTP (Orthanc)", host="127.0.0.1", port=settings.http_port),
        ),
        data=settings.data,
        database=Path(file) if file else None,
    )
