"""The quality pages on a real ledger: who sees what, the filters, an assessor's rating, the JSON."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from msgspec.structs import replace
from werkzeug.test import TestResponse

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.events import HintsFound, ReportReceived
from gecit.core.quality import Hint, Mender
from gecit.core.ratings import ratings_of
from gecit.edges.audit_book import AuditBook
from gecit.edges.doors import Doors
from gecit.edges.quality_files import read_quality
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import AuditSearch, Institution
from gecit.web.app import create_app
from gecit.web.quality import QualityDesk
from gecit.web.quality.list_page import PAGE
from tests.fakes import FakeVitals, StillClock
from tests.support.flow import HOSPITAL, TCKN, key, report
from tests.support.reading import NOW, wait_for_reader

RULES = Path(__file__).parents[2] / "rules"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "uzun bir parola 7"
ASSESSOR = Account(name="zeynep", roles=(Role.ASSESSOR,), institution=HOSPITAL.skrs)
PEOPLE = (
    ASSESSOR,
    replace(ASSESSOR, name="uzak", institution="910009"),
    replace(ASSESSOR, name="ayse", roles=(Role.RADIOLOGIST,)),
    replace(ASSESSOR, name="hekim", roles=(Role.CLINICIAN,)),
    Account(name="yonetici", roles=(Role.ADMINISTRATOR,)),
)
LIST = "/gecit/quality"
PLACE = f"/gecit/quality/exam/{HOSPITAL.skrs}/A1"
FLAT = Hint(
    code="pixel-spacing-missing",
    where="(0028,0030)",
    mender=Mender.MODALITY,
    expected="> 0 mm",
    source="DICOM PS3.3 C.7.6.2",
    series="1.2.9",
)


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    opened = open_ledger("sqlite://")
    for skrs in (HOSPITAL.skrs, "910009"):
        one = Institution(skrs=skrs, name=f"Hastane {skrs}")
        opened.write(lambda tx, one=one: tx.record_institution(one, NOW))  # type: ignore[misc]
    for account in PEOPLE:
        opened.save_account(account, NOW)
        opened.set_password(account.name, CHEAP.hash(PASSWORD), NOW)
    wait_for_reader(opened)
    wait_for_reader(opened, "A2")
    opened.write(lambda tx: tx.append(HintsFound(at=NOW, exam=key(), hints=(FLAT,), data="r1")))
    said = replace(report(), image_quality_rating=2, request_reason_rating=5, image_quality_reasons=("motion",))
    opened.write(lambda tx: tx.append(ReportReceived(at=NOW, exam=key(), report=said, message=2)))
    yield opened
    opened.close()


@pytest.fixture
def client(ledger: SqlLedger) -> FlaskClient:
    clock = StillClock(NOW)
    ticks = iter(range(0, 10**6, 10))  # nothing that a door remembers outlives a request
    doors = Doors(ledger, "inside", clock, lambda: float(next(ticks)))
    data = read_quality(RULES)
    desk = QualityDesk(ledger, clock, lambda: data)
    app = create_app(
        doors=doors,
        views=ledger,
        vitals=FakeVitals(),
        clock=clock,
        node="N",
        ledger=ledger,
        quality=desk,
        audit=AuditBook(ledger, b"k" * 32, "N/web", clock),
    )
    return app.test_client()


def ask(client: FlaskClient, who: str, path: str, form: dict[str, Any] | None = None) -> TestResponse:
    secret = base64.b64encode(f"{who}:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {secret}"}
    return client.post(path, data=form, headers=headers) if form is not None else client.get(path, headers=headers)


def give(client: FlaskClient, who: str = "zeynep", **form: Any) -> TestResponse:
    whole = {"institution": HOSPITAL.skrs, "accession": "A1", "kind": "image", "score": "4", **form}
    return ask(client, who, "/gecit/quality/rate", whole)


def scores(ledger: SqlLedger) -> list[tuple[str, str, int]]:
    exam = ledger.exam_of(key())
    assert exam
    return [(one.kind.value, one.rater, one.score) for one in ratings_of(exam)]


# The list


def test_the_list_shows_what_a_person_reaches_and_nobody_else(client: FlaskClient) -> None:
    page = ask(client, "zeynep", LIST).text
    assert "A1" in page
    assert ">A2<" not in page  # nothing is noted of it
    assert "Piksel aralığı yok" in page
    assert "Çekim kalitesi 2 / 5" in page
    assert TCKN not in page
    assert "A1" in ask(client, "yonetici", LIST).text
    assert "A1" in ask(client, "ayse", LIST).text
    assert "A1" not in ask(client, "uzak", LIST).text
    assert ask(client, "hekim", LIST).status_code == 403


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("kind=pixel-spacing-missing", True),
        ("kind=dose-high", False),
        ("kind=image", True),
        ("kind=request", False),
        ("modality=CT", True),
        ("modality=MR", False),
        (f"institution={HOSPITAL.skrs}", True),
        ("institution=910009", False),
        ("device=CT1", True),
        ("device=CT2", False),
        ("from=2026-03-02", True),
        ("from=2026-03-03", False),
        ("to=2026-03-02", True),
        ("to=2026-03-01", False),
        ("from=odd", True),
    ],
)
def test_the_list_is_narrowed_by_its_filters(client: FlaskClient, query: str, seen: bool) -> None:
    page = ask(client, "zeynep", f"{LIST}?{query}")
    assert page.status_code == 200
    assert (f"{PLACE}" in page.text) is seen


def test_older_ones_than_the_usual_stretch_are_shown_where_a_date_is_asked_for(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    old = wait_for_reader(ledger, "ESKI", ordered_at=NOW - timedelta(days=200))
    ledger.write(lambda tx: tx.append(HintsFound(at=NOW, exam=old, hints=(FLAT,), data="r1")))
    assert "ESKI" not in ask(client, "zeynep", LIST).text
    assert "ESKI" in ask(client, "zeynep", f"{LIST}?from=2025-01-01").text


def test_a_long_list_goes_on_from_page_to_page_without_a_gap(client: FlaskClient, ledger: SqlLedger) -> None:
    names = [f"N{number:03}" for number in range(PAGE + 4)]
    for name in names:
        one = wait_for_reader(ledger, name)
        ledger.write(lambda tx, one=one: tx.append(HintsFound(at=NOW, exam=one, hints=(FLAT,), data="r1")))
    first = ask(client, "zeynep", LIST).text
    onward = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = ask(client, "zeynep", onward).text
    seen = [name for name in [*names, "A1"] for page in (first, second) if f'/{name}"' in page]
    assert sorted(seen) == sorted([*names, "A1"])
    assert 'rel="next"' not in second


# The exam


def test_an_exam_shows_hints_with_who_must_mend_them_and_ratings_with_their_reasons(client: FlaskClient) -> None:
    page = ask(client, "zeynep", PLACE).text
    for said in (
        "(0028,0030)",
        "&gt; 0 mm",
        "Çekim birimi (cihaz)",
        "DICOM PS3.3 C.7.6.2",
        "1.2.9",
        "2 / 5",
        "Hareket",
    ):
        assert said in page
    english = ask(client, "zeynep", f"{PLACE}?lang=en").text
    assert "No pixel spacing" in english
    assert "Motion" in english


def test_the_exams_own_page_has_a_section_of_quality_for_whoever_may_see_it(client: FlaskClient) -> None:
    address = f"/gecit/exams/{HOSPITAL.skrs}/A1"
    assert "Piksel aralığı yok" in ask(client, "zeynep", address).text
    page = ask(client, "hekim", address)
    assert page.status_code == 200
    assert "Piksel aralığı yok" not in page.text
    assert "Kalite sayfası" not in page.text


def test_of_anothers_exam_every_door_says_the_same_as_of_none(client: FlaskClient) -> None:
    answers = [
        ask(client, "uzak", PLACE).status_code,
        ask(client, "uzak", PLACE.replace("A1", "YOK")).status_code,
        ask(client, "uzak", PLACE.replace("/quality/exam", "/api/quality")).status_code,
        give(client, "uzak").status_code,
        give(client, accession="YOK").status_code,
    ]
    assert answers == [404] * 5
    assert (give(client, "ayse").status_code, give(client, "yonetici").status_code) == (403, 403)


# Rating


def test_an_assessor_rates_sees_it_and_supersedes_it(client: FlaskClient, ledger: SqlLedger) -> None:
    answer = give(client, score="1", reason=["motion", "artefact"], note="Bulanık")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PLACE}?said=rated")
    page = ask(client, "zeynep", f"{PLACE}?said=rated").text
    assert "Puan kaydedildi" in page
    assert "Bulanık" in page
    assert "Yeni puan ver" in page
    give(client, score="4")
    assert scores(ledger) == [("image", "zeynep", 4), ("image", HOSPITAL.skrs, 2), ("request", HOSPITAL.skrs, 5)]
    page = ask(client, "zeynep", PLACE).text
    assert "Yerine yenisi verilen puanlar (1)" in page


def test_what_is_refused_keeps_what_was_typed_and_says_how_to_mend_it(client: FlaskClient, ledger: SqlLedger) -> None:
    answer = give(client, score="1", note="Yarım kaldı")
    assert answer.status_code == 422
    assert "en az bir neden" in answer.text
    assert "Yarım kaldı" in answer.text
    assert '<option value="1" selected>' in answer.text
    assert scores(ledger) == [("image", HOSPITAL.skrs, 2), ("request", HOSPITAL.skrs, 5)]
    assert give(client, score="9").status_code == 422
    assert give(client, score="4", note="10000000146").status_code == 422


# JSON


def test_hints_and_ratings_are_json_and_described(client: FlaskClient) -> None:
    found = ask(client, "zeynep", f"/gecit/api/quality/{HOSPITAL.skrs}/A1").json
    assert found
    assert (found["institution"], found["accession"], found["data"]) == (HOSPITAL.skrs, "A1", "r1")
    hint, image = found["hints"][0], found["ratings"][0]
    assert (hint["code"], hint["who"]["en"]) == ("pixel-spacing-missing", "The imaging unit (modality)")
    assert (image["kind"], image["score"], image["source"], image["version"]) == ("image", 2, "hl7", 1)
    assert image["reasons"] == [{"code": "motion", "title": {"tr": "Hareket", "en": "Motion"}}]
    described = ask(client, "zeynep", "/gecit/api/openapi.json").json
    assert described
    assert "/gecit/api/quality/{institution}/{accession}" in described["paths"]
    assert "QualityOfExam" in described["components"]["schemas"]


# The audit


def test_looking_and_rating_are_audited_and_refusals_too(client: FlaskClient, ledger: SqlLedger) -> None:
    ask(client, "zeynep", PLACE)
    give(client)
    give(client, "uzak")
    rows = reversed(ledger.audit_rows(AuditSearch()))
    said = [(one.who, one.what, one.outcome, one.accession) for one in rows if "quality" in one.what]
    assert said == [
        ("zeynep", "see quality", "done", "A1"),
        ("zeynep", "rate quality", "done", "A1"),
        ("uzak", "rate quality", "refused", "A1"),
    ]
