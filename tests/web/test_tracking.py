"""The tracking pages: filter, live refresh, bulk retry, views, exports, decisions, and whose exams somebody sees."""

from __future__ import annotations

import csv
import io
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask, g
from flask.testing import FlaskClient
from msgspec.structs import replace

from gecit.core import events as e
from gecit.core.access import Action, Person, Reach, Role
from gecit.core.exam import Billing, Exam
from gecit.core.harmless import cell
from gecit.core.order import ExamKey, Patient
from gecit.core.rulebook import Edition, Rule, Rulebook, Source
from gecit.core.values import ISTANBUL, Text, local
from gecit.core.verdict import Effect, Outcome, Status
from gecit.edges.doors import Doors
from gecit.edges.store import SqlLedger, schema
from gecit.edges.store.sender_counts import Stretch
from gecit.ports import Institution
from gecit.processes.bulk import make_export
from gecit.steps import (
    announce,
    attach_report,
    critical,
    notify_medula,
    tell_consulted,
    tell_hospital,
    watch_health,
)
from gecit.web import words
from gecit.web.app import create_app
from gecit.web.day.cards import STEADY, reasons_of, trend_of
from gecit.web.day.clock import duration
from gecit.web.day.senders import Days, sent
from gecit.web.health.around import Door, Surroundings, look_around
from gecit.web.navigation import places
from gecit.web.tracking.asked import Asked, read_place, write_place
from gecit.web.tracking.export_file import write
from gecit.web.tracking.exports import Exports
from gecit.web.tracking.lines import changed_since, lines_of, seen_of
from tests.fakes import NOON, FakeAccounts, FakeVitals, StillClock
from tests.support.exams import CLEAN, FRESH, HELD, TCKN, fold, life, order, put, record

SIGNED_IN = {"Authorization": "Bearer program"}
OWN = HELD.institution
PEOPLE = {
    "administrator": Person(name="yönetici", roles=(Role.ADMINISTRATOR,)),
    "manager": Person(name="müdür", roles=(Role.MANAGER,), institution=OWN),
    "stranger": Person(name="öteki", roles=(Role.MANAGER,), institution="999999"),
    "radiologist": Person(name="radyolog", roles=(Role.RADIOLOGIST,), institution=OWN),
    "citizen": Person(name="vatandaş", roles=(Role.CITIZEN,), tckn=TCKN),
    "consultant": Person(name="konsültan", roles=(Role.CONSULTANT,), institution=OWN),
    "nobody": Person(name=""),
}
Make = Callable[..., FlaskClient]


@pytest.fixture
def started() -> list[str]:
    return []


@pytest.fixture
def client_of(
    accounts: FakeAccounts, vitals: FakeVitals, clock: StillClock, book: SqlLedger, started: list[str], tmp_path: Path
) -> Make:
    """Build the application as somebody uses it; exports are started, but nobody makes them."""

    def make(who: str = "administrator") -> FlaskClient:
        app: Flask = create_app(
            doors=Doors(accounts, "inside", clock),
            views=book,
            vitals=vitals,
            clock=clock,
            node="N1",
            evidence=book,
            ledger=book,
            exports=Exports(folder=tmp_path, start=started.append),
        )

        def be() -> None:
            g.person = PEOPLE[who]

        app.before_request(be)
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = SIGNED_IN["Authorization"]
        return client

    return make


@pytest.fixture(autouse=True)
def _exams(book: SqlLedger) -> None:
    record(book)


def park(book: SqlLedger, *keys: ExamKey) -> None:
    for one in keys:
        book.write(lambda tx, one=one: tx.queue("medula", "notify", f"k {one}", one, b"{}", NOON))  # type: ignore[misc]
    with book.engine.begin() as connection:
        connection.execute(sa.update(schema.outbox).values(state="parked", resume="queued", last_error=f"503 {TCKN}"))


def listed(text: str) -> set[str]:
    """The exams that stand in a list, as a link or, for who may not open one, as text."""
    return {one for one in (HELD.accession, CLEAN.accession, FRESH.accession) if re.search(f">{one}</(a|span)>", text)}


# Whose exams


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("administrator", {HELD.accession, CLEAN.accession, FRESH.accession}),
        ("manager", {HELD.accession, CLEAN.accession}),
        ("radiologist", {HELD.accession, CLEAN.accession}),
        ("stranger", set()),
        ("citizen", set()),  # it says verdicts: a citizen has pages of his own
        ("nobody", set()),
    ],
)
def test_everybody_lists_and_searches_only_what_he_reaches(client_of: Make, who: str, expected: set[str]) -> None:
    client = client_of(who)
    assert listed(client.get("/gecit/").text) == expected
    assert listed(client.post("/gecit/patient", data={"tckn": TCKN}).text) == expected
    assert listed(client.get(f"/gecit/?accession={FRESH.accession}").text) == expected & {FRESH.accession}


