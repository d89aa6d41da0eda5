"""A consultation on a real Orthanc: its study opens by DICOMweb while it lasts, and is shut before and after."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
import requests
from msgspec.structs import replace

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.consultation import State
from gecit.core.exam import Exam
from gecit.core.order import ExamKey
from gecit.core.values import ISTANBUL
from gecit.edges.credentials import COOKIE, csrf_of
from gecit.edges.passwords import hash_password
from gecit.ports import Institution
from gecit.sandbox.day import INSTITUTION, RADIOLOGIST, Act, ExamStory, exams_of_the_day
from tests.support.hospital import Hospital, hospital
from tests.support.node import until

pytestmark = pytest.mark.system
PASSWORD = "uzun bir parola 7"
AWAY = Institution(skrs="999002", name="Komşu Hastane", ownership="university", province="İzmir")
ASKER = Account(
    name="radyolog",
    full_name="Ayşegül Örnekçi",
    roles=(Role.RADIOLOGIST,),
    institution=INSTITUTION.skrs,
    tckn=RADIOLOGIST.identifier,
)
ASKED = Account(name="konsultan", full_name="Ulaş Kurgusal", roles=(Role.CONSULTANT,), institution=AWAY.skrs)
FRAME = {"Accept": 'multipart/related; type="application/octet-stream"'}
SHUT_SECONDS = 30  # after 8 by the doors' own promise; a loaded machine has more


class Place(NamedTuple):
    made: Hospital
    exam: ExamKey
    other: ExamKey
    sessions: dict[str, requests.Session]  # browsers, each signed in as somebody

    def ask(self, who: str, path: str, form: dict[str, object] | None = None, **headers: str) -> requests.Response:
        url, browser = f"{self.made.node.url}{path}", self.sessions[who]
        if form is None:
            return browser.get(url, headers=headers, timeout=30, allow_redirects=False)
        token = {"csrf": csrf_of(browser.cookies[COOKIE])}
        return browser.post(url, {**form, **token}, headers=headers, timeout=30, allow_redirects=False)

    def found(self, key: ExamKey) -> Exam:
        exam = self.made.exam(key)
        assert exam
        return exam

    def picture(self, key: ExamKey) -> dict[str, str]:
        """The tags of a picture of an exam."""
        study = self.found(key).studies[0].facts.key.orthanc_id
        for one in self.made.node.get(f"/studies/{study}/instances", headers={}).json():
            tags: dict[str, str] = self.made.node.get(f"/instances/{one['ID']}/simplified-tags", headers={}).json()
            if "Rows" in tags:
                return tags
        raise AssertionError("no picture")

    def frame(self, who: str, key: ExamKey) -> int:
        """What the door to a frame answers."""
        tags = self.picture(key)
        series = f"/dicom-web/studies/{tags['StudyInstanceUID']}/series/{tags['SeriesInstanceUID']}"
        answer = self.ask(who, f"{series}/instances/{tags['SOPInstanceUID']}/frames/1", **FRAME)
        assert answer.status_code != 200 or len(answer.content) > 1000
        return answer.status_code

    def question(self) -> str:
        """Ask; return the address of the consultation."""
        tags = self.picture(self.exam)
        form: dict[str, object] = {
            "whom": "person",
            "to-person": ASKED.name,
            "question": "Lezyonun niteliği?",
            "images": f"{tags['SeriesNumber']}/{tags['InstanceNumber']}",
            "until": (datetime.now(ISTANBUL) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M"),
        }
        answer = self.ask(ASKER.name, f"/gecit/consultations/new/{self.exam.institution}/{self.exam.accession}", form)
        assert answer.status_code == 303, answer.text
        address = answer.headers["Location"]
        until(lambda: self.frame(ASKED.name, self.exam) == 200, SHUT_SECONDS, "the frame is open")
        return address

    def state(self, address: str) -> State:
        found = self.made.ledger.read(lambda tx: tx.consultation(address.rsplit("/", 1)[1]))
        assert found
        return found[1].state

    def wait_until_shut(self) -> None:
        until(lambda: self.frame(ASKED.name, self.exam) == 403, SHUT_SECONDS, "the frame is shut")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    data = tmp_path_factory.mktemp("consulting")
    with hospital(data, institutions=(INSTITUTION, AWAY)) as made:
        now = datetime.now(UTC)
        for one in (ASKER, ASKED):
            made.ledger.save_account(one, now)
            made.ledger.set_password(one.name, hash_password(PASSWORD), now)
        chosen = [one for one in exams_of_the_day(now) if one.id in ("clean-ct", "mr")]
        made.play([_without_report(one) for one in chosen], data / "sent")
        keys = [one.order.key for one in chosen]
        for key in keys:
            until(lambda key=key: _arrived(made, key), 60, "the images have come")  # type: ignore[misc]
        yield Place(made, *keys, {one.name: _signed_in(made, one.name) for one in (ASKER, ASKED)})


def _signed_in(made: Hospital, who: str) -> requests.Session:
    browser, url = requests.Session(), made.node.url
    form = {"name": who, "password": PASSWORD, "next": "/gecit/consultations"}
    page = browser.post(f"{url}/gecit/sign-in", data=form, headers={"Origin": url}, timeout=30)
    assert (page.status_code, page.url) == (200, f"{url}/gecit/consultations")
    return browser


def _without_report(story: ExamStory) -> ExamStory:
    return replace(story, acts=tuple(act for act in story.acts if act is not Act.REPORT))


def _arrived(made: Hospital, key: ExamKey) -> bool:
    exam = made.exam(key)
    return exam is not None and exam.images > 0 and not exam.unsettled


def test_frames_open_for_who_is_asked_while_the_consultation_lasts_and_no_other_study_does(place: Place) -> None:
    assert place.frame(ASKER.name, place.exam) == 200
    assert place.frame(ASKED.name, place.exam) == 403
    address = place.question()
    assert place.frame(ASKED.name, place.other) == 403
    listed = place.ask(ASKED.name, "/gecit/dicom-web/studies", Accept="application/dicom+json").json()
    uid = place.found(place.exam).studies[0].facts.study_instance_uid
    assert [one["0020000D"]["Value"][0] for one in listed] == [uid]
    named = f"{place.exam.institution}/{place.exam.accession}"
    opened = place.ask(ASKED.name, f"/gecit/viewer/{named}")
    assert (opened.status_code, uid in opened.headers["Location"]) == (303, True)
    shut = (
        "/studies",
        "/system",
        f"/gecit/exams/{named}",
        f"/gecit/api/timeline/{named}",
        f"/gecit/reading/exam/{named}",
    )
    assert [place.ask(ASKED.name, path).status_code for path in shut] == [403] * len(shut)

    assert place.ask(ASKED.name, f"{address}/accept", {}).status_code == 303
    answer = {
        "seen": "1",
        "text": "Hemanjiom lehine.",
        "password": PASSWORD,
        "measured-name": "Çap",
        "measured-value": "21,5",
        "measured-unit": "mm",
        "measured-image": place.picture(place.exam)["SOPInstanceUID"],
    }
    assert place.ask(ASKED.name, f"{address}/answer", answer).status_code == 303
    assert place.frame(ASKED.name, place.exam) == 200
    assert place.ask(ASKER.name, f"{address}/close", {"outcome": "record"}).status_code == 303
    place.wait_until_shut()
    assert place.state(address) is State.CLOSED
    assert "Hemanjiom lehine." in place.ask(ASKED.name, address).text
    assert place.ask(ASKED.name, "/gecit/dicom-web/studies", Accept="application/dicom+json").status_code == 403


def test_declining_shuts_the_frames_and_so_does_withdrawing(place: Place) -> None:
    address = place.question()
    assert place.ask(ASKED.name, f"{address}/decline", {"reason": "Alanım değil"}).status_code == 303
    place.wait_until_shut()
    address = place.question()
    assert place.ask(ASKER.name, f"{address}/withdraw", {}).status_code == 303
    place.wait_until_shut()
    assert place.state(address) is State.WITHDRAWN


def test_an_ended_employment_shuts_the_frames_and_the_work_process_takes_it_off_the_list(place: Place) -> None:
    address = place.question()
    place.made.ledger.save_account(replace(ASKED, institution=INSTITUTION.skrs), datetime.now(UTC))
    place.wait_until_shut()
    until(lambda: place.state(address) is State.DECLINED, 30, "nobody is asked any more")
    place.made.ledger.save_account(ASKED, datetime.now(UTC))
    assert place.frame(ASKED.name, place.exam) == 403
