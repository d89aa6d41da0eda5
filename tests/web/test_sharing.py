"""Sharing on real ledgers of both engines: a citizen opens exams, a clinician sees them, and it ends."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from msgspec.structs import replace
from werkzeug.test import TestResponse

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.disclosures import Ground
from gecit.core.events import OrderPlaced, ReportReceived, StudyLinked
from gecit.core.order import ExamKey, Patient
from gecit.core.report import ReportStatus
from gecit.core.share_links import CODES_OF_LINK, TRIES, WRONG_OF_LINK, Channel
from gecit.core.values import local
from gecit.edges.audit_book import AuditBook
from gecit.edges.credentials import VISIT
from gecit.edges.doors import Doors
from gecit.edges.passwords import PasswordCheck
from gecit.edges.store import SqlLedger
from gecit.edges.store.schema import event, share_link, visit
from gecit.ports import AuditSearch, Institution, Unavailable
from gecit.steps.disclosing import disclosed
from gecit.steps.share_links import Hashing, Links, LinkTerms, visitors
from gecit.web.app import create_app
from gecit.web.sharing import SharingDesk
from tests.fakes import FakeVitals, StillClock
from tests.support.flow import FINDINGS, HOSPITAL, START, order, report, study
from tests.support.reading import NOW

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "uzun bir parola 7"
PATIENT, OTHER_PATIENT, DOCTOR = "10000000146", "10000000214", "10000090178"
AWAY = "910009"
PEOPLE = (
    Account(name="hasta", full_name="Deneme Hasta", roles=(Role.CITIZEN,), tckn=PATIENT),
    Account(name="komsu", roles=(Role.CITIZEN,), tckn=OTHER_PATIENT),
    Account(name="doktor", full_name="Uzak Hekimci", roles=(Role.CLINICIAN,), institution=AWAY, tckn=DOCTOR),
    Account(name="meslektas", roles=(Role.CLINICIAN,), institution=AWAY, tckn="10000090246"),
    Account(name="uzak", roles=(Role.CLINICIAN,), institution="910010", tckn="10000090314"),
    Account(name="mudur", roles=(Role.MANAGER,), institution=HOSPITAL.skrs),
    Account(name="uzakmudur", roles=(Role.MANAGER,), institution=AWAY),
    Account(name="yonetici", roles=(Role.ADMINISTRATOR,)),
)
A1 = f"/gecit/shared/report/{HOSPITAL.skrs}/A1"
A2 = f"/gecit/shared/report/{HOSPITAL.skrs}/A2"
CONCLUSION = FINDINGS[:40]


def fill(ledger: SqlLedger) -> None:
    """Two exams of the patient with images and a final report, and one of somebody else."""
    for skrs in (HOSPITAL.skrs, AWAY, "910010"):
        ledger.write(lambda tx, one=skrs: tx.record_institution(Institution(skrs=one, name=f"Hastane {one}"), NOW))  # type: ignore[misc]
    for account in PEOPLE:
        ledger.save_account(account, NOW)
        ledger.set_password(account.name, CHEAP.hash(PASSWORD), NOW)
    for accession, tckn in (("A1", PATIENT), ("A2", PATIENT), ("B1", OTHER_PATIENT)):
        placed = replace(order(accession), patient=Patient(tckn=tckn, given="Deneme", family=f"HASTA{accession}"))

        def work(tx: Any, one: Any = placed, accession: str = accession) -> None:
            tx.append(OrderPlaced(at=START, exam=one.key, order=one, message=1))
            tx.append(StudyLinked(at=START, exam=one.key, facts=study(accession, accession), path="accession"))
            sent = replace(report(accession), patient=one.patient)
            tx.append(ReportReceived(at=START, exam=one.key, report=sent, message=2))

        ledger.write(work)


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOW)


@pytest.fixture
def audit(ledger: SqlLedger, clock: StillClock) -> AuditBook:
    return AuditBook(ledger, b"k" * 32, "N/web", clock)


class FakeSender:
    """Keeps the codes that it is to send."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.fault: Exception | None = None

    def send(self, address: str, subject: str, text: str, number: str) -> None:
        if self.fault:
            raise self.fault
        self.sent.append((address, text))

    @property
    def code(self) -> str:
        found = re.search(r"\d{4} \d{4}", self.sent[-1][1])
        assert found
        return found.group()


