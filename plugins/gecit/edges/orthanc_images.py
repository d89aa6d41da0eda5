"""The images of a study as Orthanc keeps them: what there is, and one file after the other, in pieces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import urllib3

from gecit.core.facts import is_our_report
from gecit.core.values import Value
from gecit.ports import Unavailable

PIECE = 256 * 1024  # bytes; more of an answer is not read at once
CONNECTIONS = 4


class ImageFile(Value):
    """One instance in Orthanc's storage; `size` in bytes."""

    orthanc_id: str
    size: int


class OrthancImages:
    """An Orthanc at `url`, asked over loopback with the internal `token`; `timeout` in seconds, for each piece."""

    def __init__(self, url: str, token: str, timeout: float = 60.0) -> None:
        self._pool = urllib3.connection_from_url(url, maxsize=CONNECTIONS, timeout=timeout, retries=urllib3.Retry(2))
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}

    def of_study(self, orthanc_id: str) -> list[ImageFile]:
        """Return a study's files by series and place in it, without the reports that Geçit attached; [] = gone.

        A study holds every version of a report, preliminary and superseded ones too.
        """
        series = self._json(f"/studies/{quote(orthanc_id)}/series?expand")
        places = {str(one["ID"]): number for number, one in enumerate(sorted(series, key=_number)) if not _ours(one)}
        found = [one for one in self._json(f"/studies/{quote(orthanc_id)}/instances?expand") if _parent(one) in places]
        found.sort(key=lambda one: (places[_parent(one)], _number(one), str(one["ID"])))
        return [ImageFile(orthanc_id=str(one["ID"]), size=int(one["FileSize"])) for one in found]

    def pieces(self, orthanc_id: str) -> Iterator[bytes]:
        """Yield a file; `Unavailable` where it is gone or Orthanc stops."""
        try:
            answer = self._pool.request(
                "GET", f"/instances/{quote(orthanc_id)}/file", headers=self._headers, preload_content=False
            )
            try:
                if answer.status != 200:
                    raise Unavailable(f"Orthanc answers {answer.status}")
                yield from answer.stream(PIECE)
            finally:
                answer.close() if answer.length_remaining else answer.release_conn()
        except urllib3.exceptions.HTTPError as fault:
            raise Unavailable(f"Orthanc does not answer: {type(fault).__name__}") from fault

    def _json(self, path: str) -> list[dict[str, Any]]:
        try:
            answer = self._pool.request("GET", path, headers=self._headers, redirect=False)
            if answer.status == 404:
                return []
            if answer.status != 200:
                raise Unavailable(f"Orthanc answers {answer.status}")
            return list(json.loads(answer.data))
        except (urllib3.exceptions.HTTPError, ValueError) as fault:
            raise Unavailable(f"Orthanc does not answer: {type(fault).__name__}") from fault


def _ours(series: dict[str, Any]) -> bool:
    return is_our_report(series.get("MainDicomTags") or {})


def _parent(instance: dict[str, Any]) -> str:
    return str(instance.get("ParentSeries", ""))


def _number(one: dict[str, Any]) -> int:
    tags = one.get("MainDicomTags") or {}
    text = str(tags.get("InstanceNumber") or tags.get("SeriesNumber") or "").strip()
    return int(text) if text.isascii() and text.isdecimal() else 0
