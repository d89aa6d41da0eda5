"""The page of a report's text: whose it is, every version, what took the place of what, and HTML that stays text."""

from __future__ import annotations

from html import unescape

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from gecit.core import events as e
from gecit.core.access import Person, Role
from gecit.core.order import Person as Named
from gecit.core.report import ReportPart, ReportStatus
from gecit.edges.store import SqlLedger
from tests.fakes import StillClock
from tests.support.flow import FINDINGS, HOSPITAL, OTHER_TCKN, START, TCKN, incoming, key, order, report, send
from tests.support.integrators import PEOPLE, application, bearer

MORE = {
    "clinician": Person(name="hekim", roles=(Role.CLINICIAN,), institution=HOSPITAL.skrs),
    "citizen": Person(name="vatandaş", roles=(Role.CITIZEN,), tckn=TCKN),
    "other citizen": Person(name="başkası", roles=(Role.CITIZEN,), tckn=OTHER_TCKN),
    "stranger": Person(name="yabancı", roles=(Role.CLINICIAN,), institution="910009"),
    "consultant": Person(name="danışman", roles=(Role.CONSULTANT,), institution=HOSPITAL.skrs),
    "both": Person(name="ikisi", roles=(Role.CITIZEN, Role.CLINICIAN), institution="910009", tckn=TCKN),
}
PATH = f"/gecit/reports/{HOSPITAL.skrs}/A1"
HTML = "<p>Karaciğer <b>olağan</b>.</p><script>alert(1)</script><p>Dalak 5 &lt; 6 cm.</p>"


@pytest.fixture
def client(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    for name, person in MORE.items():
        monkeypatch.setitem(PEOPLE, name, person)
    send(ledger, incoming(order("A1"), "1"))
    send(ledger, incoming(report("A1"), "2"))
    made: FlaskClient = application(ledger, StillClock(START), pages=True).test_client()
    return made


def ask(client: FlaskClient, who: str, path: str = PATH) -> tuple[int, str]:
    answer = client.get(path, headers=bearer(who))
    return answer.status_code, answer.text


def correct(ledger: SqlLedger) -> None:
    """The same report once more, corrected, in HTML, by somebody whose name is mark-up."""

    def work(tx: object) -> None:
        exam = tx.exam(key("A1"))  # type: ignore[attr-defined]
        signer = replace(exam.report.report.radiologists[0], given="<i>Ayşe</i>", family="ÖRNEK")
        made = replace(
            exam.report.report,
            status=ReportStatus.CORRECTED,
            parts={ReportPart.FINDINGS: HTML},
            format="HTML",
            radiologists=(signer, Named(identifier="10000000146")),
        )
        tx.append(e.ReportReceived(at=START, exam=exam.key, report=made, message=99))  # type: ignore[attr-defined]

    ledger.write(work)


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("clinician", 200),
        ("citizen", 200),
        ("other citizen", 404),
        ("stranger", 404),
        ("consultant", 403),
        ("both", 200),
    ],
)
def test_a_report_is_read_by_who_may_see_it(client: FlaskClient, who: str, status: int) -> None:
    found, text = ask(client, who)
    assert found == status
    assert (FINDINGS.split()[0] in unescape(text)) is (status == 200)


def test_every_version_says_what_it_took_the_place_of(client: FlaskClient, ledger: SqlLedger) -> None:
    correct(ledger)
    text = unescape(ask(client, "clinician")[1])
    assert "1. sürümün yerine geçti" in text and "yerini 2. sürüm aldı" in text
    assert text.index('id="v2"') < text.index('id="v1"'), "the newest first"
    assert "yürürlükte" in text.partition('id="v1"')[0]


def test_html_and_names_are_text_and_numbers_are_masked(client: FlaskClient, ledger: SqlLedger) -> None:
    correct(ledger)
    text = ask(client, "clinician")[1]
    assert "<script>alert" not in text and "alert(1)" not in text
    assert "&lt;i&gt;Ayşe&lt;/i&gt;" in text and "<i>Ayşe" not in text
    assert "Karaciğer olağan." in text and "Dalak 5 &lt; 6 cm." in text
    assert "10000000146" not in text and TCKN not in text


def test_the_exam_leads_to_its_report_and_back(client: FlaskClient) -> None:
    exam = f"/gecit/exams/{HOSPITAL.skrs}/A1"
    assert f'href="{PATH}"' in ask(client, "clinician", exam)[1]
    assert f'href="{exam}"' in ask(client, "clinician")[1]
    assert f'href="{exam}"' not in ask(client, "citizen")[1], "who may not open it is led nowhere"


def test_a_link_on_an_exam_asks_about_that_exam(client: FlaskClient) -> None:
    """Citizen and staff of another hospital at once: the list is of his work, and his own exam is no part of that."""
    status, text = ask(client, "both", "/gecit/")
    assert status == 200
    assert "<span>A1</span>" not in text and "/gecit/exams/" not in text
    assert 'href="/gecit/exams/' in ask(client, "clinician", "/gecit/")[1]
