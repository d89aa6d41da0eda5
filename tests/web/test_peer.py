"""Peer review, samples, figures and feedback on a real ledger: who sees what, and what a blind review never tells."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import g
from flask.testing import FlaskClient
from msgspec.structs import replace
from werkzeug.test import TestResponse

from gecit.core.access import Action, Role
from gecit.core.accounts import Account, person_of
from gecit.core.events import StudyLinked
from gecit.core.facts import StudyKey
from gecit.core.feedback import Closing
from gecit.core.order import Person
from gecit.core.report import ReportPart
from gecit.edges.doors import Doors, token_digest
from gecit.edges.peer_files import read_sampling, read_scale
from gecit.edges.report_files import read_reporting
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import Institution
from gecit.web.app import create_app
from gecit.web.peer import PeerDesk
from gecit.web.reading.beside import earlier_of
from tests.fakes import FakeVitals, StillClock
from tests.support.flow import FINDINGS, HOSPITAL, key, study
from tests.support.markup import POISON, shown_as_text
from tests.support.moved import ADDRESS, FAR, make_known, move
from tests.support.reviews import NUMBERS, SIGNED, signed

from .test_nodes import silence

RULES = Path(__file__).parents[2] / "rules"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "uzun bir parola 7"
NOW = SIGNED + timedelta(days=10)
AUTHOR, ELSEWHERE = "Ayşe Nur Örnekçi", "910009"
PEOPLE = (
    Account(name="ayse", full_name=AUTHOR, roles=(Role.RADIOLOGIST,), institution=HOSPITAL.skrs, tckn=NUMBERS["ayse"]),
    Account(name="bora", full_name="Bora Denemeci", roles=(Role.RADIOLOGIST,), institution=HOSPITAL.skrs),
    Account(name="cem", full_name="Cem Kurgusal", roles=(Role.ASSESSOR,), tckn=NUMBERS["cem"]),
    Account(name="mudur", full_name="Kurum Müdürü", roles=(Role.MANAGER,), institution=HOSPITAL.skrs),
    Account(name="uzak", full_name="Uzak Müdür", roles=(Role.MANAGER,), institution=ELSEWHERE),
    Account(name="yonetici", full_name="Birim Yöneticisi", roles=(Role.ADMINISTRATOR,)),
)
TEXT = f"{FINDINGS} Sağ üst lobda 6 mm nodül. Dr. AYŞE NUR ÖRNEKÇİ, Örnekçi  ayşe nur."


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    opened = open_ledger("sqlite://")
    for one in (HOSPITAL, Institution(skrs=ELSEWHERE, name="Komşu Hastane")):
        opened.write(lambda tx, one=one: tx.record_institution(one, NOW))  # type: ignore[misc]
    for account in PEOPLE:
        opened.save_account(account, NOW)
        opened.set_password(account.name, CHEAP.hash(PASSWORD), NOW)
    who = Person(identifier=NUMBERS["ayse"], family="Örnekçi", given="Ayşe Nur")
    parts = {ReportPart.FINDINGS: TEXT, ReportPart.CONCLUSION: "Olağan."}
    signed(opened, "A1", radiologists=(who,), parts=parts, image_quality_rating=2, request_reason_rating=4)
    yield opened
    opened.close()


@pytest.fixture
def client(ledger: SqlLedger, tmp_path: Path) -> FlaskClient:
    clock = StillClock(NOW)
    ticks = iter(range(0, 10**6, 10))
    doors = Doors(ledger, "inside", clock, lambda: float(next(ticks)))
    desk = PeerDesk(ledger, ledger, clock, read_scale(RULES), read_sampling(RULES), read_reporting(RULES).kinds)
    app = create_app(doors=doors, views=ledger, vitals=FakeVitals(), clock=clock, node="N", ledger=ledger, peer=desk)
    return app.test_client()


def ask(client: FlaskClient, who: str, path: str, form: dict[str, Any] | None = None) -> TestResponse:
    secret = base64.b64encode(f"{who}:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {secret}"}
    return client.post(path, data=form, headers=headers) if form is not None else client.get(path, headers=headers)


def drawn(client: FlaskClient, ledger: SqlLedger, **differs: Any) -> str:
    """Draw a round on the page; return its id."""
    form = {
        "title": "Mart turu",
        "since": "2026-03-01",
        "until": "2026-03-31",
        "seed": "t",
        "reviewer": ["cem"],
        "blind": "yes",
    }
    answer = ask(client, "yonetici", "/gecit/samples", {**form, **differs})
    assert answer.status_code == 303, unescape(answer.text)
    return ledger.read_reviews(lambda tx: tx.review_rounds())[0].round.id


def gives_away(text: str) -> list[str]:
    """What of the author stands in a text."""
    low = unescape(text).replace("İ", "i").replace("I", "ı").lower()
    return [one for one in ("örnekçi", "ayşe", "ayse", NUMBERS["ayse"], HOSPITAL.name.lower(), "a1<") if one in low]


# The review


def test_a_blind_review_names_neither_author_nor_institution_nor_accession(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    number = drawn(client, ledger)
    page = ask(client, "cem", f"/gecit/reviews/{number}/1")
    assert page.status_code == 200
    assert "Sağ üst lobda 6 mm nodül" in unescape(page.text)
    assert gives_away(page.text) == []
    assert gives_away(ask(client, "cem", "/gecit/reviews").text) == []
    pdf = ask(client, "cem", f"/gecit/reviews/{number}/1/report.pdf")
    written = pdf_text(pdf.data)
    assert "6 mm nodül" in " ".join(written.split())
    assert "Erişim no" in written and "A1" not in written
    assert gives_away(written) == []
    assert gives_away(str(pdf.headers)) == []
    images = ask(client, "cem", f"/gecit/reviews/{number}/1/images")
    assert images.status_code == 303
    assert images.location.endswith(f"StudyInstanceUIDs=1.2.{HOSPITAL.skrs}.A1&review=1")


def test_the_viewer_of_a_review_is_sent_on_to_orthancs_door(client: FlaskClient) -> None:
    ours = "/gecit/dicom-web/studies/1.2/series/1.3"
    for rest in ("metadata", "instances/1.4/frames/1", "instances/1.4?accept=image/jpeg"):
        answer = ask(client, "cem", f"{ours}/{rest}")
        assert (answer.status_code, answer.location) == (303, f"/dicom-web/studies/1.2/series/1.3/{rest}")
    for path in ("/gecit/dicom-web/studies/x/series/1.3/metadata", f"{ours}/instances/a/../../b"):
        assert ask(client, "cem", path).status_code == 404
    assert ask(client, "yok", f"{ours}/metadata").status_code == 401


def pdf_text(data: bytes) -> str:
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=data, capture_output=True, check=True)
    return done.stdout.decode()


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_at_the_end_of_time_is_no_fault_of_ours(client: FlaskClient, ledger: SqlLedger, day: str) -> None:
    for path in (f"/gecit/figures?to={day}", f"/gecit/figures?from={day}"):
        assert ask(client, "yonetici", path).status_code < 500, path
    form = {"title": "t", "since": day, "until": day, "reviewer": ["cem"], "blind": "yes"}
    assert ask(client, "yonetici", "/gecit/samples", form).status_code == 422


def test_an_open_round_says_who_signed(client: FlaskClient, ledger: SqlLedger) -> None:
    number = drawn(client, ledger, blind="")
    assert "Ayşe Nur Örnekçi" in unescape(ask(client, "cem", f"/gecit/reviews/{number}/1").text)


def test_no_other_page_of_the_exam_opens_during_a_blind_review(client: FlaskClient, ledger: SqlLedger) -> None:
    """Bora may see the exam of his own hospital; while he reviews it he may not, and its JSON neither."""
    others = [
        f"/gecit/exams/{HOSPITAL.skrs}/A1",
        f"/gecit/api/exams/{HOSPITAL.skrs}/A1",
        f"/gecit/api/timeline/{HOSPITAL.skrs}/A1",
        f"/gecit/api/findings/{HOSPITAL.skrs}/A1",
        f"/gecit/feedback/new/{HOSPITAL.skrs}/A1",
    ]
    blanks = f"/gecit/viewer?institution=%20{HOSPITAL.skrs}&accession=A1%20%09"
    assert ask(client, "bora", blanks).status_code != 403
    opened = [path for path in others if ask(client, "bora", path).status_code == 200]
    assert others[0] in opened and others[1] in opened
    number = drawn(client, ledger, reviewer=["bora"])
    for path in opened:
        answer = ask(client, "bora", path)
        assert answer.status_code == 403
        assert gives_away(answer.text) == []
    assert ask(client, "bora", blanks).status_code == 403, "it is the same exam"
    assert ask(client, "mudur", others[0]).status_code == 200
    assert ask(client, "yonetici", f"/gecit/samples/{number}/close", {}).status_code == 303
    assert [ask(client, "bora", path).status_code for path in opened] == [200] * len(opened)


@pytest.mark.parametrize("institution", [HOSPITAL.skrs, ""])
def test_a_token_of_a_blind_reviewer_who_is_manager_too_opens_the_exam_no_more_than_he(
    client: FlaskClient, ledger: SqlLedger, institution: str
) -> None:
    both = Account(name="sef", roles=(Role.ASSESSOR, Role.MANAGER), institution=HOSPITAL.skrs)
    ledger.save_account(both, NOW)
    actions = None if institution else [Action.SEE_EXAM]
    ledger.add_token(token_digest("sefin"), "sef", NOW, None, institution=institution, actions=actions)
    token = {"Authorization": "Bearer sefin"}
    path = f"/gecit/api/exams/{HOSPITAL.skrs}/A1"
    assert client.get(path, headers=token).status_code == 200
    number = drawn(client, ledger, reviewer=["sef"])
    answer = client.get(path, headers=token)
    assert answer.status_code == 403 and gives_away(answer.text) == []
    assert ask(client, "yonetici", f"/gecit/samples/{number}/close", {}).status_code == 303
    assert client.get(path, headers=token).status_code == 200


def test_beside_another_exam_of_the_patient_the_report_under_blind_review_does_not_stand(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    """The editor shows the patient's earlier reports with who signed them."""
    other = ledger.read(lambda tx: tx.exam(key("A1")))
    assert other
    asked = replace(other, key=key("Z9"))

    def beside(who: str) -> list[str]:
        with client.application.test_request_context():
            account = ledger.account(who)
            assert account
            g.person = person_of(account)
            return [one.key.accession for one in earlier_of(ledger, asked)]

    before = beside("bora")
    assert "A1" in before
    drawn(client, ledger, reviewer=["bora"])
    assert "A1" not in beside("bora")