@pytest.mark.parametrize(("who", "status"), [("manager", 200), ("stranger", 404), ("citizen", 404), ("nobody", 404)])
def test_an_exam_that_is_not_reached_is_not_there(client_of: Make, who: str, status: int) -> None:
    assert client_of(who).get(f"/gecit/exams/{OWN}/{CLEAN.accession}").status_code == status


@pytest.mark.parametrize("who", ["stranger", "nobody"])
def test_numbers_of_others_are_not_counted(client_of: Make, who: str) -> None:
    day = client_of(who).get(f"/gecit/day?day={NOON:%Y-%m-%d}").text
    assert "Bu gün için kayıt yok" in day and "(0)" in day
    assert OWN not in client_of(who).get("/gecit/senders").text
    assert "KAYIP-1" not in client_of(who).get("/gecit/unlinked").text


# The filter


def test_the_filter_narrows_is_kept_in_the_form_and_can_be_cleared(client_of: Make) -> None:
    text = client_of().get("/gecit/?outcome=hold&from=2026-03-02&to=2026-03-02").text
    assert listed(text) == {HELD.accession}
    assert '<option value="hold" selected>' in text and 'value="2026-03-02"' in text and "Temizle" in text
    assert listed(client_of().get("/gecit/?to=2026-03-01").text) == set()


def test_the_other_language_keeps_the_filter_and_not_what_was_said(client_of: Make) -> None:
    text = client_of().get("/gecit/?outcome=hold&device=CT%261&said=retried&count=2&lang=tr").text
    assert 'href="/gecit/?outcome=hold&amp;device=CT%261&amp;lang=en"' in text


@pytest.mark.parametrize("path", ["/gecit/?to=", "/gecit/?from=", "/gecit/day?day="])
@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "1899-12-31"])
def test_the_ends_of_the_calendar_are_no_days(client_of: Make, path: str, day: str) -> None:
    assert client_of().get(path + day).status_code == 200


@pytest.mark.parametrize("name", ["after", "before"])
@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+03:00", "9999-12-31T23:00:00-12:00"])
def test_a_place_at_the_ends_of_the_calendar_is_none(client_of: Make, name: str, at: str) -> None:
    assert client_of().get("/gecit/", query_string={name: f"{at}~{HELD.institution}~A"}).status_code == 200


def test_an_exam_names_its_institution(client_of: Make, book: SqlLedger) -> None:
    named = Institution(skrs=HELD.institution, medula_code="1", name="Örnek Hastanesi")
    book.write(lambda tx: tx.record_institution(named, NOON))
    assert "Örnek Hastanesi" in client_of().get(f"/gecit/exams/{HELD.institution}/{HELD.accession}").text


def test_a_day_that_is_none_is_said_and_left_out(client_of: Make) -> None:
    text = client_of().get("/gecit/?from=31.02.2026").text
    assert "Gün YYYY-AA-GG biçiminde olmalı" in text and listed(text) == {
        HELD.accession,
        CLEAN.accession,
        FRESH.accession,
    }


def test_a_place_of_the_list_survives_its_address() -> None:
    place = read_place(write_place(read_place("2026-03-02T09:00:00+00:00~910001~CT-İ~7")))
    assert place and (place.institution, place.accession) == ("910001", "CT-İ~7")
    assert [read_place(one) for one in ("", "x~1~2", "2026-03-02T09:00:00~1~2", "2026-03-02T09:00:00+00:00~1")] == [
        None
    ] * 4


def test_a_filter_holds_no_tckn_and_no_unknown_field() -> None:
    asked = Asked.of({"tckn": TCKN, "x": "1", "rule": " dose-report ", "outcome": ""})
    assert asked.fields == {"rule": "dose-report"} and TCKN not in asked.query()


def test_a_patient_is_searched_by_post_alone_and_a_wrong_number_says_so(client_of: Make) -> None:
    client = client_of()
    assert client.get(f"/gecit/patient?tckn={TCKN}").status_code == 405
    text = client.post("/gecit/patient", data={"tckn": TCKN}).text
    assert TCKN not in text and "********146" in text
    wrong = client.post("/gecit/patient", data={"tckn": "123"})
    assert wrong.status_code == 422 and "TCKN 11 rakam olmalı" in wrong.text


# Live refresh


