"""Tags of a series' instances -> what its headers say of its pictures. Tolerant: what is odd becomes empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..core.facts import SeriesDetails

Json = Mapping[str, Any]

PROJECTIONS = frozenset({"CR", "DX", "MG", "IO", "PX", "RG", "XA", "RF"})
"""Modalities whose instances differ in side and view within one series (PS3.3 C.7.3.1.1.1)."""

# Where an enhanced object keeps what a single frame has at its top (PS3.3 C.7.6.16.2): tag -> macro.
FUNCTIONAL = {"PixelSpacing": "PixelMeasuresSequence", "FrameLaterality": "FrameAnatomySequence"}
GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")


def text(tags: Json, name: str) -> str:
    """Return a tag as text, trimmed; several values stay joined by a backslash (PS3.5 6.2)."""
    value = tags.get(name)
    return _storable(value).strip() if isinstance(value, str) else ""


def _storable(value: str) -> str:
    """Leave out what no database keeps: NUL, and halves of surrogate pairs."""
    return value.replace("\0", "").encode("utf-8", "replace").decode()


def series_details(each: Sequence[Json]) -> SeriesDetails | None:
    """Return what the instances say; None where none of them could be read."""
    read = [one for one in each if one]
    if not read:
        return None
    first = read[0]
    return SeriesDetails(
        looked_at=len(read),
        sop_class=text(first, "SOPClassUID"),
        lateralities=tuple(sorted({_laterality(one) for one in read})),
        views=tuple(sorted({_view(one) for one in read})),
        body_part=text(first, "BodyPartExamined").upper(),
        pixel_spacing=text(first, "PixelSpacing") or _functional(first, "PixelSpacing"),
        imager_pixel_spacing=text(first, "ImagerPixelSpacing"),
    )


def _laterality(tags: Json) -> str:
    """That of the image is said for sure, that of the series stands in for it (PS3.3 C.7.3.1, C.7.6.1)."""
    said = text(tags, "ImageLaterality") or text(tags, "Laterality") or _functional(tags, "FrameLaterality")
    return said.upper()[:16]


def _view(tags: Json) -> str:
    said = text(tags, "ViewPosition") or next(
        (text(one, "CodeMeaning") for one in _items(tags, "ViewCodeSequence")), ""
    )
    return said.upper()[:64]


def _functional(tags: Json, name: str) -> str:
    found = (
        text(macro, name)
        for groups in GROUPS
        for group in _items(tags, groups)[:1]
        for macro in _items(group, FUNCTIONAL[name])
    )
    return next((one for one in found if one), "")


def _items(tags: Json, name: str) -> Sequence[Json]:
    value = tags.get(name)
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def wanted_of_each(modality: str) -> bool:
    """Whether the tags of every instance of a short series are worth asking for."""
    return modality.strip().upper() in PROJECTIONS


def rows_of(answer: object, ids: Sequence[str]) -> Iterator[Json]:
    """Yield the tags of instances out of Orthanc's `instances-tags`, in the order of `ids`; {} for one that is gone."""
    found = answer if isinstance(answer, Mapping) else {}
    for one in ids:
        tags = found.get(one)
        yield tags if isinstance(tags, Mapping) else {}
