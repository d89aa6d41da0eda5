"""Hides the numbers of persons in whatever a page or JSON shows."""

from __future__ import annotations

import re

from gecit.core.values import Text

PERSON_NUMBER = re.compile(r"(?<!\d)\d{8}(?=\d{3}(?!\d))")  # of a TCKN (11 digits) all but the last three


def mask(text: str) -> str:
    """Hide all but the last three digits of every 11-digit number, wherever it stands."""
    return PERSON_NUMBER.sub("********", text)


def mask_text(text: Text | None) -> Text | None:
    """Hide them in both languages."""
    return Text(tr=mask(text.tr), en=mask(text.en)) if text else None
