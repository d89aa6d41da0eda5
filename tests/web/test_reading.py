"""The reading pages on a real ledger: who sees what, what is saved, what is signed."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from msgspec.structs import replace
from werkzeug.test import TestResponse

from gecit.core.access import Role
from gecit.core.accounts import Account, Session
from gecit.core.events import OrderPlaced, RegistryAnswer, StudyLinked
from gecit.core.exam import reading_of
from gecit.core.facts import StudyKey
from gecit.core.order import Patient, Procedure
from gecit.core.quality import RatingSource
from gecit.core.ratings import ratings_of
from gecit.core.reading import State
from gecit.core.report import RatingKind, ReportPart, ReportStatus
from gecit.core.turnaround import TARGETS
from gecit.edges import hl7_reader
from gecit.edges.credentials import COOKIE, csrf_of, token_digest
from gecit.edges.doors import Doors
from gecit.edges.hl7_report import ReportWriter
from gecit.edges.quality_files import read_quality
from gecit.edges.report_files import read_access, read_reporting
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import Institution, Unavailable
from gecit.ports.nodes import NewNode
from gecit.steps.granting import Granting
from gecit.web.app import create_app
from gecit.web.reading import ReadingRoom
from tests.fake_accounts import FakeAudit
from tests.fakes import FakeViews, FakeVitals, StillClock
from tests.support.archive import FakeTags
from tests.support.flow import FINDINGS, HOSPITAL, JUDGING, key, order, study
from tests.support.markup import POISON, shown_as_text
from tests.support.reading import CONCLUSION, LIMITS, NOW, NUMBERS, PROFILES, wait_for_reader

RULES = Path(__file__).parents[2] / "rules"
REASONS = read_quality(RULES).reasons
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "uzun bir parola 7"
READER = Account(name="ayse", roles=(Role.RADIOLOGIST,), institution=HOSPITAL.skrs)
PEOPLE = (
    replace(READER, full_name="Ayşe Nur Örnekçi", tckn=NUMBERS["ayse"]),
    replace(READER, name="bora", full_name="Bora Denemeci", tckn=NUMBERS["bora"]),
    replace(READER, name="uzak", full_name="Uzak Kurgusal", institution="910009", tckn=NUMBERS["uzak"]),
    Account(name="mudur", roles=(Role.MANAGER,), institution=HOSPITAL.skrs),
    Account(name="yonetici", roles=(Role.ADMINISTRATOR,)),
)
EDITOR = f"/gecit/reading/exam/{HOSPITAL.skrs}/A1"


class Registry:
    """Knows everybody as a radiologist, unless told otherwise."""

    def __init__(self) -> None:
        self.down = False

    def look_up(self, identifier: str) -> RegistryAnswer:
        if self.down:
            raise Unavailable("registry")
        return RegistryAnswer(identifier=identifier, known=True, radiologist=True)


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOW)


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    opened = open_ledger("sqlite://")
    for skrs in (HOSPITAL.skrs, "910009"):
        one = Institution(skrs=skrs, name=f"Hastane {skrs}", ownership="public", province="Ankara")
        opened.write(lambda tx, one=one: tx.record_institution(one, NOW))  # type: ignore[misc]
    for account in PEOPLE:
        opened.save_account(account, NOW)
        opened.set_password(account.name, CHEAP.hash(PASSWORD), NOW)
    wait_for_reader(opened, procedures=(Procedure(sut="804000", sut_name="Toraks BT", loinc="24627-2"),))
    yield opened
    opened.close()


@pytest.fixture
def audit() -> FakeAudit:
    return FakeAudit()


@pytest.fixture
def tags() -> FakeTags:
    return FakeTags()


@pytest.fixture
def client(ledger: SqlLedger, clock: StillClock, registry: Registry, audit: FakeAudit, tags: FakeTags) -> FlaskClient:
    granting = Granting(ledger, ledger, read_access(RULES))
    ticks = iter(range(0, 10**6, 10))  # nothing that a door remembers outlives a request
    doors = Doors(ledger, "inside", clock, lambda: float(next(ticks)), audit=audit, granted=granting.granted)
    room = ReadingRoom(
        ledger=ledger,
        accounts=ledger,
        clock=clock,
        limits=LIMITS,
        targets=TARGETS,
        granting=granting,
        judging=lambda: JUDGING,
        writer=ReportWriter(PROFILES),
        registry=registry,
        reporting=read_reporting(RULES),
        audit=audit,
        signs=lambda name, password, address: doors.sign_in(name, password, address).granted,
        tags=tags,
        node="N",
        reasons=lambda: REASONS,
    )
    app = create_app(
        doors=doors, views=FakeViews(), vitals=FakeVitals(), clock=clock, node="N", ledger=ledger, room=room
    )
    return app.test_client()


def ask(client: FlaskClient, who: str, path: str, form: dict[str, Any] | None = None, **more: Any) -> TestResponse:
    secret = base64.b64encode(f"{who}:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {secret}", **more}
    return client.post(path, data=form, headers=headers) if form is not None else client.get(path, headers=headers)


def act(client: FlaskClient, who: str, what: str, accession: str = "A1", **form: Any) -> TestResponse:
    return ask(client, who, f"/gecit/reading/{what}/{HOSPITAL.skrs}/{accession}", form)


def written(ledger: SqlLedger, who: str, **differs: str) -> dict[str, str]:
    """The form of the editor as a browser would send it."""
    draft = ledger.read(lambda tx: tx.draft(key(), who))
    form = {"part-3": FINDINGS, "part-4": CONCLUSION, "request-rating": "4", "image-rating": "5"}
    return {**form, "revision": str(draft.revision if draft else 0), **differs}


def fields(page: str) -> dict[str, str]:
    """The hidden fields and the four parts of the editor's form, as its page gave them."""
    form = page[page.index('<form id="report"') :].partition("</form>")[0]
    names = re.findall(r'name="(revision|window|kind|pictures)" value="([^"]*)"', form)
    parts = re.findall(r'name="(part-\d)"[^>]*>(.*?)</textarea>', form, re.DOTALL)
    return {**dict(names), **{name: unescape(text) for name, text in parts}}


