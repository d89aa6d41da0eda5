"""The citizen's pages on a real ledger and a real audit: who sees what of whom, and how a request goes its way."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pydicom
import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from msgspec.structs import replace
from pydicom.data import get_testdata_file
from werkzeug.test import TestResponse

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.audit import AuditEntry
from gecit.core.events import OrderPlaced, ReportReceived, StudyFactsRecorded, StudyLinked
from gecit.core.exam import Exam
from gecit.core.exam_kinds import kind_of
from gecit.core.facts import StudyKey
from gecit.core.order import Patient
from gecit.core.patient_requests import State
from gecit.core.report import ReportPart, ReportStatus
from gecit.edges.audit_book import AuditBook
from gecit.edges.doors import Doors
from gecit.edges.orthanc_images import ImageFile
from gecit.edges.report_files import read_reporting
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import Institution
from gecit.ports.nodes import NewNode
from gecit.web.app import create_app
from gecit.web.citizen import CitizenRoom, Limits, Slots
from tests.fakes import FakeViews, FakeVitals, StillClock
from tests.support import moved
from tests.support.flow import FINDINGS, HOSPITAL, OTHER_TCKN, START, TCKN, key, order, report, study
from tests.support.moved import make_known, move

from .test_nodes import silence

RULES = Path(__file__).parents[2] / "rules"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "uzun bir parola 7"
NOW = START + timedelta(days=3)
FAR = replace(HOSPITAL, skrs="910009", name="Komşu Hastanesi", aets=("MR9",))
PEOPLE = (
    Account(name="cigdem", full_name="Çiğdem Şahin", roles=(Role.CITIZEN,), tckn=TCKN),
    Account(name="veli", full_name="Veli Çağlar", roles=(Role.CITIZEN,), tckn=OTHER_TCKN),
    Account(name="kimliksiz", full_name="No Number", roles=(Role.CITIZEN,)),
    Account(name="mudur", full_name="Hasta Hakları", roles=(Role.MANAGER,), institution=HOSPITAL.skrs),
    Account(name="uzak", full_name="Uzak Müdür", roles=(Role.MANAGER,), institution=FAR.skrs),
    Account(name="ayse", full_name="Ayşe Nur Örnekçi", roles=(Role.RADIOLOGIST,), institution=HOSPITAL.skrs),
    Account(name="yonetici", roles=(Role.ADMINISTRATOR,)),
)
EXAM = f"{HOSPITAL.skrs}/A1"
CHANGED = "Sağ akciğer alt lobda 6 mm nodül izlendi; kontrol önerilir. Diğer bulgular olağandır."
SLICE = Path(get_testdata_file("CT_small.dcm")).read_bytes()
ASKED = {"institution": HOSPITAL.skrs, "when": "Mart 2025", "what": "Sağ diz MR", "contact": "page"}


class StillImages:
    """Two files of one study, as Orthanc would give them."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def of_study(self, orthanc_id: str) -> list[ImageFile]:
        return [ImageFile(orthanc_id=f"{orthanc_id}-{one}", size=len(SLICE)) for one in (1, 2)]

    def pieces(self, orthanc_id: str) -> Iterator[bytes]:
        self.asked.append(orthanc_id)
        dataset = pydicom.dcmread(io.BytesIO(SLICE))
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{len(self.asked)}"
        out = io.BytesIO()
        dataset.save_as(out)
        yield out.getvalue()