@pytest.fixture
def sender() -> FakeSender:
    return FakeSender()


@pytest.fixture
def app(ledger: SqlLedger, clock: StillClock, audit: AuditBook, sender: FakeSender) -> Flask:
    fill(ledger)
    ticks = iter(range(0, 10**6, 10))  # nothing that a door remembers outlives a request
    doors = Doors(
        ledger,
        "inside",
        clock,
        lambda: float(next(ticks)),
        audit=audit,
        disclosed=disclosed(ledger),
        visitor=visitors(ledger),
    )
    hashing = Hashing(hash=CHEAP.hash, fits=PasswordCheck().fits)
    links = Links(ledger, ledger, audit, clock, {Channel.EMAIL: sender}, hashing, LinkTerms())
    desk = SharingDesk(ledger, ledger, clock, audit.rows, audit.digest, links)
    return create_app(
        doors=doors, views=ledger, vitals=FakeVitals(), clock=clock, node="N", ledger=ledger, audit=audit, sharing=desk
    )


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def ask(client: FlaskClient, who: str, path: str, form: dict[str, Any] | None = None) -> TestResponse:
    headers = {"Authorization": f"Basic {base64.b64encode(f'{who}:{PASSWORD}'.encode()).decode()}"}
    return client.post(path, data=form, headers=headers) if form is not None else client.get(path, headers=headers)


def day(after: int = 0) -> str:
    return (local(NOW) + timedelta(days=after)).date().isoformat()


def share(client: FlaskClient, who: str = "hasta", **differs: Any) -> TestResponse:
    form = {
        "tckn": DOCTOR,
        "which": "chosen",
        "exam": f"{HOSPITAL.skrs} A1",
        "since": day(),
        "until": day(7),
        **differs,
    }
    return ask(client, who, "/gecit/sharing", form)


def number(ledger: SqlLedger) -> str:
    return ledger.read(lambda tx: tx.disclosures_of(PATIENT))[0].id


