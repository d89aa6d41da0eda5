"""Answers of the JSON interface."""

from __future__ import annotations

from flask import Response, make_response

from gecit.core.values import to_json


def answer(value: object, status: int = 200) -> Response:
    """Answer with a value as JSON."""
    response = make_response(to_json(value), status)
    response.content_type = "application/json"
    return response