class Place:
    """Everything behind the pages."""

    def __init__(self, ledger: SqlLedger, *, most: int = 2) -> None:
        self.ledger, self.clock = ledger, StillClock(NOW)
        self.audit = AuditBook(ledger, b"k" * 32, "N/web", self.clock)
        self.images, self.slots = StillImages(), Slots(2)
        ticks = iter(range(0, 10**6, 10))  # nothing that a door remembers outlives a request
        doors = Doors(ledger, "inside", self.clock, lambda: float(next(ticks)))
        kinds = read_reporting(RULES).kinds
        room = CitizenRoom(
            ledger=ledger,
            clock=self.clock,
            node="N",
            audit=self.audit,
            images=self.images,  # type: ignore[arg-type]
            kind=lambda exam: kind_of(kinds, exam.modality, exam.order.procedures if exam.order else ()),
            limits=Limits(open_requests=most),
            slots=self.slots,
            web_port=8043,
        )
        self.client: FlaskClient = create_app(
            doors=doors,
            views=FakeViews(),
            vitals=FakeVitals(),
            clock=self.clock,
            node="N",
            ledger=ledger,
            citizens=room,
            audit=self.audit,
        ).test_client()

    def ask(self, who: str, path: str, form: dict[str, Any] | None = None, **headers: str) -> TestResponse:
        secret = base64.b64encode(f"{who}:{PASSWORD}".encode()).decode()
        headers = {"Authorization": f"Basic {secret}", "Accept": "text/html", **headers}
        ask = self.client.get if form is None else self.client.post
        return ask(path, headers=headers, **({} if form is None else {"data": form}))

    def report(self, status: ReportStatus, findings: str = FINDINGS, number: int = 10, accession: str = "A1") -> None:
        at = START + timedelta(hours=number)
        one = replace(report(accession, status), parts={ReportPart.FINDINGS: findings}, approved_at=at)
        event = ReportReceived(at=at, exam=one.key, report=one, message=number)
        self.ledger.write(lambda tx: tx.append(event))


@pytest.fixture
def place() -> Iterator[Place]:
    """Çiğdem's exam A1 with images; Veli's exam B1 at the same hospital."""
    ledger = open_ledger("sqlite://")
    for one in (HOSPITAL, FAR):
        ledger.write(lambda tx, one=one: tx.record_institution(one, START))  # type: ignore[misc]
    for account in PEOPLE:
        ledger.save_account(account, START)
        ledger.set_password(account.name, CHEAP.hash(PASSWORD), START)

    def exams(tx: Any) -> None:
        for accession, tckn in (("A1", TCKN), ("B1", OTHER_TCKN)):
            one = order(accession, patient=Patient(tckn=tckn, file_number=accession, family="X", given="Y"))
            facts = study(accession, accession, patient_id=tckn, institution=HOSPITAL.skrs)
            tx.append(OrderPlaced(at=START, exam=one.key, order=one, message=1))
            tx.append(StudyFactsRecorded(at=START, study=facts.key, facts=facts))
            tx.append(StudyLinked(at=START, exam=one.key, facts=facts, path="accession"))

    ledger.write(exams)
    yield Place(ledger)
    ledger.close()


def exam_of(place: Place) -> Exam:
    found = place.ledger.exams_of(TCKN, 1)
    return found[0]


# The exams


def test_a_citizen_comes_home_to_the_own_exams_and_to_nobody_elses(place: Place) -> None:
    home = place.ask("cigdem", "/gecit/")
    assert (home.status_code, home.headers["Location"]) == (303, "/gecit/own")
    page = place.ask("cigdem", "/gecit/own").text
    assert EXAM in page and "B1" not in page and "Deneme Hastanesi" in page and "02.03.2026" in page
    assert "BT, Mandibula" in page and "Bilgisayarlı tomografi" in page
    assert "B1" in place.ask("veli", "/gecit/own").text
    assert TCKN not in page and OTHER_TCKN not in page


def test_images_that_another_node_holds_are_opened_there(place: Place) -> None:
    def exam(tx: Any) -> None:
        one = order("A2", patient=Patient(tckn=TCKN, file_number="A2", family="X", given="Y"))
        facts = study("A2", "A2", patient_id=TCKN, institution=HOSPITAL.skrs, key=StudyKey("B", "A2"))
        tx.append(OrderPlaced(at=START, exam=one.key, order=one, message=1))
        tx.append(StudyFactsRecorded(at=START, study=facts.key, facts=facts))
        tx.append(StudyLinked(at=START, exam=one.key, facts=facts, path="accession"))

    place.ledger.write(exam)
    path = f"/gecit/own/exam/{EXAM.replace('A1', 'A2')}"
    assert "saklanmıyor: B düğümünde" in place.ask("cigdem", path).text
    place.ledger.claim_node(NewNode(name="B", mark="b", home="b", address="https://b.example"))
    assert f'href="https://b.example{path}?from=N"' in place.ask("cigdem", path).text


@pytest.mark.parametrize("what", ["exam", "report", "pdf"])
def test_what_is_another_citizens_is_not_there(place: Place, what: str) -> None:
    place.report(ReportStatus.FINAL)
    assert place.ask("cigdem", f"/gecit/own/{what}/{EXAM}").status_code == 200
    for who, status in (("veli", 404), ("kimliksiz", 404), ("ayse", 404 if what != "exam" else 403)):
        assert place.ask(who, f"/gecit/own/{what}/{EXAM}").status_code == (403 if who == "kimliksiz" else status)