def test_an_open_list_is_told_nothing_one_line_or_all(client_of: Make, book: SqlLedger) -> None:
    client = client_of()
    seen = re.search(r'name="seen" value="(\w+)"', client.get("/gecit/").text)
    assert seen
    assert client.get(f"/gecit/changes?seen={seen[1]}").status_code == 204
    changed = replace(order(FRESH), patient=Patient(family="YENİ", tckn=TCKN))
    book.write(lambda tx: tx.append(e.OrderChanged(exam=FRESH, at=NOON, order=changed, message=9)))
    answer = client.get(f"/gecit/changes?seen={seen[1]}").text
    assert listed(answer) == {FRESH.accession} and answer.count("<tr") == 1 and 'hx-swap-oob="true"' in answer
    assert 'tbody id="rows"' not in answer and f'value="{seen[1]}"' not in answer
    everything = client.get("/gecit/changes?seen=").text
    assert 'tbody id="rows"' in everything and len(listed(everything)) == 3


def test_a_line_changes_its_mark_with_anything_that_it_says() -> None:
    exam = fold(list(life(HELD)))
    before = lines_of([exam], set())
    assert changed_since(before, seen_of(before)) == []
    for after in (
        lines_of([exam], {exam.key}),
        lines_of([replace(exam, billing=Billing.TOLD)], set()),
        lines_of([replace(exam, verdict=None)], set()),
    ):
        assert changed_since(after, seen_of(before)) == after
    assert changed_since([*before, *before], seen_of(before)) is None


# Bulk retry


def test_ticked_exams_are_tried_again_and_those_of_others_are_not(client_of: Make, book: SqlLedger) -> None:
    park(book, CLEAN, FRESH)
    chosen = [f"{one.institution}~{one.accession}" for one in (CLEAN, FRESH)]
    answer = client_of("manager").post("/gecit/retry", data={"exam": chosen, "outcome": "submit"})
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.location).query) == {"said": ["retried"], "count": ["1"], "outcome": ["submit"]}
    assert book.parked_of([CLEAN, FRESH]) == {FRESH}
    assert "1 gönderim yeniden kuyrukta" in client_of("manager").get(answer.location).text


def test_all_that_match_are_tried_again_within_reach(client_of: Make, book: SqlLedger) -> None:
    park(book, CLEAN, HELD, FRESH)
    client_of("manager").post("/gecit/retry", data={"all": "1", "outcome": "hold"})
    assert book.parked_of([CLEAN, HELD, FRESH]) == {CLEAN, FRESH}
    client_of("manager").post("/gecit/retry", data={"all": "1"})
    assert book.parked_of([CLEAN, HELD, FRESH]) == {FRESH}
    answer = client_of("manager").post("/gecit/retry", data={"all": "1"})
    assert "said=nothing-retried" in answer.location


@pytest.mark.parametrize("path", ["/gecit/retry", "/gecit/exam/retry", "/gecit/exam/decide", "/gecit/exports"])
@pytest.mark.parametrize("who", ["radiologist", "citizen"])
def test_who_may_not_change_anything_has_no_button(client_of: Make, book: SqlLedger, path: str, who: str) -> None:
    park(book, CLEAN)
    client = client_of(who)
    text = client.get("/gecit/").text + client.get(f"/gecit/exams/{OWN}/{CLEAN.accession}").text
    assert f'action="{path}"' not in text and 'type="checkbox"' not in text


def test_an_exam_retries_its_own_parked_deliveries_and_shows_them_masked(client_of: Make, book: SqlLedger) -> None:
    park(book, CLEAN, HELD)
    text = client_of("manager").get(f"/gecit/exams/{OWN}/{CLEAN.accession}").text
    assert "bir kişi bakmalı" in text and "503 ********146" in text and TCKN not in text
    data = {"institution": OWN, "accession": CLEAN.accession}
    assert client_of("stranger").post("/gecit/exam/retry", data=data).status_code == 404
    assert "said=retried&count=1" in client_of("manager").post("/gecit/exam/retry", data=data).location
    assert book.parked_of([CLEAN, HELD]) == {HELD}


# Saved views


def test_a_view_is_kept_for_its_owner_alone(client_of: Make) -> None:
    answer = client_of("manager").post("/gecit/views", data={"name": "Tutulan", "outcome": "hold", "tckn": TCKN})
    assert "said=view-saved" in answer.location and "outcome=hold" in answer.location
    assert '<a href="/gecit/?outcome=hold">Tutulan</a>' in client_of("manager").get("/gecit/").text
    assert "Tutulan</a>" not in client_of("radiologist").get("/gecit/").text
    client_of("manager").post("/gecit/views/delete", data={"name": "Tutulan"})
    assert "Tutulan</a>" not in client_of("manager").get("/gecit/").text


