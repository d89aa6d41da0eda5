"""What a modality's character set can hold of a name. Orthanc answers a C-FIND in ISO_IR 148 whatever is asked."""

from __future__ import annotations

import unicodedata

LATIN1 = str.maketrans("ĞİŞğış", "GISgis")
"""The six letters whose places in Latin-5 (ISO_IR 148) hold others in Latin-1 (ISO_IR 100): all that differs."""

HARD = {"Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "Œ": "OE", "œ": "oe", "’": "'", "‘": "'", "“": '"', "”": '"', "–": "-"}
TURKISH = ("", "ISO_IR 148", "ISO 2022 IR 148", "ISO_IR 192", "GB18030")  # an undeclared one reads Turkish here
WESTERN = ("ISO_IR 100", "ISO 2022 IR 100")


def writer(declared: str) -> str:
    """Return which letters an answer may use, for the SpecificCharacterSet of a query: turkish | western | ascii."""
    sets = [one.strip() for one in declared.split("\\")]
    if any(one in TURKISH[1:] for one in sets) or not any(sets):
        return "turkish"
    return "western" if any(one in WESTERN for one in sets) else "ascii"


def written(text: str, letters: str) -> str:
    """Write a text with letters that the asker reads: what has no counterpart loses its accent, else becomes `?`."""
    if letters == "western":
        text = text.translate(LATIN1)
    encoding = "ascii" if letters == "ascii" else "iso8859_9"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_letter(one, encoding) for one in text)
    return text


def _letter(one: str, encoding: str) -> str:
    for form in (one, HARD.get(one, ""), (one == "ı" and "i") or ""):
        if form and _holds(form, encoding):
            return form
    bare = "".join(part for part in unicodedata.normalize("NFKD", one) if not unicodedata.combining(part))
    return bare if bare and _holds(bare, encoding) else "" if unicodedata.combining(one) else "?"


def _holds(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