def test_staff_have_no_pages_of_a_citizen_and_a_citizen_none_of_staff(place: Place) -> None:
    for who in ("mudur", "ayse", "yonetici"):
        assert place.ask(who, "/gecit/own").status_code == 403
        assert place.ask(who, "/gecit/own/requests").status_code == 403
    for path in ("/gecit/exams/910001/A1", "/gecit/api/exams", "/gecit/patient-desk", "/gecit/day", "/gecit/rules"):
        assert place.ask("cigdem", path).status_code in (403, 404), path


def test_no_verdict_and_nothing_of_medula_stands_on_a_citizens_page(place: Place) -> None:
    place.report(ReportStatus.FINAL)
    for path in ("/gecit/own", f"/gecit/own/exam/{EXAM}", f"/gecit/own/report/{EXAM}", "/gecit/own/looks"):
        for language in ("tr", "en"):
            page = place.ask("cigdem", f"{path}?lang={language}").text
            assert not re.search(r"medula|karar|verdict|fatura|mükerrer", page, re.IGNORECASE), path


def test_only_final_reports_are_shown(place: Place) -> None:
    page = place.ask("cigdem", f"/gecit/own/exam/{EXAM}").text
    assert "Kesin rapor henüz yok" in page
    place.report(ReportStatus.PRELIMINARY, "ÖN RAPOR METNİ", 1)
    assert "Kesin rapor henüz yok" in place.ask("cigdem", f"/gecit/own/exam/{EXAM}").text
    assert place.ask("cigdem", f"/gecit/own/report/{EXAM}").status_code == 404
    assert place.ask("cigdem", f"/gecit/own/pdf/{EXAM}").status_code == 404
    place.report(ReportStatus.FINAL, FINDINGS, 2)
    page = place.ask("cigdem", f"/gecit/own/report/{EXAM}").text
    assert FINDINGS in page and "ÖN RAPOR" not in page and "yerine geçti" not in page


def test_what_a_correction_took_the_place_of_is_said_and_not_shown(place: Place) -> None:
    place.report(ReportStatus.FINAL, FINDINGS, 1)
    place.report(ReportStatus.CORRECTED, CHANGED, 2)
    place.report(ReportStatus.ADDENDUM, "Ek: eski tetkikle karşılaştırıldı.", 3)
    page = place.ask("cigdem", f"/gecit/own/report/{EXAM}").text
    assert CHANGED in page and FINDINGS not in page and "Ek: eski tetkikle" in page
    assert "düzeltilmiş rapor" in page and "02.03.2026 10:00 tarihli raporun yerine geçti" in page
    pdf = place.ask("cigdem", f"/gecit/own/pdf/{EXAM}")
    assert pdf.data.startswith(b"%PDF") and pdf.content_type == "application/pdf"
    assert pdf.headers["Content-Disposition"] == 'attachment; filename="rapor.pdf"'


# The zip


def begun(place: Place, who: str = "cigdem", exam: str = EXAM) -> str:
    answer = place.ask(who, f"/gecit/own/images/{exam}", {})
    assert answer.status_code == 303, answer.status
    return str(answer.headers["Location"])


def test_the_images_come_as_a_zip_with_dicomdir_and_report(place: Place) -> None:
    place.report(ReportStatus.FINAL)
    page = begun(place)
    assert "İndirmeyi başlat" in place.ask("cigdem", page).text
    answer = place.ask("cigdem", f"{page}/zip")
    assert answer.content_type == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as made:
        assert made.testzip() is None
        assert sorted(made.namelist()) == [
            "DICOMDIR", "IMAGES/IM000001", "IMAGES/IM000002", "OKU.txt", "RAPOR.pdf", "README.txt"
        ]  # fmt: skip
        assert made.read("RAPOR.pdf").startswith(b"%PDF")
    assert "Hepsi gönderildi" in place.ask("cigdem", f"{page}/progress").text
    assert TCKN not in answer.headers["Content-Disposition"] and begun(place) != page


