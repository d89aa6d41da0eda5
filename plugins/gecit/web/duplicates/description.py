"""What the OpenAPI description says of the duplicate query."""

from __future__ import annotations

from ..route import Parameter, Route
from . import wire

BASE = "/gecit/api/duplicates"
INTEGRATION = "/gecit/api/Common.WebApi/api/Integration"

_HEADERS = (
    ("Gecit-Query", "name of the query in the records"),
    ("Gecit-Complete", "`true`, or `false` where the answer may lack something or could not be looked for"),
    ("Gecit-Reason", "why it is not complete: upstream-unavailable, upstream-refused, no-number"),
)
_ORDER = (Parameter(name="order", place="path", kind="string", text="OrderId of an answer"),)
_ASKING = (400, 401, 422, 503)
_OPENING = (401, 404, 410, 503)
_STUDIES = tuple[wire.PreviousStudy, ...]
_DETAIL = tuple[wire.SearchDetail, ...]

_OWN = (
    Route(
        path=f"{BASE}/previous-studies",
        text="Earlier exams of a patient with a SUT code; empty = no duplicate.",
        body=wire.SutQuestion,
        answers=_STUDIES,
        headers=_HEADERS,
        errors=_ASKING,
    ),
    Route(
        path=f"{BASE}/previous-studies-for-sut-code-list",
        text="Earlier exams of a patient with any of the SUT codes.",
        body=wire.SutListQuestion,
        answers=_STUDIES,
        headers=_HEADERS,
        errors=_ASKING,
    ),
    Route(
        path=f"{BASE}/previous-studies-search-detail",
        text="Whether an earlier report or images have been opened, for each SUT code.",
        body=wire.SutListQuestion,
        answers=_DETAIL,
        errors=_ASKING,
    ),
    Route(
        path=f"{BASE}/orders/{{order}}/report",
        text="The report of an earlier exam, as plain text; that it was opened is kept.",
        answers=str,
        kind="text/plain",
        parameters=_ORDER,
        errors=_OPENING,
    ),
    Route(
        path=f"{BASE}/orders/{{order}}/images",
        text="Where the images of an earlier exam are; that they were opened is kept.",
        answers=wire.ImageLinks,
        parameters=_ORDER,
        errors=_OPENING,
    ),
)


def _get(name: str, text: str, answers: object, errors: tuple[int, ...]) -> Route:
    parameter = Parameter(name="parameter", place="query", kind="string", text="the question as JSON")
    return Route(path=f"{INTEGRATION}/{name}", text=text, answers=answers, parameters=(parameter,), errors=errors)  # type: ignore[arg-type]


_MINISTRY = (
    _get("GetPreviousStudies", "As previous-studies.", _STUDIES, _ASKING),
    _get("GetPreviousStudiesForSutCodeList", "As previous-studies-for-sut-code-list.", _STUDIES, _ASKING),
    _get("GetPreviousStudiesSearchDetail", "As previous-studies-search-detail.", _DETAIL, _ASKING),
    _get("GetReport", "The report of an earlier exam.", wire.ReportText, (400, *_OPENING)),
    _get("GetImageLink", "Where images of an earlier exam are.", wire.Address, (400, *_OPENING)),
)


def described(*, ministry_get: bool) -> tuple[Route, ...]:
    """Return the routes as they are described."""
    return (*_OWN, *_MINISTRY) if ministry_get else _OWN