@pytest.mark.parametrize("name", ["", " ", "x" * 61, f"hasta {TCKN}"])
def test_a_view_needs_a_name_that_names_nobody(client_of: Make, book: SqlLedger, name: str) -> None:
    assert "said=view-unnamed" in client_of("manager").post("/gecit/views", data={"name": name}).location
    assert book.saved_views("müdür") == []


# Exports


def ask(client: FlaskClient, **fields: str) -> str:
    answer = client.post("/gecit/exports", data={"kind": "csv", **fields})
    assert answer.status_code == 303
    return answer.location


def test_an_export_is_started_followed_and_taken_by_its_owner(
    client_of: Make, book: SqlLedger, started: list[str], tmp_path: Path, clock: StillClock
) -> None:
    manager = client_of("manager")
    page = ask(manager, outcome="hold")
    [number] = started
    assert page == f"/gecit/exports/{number}" and "Hazırlanıyor" in manager.get(page).text
    assert manager.get(f"{page}/file").status_code == 404
    assert "said=too-many-exports" in ask(manager)
    book.move_export(number, NOON, total=40, done=10)
    progress = manager.get(f"{page}/progress").text
    assert '<progress class="w-100" value="10" max="40"' in progress and "hx-get" in progress
    assert make_export(book, clock, tmp_path, number, threading.Event())
    done = manager.get(f"{page}/progress").text
    assert "1 tetkik hazır." in done and "hx-get" not in done
    file = manager.get(f"{page}/file")
    rows = list(csv.reader(io.StringIO(file.data.decode("utf-8-sig")), delimiter=";"))
    assert [row[1] for row in rows] == ["Erişim numarası", HELD.accession] and TCKN not in file.text
    for other in ("stranger", "administrator"):
        assert client_of(other).get(f"{page}/file").status_code == 404
        assert client_of(other).get(page).status_code == 404
    assert (tmp_path / f"{number}.csv").stat().st_mode & 0o777 == 0o600


def test_an_export_reaches_what_its_owner_reaches(
    client_of: Make, book: SqlLedger, started: list[str], tmp_path: Path, clock: StillClock
) -> None:
    ask(client_of("stranger"), institution=OWN)
    assert make_export(book, clock, tmp_path, started[0], threading.Event())
    assert (tmp_path / f"{started[0]}.csv").read_text("utf-8-sig").count("\n") == 1, "the head alone"


