"""What Orthanc says of a study without reading one of its files: the index, and the files as they were stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import urllib3

from ..ports import Unavailable

PIECE = 256 * 1024  # bytes
LITTLE = 1024 * 1024  # bytes of an answer that are read to the end rather than that the connection is given up
GONE = (400, 404, 500)  # not there, or broken in the storage


class OrthancRaw:
    """An Orthanc at `url`, asked with the internal `token` ("" = none); `timeout` in seconds, for each piece."""

    def __init__(self, url: str, token: str = "", timeout: float = 30.0) -> None:
        self._pool = urllib3.connection_from_url(
            url, maxsize=2, timeout=timeout, retries=urllib3.Retry(total=2, status=0, backoff_factor=0.1)
        )
        self._headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {token}"} if token else {})

    def pieces(self, instance: str) -> Iterator[bytes]:
        """Yield an instance's file; nothing where it is gone or broken in the storage. Raises `Unavailable`."""
        try:
            answer = self._pool.request(
                "GET", f"/instances/{quote(instance)}/file", headers=self._headers, preload_content=False
            )
            try:
                if _is_there(answer):
                    yield from answer.stream(PIECE)
            finally:
                _leave(answer)
        except urllib3.exceptions.HTTPError as fault:
            raise Unavailable(f"Orthanc does not answer: {type(fault).__name__}") from fault

    def members(self, study: str) -> list[dict[str, Any]]:
        """Return what the index says of a study, its patient, series and instances; [] where it is gone."""
        place = f"/studies/{quote(study)}"
        found = [self._json(f"{place}{below}") for below in ("", "/patient", "/series?expand", "/instances?expand")]
        return [one for some in found for one in (some if isinstance(some, list) else [some]) if isinstance(one, dict)]

    def studies_of(self, name: str) -> list[str]:
        """Return the Orthanc ids of the studies that `LEVEL/ORTHANC-ID` or `uid/UID` is of."""
        level, _, one = name.partition("/")
        if level == "uid":
            found = self._json("/tools/lookup", one.encode())
            return [study for row in found or () for study in self.studies_of(str(row["Path"]).strip("/"))]
        place = f"/{level}/{quote(one)}"
        if level == "patients":
            found = self._json(f"{place}/studies")
            return [str(study["ID"]) for study in found or ()]
        found = self._json(place if level == "studies" else f"{place}/study")
        return [str(found["ID"])] if found else []

    def is_there(self, study: str) -> bool:
        """Whether the index still has a study."""
        return self._json(f"/studies/{quote(study)}") is not None

    def version(self) -> str:
        """Return Orthanc's version."""
        found = self._json("/system")
        return str(found.get("Version", "")) if isinstance(found, dict) else ""

    def _json(self, path: str, body: bytes | None = None) -> Any:
        method = "GET" if body is None else "POST"
        try:
            answer = self._pool.request(method, path, body, headers=self._headers, redirect=False)
            return json.loads(answer.data) if _is_there(answer) else None
        except urllib3.exceptions.HTTPError as fault:
            raise Unavailable(f"Orthanc does not answer: {type(fault).__name__}") from fault
        except ValueError as fault:
            raise Unavailable("Orthanc's answer is no JSON") from fault


def _is_there(answer: urllib3.BaseHTTPResponse) -> bool:
    if answer.status in GONE:
        return False
    if answer.status != 200:
        raise Unavailable(f"Orthanc answers {answer.status}")
    return True


def _leave(answer: urllib3.BaseHTTPResponse) -> None:
    """Give a connection back; one on which much is still to come is ended."""
    if (answer.length_remaining or 0) > LITTLE:
        answer.close()
        return
    answer.drain_conn()
    answer.release_conn()