def test_a_citizen_shares_one_exam_a_clinician_reads_it_and_it_ends_at_once(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    assert ask(client, "doktor", A1).status_code == 404
    assert share(client).status_code == 303
    listed = ask(client, "doktor", "/gecit/shared").text
    assert "HASTAA1" in listed and A1 in listed and A2 not in listed
    assert CONCLUSION in ask(client, "doktor", A1).text
    assert ask(client, "doktor", f"/gecit/viewer/{HOSPITAL.skrs}/A1").status_code != 404
    assert [ask(client, who, A1).status_code for who in ("meslektas", "uzak", "komsu", "uzakmudur")] == [404] * 4
    assert ask(client, "doktor", A2).status_code == 404
    assert ask(client, "doktor", f"/gecit/exams/{HOSPITAL.skrs}/A1").status_code == 404, (
        "the exam's own page stays shut"
    )
    assert ask(client, "hasta", f"/gecit/sharing/{number(ledger)}/end", {}).status_code == 303
    assert ask(client, "doktor", A1).status_code == 404
    assert "HASTAA1" not in ask(client, "doktor", "/gecit/shared").text


def test_last_use_is_what_the_audit_has(client: FlaskClient, clock: StillClock) -> None:
    share(client)
    assert "Açılmadı" in ask(client, "hasta", "/gecit/sharing").text
    clock.at = NOW + timedelta(hours=3)
    ask(client, "doktor", A1)
    page = ask(client, "hasta", "/gecit/sharing").text
    assert local(clock.at).strftime("%d.%m.%Y %H:%M") in page and "Uzak Hekimci" in page and "Açılmadı" not in page
    assert DOCTOR not in page, "the number is masked"


def test_the_patient_reads_what_is_shared_by_the_name_that_it_has_in_the_own_list(client: FlaskClient) -> None:
    share(client)
    page = ask(client, "hasta", "/gecit/sharing").text
    [cell] = re.findall(r'<td data-label="Hangi tetkikler">([^<]*)</td>', page)
    (choice,) = set(re.findall(rf'value="{HOSPITAL.skrs} A1".*?<label[^>]*>([^<]*)</label>', page))  # of both forms
    assert cell == choice
    assert re.search(r"\(İstem tarihi \d\d\.\d\d\.\d{4} \d\d:\d\d\)", cell), "two of one day differ by it"


def test_an_institutions_physicians_see_all_and_nobody_elses(client: FlaskClient) -> None:
    assert share(client, tckn="", institution=AWAY, which="all").status_code == 303
    assert [ask(client, who, A2).status_code for who in ("doktor", "meslektas")] == [200, 200]
    assert [ask(client, who, A2).status_code for who in ("uzak", "uzakmudur")] == [404, 404]
    assert ask(client, "doktor", f"/gecit/shared/report/{HOSPITAL.skrs}/B1").status_code == 404


def test_it_opens_on_its_first_day_and_shuts_after_its_last(client: FlaskClient, clock: StillClock) -> None:
    share(client, since=day(1), until=day(2))
    seen = []
    midnight = local(NOW).replace(hour=0, minute=0, second=0, microsecond=0)
    for at in (
        midnight + timedelta(days=1, seconds=-1),
        midnight + timedelta(days=1),
        midnight + timedelta(days=3, seconds=-1),
        midnight + timedelta(days=3),
    ):
        clock.at = at
        seen.append(ask(client, "doktor", A1).status_code)
    assert seen == [404, 200, 200, 404]


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"tckn": "12345678901"}, "T.C. kimlik numarasını"),
        ({"tckn": ""}, "T.C. kimlik numarasını"),
        ({"institution": AWAY}, "ikisini birden"),
        ({"tckn": PATIENT}, "sizin numaranız"),
        ({"tckn": "", "institution": "1"}, "kurum kayıtlı değil"),
        ({"exam": f"{HOSPITAL.skrs} B1"}, "En az bir tetkik"),
        ({"exam": []}, "En az bir tetkik"),
        ({"exam": "bozuk"}, "En az bir tetkik"),
        ({"until": "2020-01-01", "since": "2019-01-01"}, "Bitiş"),
        ({"until": "dün"}, "günlerini"),
        ({"until": "9999-12-31"}, "günlerini"),
    ],
)
def test_what_cannot_be_shared_is_said_and_opens_nothing(
    client: FlaskClient, ledger: SqlLedger, differs: dict[str, Any], said: str
) -> None:
    answer = share(client, **differs)
    assert answer.status_code == 422 and said in answer.text
    assert ledger.read(lambda tx: tx.disclosures_of(PATIENT)) == []


def test_so_many_consents_stand_at_once_and_no_more(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gecit.steps.sharing.MOST_STANDING", 2)
    assert [share(client).status_code for _ in range(3)] == [303, 303, 422]
    number = re.findall(r"/gecit/sharing/([0-9a-f]{16})/end", ask(client, "hasta", "/gecit/sharing").text)[0]
    assert ask(client, "hasta", f"/gecit/sharing/{number}/end", {}).status_code == 303
    assert share(client).status_code == 303


def test_whether_a_number_has_an_account_is_not_told(client: FlaskClient) -> None:
    known, unknown = share(client), share(client, tckn="10000000382")
    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])
    rows = re.findall(r"<tr>.*?</tr>", ask(client, "hasta", "/gecit/sharing").text, re.S)
    shapes = {re.sub(r"\*{8}\d{3}|[0-9a-f]{16}", "", one) for one in rows if "********" in one}
    assert len(shapes) == 1


