"""The written application that a grant rests on, as a file: what it may be, told by its content, not by its name."""

from __future__ import annotations

from collections.abc import Mapping

from .values import Value

LONGEST_PAPER = 1_500_000
"""Bytes; as text in its form it stays under the 2 MiB that the shipped nginx lets pass."""

BEGINNINGS: Mapping[bytes, tuple[str, str]] = {
    b"%PDF-": ("application/pdf", "pdf"),  # ISO 32000-1, 7.5.2
    b"\xff\xd8\xff": ("image/jpeg", "jpg"),  # ISO/IEC 10918-1, B.1.1.3: SOI and the first byte of a marker
    b"\x89PNG\r\n\x1a\n": ("image/png", "png"),  # ISO/IEC 15948, 5.2
}
ENDINGS = dict(BEGINNINGS.values())


class StoredPaper(Value):
    """A paper as it is kept."""

    media_type: str
    content: bytes


def media_type_of(content: bytes) -> str:
    """Return the media type of a paper; empty where it is none that is taken."""
    return next((kind for start, (kind, _) in BEGINNINGS.items() if content.startswith(start)), "")


def paper_name(grant: str, media_type: str) -> str:
    """Return the name under which the paper of a grant is downloaded: nothing of it was typed by anybody."""
    return f"gecit-basvuru-{grant}.{ENDINGS[media_type]}"
