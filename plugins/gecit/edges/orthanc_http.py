"""Orthanc's index over loopback HTTP (`ports.Archive`). Measured on 1.10.1; what differs later is said where it does.

Never from inside a callback: `orthanc.RestApi*` in threads hangs the server, HTTP from another process does not.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import urllib3

from ..core.facts import DoseReport
from ..core.values import Value
from ..ports import Change, Changes, Refused, StudyRead, Unavailable
from . import dicom_facts
from .dicom_details import rows_of, wanted_of_each
from .dicom_details import text as dicom_text
from .dicom_facts import SeriesRead
from .orthanc_caution import Caution, Looking
from .orthanc_host import INDEX_PATH
from .orthanc_raw import OrthancRaw

if TYPE_CHECKING:
    from .dose_sr import Unreadable

log = logging.getLogger("gecit.orthanc_http")

IDENTITY_PATH = INDEX_PATH
"""Where the plugin answers with the random global property of its index, as plain text."""

NEWEST = 2**53  # no index has so many changes; `?last` tells the newest row that is left, which deletions lower
MAX_JSON = 20 * 1024 * 1024  # of what is said of one instance
MAX_LIST = 1024 * 1024 * 1024  # of what Orthanc itself makes: inventories, series, changes
LOOK_AT_EACH = 10  # instances in a series of which every SOP class is asked; of more, one speaks for all
MAX_REPORTS = 50  # structured reports read in one study
CONNECTIONS = 8  # kept open: about one for each loop of the work process
RETRY = urllib3.Retry(total=2, status=0, backoff_factor=0.1, allowed_methods={"GET"})  # a kept connection that ended


class _TooLarge(Exception):
    """An answer is beyond what is read."""


class Modality(Value):
    """An AE title as Orthanc is to know it. With a host it may ask for storage commitment, which is answered there."""

    aet: str
    host: str = ""
    port: int = 104
    everything: bool = False  # on a node that is open for development

    def entry(self) -> dict[str, Any]:
        """Return Orthanc's entry. C-GET and C-MOVE stay shut: Orthanc would send what nobody narrowed.

        A Python callback cannot refuse a C-MOVE clearly: raising in it gives the warning 0xB000, one of one completed.
        """
        return {
            "AET": self.aet,
            "Host": self.host or "127.0.0.1",  # Orthanc wants one; without commitment it never calls there
            "Port": self.port,
            "AllowEcho": True,
            "AllowStore": True,
            "AllowFind": True,
            "AllowFindWorklist": True,
            "AllowMove": self.everything,
            "AllowGet": self.everything,
            "AllowStorageCommitment": bool(self.host),
        }


class OrthancArchive:
    """An Orthanc at `url`, asked with the internal `token` ("" = none); `timeout` in seconds, for each answer.

    `node`: the name under which its studies are kept, Orthanc's own `Name` where none is given. Nodes that share a
    ledger need different ones. `caution` knows which studies end Orthanc; without it, it is asked to read any.
    """

    def __init__(
        self, url: str, token: str = "", timeout: float = 30.0, node: str = "", caution: Caution | None = None
    ) -> None:
        self._node = node
        self._caution, self._raw = caution, OrthancRaw(url, token, timeout)
        # urllib3 itself: `requests` over it takes twice the processor time, and senders share the processor with us.
        self._pool = urllib3.connection_from_url(url, maxsize=CONNECTIONS, timeout=timeout, retries=RETRY)
        self._base = (urllib3.util.parse_url(url).path or "").rstrip("/")
        self._headers = {"Accept-Encoding": "identity"}  # gzip on loopback costs both sides and saves nothing
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def version(self) -> str:
        """Return Orthanc's own version."""
        return str(self._json("/system").get("Version") or "")

    def node(self) -> str:
        """Return the name under which this index's studies are kept."""
        if not self._node:
            self._node = str(self._json("/system").get("Name") or "Orthanc")
        return self._node

    def identity(self) -> str:
        """Return node and index: `name@random`, or the bare name where the plugin does not answer for the index.

        Orthanc 1.10.1 has no identity of an index over HTTP, and its first change goes with the study it is of. With
        the bare name a new index is noticed by its change numbers only.
        """
        answer = self._get(IDENTITY_PATH)
        mark = answer.decode("ascii", "replace").strip() if answer else ""
        return f"{self.node()}@{mark}" if mark else self.node()

    def last_change(self) -> int:
        """Return the number of the newest change, deleted ones included."""
        return self.changes(NEWEST, 1).last

    def changes(self, since: int, limit: int) -> Changes:
        """Return changes after `since`, oldest first; those of deleted resources are gone."""
        page = self._json(f"/changes?since={since}&limit={limit}")
        rows = tuple(
            Change(number=int(row["Seq"]), kind=str(row["ChangeType"]), orthanc_id=str(row["ID"]))
            for row in page.get("Changes", ())
        )
        return Changes(rows=rows, last=int(page.get("Last", 0)), done=bool(page.get("Done", True)))

    def series_of_instance(self, orthanc_id: str) -> tuple[str, frozenset[str]] | None:
        """Return an instance's study and all instances of its series, in one request."""
        series = self._json_or_none(f"/instances/{_id(orthanc_id)}/series")
        return (str(series["ParentStudy"]), frozenset(series["Instances"])) if series else None

    def study_ids(self) -> Iterable[str]:
        """Return the Orthanc ids of all studies."""
        found = self._get("/studies")
        return [str(one) for one in json.loads(found or b"[]")]

    def last_instance_at(self, orthanc_id: str) -> datetime | None:
        """Return when an instance last came for a study; None where the study is gone or nothing says so."""
        answer = self._get(f"/studies/{_id(orthanc_id)}/metadata/LastUpdate")
        return dicom_facts.instant(answer.decode("ascii", "replace")) if answer else None

    def read_study(self, orthanc_id: str) -> StudyRead | None:
        """Read a study: two requests, three more a series, one a structured report; None where it is gone."""
        if self._caution is None:
            return self._read_study(orthanc_id, None)
        with self._caution.reading(self._raw, orthanc_id) as looking:
            found = self._read_study(orthanc_id, looking)
        if found is None:
            self._caution.gone(orthanc_id)
        return found

    def _read_study(self, orthanc_id: str, looking: Looking | None) -> StudyRead | None:
        study = self._json_or_none(f"/studies/{_id(orthanc_id)}")
        answer = self._get(f"/studies/{_id(orthanc_id)}/series?expand")
        if study is None or answer is None:
            return None
        series = [self._series(one, looking) for one in json.loads(answer) if isinstance(one, dict)]
        doses, unreadable = self._reports(series)
        aside = looking.reason if looking else None
        facts = dicom_facts.study_facts(self.node(), study, series, doses, unreadable, aside=aside or "")
        return StudyRead(facts=facts, instances=frozenset(one for some in series for one in some.instances))

    def store(self, dicom: bytes) -> str:
        """Store an instance and return its Orthanc id; raises `Refused` for what is no DICOM."""
        response = self._ask("POST", "/instances", dicom)
        if response.status >= 400:
            raise Refused(str(response.status), "Orthanc does not store the instance")
        return str(json.loads(response.data)["ID"])

    def study(self, orthanc_id: str) -> dict[str, Any] | None:
        """Return what Orthanc itself says of a study: identifiers and main tags; None where it is gone."""
        return self._json_or_none(f"/studies/{_id(orthanc_id)}")

    def remove_study(self, orthanc_id: str) -> bool:
        """Delete a study with all of its instances; False where it was gone."""
        response = self._ask("DELETE", f"/studies/{_id(orthanc_id)}", b"")
        if response.status >= 400 and response.status != 404:
            raise Unavailable(f"Orthanc answers {response.status} to DELETE /studies")
        return response.status != 404

    def allow_modality(self, modality: Modality) -> None:
        """Let an AE title in."""
        self._change("PUT", f"/modalities/{_id(_symbol(modality.aet))}", json.dumps(modality.entry()).encode())

    def forget_modality(self, aet: str) -> None:
        """Let an AE title in no longer."""
        self._change("DELETE", f"/modalities/{_id(_symbol(aet))}")

    def allowed_modalities(self) -> set[str]:
        """Return the AE titles that were let in by `allow_modality`."""
        peers = self._json("/modalities?expand")
        return {str(peer["AET"]) for name, peer in peers.items() if name.startswith(_SYMBOL)}

    def _change(self, method: str, path: str, body: bytes = b"") -> None:
        response = self._ask(method, path, body)
        if response.status >= 400:
            raise Unavailable(f"Orthanc answers {response.status} to {method} /modalities")

    def _series(self, series: dict[str, Any], looking: Looking | None) -> SeriesRead:
        bare = SeriesRead(series)
        if not bare.instances:
            return bare
        asked = bare.instances if len(bare.instances) <= LOOK_AT_EACH else bare.instances[:1]
        metadata = [self._about(f"/instances/{_id(one)}/metadata?expand") for one in asked]
        wanted = asked if _differ(series, asked) else asked[:1]
        about = zip(wanted, metadata, strict=False)
        readable = [looking is None or looking.may_be_read(one, _pixels(said)) for one, said in about]
        each = self._each(series, asked) if len(wanted) > 1 and all(readable) else ()
        tags = each[0] if each and each[0] else self._tags(asked[0]) if readable[0] else {}
        classes = tuple(dicom_text(one, "SopClassUid") for one in metadata)
        return SeriesRead(series, tags, dicom_facts.came_first(metadata), classes, each)

    def _tags(self, instance: str) -> dict[str, Any]:
        return self._about(f"/instances/{_id(instance)}/simplified-tags")

    def _each(self, series: dict[str, Any], asked: Sequence[str]) -> tuple[dicom_facts.Json, ...]:
        """Tags of every instance of a short series of projections, whose sides and views differ, in one request."""
        answer = self._about(f"/series/{_id(str(series['ID']))}/instances-tags?simplify")
        return tuple(rows_of(answer, asked)) if answer else ()

    def _about(self, path: str) -> dict[str, Any]:
        """What is said of one instance; nothing where it is gone, broken in the storage, or beyond measure."""
        try:
            return self._json_or_none(path, limit=MAX_JSON, broken_is_none=True) or {}
        except _TooLarge:
            log.warning("more than %d bytes at %s are not read", MAX_JSON, path)
            return {}

    def _reports(self, series: Iterable[SeriesRead]) -> tuple[Sequence[DoseReport], Sequence[str]]:
        doses, unreadable = [], []
        for instance in _structured_reports(series)[:MAX_REPORTS]:
            found = self._dose_report(instance)
            if isinstance(found, DoseReport):
                doses.append(found)
            elif found is not None:
                unreadable.append(instance)
        return doses, unreadable

    def _dose_report(self, instance: str) -> DoseReport | Unreadable | None:
        # Here and not above: pydicom takes 8 MiB, and `listen` has no use for it.
        from .dose_sr import MAX_BYTES, Unreadable, read_dose_report

        try:
            data = self._get(f"/instances/{_id(instance)}/file", limit=MAX_BYTES, broken_is_none=True)
        except _TooLarge:
            return Unreadable(reason="too large")
        return read_dose_report(data) if data else Unreadable(reason="not in the storage")

    def _json(self, path: str) -> dict[str, Any]:
        found = self._json_or_none(path)
        if found is None:
            raise Unavailable(f"Orthanc knows no {path.partition('?')[0]}")
        return found

    def _json_or_none(self, path: str, *, limit: int = MAX_LIST, broken_is_none: bool = False) -> dict[str, Any] | None:
        found = self._get(path, limit=limit, broken_is_none=broken_is_none)
        try:
            value = json.loads(found) if found else None
        except ValueError as error:
            raise Unavailable("Orthanc's answer is no JSON") from error
        return value if isinstance(value, dict) else None

    def _get(self, path: str, *, limit: int = MAX_LIST, broken_is_none: bool = False) -> bytes | None:
        """GET; None for 404, and for 500 where the caller can do without; any other answer but 200 is an outage."""
        with self._ask("GET", path) as response:
            if response.status == 404 or (broken_is_none and response.status in (400, 500)):
                return None
            if response.status != 200:
                raise Unavailable(f"Orthanc answers {response.status}")
            return _body(response, limit)

    def _ask(self, method: str, path: str, body: bytes | None = None) -> urllib3.BaseHTTPResponse:
        try:
            response = self._pool.request(
                method, self._base + path, body, headers=self._headers, redirect=False, preload_content=body is not None
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(f"Orthanc does not answer: {type(error).__name__}") from error
        if response.status in (401, 403, 502, 503, 504):
            response.drain_conn()
            raise Unavailable(f"Orthanc answers {response.status}")
        return response


def _body(response: urllib3.BaseHTTPResponse, limit: int) -> bytes:
    parts, size = [], 0
    try:
        for part in response.stream(1 << 20):
            parts.append(part)
            size += len(part)
            if size > limit:
                raise _TooLarge
    except urllib3.exceptions.HTTPError as error:
        raise Unavailable(f"Orthanc stopped in its answer: {type(error).__name__}") from error
    return b"".join(parts)


def _structured_reports(series: Iterable[SeriesRead]) -> list[str]:
    found = []
    for one in series:
        facts = dicom_facts.series_facts(one)
        if facts.ours:  # attached by us, and no dose report
            continue
        classes = one.sop_classes or ("",)
        for number, instance in enumerate(one.instances):
            if dicom_facts.is_structured_report(classes[min(number, len(classes) - 1)], facts.modality):
                found.append(instance)
    return found


def _differ(series: dict[str, Any], asked: Sequence[str]) -> bool:
    """Whether the tags of every instance are worth asking for: a short series of projections."""
    main = series.get("MainDicomTags")
    modality = main.get("Modality") if isinstance(main, dict) else None
    return isinstance(modality, str) and wanted_of_each(modality) and len(asked) == len(series["Instances"])


def _pixels(metadata: dict[str, Any]) -> int | None:
    """Up to which byte Orthanc reads the instance for its tags; None = to its end."""
    written = dicom_text(metadata, "PixelDataOffset")
    return int(written) if written.isascii() and written.isdecimal() else None


_SYMBOL = "gecit-"


def _symbol(aet: str) -> str:
    """Return the name of our entry for an AE title; the title itself may hold what a name may not."""
    return _SYMBOL + aet.encode().hex()


def _id(orthanc_id: str) -> str:
    return quote(orthanc_id, safe="-")
