"""The duplicate query over HTTP: what HBYS sends and reads, and what nobody may read in a log."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from flask.testing import FlaskClient
from msgspec.structs import replace
from werkzeug.test import TestResponse

from gecit.core.background import Answering
from gecit.core.events import StudyFactsRecorded
from gecit.core.facts import StudyKey
from gecit.core.peer_review import ReviewView
from gecit.edges.doors import Doors
from gecit.edges.peer_files import read_scale
from gecit.edges.store import SqlLedger
from gecit.ports import Unavailable
from gecit.ports.nodes import NewNode
from gecit.processes.web import serve
from gecit.steps.ask_above import ServiceAbove
from gecit.steps.duplicates import DuplicateDesk
from gecit.web.api.openapi import description
from gecit.web.app import create_app
from gecit.web.duplicates import described
from gecit.web.elsewhere import NODES
from gecit.web.peer import PeerDesk
from tests.fake_studies import FakeReviewDoors
from tests.fakes import FakeAccounts, FakeViews, FakeVitals
from tests.support.billing import HandClock
from tests.support.duplicates import (
    ASKING,
    NOW,
    OTHER,
    PHYSICIAN,
    SUT,
    TCKN,
    FakeService,
    facts,
    open_for_business,
    record,
)
from tests.support.postgres import free_port

from .test_nodes import silence

TOKEN = {"Authorization": "Bearer program"}
BASE = "/gecit/api/duplicates"
INTEGRATION = "/gecit/api/Common.WebApi/api/Integration"
ASKED = {
    "MedulaInstitutionId": ASKING.medula_code,
    "PatientCitizenId": TCKN,
    "SutCode": "801.590",
    "DoctorCitizenId": PHYSICIAN,
}
DEEP = b'{"SutCode": "801590", "MedulaInstitutionId": "1", "x": ' + b"[" * 100_000
SCALE = read_scale(Path(__file__).parents[2] / "rules")
Build = Callable[..., Any]


@pytest.fixture
def kept(sqlite_ledger: SqlLedger) -> SqlLedger:
    return open_for_business(sqlite_ledger)


@pytest.fixture
def build(kept: SqlLedger, accounts: FakeAccounts, views: FakeViews, vitals: FakeVitals) -> Build:
    """Build the application with a desk."""

    def make(*, ministry_get: bool = False, service: FakeService | None = None, blind: bool = False) -> Any:
        clock = HandClock(NOW)
        desk = DuplicateDesk(kept, clock, above=ServiceAbove(service) if service else None)
        doors = Doors(accounts, "inside", clock)
        reviews: Any = FakeReviewDoors(admin=[ReviewView(study="1.2.1", series=())])
        return create_app(
            doors=doors, views=views, vitals=vitals, clock=clock, node="N1", desk=desk, ministry_get=ministry_get,
            peer=PeerDesk(reviews, accounts, clock, SCALE, (), ()) if blind else None,
        )  # fmt: skip

    return make


@pytest.fixture
def hbys(build: Build) -> FlaskClient:
    client: FlaskClient = build().test_client()
    return client


def ask(client: FlaskClient, operation: str = "previous-studies", **differs: Any) -> TestResponse:
    return client.post(f"{BASE}/{operation}", json={**ASKED, **differs}, headers=TOKEN)


def test_a_query_is_answered_in_the_field_names_of_the_ministrys_service(hbys: FlaskClient, kept: SqlLedger) -> None:
    record(kept, "A1", 10)
    answer = ask(hbys)
    assert answer.status_code == 200 and answer.content_type == "application/json"
    (one,) = json.loads(answer.data)
    name = one["OrderId"]
    assert one == {
        "OrderId": name,
        "InstitutionName": OTHER.name,
        "SKRS": OTHER.skrs,
        "AccessionNumber": "A1",
        "ScheduleDate": "2024-07-05T12:00:00",
        "PerformedDate": "2024-05-01T10:15:00",
        "RequestedProcedureDescription": "Mamografi",
        "SutCode": SUT,
        "IsStudyExist": True,
        "IsReportExist": True,
        "ReportLink": f"{BASE}/orders/{name}/report",
        "ImageLink": f"{BASE}/orders/{name}/images",
    }
    assert TCKN not in answer.text and PHYSICIAN not in answer.text
    assert (answer.headers["Gecit-Complete"], "Gecit-Reason" in answer.headers) == ("true", False)
    query = kept.read(lambda tx: tx.duplicate_query(answer.headers["Gecit-Query"]))
    assert query and (query.tckn, query.physician) == (TCKN, PHYSICIAN)


def test_no_duplicate_is_an_empty_list(hbys: FlaskClient) -> None:
    assert json.loads(ask(hbys).data) == []


def test_codes_may_be_numbers_and_further_fields_are_passed_over(hbys: FlaskClient, kept: SqlLedger) -> None:
    record(kept, "A1", 10)
    answer = ask(
        hbys,
        SutCode=801590,
        MedulaInstitutionId=int(ASKING.medula_code),
        PatientCitizenId=int(TCKN),
        DoctorCitizenId=int(PHYSICIAN),
        Further={"x": 1},
    )
    assert len(json.loads(answer.data)) == 1


def test_a_list_of_codes_is_asked_at_once(hbys: FlaskClient, kept: SqlLedger) -> None:
    record(kept, "A1", 10)
    record(kept, "A2", 20, sut="R100250")
    answer = ask(hbys, "previous-studies-for-sut-code-list", SutCodeList=["801.590", "R100250"])
    assert [one["SutCode"] for one in json.loads(answer.data)] == [SUT, "R100250"]


def test_links_open_report_and_images_and_search_detail_then_says_so(hbys: FlaskClient, kept: SqlLedger) -> None:
    record(kept, "A1", 10)
    (one,) = json.loads(ask(hbys).data)
    detail = {"SutCodeList": [SUT], "DoctorCitizenId": None}
    assert json.loads(ask(hbys, "previous-studies-search-detail", **detail).data) == [{"SutCode": SUT, "Result": False}]
    report = hbys.get(one["ReportLink"], headers=TOKEN)
    assert report.content_type == "text/plain; charset=utf-8" and "ğüşiöç" in report.text and "5 < 6" in report.text
    assert report.headers["X-Content-Type-Options"] == "nosniff" and report.headers["Cache-Control"] == "no-store"
    images = json.loads(hbys.get(one["ImageLink"], headers=TOKEN).data)
    study = {"StudyInstanceUID": "1.2.1", "DicomWeb": "/dicom-web/studies/1.2.1"}
    assert images == {"Studies": [study], "Url": None}
    assert json.loads(ask(hbys, "previous-studies-search-detail", **detail).data) == [{"SutCode": SUT, "Result": True}]


def test_images_of_another_node_are_given_with_its_address(build: Build, kept: SqlLedger) -> None:
    study = facts(record(kept, "A1", 10))
    kept.write(lambda tx: tx.append(StudyFactsRecorded(at=NOW, study=study.key, facts=study)))
    app = build(ministry_get=True)
    app.extensions[NODES] = ("N1", kept)
    kept.claim_node(NewNode(name=study.key.node, mark="n", home="n", address="https://n.example"))
    client = app.test_client()
    (one,) = json.loads(ask(client).data)
    [given] = json.loads(client.get(one["ImageLink"], headers=TOKEN).data)["Studies"]
    assert given["DicomWeb"] == f"https://n.example/dicom-web/studies/{study.study_instance_uid}"
    asked = {"parameter": json.dumps({"OrderId": one["OrderId"]})}
    answer = client.get(f"{INTEGRATION}/GetImageLink", query_string=asked, headers=TOKEN)
    assert given["DicomWeb"] in answer.text and "localhost" not in answer.text


def test_of_two_nodes_that_hold_a_study_the_one_that_lives_is_given(build: Build, kept: SqlLedger) -> None:
    study = facts(record(kept, "A1", 10))
    for name in ("a", "n"):
        copy = replace(study, key=StudyKey(node=name, orthanc_id=study.key.orthanc_id))
        kept.write(lambda tx, one=copy: tx.append(StudyFactsRecorded(at=NOW, study=one.key, facts=one)))  # type: ignore[misc]
        kept.claim_node(NewNode(name=name, mark=name, home=name, address=f"https://{name}.example"))
    app = build()
    app.extensions[NODES] = ("N1", kept)
    client = app.test_client()
    (one,) = json.loads(ask(client).data)
    for dead, given in (("a", "n"), ("n", "a")):
        silence(kept, dead)
        [study_link] = json.loads(client.get(one["ImageLink"], headers=TOKEN).data)["Studies"]
        assert study_link["DicomWeb"].startswith(f"https://{given}.example/")
        kept.node_lives(NewNode(name=dead, mark=dead, home=dead))


def test_a_report_under_blind_review_is_shut_to_its_reviewer_by_either_way(build: Build, kept: SqlLedger) -> None:
    record(kept, "A1", 10)
    for blind, status in ((False, 200), (True, 403)):
        client = build(ministry_get=True, blind=blind).test_client()
        (one,) = json.loads(ask(client).data)
        asked = {"parameter": json.dumps({"OrderId": one["OrderId"]})}
        for answer in (
            client.get(one["ReportLink"], headers=TOKEN),
            client.get(f"{INTEGRATION}/GetReport", query_string=asked, headers=TOKEN),
        ):
            assert answer.status_code == status
            assert ("ğüşiöç" in answer.text) is not blind
            assert ("kör incelemede" in answer.text) is blind
        assert client.get(one["ImageLink"], headers=TOKEN).status_code == 200


def test_a_report_in_html_opens_as_text_without_its_scripts(hbys: FlaskClient, kept: SqlLedger) -> None:
    record(kept, "A1", 10, format="HTML", findings="<p>Olağan &amp; <b>temiz</b></p><script>alert(1)</script>")
    (one,) = json.loads(ask(hbys).data)
    text = hbys.get(one["ReportLink"], headers=TOKEN).text
    assert "Olağan & temiz" in text and "<" not in text.replace("5 < 6", "") and "alert" not in text


def test_an_exam_without_report_or_images_has_no_such_link(hbys: FlaskClient, kept: SqlLedger) -> None:
    record(kept, "A1", 10, report=False)
    (one,) = json.loads(ask(hbys).data)
    assert (one["IsReportExist"], one["ReportLink"]) == (False, None) and one["ImageLink"]


def test_a_patient_without_a_number_gets_an_empty_list_and_the_reason(hbys: FlaskClient, kept: SqlLedger) -> None:
    for number in (None, "", "10000000000"):
        answer = ask(hbys, PatientCitizenId=number)
        assert json.loads(answer.data) == []
        assert (answer.headers["Gecit-Complete"], answer.headers["Gecit-Reason"]) == ("false", "no-number")
        query = kept.read(lambda tx, name=answer.headers["Gecit-Query"]: tx.duplicate_query(name))  # type: ignore[misc]
        assert query and query.state is Answering.UNASKABLE


def test_an_answer_without_the_service_above_is_marked(build: Build, kept: SqlLedger) -> None:
    record(kept, "A1", 10)
    service = FakeService()
    service.fails = Unavailable("gone")
    answer = ask(build(service=service).test_client())
    assert len(json.loads(answer.data)) == 1
    assert (answer.headers["Gecit-Complete"], answer.headers["Gecit-Reason"]) == ("false", "upstream-unavailable")


@pytest.mark.parametrize(
    ("differs", "status", "kind"),
    [
        ({"MedulaInstitutionId": "1"}, 422, "unknown-institution"),
        ({"PatientCitizenId": "10000000147"}, 422, "patient-number"),
        ({"DoctorCitizenId": None}, 422, "physician-number"),
        ({"SutCode": ""}, 422, "no-sut-code"),
        ({"SutCode": "80-15"}, 422, "sut-code"),
        ({"SutCode": None}, 400, "no-question"),
        ({"SutCode": ["801590"]}, 400, "no-question"),
    ],
)
def test_what_is_wrong_is_told_in_both_languages_without_repeating_it(
    hbys: FlaskClient, differs: dict[str, Any], status: int, kind: str
) -> None:
    answer = ask(hbys, **differs)
    problem = json.loads(answer.data)
    assert (answer.status_code, answer.content_type, problem["type"]) == (status, "application/problem+json", kind)
    assert all(problem[part][language] for part in ("title", "detail") for language in ("tr", "en"))
    assert TCKN not in answer.text and PHYSICIAN not in answer.text and "10000000147" not in answer.text


def test_too_many_codes_and_none_are_told_apart(hbys: FlaskClient) -> None:
    operation = "previous-studies-for-sut-code-list"
    many = ask(hbys, operation, SutCodeList=[str(801000 + n) for n in range(21)])
    none = ask(hbys, operation, SutCodeList=[])
    assert [json.loads(one.data)["type"] for one in (many, none)] == ["too-many-codes", "no-sut-code"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"SutCode": "801590"}', b"\xff\xfe", b'{"SutCode": "\xb8"}', DEEP]
)
def test_a_body_that_is_no_question_is_a_problem(hbys: FlaskClient, body: bytes) -> None:
    answer = hbys.post(f"{BASE}/previous-studies", data=body, headers=TOKEN)
    assert (answer.status_code, json.loads(answer.data)["type"]) == (400, "no-question")


def test_a_link_of_nobody_is_not_found(hbys: FlaskClient) -> None:
    answer = hbys.get(f"{BASE}/orders/{'0' * 32}.0/report", headers=TOKEN)
    assert (answer.status_code, json.loads(answer.data)["type"]) == (404, "unknown-order-id")


def test_nobody_asks_without_a_token(hbys: FlaskClient, kept: SqlLedger) -> None:
    assert hbys.post(f"{BASE}/previous-studies", json=ASKED).status_code == 401
    assert kept.read(lambda tx: tx.duplicate_queries(TCKN, NOW, NOW)) == []


def test_a_ledger_that_cannot_be_reached_is_503(hbys: FlaskClient, kept: SqlLedger) -> None:
    ask(hbys)
    with kept.engine.begin() as connection:
        connection.exec_driver_sql("alter table duplicate_query rename to elsewhere")
    answer = ask(hbys)
    assert (answer.status_code, json.loads(answer.data)["type"]) == (503, "unavailable")


# The Ministry's GET


def test_the_ministrys_get_is_there_only_where_a_site_switches_it_on(build: Build, kept: SqlLedger) -> None:
    record(kept, "A1", 10)
    path = f"{INTEGRATION}/GetPreviousStudies"
    wanted = {"parameter": json.dumps(ASKED)}
    assert build().test_client().get(path, query_string=wanted, headers=TOKEN).status_code == 404
    answer = build(ministry_get=True).test_client().get(path, query_string=wanted, headers=TOKEN)
    assert [one["AccessionNumber"] for one in json.loads(answer.data)] == ["A1"]


@pytest.mark.parametrize("parameter", [None, "", "{", "[]", "x" * 5000])
def test_a_parameter_that_is_no_question_is_a_problem(build: Build, parameter: str | None) -> None:
    wanted = {} if parameter is None else {"parameter": parameter}
    answer = (
        build(ministry_get=True)
        .test_client()
        .get(f"{INTEGRATION}/GetPreviousStudies", query_string=wanted, headers=TOKEN)
    )
    assert (answer.status_code, json.loads(answer.data)["type"]) == (400, "no-question")


def test_nothing_of_a_query_is_in_any_log_line(
    build: Build, kept: SqlLedger, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    port = free_port()
    stop = serve(build(ministry_get=True), port)
    try:
        for sut in ("801590", "x"):
            asked = quote(json.dumps({**ASKED, "SutCode": sut}))
            _get(port, f"{INTEGRATION}/GetPreviousStudies?parameter={asked}")
            _get(port, f"{INTEGRATION}/Nothing?parameter={asked}")
        requests.post(f"http://127.0.0.1:{port}{BASE}/previous-studies", json=ASKED, headers=TOKEN, timeout=5)
    finally:
        stop()
    assert len(kept.read(lambda tx: tx.duplicate_queries(TCKN, NOW, NOW))) == 2
    ours = [one.getMessage() for one in caplog.records if not one.name.startswith("urllib3")]  # the test's own client
    written = "\n".join([*ours, *capfd.readouterr()])
    assert TCKN not in written and PHYSICIAN not in written and "parameter=" not in written


def _get(port: int, path: str) -> None:
    requests.get(f"http://127.0.0.1:{port}{path}", headers=TOKEN, timeout=5)


# The description


@pytest.mark.parametrize("ministry_get", [False, True])
def test_the_description_names_every_route_and_only_those(build: Build, ministry_get: bool) -> None:
    app = build(ministry_get=ministry_get)
    served = json.loads(app.test_client().get("/gecit/api/openapi.json", headers=TOKEN).data)
    assert served == json.loads(json.dumps(description(described(ministry_get=ministry_get))))
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(one)), method.lower())
        for one in app.url_map.iter_rules()
        for method in (one.methods or set()) - {"HEAD", "OPTIONS"}
        if str(one).startswith("/gecit/api/")
    }
    assert {(path, method) for path, methods in served["paths"].items() for method in methods} == routes


def test_the_description_names_every_field_of_question_and_answer(hbys: FlaskClient, kept: SqlLedger) -> None:
    record(kept, "A1", 10)
    served = json.loads(hbys.get("/gecit/api/openapi.json", headers=TOKEN).data)
    schemas = served["components"]["schemas"]
    assert set(ASKED) == set(schemas["SutQuestion"]["properties"])
    assert set(json.loads(ask(hbys).data)[0]) == set(schemas["PreviousStudy"]["properties"])
    posted = served["paths"][f"{BASE}/previous-studies"]["post"]
    assert posted["requestBody"]["required"] and "Gecit-Complete" in posted["responses"]["200"]["headers"]
