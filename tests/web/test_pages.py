import re
from collections.abc import Callable
from typing import get_args

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from msgspec.structs import replace

from gecit.core.events import AnyExamEvent, StudyFactsRecorded, StudyLinked
from gecit.core.exam import Billing, Exam
from gecit.core.order import ExamKey, Patient
from gecit.core.report import Document, ReportStatus
from gecit.core.verdict import Effect, Outcome, Status
from gecit.edges.store import SqlLedger, schema
from gecit.ports import Beat
from gecit.web import words
from gecit.web.masking import mask
from gecit.web.reports import Place, Registered
from gecit.web.timeline import show_event
from tests.fakes import NOON, FakeAccounts, FakeViews, FakeVitals
from tests.support.exams import CLEAN, HELD, TCKN, facts, fill, put, record
from tests.web.conftest import BASIC

Page = Callable[..., str]
HELD_PATH = "/gecit/exams/910001/CT-%C4%B0/7"
PATHS = (
    "/gecit", "/gecit/", "/gecit/unlinked", "/gecit/day", "/gecit/senders", "/gecit/health", HELD_PATH,
    f"/gecit/exams/{CLEAN}",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _exams(book: SqlLedger, views: FakeViews) -> None:
    record(book)
    fill(views)


def read(book: SqlLedger, key: ExamKey) -> Exam:
    found = book.exam_of(key)
    assert found
    return found


def test_the_list_names_each_exam_its_verdict_and_what_is_missing(page: Page) -> None:
    text = page("/gecit")
    assert HELD.accession in page("/gecit/"), "with and without the last slash"
    assert text.index(HELD.accession) < text.index(CLEAN.accession), "of the same instant, by accession number"
    assert "AYŞEGÜL ŞAHİN" in text and "Toraks BT" in text
    assert "dose-report kuralı" in text and "Çekim cihazı" in text
    assert "loinc-code" not in text, "what passed is not missing"
    assert "patient-id" not in text, "a warning is not missing"
    assert "KAYIP-1" in page("/gecit/unlinked"), "the study without an order"


def test_an_exam_says_why_where_how_to_mend_it_and_who_must(page: Page) -> None:
    text = page(HELD_PATH)
    for expected in ("BT için doz raporu gelmedi.", "Cihazın doz SR gönderimini açın.", "Çekim cihazı", "113701^DCM"):
        assert expected in text
    assert "2021-08-31" in text, "the exemption"
    assert "Tarayıcı 9" in text and "Işıl YILDIZ" in text and "İstem alındı" in text
    assert "Doz raporu gelmedi" in text
    assert "412.5 mGy.cm" in page(f"/gecit/exams/{CLEAN}")


def test_an_exam_says_why_its_images_are_not_shown_and_who_must_mend_them(page: Page, book: SqlLedger) -> None:
    exam = read(book, CLEAN)
    linked = exam.studies[0]
    put(book, replace(exam, studies=(replace(linked, facts=replace(linked.facts, aside="deep")),)))
    text = page(f"/gecit/exams/{CLEAN}")
    assert "derin iç içe" in text and "Gönderen kurum" in text
    assert "None is lost" in page(f"/gecit/exams/{CLEAN}?lang=en")


def test_an_exam_that_waits_for_its_images_says_that_it_is_on_the_worklist(page: Page, book: SqlLedger) -> None:
    """Its planned time is there until pictures or a report have come."""
    assert "İş listesinde" not in page(f"/gecit/exams/{CLEAN}")
    put(book, replace(read(book, CLEAN), studies=(), reports=()))
    assert "İş listesinde, planlanan" in page(f"/gecit/exams/{CLEAN}")


def test_every_version_of_a_report_stands_there_with_what_became_of_it(page: Page) -> None:
    text = " ".join(re.sub(r"<[^>]+>", " ", page(f"/gecit/exams/{CLEAN}")).split())
    history = [
        "4. Ek rapor yürürlükteki rapora ek",
        "3. Ön rapor yürürlüğe girmedi",
        "2. Kesin rapor yürürlükte",
        "1. Ön rapor yerine yenisi geçti",
    ]
    assert [text.index(one) for one in history] == sorted(text.index(one) for one in history)
    assert "Işıl YILDIZ kayıtta radyolog" in text and "Nuri ÖZ kayıtta radyolog değil" in text
    assert "Kontrast madde İyoheksol, 300, intravenöz" in text
    assert "İstem nedeni puanı 4 / 5" in text and "Çekim kalitesi puanı 5 / 5" in text
    assert "Çalışmaya eklendi yapılandırılmış rapor (SR)" in text
    assert "2. sürüm, yapılandırılmış rapor (SR)" in text, "the timeline"


def test_a_further_signer_is_written_in_turkish_letters(page: Page) -> None:
    """`İ` is no letter to make small by program: Python's `lower` leaves a dot above beside the `i`."""
    assert "2. imza" in page(f"/gecit/exams/{CLEAN}")
    assert [path for path in PATHS if "\u0307" in page(path)] == []


def test_what_the_rules_say_has_another_heading_than_the_reports_findings(page: Page) -> None:
    assert "<h2>Denetim sonucu</h2>" in page(HELD_PATH) and "<h2>Rule findings</h2>" in page(f"{HELD_PATH}?lang=en")


@pytest.mark.parametrize(("images", "said"), [(1, "1 image"), (2, "2 images")])
def test_one_image_is_no_images(page: Page, book: SqlLedger, images: int, said: str) -> None:
    """In the list and in the timeline."""
    [study] = read(book, CLEAN).studies
    series = replace(study.facts.series[0], instances=images, images=images)
    facts = replace(study.facts, series=(series,))
    put(book, replace(read(book, CLEAN), studies=(replace(study, facts=facts),)))
    assert f"· {said}</small>" in page("/gecit?lang=en")
    linked = show_event(StudyLinked(at=NOON, exam=CLEAN, facts=facts, path=""))
    assert linked.detail and linked.detail.en.startswith(f"{said},")


def test_the_same_page_in_english_and_the_choice_is_kept(client: FlaskClient) -> None:
    headers = {"Authorization": BASIC}
    text = client.get(f"{HELD_PATH}?lang=en", headers=headers).text
    assert "Switch on the device&#39;s dose SR." in text and '<html lang="en">' in text
    assert '<html lang="en">' in client.get("/gecit", headers=headers).text
    assert '<html lang="tr">' in client.get("/gecit?lang=tr", headers=headers).text
    assert '<html lang="tr">' in client.get("/gecit?lang=xx", headers=headers).text


@pytest.mark.parametrize("path", [*PATHS, "/gecit/api/exams", f"/gecit/api/exams/{HELD}", f"/gecit/api/exams/{CLEAN}"])
def test_no_answer_holds_a_whole_tckn(page: Page, path: str) -> None:
    assert TCKN not in page(path)


def test_masking_leaves_shorter_and_longer_numbers_alone() -> None:
    assert mask(f"a {TCKN}, {TCKN}") == "a ********146, ********146"
    assert mask("1234567890 and 123456789012 and 1.2.826.0") == "1234567890 and 123456789012 and 1.2.826.0"


@pytest.mark.parametrize("path", PATHS)
def test_pages_without_sign_in_ask_for_it_and_show_nothing(client: FlaskClient, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith('Basic realm="Gecit"')
        assert "ŞAHİN" not in answer.text and HELD.accession not in answer.text


def test_a_token_opens_pages_too(client: FlaskClient) -> None:
    assert client.get("/gecit", headers={"Authorization": "Bearer program"}).status_code == 200


@pytest.mark.parametrize("path", [*PATHS, "/gecit/nothing", "/gecit/api/live", "/gecit/static/gecit.css"])
def test_every_answer_forbids_scripts_and_frames(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"Authorization": BASIC})
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy and "style-src 'self';" in policy and "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert ("no-store" in answer.headers["Cache-Control"]) == ("static" not in path)


@pytest.mark.parametrize("path", PATHS)
def test_pages_hold_no_inline_script_or_style(page: Page, path: str) -> None:
    assert not re.search(r"<script(?! src=)|<style| style=| on\w+=| hx-on", page(path))


def test_what_a_sender_wrote_is_never_markup(page: Page, book: SqlLedger) -> None:
    key = ExamKey(institution="910001", accession="<b onclick=x>")
    lost = replace(facts(key), patient_name="<script>1</script>")
    book.write(lambda tx: tx.append(StudyFactsRecorded(study=lost.key, at=NOON, facts=lost)))
    named = replace(read(book, CLEAN), key=key)
    assert named.order
    put(book, replace(named, order=replace(named.order, patient=Patient(family="<script>1</script>", tckn=TCKN))))
    for path in ("/gecit", "/gecit/unlinked", "/gecit/exams/910001/%3Cb%20onclick%3Dx%3E"):
        assert "<script>" not in page(path) and "<b onclick" not in page(path)
        assert "&lt;script&gt;" in page(path)


def test_a_search_finds_by_accession_and_says_when_there_is_none(page: Page) -> None:
    assert HELD.accession not in page(f"/gecit?accession={CLEAN.accession}")
    assert "Bu süzgece uyan tetkik yok" in page("/gecit?accession=%22%3E%3Cb%3E")


def test_an_unknown_exam_is_a_page_that_says_what_to_check(page: Page) -> None:
    assert "kurum kodunu" in page("/gecit/exams/910002/CT-1", 404)
    assert "kurum kodunu" in page(f"/gecit/exams/910002/{CLEAN.accession}", 404), "an accession of another institution"


def test_a_ledger_that_fails_is_a_page_and_no_patient_reaches_the_log(
    page: Page, book: SqlLedger, caplog: pytest.LogCaptureFixture
) -> None:
    with book.engine.begin() as connection:
        connection.execute(sa.update(schema.exam).values(data=f'{{"tckn": {TCKN}'))
    assert TCKN not in page("/gecit", 500)
    assert "ValidationError" in caplog.text and TCKN not in caplog.text


def test_a_door_that_cannot_ask_answers_503(client: FlaskClient, accounts: FakeAccounts) -> None:
    accounts.broken = True
    assert client.get("/gecit", headers={"Authorization": BASIC}).status_code == 503


def test_every_word_of_the_core_has_its_translation() -> None:
    assert set(words.OUTCOMES) == {*Outcome, None}
    assert set(words.STATUSES) == set(Status) and set(words.EFFECTS) == set(Effect)
    assert set(words.BILLING) == set(Billing) and set(words.REPORT) == set(ReportStatus)
    assert set(words.PLACES) == set(Place) and set(words.REGISTERED) == set(Registered)
    assert set(words.DOCUMENTS) == set(Document)
    assert set(words.EVENTS) == {one.__name__ for one in get_args(AnyExamEvent)}


def test_refusals_at_c_store_are_told_by_what_their_rule_says(page: Page, vitals: FakeVitals) -> None:
    """The site that switched a rule on sees what it costs."""
    vitals.beat(Beat(node="N1", process="orthanc", pid=7, at=NOON, detail={"refused.accession-missing": 3}))
    assert "reddedilen (Erişim numarası (0008,0050) boş): 3" in page("/gecit/health")


def test_counts_are_read_by_people(page: Page) -> None:
    text = page("/gecit/health")
    assert "Tetkik: Tutuldu" in text and "Giden kutusu: bir kişi bakmalı" in text and "HL7 iletisi" in text
    assert words.count_name("new.thing").tr == "new.thing"


@pytest.mark.parametrize(
    ("billing", "code", "shown"),
    [
        (Billing.REFUSED, "GECIT-NO-PHYSICIAN", "gecit codes import physicians FILE"),
        (Billing.PARTLY_TOLD, "1229", "Faturalama birimi"),
        (Billing.WITHDRAWAL_REFUSED, "0718", "Bu kodu Geçit bilmiyor"),
    ],
)
def test_what_medula_refused_is_said_in_words_with_what_to_do(
    page: Page, book: SqlLedger, billing: Billing, code: str, shown: str
) -> None:
    found = read(book, CLEAN)
    put(book, replace(found, billing=billing, medula_code=code, medula_message=f"hasta {TCKN}"))
    text = page(f"/gecit/exams/{CLEAN}")
    assert shown in text and TCKN not in text
    put(book, replace(found, billing=Billing.TOLD, medula_code="0000"))
    assert "Bu kodu Geçit bilmiyor" not in page(f"/gecit/exams/{CLEAN}")
