"""What the web process tells the audit, what it shows of it, and that nothing is shown where it cannot be told."""

from __future__ import annotations

import csv
import io
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from gecit.core.access import Action, Role
from gecit.core.accounts import Account
from gecit.core.audit import AuditEntry
from gecit.core.events import OrderPlaced
from gecit.core.order import Control, ExamKey, Order, Patient, Procedure
from gecit.edges.audit_book import AuditBook
from gecit.edges.doors import Doors, token_digest
from gecit.edges.orthanc_tags import OrthancTags
from gecit.edges.store import SqlLedger
from gecit.ports import AuditSearch
from gecit.processes.bulk import make_export
from gecit.steps.search_images import ImageSearches
from gecit.web.access import needs
from gecit.web.app import create_app
from gecit.web.audit import about
from gecit.web.tracking.exports import Exports
from gecit.web.trail.words import ACTIONS
from tests.fakes import NOON, FakeAccounts, FakeVitals, StillClock

HERE, THERE, TCKN = "10001", "10002", "10000000146"

PEOPLE = (("müdür", Role.MANAGER, HERE), ("yönetici", Role.ADMINISTRATOR, ""), ("konsültan", Role.CONSULTANT, HERE))


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def book(sqlite_ledger: SqlLedger, clock: StillClock) -> AuditBook:
    return AuditBook(sqlite_ledger, b"k" * 32, "N1/web", clock)


@pytest.fixture
def app(sqlite_ledger: SqlLedger, book: AuditBook, clock: StillClock, tmp_path: Path) -> Flask:
    accounts = FakeAccounts()
    for name, role, institution in PEOPLE:
        accounts.save_account(Account(name=name, roles=(role,), institution=institution), NOON)
        accounts.add_token(token_digest(name), name, NOON, None)
    for skrs in (HERE, THERE):
        key = ExamKey(institution=skrs, accession="A1")
        order = Order(
            key=key,
            control=Control.NEW,
            patient=Patient(tckn=TCKN, family="ÖRNEK"),
            procedures=(Procedure(sut="R100250"),),
        )
        placed = OrderPlaced(at=NOON, exam=key, order=order, message=1)
        sqlite_ledger.write(lambda tx, one=placed: tx.append(one))
    made = create_app(
        doors=Doors(accounts, "inside", clock), views=sqlite_ledger, vitals=FakeVitals(), clock=clock, node="N1",
        audit=book, ledger=sqlite_ledger, exports=Exports(folder=tmp_path, start=lambda _: None),
        images=ImageSearches(sqlite_ledger, OrthancTags("http://127.0.0.1:1", ""), "N1"),
    )  # fmt: skip

    @needs(Action.RETRY_DELIVERY)
    def retry() -> str:
        about(HERE, "A1", patient=TCKN)
        return "done"

    @needs(Action.SEE_RULES)
    def see_rules() -> str:
        return "rules"

    made.add_url_rule("/gecit/rules", "rules.show", see_rules)
    made.add_url_rule("/gecit/tried", "retry", retry, methods=["POST"])
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def ask(client: FlaskClient, path: str, who: str = "müdür", method: str = "GET", **more: Any) -> Any:
    return client.open(path, method=method, headers={"Authorization": f"Bearer {who}"}, **more)


def said(book: AuditBook) -> list[tuple[str, str, str, str, str]]:
    rows = reversed(book.rows(AuditSearch(limit=1000)))
    return [(one.who, one.what, one.outcome, one.institution, one.accession) for one in rows]


def test_a_view_is_a_row_with_whose_data_it_was(client: FlaskClient, book: AuditBook, clock: StillClock) -> None:
    for _ in range(3):
        assert ask(client, f"/gecit/exams/{HERE}/A1").status_code == 200
    assert said(book) == [("müdür", "see an exam", "done", HERE, "A1")]
    (row,) = book.rows(AuditSearch(patient=book.digest(TCKN)))
    assert (row.address, row.detail) == ("127.0.0.1", {"route": "tracking.exam"})
    clock.advance(601)
    ask(client, f"/gecit/exams/{HERE}/A1")
    assert len(said(book)) == 2


