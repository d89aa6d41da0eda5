"""The page of the nodes, and links to images that another node holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from msgspec.structs import replace

from gecit.core.events import StudyFactsRecorded
from gecit.core.facts import StudyKey
from gecit.edges.store import SqlLedger
from gecit.edges.store.schema import node
from gecit.ports.nodes import SILENT, NewNode, Node
from gecit.web.elsewhere import origin_of
from tests.fakes import NOON, FakeViews
from tests.support.exams import CLEAN, fill, put, record
from tests.support.flow import START, study
from tests.web.conftest import BASIC

HERE = NewNode(name="N1", mark="1", home="1", address="https://n1.example", version="0.9", orthanc="1.10.1")
THERE = NewNode(name="N2", mark="2", home="2", address="https://n2.example")


def silence(ledger: SqlLedger, name: str) -> None:
    old = ledger.database_time() - SILENT - timedelta(seconds=5)
    with ledger.engine.begin() as connection:
        connection.execute(sa.update(node).where(node.c.name == name).values(beat_at=old))


def put_elsewhere(views: FakeViews) -> None:
    """Have one exam's images be on N2 alone."""
    fill(views)
    exam = next(one for one in views.exams if one.key == CLEAN)
    away = replace(exam.studies[0], facts=replace(exam.studies[0].facts, key=StudyKey("N2", "c")))
    views.exams[views.exams.index(exam)] = replace(exam, studies=(away,))


def test_the_page_shows_who_is_there_and_who_is_not(page: Callable[..., str], book: SqlLedger) -> None:
    assert "Henüz hiçbir düğüm" in page("/gecit/nodes")
    book.claim_node(HERE)
    book.claim_node(THERE)
    text = page("/gecit/nodes")
    assert "Bütün düğümler çalışıyor" in text and "Geçit 0.9, Orthanc 1.10.1" in text and "bu düğüm" in text
    assert 'href="https://n2.example/gecit/"' in text
    silence(book, "N2")
    assert "gecit nodes forget NAME" in page("/gecit/nodes?lang=en")


def test_a_link_to_images_goes_to_the_node_that_holds_them(
    client: FlaskClient, views: FakeViews, book: SqlLedger
) -> None:
    put_elsewhere(views)
    book.claim_node(THERE)
    answer = client.get(f"/gecit/viewer?accession={CLEAN.accession}", headers={"Authorization": BASIC})
    assert answer.status_code == 303
    there = f"https://n2.example/gecit/viewer/{CLEAN.institution}/{CLEAN.accession}?from=N1"
    assert answer.headers["Location"] == there
    page = client.get(answer.request.full_path, headers={"Authorization": BASIC, "Accept": "text/html"})
    assert page.status_code == 200, "a form may have led here, whose page forbids to be redirected elsewhere"
    assert f'http-equiv="refresh" content="0; url={there}"' in page.text and f'href="{there}"' in page.text


def test_images_at_two_nodes_are_offered_at_both(
    client: FlaskClient, page: Callable[..., str], views: FakeViews, book: SqlLedger
) -> None:
    fill(views)
    exam = next(one for one in views.exams if one.key == CLEAN)
    away = replace(exam.studies[0], facts=replace(exam.studies[0].facts, key=StudyKey("N2", "c")))
    views.exams[views.exams.index(exam)] = replace(exam, studies=(away, *exam.studies, away))
    path = f"/gecit/viewer/{CLEAN.institution}/{CLEAN.accession}"
    here, there = {"Authorization": BASIC, "Accept": "text/html"}, f"https://n2.example{path}?at=N2&from=N1"
    text = client.get(f"{path}?lang=en", headers=here).text
    assert "N1: studies: 1" in text and "N2: studies: 2" in text
    assert f'href="{path}?at=N1"' in text and f'href="{path}?at=N2"' not in text, "nobody knows that node"
    book.claim_node(HERE)
    book.claim_node(THERE)
    assert f'href="{path}?at=N2"' in client.get(path, headers=here).text
    assert client.get(f"{path}?at=N2", headers={"Authorization": BASIC}).headers["Location"] == there
    for asked in (path, f"{path}?at=N1"):
        opened = client.get(asked, headers={"Authorization": BASIC}).headers["Location"]
        assert opened.startswith("/gecit/ohif/viewer?StudyInstanceUIDs="), asked
    assert client.get(f"{path}?at=N1", headers=here).status_code == 303, "chosen on the page"


