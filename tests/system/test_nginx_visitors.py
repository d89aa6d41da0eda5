"""Through the shipped nginx: a visitor comes by a patient's link and its code, and a zip of images arrives whole."""

from __future__ import annotations

import os
import re
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from io import BytesIO
from typing import NamedTuple

import pytest
import requests
from msgspec.structs import replace
from pydicom import dcmread
from pydicom.uid import generate_uid

from gecit.core import events as e
from gecit.core.access import Role
from gecit.core.accounts import Account, Session
from gecit.core.order import ExamKey, Patient
from gecit.core.report import ReportPart
from gecit.core.values import local
from gecit.edges.credentials import COOKIE, SECURE_VISIT
from gecit.edges.doors import new_token, token_digest
from gecit.edges.store import SqlLedger, open_ledger
from gecit.edges.system_clock import SystemClock
from gecit.ports import Institution
from gecit.sandbox.mailbox import MailBox, receiving
from gecit.sandbox.node import mail_over
from tests.support.dicom import picture, store
from tests.support.flow import order, report
from tests.support.nginx import Nginx
from tests.support.node import Node, until

pytestmark = pytest.mark.system

NOW = datetime.now(UTC)
CITIZEN, FAMILY = "10000000146", "GEÇİTOĞLU"
KEY = ExamKey(institution="900001", accession="D1")
STUDY, SERIES = "1.2.276.78", "1.2.276.78.1"
FOUND = "Sağ hemitoraksta plevral sıvı izlendi."
SIDE, IMAGES = 1000, 12  # pixels that do not shrink: more than nginx keeps of an answer
ADDRESS = "yakin@ornek.example"


class Place(NamedTuple):
    front: Nginx
    box: MailBox
    ledger: SqlLedger
    citizen: requests.Session

    def get(self, who: requests.Session, path: str, **more: object) -> requests.Response:
        return who.get(self.front.url + path, timeout=30, allow_redirects=False, **more)  # type: ignore[arg-type]

    def post(self, who: requests.Session, path: str, **form: str) -> requests.Response:
        return who.post(self.front.url + path, data=form, timeout=30, allow_redirects=False)


def browser(front: Nginx) -> requests.Session:
    """A browser with nothing in it, that believes whoever signed nginx's certificate."""
    made = requests.Session()
    made.trust_env, made.verify = False, str(front.authority.certificate)
    return made


def fill(ledger: SqlLedger) -> str:
    """An exam with its final report, and its patient signed in; returns the cookie's value."""
    patient = Patient(tckn=CITIZEN, family=FAMILY, given="Işıl")
    asked = replace(order(KEY.accession), key=KEY, patient=patient, ordered_at=NOW)
    said = replace(report(KEY.accession), key=KEY, patient=patient, parts={ReportPart.FINDINGS: FOUND})
    token = new_token()
    day = NOW + timedelta(days=1)
    ledger.write(lambda tx: tx.record_institution(Institution(skrs=KEY.institution, name="H", aets=("HEREPACS",)), NOW))
    ledger.write(lambda tx: tx.append(e.OrderPlaced(at=NOW, exam=KEY, order=asked, message=1)))
    ledger.write(lambda tx: tx.append(e.ReportReceived(at=NOW, exam=KEY, report=said, message=2)))
    ledger.save_account(Account(name="hasta", roles=(Role.CITIZEN,), tckn=CITIZEN), NOW)
    ledger.add_session(
        Session(digest=token_digest(token), account="hasta", created_at=NOW, seen_at=NOW, expires_at=day)
    )
    return token


def send(node: Node) -> None:
    for number in range(IMAGES):
        one = picture(
            STUDY,
            SeriesInstanceUID=SERIES,
            SOPInstanceUID=generate_uid(),
            InstanceNumber=number + 1,
            PatientID=CITIZEN,
            AccessionNumber=KEY.accession,
            Rows=SIDE,
            Columns=SIDE,
            PixelData=os.urandom(SIDE * SIDE),
        )
        assert store(node.dicom, one, "HEREPACS") == 0


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    box = MailBox(SystemClock())
    with receiving(box) as port:
        settings = {**mail_over(port), "ORTHANC__GECIT__SETTLE_SECONDS": "0.2"}
        node = Node(tmp_path_factory.mktemp("node"), environ=settings)
        node.add_administrator()
        ledger = open_ledger(node.database)
        cookie = fill(ledger)
        front = Nginx(tmp_path_factory.mktemp("nginx"), node)
        try:
            node.start().wait_live()
            front.start()
            until(lambda: len(node.get("/modalities").json()) == 1, 30, "Orthanc knows the AE title")
            send(node)
            until(lambda: (one := ledger.exam_of(KEY)) and one.images == IMAGES, 90, "the images have come")
            found = Place(front, box, ledger, browser(front))
            found.citizen.headers["Cookie"] = f"{COOKIE}={cookie}"
            yield found
        finally:
            front.end()
            ledger.close()
            node.end()
            sys.stdout.write(f"--- log of the node\n{node.log_text()}")


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return found[1]