def test_without_a_final_report_there_is_none_in_the_zip(place: Place) -> None:
    place.report(ReportStatus.PRELIMINARY)
    answer = place.ask("cigdem", f"{begun(place)}/zip")
    assert "RAPOR.pdf" not in zipfile.ZipFile(io.BytesIO(answer.data)).namelist()


def test_nobody_takes_anothers_images_away(place: Place) -> None:
    page = begun(place)
    for who, status in (("veli", 404), ("uzak", 404), ("ayse", 404)):
        assert place.ask(who, f"/gecit/own/images/{EXAM}", {}).status_code == status
        for further in ("", "/progress", "/zip"):
            assert place.ask(who, page + further).status_code == status
    assert place.images.asked == []


def test_a_manager_may_take_what_he_may_export_and_no_other_does(place: Place) -> None:
    answer = place.ask("mudur", f"{begun(place, 'mudur')}/zip")
    assert "DICOMDIR" in zipfile.ZipFile(io.BytesIO(answer.data)).namelist()


def test_who_may_export_finds_the_zip_on_the_exams_page(place: Place) -> None:
    button = f'action="/gecit/own/images/{EXAM}"'
    assert button not in place.ask("ayse", f"/gecit/exams/{EXAM}").text
    assert button in place.ask("yonetici", f"/gecit/exams/{EXAM}").text


def test_a_study_that_holds_another_patients_images_stays_out(place: Place) -> None:
    facts = study("Z1", "A1", patient_id=OTHER_TCKN, institution=FAR.skrs, study_instance_uid="1.2.A1")
    place.ledger.write(
        lambda tx: tx.append(StudyFactsRecorded(at=START, study=facts.key, facts=facts))
    )  # the same UID, and not Çiğdem's
    answer = place.ask("cigdem", f"/gecit/own/images/{EXAM}", {})
    assert answer.status_code == 404 and "İndirilecek görüntü yok" in answer.text


def test_no_more_than_so_many_are_made_at_once_and_a_place_comes_back(place: Place) -> None:
    page = begun(place)
    held = [place.slots.take(), place.slots.take()]
    refused = place.ask("cigdem", f"{page}/zip")
    assert refused.status_code == 503 and refused.headers["Retry-After"] == "120"
    for one in held:
        assert one
        one()
        one()  # twice gives back no second place
    assert place.ask("cigdem", f"{page}/zip").status_code == 200
    again = [place.slots.take() for _ in range(3)]
    assert [one is None for one in again] == [False, False, True]


def test_what_breaks_off_is_said_to_have_and_its_place_is_free(place: Place) -> None:
    page = begun(place)
    answer = place.client.get(
        f"{page}/zip", buffered=False, headers={"Authorization": _basic("cigdem"), "Accept": "text/html"}
    )
    next(iter(answer.response))
    answer.close()
    assert "yarıda kaldı" in place.ask("cigdem", page).text
    assert all(place.slots.take() for _ in range(2))


def _basic(who: str) -> str:
    return f"Basic {base64.b64encode(f'{who}:{PASSWORD}'.encode()).decode()}"


