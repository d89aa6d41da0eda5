"""What each request to Orthanc itself needs of the access table: its REST interface, DICOMweb and WADO-URI.

Paths are as Orthanc gives them to the filter: percent-decoded, `.` and `..` resolved, slashes flattened. Queries are
as it gives them up to 1.12.7: still percent-encoded, the last of repeated keys alone (which is the one it uses too).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from .access import Action
from .values import Value

STUDY = "studyUID"  # PS3.18 table 9.1.2.1-1
_UID = re.compile(r"[0-9]+(?:\.[0-9]+)*", re.ASCII)  # PS3.5 6.2; Orthanc stores what is longer too
LONGEST_UID = 128


class Method(StrEnum):
    """A request's method, faked ones (`_method`, X-HTTP-Method-Override) resolved as Orthanc does."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    DELETE = "DELETE"


class Need(Value, kw_only=True):
    """What is asked for; `study` is the Study Instance UID of which it is asked, "" = of no study."""

    action: Action
    study: str = ""
    of_study: bool = False  # the action is on somebody's study: without one it is refused
    new: bool = False  # the study may be one that nobody sent yet


_ADMINISTRATION = Need(action=Action.USE_ORTHANC)


def is_uid(text: str) -> bool:
    """Whether it is the UID of something."""
    return len(text) <= LONGEST_UID and _UID.fullmatch(text) is not None


def need_of(method: Method | None, path: str, query: Mapping[str, str]) -> Need:
    """Return what a request to Orthanc needs; whatever stands in no line is for administrators.

    Searches over all studies (QIDO-RS) are not narrowed by Orthanc, so they are among the rest: ours are elsewhere.
    """
    parts = _parts(path)
    match (method, parts):
        case (Method.GET, ["dicom-web", "studies", study, *_]):
            return _of_study(study)
        case (Method.POST, ["dicom-web", "studies"]):
            return Need(action=Action.STORE_IMAGES, new=True)
        case (Method.POST, ["dicom-web", "studies", study]):
            return Need(action=Action.STORE_IMAGES, study=study if is_uid(study) else "", of_study=True, new=True)
        case (Method.GET, ["wado"]):
            return _of_study(query.get(STUDY, ""))
    return _ADMINISTRATION


def series_of(path: str) -> str:
    """Return the series below which a DICOMweb request asks for pictures; empty where it asks for more than one."""
    match _parts(path):
        case ["dicom-web", "studies", _, "series", series, *_]:
            return series if is_uid(series) else ""
    return ""


def _of_study(uid: str) -> Need:
    return Need(action=Action.SEE_IMAGES, study=uid if is_uid(uid) else "", of_study=True)


def _parts(path: str) -> list[str]:
    return [one for one in path.split("/") if one]