def test_nobody_shares_or_ends_for_somebody_else(client: FlaskClient, ledger: SqlLedger) -> None:
    share(client)
    for who in ("doktor", "mudur", "yonetici"):
        assert share(client, who).status_code == 403
    assert ask(client, "komsu", f"/gecit/sharing/{number(ledger)}/end", {}).status_code == 303
    assert ask(client, "doktor", A1).status_code == 200, "a neighbour ended nothing"


def test_a_preliminary_report_is_not_shown(client: FlaskClient, ledger: SqlLedger) -> None:
    key3 = ExamKey(institution=HOSPITAL.skrs, accession="A3")

    def work(tx: Any) -> None:
        one = replace(order("A3"), patient=Patient(tckn=PATIENT, family="HASTA"))
        tx.append(OrderPlaced(at=START, exam=key3, order=one, message=1))
        tx.append(
            ReportReceived(
                at=START, exam=key3, report=replace(report("A3"), status=ReportStatus.PRELIMINARY), message=2
            )
        )

    ledger.write(work)
    share(client, which="all")
    page = ask(client, "doktor", f"/gecit/shared/report/{HOSPITAL.skrs}/A3")
    assert page.status_code == 200 and CONCLUSION not in page.text and "Kesinleşmiş rapor yok" in page.text


def test_what_was_shared_seen_and_refused_stands_in_the_audit(
    client: FlaskClient, audit: AuditBook, ledger: SqlLedger
) -> None:
    share(client)
    ask(client, "doktor", A1)
    ask(client, "uzak", A1)
    ask(client, "hasta", f"/gecit/sharing/{number(ledger)}/end", {})
    rows = [(one.who, one.what, one.outcome) for one in audit.rows(AuditSearch(patient=audit.digest(PATIENT)))]
    assert rows.count(("hasta", "share own exams", "done")) == 2
    assert ("doktor", "see a report", "done") in rows and ("uzak", "see a report", "refused") in rows
    made = ledger.read(lambda tx: tx.disclosures_of(PATIENT))[0]
    assert (made.ground, made.recorded_by, made.ended_by) == (Ground.CONSENT, "hasta", "hasta")


# Links


def make_link(client: FlaskClient, **differs: Any) -> TestResponse:
    form = {
        "channel": "e-mail", "address": "yakin@ornek.example", "exam": f"{HOSPITAL.skrs} A1", "since": day(),
        "until": day(7), **differs,
    }  # fmt: skip
    return ask(client, "hasta", "/gecit/sharing/links", form)


def token_of(client: FlaskClient, **differs: Any) -> str:
    found = re.search(r"#([\w-]{40,})", make_link(client, **differs).text)
    assert found
    return found.group(1)


def open_link(visitor: FlaskClient, token: str, sender: FakeSender) -> TestResponse:
    assert visitor.post("/gecit/link/code", data={"token": token}).status_code == 200
    return visitor.post("/gecit/link/open", data={"token": token, "code": sender.code})


def test_link_and_code_open_those_exams_alone_until_the_patient_ends_it(
    app: Flask, client: FlaskClient, sender: FakeSender, ledger: SqlLedger
) -> None:
    token, visitor = token_of(client), app.test_client()
    before = visitor.get("/gecit/link").text + visitor.post("/gecit/link/code", data={"token": token}).text
    assert "HASTA" not in before and PATIENT not in before and "A1" not in before.replace(token, "")
    assert visitor.get(A1).status_code == 401
    assert sender.sent[0][0] == "yakin@ornek.example" and "HASTA" not in sender.sent[0][1]
    assert open_link(visitor, token, sender).headers["Location"] == "/gecit/shared"
    listed = visitor.get("/gecit/shared").text
    assert "HASTAA1" in listed and A1 in listed and A2 not in listed
    assert CONCLUSION in visitor.get(A1).text
    assert visitor.get(A2).status_code == 404
    assert visitor.get(f"/gecit/viewer/{HOSPITAL.skrs}/A2").status_code == 404
    for path in ("/gecit/sharing", f"/gecit/exams/{HOSPITAL.skrs}/A1", "/gecit/api/exams", "/gecit/health"):
        assert visitor.get(path).status_code == 403, path
    assert ask(client, "hasta", f"/gecit/sharing/{number(ledger)}/end", {}).status_code == 303
    assert visitor.get(A1).status_code == 401
    assert visitor.post("/gecit/link/code", data={"token": token}).status_code == 404