def state(ledger: SqlLedger) -> tuple[State, str]:
    exam = ledger.read(lambda tx: tx.exam(key()))
    assert exam
    return reading_of(exam).state, reading_of(exam).reader


# The list


def test_a_radiologist_sees_what_waits_at_the_own_institution_and_nobody_else_does(client: FlaskClient) -> None:
    assert "A1" in ask(client, "ayse", "/gecit/reading").text
    assert "A1" not in ask(client, "uzak", "/gecit/reading").text
    assert ask(client, "mudur", "/gecit/reading").status_code == 403
    assert ask(client, "yonetici", "/gecit/reading").status_code == 403


def test_the_list_narrows_by_region_subspecialty_modality_and_whose(client: FlaskClient, ledger: SqlLedger) -> None:
    def seen(query: str) -> bool:
        return "A1" in ask(client, "ayse", f"/gecit/reading?{query}").text

    assert seen("region=chest") != seen("region=head")
    assert seen("modality=CT")
    assert not seen("modality=MR")
    assert not seen("which=mine")
    assert act(client, "ayse", "take").status_code == 303
    assert seen("which=mine")
    assert not seen("which=open")


def test_of_a_foreign_exam_every_door_says_the_same_as_of_none(client: FlaskClient) -> None:
    for what in ("take", "hold", "give-back", "draft", "sign"):
        assert act(client, "uzak", what).status_code == 404
    assert ask(client, "uzak", EDITOR).status_code == 404
    assert ask(client, "uzak", EDITOR.replace("A1", "YOK")).status_code == 404


# Writing


def test_what_is_taken_begins_with_the_template_of_its_kind(client: FlaskClient, ledger: SqlLedger) -> None:
    act(client, "ayse", "take")
    draft = ledger.read(lambda tx: tx.draft(key(), "ayse"))
    assert draft
    assert draft.kind
    assert draft.parts[ReportPart.FINDINGS]
    page = ask(client, "ayse", EDITOR).text
    assert draft.parts[ReportPart.FINDINGS].splitlines()[0] in unescape(page)


def test_two_cannot_take_one_exam(client: FlaskClient, ledger: SqlLedger) -> None:
    act(client, "ayse", "take")
    second = act(client, "bora", "take")
    assert second.status_code == 409
    assert "başka bir hekim" in second.text
    assert state(ledger) == (State.TAKEN, "ayse")


