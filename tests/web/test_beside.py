"""What a page shows beside an exam, read from a ledger in which it happened."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

import gecit
from gecit.core import events as e
from gecit.core.background import Answering, Background, DuplicateQuery, EarlierExam, Opening
from gecit.core.billing import Cause
from gecit.core.checks import CHECKS
from gecit.core.checks.answers import Context
from gecit.core.order import Control
from gecit.core.remarks import Remark, Severity, Where
from gecit.core.rulebook import Exemption, Rulebook, Source, Window
from gecit.core.values import Text
from gecit.core.verdict import Outcome, Status
from gecit.edges.doors import Doors
from gecit.edges.store import SqlLedger
from gecit.ports import Beat, Transaction
from gecit.web import phrases
from gecit.web.app import create_app
from tests.fakes import NOON, FakeAccounts, FakeVitals, StillClock
from tests.support.exams import CLEAN, DOSE_MISSING, HELD, PASSED, TCKN, finding, fold, life, verdict
from tests.web.conftest import BASIC

Page = Callable[..., str]
WAIVER, NOTICE, LOST = "waiver-A", "duplicate-query@2026-03-02T11:00", "no-longer-anywhere"
REMARK = Remark(
    code="time-unreadable",
    severity=Severity.NOTE,
    where=Where(),
    text=Text(tr="PID-7 okunamadı", en="PID-7 unreadable"),
)
EARLIER = EarlierExam(
    institution=CLEAN.institution, accession=CLEAN.accession, sut="804000", ordered_at=NOON, images=True
)
ABOVE = EarlierExam(
    institution="920009", accession="ÜST-9", sut="804000", performed_at=NOON, report=True, source="above", reference="7"
)
QUERY = DuplicateQuery(
    id="q1", at=NOON, institution=HELD.institution, tckn=TCKN, sut=("804000",), found=(EARLIER, ABOVE), upstream="above"
)
DOWN = DuplicateQuery(
    id="q2",
    at=NOON + timedelta(minutes=1),
    institution=HELD.institution,
    tckn=TCKN,
    sut=("804000",),
    state=Answering.FAILED,
    reason="upstream-unavailable",
)


def _window(name: str, *, last: bool, teletip_id: str = "") -> Window:
    return Window(
        id=name,
        start=NOON - timedelta(hours=1),
        last=NOON + timedelta(minutes=30) if last else None,
        published=date(2026, 3, 4),
        source=Source(kind="letter", title=f"{name} yazısı"),
        teletip_id=teletip_id,
    )


def _book(*windows: Window) -> Rulebook:
    title = Text(tr="Sorgu muafiyeti", en="Query exemption")
    return Rulebook.of(
        (), (Exemption(id="x", title=title, excuses=("dose-report",), dated_by="order_date", windows=windows),)
    )


JUDGED_BY = _book(_window(NOTICE, last=True), _window(WAIVER, last=False, teletip_id="T-55"))
IN_FORCE = _book(_window("other", last=True))


def _excused() -> e.ExamJudged:
    dose = replace(DOSE_MISSING, status=Status.EXCUSED, exemptions=(NOTICE, WAIVER, LOST))
    refused = finding("report-present", Status.FAILED, found="dose-report")
    said = replace(verdict(Outcome.HOLD, dose, refused, PASSED), rulebook=JUDGED_BY.revision)
    return e.ExamJudged(exam=HELD, at=NOON, verdict=said, cause="order NW")


def _happen(tx: Transaction) -> None:
    above_only = replace(QUERY, found=(ABOVE,))
    for one in (
        *life(CLEAN),
        *life(HELD)[:3],
        e.MessageRemarked(exam=HELD, at=NOON, message=1, remarks=(REMARK,)),
        e.BackgroundRecorded(exam=HELD, at=NOON, background=Background(earlier=(EARLIER,), queries=(above_only, DOWN))),
        _excused(),
        e.DuplicateQueried(at=NOON, query=QUERY),
        e.DuplicateQueried(at=NOON, query=DOWN),
        e.DuplicateOpened(
            at=NOON,
            query="q1",
            opening=Opening(institution="920009", accession="ÜST-9", what="report", at=NOON + timedelta(minutes=9)),
        ),
    ):
        tx.append(one)


@pytest.fixture
def page(sqlite_ledger: SqlLedger, accounts: FakeAccounts, vitals: FakeVitals) -> Page:
    sqlite_ledger.activate_rulebook(JUDGED_BY.revision, JUDGED_BY.to_json(), NOON)
    sqlite_ledger.activate_rulebook(IN_FORCE.revision, IN_FORCE.to_json(), NOON + timedelta(days=1))
    sqlite_ledger.write(_happen)
    clock = StillClock()
    app = create_app(
        doors=Doors(accounts, "inside", clock),
        views=sqlite_ledger,
        vitals=vitals,
        clock=clock,
        node="N1",
        evidence=sqlite_ledger,
        ledger=sqlite_ledger,
    )

    def read(path: str) -> str:
        answer = app.test_client().get(path, headers={"Authorization": BASIC})
        assert answer.status_code == 200, answer.text
        return " ".join(answer.text.split())

    return read


HELD_PATH = "/gecit/exams/910001/CT-%C4%B0/7"


def test_an_excused_finding_names_its_exemptions_whole_from_the_revision_it_was_judged_by(page: Page) -> None:
    text = page(HELD_PATH)
    assert "Muafiyet: Sorgu muafiyeti" in text and "04.03.2026" in text and f"{NOTICE} yazısı" in text
    assert re.search(r"<dt>Süre</dt><dd>\d\d\.03\.2026 \d\d:00 – \d\d\.03\.2026 \d\d:30</dd>", text)
    assert "– süresiz" in text and "<dt>Teletıp no</dt><dd>T-55</dd>" in text
    assert f"Muafiyet: {LOST}" in text, "an exemption that no rulebook has is shown by its id"


def test_an_excused_finding_asks_nobody_and_its_rule_stands_under_rule(page: Page) -> None:
    excused = page(HELD_PATH).split("<article")[2].split("</article>")[0]
    assert "dose-report kuralı" in excused and "Kim düzeltir" not in excused and "Durum" not in excused
    assert "<dt>Kural</dt><dd><code>dose-report</code>" in excused


def test_queries_and_what_was_opened_stand_on_the_page(page: Page) -> None:
    rows = page(HELD_PATH).split("Mükerrer sorguları</h3>")[1].split("Önceki tetkikler</h3>")[0].split("<tr>")
    assert "yanıtlandı" in rows[2] and ">2</td>" in rows[2], "the evidence holds what our own ledger answered too"
    assert "ÜST-9" in rows[2] and "<li>Rapor" in rows[2]
    assert "yanıtlanamadı" in rows[3] and "üst servise ulaşılamadı" in rows[3] and ">–</td>" in rows[3]


def test_earlier_exams_are_links_where_they_are_ours(page: Page) -> None:
    text = page(HELD_PATH).split("Önceki tetkikler</h3>")[1].split("<h2>")[0]
    ours, above = text.split("<tr>")[2:]
    assert f'href="/gecit/exams/910001/{CLEAN.accession}"' in ours and 'data-label="Görüntü">var' in ours
    assert "ÜST-9" in above and "href" not in above and 'data-label="Rapor">var' in above and "920009" in above


def test_the_timeline_says_why_by_which_revision_and_which_remark(page: Page) -> None:
    text = page(HELD_PATH).split("Zaman çizgisi")[1]
    assert f"istem geldi · kural kitabı {JUDGED_BY.revision[:12]}" in text
    assert "time-unreadable: PID-7 okunamadı" in text and "2 mükerrer sorgusu, 1 önceki tetkik" in text
    english = page(f"{HELD_PATH}?lang=en")
    assert "the order came" in english and "PID-7 unreadable" in english and "until further notice" in english


def test_values_are_words_and_codes_stay(page: Page) -> None:
    text = page(HELD_PATH)
    assert phrases.in_words("113701^DCM").en == "dose report (113701^DCM)"
    assert "<dt>Nerede</dt><dd>113701^DCM</dd>" in text and "<dt>Bulunan</dt><dd>yok (0)</dd>" in text
    assert "bulunan dose-report kuralı." in text, "a rule is named by its title"


def test_the_list_marks_excused_exams_and_says_its_order(page: Page) -> None:
    text = page("/gecit")
    assert "Yeniden eskiye, istem tarihine göre" in text and "newest first" in page("/gecit?lang=en")
    assert re.search(r'badge excused">Muaf</span> dose-report kuralı', text)


def test_health_is_in_the_readers_language_and_time(page: Page, vitals: FakeVitals) -> None:
    said: dict[str, str | int | float] = {
        "last sweep": "2026-11-23T00:06:24+00:00",
        "cannot be judged": 3,
        "re-judging": "0123456789ab: 7 looked at, 2 changed",
    }
    vitals.beat(Beat(node="N1", process="work", pid=1, at=NOON, detail=said))
    text = page("/gecit/health")
    assert "son tam tarama: 23.11.2026 03:06" in text and "değerlendirilemeyen tetkik: 3" in text
    assert "7 tetkike bakıldı, 2 karar değişti" in text and "cannot be judged" not in text
    assert "last full sweep: 23.11.2026 03:06" in page("/gecit/health?lang=en")


def test_health_says_which_other_node_is_silent(page: Page, vitals: FakeVitals) -> None:
    assert "Her şey çalışıyor." in page("/gecit/health")
    vitals.beat(Beat(node="N2", process="web", pid=1, at=NOON.replace(year=2020)))
    text = page("/gecit/health")
    assert "Her şey çalışıyor." not in text and "Bu düğümde her şey çalışıyor." in text
    assert "en az bir süreçten ses yok: N2." in text
    assert "silent at these nodes: N2." in page("/gecit/health?lang=en")


def test_health_names_what_is_set_aside_and_says_who_must_do_what(page: Page, vitals: FakeVitals) -> None:
    study = "-".join(["0123abcd"] * 5)
    vitals.beat(Beat(node="N1", process="work", pid=1, at=NOON, detail={f"set aside {study}": "ended"}))
    text = page("/gecit/health")
    assert f"DELETE /studies/{study}" in text and "sistem yöneticisi" in text and "art arda" in text
    assert "okunurken Orthanc kapandı" in text
    assert "again and again" in page("/gecit/health?lang=en")


def test_what_the_duplicate_check_writes_has_words() -> None:
    check = CHECKS["duplicate_queried"]
    exam = fold(list(life(HELD)))
    for background in (Background(), Background(queries=(DOWN,))):
        answer = check.run(replace(exam, background=background), Context(), check.params)
        assert answer.status is Status.FAILED
        for value in (answer.expected, answer.found):
            said = phrases.in_words(value)
            assert said.tr != said.en and value not in (said.tr, said.en)


def test_every_cause_the_core_writes_has_words() -> None:
    core = (Path(gecit.__file__).parent / "core" / "exam.py").read_text()
    written = re.findall(r'_judge\(event, "([^"]+)"\)|judge_cause": "([^"]+)"', core)
    causes = {one or other for one, other in written} | {f"order {one.value}" for one in Control}
    causes |= {f"order {one.value}" for one in Cause if one is not Cause.AS_TOLD}
    assert len(causes) > 8 and causes <= set(phrases.CAUSES)
    assert phrases.cause("rulebook 0123456789ab").tr == "yeni kural kitabı 0123456789ab"
    assert phrases.in_words("PatientID 7").tr == "PatientID 7", "what has no words stays"
