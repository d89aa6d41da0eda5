"""The pages of consultations on a real ledger: who sees what of an exam, as long; what is asked, answered, closed."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace
from werkzeug.test import TestResponse

from gecit.core.access import Role
from gecit.core.accounts import Account, Session
from gecit.core.balance import ReaderProfile
from gecit.core.consultation import Consultation, Outcome, State
from gecit.core.disclosures import Disclosure
from gecit.core.draft import Draft
from gecit.core.events import ReportReceived, StudyLinked
from gecit.core.exam_kinds import Subspecialty
from gecit.core.groups import Group, Member
from gecit.core.key_images import KeyImage
from gecit.core.order import ExamKey, Patient
from gecit.core.peer_review import Reviewer
from gecit.core.report import ReportPart, ReportStatus
from gecit.core.turnaround import TARGETS
from gecit.edges.credentials import COOKIE, csrf_of, token_digest
from gecit.edges.doors import Doors
from gecit.edges.hl7_report import ReportWriter
from gecit.edges.report_files import read_access, read_reporting
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import OutboxSearch, Unavailable
from gecit.steps import consult
from gecit.steps.disclosing import disclosed, end
from gecit.steps.granting import Granting
from gecit.steps.point_images import Pointer
from gecit.steps.sample_reports import draw_round
from gecit.steps.tell_consulted import MAIL, WEBHOOK, teller
from gecit.web.app import create_app
from gecit.web.consulting import Consulting
from gecit.web.reading import ReadingRoom
from gecit.web.words import count_name
from tests.fake_accounts import FakeAudit
from tests.fakes import FakeViews, FakeVitals, StillClock
from tests.support.consulting import ASKER, AWAY, CERRAH, DAY, NORO, UZMAN, admit, person
from tests.support.flow import HOSPITAL, JUDGING, START, TCKN, key, report, study
from tests.support.moved import ADDRESS, FAR, make_known, move
from tests.support.reading import LIMITS, NOW, NUMBERS, PROFILES, sign, take, wait_for_reader, write
from tests.support.reviews import asked as round_of

from .test_nodes import silence
from .test_reading import CHEAP, PASSWORD, Registry

RULES = Path(__file__).parents[2] / "rules"
EXAM = ExamKey(institution=HOSPITAL.skrs, accession="A1")
NEW = f"/gecit/consultations/new/{HOSPITAL.skrs}/A1"
MANAGER = Account(name="mudur", roles=(Role.MANAGER,), institution=HOSPITAL.skrs)
ADMINISTRATOR = Account(name="yonetici", roles=(Role.ADMINISTRATOR,))
BORA = replace(ASKER, name="bora", full_name="Bora Denemeci")
PEOPLE = (replace(ASKER, tckn=NUMBERS["ayse"]), BORA, UZMAN, NORO, CERRAH, MANAGER, ADMINISTRATOR)
PATIENT = Patient(tckn=TCKN, file_number="D-7", family="ŞAHİN", given="ÇİĞDEM", birth_date="19800304", sex="F")


class Archive:
    """Two series of a study, in the words of Orthanc's tags; `tests/system` asks a real one."""

    def __init__(self) -> None:
        self.down = False

    def series(self, study: str) -> list[tuple[str, dict[str, str]]]:
        if self.down:
            raise Unavailable("archive")
        return [(f"{study}-{n}", {"SeriesNumber": n, "SeriesInstanceUID": f"1.2.{n}"}) for n in ("1", "2")]

    def instances(self, series: str) -> list[tuple[str, dict[str, str]]]:
        number = series[-1]
        return [
            (f"{series}-{n}", {"InstanceNumber": str(n), "SOPInstanceUID": f"1.2.{number}.{n}"}) for n in range(1, 20)
        ]

    def studies(self, orthanc_ids: object, uids: object) -> dict[str, dict[str, str]]:
        return {}

    def all_of(self, instance: str) -> dict[str, str]:
        return {}

    def one_of_study(self, study: str) -> str:
        return ""


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOW)


@pytest.fixture
def archive() -> Archive:
    return Archive()


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    opened = open_ledger("sqlite://")
    admit(opened, *PEOPLE)
    for account in PEOPLE:
        opened.set_password(account.name, CHEAP.hash(PASSWORD), NOW)
    wait_for_reader(opened, patient=PATIENT)
    yield opened
    opened.close()


@pytest.fixture
def audit() -> FakeAudit:
    return FakeAudit()


