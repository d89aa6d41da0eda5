"""The JSON interface for integrators on both engines: what it answers, to whom, and what it says when asked wrongly."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from gecit.edges.store import SqlLedger
from tests.fakes import StillClock
from tests.support.flow import HOSPITAL, OTHER_TCKN, START, TCKN
from tests.support.integrators import OTHER, again, application, bearer, fill

Ask = Callable[..., Any]
SECOND = "910001/A%2F2%20%C4%B0"


@pytest.fixture
def client(ledger: SqlLedger) -> FlaskClient:
    fill(ledger)
    made: FlaskClient = application(ledger, StillClock(START), allow=("hbys.example",)).test_client()
    return made


@pytest.fixture
def ask(client: FlaskClient) -> Ask:
    def asked(path: str, who: str = "integrator", status: int = 200, **named: Any) -> Any:
        method = named.pop("method", "POST" if "json" in named or "data" in named else "GET")
        answer = client.open(f"/gecit/api/{path}", method=method, headers=bearer(who), **named)
        assert answer.status_code == status, answer.text
        if status < 400:
            return json.loads(answer.data) if answer.data else None
        assert answer.content_type == "application/problem+json"
        problem = json.loads(answer.data)
        assert problem["status"] == status
        assert all(problem[part][language] for part in ("title", "detail") for language in ("tr", "en"))
        return problem

    return asked


def accessions(found: Any) -> list[str]:
    return [one["accession"] for one in found["exams"]]


# Exams


def test_the_list_is_narrowed_to_what_the_asker_reaches(ask: Ask) -> None:
    assert sorted(accessions(ask("exams"))) == ["A/2 İ", "A1"]
    assert accessions(ask("exams", "other")) == ["B1"]
    assert len(accessions(ask("exams", "administrator"))) == 3
    ask("exams", "citizen", 403)  # it says verdicts; a citizen has pages of his own
    ask("exams", "consultant", 403)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("outcome=submit", ["A1"]),
        ("outcome=pending", ["A/2 İ"]),
        ("outcome=hold", []),
        ("rule=report-present", ["A/2 İ"]),
        ("modality=CT&accession=A1", ["A1"]),
        ("modality=MR", []),
        ("study=1.2.s1", ["A1"]),
        ("institution=910002", []),
        ("since=2026-03-02T08:00:00%2B03:00&until=2026-03-02T09:00:00%2B03:00", ["A/2 İ", "A1"]),
        ("until=2026-03-02T08:00:00%2B03:00", []),
        ("since=0001-01-01T00:00:00%2B23:59&until=9999-12-31T23:59:59-23:59", ["A/2 İ", "A1"]),
        ("billing=queued", ["A1"]),
        ("parked=true", []),
    ],
)
def test_each_filter_of_the_list_narrows(ask: Ask, query: str, wanted: list[str]) -> None:
    assert sorted(accessions(ask(f"exams?{query}"))) == wanted


def test_a_patient_is_searched_by_post_and_never_in_the_address(ask: Ask) -> None:
    assert accessions(ask("exams/search", json={"tckn": OTHER_TCKN})) == ["A/2 İ"]
    assert accessions(ask("exams/search", json={"tckn": TCKN, "outcome": "submit"})) == ["A1"]
    problem = ask(f"exams?tckn={TCKN}", status=400)
    assert TCKN not in json.dumps(problem)


def test_pages_go_on_from_their_last_exam_until_all_were_seen_once(ask: Ask) -> None:
    seen, after = [], ""
    for _ in range(4):
        page = ask(f"exams?limit=1&after={after}", "administrator")
        seen += accessions(page)
        after = page.get("next", "")
        if not after:
            break
    assert sorted(seen) == ["A/2 İ", "A1", "B1"]


def test_one_exam_has_its_verdicts_findings_and_timeline(ask: Ask, ledger: SqlLedger) -> None:
    again(ledger)
    verdicts = ask("verdicts/910001/A1")["verdicts"]
    assert [one["outcome"] for one in verdicts] == ["submit", "submit"]
    assert verdicts[0]["judged_at"] > verdicts[1]["judged_at"], "the newest first"
    assert verdicts[0]["cause"]["tr"] == "süresi geldi"
    assert len(ask("verdicts/910001/A1?limit=1")["verdicts"]) == 1
    found = ask(f"findings/{SECOND}")
    assert found["outcome"] == "pending"
    assert {one["rule"] for one in found["findings"] if one["counts"]} >= {"report-present", "image-present"}
    kinds = [one["kind"] for one in ask("timeline/910001/A1")["events"]]
    assert kinds[0] == "OrderPlaced" and "ExamJudged" in kinds


@pytest.mark.parametrize("what", ["exams", "verdicts", "findings", "timeline"])
def test_an_exam_of_another_institution_is_not_there(ask: Ask, what: str) -> None:
    ask(f"{what}/910002/B1", "other")
    assert ask(f"{what}/910002/B1", status=404)["type"] == "not-found"
    assert ask(f"{what}/910001/none", status=404)["type"] == "not-found"
    ask(f"{what}/910001/A%00", status=404)
    ask(f"{what}/910001/A1", "citizen", 403)


def test_no_answer_holds_a_whole_patients_number(ask: Ask) -> None:
    paths = ("exams", "verdicts/910001/A1", "findings/910001/A1", "timeline/910001/A1", "exams/910001/A1", "outbox")
    for path in paths:
        assert TCKN not in json.dumps(ask(path))


# Outbox


def test_the_outbox_is_narrowed_filtered_and_paged(ask: Ask) -> None:
    found = ask("outbox")["deliveries"]
    assert {(one["destination"], one["institution"]) for one in found} == {("medula", "910001"), ("archive", "910001")}
    assert ask("outbox", "other")["deliveries"] == []
    assert ask("outbox?institution=910001", "other")["deliveries"] == []
    [told] = ask("outbox?destination=medula&state=queued&accession=A1", "administrator")["deliveries"]
    assert (told["kind"], told["attempts"]) == ("notify", 0)
    first = ask("outbox?limit=1")
    rest = ask(f"outbox?after={first['next']}")["deliveries"]
    assert [one["id"] for one in (*first["deliveries"], *rest)] == [one["id"] for one in found]
    ask("outbox", "citizen", 403)


def test_a_parked_delivery_is_put_back_by_its_institution_alone(ask: Ask, ledger: SqlLedger) -> None:
    [told] = ask("outbox?destination=medula")["deliveries"]
    path = f"outbox/{told['id']}/retry"
    assert ask(path, status=409, method="POST")["type"] == "conflict"
    [leased] = ledger.lease("medula", "w", START + timedelta(hours=1), START, 1)
    assert ledger.settle(leased, "w", "parked", error=f"1101 {TCKN}")
    [parked] = ask("outbox?state=parked")["deliveries"]
    assert parked["last_error"] == "1101 ********146"
    assert accessions(ask("exams?parked=true")) == ["A1"]
    ask(path, "other", 404, method="POST")
    ask(path, "clinician", 403, method="POST")
    assert ask(path, status=202, method="POST")["state"] == "queued"
    ask("outbox/99999999999999999999/retry", status=404, method="POST")


# Rules, institutions


def test_rules_and_exemptions_are_said_to_be_in_force_at_an_instant(ask: Ask) -> None:
    rules = {one["id"]: one for one in ask("rules?at=2020-03-15T23:59:00%2B03:00")["rules"]}
    assert [one["in_force"] for one in rules["loinc-code"]["editions"]] == [False]
    rules = {one["id"]: one for one in ask("rules")["rules"]}
    assert [one["in_force"] for one in rules["loinc-code"]["editions"]] == [True]
    at = "at=2021-08-31T10:00:00%2B03:00"
    windows = ask(f"exemptions?{at}&in_force=true&rule=duplicate-query-missing")["windows"]
    assert [one["exemption"] for one in windows] == ["duplicate-query"]
    everything = ask(f"exemptions?{at}")["windows"]
    assert len(everything) > 30 and sum(one["in_force"] for one in everything) >= 1
    ask("rules", "citizen", 403)


def test_institutions_are_ones_own_or_all(ask: Ask) -> None:
    assert [one["skrs"] for one in ask("institutions")["institutions"]] == [HOSPITAL.skrs]
    assert [one["skrs"] for one in ask("institutions", "administrator")["institutions"]] == [HOSPITAL.skrs, OTHER.skrs]


# Webhooks


def test_a_webhook_is_made_seen_and_ended_by_its_institution(ask: Ask, ledger: SqlLedger) -> None:
    made = ask("webhooks", status=201, json={"url": "https://hbys.example/gecit", "outcomes": ["hold", "submit"]})
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made["secret"])
    assert made["webhook"]["institution"] == HOSPITAL.skrs and made["webhook"]["by"] == "hbys"
    [seen] = ask("webhooks")["webhooks"]
    assert seen == made["webhook"] and "secret" not in seen
    assert ask("webhooks", "other")["webhooks"] == []
    path = f"webhooks/{seen['id']}"
    ask(path, "other", 404, method="DELETE")
    assert ask(path, status=204, method="DELETE") is None
    ask(path, status=404, method="DELETE")
    assert ask("webhooks", "administrator")["webhooks"] == []
    assert ledger.read(lambda tx: tx.webhooks()) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"url": "http://hbys.example/x"}, 422),
        ({"url": "https://127.0.0.1/x"}, 422),
        ({"url": "https://elsewhere.example/x"}, 422),
        ({"url": "https://user:secret@hbys.example/"}, 422),
        ({"url": "https://hbys.example/", "institution": "910002"}, 403),
        ({"url": "https://hbys.example/", "institution": ""}, 403),
        ({"url": "https://hbys.example/", "outcomes": ["often"]}, 422),
        ({"url": "https://hbys.example/", "more": 1}, 422),
        ({}, 422),
    ],
)
def test_a_webhook_that_may_not_be_is_refused_with_the_reason(ask: Ask, body: object, status: int) -> None:
    problem = ask("webhooks", status=status, json=body)
    assert "secret@" not in json.dumps(problem)
    assert ask("webhooks")["webhooks"] == []


def test_an_administrator_may_subscribe_for_all_and_for_nobody_unknown(ask: Ask) -> None:
    body = {"url": "https://hbys.example/"}
    assert ask("webhooks", "administrator", 201, json=body)["webhook"]["institution"] == ""
    ask("webhooks", "administrator", 422, json={**body, "institution": "1"})
    ask("webhooks", "clinician", 403, json=body)


def test_there_are_twenty_webhooks_of_an_institution_at_the_most(ask: Ask) -> None:
    for _ in range(20):
        ask("webhooks", status=201, json={"url": "https://hbys.example/"})
    assert ask("webhooks", status=409, json={"url": "https://hbys.example/"})["type"] == "conflict"


# Asked wrongly


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "limit=1001", "limit=", "outcome=often", "since=2026-03-02", "since=0.5",
     "since=2026-03-02T08:00:00", "parked=perhaps", "accession=A%00", "after=%%%", "after=e30", "after=1~A",
     "nobody=1", "limit=1&limit=2"],
)  # fmt: skip
def test_a_query_that_cannot_be_read_is_400_and_names_the_parameter(ask: Ask, query: str) -> None:
    problem = ask(f"exams?{query}", status=400)
    name = query.split("=")[0]
    assert name in problem["detail"]["tr"] or name == "nobody"


def test_a_body_is_400_413_415_or_422(ask: Ask) -> None:
    assert ask("exams/search", status=415, data="{}")["type"] == "media-type"
    assert ask("exams/search", status=400, data="{", content_type="application/json")["type"] == "bad-request"
    assert ask("exams/search", status=400, data=b"\xff", content_type="application/json")["type"] == "bad-request"
    problem = ask("exams/search", status=422, json={"tckn": "123"})
    assert problem["type"] == "unprocessable" and "tckn" in problem["detail"]["en"] and "123" not in str(problem)
    big = b'{"rule": "' + b"x" * 1_100_000 + b'"}'
    assert ask("exams/search", status=413, data=big, content_type="application/json")["type"] == "too-large"


def test_nobody_without_sign_in_and_methods_that_are_none(ask: Ask, client: FlaskClient) -> None:
    ask("webhooks", "nobody", 401)
    answer = client.delete("/gecit/api/exams", headers=bearer("integrator"))
    assert answer.status_code == 405 and "GET" in answer.headers["Allow"]


def test_the_description_names_every_route_with_its_methods_and_only_those(ask: Ask, client: FlaskClient) -> None:
    described = ask("openapi.json")["paths"]
    routes: dict[str, set[str]] = {}
    for rule in client.application.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(rule))
        if path.startswith("/gecit/api/"):
            routes.setdefault(path, set()).update(one.lower() for one in (rule.methods or set()) - {"HEAD", "OPTIONS"})
    assert {path: set(methods) for path, methods in described.items()} == routes
