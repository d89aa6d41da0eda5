"""A duplicate service above: OAuth2 token, then GET with one JSON parameter, as clients of the Ministry's service ask.

The address then holds the patient's number. It is the service's contract, not our choice; so nothing of it is logged,
no exception's text holds it, and redirects are not followed.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode

import urllib3

from gecit.core.background import EarlierExam
from gecit.core.values import local
from gecit.ports import Refused, Unavailable

MAX_ANSWER = 2 * 1024 * 1024
CONNECTIONS = 8
INTEGRATION = "/Common.WebApi/api/Integration/"
NO_DATE = "0001-01-01"  # what .NET writes for a date that is none
NOT_THE_QUESTION = frozenset({401, 403, 404, 405, 407, 408, 425, 429})  # they speak of us, the address or the moment


class Tokens(Protocol):
    """Where the bearer token comes from."""

    def token(self, timeout: float) -> str:
        """Return a token that is good now; raises `Unavailable`."""
        ...

    def forget(self, token: str) -> None:
        """A token was refused: the next one is a new one."""
        ...


class Wire:
    """One HTTP request with limits of time and size; raises `Unavailable` where no whole answer came."""

    def __init__(self, ca_file: str | None = None) -> None:
        # urllib3 writes whole addresses into its log lines, at DEBUG and where headers cannot be parsed.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.CRITICAL)
        self._pool = urllib3.PoolManager(maxsize=CONNECTIONS, retries=False, ca_certs=ca_file)

    def ask(self, method: str, url: str, headers: dict[str, str], timeout: float, body: str = "") -> tuple[int, bytes]:
        """Return status and body; `timeout` (seconds) bounds the whole of it."""
        ends = time.monotonic() + timeout
        try:
            answer = self._pool.request(
                method,
                url,
                body=body or None,
                headers={"Accept": "application/json", **headers},
                timeout=urllib3.Timeout(total=max(timeout, 0.001)),
                redirect=False,
                preload_content=False,
            )
            with answer:
                return answer.status, _read(answer, ends)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as fault:
            raise Unavailable(f"no answer: {type(fault).__name__}") from None  # the original's text holds the address


def _read(answer: urllib3.BaseHTTPResponse, ends: float) -> bytes:
    content = b""
    while piece := answer.read1(8192):  # what has arrived, however slowly it drips
        content += piece
        if len(content) > MAX_ANSWER:
            answer.close()
            raise Unavailable(f"the answer is longer than {MAX_ANSWER} bytes")
        if time.monotonic() > ends:
            answer.close()
            raise Unavailable("the answer took too long")
    return content


class HttpDuplicates:
    """Implements `ports.DuplicateService`; `timeout` (seconds) bounds one question, token included. Thread-safe."""

    def __init__(self, url: str, tokens: Tokens, *, name: str = "upstream", timeout: float = 5.0) -> None:
        self.name = name
        self._base = url.rstrip("/") + INTEGRATION
        self._tokens = tokens
        self._timeout = timeout
        self._wire = Wire()

    def previous_studies(self, medula_code: str, tckn: str, suts: Sequence[str], physician: str) -> list[EarlierExam]:
        """Return earlier exams, asking for one code at a time: the list form does not say whose code a result has."""
        ends = time.monotonic() + self._timeout
        asked = {"MedulaInstitutionId": medula_code, "PatientCitizenId": tckn, "DoctorCitizenId": physician}
        found: list[EarlierExam] = []
        for sut in suts:
            rows = self._get("GetPreviousStudies", {**asked, "SutCode": sut}, ends)
            found += [self._study(row, sut) for row in _rows(rows)]
        return found

    def opened(self, medula_code: str, tckn: str, suts: Sequence[str]) -> dict[str, bool]:
        """Say for each SUT code whether something was opened; a code that the answer leaves out was not."""
        asked = {"MedulaInstitutionId": medula_code, "PatientCitizenId": tckn, "SutCodeList": list(suts)}
        answer = self._get("GetPreviousStudiesSearchDetail", asked, time.monotonic() + self._timeout)
        rows = [answer] if isinstance(answer, dict) else _rows(answer)
        return {str(row.get("SutCode", "")): row.get("Result") is True for row in rows}

    def report(self, reference: str) -> str:
        """Return a report's text."""
        return self._text("GetReport", reference, "Report")

    def image_link(self, reference: str) -> str:
        """Return where images are seen; anything but http(s) is no such address."""
        link = self._text("GetImageLink", reference, "Url")
        if not link.startswith(("https://", "http://")):
            raise Unavailable("the answer is no address")
        return link

    def _text(self, operation: str, reference: str, field: str) -> str:
        answer = self._get(operation, {"OrderId": reference}, time.monotonic() + self._timeout)
        text = answer.get(field) if isinstance(answer, dict) else None
        if not isinstance(text, str):
            raise Unavailable("the answer is not of its form")
        return text

    def _study(self, row: dict[str, Any], sut: str) -> EarlierExam:
        accession, reference = row.get("AccessionNumber"), row.get("OrderId")
        if reference is None and accession is None:
            raise Unavailable("the answer is not of its form")
        return EarlierExam(
            institution=_word(row.get("SKRS"), 64),
            accession=_word(accession, 64),
            sut=sut,
            description=_word(row.get("RequestedProcedureDescription"), 300),
            institution_name=_word(row.get("InstitutionName"), 300),
            scheduled_at=_moment(row.get("ScheduleDate")),
            performed_at=_moment(row.get("PerformedDate")),
            images=row.get("IsStudyExist") is True,
            report=row.get("IsReportExist") is True,
            source=self.name,
            reference=_word(reference, 512),
        )

    def _get(self, operation: str, parameter: Mapping[str, object], ends: float) -> Any:
        """Ask with a token, and once more with a new one where it is refused."""
        url = f"{self._base}{operation}?{urlencode({'parameter': json.dumps(parameter)})}"
        for again in (True, False):
            token = self._tokens.token(_left(ends))
            status, body = self._wire.ask("GET", url, {"Authorization": f"Bearer {token}"}, _left(ends))
            if status != 401:
                break
            self._tokens.forget(token)
            if not again:
                raise Unavailable("a fresh token is refused")
        return _content(status, body)


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise Unavailable("the time is up")
    return left


def _content(status: int, body: bytes) -> Any:
    if status // 100 == 4 and status not in NOT_THE_QUESTION:
        raise Refused(f"HTTP {status}", "the service refuses the question")
    if status != 200:
        raise Unavailable(f"HTTP {status}")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Unavailable("the answer is no JSON") from None


def _rows(answer: Any) -> list[dict[str, Any]]:
    """Return the answer's rows; null is what some servers write for none."""
    if answer is None:
        return []
    if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
        raise Unavailable("the answer is not of its form")
    return answer


def _word(value: object, longest: int) -> str:
    return "" if value is None else str(value).strip()[:longest]


def _moment(value: object) -> datetime | None:
    """Read a date as ISO 8601; without a zone it is Turkey's. One that cannot be read is none."""
    text = _word(value, 40)
    if not text or text.startswith(NO_DATE):
        return None
    try:
        return local(datetime.fromisoformat(text))
    except ValueError:
        return None
