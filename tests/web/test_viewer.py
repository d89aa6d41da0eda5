"""The viewer's page and the links to an exam's images."""

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from gecit.core.access import Person, Role
from gecit.core.facts import StudyKey
from gecit.edges.doors import Admission, Doors
from gecit.edges.store import SqlLedger
from tests.fakes import FakeViews
from tests.support.exams import CLEAN, FRESH, HELD, fill, record
from tests.web.conftest import BASIC

UID = "1.2.826.0.1.3680043.8.498.11111111111111111111111111111111111111"
OPENED = f"/gecit/ohif/viewer?StudyInstanceUIDs={UID}"


@pytest.fixture(autouse=True)
def _exams(views: FakeViews) -> None:
    fill(views)


@pytest.fixture
def radiologist(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever signs in is a radiologist of 910002."""
    person = Person(name="r", roles=(Role.RADIOLOGIST,), institution="910002")
    monkeypatch.setattr(Admission, "person", property(lambda _: person))
    monkeypatch.setattr(Doors, "admit", lambda *_: Admission(who="r"))


def read(client: FlaskClient, path: str, **headers: str):  # type: ignore[no-untyped-def]
    return client.get(path, headers={"Authorization": BASIC, **headers})


@pytest.mark.parametrize(
    "path", ["/gecit/ohif", "/gecit/ohif/", "/gecit/ohif/viewer?StudyInstanceUIDs=1", "/gecit/ohif/a/b"]
)
def test_each_address_of_the_viewer_is_its_one_page(client: FlaskClient, path: str) -> None:
    answer = read(client, path)
    assert answer.status_code == 200 and '<div id="root">' in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval';" in policy and "http" not in policy
    assert "<script>" not in answer.text
    assert answer.headers["Cache-Control"] == "no-cache"
    again = read(client, path, **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_page_of_another_language_is_another_page(client: FlaskClient) -> None:
    turkish, english = read(client, "/gecit/ohif?lang=tr"), read(client, "/gecit/ohif?lang=en")
    assert '<html lang="tr">' in turkish.text and '<html lang="en">' in english.text
    assert turkish.headers["ETag"] != english.headers["ETag"]


@pytest.mark.parametrize("path", ["/gecit/ohif", "/gecit/viewer?accession=1"])
def test_nobody_opens_it_without_signing_in(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code in (302, 303, 401)


@pytest.mark.parametrize(
    "path",
    [
        f"/gecit/viewer?institution={CLEAN.institution}&accession={CLEAN.accession}",
        f"/gecit/viewer?accession={CLEAN.accession}",
        f"/gecit/viewer/{CLEAN.institution}/{CLEAN.accession}",
        "/gecit/viewer/910001/CT-%C4%B0/7",
    ],
)
def test_an_accession_number_opens_the_images(client: FlaskClient, path: str) -> None:
    answer = read(client, path)
    assert (answer.status_code, answer.headers["Location"]) == (303, OPENED)


def test_an_exam_of_several_studies_opens_them_all_and_those_of_another_node_are_named(
    client: FlaskClient, views: FakeViews
) -> None:
    exam = next(one for one in views.exams if one.key == CLEAN)
    linked = exam.studies[0]
    other = replace(linked, facts=replace(linked.facts, study_instance_uid="1.2.3", key=StudyKey("N1", "b")))
    away = replace(linked, facts=replace(linked.facts, study_instance_uid="1.2.4", key=StudyKey("N2", "c")))
    views.exams[views.exams.index(exam)] = changed = replace(exam, studies=(linked, other, away))
    path = f"/gecit/viewer/{CLEAN}"
    assert read(client, path).headers["Location"] == f"{OPENED}%2C1.2.3"
    views.exams[views.exams.index(changed)] = replace(exam, studies=(away,))
    answer = read(client, path)
    assert answer.status_code == 404 and "başka bir düğümde" in answer.text


def test_images_that_are_set_aside_are_not_opened_and_the_pages_say_why(client: FlaskClient, views: FakeViews) -> None:
    exam = next(one for one in views.exams if one.key == CLEAN)
    linked = exam.studies[0]
    aside = replace(linked, facts=replace(linked.facts, aside="deep"))
    other = replace(linked, facts=replace(linked.facts, study_instance_uid="1.2.3", key=StudyKey("N1", "b")))
    views.exams[views.exams.index(exam)] = changed = replace(exam, studies=(aside,))
    answer = read(client, f"/gecit/viewer/{CLEAN}")
    assert answer.status_code == 409 and "kenara ayrıldı" in answer.text and "Gönderen kurum" in answer.text
    assert "set aside" in read(client, f"/gecit/viewer/{CLEAN}?lang=en").text
    views.exams[views.exams.index(changed)] = replace(exam, studies=(aside, other))
    assert read(client, f"/gecit/viewer/{CLEAN}").headers["Location"].endswith("StudyInstanceUIDs=1.2.3")


def test_an_exam_without_images_says_who_must_send_them(client: FlaskClient) -> None:
    answer = read(client, f"/gecit/viewer/{FRESH}")
    assert answer.status_code == 404 and "henüz gelmedi" in answer.text and "PACS yöneticisi" in answer.text
    assert "No images" in read(client, f"/gecit/viewer/{FRESH}?lang=en").text


def test_a_number_that_two_institutions_have_needs_the_institution(client: FlaskClient, views: FakeViews) -> None:
    exam = next(one for one in views.exams if one.key == CLEAN)
    twin = replace(exam, key=replace(CLEAN, institution="910002"))
    views.exams.append(twin)
    answer = read(client, f"/gecit/viewer?accession={CLEAN.accession}")
    assert answer.status_code == 400 and "institution=" in answer.text
    assert read(client, f"/gecit/viewer?accession={CLEAN.accession}&institution=910002").status_code == 303


@pytest.mark.parametrize("path", ["/gecit/viewer", "/gecit/viewer?accession=", "/gecit/viewer?accession=YOK"])
def test_what_nobody_knows_is_not_found(client: FlaskClient, path: str) -> None:
    assert read(client, path).status_code == 404


@pytest.mark.usefixtures("radiologist")
def test_a_foreign_exam_is_as_unknown_as_one_that_is_not(client: FlaskClient) -> None:
    foreign, unknown = (read(client, f"/gecit/viewer/910001/{one}") for one in (CLEAN.accession, "YOK"))
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.text.replace(CLEAN.accession, "YOK") == unknown.text
    assert "henüz gelmedi" in read(client, f"/gecit/viewer/{FRESH}").text, "the own one is answered"


def test_the_exam_page_opens_its_images_with_one_click(client: FlaskClient, book: SqlLedger) -> None:
    record(book)
    assert (
        f'href="/gecit/viewer/{HELD.institution}/CT-%C4%B0/7"' in read(client, "/gecit/exams/910001/CT-%C4%B0/7").text
    )
    assert "/gecit/viewer" not in read(client, f"/gecit/exams/{FRESH}").text