def test_a_code_is_good_once_and_for_minutes(
    app: Flask, client: FlaskClient, sender: FakeSender, clock: StillClock
) -> None:
    token, first, second = token_of(client), app.test_client(), app.test_client()
    assert open_link(first, token, sender).status_code == 303
    again = second.post("/gecit/link/open", data={"token": token, "code": sender.code})
    assert again.status_code == 401 and second.get(A1).status_code == 401
    second.post("/gecit/link/code", data={"token": token})
    clock.advance(600)
    assert second.post("/gecit/link/open", data={"token": token, "code": sender.code}).status_code == 401
    assert open_link(second, token, sender).status_code == 303


def test_a_new_code_makes_the_last_one_worthless(app: Flask, client: FlaskClient, sender: FakeSender) -> None:
    token, visitor = token_of(client), app.test_client()
    visitor.post("/gecit/link/code", data={"token": token})
    old = sender.code
    visitor.post("/gecit/link/code", data={"token": token})
    assert old != sender.code
    assert visitor.post("/gecit/link/open", data={"token": token, "code": old}).status_code == 401
    assert visitor.post("/gecit/link/open", data={"token": token, "code": sender.code}).status_code == 303


def test_wrong_codes_are_limited_for_a_code_and_for_a_link(
    app: Flask, client: FlaskClient, sender: FakeSender, clock: StillClock, audit: AuditBook
) -> None:
    token, visitor = token_of(client), app.test_client()

    def wrong() -> int:
        return visitor.post("/gecit/link/open", data={"token": token, "code": "1"}).status_code

    visitor.post("/gecit/link/code", data={"token": token})
    assert [wrong() for _ in range(TRIES)] == [401] * TRIES
    right = visitor.post("/gecit/link/open", data={"token": token, "code": sender.code})
    assert right.status_code == 401, "after so many tries the code is worth nothing"
    visitor.post("/gecit/link/code", data={"token": token})
    assert [wrong() for _ in range(WRONG_OF_LINK - TRIES)][-1] == 429
    assert visitor.post("/gecit/link/open", data={"token": token, "code": sender.code}).status_code == 429
    rows = [one for one in audit.rows(AuditSearch(what="enter a sharing code")) if one.outcome == "refused"]
    assert {one.why for one in rows} == {"wrong", "too many"} and all(one.who.startswith("link:") for one in rows)
    clock.advance(1000)
    assert open_link(visitor, token, sender).status_code == 303


def test_new_codes_are_limited(app: Flask, client: FlaskClient, sender: FakeSender, clock: StillClock) -> None:
    token, visitor = token_of(client), app.test_client()
    asked = [visitor.post("/gecit/link/code", data={"token": token}).status_code for _ in range(CODES_OF_LINK + 1)]
    assert asked == [200] * CODES_OF_LINK + [429]
    assert len(sender.sent) == CODES_OF_LINK
    clock.advance(1000)
    assert visitor.post("/gecit/link/code", data={"token": token}).status_code == 200


