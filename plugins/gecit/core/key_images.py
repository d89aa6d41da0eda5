"""Key images (anahtar görüntüler): the pictures of an exam that its report points to."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from .values import Value

MOST = 12
"""Of one report: they are printed, and who marks more of them points to nothing."""

LONGEST_CAPTION = 120
"""Characters of a caption: it stands in one or two lines below half a page's picture."""

LEAST_WIDTH, MOST_WIDTH = 1.0, 100_000.0  # of a window, in the units of the picture


class Window(Value):
    """How the picture's values were shown (PS3.3 C.11.2.1.2), in its own units."""

    center: float
    width: float


class KeyImage(Value):
    """One picture, by the UIDs of DICOM; the numbers are what people call it by."""

    study: str  # StudyInstanceUID
    series: str  # SeriesInstanceUID
    instance: str  # SOPInstanceUID
    sop_class: str  # SOPClassUID
    frame: int = 1  # from 1
    frames: int = 1  # that the instance has
    series_number: str = ""  # SeriesNumber
    number: str = ""  # InstanceNumber
    window: Window | None = None  # None = as the picture itself says
    caption: str = ""  # what the author says of it, one line

    @property
    def place(self) -> tuple[str, int]:
        """What makes it the same picture as another one, whatever its window."""
        return self.instance, self.frame

    @property
    def name(self) -> str:
        """Series / image, and the frame where there are several: `2/14`, `1/1#30`."""
        frame = f"#{self.frame}" if self.frames > 1 else ""
        return f"{self.series_number or '?'}/{self.number or '?'}{frame}"

    @property
    def rendered(self) -> str:
        """Its address below `/dicom-web`, Retrieve Rendered (PS3.18 10.4.1.1.3); behind its door."""
        return f"studies/{self.study}/series/{self.series}/instances/{self.instance}/frames/{self.frame}/rendered"


def rendering(image: KeyImage, side: int) -> str:
    """Return address and query of a picture of at most `side` pixels each way.

    Orthanc reads commas that stand for themselves only, and needs `Accept: image/jpeg` (DICOMweb plugin 1.7).
    """
    window = f"&window={image.window.center:g},{image.window.width:g},linear" if image.window else ""
    return f"{image.rendered}?viewport={side},{side}{window}"


def with_image(before: Iterable[KeyImage], image: KeyImage) -> tuple[KeyImage, ...]:
    """Add one at the end; marked again it keeps its place and its caption, and takes the new window."""
    kept = tuple(before)
    if any(one.place == image.place for one in kept):
        return tuple(replace(image, caption=one.caption) if one.place == image.place else one for one in kept)
    return (*kept, image)


def with_caption(before: Iterable[KeyImage], instance: str, frame: int, caption: str) -> tuple[KeyImage, ...]:
    """Say something of one; what is no character of a line is left out, and what is too long is cut."""
    line = "".join(one for one in " ".join(caption.split()) if one.isprintable())[:LONGEST_CAPTION]
    return tuple(replace(one, caption=line) if one.place == (instance, frame) else one for one in before)


def without_image(before: Iterable[KeyImage], instance: str, frame: int) -> tuple[KeyImage, ...]:
    """Take one away."""
    return tuple(one for one in before if one.place != (instance, frame))