def test_an_export_is_not_taken_by_who_reaches_something_else_by_now(
    client_of: Make, book: SqlLedger, started: list[str], tmp_path: Path, clock: StillClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    page = ask(client_of("administrator"))
    assert make_export(book, clock, tmp_path, started[0], threading.Event())
    assert client_of("administrator").get(f"{page}/file").status_code == 200
    named_alike = replace(PEOPLE["manager"], name=PEOPLE["administrator"].name)
    monkeypatch.setitem(PEOPLE, "token", named_alike)
    for path in (page, f"{page}/progress", f"{page}/file"):
        assert client_of("token").get(path).status_code == 404


def test_an_export_whose_process_fell_silent_or_failed_says_so(
    client_of: Make, book: SqlLedger, started: list[str], tmp_path: Path, clock: StillClock
) -> None:
    manager = client_of("manager")
    page = ask(manager)
    clock.advance(61)
    assert "tamamlanamadı" in manager.get(page).text
    second = ask(manager)
    stopped = threading.Event()
    stopped.set()
    assert not make_export(book, clock, tmp_path, started[1], stopped)
    assert "tamamlanamadı" in manager.get(second).text and list(tmp_path.iterdir()) == []


def test_exports_of_yesterday_are_deleted_with_their_files(
    client_of: Make, book: SqlLedger, started: list[str], tmp_path: Path, clock: StillClock
) -> None:
    ask(client_of("manager"))
    make_export(book, clock, tmp_path, started[0], threading.Event())
    clock.advance(timedelta(hours=25).total_seconds())
    ask(client_of("manager"))
    make_export(book, clock, tmp_path, started[1], threading.Event())
    assert [one.name for one in tmp_path.iterdir()] == [f"{started[1]}.csv"] and book.export(started[0]) is None


def test_what_a_spreadsheet_would_run_is_led_by_an_apostrophe(tmp_path: Path) -> None:
    assert [cell(one) for one in ("=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "a=1", "")] == [
        "'=1+1", "'+1", "'-1", "'@x", "'\t'=1", "'\r'=1", "a=1", "",
    ]  # fmt: skip
    exam = fold(list(life(HELD)))
    assert exam.order
    evil = replace(exam, order=replace(exam.order, patient=Patient(given='=HYPERLINK("http://x")', family="'x")))
    for kind in ("csv", "xlsx"):
        assert write(tmp_path / f"x.{kind}", kind, [evil], "en") == 1
    text = (tmp_path / "x.csv").read_text("utf-8-sig")
    assert "\"'=HYPERLINK" in text and text.startswith("Institution;Accession number;")
    sheet = zipfile.ZipFile(tmp_path / "x.xlsx").read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "'=HYPERLINK" in sheet and "hyperlink " not in sheet
    assert [one for _, one in words.COLUMNS if f">{one.en}<" not in sheet] == []


# The exam


def rule(start_in_days: int) -> Rule:
    start = NOON + timedelta(days=start_in_days)
    edition = Edition(
        start=start, check="has_loinc", source=Source(kind="notice", title="Duyuru 7", published=NOON.date())
    )
    later = Text(tr="LOINC", en="LOINC")
    return Rule(
        id="loinc-code", title=later, fix=later, who="HBYS", where="OBR-4", effect=Effect.HOLD, dated_by="order_date",
        editions=(edition,),
    )  # fmt: skip


def without_loinc(book: SqlLedger) -> None:
    exam = fold(list(life(CLEAN)))
    assert exam.order
    bare = replace(exam.order, procedures=(replace(exam.order.procedures[0], loinc=""),))
    put(book, replace(exam, order=bare))


def test_a_rule_that_starts_later_is_tried_on_the_exam_and_nothing_is_recorded(
    client_of: Make, book: SqlLedger
) -> None:
    without_loinc(book)
    later = Rulebook.of((rule(start_in_days=30),))
    book.activate_rulebook(later.revision, later.to_json(), NOON - timedelta(days=1))
    before = book.timeline(CLEAN)
    text = client_of().get(f"/gecit/exams/{OWN}/{CLEAN.accession}").text.split("Başka tarihte ne olurdu")[1]
    today, then = text.split("<h3>")[1:3]
    assert "Bugün istenseydi" in today and "Karar değişmez" in today
    assert "01.04.2026" in then and "LOINC: geçmedi" in then and "Tutuldu" in then and "Karar değişmez" not in then
    assert book.timeline(CLEAN) == before


def test_what_is_missing_names_the_rules_source_and_its_dates(client_of: Make, book: SqlLedger) -> None:
    known = Rulebook.of((replace(rule(0), id="dose-report"),))
    book.activate_rulebook(known.revision, known.to_json(), NOON)
    exam = fold(list(life(HELD)))
    assert exam.verdict
    findings = tuple(replace(one, edition=NOON) if one.rule == "dose-report" else one for one in exam.verdict.findings)
    put(book, replace(exam, verdict=replace(exam.verdict, findings=findings, rulebook=known.revision)))
    text = client_of().get("/gecit/exams/910001/CT-%C4%B0/7").text
    assert "Duyuru 7 (02.03.2026)" in text and "02.03.2026 tarihinden beri" in text
    assert "113701^DCM: beklenen 1, bulunan yok (0)." in text


def test_the_way_tells_doses_with_units_queries_and_deliveries(client_of: Make, book: SqlLedger) -> None:
    park(book, CLEAN)
    text = client_of().get(f"/gecit/exams/{OWN}/{CLEAN.accession}").text.split('class="timeline"')[1]
    assert "Doz: DLPTotal 412.5 mGy.cm" in text and "MEDULA: bildirim; 0 deneme; bir kişi bakmalı" in text
    assert text.index("İstem alındı") < text.index("Görüntüler eşleşti") < text.index("Değerlendirildi")


def proposed(book: SqlLedger) -> None:
    exam = fold(list(life(HELD)))
    put(book, replace(exam, billing=Billing.WITHDRAWAL_PROPOSED, generation=1, notified_order=exam.order))
    book.write(lambda tx: tx.record_institution(Institution(skrs=OWN, medula_code="11910001"), NOON))


DECIDE = {"institution": OWN, "accession": HELD.accession, "reason": "çift kayıt"}


@pytest.mark.parametrize(
    ("decision", "event", "billing"),
    [("approve", e.WithdrawalQueued, Billing.WITHDRAWAL_QUEUED), ("dismiss", e.WithdrawalDismissed, Billing.TOLD)],
)
def test_a_proposed_withdrawal_is_decided_by_who_may_with_name_and_reason(
    client_of: Make, book: SqlLedger, decision: str, event: type, billing: Billing
) -> None:
    proposed(book)
    assert "Geri alma önerisi" in client_of().get("/gecit/exams/910001/CT-%C4%B0/7").text
    assert "Geri alma önerisi" not in client_of("manager").get("/gecit/exams/910001/CT-%C4%B0/7").text
    answer = client_of().post("/gecit/exam/decide", data={**DECIDE, "decision": decision})
    assert f"said=withdrawal-{'approved' if decision == 'approve' else 'dismissed'}" in answer.location
    [made] = [one for one in book.timeline(HELD) if isinstance(one, event)]
    assert made.by == "yönetici" and "çift kayıt" in (made.cause if decision == "approve" else made.reason)  # type: ignore[attr-defined]
    found = book.exam_of(HELD)
    assert found and found.billing is billing
    again = client_of().post("/gecit/exam/decide", data={**DECIDE, "decision": decision})
    assert "said=nothing-to-decide" in again.location


@pytest.mark.parametrize("reason", ["", "  ", f"hasta {TCKN}", "x" * 301])
def test_a_decision_without_a_cell_reason_is_none(client_of: Make, book: SqlLedger, reason: str) -> None:
    proposed(book)
    answer = client_of().post("/gecit/exam/decide", data={**DECIDE, "decision": "approve", "reason": reason})
    assert answer.status_code == 422 and f'value="{reason.strip()}"' in answer.text and 'role="alert"' in answer.text
    found = book.exam_of(HELD)
    assert found and found.billing is Billing.WITHDRAWAL_PROPOSED
    assert client_of().post("/gecit/exam/decide", data={**DECIDE, "decision": "x"}).status_code == 400


# The day


def test_the_day_counts_what_the_list_shows_and_leads_there(client_of: Make) -> None:
    text = client_of().get("/gecit/day?day=2026-03-02").text
    assert "02.03.2026 (3)" in text
    rows = dict(
        re.findall(r'<th scope="row"[^>]*>(?:<a href="[^"]+">)?([^<]+)(?:</a>)?</th><td class="number">(\d+)', text)
    )
    assert (rows["Tutuldu"], rows["Bildirilebilir"], rows["Değerlendirilmedi"], rows["12"]) == ("1", "1", "1", "3")
    address = re.search(r'href="(/gecit/\?[^"]+outcome=hold)"', text)
    assert address and listed(client_of().get(address[1].replace("&amp;", "&")).text) == {HELD.accession}


def test_the_clock_tells_how_long_a_piece_is_missing(client_of: Make, clock: StillClock) -> None:
    clock.advance(timedelta(days=2, hours=5).total_seconds())
    text = client_of("manager").get("/gecit/day").text.split("Faturaya hazır olma saati", 1)[1]
    assert "dose-report" in text and "2 gün 5 saat" in text and ">BT1<" in text
    assert duration(timedelta(hours=-3)).en == "0 h"


def test_reasons_of_refusals_are_read_out_of_the_answers() -> None:
    one = b"MSH|x\rMSA|AE|1\rERR|PID^1^3^a&Bir&GECIT&a&One&GECIT~OBR^1^4^b&\xc4\xb0ki&GECIT&b&Two&GECIT\r"
    other = b"MSH|x\rMSA|AE|2\rERR|PID^1^3^a&Bir&GECIT&a&One&GECIT\r"
    said = [(code, text.tr, text.en, count) for code, text, count in reasons_of([one, other, b"MSH|x\rMSA|AR|3\r"])]
    assert said == [("a", "Bir", "One", 2), ("b", "İki", "Two", 1)]


def test_a_trend_compares_shares_not_numbers() -> None:
    from gecit.edges.store.counts import SenderCounts

    def counts(good: int, bad: int) -> SenderCounts:
        return SenderCounts(institution="1", answers={"AA": good, "AE": bad}, exams=0, rules={})

    assert trend_of(counts(90, 10), counts(990, 10)) == "better"
    assert trend_of(counts(90, 10), counts(8, 2)) == "worse"
    assert trend_of(counts(900, 100), counts(901, 99)) == "steady" and STEADY > 0.001
    assert trend_of(None, counts(1, 1)) == trend_of(counts(0, 0), counts(1, 1)) == ""


# Frame and health


def test_the_navigation_shows_what_the_person_may_see(client_of: Make) -> None:
    assert "/gecit/health" in client_of("manager").get("/gecit/").text
    assert "/gecit/health" not in client_of("radiologist").get("/gecit/").text
    assert {one.action for one in places()} <= set(Action)


@pytest.mark.parametrize(("said", "shown"), [("retried&count=3", "3 gönderim"), ("retried&count=<b>", "0 gönderim")])
def test_an_address_can_make_a_page_say_only_what_it_knows(client_of: Make, said: str, shown: str) -> None:
    assert shown in client_of().get(f"/gecit/?said={said}").text
    assert 'role="status"' not in client_of().get("/gecit/?said=evil").text


@pytest.mark.parametrize(
    ("path", "marked"),
    [
        ("/gecit/", '/gecit/" aria-current="page"'),
        (f"/gecit/exams/{CLEAN.institution}/{CLEAN.accession}", '/gecit/" aria-current="true"'),
        ("/gecit/unlinked", '/gecit/unlinked" aria-current="page"'),
        ("/gecit/senders", '/gecit/day" aria-current="true"'),
    ],
)
def test_the_navigation_says_where_one_is_also_further_in(client_of: Make, path: str, marked: str) -> None:
    text = client_of().get(path).text
    assert marked in text and len(re.findall(r"<a [^>]*aria-current", text)) == 1


def test_a_senders_card_leads_to_the_exams_that_fail_a_rule(client_of: Make, clock: StillClock) -> None:
    clock.advance(timedelta(days=1).total_seconds())
    [link, *_] = re.findall(r'href="(/gecit/[?]rule=[^"]+)"', client_of().get("/gecit/senders").text)
    assert listed(client_of().get(link.replace("&amp;", "&")).text) == {HELD.accession}


def test_a_senders_card_shows_shares_of_messages_and_the_trend_over_the_days_asked_for(client_of: Make) -> None:
    days = f"from={NOON - timedelta(days=1):%Y-%m-%d}&to={NOON:%Y-%m-%d}"
    text = client_of("manager").get(f"/gecit/senders/{OWN}?{days}").text
    assert "dose-report" in text and f"{days.replace('&', '&amp;')}" in text.replace(f"?{days}", "")
    link = next(one for one in re.findall(r'href="(/gecit/[?][^"]+)"', text) if "rule=dose-report" in one)
    assert parse_qs(link.replace("&amp;", "&").partition("?")[2])["from"] == [f"{NOON - timedelta(days=1):%Y-%m-%d}"]
    assert listed(client_of("manager").get(link.replace("&amp;", "&")).text) == {HELD.accession}
    shares = re.findall(r'<td class="number"[^>]*>([^<]+)</td>', text.partition("dose-report</code>")[2])[:4]
    assert shares[0] != "0" and shares[2] == "1"


@pytest.mark.parametrize(
    ("who", "status"), [("administrator", 200), ("manager", 200), ("stranger", 404), ("citizen", 404), ("nobody", 404)]
)
def test_a_senders_card_is_of_who_reaches_the_institution(
    client_of: Make, book: SqlLedger, who: str, status: int
) -> None:
    book.write(lambda tx: tx.record_institution(Institution(skrs=OWN, name="Hastane"), NOON))
    assert client_of(who).get(f"/gecit/senders/{OWN}").status_code == status
    assert client_of(who).get("/gecit/senders/888888").status_code == 404


def test_the_stretch_of_a_card_is_what_was_asked_or_the_usual_one() -> None:
    end = NOON.astimezone(ISTANBUL).replace(hour=0, minute=0) + timedelta(days=1)
    assert Days.asked({}, NOON) == Days(since=end - timedelta(days=30), until=end)
    assert Days.asked({"from": "2026-02-01", "to": "2026-02-03"}, NOON).length == 3
    assert Days.asked({"from": "2026-02-04", "to": "2026-02-03"}, NOON).length == 30
    assert Days.asked({"from": "2000-01-01", "to": "2026-02-03"}, NOON).length == 30
    assert not Days.asked({"from": "2026-01-01", "to": "2026-03-03"}, NOON).weekly
    long = Days.asked({"from": "2026-01-01", "to": "2026-03-04"}, NOON)
    assert long.weekly and len(long.ends()) == 10 and long.ends()[-1] == long.until
    assert len(Days.asked({}, NOON).ends()) == 31


def test_a_senders_trend_draws_no_days_before_the_first_message_and_after_the_last() -> None:
    def day(number: int, messages: int) -> Stretch:
        at = NOON + timedelta(days=number)
        return Stretch(since=at, until=at + timedelta(days=1), messages=messages, refused=0, failing=0)

    days = [day(number, messages) for number, messages in enumerate((0, 0, 3, 0, 1, 0))]
    assert sent(days) == days[2:5] and sent(days[:2]) == []


def test_every_way_out_and_what_it_carries_has_a_word() -> None:
    ways = (announce, attach_report, critical, notify_medula, tell_consulted, tell_hospital, watch_health)
    assert {one.DESTINATION for one in ways} == set(words.DESTINATIONS)
    kinds = {attach_report.KIND, critical.KIND, tell_hospital.KIND, announce.KIND}
    assert kinds <= set(words.KINDS_OF_DELIVERY)


def test_every_message_of_the_frame_is_in_both_languages() -> None:
    assert all(text.tr and text.en and kind in ("success", "warning", "danger") for text, kind in words.SAID.values())


def test_the_chosen_theme_is_drawn_by_the_server(client_of: Make) -> None:
    client = client_of()
    assert "data-bs-theme" not in client.get("/gecit/").text
    client.set_cookie("gecit_theme", "dark")
    assert '<html lang="tr" data-bs-theme="dark">' in client.get("/gecit/").text
    client.set_cookie("gecit_theme", '"><script>')
    assert "data-bs-theme" not in client.get("/gecit/").text


@pytest.fixture
def listening() -> Iterator[int]:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as door:
        yield door.getsockname()[1]


def test_health_sees_doors_disk_and_outages(book: SqlLedger, tmp_path: Path, listening: int) -> None:
    file = tmp_path / "ledger.db"
    file.write_bytes(b"x" * 100)
    free = Door(name="HL7", host="127.0.0.1", port=1)
    there = Door(name="DICOM", host="0.0.0.0", port=listening)  # noqa: S104 -- where it listens, not where we do
    book.write(lambda tx: tx.append(e.OutageBegan(at=NOON, service="upstream:ulusal")))
    around = look_around(book, Surroundings(node="N1", doors=(free, there), data=tmp_path, database=file), [], NOON)
    assert around.node == "N1"
    assert [one.answers for one in around.listeners] == [False, True]
    assert around.disk and around.disk.ledger == 100 and 0 < around.disk.free <= around.disk.total
    assert [(one.service.tr, one.ended_at) for one in around.outages] == [("Üst servis: ulusal", None)]


def test_the_exam_a_verdict_of_which_is_gone_is_still_shown(client_of: Make, book: SqlLedger) -> None:
    exam: Exam = fold(list(life(CLEAN)))
    assert exam.verdict and exam.verdict.outcome is Outcome.SUBMIT
    assert {one.status for one in exam.verdict.findings} == {Status.PASSED}
    put(book, replace(exam, verdict=None))
    assert "Henüz değerlendirilmedi" in client_of().get(f"/gecit/exams/{OWN}/{CLEAN.accession}").text
    assert Reach() == Reach(everything=False)


def test_every_form_that_changes_something_carries_what_a_session_asks_for(
    client: FlaskClient, book: SqlLedger
) -> None:
    park(book, CLEAN)
    proposed(book)
    client.post("/gecit/sign-in", data={"name": "admin", "password": "gizli"}, headers={"Origin": "http://localhost"})
    pages = [client.get(path).text for path in ("/gecit/", "/gecit/exams/910001/CT-%C4%B0/7", f"/gecit/exams/{CLEAN}")]
    forms = [one for text in pages for one in re.findall(r"<form[^>]+method=\"post\".*?</form>", text, re.S)]
    assert len(forms) > 6
    assert [one for one in forms if 'name="csrf"' not in one] == []
    token = re.search(r'name="csrf" value="([^"]+)"', forms[0])
    assert token
    posted = {"name": "Benim", "outcome": "hold"}
    assert client.post("/gecit/views", data=posted, headers={"Origin": "http://localhost"}).status_code == 403
    answer = client.post("/gecit/views", data={**posted, "csrf": token[1]}, headers={"Origin": "http://localhost"})
    assert answer.status_code == 303 and [one.name for one in book.saved_views("admin")] == ["Benim"]


def test_the_exports_name_has_the_time_of_turkey(
    client_of: Make, book: SqlLedger, started: list[str], tmp_path: Path, clock: StillClock
) -> None:
    clock.advance(timedelta(hours=10).total_seconds())
    manager = client_of("manager")
    page = ask(manager)
    assert make_export(book, clock, tmp_path, started[0], threading.Event())
    name = manager.get(f"{page}/file").headers["Content-Disposition"]
    assert f'"gecit-{local(clock.now()):%Y%m%d-%H%M}.csv"' in name
    assert local(clock.now()).utcoffset() == timedelta(hours=3)


def test_two_pages_that_say_something_else_under_one_name_stop_the_start() -> None:
    """What one page calls `holds` would else stand on the other's page too."""
    one, other = {"holds": words.PAGE["search"]}, {"holds": words.PAGE["patient"]}
    assert words.joined(one, one) == one
    with pytest.raises(ValueError, match="holds"):
        words.joined(one, other)
