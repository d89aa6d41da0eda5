"""What stands in a study beside its pictures, on a real Orthanc: attached reports are not for who is outside.

A preliminary report is attached as PDF and structured report; a patient, a clinician of another hospital to whom the
exam is opened, and whoever comes by a link get the pictures by every way that there is, and those documents by none.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
import requests

from gecit.core import events as e
from gecit.core.access import Role
from gecit.core.accounts import Account, Session
from gecit.core.disclosures import Disclosure, Ground
from gecit.core.facts import MAKER
from gecit.core.order import Control, ExamKey, Order, Patient, Procedure
from gecit.core.report import ReportStatus
from gecit.core.share_links import Channel, ShareLink, Visit, account_of
from gecit.edges.credentials import COOKIE, VISIT
from gecit.edges.doors import new_token, token_digest
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import Institution
from gecit.steps.disclosing import disclose
from tests.support.dicom import picture, store
from tests.support.flow import report
from tests.support.node import Node, until

pytestmark = pytest.mark.system

NOW = datetime.now(UTC)
CITIZEN = "10000000146"
KEY = ExamKey(institution="900001", accession="D1")
UID = "1.2.276.77"
PICTURES = f"{UID}.1"
SCRIPT = "<script>alert(1)</script>"
JSON = {"Accept": "application/dicom+json"}
PEOPLE = (
    Account(name="hasta", roles=(Role.CITIZEN,), tckn=CITIZEN),
    Account(name="uzak", roles=(Role.CLINICIAN,), institution="900002"),
    Account(name="bakan", roles=(Role.CLINICIAN,), institution="900001"),
)
OUTSIDE = ("hasta", "uzak", "link")


class Place(NamedTuple):
    node: Node
    shown: dict[str, dict[str, str]]  # headers, by who asks
    documents: tuple[tuple[str, str], ...]  # series and instance of what Geçit attached

    def ask(self, who: str, path: str, **headers: str) -> requests.Response:
        return requests.get(
            self.node.url + path, headers={**self.shown[who], **headers}, timeout=20, allow_redirects=False
        )


def fill(ledger: SqlLedger, cookie: str) -> None:
    order = Order(
        key=KEY, control=Control.NEW, patient=Patient(tckn=CITIZEN, family=SCRIPT, given="Işıl"), modality="CT",
        procedures=(Procedure(sut="R100250", sut_name="Beyin BT"),), ordered_at=NOW,
    )  # fmt: skip
    said = report(KEY.accession, ReportStatus.PRELIMINARY)
    preliminary = type(said)(**{name: getattr(said, name) for name in said.__struct_fields__} | {"key": KEY})

    def opened(number: str, account: str) -> Disclosure:
        return Disclosure(
            id=number, ground=Ground.CONSENT, reference=number, since=NOW - timedelta(minutes=1),
            until=NOW + timedelta(days=1), account=account, patient=CITIZEN, exams=(KEY,),
        )  # fmt: skip

    def work(tx) -> None:
        for skrs, aet in (("900001", "HEREPACS"), ("900002", "THEREPACS")):
            tx.record_institution(Institution(skrs=skrs, name=f"Hastane {skrs}", aets=(aet,)), NOW)
        tx.append(e.OrderPlaced(at=NOW, exam=KEY, order=order, message=1))
        tx.append(e.ReportReceived(at=NOW, exam=KEY, report=preliminary, message=2))
        disclose(tx, opened("a1", "uzak"), "hasta", NOW)
        disclose(tx, opened("b1", account_of("b1")), "hasta", NOW)
        tx.add_share_link(
            ShareLink(
                id="b1", digest=token_digest("x"), patient=CITIZEN, disclosure="b1", channel=Channel.EMAIL,
                address="yakin@ornek.example", made_at=NOW,
            )
        )  # fmt: skip
        tx.add_visit(Visit(digest=token_digest(cookie), link="b1", expires_at=NOW + timedelta(hours=1)), NOW)

    ledger.write(work)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    node = Node(tmp_path_factory.mktemp("outside"), environ={"ORTHANC__GECIT__SETTLE_SECONDS": "0.2"})
    node.add_administrator()
    ledger, cookie = open_ledger(node.database), new_token()
    fill(ledger, cookie)
    shown = {"link": {"Cookie": f"{VISIT}={cookie}"}}
    for one in PEOPLE:
        token = new_token()
        ledger.save_account(one, NOW)
        day = NOW + timedelta(days=1)
        ledger.add_session(
            Session(digest=token_digest(token), account=one.name, created_at=NOW, seen_at=NOW, expires_at=day)
        )
        shown[one.name] = {"Cookie": f"{COOKIE}={token}"}
    try:
        node.start().wait_live()
        until(lambda: len(node.get("/modalities").json()) == 2, 30, "Orthanc knows the AE titles")
        sent = picture(UID, PatientID=CITIZEN, PatientName=f"{SCRIPT}^Işıl", AccessionNumber=KEY.accession)
        assert store(node.dicom, sent, "HEREPACS") == 0
        until(lambda: len(documents(node)) == 2, 60, "PDF and structured report are attached")
        until(lambda: pictures_known(ledger), 30, "the ledger knows of the series")
        yield Place(node, shown, documents(node))
    finally:
        ledger.close()
        node.end()
        sys.stdout.write(f"--- log of the node\n{node.log_text()}")


def documents(node: Node) -> tuple[tuple[str, str], ...]:
    found = node.get("/series?expand").json()
    ours = [one for one in found if one["MainDicomTags"].get("Manufacturer") == MAKER]
    return tuple(
        (one["MainDicomTags"]["SeriesInstanceUID"],
         node.get(f"/instances/{one['Instances'][0]}").json()["MainDicomTags"]["SOPInstanceUID"])
        for one in ours
    )  # fmt: skip


def pictures_known(ledger: SqlLedger) -> bool:
    exam = ledger.exam_of(KEY)
    return exam is not None and any(one.images for linked in exam.studies for one in linked.facts.series)


def test_whoever_treats_the_patient_gets_all_of_the_study(place: Place) -> None:
    assert len(place.ask("bakan", f"/dicom-web/studies/{UID}/metadata", **JSON).json()) == 3
    for series, _ in place.documents:
        assert place.ask("bakan", f"/dicom-web/studies/{UID}/series/{series}/metadata", **JSON).status_code == 200


@pytest.mark.parametrize("who", OUTSIDE)
def test_from_outside_the_pictures_open(place: Place, who: str) -> None:
    series = f"/dicom-web/studies/{UID}/series/{PICTURES}"
    assert place.ask(who, f"{series}/metadata", **JSON).status_code == 200
    assert place.ask(who, f"{series}/instances/{PICTURES}.1/frames/1").status_code == 200
    found = place.ask(who, f"/gecit/dicom-web/studies/{UID}/series", **JSON).json()
    assert [one["0020000E"]["Value"][0] for one in found] == [PICTURES]
    sent_on = place.ask(who, f"/gecit/dicom-web/studies/{UID}/series/{PICTURES}/metadata", **JSON)
    assert sent_on.status_code == 303 and sent_on.headers["Location"].endswith(f"{series}/metadata")


@pytest.mark.parametrize("who", OUTSIDE)
def test_from_outside_an_attached_report_is_reached_by_no_way(place: Place, who: str) -> None:
    root = f"/dicom-web/studies/{UID}"
    ways = ["", "/metadata", "/series", "/instances", "/rendered", "/thumbnail"]
    for series, instance in place.documents:
        own = f"/series/{series}"
        ways += [own, f"{own}/metadata", f"{own}/instances", f"{own}/rendered", f"{own}/thumbnail"]
        for made_of in (own, f"/series/{PICTURES}", f"/series/{PICTURES}/../{series}", f"//series//{series}"):
            below = f"{made_of}/instances/{instance}"
            ways += [below, f"{below}/metadata", f"{below}/rendered", f"{below}/frames/1", f"{below}/bulk/00420011"]
        ways += [f"/instances/{instance}", f"/instances/{instance}/metadata"]
    wado = [
        f"/wado?requestType=WADO&studyUID={UID}&seriesUID={series}&objectUID={instance}&contentType={kind}"
        for series, instance in ((*place.documents, *((PICTURES, one) for _, one in place.documents)))
        for kind in ("application/dicom", "application/pdf")
    ]
    for path in (*(f"{root}{one}" for one in ways), *wado):
        request = requests.Request("GET", place.node.url, headers=place.shown[who]).prepare()
        request.url = place.node.url + path
        answer = requests.Session().send(request, allow_redirects=False, timeout=20)
        assert answer.status_code in (400, 403, 404), (path, answer.status_code)
        assert b"DICM" not in answer.content and b"%PDF" not in answer.content, path


@pytest.mark.parametrize("who", OUTSIDE)
def test_a_search_with_every_field_says_nothing_of_an_attached_report(place: Place, who: str) -> None:
    for path in ("/studies", f"/studies/{UID}/series", f"/studies/{UID}/instances"):
        answer = place.ask(who, f"/gecit/dicom-web{path}?includefield=all", **JSON)
        assert answer.status_code == 200 and answer.json(), path
        for series, instance in place.documents:
            assert series not in answer.text and instance not in answer.text, path
        assert MAKER not in answer.text, path
    for query in (f"Manufacturer={MAKER}", "Modality=SR", "Modality=DOC"):
        assert place.ask(who, f"/gecit/dicom-web/studies/{UID}/series?{query}", **JSON).text in ("[]", ""), query


@pytest.mark.parametrize("who", OUTSIDE)
def test_a_preliminary_report_stands_on_no_page_of_who_is_outside(place: Place, who: str) -> None:
    shared = place.ask(who, f"/gecit/shared/report/{KEY.institution}/{KEY.accession}", Accept="text/html")
    own = place.ask(who, f"/gecit/own/report/{KEY.institution}/{KEY.accession}", Accept="text/html")
    pdf = place.ask(who, f"/gecit/own/pdf/{KEY.institution}/{KEY.accession}", Accept="text/html")
    assert own.status_code in (403, 404) and pdf.status_code in (403, 404)
    assert "patolojik" not in shared.text + own.text and b"%PDF" not in pdf.content


PAGES = ("/gecit/own", "/gecit/own/exam/900001/D1", "/gecit/own/looks", "/gecit/sharing", "/gecit/shared",
         "/gecit/shared/report/900001/D1", "/gecit/ohif/", "/gecit/exams", "/gecit/exams/900001/D1",
         "/gecit/care/emergency", "/gecit/consultations")  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_a_name_that_is_a_script_is_text_on_every_page(place: Place, path: str) -> None:
    for who in place.shown:
        answer = place.ask(who, path, Accept="text/html")
        assert answer.status_code < 500, (who, answer.status_code)
        assert SCRIPT not in answer.text and "alert(1)<" not in answer.text.replace("&lt;", ""), who