@pytest.fixture
def client(ledger: SqlLedger, clock: StillClock, archive: Archive, audit: FakeAudit) -> FlaskClient:
    granting = Granting(ledger, ledger, read_access(RULES))
    ticks = iter(range(0, 10**6, 10))  # nothing that a door remembers outlives a request
    doors = Doors(
        ledger,
        "inside",
        clock,
        lambda: float(next(ticks)),
        audit=audit,
        granted=granting.granted,
        disclosed=disclosed(ledger),
    )
    room = ReadingRoom(
        ledger=ledger,
        accounts=ledger,
        clock=clock,
        limits=LIMITS,
        targets=TARGETS,
        granting=granting,
        judging=lambda: JUDGING,
        writer=ReportWriter(PROFILES),
        registry=Registry(),
        reporting=read_reporting(RULES),
        audit=audit,
        signs=lambda name, password, address: doors.sign_in(name, password, address).granted,
    )
    desk = Consulting(room, ledger, Pointer(archive, "N"), teller((MAIL, WEBHOOK)))
    app = create_app(
        doors=doors,
        views=FakeViews(),
        vitals=FakeVitals(),
        clock=clock,
        node="N",
        ledger=ledger,
        room=room,
        consulting=desk,
    )
    return app.test_client()


def ask(client: FlaskClient, who: str, path: str, form: dict[str, Any] | None = None) -> TestResponse:
    secret = base64.b64encode(f"{who}:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {secret}"}
    return client.post(path, data=form, headers=headers) if form is not None else client.get(path, headers=headers)


def text_of(answer: TestResponse) -> str:
    return unescape(answer.text)


def question(**differs: str) -> dict[str, str]:
    """The form of a question as a browser sends it."""
    form = {"whom": "person", "to-person": "uzman", "question": "Hemanjiom mu?", "images": "2/14"}
    return {**form, "until": "2026-03-05T09:00", **differs}


BEGIN = f'action="/gecit/reading/take/{HOSPITAL.skrs}/A1"'


def asked(client: FlaskClient, who: str = "ayse", **differs: str) -> str:
    """Ask, and return the address of the consultation."""
    answer = ask(client, who, NEW, question(**differs))
    assert answer.status_code == 303, text_of(answer)
    return answer.headers["Location"]


def standing(ledger: SqlLedger, address: str) -> Consultation:
    found = ledger.read(lambda tx: tx.consultation(address.rsplit("/", 1)[1]))
    assert found
    return found[1]


def said(**differs: Any) -> dict[str, Any]:
    """The form of an answer as a browser sends it."""
    form: dict[str, Any] = {"seen": "1", "text": "Hemanjiom lehine.", "password": PASSWORD, "images": ""}
    rows = {"name": ["Çap", ""], "value": ["21,5", ""], "unit": ["mm", "mm"], "image": ["2/14", ""]}
    return {**form, **{f"measured-{column}": cells for column, cells in rows.items()}, **differs}


def answered(client: FlaskClient, address: str) -> None:
    assert ask(client, "uzman", f"{address}/accept", {}).status_code == 303
    answer = ask(client, "uzman", f"{address}/answer", said())
    assert answer.status_code == 303, text_of(answer)


# Who sees what