def test_only_the_reviewer_of_a_report_reaches_it_and_only_until_the_round_is_closed(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    number = drawn(client, ledger)
    place = f"/gecit/reviews/{number}/1"
    assert [ask(client, who, place).status_code for who in ("cem", "bora", "ayse", "mudur", "yonetici")] == [
        200, 404, 404, 403, 403,
    ]  # fmt: skip
    assert ask(client, "bora", place, {"score": "1"}).status_code == 404
    assert ask(client, "cem", f"/gecit/reviews/{number}/7").status_code == 404
    assert ask(client, "cem", "/gecit/reviews/yok/1").status_code == 404
    ask(client, "yonetici", f"/gecit/samples/{number}/close", {})
    assert ask(client, "cem", place).status_code == 404
    assert ask(client, "cem", place, {"score": "1"}).status_code == 404


def test_a_review_is_kept_superseded_and_refused_with_its_reason(client: FlaskClient, ledger: SqlLedger) -> None:
    number = drawn(client, ledger)
    place = f"/gecit/reviews/{number}/1"
    refused = ask(client, "cem", place, {"score": "3", "note": ""})
    assert refused.status_code == 422
    assert "Farkın ne olduğunu" in unescape(refused.text)
    assert ask(client, "cem", place, {}).status_code == 422
    assert ask(client, "cem", place, {"score": "1"}).status_code == 303
    assert ask(client, "cem", place, {"score": "3", "significance": "likely", "note": "Nodül."}).status_code == 303
    given = ledger.read_reviews(lambda tx: tx.reviews(number))
    assert [(one.review.score, one.superseded) for one in given] == [(1, True), (3, False)]
    page = unescape(ask(client, "cem", place).text)
    assert "Önceki incelemeleriniz" in page
    assert "1 – Katılıyorum" in page


def test_what_a_reviewer_and_those_who_talk_about_it_write_is_text(client: FlaskClient, ledger: SqlLedger) -> None:
    number = drawn(client, ledger, title=POISON)
    place = f"/gecit/reviews/{number}/1"
    assert shown_as_text(ask(client, "cem", "/gecit/reviews").text, POISON[:100])  # as long as a title may be
    assert ask(client, "cem", place, {"score": "3", "note": f"fark {POISON}"}).status_code == 303
    assert shown_as_text(ask(client, "cem", place).text, f"fark {POISON}")
    shown = ask(client, "yonetici", f"/gecit/samples/{number}").text
    assert shown_as_text(shown, POISON[:100]) and shown_as_text(shown, f"fark {POISON}")
    sent = ask(client, "cem", f"{place}/feedback", {"text": f"bildirim {POISON}"}).location.partition("?")[0]
    ask(client, "ayse", sent, {"text": f"yanıt {POISON}"})
    ask(client, "mudur", f"{sent}/close", {"outcome": "none", "text": f"son {POISON}"})
    for who in ("cem", "ayse", "mudur", "yonetici"):
        page = ask(client, who, sent).text
        assert all(shown_as_text(page, f"{one} {POISON}") for one in ("bildirim", "yanıt", "son")), who


def test_json_gives_the_reviewer_what_his_pages_give_and_is_as_blind(client: FlaskClient, ledger: SqlLedger) -> None:
    number = drawn(client, ledger)
    listed = ask(client, "cem", "/gecit/api/reviews")
    assert (listed.status_code, listed.content_type) == (200, "application/json")
    [task] = listed.json["waiting"]  # type: ignore[index]
    assert (task["round"], task["number"], task["blind"], listed.json["done"]) == (number, 1, True, [])  # type: ignore[index]
    place = f"/gecit/api/reviews/{number}/1"
    one = ask(client, "cem", place)
    assert one.json and "Sağ üst lobda 6 mm nodül" in one.json["parts"]["3"] and one.json["review"] is None
    assert (one.json["people"], one.json["accession"], one.json["institution"]) == ([], "", "")
    assert gives_away(one.get_data(as_text=True)) == gives_away(listed.get_data(as_text=True)) == []
    ask(client, "cem", f"/gecit/reviews/{number}/1", {"score": "3", "significance": "likely", "note": "Nodül."})
    said = ask(client, "cem", place).json
    assert said and (said["review"]["score"], said["review"]["note"]) == (3, "Nodül.")
    assert [task["score"] for task in ask(client, "cem", "/gecit/api/reviews").json["done"]] == [3]  # type: ignore[index]
    assert [ask(client, who, place).status_code for who in ("bora", "ayse", "mudur", "yonetici")] == [
        404,
        404,
        403,
        403,
    ]
    ask(client, "yonetici", f"/gecit/samples/{number}/close", {})
    assert ask(client, "cem", place).status_code == 404


def test_json_of_an_open_round_names_the_exam(client: FlaskClient, ledger: SqlLedger) -> None:
    number = drawn(client, ledger, blind="")
    one = ask(client, "cem", f"/gecit/api/reviews/{number}/1").json
    assert one and (one["accession"], one["people"]) == ("A1", ["Ayşe Nur Örnekçi"])


def test_a_token_of_the_reviewer_reads_his_reviews_and_the_document_describes_them(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    drawn(client, ledger)
    ledger.add_token(token_digest("anahtar"), "cem", NOW, None)
    answer = client.get("/gecit/api/reviews", headers={"Authorization": "Bearer anahtar"})
    assert answer.status_code == 200 and len(answer.json["waiting"]) == 1  # type: ignore[index]
    described = client.get("/gecit/api/openapi.json").json["paths"]  # type: ignore[index]
    assert "/gecit/api/reviews" in described and "/gecit/api/reviews/{round}/{number}" in described


# Samples


def test_a_sample_is_drawn_shown_and_drawn_again(client: FlaskClient, ledger: SqlLedger) -> None:
    number = drawn(client, ledger, **{"size-random": "3"})
    state = ledger.read_reviews(lambda tx: tx.review_round(number))
    assert state
    assert (state.round.seed, [one.stratum for one in state.round.picks]) == ("t", ["low-rating"])
    assert [one.wanted for one in state.round.short if one.stratum == "random"] == [3]
    page = unescape(ask(client, "yonetici", f"/gecit/samples/{number}").text)
    assert "A1" in page and "ayse" in page and "henüz yok" in page
    again = ask(client, "yonetici", f"/gecit/samples/{number}/again", {})
    assert "aynı tetkikleri verdi" in unescape(again.text)
    for who in ("mudur", "cem", "ayse"):
        assert ask(client, who, "/gecit/samples").status_code == 403


@pytest.mark.parametrize(
    ("differs", "why"),
    [
        ({"since": ""}, "İlk ve son günü yazın"),
        ({"reviewer": []}, "Değerlendirici seçilmedi"),
        ({"reviewer": ["mudur"]}, "Değerlendirici seçilmedi"),
        ({"reviewer": ["ayse"]}, "imzalı rapor yok"),
        ({"since": "2026-05-01", "until": "2026-05-02"}, "imzalı rapor yok"),
        ({"since": "2026-04-02"}, "Bitiş"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_its_reason(
    client: FlaskClient, differs: dict[str, Any], why: str
) -> None:
    form = {"since": "2026-03-01", "until": "2026-03-31", "reviewer": ["cem"]}
    answer = ask(client, "yonetici", "/gecit/samples", {**form, **differs})
    assert answer.status_code == 422
    assert why in unescape(answer.text)


# Feedback


def test_feedback_goes_from_the_reviewer_to_the_radiologist_and_the_manager_who_closes_it(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    number = drawn(client, ledger)
    ask(client, "cem", f"/gecit/reviews/{number}/1", {"score": "3", "note": "Nodül atlanmış."})
    sent = ask(client, "cem", f"/gecit/reviews/{number}/1/feedback", {"text": "Sağ üst lobda nodül var."})
    assert sent.status_code == 303
    place = sent.location.partition("?")[0]
    for who in ("ayse", "mudur"):
        page = unescape(ask(client, who, place).text)
        assert "Sağ üst lobda nodül var." in page
        assert "Kurgusal" not in page and ">cem" not in page  # the reviewer is not named
        assert "A1" in page
    assert ask(client, "ayse", place, {"text": "Katılıyorum; ek rapor yazdım."}).status_code == 303
    reviewer = ask(client, "cem", place).text
    assert "Katılıyorum; ek rapor yazdım." in unescape(reviewer)
    assert gives_away(reviewer) == []
    assert "Cem Kurgusal" in unescape(reviewer)
    assert gives_away(ask(client, "cem", "/gecit/feedback").text) == []
    for who in ("bora", "uzak"):
        assert ask(client, who, place).status_code == 404
        assert ask(client, who, place, {"text": "x"}).status_code == 404
    assert ask(client, "ayse", f"{place}/close", {"outcome": "none"}).status_code == 403
    assert ask(client, "cem", f"{place}/close", {"outcome": "none"}).status_code == 403
    assert (
        ask(client, "mudur", f"{place}/close", {"outcome": "education", "text": "Olgu toplantısı."}).status_code == 303
    )
    stands = ledger.read_reviews(lambda tx: tx.feedback(place.rpartition("/")[2]))
    assert stands and stands.outcome is Closing.EDUCATION
    assert ask(client, "ayse", place, {"text": "Bir de."}).status_code == 422
    assert "Kurgusal" in unescape(ask(client, "yonetici", place).text)  # the unit sees who it was


def test_a_low_rating_is_told_once_by_who_may_see_the_exam(client: FlaskClient) -> None:
    form = {"institution": HOSPITAL.skrs, "accession": "A1", "about": "image", "text": "Hareket artefaktı."}
    assert "2 / 5" in ask(client, "bora", f"/gecit/feedback/new/{HOSPITAL.skrs}/A1").text
    assert ask(client, "uzak", "/gecit/feedback", form).status_code == 404
    assert ask(client, "uzak", f"/gecit/feedback/new/{HOSPITAL.skrs}/A1").status_code == 404
    assert ask(client, "bora", "/gecit/feedback", {**form, "text": "10000000146"}).status_code == 422
    assert ask(client, "bora", "/gecit/feedback", form).status_code == 303
    again = ask(client, "ayse", "/gecit/feedback", form)
    assert again.status_code == 422
    assert "daha önce gönderildi" in unescape(again.text)
    assert "Hareket" not in ask(client, "uzak", "/gecit/feedback").text
    assert "A1" in ask(client, "mudur", "/gecit/feedback").text


# Figures


def test_figures_are_narrowed_by_rights(client: FlaskClient, ledger: SqlLedger) -> None:
    signed(ledger, "B1", by="bora")
    signed(ledger, "C1", by="ayse", institution=ELSEWHERE)
    of_march = "/gecit/figures?from=2026-03-01&to=2026-03-31"

    def seen(who: str) -> tuple[bool, bool, bool]:
        page = unescape(ask(client, who, of_march).text)
        return "Komşu Hastane" in page, AUTHOR in page, "Bora Denemeci" in page

    assert seen("yonetici") == (True, True, True)
    assert seen("mudur") == (False, True, True)
    assert seen("ayse") == (False, True, False)  # his own, and the institution's mean
    assert HOSPITAL.name in ask(client, "ayse", of_march).text
    assert seen("bora") == (False, False, True)
    assert "Komşu Hastane" in ask(client, "uzak", of_march).text
    assert ask(client, "cem", of_march).status_code == 403
    outside = unescape(ask(client, "mudur", f"{of_march}&institution={ELSEWHERE}").text)
    assert "Bu dönemde sayılacak tetkik yok" in outside


def test_small_numbers_are_no_percentages(client: FlaskClient, ledger: SqlLedger) -> None:
    of_march = "/gecit/figures?from=2026-03-01&to=2026-03-31"
    page = ask(client, "mudur", of_march).text
    assert "1 / 1" in page and "%100" not in page
    for number in range(9):
        signed(ledger, f"D{number}", image_quality_rating=4)
    assert "1 / 10 (%10)" in ask(client, "mudur", of_march).text


def test_the_report_is_the_same_bytes_for_the_same_figures_and_names_its_members(client: FlaskClient) -> None:
    path = "/gecit/figures.pdf?from=2026-03-01&to=2026-03-31&members=Şule Iğdır, Çağrı Öğüt"
    first, second = (ask(client, "mudur", path) for _ in range(2))
    assert first.content_type == "application/pdf"
    assert first.data == second.data
    text = pdf_text(first.data)
    for one in ("Radyoloji kalite raporu", "01.03.2026 – 31.03.2026", "Şule Iğdır", "Çağrı Öğüt", "Sayfa 1 /", "imza"):
        assert one in text
    english = pdf_text(ask(client, "mudur", f"{path}&lang=en").data)
    assert "Report on the quality of radiology" in english and "Page 1 /" in english
    assert ask(client, "cem", path).status_code == 403


def test_the_pages_speak_english(client: FlaskClient, ledger: SqlLedger) -> None:
    number = drawn(client, ledger)
    for who, path, said in (
        ("cem", "/gecit/reviews", "Report reviews given to me"),
        ("cem", f"/gecit/reviews/{number}/1", "This round is blind"),
        ("yonetici", "/gecit/samples", "Samples of reports"),
        ("yonetici", f"/gecit/samples/{number}", "Draw again and compare"),
        ("mudur", "/gecit/figures?from=2026-03-01&to=2026-03-31", "By radiologist"),
        ("mudur", "/gecit/feedback", "There is no feedback"),
    ):
        assert said in unescape(ask(client, who, f"{path}{'&' if '?' in path else '?'}lang=en").text)


def test_a_reviews_images_are_opened_at_the_node_that_holds_them(client: FlaskClient, ledger: SqlLedger) -> None:
    path = f"/gecit/reviews/{drawn(client, ledger)}/1/images"
    move(ledger, key("A1"), known=False)
    said = ask(client, "cem", f"{path}?lang=en")
    assert said.status_code == 404 and f"The images are on another node: {FAR}" in said.text
    make_known(ledger)
    assert ask(client, "cem", path).headers["Location"] == f"{ADDRESS}{path}?from=N"
    silence(ledger, FAR)
    said = ask(client, "cem", f"{path}?lang=tr")
    assert said.status_code == 503 and f"Görüntüleri tutan {FAR} düğümü yanıt vermiyor" in said.text
    assert gives_away(said.text) == []


def test_a_reviews_images_at_two_nodes_are_offered_at_both_and_name_no_exam(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    path = f"/gecit/reviews/{drawn(client, ledger)}/1/images"
    facts = study("far", key=StudyKey(FAR, "far"))
    ledger.write(lambda tx: tx.append(StudyLinked(at=SIGNED, exam=key("A1"), facts=facts, path="accession")))
    make_known(ledger)
    headers = {"Authorization": f"Basic {base64.b64encode(f'cem:{PASSWORD}'.encode()).decode()}", "Accept": "text/html"}
    page = client.get(path, headers=headers)
    assert f'href="{path}?at=N"' in page.text and f'href="{path}?at={FAR}"' in page.text
    assert gives_away(page.text) == []
    here = client.get(f"{path}?at=N", headers=headers).headers["Location"]
    assert here.endswith(f"StudyInstanceUIDs=1.2.{HOSPITAL.skrs}.A1&review=1"), "what lies here, and no other"