@pytest.fixture(scope="module")
def link(place: Place) -> str:
    """What the patient's page shows once."""
    page = place.get(place.citizen, "/gecit/sharing").text
    form = {"exam": f"{KEY.institution} {KEY.accession}", "which": "chosen", "channel": "e-mail", "address": ADDRESS}
    days = {"since": f"{local(NOW):%Y-%m-%d}", "until": f"{local(NOW) + timedelta(days=2):%Y-%m-%d}"}
    made = place.post(place.citizen, "/gecit/sharing/links", csrf=csrf(page), **form, **days)
    assert made.status_code == 200, made.text
    shown = re.search(r'id="made">([^<]+)<', made.text)
    assert shown, made.text
    return unescape(shown[1])


@pytest.fixture(scope="module")
def visit(place: Place, link: str) -> requests.Session:
    """Somebody who came by the link, and entered the code that was sent."""
    who, token = browser(place.front), link.partition("#")[2]
    first = place.get(who, "/gecit/link")
    assert first.status_code == 200 and FAMILY not in first.text
    asked = place.post(who, "/gecit/link/code", token=token)
    assert asked.status_code == 200 and FAMILY not in asked.text
    until(lambda: place.box.kept, 30, "the code has come")
    mail = place.box.kept[-1]
    assert mail.to == (ADDRESS,) and FAMILY not in mail.text
    code = re.search(r"(\d{4}) (\d{4})", mail.text)
    assert code, mail.text
    right = f"{code[1]}{code[2]}"
    wrong = place.post(who, "/gecit/link/open", token=token, code=f"{(int(right) + 1) % 10**8:08}")
    assert wrong.status_code != 303 and FAMILY not in wrong.text
    opened = place.post(who, "/gecit/link/open", token=token, code=right)
    assert opened.status_code == 303 and opened.headers["Location"].endswith("/gecit/shared")
    [cookie] = [one for one in who.cookies if one.name == SECURE_VISIT]
    assert cookie.secure and cookie.has_nonstandard_attr("HttpOnly")
    return who


def test_the_link_names_the_address_that_the_patients_browser_reached(place: Place, link: str) -> None:
    assert link.startswith(f"{place.front.url}/gecit/link#")


def test_the_visitor_reads_the_report_and_sees_the_pictures(place: Place, visit: requests.Session) -> None:
    listed = place.get(visit, "/gecit/shared")
    assert listed.status_code == 200 and FAMILY in listed.text
    read = place.get(visit, f"/gecit/shared/report/{KEY.institution}/{KEY.accession}")
    assert read.status_code == 200 and FOUND in unescape(read.text)
    pictures = f"/dicom-web/studies/{STUDY}/series/{SERIES}"
    metadata = place.get(visit, f"{pictures}/metadata")
    assert metadata.status_code == 200 and len(metadata.json()) == IMAGES
    uid = metadata.json()[0]["00080018"]["Value"][0]
    drawn = place.get(visit, f"{pictures}/instances/{uid}/rendered", headers={"Accept": "image/jpeg"})
    assert drawn.status_code == 200 and drawn.content[:2] == b"\xff\xd8"
    for path in (f"{pictures}/metadata", f"/gecit/shared/report/{KEY.institution}/{KEY.accession}"):
        assert place.get(browser(place.front), path).status_code in (302, 303, 401, 403)


def test_a_zip_of_the_images_is_sent_piece_by_piece_and_arrives_whole(place: Place) -> None:
    page = place.get(place.citizen, f"/gecit/own/exam/{KEY.institution}/{KEY.accession}").text
    begun = place.post(place.citizen, f"/gecit/own/images/{KEY.institution}/{KEY.accession}", csrf=csrf(page))
    assert begun.status_code == 303, begun.text
    number = begun.headers["Location"].rpartition("/")[2]
    answer = place.get(place.citizen, f"/gecit/own/downloads/{number}/zip", stream=True)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    assert "Content-Length" not in answer.headers, "nobody knows how long it will be: it is made as it is sent"
    packed = zipfile.ZipFile(BytesIO(answer.content))
    assert packed.testzip() is None
    assert {"DICOMDIR", "RAPOR.pdf", "OKU.txt", "README.txt"} <= set(packed.namelist())
    images = [one for one in packed.infolist() if one.filename.startswith("IMAGES/") and not one.is_dir()]
    assert len(images) == IMAGES and sum(one.file_size for one in images) > IMAGES * SIDE * SIDE
    assert dcmread(BytesIO(packed.read(images[0]))).StudyInstanceUID == STUDY
    done = place.ledger.download(number)
    assert done and done.state == "done"


def test_neither_the_links_secret_nor_a_patient_stands_in_nginx_logs(
    place: Place, link: str, visit: requests.Session
) -> None:
    place.get(visit, "/gecit/shared")
    text = place.front.access.read_text() + place.front.errors.read_text()
    assert "/gecit/shared" in text
    assert not [one for one in (link.partition("#")[2], CITIZEN, FAMILY, ADDRESS) if one in text]


def test_what_the_patient_ends_is_shut_to_the_visitor(place: Place, visit: requests.Session) -> None:
    page = place.get(place.citizen, "/gecit/sharing").text
    ends = re.search(r'action="(/gecit/sharing/[^"]*end[^"]*)"', page)
    assert ends, page
    assert place.post(place.citizen, ends[1], csrf=csrf(page)).status_code == 303
    pictures = f"/dicom-web/studies/{STUDY}/series/{SERIES}/metadata"
    until(lambda: place.get(visit, pictures).status_code in (401, 403), 30, "the pictures are shut")
    until(lambda: FAMILY not in place.get(visit, "/gecit/shared").text, 30, "the list names nobody")