def test_who_is_asked_at_another_institution_sees_the_question_and_what_it_needs(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    address = asked(client)
    page = text_of(ask(client, "uzman", address))
    for wanted in ("Hemanjiom mu?", "2/14", "Baş ağrısı", "BT, Mandibula", "45 yaş", "Ayşe Örnekçi", "Üstlen"):
        assert wanted in page
    for never in ("ŞAHİN", "ÇİĞDEM", TCKN, "D-7", "MEDULA", "medula"):
        assert never not in page
    listed = text_of(ask(client, "uzman", "/gecit/consultations"))
    assert "yanıt sırası sizde" in listed
    assert "BT, Mandibula" in listed


def test_of_the_exam_who_is_asked_reaches_nothing_else(client: FlaskClient) -> None:
    asked(client)
    for path in (f"/gecit/exams/{HOSPITAL.skrs}/A1", f"/gecit/reading/exam/{HOSPITAL.skrs}/A1", NEW, "/gecit/"):
        assert ask(client, "uzman", path).status_code in (303, 403, 404)
    assert ask(client, "uzman", f"/gecit/api/exams/{HOSPITAL.skrs}/A1").status_code == 403
    assert ask(client, "noro", f"/gecit/api/verdicts/{HOSPITAL.skrs}/A1").status_code == 404


def test_who_is_asked_reads_the_report_and_not_whether_the_hospital_was_told(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    take(ledger, person(ASKER))
    write(ledger, person(ASKER))
    assert sign(ledger, person(ASKER)) == 1
    address = asked(client)
    pages = {who: text_of(ask(client, who, address)) for who in ("uzman", "bora")}
    assert all("Patolojik bulgu saptanmadı." in page for page in pages.values())
    assert ["HBYS" in pages[who] for who in ("uzman", "bora")] == [False, True]


def test_who_is_asked_from_outside_reads_no_preliminary_report(client: FlaskClient, ledger: SqlLedger) -> None:
    said = replace(report("A1", ReportStatus.PRELIMINARY), parts={ReportPart.FINDINGS: "Henüz kesin değil."})
    ledger.write(lambda tx: tx.append(ReportReceived(at=NOW, exam=said.key, report=said, message=9)))
    address = asked(client)
    pages = {who: text_of(ask(client, who, address)) for who in ("uzman", "bora")}
    assert ["Henüz kesin değil." in pages[who] for who in ("uzman", "bora")] == [False, True]


@pytest.mark.parametrize("who", ["noro", "cerrah", "mudur", "yonetici"])
def test_who_is_not_asked_learns_nothing_of_it(client: FlaskClient, who: str) -> None:
    address = asked(client)
    wanted = 403 if who in ("mudur", "yonetici") else 404
    assert ask(client, who, address).status_code == wanted
    assert ask(client, who, f"{address}/accept", {}).status_code == wanted
    number = address.rsplit("/", 1)[1]
    assert ask(client, who, f"/gecit/api/consultations/{number}").status_code == wanted
    assert ask(client, who, address + "x").status_code == wanted


def test_a_colleague_who_may_report_the_exam_sees_it_and_does_nothing(client: FlaskClient, ledger: SqlLedger) -> None:
    address = asked(client)
    page = text_of(ask(client, "bora", address))
    assert "Hemanjiom mu?" in page
    assert "<form" not in page.split("<main")[1]
    for what in ("withdraw", "again", "extend", "close", "accept", "decline", "answer"):
        assert ask(client, "bora", f"{address}/{what}", said()).status_code in (403, 409), what
    assert standing(ledger, address).state is State.ASKED


def test_when_it_is_over_only_ones_own_words_are_left(client: FlaskClient, clock: StillClock) -> None:
    address = asked(client)
    answered(client, address)
    clock.at = NOW + timedelta(days=3)
    page = text_of(ask(client, "uzman", address))
    assert "Hemanjiom lehine." in page
    for never in ("Hemanjiom mu?", "Baş ağrısı", "BT, Mandibula", "45 yaş", "/gecit/viewer"):
        assert never not in page
    assert ask(client, "uzman", f"{address}/answer", said(seen="2")).status_code == 409


def test_what_was_shut_by_somebody_else_is_shut_here_too(client: FlaskClient, ledger: SqlLedger) -> None:
    address = asked(client)
    number = standing(ledger, address).id
    ledger.write(lambda tx: end(tx, tx.disclosures_for([number]), "yonetici", NOW))
    assert "Hemanjiom mu?" not in text_of(ask(client, "uzman", address))


def test_who_left_his_employer_finds_nothing(client: FlaskClient, ledger: SqlLedger) -> None:
    address = asked(client)
    ledger.save_account(replace(UZMAN, institution=HOSPITAL.skrs), NOW)
    assert ask(client, "uzman", address).status_code == 404


# Asking


def test_the_form_offers_people_groups_and_subspecialties(client: FlaskClient, ledger: SqlLedger) -> None:
    ledger.save_group(Group(id="g1", name="Nöro nöbeti", members=(Member(account="noro", since=NOW),)), NOW)
    page = text_of(ask(client, "ayse", NEW))
    for wanted in ("Ulaş Kurgusal", "konsültan", "Komşu Hastane", "Nöro nöbeti", "Nöroradyoloji", "2026-03-03T11:00"):
        assert wanted in page
    assert 'value="ayse"' not in page
    assert 'value="mudur"' not in page
    assert "ŞAHİN" not in page


def test_only_of_a_group_it_is_said_that_the_others_are_shut_out(client: FlaskClient, ledger: SqlLedger) -> None:
    alone = asked(client)
    said = text_of(ask(client, "uzman", alone))
    assert "yanıt sizden beklenir" in said and "gruptaki öbür" not in said
    people = tuple(Member(account=one, since=NOW) for one in ("bora", "noro"))
    ledger.save_group(Group(id="g2", name="Nöro", members=people), NOW)
    assert "gruptaki öbür" in text_of(ask(client, "noro", asked(client, **{"whom": "group", "to-group": "g2"})))


def test_a_group_is_asked_as_it_is_now_and_a_subspecialty_by_its_readers(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    later = Member(account="bora", since=NOW + timedelta(days=1))
    ledger.save_group(Group(id="g1", name="Nöro", members=(Member(account="noro", since=NOW), later)), NOW)
    one = standing(ledger, asked(client, **{"whom": "group", "to-group": "g1"}))
    assert ([each.account for each in one.asked], one.to.name) == (["noro"], "Nöro")
    for name in ("ayse", "bora"):
        profile = ReaderProfile(subspecialties=(Subspecialty.NEURO,))
        ledger.write(lambda tx, name=name, profile=profile: tx.keep_reader_profile(name, profile))  # type: ignore[misc]
    address = asked(client, **{"whom": "subspecialty", "to-subspecialty": "neuro"})
    assert [each.account for each in standing(ledger, address).asked] == ["bora"]
    assert "Nöroradyoloji" in text_of(ask(client, "ayse", address))


@pytest.mark.parametrize(
    ("differs", "word"),
    [
        ({"to-person": "kimse"}, "Danışılacak hekim bulunamadı"),
        ({"whom": "group", "to-group": "yok"}, "Danışılacak hekim bulunamadı"),
        ({"question": " "}, "Metin boş"),
        ({"until": "2026-03-02T10:00"}, "Son yanıt zamanı"),
        ({"until": "yarın"}, "Son yanıt zamanı"),
        ({"images": "3/1"}, "3/1: Bu tetkikte böyle bir görüntü yok"),
        ({"images": "1.2.9.9"}, "1.2.9.9: Bu tetkikte böyle bir görüntü yok"),
        ({"images": "üçüncü"}, "Bu tetkikte böyle bir görüntü yok"),
        ({"images": "\n".join(f"1/{n}" for n in range(1, 15))}, "En çok 12 görüntü"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stands(
    client: FlaskClient, ledger: SqlLedger, differs: dict[str, str], word: str
) -> None:
    answer = ask(client, "ayse", NEW, question(**differs))
    assert answer.status_code == 409
    assert word in text_of(answer)
    assert question(**differs)["question"].strip() in text_of(answer)
    assert ledger.read(lambda tx: tx.consultations_asked_by("ayse", 9)) == []


def test_while_the_archive_is_silent_no_picture_is_believed(
    client: FlaskClient, archive: Archive, ledger: SqlLedger
) -> None:
    archive.down = True
    answer = ask(client, "ayse", NEW, question())
    assert "arşivi şu anda yanıt vermiyor" in text_of(answer)
    assert standing(ledger, asked(client, images="")).thread[0].images == ()


def test_a_picture_is_found_by_numbers_and_by_uid(client: FlaskClient, ledger: SqlLedger) -> None:
    one = standing(ledger, asked(client, images="2/014\n1.2.1.3; 2:14"))
    assert [image.instance for image in one.thread[0].images] == ["1.2.2.14", "1.2.1.3"]
    assert one.thread[0].images[0].study == "1.2.A1"


def marked(*instances: str) -> tuple[KeyImage, ...]:
    return tuple(
        KeyImage(study="1.2.A1", series="1.2.2", instance=one, sop_class="1.2.840", series_number="2", number=one[-1])
        for one in instances
    )


def test_the_pictures_that_the_author_marked_are_offered_and_only_his(
    client: FlaskClient, ledger: SqlLedger, archive: Archive
) -> None:
    assert 'name="marked"' not in ask(client, "ayse", NEW).text
    mine = Draft(exam=EXAM, author="ayse", key_images=marked("1.2.2.7", "1.2.2.8"))
    other = Draft(exam=EXAM, author="bora", key_images=marked("1.2.2.9"))
    ledger.write(lambda tx: (tx.save_draft(mine), tx.save_draft(other)))
    page = ask(client, "ayse", NEW).text
    assert page.count('name="marked"') == 2 and "1.2.2.9" not in page
    archive.down = True  # what is marked was found before
    form = {"images": "", "marked": ["1.2.2.8", "1.2.2.9"]}
    one = standing(ledger, asked(client, **form))  # type: ignore[arg-type]
    assert [(image.instance, image.name) for image in one.thread[0].images] == [("1.2.2.8", "2/8")]


def test_marked_and_written_pictures_are_counted_together_each_once(client: FlaskClient, ledger: SqlLedger) -> None:
    pictures = marked(*(f"1.2.2.{n}" for n in range(1, 9)))
    ledger.write(lambda tx: tx.save_draft(Draft(exam=EXAM, author="ayse", key_images=pictures)))
    chosen: Any = [one.instance for one in pictures]
    one = standing(ledger, asked(client, marked=chosen, images="2/8\n2/9"))
    assert len(one.thread[0].images) == 9
    written = "\n".join(f"1/{n}" for n in range(1, 9))
    refused = ask(client, "ayse", NEW, question(marked=chosen, images=written))
    assert refused.status_code == 409 and "En çok 12 görüntü" in text_of(refused)
    assert refused.text.count("checked") >= 8, "what was chosen stands"


def test_nobody_asks_about_the_exam_of_another_institution(client: FlaskClient) -> None:
    assert ask(client, "noro", NEW).status_code == 404
    assert ask(client, "noro", NEW, question()).status_code == 404
    assert ask(client, "uzman", NEW, question()).status_code == 403
    assert ask(client, "cerrah", NEW).status_code == 403


# Answering


def test_an_answer_is_signed_with_the_password_and_carries_measurements(client: FlaskClient, ledger: SqlLedger) -> None:
    address = asked(client)
    assert ask(client, "uzman", f"{address}/accept", {}).status_code == 303
    wrong = ask(client, "uzman", f"{address}/answer", said(password="yanlış"))
    assert (wrong.status_code, standing(ledger, address).answers) == (422, ())
    assert "hiçbir şey imzalanmadı" in text_of(wrong)
    assert "Hemanjiom lehine." in text_of(wrong)
    assert "21,5" in text_of(wrong)
    answered(client, address)
    (entry,) = standing(ledger, address).answers
    (measured,) = entry.measurements
    assert (measured.name, measured.value, measured.unit) == ("Çap", 21.5, "mm")
    assert measured.image is not None and measured.image.instance == "1.2.2.14"
    assert (entry.signed, entry.name, entry.employer) == ("password", "Ulaş Kurgusal", AWAY.skrs)
    page = text_of(ask(client, "ayse", address))
    assert all(one in page for one in ("21,5", "imzalı", "Rapora ekleyip kapat"))


def test_a_fresh_sign_in_by_a_provider_signs_and_an_old_one_does_not(
    client: FlaskClient, ledger: SqlLedger, clock: StillClock
) -> None:
    address = asked(client)
    ask(client, "uzman", f"{address}/accept", {})

    def pressed(age: timedelta) -> int:
        secret = f"anahtar-{age.seconds}"
        begun = NOW - age
        one = Session(
            digest=token_digest(secret),
            account="uzman",
            created_at=begun,
            seen_at=NOW,
            expires_at=NOW + DAY,
            how="e-Devlet",
        )
        ledger.add_session(one)
        client.set_cookie(COOKIE, secret)
        return client.post(f"{address}/answer", data=said(password="", csrf=csrf_of(secret))).status_code

    assert (pressed(timedelta(minutes=6)), pressed(timedelta(minutes=4))) == (422, 303)
    assert standing(ledger, address).answers[0].signed == "e-Devlet"


@pytest.mark.parametrize(
    ("differs", "word"),
    [
        ({"measured-value": ["on iki", ""]}, "Bir ölçümün adı"),
        ({"measured-name": ["", ""]}, "Bir ölçümün adı"),
        ({"measured-unit": ["parmak", "mm"]}, "Bir ölçümün adı"),
        ({"measured-image": ["9/9", ""]}, "9/9: Bu tetkikte böyle bir görüntü yok"),
        ({"text": ""}, "Metin boş"),
        ({"seen": "0"}, "Siz yazarken konsültasyon değişti"),
        ({"images": "5/5"}, "5/5"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_with_what_was_typed(
    client: FlaskClient, ledger: SqlLedger, differs: dict[str, Any], word: str
) -> None:
    address = asked(client)
    ask(client, "uzman", f"{address}/accept", {})
    answer = ask(client, "uzman", f"{address}/answer", said(**differs))
    assert answer.status_code == 409
    assert word in text_of(answer)
    assert said(**differs)["text"] in text_of(answer)
    assert standing(ledger, address).answers == ()


def test_asked_again_extended_withdrawn_and_declined(client: FlaskClient, ledger: SqlLedger, clock: StillClock) -> None:
    address = asked(client)
    answered(client, address)
    more = {"text": "MR gerekir mi?", "until": "2026-03-06T09:00"}
    assert ask(client, "ayse", f"{address}/again", more).status_code == 303
    assert "MR gerekir mi?" in text_of(ask(client, "uzman", address))
    assert ask(client, "uzman", f"{address}/answer", said(seen="3", text="Hayır.")).status_code == 303
    assert [one.text for one in standing(ledger, address).answers] == ["Hemanjiom lehine.", "Hayır."]
    second = asked(client)
    assert ask(client, "uzman", f"{second}/decline", {"reason": "Alanım değil"}).status_code == 303
    assert "Alanım değil" in text_of(ask(client, "ayse", second))
    third = asked(client)
    clock.at = NOW + timedelta(days=4)
    listed = text_of(ask(client, "ayse", "/gecit/consultations"))
    assert "süresi geçti" in listed
    assert "Zamanında yanıtlanmayan 1 konsültasyonunuz var" in listed
    assert "Zamanında yanıtlanmayan 1" in text_of(ask(client, "ayse", "/gecit/reading"))
    known = {one.name: one for one in PEOPLE}
    ledger.write(lambda tx: consult.settle_due(tx, clock.at, known.get, lambda account, skrs: True))
    assert ask(client, "ayse", f"{third}/extend", {"until": "2026-03-08T09:00"}).status_code == 303
    assert "Hemanjiom mu?" in text_of(ask(client, "uzman", third))
    assert ask(client, "ayse", f"{third}/withdraw", {"reason": ""}).status_code == 303
    assert ask(client, "ayse", f"{third}/withdraw", {"reason": ""}).status_code == 409
    assert standing(ledger, third).state is State.WITHDRAWN


# Closing


def test_closed_into_the_report_the_signed_version_carries_who_answered_and_when(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    address = asked(client)
    answered(client, address)
    refused = ask(client, "ayse", f"{address}/close", {"outcome": "report", "part": "4"})
    assert refused.status_code == 409
    assert "önce tetkiki alın" in text_of(refused)
    assert BEGIN in refused.text and 'name="act" value="take">Tetkiki okumaya al<' in refused.text
    assert standing(ledger, address).state is State.ANSWERED
    take(ledger, person(ASKER))
    write(ledger, person(ASKER))
    done = ask(client, "ayse", f"{address}/close", {"outcome": "report", "part": "4"})
    assert (done.status_code, done.headers["Location"]) == (303, f"/gecit/reading/exam/{HOSPITAL.skrs}/A1")
    draft = ledger.read(lambda tx: tx.draft(key(), "ayse"))
    assert draft is not None
    number = standing(ledger, address).id
    wanted = (
        f"[Konsültasyon {number}]\nUlaş Kurgusal (Komşu Hastane), 02.03.2026 11:00:\nHemanjiom lehine.\n- Çap: 21,5 mm"
    )
    assert wanted in draft.parts[ReportPart.CONCLUSION]
    assert "Konsültasyon" not in draft.parts[ReportPart.FINDINGS]
    assert sign(ledger, person(ASKER)) == 1
    exam = ledger.read(lambda tx: tx.exam(key()))
    assert exam is not None and exam.report is not None
    assert wanted in exam.report.report.parts[ReportPart.CONCLUSION]
    assert standing(ledger, address).outcome is Outcome.REPORT


@pytest.mark.parametrize(("who", "status"), [("uzman", 200), ("bora", 403)])  # who answers it, and a colleague
def test_a_blind_reviewer_reads_on_a_consultations_page_not_who_signed(
    client: FlaskClient, ledger: SqlLedger, who: str, status: int
) -> None:
    address, signer = asked(client), "Deneme AYSE"
    assert ask(client, "uzman", f"{address}/accept", {}).status_code == 303
    take(ledger, person(ASKER))
    write(ledger, person(ASKER))
    assert sign(ledger, person(ASKER)) == 1
    assert signer in text_of(ask(client, who, address))
    month = {"since": NOW - 30 * DAY, "until": NOW + 30 * DAY}
    draw_round(ledger, round_of(reviewers=(Reviewer(account=who),), **month), (), "y", NOW)
    answer = ask(client, who, address)
    assert (answer.status_code, signer in text_of(answer)) == (status, False)
    assert ("Hemanjiom mu?" in text_of(answer)) is (status == 200)
    assert ("Ayşe" not in text_of(answer) and "kör incelemede" in text_of(answer)) is (status == 403)
    assert signer in text_of(ask(client, "ayse", address))


def test_of_a_signed_report_an_addendum_is_begun_beside_the_refusal(client: FlaskClient, ledger: SqlLedger) -> None:
    address = asked(client)
    answered(client, address)
    take(ledger, person(ASKER))
    write(ledger, person(ASKER))
    assert sign(ledger, person(ASKER)) == 1
    assert BEGIN not in ask(client, "ayse", address).text
    refused = ask(client, "ayse", f"{address}/close", {"outcome": "report", "part": "4"})
    assert refused.status_code == 409
    assert BEGIN in refused.text and 'name="act" value="add">Ek rapor başlat<' in refused.text
    begun = ask(client, "ayse", f"/gecit/reading/take/{HOSPITAL.skrs}/A1", {"act": "add"})
    assert (begun.status_code, begun.location) == (303, f"/gecit/reading/exam/{HOSPITAL.skrs}/A1")


def test_closed_beside_the_report_it_stays_on_the_exams_timeline(client: FlaskClient, ledger: SqlLedger) -> None:
    address = asked(client)
    answered(client, address)
    assert ask(client, "ayse", f"{address}/close", {"outcome": "record"}).status_code == 303
    page = text_of(ask(client, "ayse", f"/gecit/exams/{HOSPITAL.skrs}/A1"))
    assert "ayse" in page
    assert standing(ledger, address).outcome is Outcome.RECORD
    kinds = [type(one).__name__ for one in ledger.timeline(key())]
    assert kinds[-1] == "ConsultationClosed"


# Badge, audit, JSON, news


def test_the_navigation_counts_what_waits_and_the_consultant_begins_there(client: FlaskClient) -> None:
    def badge(who: str) -> bool:
        return '<span class="badge text-bg-warning">1<' in ask(client, who, "/gecit/consultations").text

    assert (badge("uzman"), badge("ayse")) == (False, False)
    address = asked(client)
    assert (badge("uzman"), badge("ayse")) == (True, False)
    first = client.get(
        "/gecit/",
        headers={
            "Authorization": "Basic " + base64.b64encode(f"uzman:{PASSWORD}".encode()).decode(),
            "Accept": "text/html",
        },
    )
    assert (first.status_code, first.headers["Location"]) == (303, "/gecit/consultations")
    answered(client, address)
    assert not badge("uzman")


def test_each_view_and_act_is_audited_with_the_exam_and_its_patient(client: FlaskClient, audit: FakeAudit) -> None:
    address = asked(client)
    ask(client, "uzman", address)
    answered(client, address)
    ask(client, "ayse", f"{address}/close", {"outcome": "record"})
    said_ = [(one.who, one.what, one.outcome) for one in audit.entries if one.accession == "A1"]
    for wanted in (
        ("ayse", "ask for a consultation", "done"),
        ("uzman", "see a consultation", "done"),
        ("uzman", "accept a consultation", "done"),
        ("uzman", "answer a consultation", "done"),
        ("ayse", "close a consultation", "done"),
    ):
        assert wanted in said_
    assert {one.patient for one in audit.entries if one.accession == "A1"} == {TCKN}
    ask(client, "uzman", f"{address}/accept", {})
    assert ("uzman", "accept a consultation", "refused") in [(e.who, e.what, e.outcome) for e in audit.entries]


def test_a_question_that_is_refused_was_never_asked_in_the_audit(client: FlaskClient, audit: FakeAudit) -> None:
    assert ask(client, "ayse", NEW, question(question="")).status_code == 409
    said_ = [(one.what, one.outcome) for one in audit.entries if one.what == "ask for a consultation"]
    assert said_ == [("ask for a consultation", "refused")]


def test_what_cannot_be_audited_is_not_done(client: FlaskClient, audit: FakeAudit, ledger: SqlLedger) -> None:
    address = asked(client)
    audit.broken = True
    assert ask(client, "uzman", f"{address}/accept", {}).status_code >= 500
    assert ask(client, "ayse", NEW, question()).status_code >= 500
    assert [one.state for _, one in ledger.read(lambda tx: tx.consultations_asked_by("ayse", 9))] == [State.ASKED]


def test_json_says_the_same_and_of_the_exam_only_while_it_is_open(
    client: FlaskClient, ledger: SqlLedger, clock: StillClock
) -> None:
    address = asked(client)
    number = address.rsplit("/", 1)[1]
    (listed,) = ask(client, "uzman", "/gecit/api/consultations").get_json()["asked"]
    assert (listed["id"], listed["state"], listed["waits_for_me"]) == (number, "asked", True)
    one = ask(client, "uzman", f"/gecit/api/consultations/{number}").get_json()
    assert one["exam"]["procedures"] == ["BT, Mandibula"]
    assert [entry["text"] for entry in one["thread"]] == ["Hemanjiom mu?"]
    assert TCKN not in str(one) and "ŞAHİN" not in str(one)
    assert ask(client, "ayse", "/gecit/api/consultations").get_json()["asking"][0]["id"] == number
    clock.at = NOW + timedelta(days=4)
    shut = ask(client, "uzman", f"/gecit/api/consultations/{number}").get_json()
    assert "exam" not in shut and "thread" not in shut
    paths = ask(client, "uzman", "/gecit/api/openapi.json").get_json()["paths"]
    assert {"/gecit/api/consultations", "/gecit/api/consultations/{number}"} <= set(paths)


def test_the_health_page_has_a_word_for_each_state_that_it_counts() -> None:
    named = [count_name(f"consultation.{one.value}") for one in State]
    assert [one.tr for one in named if not one.tr.startswith("Konsültasyon: ")] == []
    assert count_name("consultation.expired").tr == "Konsültasyon: süresi geçti"


def test_news_go_to_who_is_asked_and_name_no_patient(client: FlaskClient, ledger: SqlLedger) -> None:
    asked(client)
    rows = ledger.search_outbox(OutboxSearch(destination="alert", limit=10))
    assert sorted(one.kind for one in rows) == [MAIL, WEBHOOK]
    for one in rows:
        body = one.payload.decode()
        assert "consultation.asked" in body
        assert not any(never in body for never in (TCKN, "ŞAHİN", "A1", "Hemanjiom"))


def test_what_is_open_is_a_disclosure_and_nothing_else(client: FlaskClient, ledger: SqlLedger) -> None:
    address = asked(client)
    number = standing(ledger, address).id
    (record,) = ledger.read(lambda tx: tx.disclosures_for([number]))
    assert isinstance(record, Disclosure)
    assert (record.exams, record.account, record.recorded_by) == ((key(),), "uzman", "ayse")


def test_the_editor_says_that_a_consultation_waits_and_no_more_when_it_is_answered(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    take(ledger, person(ASKER))
    write(ledger, person(ASKER))
    place = f"/gecit/reading/exam/{NEW.split('/new/')[1]}"
    warned = "Bir konsültasyon yanıt bekliyor"
    assert warned not in text_of(ask(client, "ayse", place))
    address = asked(client)
    assert warned in text_of(ask(client, "ayse", place))
    answered(client, address)
    assert warned not in text_of(ask(client, "ayse", place))


# Images at another node


def test_a_consultation_is_opened_beside_its_images(client: FlaskClient, ledger: SqlLedger) -> None:
    address = asked(client)
    shown = "StudyInstanceUIDs=1.2.A1&"
    assert f'href="/gecit/ohif/viewer?{shown}' in text_of(ask(client, "uzman", address))
    move(ledger, EXAM, known=False)
    page = ask(client, "uzman", f"{address}?lang=en")
    assert page.status_code == 200 and f"The images are on another node: {FAR}" in page.text
    assert f"This picture is at node {FAR}, which cannot be reached now" in page.text and shown not in page.text
    make_known(ledger)
    for who, path in (("uzman", address), ("ayse", NEW)):
        assert ask(client, who, path).headers["Location"] == f"{ADDRESS}{path}?from=N"
    assert ask(client, "noro", address).status_code == 404, "whom it is nothing to"
    silence(ledger, FAR)
    page = ask(client, "uzman", f"{address}?lang=tr")
    assert page.status_code == 200 and f"Görüntüleri tutan {FAR} düğümü yanıt vermiyor" in text_of(page)
    assert "Hemanjiom mu?" in text_of(page), "what was asked can still be read"
    assert ask(client, "ayse", NEW).status_code == 200


def test_a_picture_at_another_node_is_a_link_to_it(client: FlaskClient, ledger: SqlLedger) -> None:
    """Of an exam whose studies lie at two nodes."""
    address = asked(client)
    move(ledger, EXAM)
    near = study("near", "A1")
    ledger.write(lambda tx: tx.append(StudyLinked(at=START, exam=EXAM, facts=near, path="accession")))
    page = text_of(ask(client, "uzman", address))
    assert f'href="{ADDRESS}/gecit/ohif/viewer?StudyInstanceUIDs=1.2.A1&' in page
