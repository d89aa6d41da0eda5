"""QIDO-RS narrowed to what the asker may see; images themselves come from Orthanc (`/dicom-web`), behind its filter."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from flask import Blueprint, Response, make_response, request

from gecit.core.access import Action
from gecit.core.identifiers import is_tckn
from gecit.core.orthanc_doors import is_uid
from gecit.core.qido import Level, Search, SearchRefused
from gecit.core.query import single
from gecit.core.values import Text
from gecit.ports import Unavailable
from gecit.steps.search_images import ImageSearches

from ..access import needs, person
from ..audit import about
from ..masking import mask
from ..problem import Problem, refuse, show
from ..sender import admission
from .wire import answer_of, read_search

log = logging.getLogger("gecit.web")

KINDS = ("application/dicom+json", "application/json")
FUZZY = '299 gecit "The fuzzymatching parameter is not supported. Only literal matching has been performed."'
MORE = (
    '299 gecit "The number of results exceeded the maximum supported by the server. '
    'Additional results can be requested."'
)
IGNORED = '299 gecit "Parameters that are not supported were ignored."'
WRONG = Problem(
    type="no-search",
    status=400,
    title=Text(tr="Arama anlaşılamadı", en="The search cannot be understood"),
    detail=Text(
        tr="limit ve offset sayı, UID'ler noktalı rakam olmalı; bir anahtarda en çok 16 joker değer olabilir.",
        en="limit and offset must be numbers, UIDs dotted digits; a key may list 16 values with wildcards at the most.",
    ),
)


def dicomweb(searches: ImageSearches) -> Blueprint:
    """Build the routes (PS3.18 table 10.6.1-1)."""
    routes = Blueprint("dicomweb", __name__, url_prefix="/gecit/dicom-web")

    @routes.get("/studies")
    @needs(Action.SEE_IMAGES)
    def studies() -> Response:
        return _answer(searches, Level.STUDY)

    @routes.get("/series")
    @needs(Action.SEE_IMAGES)
    def series() -> Response:
        return _answer(searches, Level.SERIES)

    @routes.get("/instances")
    @needs(Action.SEE_IMAGES)
    def instances() -> Response:
        return _answer(searches, Level.INSTANCE)

    @routes.get("/studies/<study>/series")
    @needs(Action.SEE_IMAGES)
    def series_of_study(study: str) -> Response:
        return _answer(searches, Level.SERIES, StudyInstanceUID=study)

    @routes.get("/studies/<study>/instances")
    @needs(Action.SEE_IMAGES)
    def instances_of_study(study: str) -> Response:
        return _answer(searches, Level.INSTANCE, StudyInstanceUID=study)

    @routes.get("/studies/<study>/series/<series>/instances")
    @needs(Action.SEE_IMAGES)
    def instances_of_series(study: str, series: str) -> Response:
        return _answer(searches, Level.INSTANCE, StudyInstanceUID=study, SeriesInstanceUID=series)

    @routes.errorhandler(SearchRefused)
    def on_refused(refused: SearchRefused) -> Response:
        return show(WRONG)

    @routes.errorhandler(Unavailable)
    def on_unavailable(fault: Unavailable) -> Response:
        log.error("no answer to a search: %s", fault)
        return refuse("unavailable")

    return routes


def _answer(searches: ImageSearches, level: Level, **path: str) -> Response:
    if not all(map(is_uid, path.values())):
        raise SearchRefused("uid")
    search = read_search(level, request.args.to_dict(flat=False), path)
    patient = single(search.keys, "PatientID")
    about(patient=patient if is_tckn(patient) else "")
    found = searches.find(person(), search)
    shown = map(_masked, found.entities) if _is_list(search) else found.entities
    response = make_response(json.dumps([answer_of(one, search) for one in shown], ensure_ascii=False))
    response.content_type = request.accept_mimetypes.best_match(KINDS, KINDS[0])
    for said in _warnings(search, more=found.more):
        response.headers.add("Warning", said)
    return response


NUMBERS = ("PatientID", "OtherPatientIDs")  # where a TCKN stands


def _is_list(search: Search) -> bool:
    """Whether a person in a browser looks at a list, as the viewer's, and opens no study.

    The viewer asks by a study's UID before it looks for the patient's other studies: that answer is whole, and so is
    every one to a program, which has a token and matches by the number.
    """
    return bool(admission().session) and "StudyInstanceUID" not in search.keys


def _masked(entity: Mapping[str, str]) -> dict[str, str]:
    return {name: mask(value) if name in NUMBERS else value for name, value in entity.items()}


def _warnings(search: Search, *, more: bool) -> list[str]:
    said = {FUZZY: search.fuzzy, IGNORED: bool(search.ignored), MORE: more}
    return [text for text, so in said.items() if so]