def test_a_bare_template_is_not_signed_though_it_is_long_enough(client: FlaskClient, ledger: SqlLedger) -> None:
    act(client, "ayse", "take")
    draft = ledger.read(lambda tx: tx.draft(key(), "ayse"))
    assert draft
    bare = draft.parts[ReportPart.FINDINGS]
    assert len(bare) > 50
    said = act(client, "ayse", "sign", act="sign", password=PASSWORD, **written(ledger, "ayse", **{"part-3": bare}))
    assert said.status_code == 409
    assert "şablondan başka" in said.text
    half = bare.replace("Plevra:", "Plevra: sıvı yok.")
    path = f"/gecit/reading/draft/{HOSPITAL.skrs}/A1"
    form = written(ledger, "ayse", **{"part-3": half})
    hints = ask(client, "ayse", path, form, **{"HX-Request": "true"}).text
    assert "doldurulmayan satır" in hints
    assert "Plevra:" not in hints


def test_each_pause_saves_and_says_what_is_missing(client: FlaskClient, ledger: SqlLedger) -> None:
    act(client, "ayse", "take")
    form = written(ledger, "ayse", **{"part-3": "Kısa."})
    path = f"/gecit/reading/draft/{HOSPITAL.skrs}/A1"
    said = ask(client, "ayse", path, form, **{"HX-Request": "true"})
    assert said.status_code == 200
    assert "<html" not in said.text
    assert "İmzayı engeller" in said.text
    assert f'value="{int(form["revision"]) + 1}"' in said.text
    kept = ledger.read(lambda tx: tx.draft(key(), "ayse"))
    assert kept
    assert kept.parts[ReportPart.FINDINGS] == "Kısa."
    good = ask(client, "ayse", path, written(ledger, "ayse"), **{"HX-Request": "true"})
    assert "İmzayı engeller" not in good.text


