"""Where the demo's pixels come from: real, public samples, of which nothing but the pixels is kept.

CT: the volume of Debian's `invesalius-examples` (108 slices of a head); without it pydicom's CT sample.
DX: the sum of that volume along one axis. MR, US: pydicom's own samples, the US cut to where no text is burned in.
MG, ES: drawn.
"""

from __future__ import annotations

import math
import tarfile
from array import array
from functools import lru_cache
from pathlib import Path

from pydicom import dcmread
from pydicom.data import get_testdata_file

from ..core.values import Value

VOLUME = Path("/usr/share/doc/invesalius-examples/examples/Cranium.inv3")
SLICES, SIDE = 108, 256  # shape of its matrix.dat, int16 Hounsfield units; voxels 0.957 x 0.957 x 1.5 mm
PIXEL, THICKNESS = 0.957, 1.5


class Picture(Value):
    """Pixels as DICOM stores them, little endian, and how large a pixel is (mm)."""

    rows: int
    columns: int
    pixels: bytes
    pixel_size: float = 1.0
    position: float = 0.0  # along the patient's axis, mm
    lowest: int = 0
    highest: int = 255


@lru_cache(maxsize=1)
def _volume() -> bytes | None:
    if not VOLUME.is_file():
        return None
    with tarfile.open(VOLUME) as archive:
        member = next(one for one in archive.getmembers() if one.name.endswith("/matrix.dat"))
        stream = archive.extractfile(member)
        found = stream.read() if stream else b""
    return found if len(found) == 2 * SLICES * SIDE * SIDE else None


def ct(slices: int) -> list[Picture]:
    """Return `slices` neighbouring slices of a head, in Hounsfield units."""
    volume = _volume()
    if volume is None:
        return _small_ct(slices)
    slices = min(slices, SLICES)
    first = (SLICES - slices) // 2
    size = 2 * SIDE * SIDE
    return [
        Picture(
            rows=SIDE,
            columns=SIDE,
            pixels=_upside_down(volume[number * size : (number + 1) * size], 2 * SIDE),
            pixel_size=PIXEL,
            position=number * THICKNESS,
            lowest=-160,
            highest=240,
        )
        for number in range(first, first + slices)
    ]


def _upside_down(pixels: bytes, line: int) -> bytes:
    """Turn a slice over: the sample has the table, so the back of the head, at the top."""
    return b"".join(pixels[at : at + line] for at in range(len(pixels) - line, -1, -line))


def _small_ct(slices: int) -> list[Picture]:
    sample = dcmread(str(get_testdata_file("CT_small.dcm", download=False)))
    stored = array("h", sample.PixelData[: 2 * 128 * 128])
    pixels = array("h", (value - 1024 for value in stored)).tobytes()  # its rescale intercept
    return [
        Picture(rows=128, columns=128, pixels=pixels, pixel_size=0.66, position=5.0 * number, lowest=-160, highest=240)
        for number in range(slices)
    ]


def mr(slices: int) -> list[Picture]:
    """Return the same abdominal slice at `slices` positions, each a little brighter than the one before."""
    sample = dcmread(str(get_testdata_file("examples_overlay.dcm", download=False)))
    rows, columns = int(sample.Rows), int(sample.Columns)
    stored = array("h", sample.PixelData[: 2 * rows * columns])
    return [
        Picture(
            rows=rows,
            columns=columns,
            pixels=array("h", (value * (900 + 10 * number) // 1000 for value in stored)).tobytes(),
            pixel_size=0.723,
            position=4.0 * number,
            highest=max(stored) // 2,
        )
        for number in range(slices)
    ]


US_ROWS, US_COLUMNS = slice(60, 165), slice(40, 274)  # inside the sample's frame: no text, no name


def us() -> Picture:
    """Return a power Doppler picture, RGB, eight bits."""
    sample = dcmread(str(get_testdata_file("examples_rgb_color.dcm", download=False)))
    wide = 3 * int(sample.Columns)
    left, right = 3 * US_COLUMNS.start, 3 * US_COLUMNS.stop
    lines = [sample.PixelData[row * wide + left : row * wide + right] for row in range(US_ROWS.start, US_ROWS.stop)]
    return Picture(rows=len(lines), columns=(right - left) // 3, pixels=b"".join(lines))


def es() -> Picture:
    """Return a drawn look into a tube, RGB, eight bits: rings that darken towards the middle."""
    side, middle = 240, 120
    pixels = bytearray()
    for row in range(side):
        for column in range(side):
            depth = math.hypot(row - middle, column - middle) / middle
            ring = 0.85 + 0.15 * math.sin(28 * math.sqrt(depth) + 0.6 * math.sin(row / 17))
            light = max(0.0, min(1.0, depth)) * ring if depth <= 1 else 0.0
            pixels += bytes((round(225 * light), round(120 * light), round(95 * light)))
    return Picture(rows=side, columns=side, pixels=bytes(pixels))


def dx() -> Picture:
    """Return a lateral view of the head: what a beam along the left-right axis would meet, 12 bits."""
    volume = _volume()
    if volume is None:
        return mg()
    voxels = array("h", volume)
    # A voxel weakens the beam by how much denser than air it is (-1024 HU)
    weights = [sum(voxels[at : at + SIDE]) + 1024 * SIDE for at in range(0, len(voxels), SIDE)]
    top = max(weights)
    height = round(SLICES * THICKNESS / PIXEL)
    pixels = array("H")
    for row in reversed(range(height)):
        first = min(round(row * PIXEL / THICKNESS), SLICES - 1) * SIDE
        pixels.extend(round(4095 * (value / top) ** 1.4) for value in weights[first : first + SIDE])
    return Picture(rows=height, columns=SIDE, pixels=pixels.tobytes(), pixel_size=PIXEL, highest=4095)


def mg() -> Picture:
    """Return a drawn breast, 12 bits: half an ellipse, denser towards the chest wall, with a few strands."""
    rows, columns = 320, 240
    pixels = array("H")
    for row in range(rows):
        y = (row - rows / 2) / (rows / 2.2)
        for column in range(columns):
            x = column / (columns * 0.85)
            depth = 1 - x * x - y * y
            strands = math.sin(9 * x + 4 * y) * math.sin(11 * y - 3 * x)
            pixels.append(
                max(0, round(1500 * math.sqrt(depth) + 900 * depth + 350 * depth * strands)) if depth > 0 else 0
            )
    return Picture(rows=rows, columns=columns, pixels=pixels.tobytes(), pixel_size=0.5, highest=3000)
