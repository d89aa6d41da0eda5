"""What Orthanc knows of studies, series and instances, as text by keyword, for searches. Measured on 1.10.1.

Its own QIDO-RS loses letters there: answers go through `DefaultEncoding`, and what that cannot hold is left out. The
main tags of the index are UTF-8.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

import urllib3

from gecit.ports import Unavailable

Tags = dict[str, str]
CONNECTIONS = 8
COUNT = "NumberOfSeriesRelatedInstances"


class OrthancTags:
    """An Orthanc at `url`, asked over loopback with the internal `token`; implements `ports.Tags`.

    `aside` tells the Orthanc ids, among other names, of what it must not read.
    """

    def __init__(
        self, url: str, token: str, timeout: float = 20.0, aside: Callable[[], frozenset[str]] = frozenset
    ) -> None:
        self._aside = aside
        self._pool = urllib3.connection_from_url(url, maxsize=CONNECTIONS, timeout=timeout, retries=urllib3.Retry(2))
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}

    def studies(self, orthanc_ids: Sequence[str], uids: Sequence[str]) -> dict[str, Tags]:
        """Return the tags of studies, by Orthanc id; what is gone is left out. `uids`: theirs, to look for at once."""
        wanted = set(orthanc_ids)
        query = {"Level": "Study", "Expand": True, "Query": {"StudyInstanceUID": "\\".join(sorted(set(uids)))}}
        found = self._ask("POST", "/tools/find", json.dumps(query).encode()) if uids else []
        return {
            one["ID"]: {**_main(one.get("PatientMainDicomTags")), **_main(one.get("MainDicomTags"))}
            for one in found or ()
            if one["ID"] in wanted
        }

    def series(self, study: str) -> list[tuple[str, Tags]]:
        """Return the series of a study (Orthanc id) with their Orthanc ids, in the order of their UIDs."""
        found = self._ask("GET", f"/studies/{quote(study)}/series?expand") or []
        made = [(str(one["ID"]), {**_main(one["MainDicomTags"]), COUNT: str(len(one["Instances"]))}) for one in found]
        return sorted(made, key=lambda one: one[1].get("SeriesInstanceUID", ""))

    def instances(self, series: str) -> list[tuple[str, Tags]]:
        """Return the instances of a series (Orthanc id) with their Orthanc ids, by instance number and UID."""
        found = self._ask("GET", f"/series/{quote(series)}/instances?expand") or []
        made = [(str(one["ID"]), _main(one["MainDicomTags"])) for one in found]
        return sorted(made, key=lambda one: _place(one[1]))

    def all_of(self, instance: str) -> Tags:
        """Return every tag of an instance (Orthanc id) that is plain text; sequences are left out."""
        if instance in self._aside():
            return {}
        return _main(self._ask("GET", f"/instances/{quote(instance)}/simplified-tags"))

    def one_of_study(self, study: str) -> str:
        """Return the Orthanc id of some instance of a study, "" where it is gone."""
        found = self._ask("GET", f"/studies/{quote(study)}/instances?expand") or []
        return str(found[0]["ID"]) if found else ""

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        """Return the JSON of an answer; None where there is no such thing."""
        try:
            answer = self._pool.request(method, path, body, headers=self._headers, redirect=False)
        except urllib3.exceptions.HTTPError as fault:
            raise Unavailable(f"Orthanc does not answer: {type(fault).__name__}") from fault
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise Unavailable(f"Orthanc answers {answer.status}")
        try:
            return json.loads(answer.data)
        except ValueError as fault:
            raise Unavailable("Orthanc's answer is no JSON") from fault


def _main(tags: Any) -> Tags:
    return {name: value for name, value in (tags or {}).items() if isinstance(value, str)}


def _place(tags: Tags) -> tuple[int, str]:
    number = tags.get("InstanceNumber", "").strip()
    return (int(number) if number.isascii() and number.isdecimal() else 0), tags.get("SOPInstanceUID", "")