def test_who_writes_is_told_what_he_can_do_and_not_what_the_hbys_should_send(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    act(client, "ayse", "take")
    path = f"/gecit/reading/draft/{HOSPITAL.skrs}/A1"
    form = written(ledger, "ayse", **{"request-rating": "", "image-rating": ""})
    said = ask(client, "ayse", path, form, **{"HX-Request": "true"}).text
    assert "istemi ve çekimi puanlayın" in said
    assert "OBX" not in said and "göndermelidir" not in said


def test_an_older_window_is_told_and_writes_over_nothing(client: FlaskClient, ledger: SqlLedger) -> None:
    act(client, "ayse", "take")
    old = written(ledger, "ayse")
    act(client, "ayse", "draft", **written(ledger, "ayse", **{"part-4": "Yeni sonuç."}))
    said = ask(client, "ayse", f"/gecit/reading/draft/{HOSPITAL.skrs}/A1", old, **{"HX-Request": "true"})
    assert "başka bir pencerede" in said.text and "Sayfayı yenilemeyin" in said.text
    page = act(client, "ayse", "draft", **old)
    assert page.status_code == 409
    assert FINDINGS in unescape(page.text)  # what was typed is still there to be copied
    kept = ledger.read(lambda tx: tx.draft(key(), "ayse"))
    assert kept
    assert kept.parts[ReportPart.CONCLUSION] == "Yeni sonuç."


def test_a_macro_is_put_behind_what_is_written(client: FlaskClient, ledger: SqlLedger) -> None:
    act(client, "ayse", "take")
    act(client, "ayse", "draft", **written(ledger, "ayse", macro="klinik", **{"add-macro": "1"}))
    kept = ledger.read(lambda tx: tx.draft(key(), "ayse"))
    assert kept
    assert kept.parts[ReportPart.CONCLUSION].startswith(CONCLUSION)
    assert "laboratuvar" in kept.parts[ReportPart.CONCLUSION]


def test_what_others_wrote_is_text_on_the_list_and_in_the_editor(client: FlaskClient, ledger: SqlLedger) -> None:
    named = Patient(tckn="10000000146", file_number="D-9", family=POISON, given="ÇİĞDEM")
    wait_for_reader(
        ledger,
        "A9",
        patient=named,
        procedures=(Procedure(sut="804000", sut_name=POISON),),
        clinical_information=f"soru {POISON}",
    )
    assert shown_as_text(ask(client, "ayse", "/gecit/reading").text)
    assert act(client, "ayse", "take", "A9", act="take").status_code == 303
    place = f"/gecit/reading/exam/{HOSPITAL.skrs}/A9"
    assert shown_as_text(ask(client, "ayse", place).text, f"soru {POISON}")
    form = {"revision": "0", "part-3": f"bulgu {POISON}", "critical": POISON}
    draft = ledger.read(lambda tx: tx.draft(key("A9"), "ayse"))
    saved = act(client, "ayse", "draft", "A9", **{**form, "revision": str(draft.revision if draft else 0)})
    assert saved.status_code in (200, 303)
    assert shown_as_text(ask(client, "ayse", place).text, f"bulgu {POISON}")
    act(client, "ayse", "hold", "A9", reason=f"neden {POISON}")
    assert shown_as_text(ask(client, "ayse", place).text, f"neden {POISON}")
    act(client, "ayse", "give-back", "A9")
    assert shown_as_text(ask(client, "ayse", "/gecit/reading/drafts").text, f"bulgu {POISON}")


def test_hold_and_give_back(client: FlaskClient, ledger: SqlLedger) -> None:
    act(client, "ayse", "take")
    act(client, "ayse", "hold", reason="Eski <b>tetkik</b>")
    assert state(ledger) == (State.HELD, "ayse")
    page = ask(client, "ayse", EDITOR).text
    assert "Eski &lt;b&gt;tetkik" in page
    assert act(client, "ayse", "give-back").status_code == 303
    assert state(ledger) == (State.UNREAD, "")


def test_what_cannot_be_audited_is_not_done(
    client: FlaskClient, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise Unavailable("audit")

    def tried(who: str, path: str, form: dict[str, Any]) -> int:
        with monkeypatch.context() as away:
            away.setattr(FakeAudit, "record", broken)
            return ask(client, who, path, form).status_code

    at = f"{HOSPITAL.skrs}/A1"
    before = state(ledger)
    assert tried("ayse", f"/gecit/reading/take/{at}", {}) == 503
    assert tried("yonetici", f"/gecit/reading/assign/{at}", {}) == 503
    assert state(ledger) == before
    act(client, "ayse", "take")
    signing = {**written(ledger, "ayse"), "act": "sign", "password": PASSWORD}
    for what, form in (("hold", {"reason": "x"}), ("give-back", {}), ("sign", signing)):
        assert tried("ayse", f"/gecit/reading/{what}/{at}", form) == 503
        assert state(ledger) == (State.TAKEN, "ayse")


def test_reasons_of_a_rating_are_kept_signed_and_told_to_the_hospital(client: FlaskClient, ledger: SqlLedger) -> None:
    act(client, "ayse", "take")
    chosen = {"image-rating": "2", "image-reason": ["motion", "yok", "artefact"], "request-reason": ["motion"]}
    act(client, "ayse", "draft", **{**written(ledger, "ayse"), **chosen})
    page = ask(client, "ayse", EDITOR).text
    assert 'value="motion" checked' in page
    assert 'value="positioning">' in page
    act(client, "ayse", "sign", password=PASSWORD, **{**written(ledger, "ayse"), **chosen})
    exam = ledger.read(lambda tx: tx.exam(key()))
    assert exam
    report = exam.reports[-1].report
    assert (report.image_quality_reasons, report.request_reason_reasons) == (("artefact", "motion"), ())
    said = [(one.kind, one.score, one.rater, one.source, one.reasons) for one in ratings_of(exam)]
    assert said == [
        (RatingKind.IMAGE, 2, "ayse", RatingSource.EDITOR, ("artefact", "motion")),
        (RatingKind.REQUEST, 4, "ayse", RatingSource.EDITOR, ()),
    ]
    writer = ReportWriter(PROFILES)
    told = hl7_reader.parse(writer(exam, exam.reports[-1], Institution(skrs=HOSPITAL.skrs), "1"))
    assert told.all("OBX")[0].field(13) == "4^2^^artefact&motion"


def test_reasons_without_a_rating_are_not_signed(client: FlaskClient, ledger: SqlLedger) -> None:
    act(client, "ayse", "take")
    form = {**written(ledger, "ayse"), "image-rating": "", "image-reason": ["motion"]}
    act(client, "ayse", "sign", password=PASSWORD, **form)
    exam = ledger.read(lambda tx: tx.exam(key()))
    assert exam
    assert exam.reports[-1].report.image_quality_reasons == ()


# Signing


def test_what_stands_on_the_page_is_signed_with_the_password(
    client: FlaskClient, ledger: SqlLedger, audit: FakeAudit
) -> None:
    act(client, "ayse", "take")
    signed = act(client, "ayse", "sign", act="sign", password=PASSWORD, **written(ledger, "ayse"))
    assert signed.status_code == 303
    exam = ledger.read(lambda tx: tx.exam(key()))
    assert exam
    assert exam.report
    assert exam.report.report.status is ReportStatus.FINAL
    signer = exam.report.report.radiologists[0]
    assert (signer.identifier, signer.given, signer.family) == (NUMBERS["ayse"], "Ayşe Nur", "Örnekçi")
    assert ("ayse", "sign", "done") in audit.said()
    page = unescape(ask(client, "ayse", EDITOR).text)
    assert CONCLUSION in page
    assert "HBYS'ye gönderilecek" in page
    assert "Ek rapor yaz" in page


def test_a_wrong_password_signs_nothing_and_loses_nothing(client: FlaskClient, ledger: SqlLedger) -> None:
    act(client, "ayse", "take")
    for password in ("", "yanlış parola 123"):
        said = act(client, "ayse", "sign", act="sign", password=password, **written(ledger, "ayse"))
        assert said.status_code == 422
        assert "hiçbir şey imzalanmadı" in said.text
        assert password not in said.text or not password
    assert state(ledger) == (State.TAKEN, "ayse")
    kept = ledger.read(lambda tx: tx.draft(key(), "ayse"))
    assert kept
    assert kept.parts[ReportPart.CONCLUSION] == CONCLUSION


@pytest.mark.parametrize("part", ["part-3", "part-4"])
def test_after_a_refused_signature_what_is_typed_on_is_saved(client: FlaskClient, ledger: SqlLedger, part: str) -> None:
    act(client, "ayse", "take")
    form = written(ledger, "ayse", window="first", act="sign", password=PASSWORD, **{part: ""})
    refused = act(client, "ayse", "sign", **form)
    assert refused.status_code == 409 and "imzalanamaz" in refused.text
    assert "henüz kaydedilmedi" not in refused.text and 'id="unsaved"' not in refused.text
    typed = fields(refused.text) | {"part-3": FINDINGS, "part-4": "Sonra yazılan sonuç."}
    live = ask(client, "ayse", f"/gecit/reading/draft/{HOSPITAL.skrs}/A1", typed, **{"HX-Request": "true"})
    assert "Taslak kaydedildi" in live.text and "başka bir pencerede" not in live.text
    assert "Sonra yazılan sonuç." in unescape(ask(client, "ayse", EDITOR).text)
    again = act(client, "ayse", "sign", **form)  # the browser reloads the refused page
    assert again.status_code == 409 and "Sonra yazılan sonuç." in unescape(again.text)
    last = act(client, "ayse", "sign", **fields(again.text), act="sign", password=PASSWORD)
    assert last.status_code == 303


def test_what_is_written_in_a_window_overtaken_by_another_can_be_copied_and_the_page_goes_on(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    act(client, "ayse", "take")
    old = written(ledger, "ayse", window="here", **{"part-4": "Buradaki sonuç."})
    act(client, "ayse", "draft", **written(ledger, "ayse", window="there", **{"part-4": "Oradaki sonuç."}))
    page = unescape(act(client, "ayse", "draft", **old).text)
    beside = page[page.index('id="unsaved"') :].partition("</section>")[0]
    assert "Buradaki sonuç." in beside and "Oradaki sonuç." not in beside
    form = fields(page)
    assert form["part-4"] == "Oradaki sonuç."
    saved = act(client, "ayse", "draft", **(form | {"part-4": "Oradaki sonuç. Buradaki sonuç."}))
    assert saved.status_code == 303


def test_what_is_too_long_stays_in_the_form(client: FlaskClient, ledger: SqlLedger) -> None:
    act(client, "ayse", "take")
    page = act(client, "ayse", "draft", **written(ledger, "ayse", **{"part-3": "a" * 50_001}))
    assert page.status_code == 409
    form = fields(page.text)
    assert len(form["part-3"]) == 50_001
    assert act(client, "ayse", "draft", **(form | {"part-3": FINDINGS})).status_code == 303


def test_a_refused_signature_and_an_open_editor_are_audited_as_what_they_are(
    client: FlaskClient, ledger: SqlLedger, audit: FakeAudit
) -> None:
    act(client, "ayse", "take")
    refused = act(client, "ayse", "sign", act="sign", password=PASSWORD, **written(ledger, "ayse", **{"part-4": ""}))
    assert refused.status_code == 409
    act(client, "bora", "take")
    said = audit.said()
    assert ("ayse", "sign", "refused") in said and ("ayse", "sign", "done") not in said
    assert ("bora", "take", "refused") in said and ("bora", "take", "done") not in said
    assert "see a report" not in [what for _, what, _ in said], "there is none yet"
    assert ("ayse", "see an exam", "done") in said
    act(client, "ayse", "sign", act="sign", password=PASSWORD, **written(ledger, "ayse"))
    ask(client, "ayse", EDITOR)
    assert {("ayse", "sign", "done"), ("ayse", "see a report", "done")} <= set(audit.said())


def test_what_a_script_sends_for_the_page_never_signs(client: FlaskClient, ledger: SqlLedger) -> None:
    """htmx takes the address of the button that has the focus; a provider's fresh sign-in needs no password then."""
    act(client, "ayse", "take")
    form = written(ledger, "ayse", password=PASSWORD, act="sign")
    said = ask(client, "ayse", f"/gecit/reading/sign/{HOSPITAL.skrs}/A1", form, **{"HX-Request": "true"})
    assert said.status_code == 400
    assert state(ledger) == (State.TAKEN, "ayse")
    page = ask(client, "ayse", EDITOR).text
    assert "hx-post" not in page[page.index('<form id="report"') :].partition(">")[0]


def test_what_another_window_saves_while_one_signs_is_not_signed(
    client: FlaskClient, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    act(client, "ayse", "take")
    form, asked, look_up = written(ledger, "ayse", window="here"), iter(range(9)), ledger.password_hash

    def meanwhile(name: str) -> str:
        if next(asked) == 1:  # the door was first; now it is the signature's
            other = written(ledger, "ayse", window="there", **{"part-4": "Başka penceredeki sonuç."})
            assert act(client, "ayse", "draft", **other).status_code == 303
        return look_up(name)

    monkeypatch.setattr(ledger, "password_hash", meanwhile)
    said = act(client, "ayse", "sign", act="sign", password=PASSWORD, **form)
    assert said.status_code == 409
    assert "başka bir pencerede" in said.text
    assert state(ledger) == (State.TAKEN, "ayse")


@pytest.mark.parametrize(
    ("how", "minutes", "status"),
    [("e-Devlet", 5, 303), ("e-Devlet", 6, 422), ("password", 0, 422)],
)
def test_without_a_password_only_a_fresh_sign_in_by_a_provider_signs(
    client: FlaskClient, ledger: SqlLedger, how: str, minutes: int, status: int
) -> None:
    value, began = "v" * 43, NOW - timedelta(minutes=minutes)
    session = Session(
        digest=token_digest(value), account="ayse", created_at=began, seen_at=NOW, expires_at=NOW + timedelta(hours=9),
        how=how,
    )  # fmt: skip
    ledger.add_session(session)
    client.set_cookie(COOKIE, value)
    csrf = {"csrf": csrf_of(value)}
    place = f"/gecit/reading/{{}}/{HOSPITAL.skrs}/A1"
    assert client.post(place.format("take"), data=csrf).status_code == 303
    form = {**written(ledger, "ayse"), **csrf, "act": "sign", "password": ""}
    assert client.post(place.format("sign"), data=form).status_code == status
    exam = ledger.read(lambda tx: tx.exam(key()))
    assert exam
    assert bool(exam.report) is (status == 303)


def test_while_the_registry_is_silent_nothing_is_signed(
    client: FlaskClient, ledger: SqlLedger, registry: Registry
) -> None:
    act(client, "ayse", "take")
    registry.down = True
    said = act(client, "ayse", "sign", act="sign", password=PASSWORD, **written(ledger, "ayse"))
    assert said.status_code == 409
    assert "Taslağınız saklandı" in said.text
    registry.down = False
    assert act(client, "ayse", "sign", act="sign", password=PASSWORD, **written(ledger, "ayse")).status_code == 303


def test_who_has_no_number_signs_nothing(client: FlaskClient, ledger: SqlLedger) -> None:
    ledger.save_account(replace(PEOPLE[0], tckn=""), NOW)
    act(client, "ayse", "take")
    said = act(client, "ayse", "sign", act="sign", password=PASSWORD, **written(ledger, "ayse"))
    assert said.status_code == 409
    assert "TCKN yok" in said.text


def test_preliminary_second_signature_addendum_and_correction_are_offered_where_they_can_be_done(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    act(client, "ayse", "take")
    page = ask(client, "ayse", EDITOR).text
    assert all(f'value="{one}"' in page for one in ("sign", "sign preliminary", "sign first"))
    act(client, "ayse", "sign", act="sign first", password=PASSWORD, **written(ledger, "ayse"))
    assert "İlk imza: ayse" in ask(client, "bora", EDITOR).text
    act(client, "bora", "take")
    page = ask(client, "bora", EDITOR).text
    assert FINDINGS in unescape(page)
    assert 'value="sign preliminary"' not in page
    act(client, "bora", "sign", act="sign", password=PASSWORD, **written(ledger, "bora"))
    act(client, "ayse", "take", act="add")
    assert state(ledger) == (State.ADDING, "ayse")
    draft = ledger.read(lambda tx: tx.draft(key(), "ayse"))
    assert draft
    assert draft.parts == {}


def test_a_patients_earlier_report_stands_beside_and_another_hospitals_does_not(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    from gecit.core.events import OrderPlaced, ReportReceived
    from tests.support.flow import order, report

    for institution, text in ((HOSPITAL.skrs, "Kendi eski bulgumuz."), ("910009", "Yabancı bulgu.")):
        old = replace(order("E1"), key=replace(key("E1"), institution=institution), ordered_at=NOW - timedelta(days=90))
        told = replace(report("E1"), key=old.key, parts={ReportPart.FINDINGS: text})
        ledger.write(lambda tx, old=old: tx.append(OrderPlaced(at=NOW, exam=old.key, order=old, message=1)))  # type: ignore[misc]
        ledger.write(lambda tx, told=told: tx.append(ReportReceived(at=NOW, exam=told.key, report=told, message=2)))  # type: ignore[misc]
    act(client, "ayse", "take")
    page = ask(client, "ayse", EDITOR).text
    assert "Kendi eski bulgumuz." in page
    assert "Yabancı bulgu." not in page


# Pushing


def there(ledger: SqlLedger, *names: str, ago: timedelta = timedelta(0)) -> None:
    """Sign people in."""
    for name in names:
        one = Session(
            digest=name * 8, account=name, created_at=NOW - ago, seen_at=NOW - ago, expires_at=NOW + timedelta(hours=9)
        )
        ledger.add_session(one)


def test_an_exam_is_pushed_to_who_is_there_and_says_why(client: FlaskClient, ledger: SqlLedger) -> None:
    there(ledger, "ayse", ago=timedelta(minutes=31))
    there(ledger, "bora", "uzak")
    assert ask(client, "ayse", "/gecit/reading/waiting").status_code == 403
    assert "A1" in ask(client, "mudur", "/gecit/reading/waiting").text
    page = unescape(act(client, "mudur", "assign").text)
    assert "A1: bora hekimine atandı." in page
    assert state(ledger) == (State.ASSIGNED, "bora")
    assert "uzak" not in page  # may not report for it
    assert act(client, "ayse", "take").status_code == 409
    mine = unescape(ask(client, "bora", EDITOR).text)
    assert "Neden siz?" in mine
    assert "kendi kurumunuzun" in mine
    act(client, "bora", "take")
    assert "Neden siz?" in unescape(ask(client, "bora", EDITOR).text)
    assert act(client, "mudur", "assign").status_code == 409


def test_subspecialty_load_and_absence_decide(client: FlaskClient, ledger: SqlLedger) -> None:
    there(ledger, "ayse", "bora")
    assert ask(client, "bora", "/gecit/reading/profile", {"subspecialty": ["chest"]}).status_code == 200
    assert "bora hekimine" in act(client, "mudur", "assign").text
    for accession in ("B1", "B2", "B3"):
        wait_for_reader(ledger, accession)
        act(client, "bora", "take", accession)
    assert "ayse hekimine" in act(client, "mudur", "assign").text
    ask(client, "ayse", "/gecit/reading/profile", {"away-until": "2026-03-02"})
    assert 'value="2026-03-02"' in ask(client, "ayse", "/gecit/reading/profile").text
    assert "bora hekimine" in act(client, "mudur", "assign").text


def test_where_nobody_is_there_the_exam_waits_on_the_list(client: FlaskClient, ledger: SqlLedger) -> None:
    assert "tetkik listede bekliyor" in act(client, "mudur", "assign").text
    assert state(ledger) == (State.UNREAD, "")


def test_a_manager_pushes_nothing_of_another_institution(client: FlaskClient) -> None:
    path = "/gecit/reading/assign/910009/A1"
    assert ask(client, "mudur", path, {}).status_code == 404


# Grants


GRANT = {
    "reader": "uzak",
    "institution": HOSPITAL.skrs,
    "since": "2026-03-01",
    "until": "2026-03-31",
    "paper": "2026/14",
    "paper-date": "2026-02-20",
    "basis": "rule",
}


def test_a_recorded_grant_opens_the_list_and_ending_it_shuts_it_at_once(client: FlaskClient, ledger: SqlLedger) -> None:
    assert ask(client, "mudur", "/gecit/grants").status_code == 403
    assert ask(client, "yonetici", "/gecit/grants", GRANT).status_code == 303
    assert "A1" in ask(client, "uzak", "/gecit/reading").text
    assert act(client, "uzak", "take").status_code == 303
    assert act(client, "uzak", "draft", **written(ledger, "uzak")).status_code == 303
    [grant] = ledger.read(lambda tx: tx.grants())
    assert grant.paper.number == "2026/14"
    assert ask(client, "yonetici", f"/gecit/grants/{grant.id}/end", {}).status_code == 303
    assert act(client, "uzak", "draft", **written(ledger, "uzak")).status_code == 404
    assert act(client, "uzak", "sign", password=PASSWORD, **written(ledger, "uzak")).status_code == 404
    assert "A1" not in ask(client, "uzak", "/gecit/reading").text


def test_the_last_day_of_a_grant_counts_whole(client: FlaskClient, clock: StillClock) -> None:
    ask(client, "yonetici", "/gecit/grants", {**GRANT, "until": "2026-03-02"})
    clock.at = NOW.replace(hour=20, minute=59)  # 23:59 in Istanbul
    assert "A1" in ask(client, "uzak", "/gecit/reading").text
    clock.at = NOW.replace(hour=21, minute=0)
    assert "A1" not in ask(client, "uzak", "/gecit/reading").text


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"until": "2026-02-01"}, "Bitiş, başlangıçtan sonra olmalı."),
        ({"until": "yarın"}, "Tarihler okunamadı."),
        ({"until": "9999-12-31"}, "Tarihler okunamadı."),
        ({"paper": " "}, "sayısı ve tarihi gerekir"),
        ({"reader": "mudur"}, "Yetkiyi alan bir hesap yok."),
        ({"basis": "other"}, "Başka dayanağın ne olduğu yazılmalı."),
    ],
)
def test_a_grant_that_cannot_stand_is_refused_in_clear_words(
    client: FlaskClient, ledger: SqlLedger, differs: dict[str, str], said: str
) -> None:
    answer = ask(client, "yonetici", "/gecit/grants", {**GRANT, **differs})
    assert answer.status_code == 422
    assert said in unescape(answer.text)
    assert ledger.read(lambda tx: tx.grants()) == []


# Turn-around


def test_turn_around_is_the_own_institutions_and_names_nobodys_number(
    client: FlaskClient, ledger: SqlLedger, clock: StillClock
) -> None:
    from gecit.steps.judge_exam import judge_due

    act(client, "ayse", "take")
    act(client, "ayse", "sign", act="sign", password=PASSWORD, **written(ledger, "ayse"))
    ledger.write(lambda tx: judge_due(tx, JUDGING, NOW, "Node"))
    clock.advance(60)
    page = ask(client, "mudur", "/gecit/turnaround?days=30").text
    assert f"Hastane {HOSPITAL.skrs}" in page
    assert "2:00" in page  # from the first images to the signature
    assert NUMBERS["ayse"] not in page
    assert f"Hastane {HOSPITAL.skrs}" not in ask(client, "uzak", "/gecit/turnaround?days=30").text


@pytest.mark.parametrize("who", ["ayse", "yonetici"])
def test_the_pages_speak_english_too(client: FlaskClient, who: str) -> None:
    path = {"ayse": "/gecit/reading", "yonetici": "/gecit/grants"}[who]
    page = ask(client, who, f"{path}?lang=en").text
    assert {"ayse": "Exams to read", "yonetici": "New grant"}[who] in page


def test_an_exam_is_reported_at_the_node_that_holds_its_images(client: FlaskClient, ledger: SqlLedger) -> None:
    far = order("A2")
    facts = study("A2", "A2", key=StudyKey(node="B", orthanc_id="A2"))
    happened = (
        OrderPlaced(at=NOW, exam=far.key, order=far, message=1),
        StudyLinked(at=NOW, exam=far.key, facts=facts, path="accession"),
    )
    ledger.write(lambda tx: [tx.append(one) for one in happened])
    path = EDITOR.replace("/A1", "/A2")
    assert ask(client, "ayse", path).status_code == 200
    ledger.claim_node(NewNode(name="B", mark="b", home="b", address="https://b.example"))
    answer = ask(client, "ayse", f"{path}?lang=en")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"https://b.example{path}?lang=en&from=N")
    assert ask(client, "uzak", path).status_code == 404
    assert ask(client, "ayse", EDITOR).status_code == 200