def test_a_refusal_is_a_row_whether_it_says_so_or_not(client: FlaskClient, book: AuditBook) -> None:
    assert ask(client, f"/gecit/exams/{THERE}/A1").status_code == 404
    assert ask(client, "/gecit/audit").status_code == 403
    assert said(book) == [
        ("müdür", "see an exam", "refused", THERE, "A1"), ("müdür", "see the audit", "refused", "", "")
    ]  # fmt: skip


def test_each_change_is_a_row_with_a_digest_of_what_was_sent(client: FlaskClient, book: AuditBook) -> None:
    for _ in range(2):
        assert ask(client, "/gecit/tried", method="POST", data={"a": TCKN}).status_code == 200
    ask(client, "/gecit/tried", method="POST", data={"a": "other"})
    rows = book.rows(AuditSearch(what="retry a delivery"))
    assert [one.patient for one in rows] == [book.digest(TCKN)] * 3
    digests = [one.detail["payload"] for one in rows]
    assert digests[1] == digests[2] != digests[0]
    assert TCKN not in repr(rows)


def test_what_is_nobodys_and_what_nobody_may_is_no_row(client: FlaskClient, book: AuditBook) -> None:
    for path in ("/gecit/health", "/gecit/api/live", "/gecit/static/gecit.css", "/gecit/nothing"):
        ask(client, path)
    client.get(f"/gecit/exams/{HERE}/A1")
    ask(client, f"/gecit/exams/{HERE}/A1", "stranger")
    assert said(book) == []


def test_where_the_audit_cannot_be_written_nothing_is_shown(
    client: FlaskClient, sqlite_ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(sqlite_ledger, "add_audit", lambda *_: (_ for _ in ()).throw(OSError(TCKN)))
        answer = ask(client, f"/gecit/exams/{HERE}/A1")
        assert answer.status_code == 503
        assert "ÖRNEK" not in answer.text and TCKN not in answer.text
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert ask(client, "/gecit/health").status_code != 500
    assert ask(client, f"/gecit/exams/{HERE}/A1").status_code == 200


def test_the_page_lists_and_filters(client: FlaskClient, book: AuditBook) -> None:
    for number in range(105):
        book.record(AuditEntry(at=NOON + timedelta(minutes=number), who=f"u{number}", what="sign in", outcome="done"))
    book.record(AuditEntry(at=NOON, who="<b>x</b>", what="export", outcome="refused", why="403", institution=HERE))
    first = ask(client, "/gecit/audit", "yönetici").text
    assert "u104" in first and "u3<" not in first and "page=2" in first
    assert "u3<" in ask(client, "/gecit/audit?page=2", "yönetici").text
    refused = ask(client, "/gecit/audit?outcome=refused&institution=10001", "yönetici").text
    assert "&lt;b&gt;x" in refused and "<b>x" not in refused and "u104" not in refused
    assert "Kayıt yok" in ask(client, "/gecit/audit?since=2026-03-04", "yönetici").text
    assert "u104" in ask(client, "/gecit/audit?since=2026-03-02&until=2026-03-02&lang=en", "yönetici").text
    assert "u104" not in ask(client, "/gecit/audit?until=2026-03-01", "yönetici").text
    assert ask(client, "/gecit/audit?since=yesterday&page=x", "yönetici").status_code == 200


@pytest.mark.parametrize(
    "query", ["until=9999-12-31", "since=0001-01-01", "page=0000199999999999999999999", "page=99999", "since=x"]
)
def test_the_ends_of_calendar_and_paging_are_no_fault(client: FlaskClient, query: str) -> None:
    answer = ask(client, f"/gecit/audit?{query}", "yönetici")
    assert answer.status_code == 200 and ("YYYY-AA-GG" in answer.text) is not query.startswith("page")


def test_a_row_leads_to_its_exam_and_says_why_in_words(client: FlaskClient, book: AuditBook) -> None:
    book.record(
        AuditEntry(
            at=NOON, who="u", what="see an exam", outcome="refused", why="403", institution=HERE, accession="A/1"
        )
    )
    book.record(AuditEntry(at=NOON, who="u", what="use Orthanc", outcome="refused", why="missing"))
    text = ask(client, "/gecit/audit", "yönetici").text
    assert f'href="/gecit/exams/{HERE}/A/1"' in text
    assert "Bu işlem için yetkiniz yok" in text and "oturum açılmamış" in text and ">missing<" not in text


def test_a_wrong_number_stays_to_be_mended_and_the_language_leads_to_a_page_that_is_there(client: FlaskClient) -> None:
    wrong = ask(client, "/gecit/audit/patient", "yönetici", "POST", data={"tckn": "12345678901"})
    assert 'value="12345678901"' in wrong.text
    assert 'href="/gecit/?lang=en"' in wrong.text, "what was posted has no address to read again"


def test_every_action_has_its_words(client: FlaskClient) -> None:
    assert {one.value for one in Action} <= set(ACTIONS)


def test_a_patients_views_are_asked_by_post_and_the_number_is_shown_nowhere(
    client: FlaskClient, book: AuditBook
) -> None:
    ask(client, f"/gecit/exams/{HERE}/A1")
    page = ask(client, "/gecit/audit/patient", "yönetici", "POST", data={"tckn": TCKN})
    assert "müdür" in page.text and TCKN not in page.text and "…146" in page.text
    table = ask(client, "/gecit/audit/patient", "yönetici", "POST", data={"tckn": TCKN, "csv": "1"})
    assert table.content_type.startswith("text/csv") and "müdür" in table.text
    wrong = ask(client, "/gecit/audit/patient", "yönetici", "POST", data={"tckn": "12345678901"})
    assert wrong.status_code == 400 and "11 haneyi denetleyin" in wrong.text
    asked = [one for one in book.rows(AuditSearch(who="yönetici")) if one.detail["route"] == "trail.of_patient"]
    assert [one.outcome for one in asked] == ["failed", "done", "done"], "who asks about a patient is audited too"
    assert ask(client, f"/gecit/audit/patient?tckn={TCKN}", "yönetici").status_code in (404, 405)


def test_csv_is_utf_8_and_no_spreadsheet_carries_a_cell_out(client: FlaskClient, book: AuditBook) -> None:
    book.record(AuditEntry(at=NOON, who="=HYPERLINK(1)", what="ışık", outcome="done", detail={"a": "b"}))
    answer = ask(client, "/gecit/audit/csv", "yönetici")
    assert answer.text.startswith("\ufeff") and "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")), delimiter=";"))
    assert (rows[0]["who"], rows[0]["what"], rows[0]["detail"]) == ("'=HYPERLINK(1)", "ışık", "a=b")
    assert rows[0]["at"] == "2026-03-02T12:00:00+03:00"


