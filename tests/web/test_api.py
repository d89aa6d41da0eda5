import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from gecit.ports import Beat
from gecit.web.api.openapi import description
from tests.fakes import NOON, FakeViews, FakeVitals, StillClock
from tests.support.exams import CLEAN, HELD, fill

TOKEN = {"Authorization": "Bearer program"}
Get = Callable[..., Any]


@pytest.fixture(autouse=True)
def _exams(views: FakeViews) -> None:
    fill(views)


@pytest.fixture
def get(client: FlaskClient) -> Get:
    def read(path: str, status: int = 200) -> Any:
        answer = client.get(path, headers=TOKEN)
        assert answer.status_code == status, answer.text
        kind = "application/json" if status == 200 or "health" in path else "application/problem+json"
        assert answer.content_type == kind
        return json.loads(answer.data)

    return read


def test_live_needs_no_sign_in_and_says_nothing_else(client: FlaskClient) -> None:
    assert client.get("/gecit/api/live").json == {"ok": True}


@pytest.mark.parametrize("path", ["health", "exams", "exams/910001/1", "nothing", "live/x"])
def test_everything_else_needs_it_and_is_not_asked_by_a_browser_window(client: FlaskClient, path: str) -> None:
    answer = client.get(f"/gecit/api/{path}")
    assert answer.status_code == 401
    assert "WWW-Authenticate" not in answer.headers
    problem = json.loads(answer.data)
    assert problem["title"]["tr"] and problem["title"]["en"] and problem["status"] == 401


def test_exams_carry_verdict_and_what_is_missing(get: Get) -> None:
    found = {one["accession"]: one for one in get("/gecit/api/exams")["exams"]}
    assert found[HELD.accession]["outcome"] == "hold"
    assert [one["rule"] for one in found[HELD.accession]["missing"]] == ["dose-report"]
    assert found[CLEAN.accession]["missing"] == []
    assert found["MR9"]["outcome"] is None


def test_one_exam_carries_its_findings_doses_and_timeline(get: Get) -> None:
    held = get("/gecit/api/exams/910001/CT-%C4%B0/7")
    statuses = [one["status"] for one in held["findings"]]
    assert statuses == ["failed", "failed", "excused", "passed"], "what must be mended stands first"
    assert held["findings"][0]["who"] == "modality"
    assert held["exam"]["patient_number"] == "********146"
    clean = get(f"/gecit/api/exams/{CLEAN}")
    assert clean["doses"] == [{"name": "DLPTotal", "value": 412.5, "unit": "mGy.cm"}]
    assert [one["kind"] for one in clean["timeline"]][-1] == "ExamJudged"


def test_one_exam_carries_every_version_of_its_report(get: Get) -> None:
    reports = get(f"/gecit/api/exams/{CLEAN}")["reports"]
    assert [(one["version"], one["status"], one["place"]) for one in reports] == [
        (1, "P", "superseded"), (2, "F", "in force"), (3, "P", "set aside"), (4, "B", "adds"),
    ]  # fmt: skip
    assert [one["registered"] for one in reports[1]["signers"]] == ["radiologist", "other"]
    assert reports[1]["contrast"] == [{"route": "IV", "agent": "İyoheksol", "concentration": "300"}]
    assert [one.get("attached", []) for one in reports] == [[], ["sr"], [], []]


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1001", "", "٣", "99999999999999999999"])
def test_a_limit_that_is_none_is_a_problem_with_an_answer(get: Get, limit: str) -> None:
    assert get(f"/gecit/api/exams?limit={limit}", 400)["type"] == "bad-request"


def test_a_limit_is_kept(get: Get) -> None:
    assert len(get("/gecit/api/exams?limit=1")["exams"]) == 1


def test_unknown_exams_and_methods_are_problems(get: Get, client: FlaskClient) -> None:
    assert get("/gecit/api/exams/910001/none", 404)["type"] == "not-found"
    assert client.post("/gecit/api/exams", headers=TOKEN).status_code == 405


def test_health_is_well_while_every_process_is_heard_of(get: Get) -> None:
    found = get("/gecit/api/health")
    assert found["ok"] is True and found["counts"]["outbox.parked"] == 1
    assert [one["process"] for one in found["processes"]] == ["listen", "orthanc", "web", "work"]


def test_health_is_503_when_a_process_is_silent_or_was_never_heard_of(
    get: Get, clock: StillClock, vitals: FakeVitals
) -> None:
    vitals.kept.pop(("N1", "", "work"))
    assert [one["process"] for one in get("/gecit/api/health", 503)["processes"] if not one["ok"]] == ["work"]
    vitals.beat(Beat(node="N1", process="work", pid=1, at=NOON))
    clock.advance(60)
    assert get("/gecit/api/health")["ok"] is True
    clock.advance(1)
    assert get("/gecit/api/health", 503)["ok"] is False


def test_another_node_that_is_silent_is_shown_and_does_not_make_this_one_ill(get: Get, vitals: FakeVitals) -> None:
    vitals.beat(Beat(node="N2", process="web", pid=1, at=NOON.replace(year=2020)))
    found = get("/gecit/api/health")
    assert found["ok"] is True and found["processes"][-1]["node"] == "N2"
    assert found["silent"] == ["N2"]


def test_the_description_names_every_route_and_only_those(client: FlaskClient, get: Get) -> None:
    app: Flask = client.application
    routes = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(one)) for one in app.url_map.iter_rules()}
    described = get("/gecit/api/openapi.json")
    assert described == json.loads(json.dumps(description()))
    assert set(described["paths"]) == {one for one in routes if one.startswith("/gecit/api/")}


def test_the_description_names_every_field_that_is_answered(get: Get) -> None:
    schemas = get("/gecit/api/openapi.json")["components"]["schemas"]
    for name, answered in (
        ("ShownExam", get("/gecit/api/exams")["exams"][0]),
        ("ShownExamDetail", get(f"/gecit/api/exams/{CLEAN}")),
        ("Health", get("/gecit/api/health")),
    ):
        assert set(answered) <= set(schemas[name]["properties"])
        assert set(schemas[name]["required"]) <= set(answered)
