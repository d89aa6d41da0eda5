"""The JSON interface by its own description: Schemathesis makes the requests, out of the fuzzer's bytes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi import checks as described

from ..node import bearer, node
from ..target import Target, must
from .pages import AWAY

CHECKS = [
    described.status_code_conformance, described.response_schema_conformance,
    described.response_headers_conformance,
]  # fmt: skip
Take = Callable[[bytes], object]


@cache
def _operations() -> list[Take]:
    schema = schemathesis.openapi.from_wsgi("/gecit/api/openapi.json", node().app, headers=dict(bearer(0)))
    return [_taking(one.ok()) for one in schema.get_all_operations()]


def _taking(operation: Any) -> Take:
    asked_by = [0]

    @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        answer = case.call(headers=dict(bearer(asked_by[0])))
        must(answer.status_code < 500 or answer.status_code in AWAY, f"{case.method} {case.path}: {answer.status_code}")
        case.validate_response(answer, checks=CHECKS)

    def take(data: bytes) -> object:
        asked_by[0] = 6 if data[:1] > b"\x7f" else 0
        return ask.hypothesis.fuzz_one_input(data[1:])  # type: ignore[attr-defined]

    return take


def one(data: bytes) -> object:
    operations = _operations()
    operations[(data[0] if data else 0) % len(operations)](data[1:])
    return None


TARGETS = (
    Target(
        name="api",
        reads="the JSON interface, by its OpenAPI description (Schemathesis)",
        holds="no 500; status, headers and body as described, for an administrator and a hospital's program",
        one=one,
        seeds=lambda: (
            [bytes([number, 0]) + bytes(range(200)) for number in range(len(_operations()))]
            + [bytes([number, 255]) + bytes(range(200)) for number in range(len(_operations()))]
        ),
        longest=1024,
        twice=False,
    ),
)
