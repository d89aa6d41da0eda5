"""Dose reports (PS3.16 TID 10001 projection X-ray, TID 10011 CT): recognised by content, read with bounds.

The root concept 113701^DCM decides, whatever the SOP class: GE CT sends dose reports as Enhanced SR, and many other
Enhanced SR are none.
"""

from __future__ import annotations

import logging
import math
import struct
import zlib
from collections.abc import Iterator, MutableSequence
from io import BytesIO
from typing import Any

from pydicom import config, dcmread
from pydicom.dataset import Dataset

from ..core.dose import QUANTITIES, unit_of
from ..core.facts import DoseReport, DoseValue
from ..core.values import Value
from .pydicom_words import quieten

log = logging.getLogger("gecit.dose_sr")

quieten()
# Whatever a device writes is read as it stands; a wrong VR or length is no reason to lose its dose.
config.settings.reading_validation_mode = config.IGNORE

MAX_DEPTH = 32  # content items nested in each other; TID 10011 needs 6
MAX_ITEMS = 50_000
MAX_VALUES = 2_000
MAX_BYTES = 5 * 1024 * 1024
MAX_INFLATED = 4 * MAX_BYTES

ROOT = ("113701", "DCM")  # X-Ray Radiation Dose Report
IRRADIATION_EVENT_UID = "113769"
DEVICE = {  # device of the acquisition (TID 1021), else the device that observed (TID 1004)
    "113878": "device_manufacturer",
    "113879": "device_model",
    "113880": "device_serial",
    "121014": "device_manufacturer",
    "121015": "device_model",
    "121016": "device_serial",
}
LATERALITY = frozenset({"G-C171", "272741003"})  # SRT, SCT
BREASTS = {  # CID 6022, SRT and SCT
    "T-04020": "R",
    "73056007": "R",
    "T-04030": "L",
    "80248007": "L",
    "T-04080": "B",
    "63762007": "B",
}


class Unreadable(Value):
    """A structured report of which nothing can be said: broken, too large, or nested without end."""

    reason: str


def read_dose_report(data: bytes) -> DoseReport | Unreadable | None:
    """Read a DICOM file: its dose report, None where it is something else, `Unreadable` where nobody can tell.

    Never raises. Bounded in bytes, depth, items and values; what is beyond makes it `Unreadable`.
    """
    if len(data) > MAX_BYTES or _inflated(data) > MAX_INFLATED:
        return Unreadable(reason="too large")
    try:
        return _report(dcmread(BytesIO(data), force=True, stop_before_pixels=True))
    except Exception as error:  # noqa: BLE001  pydicom raises nearly anything on broken files; a boundary
        log.info("a structured report cannot be read: %s", type(error).__name__)
        return Unreadable(reason=type(error).__name__)


def _inflated(data: bytes) -> int:
    """Return how large a deflated data set becomes (PS3.5 A.5), counted up to the limit; 0 where none is deflated."""
    if data[128:136] != b"DICM\x02\x00\x00\x00" or len(data) < 144:
        return 0
    end_of_meta = 144 + int(struct.unpack("<I", data[140:144])[0])
    if b"1.2.840.10008.1.2.1.99" not in data[144:end_of_meta]:
        return 0
    try:
        return len(zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[end_of_meta:], MAX_INFLATED + 1))
    except zlib.error:
        return 0  # dcmread says so too


def _report(file: Dataset) -> DoseReport | Unreadable | None:
    if _concept(file) != ROOT:
        return None if file.get("SOPClassUID") else Unreadable(reason="no DICOM")
    values: list[DoseValue] = []
    events: dict[str, None] = {}
    device: dict[str, str] = {}
    for item, event in _walk(file):
        code = _concept(item)[0]
        if code in QUANTITIES and (value := _value(item, code, event)):
            values.append(value)
        elif code == IRRADIATION_EVENT_UID:
            events[_text(item, "UID")] = None
        elif code in DEVICE and (text := _text(item, "TextValue")):
            _prefer(device, code, text)
        if len(values) > MAX_VALUES:
            return Unreadable(reason="too many values")
    return DoseReport(
        sop_instance_uid=_text(file, "SOPInstanceUID"),
        values=tuple(values),
        irradiation_events=tuple(one for one in events if one),
        **_with_header(device, file),
    )


def _walk(root: Dataset) -> Iterator[tuple[Dataset, str]]:
    """Yield every content item below `root` in document order, with the irradiation event that it stands in."""
    stack = [(root, 0, "")]
    seen = 0
    while stack:
        item, depth, event = stack.pop()
        seen += 1
        if depth > MAX_DEPTH or seen > MAX_ITEMS:
            raise ValueError("content is nested or repeated beyond all measure")
        if depth:
            yield item, event
        children = _items(item, "ContentSequence")
        uids = [_text(one, "UID") for one in children if _concept(one)[0] == IRRADIATION_EVENT_UID]
        inner = uids[0] if uids and depth else event  # an event's container names it; the root only lists
        stack.extend((one, depth + 1, inner) for one in reversed(children))


def _concept(item: Dataset) -> tuple[str, str]:
    names = _items(item, "ConceptNameCodeSequence")
    return (_text(names[0], "CodeValue"), _text(names[0], "CodingSchemeDesignator")) if names else ("", "")


def _value(item: Dataset, code: str, event: str) -> DoseValue | None:
    for measured in _items(item, "MeasuredValueSequence"):
        number = _number(measured.get("NumericValue"))
        units = _items(measured, "MeasurementUnitsCodeSequence")
        if number is not None:
            unit = unit_of(_text(units[0], "CodeValue")) if units else ""
            name, total = QUANTITIES[code]
            of_event = "" if total else event
            side = _laterality(item)
            return DoseValue(code=code, name=name, value=number, unit=unit, event_uid=of_event, laterality=side)
    return None


def _laterality(item: Dataset) -> str:
    for child in _items(item, "ContentSequence"):
        if _concept(child)[0] in LATERALITY:
            codes = _items(child, "ConceptCodeSequence")
            return BREASTS.get(_text(codes[0], "CodeValue"), "") if codes else ""
    return ""


def _number(value: Any) -> float | None:
    first = value[0] if isinstance(value, MutableSequence) and value else value
    try:
        number = float(first)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _prefer(device: dict[str, str], code: str, text: str) -> None:
    if code.startswith("1138") or DEVICE[code] not in device:
        device[DEVICE[code]] = text


def _with_header(device: dict[str, str], file: Dataset) -> dict[str, str]:
    header = {
        "device_manufacturer": _text(file, "Manufacturer"),
        "device_model": _text(file, "ManufacturerModelName"),
        "device_serial": _text(file, "DeviceSerialNumber"),
    }
    return header | device


def _items(item: Dataset, keyword: str) -> list[Dataset]:
    found = item.get(keyword)
    return [one for one in found if isinstance(one, Dataset)] if found else []


def _text(item: Dataset, keyword: str) -> str:
    value = item.get(keyword)
    return str(value).replace("\0", "").strip() if value is not None else ""
