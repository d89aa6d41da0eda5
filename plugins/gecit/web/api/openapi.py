"""The OpenAPI description, made from the values that the routes answer with."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from gecit import __version__
from gecit.core.values import Value

from ..health import Health
from ..problem import Problem
from ..route import Parameter, Route
from ..shown import ShownExam, ShownExamDetail

DEFAULT_LIMIT = 100
LONGEST_LIMIT = 1000


class Live(Value):
    """The web process answers."""

    ok: bool


class ExamList(Value):
    """Exams, the last changed first."""

    exams: tuple[ShownExam, ...]


_ACCESSION = "accession number (0008,0050)"
ROUTES = (
    Route(path="/gecit/api/live", text="Whether the web process answers; needs no sign-in.", answers=Live, errors=()),
    Route(
        path="/gecit/api/health",
        text="Processes and counts; 503 = this node is not well. `silent` names other nodes that are not.",
        answers=Health,
        also=(503,),
    ),
    Route(
        path="/gecit/api/exams",
        text="Exams with their verdict and what is missing.",
        answers=ExamList,
        parameters=(
            Parameter(name="accession", place="query", kind="string", text=f"only those with this {_ACCESSION}"),
            Parameter(name="limit", place="query", kind="integer", text=f"1 to {LONGEST_LIMIT}"),
        ),
        errors=(400, 401, 503),
    ),
    Route(
        path="/gecit/api/exams/{institution}/{accession}",
        text="One exam: findings, images, dose, report, timeline.",
        answers=ShownExamDetail,
        parameters=(
            Parameter(name="institution", place="path", kind="string", text="SKRS code"),
            Parameter(name="accession", place="path", kind="string", text=_ACCESSION),
        ),
        errors=(401, 404, 503),
    ),
    Route(path="/gecit/api/openapi.json", text="This description.", answers=dict[str, Any]),
)


ALWAYS = (401, 403, 429, 503)  # of every route that needs a sign-in


def routes_of(further: Sequence[Route] = (), replaced: Sequence[Route] = ()) -> list[Route]:
    """Return all routes; those of `replaced` stand for ours of the same path and method."""
    others = {(one.path, one.method) for one in replaced}
    return [*(one for one in ROUTES if (one.path, one.method) not in others), *replaced, *further]


def description(further: Sequence[Route] = (), replaced: Sequence[Route] = ()) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document; `further` are the routes of capabilities that this process has too."""
    routes = routes_of(further, replaced)
    types = [*{kind: None for one in routes for kind in (one.answers, one.body, one.query) if kind}, Problem]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    bodies = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for one in routes:
        paths.setdefault(one.path, {})[one.method] = _operation(one, bodies, components)
    for one in routes:
        if one.query:
            components.pop(one.query.__name__, None)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Geçit", "version": __version__, "license": {"name": "AGPL-3.0-or-later"}},
        "security": [{"password": []}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "password": {"type": "http", "scheme": "basic"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _operation(route: Route, bodies: dict[type, Any], components: dict[str, Any]) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": bodies[Problem]}}
    errors = sorted({*route.errors, *ALWAYS}) if route.errors else ()
    responses: dict[str, Any] = {
        str(status): {"description": HTTPStatus(status).phrase, "content": problem} for status in errors
    }
    good: dict[str, Any] = {"description": route.text}
    if route.answers:
        good["content"] = {route.kind: {"schema": bodies[route.answers]}}
    if route.headers:
        good["headers"] = {name: {"description": text, "schema": {"type": "string"}} for name, text in route.headers}
    responses |= {str(status): good for status in (route.status, *(one for one in route.also if one not in errors))}
    if 503 in route.also and route.answers:  # not well, or not to be asked
        responses["503"] = {**good, "content": {**good["content"], **problem}}
    operation: dict[str, Any] = {"summary": route.text, "responses": responses}
    if route.body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": bodies[route.body]}}}
    parameters = [_parameter(one) for one in route.parameters]
    if route.query:
        parameters += [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": schema.get("description", ""),
                "schema": schema,
            }
            for name, schema in components[route.query.__name__]["properties"].items()
        ]
    if parameters:
        operation["parameters"] = parameters
    if not route.errors:
        operation["security"] = []
    return operation


def _parameter(one: Parameter) -> dict[str, Any]:
    return {
        "name": one.name,
        "in": one.place,
        "required": one.place == "path",
        "description": one.text,
        "schema": {"type": one.kind, "minimum": 1} if one.kind == "integer" else {"type": one.kind},
    }