def test_an_exam_whose_studies_lie_at_two_nodes_names_them(page: Callable[..., str], book: SqlLedger) -> None:
    record(book)
    place = f"/gecit/exams/{CLEAN.institution}/{CLEAN.accession}?lang=en"
    assert "<dt>Node</dt>" not in page(place)
    exam = book.read(lambda tx: tx.exam(CLEAN))
    assert exam
    away = replace(exam.studies[0], facts=replace(exam.studies[0].facts, key=StudyKey("N2", "c")))
    put(book, replace(exam, studies=(away, *exam.studies)))
    text = page(place)
    assert f"<dt>Node</dt><dd>{exam.studies[0].facts.key.node}</dd>" in text and "<dt>Node</dt><dd>N2</dd>" in text


def test_images_at_a_node_of_the_same_address_are_no_button_that_leads_back(
    client: FlaskClient, views: FakeViews, book: SqlLedger
) -> None:
    fill(views)
    exam = next(one for one in views.exams if one.key == CLEAN)
    away = replace(exam.studies[0], facts=replace(exam.studies[0].facts, key=StudyKey("N2", "c")))
    views.exams[views.exams.index(exam)] = replace(exam, studies=(away, *exam.studies))
    book.claim_node(HERE)
    book.claim_node(replace(THERE, address=HERE.address))
    path = f"/gecit/viewer/{CLEAN.institution}/{CLEAN.accession}"
    here = {"Authorization": BASIC, "Accept": "text/html"}
    text = client.get(f"{path}?lang=en", headers=here, base_url=HERE.address).text
    assert "N2: studies: 1" in text and f'href="{path}?at=N2"' not in text


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://A.example:443/", "https://a.example"),
        ("http://a.example:80", "http://a.example"),
        ("https://a.example:8443", "https://a.example:8443"),
        ("https://[2001:db8::1]:443", "https://[2001:db8::1]"),
        ("https://şişli.example", "https://xn--ili-rzab.example"),
    ],
)
def test_a_nodes_origin_is_written_as_browsers_write_it(address: str, origin: str) -> None:
    """Else another node refuses what this one sends, and no header holds the letters of its policy."""
    one = Node(name="A", mark="a", home="a", address=address, started_at=NOON, beat_at=NOON, silent=timedelta(0))
    assert origin_of(one) == origin


def test_nobody_is_sent_to_where_he_is(page: Callable[..., str], views: FakeViews, book: SqlLedger) -> None:
    """Nodes behind one address, or a balancer that leads a dead node's visitors here: he would go round for ever."""
    put_elsewhere(views)
    path = f"/gecit/viewer/{CLEAN.institution}/{CLEAN.accession}"
    book.claim_node(HERE)
    book.claim_node(replace(THERE, address=HERE.address))
    assert "başka bir düğümde" in page(path, 404)
    book.claim_node(replace(THERE, address="http://localhost"))
    assert "başka bir düğümde" in page(path, 404)


def test_a_silent_node_is_named_with_what_to_do(page: Callable[..., str], views: FakeViews, book: SqlLedger) -> None:
    put_elsewhere(views)
    path = f"/gecit/viewer/{CLEAN.institution}/{CLEAN.accession}"
    assert "başka bir düğümde" in page(path, 404), "nobody knows that node"
    book.claim_node(replace(THERE, address=""))
    assert "başka bir düğümde" in page(path, 404), "it has no address"
    silence(book, "N2")
    assert "Görüntüleri tutan N2 düğümü yanıt vermiyor" in page(path, 503)
    assert "Node N2, which holds the images, does not answer" in page(f"{path}?lang=en", 503)


def test_the_viewer_by_uid_leads_to_the_node_of_the_study_whose_images_are_open_to_who_asks(
    client: FlaskClient, book: SqlLedger
) -> None:
    facts = replace(study("far"), key=StudyKey("N2", "far"), study_instance_uid="1.2.3", institution="910001")
    book.write(lambda tx: tx.append(StudyFactsRecorded(at=START, study=facts.key, facts=facts)))
    path, headers = "/gecit/ohif/viewer?StudyInstanceUIDs=1.2.3", {"Authorization": BASIC}
    assert "başka bir düğümde: N2" in client.get(path, headers=headers).text
    book.claim_node(THERE)
    assert client.get(path, headers=headers).headers["Location"] == f"https://n2.example{path}&from=N1"
    assert client.get(f"{path},1.2.4", headers=headers).status_code == 200, "nobody knows of the other one"
    silence(book, "N2")
    assert client.get(path, headers=headers).status_code == 503


def test_in_a_frame_another_nodes_page_is_offered_in_a_window(
    client: FlaskClient, views: FakeViews, book: SqlLedger
) -> None:
    put_elsewhere(views)
    book.claim_node(THERE)
    headers = {"Authorization": BASIC, "Accept": "text/html", "Sec-Fetch-Dest": "iframe"}
    page = client.get(f"/gecit/viewer/{CLEAN.institution}/{CLEAN.accession}", headers=headers).text
    assert "http-equiv" not in page and 'target="_blank"' in page and "kendi penceresinde" in page