def test_a_search_for_a_patients_images_is_told_of_the_patient(client: FlaskClient, book: AuditBook) -> None:
    for query in ("", f"?PatientID={TCKN}", f"?00100020={TCKN}", "?PatientID=*"):
        assert ask(client, f"/gecit/dicom-web/studies{query}").status_code == 200
    found = book.rows(AuditSearch(what="see images"))
    assert sorted(one.patient for one in found) == sorted(["", book.digest(TCKN)])


def told(book: AuditBook, what: str) -> list[str]:
    return [one.detail.get("route", "") for one in reversed(book.rows(AuditSearch(what=what)))]


def test_an_export_is_audited_when_it_is_asked_for_and_taken_not_while_it_is_waited_for(
    client: FlaskClient, book: AuditBook, sqlite_ledger: SqlLedger, clock: StillClock, tmp_path: Path
) -> None:
    page = ask(client, "/gecit/exports", method="POST", data={"kind": "csv"}).headers["Location"]
    for _ in range(3):
        assert ask(client, page).status_code == ask(client, f"{page}/progress").status_code == 200
    assert told(book, "export") == ["tracking.ask_export"]
    assert make_export(sqlite_ledger, clock, tmp_path, page.rpartition("/")[2], threading.Event())
    assert ask(client, f"{page}/file").status_code == 200
    assert told(book, "export") == ["tracking.ask_export", "tracking.export_file"]
    assert ask(client, f"{page}/progress", who="konsültan").status_code == 403
    assert told(book, "export")[2:] == ["tracking.export_progress"], "who may not is told"


def test_who_is_sent_on_from_the_list_saw_none_and_was_refused_none(client: FlaskClient, book: AuditBook) -> None:
    headers = {"Authorization": "Bearer konsültan", "Accept": "text/html"}
    assert client.get("/gecit/", headers=headers).status_code == 303
    assert told(book, "list exams") == []