def test_a_visit_ends_by_itself_and_by_its_button(
    app: Flask, client: FlaskClient, sender: FakeSender, clock: StillClock
) -> None:
    token, visitor = token_of(client), app.test_client()
    open_link(visitor, token, sender)
    page = visitor.get("/gecit/shared").text
    csrf = re.search(r'name="csrf" value="(\w+)"', page)
    assert csrf
    cookie = visitor.get_cookie(VISIT)
    assert cookie and cookie.http_only
    assert visitor.post("/gecit/link/leave").status_code == 403, "a foreign page's form ends nothing"
    assert visitor.post("/gecit/link/leave", data={"csrf": csrf.group(1)}).status_code == 303
    assert visitor.get_cookie(VISIT) is None
    visitor.set_cookie(VISIT, cookie.value)
    assert visitor.get(A1).status_code == 401, "a cookie that was kept is worth nothing"
    open_link(visitor, token, sender)
    clock.advance(3600)
    assert visitor.get(A1).status_code == 401


def test_codes_and_tokens_are_kept_as_hashes_and_no_code_is_told_that_was_not_sent(
    app: Flask, client: FlaskClient, sender: FakeSender, ledger: SqlLedger
) -> None:
    token, visitor = token_of(client), app.test_client()
    open_link(visitor, token, sender)
    cookie = visitor.get_cookie(VISIT)
    assert cookie
    with ledger.engine.connect() as connection:
        kept = str([connection.execute(sa.select(one)).all() for one in (share_link, visit, event)])
    assert token not in kept and cookie.value not in kept and sender.code.replace(" ", "") not in kept
    sender.fault = Unavailable("no server")
    answer = visitor.post("/gecit/link/code", data={"token": token})
    assert answer.status_code == 503 and "gönderilemedi" in answer.text


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"address": "yok"}, "e-posta adresini"),
        ({"address": "a@b.example\r\nBcc: c@d.example"}, "e-posta adresini"),
        ({"channel": "sms", "address": "+905550000000"}, "kod gönderemiyor"),
        ({"channel": "güvercin"}, "kod gönderemiyor"),
        ({"exam": []}, "En az bir tetkik"),
        ({"exam": f"{HOSPITAL.skrs} B1"}, "En az bir tetkik"),
    ],
)
def test_what_cannot_be_a_link_is_said(
    client: FlaskClient, ledger: SqlLedger, differs: dict[str, Any], said: str
) -> None:
    answer = make_link(client, **differs)
    assert answer.status_code == 422 and said in answer.text
    assert ledger.read(lambda tx: (tx.share_links_of(PATIENT), tx.disclosures_of(PATIENT))) == ([], [])


def test_a_link_stands_no_longer_than_its_limit(client: FlaskClient, ledger: SqlLedger) -> None:
    make_link(client, until=day(300))
    made = ledger.read(lambda tx: tx.disclosures_of(PATIENT))[0]
    assert made.until - made.since == timedelta(days=30)


def test_a_wrong_token_says_no_more_than_one_that_is_over(
    app: Flask, client: FlaskClient, sender: FakeSender, clock: StillClock
) -> None:
    token, visitor = token_of(client, until=day()), app.test_client()
    clock.at = NOW + timedelta(days=2)
    over, unknown = (visitor.post("/gecit/link/code", data={"token": one}) for one in (token, "x" * 43))
    assert over.status_code == unknown.status_code == 404
    assert over.text.replace(token, "") == unknown.text.replace("x" * 43, "")
    assert sender.sent == []


def test_an_exams_own_page_leads_to_the_form_with_that_exam_chosen(client: FlaskClient) -> None:
    chosen = ask(client, "hasta", f"/gecit/sharing?exam={HOSPITAL.skrs}+A1").text
    assert f'value="{HOSPITAL.skrs} A1" checked' in chosen
    assert f'value="{HOSPITAL.skrs} A2" checked' not in chosen
    foreign = ask(client, "hasta", "/gecit/sharing?exam=999999+A9").text
    assert 'value="999999 A9"' not in foreign and 'name="exam"' in foreign and foreign.count(" checked") == 1