def test_through_orthancs_callback_a_browser_of_this_computer_is_sent_to_the_process_itself(place: Place) -> None:
    page = begun(place)
    sent = place.ask("cigdem", f"{page}/zip", **{"X-Gecit-Forwarder": "1", "Host": "localhost:8042"})
    assert (sent.status_code, sent.headers["Location"]) == (303, f"http://localhost:8043{page}/zip")
    headers = {"Authorization": _basic("cigdem"), "X-Gecit-Forwarder": "1"}
    far = place.client.get(f"{page}/zip", headers=headers, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert far.status_code == 501 and "nginx" in far.text and place.images.asked == []


# Who looked


def look(place: Place, who: str, what: str, minutes: int, **more: Any) -> None:
    values = {"patient": TCKN, "institution": HOSPITAL.skrs, "accession": "A1", "outcome": "done", **more}
    place.audit.record(AuditEntry(at=NOW - timedelta(minutes=minutes), who=who, what=what, **values))


def test_a_citizen_sees_who_looked_by_institution_role_and_initials(place: Place) -> None:
    look(place, "ayse", "see images", 50, accession="", detail={"study": "1.2.A1"})
    look(place, "uzak", "query duplicates", 40, institution=FAR.skrs, accession="")
    look(place, "MR9", "see an exam", 30)
    look(place, "silinen", "see a report", 20)
    look(place, "ayse", "see images", 10, outcome="refused")
    look(place, "ayse", "see images", 5, patient=OTHER_TCKN)
    place.report(ReportStatus.FINAL)
    place.ask("cigdem", f"/gecit/own/report/{EXAM}")
    page = place.ask("cigdem", "/gecit/own/looks").text
    rows = [
        re.sub(r"<[^>]+>|\s+", " ", one) for one in page.split("<tbody>")[1].split("</tbody>")[0].split("</tr>")[:-1]
    ]
    said = [re.sub(r" +", " ", one).strip() for one in rows]
    assert len(said) == 5
    assert "Siz" in said[0] and "Raporu okudunuz" in said[0]
    assert "Artık hesabı olmayan biri" in said[1] and "silinen" not in page
    assert "Kurumun cihazı" in said[2] and "Komşu Hastanesi" in said[2]
    assert "Kurum yöneticisi" in said[3] or "U*** M***" in said[3]
    assert "A*** N*** Ö***" in said[4] and "Deneme Hastanesi" in said[4] and "BT, Mandibula" in said[4]
    assert "Ayşe" not in page and "Örnekçi" not in page
    assert "Raporu okudu" not in place.ask("veli", "/gecit/own/looks").text


def test_a_visitor_by_link_a_consultant_and_an_assessor_are_told_as_what_they_are(place: Place) -> None:
    look(place, "link:3f2a", "see a report", 30)
    look(place, "ayse", "see a consultation", 20)
    look(place, "ayse", "review a report", 10)
    page = place.ask("cigdem", "/gecit/own/looks").text
    assert "Paylaşım bağlantınızla gelen kişi" in page and "3f2a" not in page
    assert "Artık hesabı olmayan biri" not in page
    assert "Konsültasyon için tetkike baktı" in page and "Kalite için raporu inceledi" in page


def test_one_opening_of_the_viewer_is_one_look(place: Place) -> None:
    look(place, "ayse", "see images", 30)
    look(place, "ayse", "see images", 30, accession="", institution="")
    look(place, "ayse", "see images", 30, accession="", detail={"study": "1.2.A1"})
    look(place, "uzak", "see images", 30)
    look(place, "ayse", "see images", 20)
    page = place.ask("cigdem", "/gecit/own/looks").text
    rows = page.split("<tbody>")[1].split("</tbody>")[0].split("</tr>")[:-1]
    assert len(rows) == 3
    assert all("BT, Mandibula" in one for one in rows)


def test_looks_are_paged(place: Place) -> None:
    for number in range(53):
        look(place, "ayse", "see images", number)
    first, second = (place.ask("cigdem", f"/gecit/own/looks?page={one}").text for one in (1, 2))
    assert first.count("<tr>") - 1 == 50 and "Daha eski" in first
    assert second.count("<tr>") - 1 == 3 and "Daha yeni" in second and "Daha eski" not in second


# Requests


def asked(place: Place, who: str = "cigdem", **differs: str) -> str:
    answer = place.ask(who, "/gecit/own/requests", {**ASKED, **differs})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"]).rsplit("/", 1)[1]


def test_a_missing_exam_is_asked_for_found_and_shown(place: Place) -> None:
    number = asked(place, contact="phone", **{"contact-at": "0312 000 00 00"})
    page = place.ask("cigdem", f"/gecit/own/requests/{number}").text
    assert "Gönderildi" in page and "01.04.2026" not in page and "04.04.2026" in page
    listed = place.ask("mudur", "/gecit/patient-desk").text
    assert "Sağ diz MR" in listed and TCKN not in listed
    desk = f"/gecit/patient-desk/{number}"
    shown = place.ask("mudur", desk).text
    assert TCKN in shown and "0312 000 00 00" in shown and "Çiğdem Şahin" in shown
    assert place.ask("mudur", desk, {"act": "look"}).status_code == 303
    assert "Aranıyor" in place.ask("cigdem", f"/gecit/own/requests/{number}").text
    assert place.ask("mudur", desk, {"act": "find", "exam": "B1"}).status_code == 409, "another patient's"
    assert place.ask("mudur", desk, {"act": "find", "exam": "A1", "text": "Gönderildi."}).status_code == 303
    page = place.ask("cigdem", f"/gecit/own/requests/{number}").text
    assert "Bulundu" in page and f"/gecit/own/exam/{EXAM}" in page and "mudur" not in page
    assert TCKN not in place.ask("mudur", desk).text, "closed: the number is not needed any more"
    assert "Sağ diz MR" in place.ask("mudur", "/gecit/patient-desk?which=closed").text


@pytest.mark.parametrize(("act", "state"), [("answer", State.ANSWERED), ("refuse", State.REFUSED)])
def test_an_answer_in_words_needs_them_and_is_read_by_the_citizen(place: Place, act: str, state: State) -> None:
    number = asked(place)
    desk = f"/gecit/patient-desk/{number}"
    assert place.ask("mudur", desk, {"act": act, "text": " "}).status_code == 409
    assert place.ask("mudur", desk, {"act": act, "text": "Arşivde <b>film</b> var."}).status_code == 303
    page = place.ask("cigdem", f"/gecit/own/requests/{number}").text
    assert "Arşivde &lt;b&gt;film&lt;/b&gt; var." in page
    kept = place.ledger.request(number)
    assert kept and (kept.state, kept.steps[-1].by) == (state, "mudur")
    assert place.ask("mudur", desk, {"act": "look"}).status_code == 409, "it is over"


def test_a_request_is_the_citizens_and_the_asked_institutions_alone(place: Place) -> None:
    number = asked(place)
    assert place.ask("veli", f"/gecit/own/requests/{number}").status_code == 404
    assert place.ask("veli", f"/gecit/own/requests/{number}/withdraw", {}).status_code == 404
    assert place.ask("uzak", f"/gecit/patient-desk/{number}").status_code == 404
    assert place.ask("uzak", f"/gecit/patient-desk/{number}", {"act": "look"}).status_code == 404
    assert place.ask("ayse", f"/gecit/patient-desk/{number}").status_code == 403
    assert "Sağ diz MR" not in place.ask("uzak", "/gecit/patient-desk").text
    assert place.ask("yonetici", f"/gecit/patient-desk/{number}").status_code == 200
    kept = place.ledger.request(number)
    assert kept and kept.state is State.ASKED


def test_open_requests_are_limited_and_a_withdrawn_one_makes_room(place: Place) -> None:
    first = asked(place)
    asked(place)
    full = place.ask("cigdem", "/gecit/own/requests", ASKED)
    assert full.status_code == 409 and "en çok 2 açık talebiniz" in full.text and "Sağ diz MR" in full.text
    assert place.ask("cigdem", f"/gecit/own/requests/{first}/withdraw", {}).status_code == 303
    assert place.ask("cigdem", f"/gecit/own/requests/{first}/withdraw", {}).status_code == 409
    asked(place)


@pytest.mark.parametrize(
    "differs",
    [
        {"institution": "999999"}, {"institution": ""}, {"when": " "}, {"when": "x" * 61}, {"what": ""},
        {"what": "x" * 1001}, {"contact": "pigeon"}, {"contact": "phone", "contact-at": "beni ara"},
        {"contact": "email", "contact-at": "ayşe"},
    ],
)  # fmt: skip
def test_a_form_that_cannot_be_used_is_answered_and_loses_nothing(place: Place, differs: dict[str, str]) -> None:
    given = {**ASKED, **differs}
    answer = place.ask("cigdem", "/gecit/own/requests", given)
    assert (answer.status_code == 422 and "Düzeltin" in answer.text) or "alert-danger" in answer.text
    if given["what"].strip() and len(given["what"]) < 100:
        assert given["what"] in answer.text
    assert place.ledger.requests_of(TCKN, 9) == []


def test_an_overdue_request_is_marked_on_both_sides(place: Place) -> None:
    number = asked(place)
    place.clock.at = NOW + timedelta(days=31)
    for who, path in (("cigdem", f"/gecit/own/requests/{number}"), ("mudur", "/gecit/patient-desk")):
        assert "Gecikti" in place.ask(who, path).text


def test_each_step_is_audited_with_its_patient(place: Place) -> None:
    number = asked(place)
    place.ask("mudur", f"/gecit/patient-desk/{number}", {"act": "look"})
    place.ask("cigdem", f"/gecit/own/pdf/{EXAM}")
    place.report(ReportStatus.FINAL)
    place.ask("cigdem", f"/gecit/own/pdf/{EXAM}")
    place.ask("cigdem", f"{begun(place)}/zip")
    place.ask("veli", f"/gecit/own/exam/{EXAM}")
    mine = place.ledger.looks(
        place.audit.digest(TCKN), ("ask for a missing exam", "answer patients", "see a report", "see images"), 50
    )
    assert [(one.who, one.what) for one in reversed(mine)] == [
        ("cigdem", "ask for a missing exam"),
        ("mudur", "answer patients"),
        ("cigdem", "see a report"),
        ("cigdem", "see images"),
        ("cigdem", "see images"),
    ]
    from gecit.ports import AuditSearch

    refused = place.audit.rows(AuditSearch(who="veli"))[0]
    assert (refused.outcome, refused.accession) == ("refused", "A1")


def test_the_institution_is_named_even_where_it_has_no_name(place: Place) -> None:
    bare = Institution(skrs="910033")
    place.ledger.write(lambda tx: tx.record_institution(bare, START))
    assert "910033" in place.ask("cigdem", "/gecit/own/requests").text


def test_a_zip_is_asked_for_where_its_images_lie(place: Place) -> None:
    for who, page in (("cigdem", "/gecit/own/exam"), ("mudur", "/gecit/exams")):
        for one in place.ledger.nodes():
            place.ledger.forget_node(one.name)
        move(place.ledger, key(), known=False)
        said = place.ask(who, f"/gecit/own/images/{EXAM}?lang=en", {})
        assert said.status_code == 404 and f"The images are on another node: {moved.FAR}" in said.text
        make_known(place.ledger)
        led = place.ask(who, f"/gecit/own/images/{EXAM}", {})
        assert led.status_code == 200, "a form led here, whose page forbids to be redirected to another origin"
        assert f'content="0; url={moved.ADDRESS}{page}/{EXAM}?from=N"' in led.text
        silence(place.ledger, moved.FAR)
        said = place.ask(who, f"/gecit/own/images/{EXAM}?lang=tr", {})
        assert said.status_code == 503 and f"{moved.FAR} düğümü yanıt vermiyor" in said.text
    assert place.ledger.downloads_of("cigdem", START) == []


def test_who_works_there_and_is_the_patient_is_led_to_a_page_that_is_open_to_him(place: Place) -> None:
    place.ledger.save_account(replace(PEOPLE[0], roles=(Role.MANAGER,), institution=HOSPITAL.skrs), START)
    move(place.ledger, key())
    assert place.ask("cigdem", f"/gecit/own/exam/{EXAM}").status_code == 403
    led = place.ask("cigdem", f"/gecit/own/images/{EXAM}", {})
    assert f'content="0; url={moved.ADDRESS}/gecit/exams/{EXAM}?from=N"' in led.text


def test_a_zip_that_another_node_makes_is_followed_there_by_who_asked_for_it(place: Place) -> None:
    path = begun(place)
    made = place.ledger.download(path.rsplit("/", 1)[1])
    assert made
    far = replace(made, id="f" * 32, node=moved.FAR)
    place.ledger.add_download(far)
    path = f"/gecit/own/downloads/{far.id}"
    assert moved.FAR in place.ask("cigdem", path, None).text
    make_known(place.ledger)
    led = place.ask("cigdem", path, None, Accept="*/*")
    assert led.headers["Location"] == f"{moved.ADDRESS}{path}?from=N"
    assert place.ask("veli", path).status_code == 404


def test_of_images_at_two_nodes_the_page_says_what_the_zip_leaves_out(place: Place) -> None:
    path = f"/gecit/own/exam/{EXAM}"
    assert "yalnız buradakileri içerir" not in place.ask("cigdem", path).text
    facts = study("far", key=StudyKey(moved.FAR, "far"), patient_id=TCKN)
    place.ledger.write(lambda tx: tx.append(StudyLinked(at=START, exam=key(), facts=facts, path="accession")))
    assert f"{moved.FAR}: oraya şu anda ulaşılamıyor" in place.ask("cigdem", path).text
    make_known(place.ledger)
    for who, page in (("cigdem", path), ("yonetici", f"/gecit/exams/{EXAM}")):
        told = place.ask(who, begun(place, who)).text
        assert "zip yalnız buradakileri içerir" in told and f'href="{moved.ADDRESS}{page}?from=N"' in told
    assert f'href="{moved.ADDRESS}{path}?from=N"' in place.ask("cigdem", path).text
