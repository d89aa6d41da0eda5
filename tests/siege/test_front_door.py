"""Requests as no client would write them, at the front (nginx, TLS), at Orthanc's port and at the pages' own."""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
import requests
from msgspec.structs import replace

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.edges.doors import new_token, token_digest
from gecit.edges.store import open_ledger
from gecit.ports import Institution
from tests.support.dicom import picture, store
from tests.support.flow import orm_wire
from tests.support.nginx import Nginx
from tests.support.node import Node, until
from tests.system.test_doors import CITIZEN, HERE, SOMEBODY, THERE, order

pytestmark = pytest.mark.system
NOW = datetime.now(UTC)
OURS, THEIRS = "1.2.276.71", "1.2.276.72"
SECRET = b"GIZLIHASTA"  # stands in the other institution's exam and images alone
SECONDS = 10


class Place(NamedTuple):
    """A running node, its front, and a manager's token of one institution."""

    node: Node
    front: Nginx
    token: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    node = Node(tmp_path_factory.mktemp("front"), environ={"ORTHANC__GECIT__SETTLE_SECONDS": "0.2"})
    node.add_administrator()
    token, ledger = new_token(), open_ledger(node.database)

    def fill(tx) -> None:
        for skrs, aet in ((HERE, "HEREPACS"), (THERE, "THEREPACS")):
            tx.record_institution(Institution(skrs=skrs, aets=(aet,)), NOW)
        tx.append(order(HERE, "A1", SOMEBODY))
        placed = order(THERE, "THEIRS1", CITIZEN)
        patient = replace(placed.order.patient, family=SECRET.decode())
        tx.append(replace(placed, order=replace(placed.order, patient=patient)))

    ledger.write(fill)
    ledger.save_account(Account(name="m", roles=(Role.MANAGER,), institution=HERE), NOW)
    ledger.add_token(token_digest(token), "m", NOW, None)
    ledger.close()
    front = Nginx(tmp_path_factory.mktemp("nginx"), node)
    try:
        node.start().wait_live()
        until(lambda: len(node.get("/modalities").json()) == 2, 30, "Orthanc knows the AE titles")
        assert store(node.dicom, picture(OURS, PatientID=SOMEBODY, AccessionNumber="A1"), "HEREPACS") == 0
        theirs = picture(THEIRS, PatientID=CITIZEN, PatientName=SECRET.decode(), AccessionNumber="THEIRS1")
        assert store(node.dicom, theirs, "THEREPACS") == 0
        until(lambda: len(node.get("/gecit/dicom-web/studies").json()) == 2, 30, "the studies are followed")
        yield Place(node, front.start(), token)
    finally:
        front.end()
        node.end()
        sys.stdout.write(f"--- log of the node\n{node.log_text()}")


def spoken(place: Place, door: str, said: bytes) -> bytes:
    """Say bytes to a door and return all that comes back until it closes or falls silent."""
    port = {"front": place.front.port, "orthanc": place.node.http, "pages": place.node.web}[door]
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as bare:
        context = ssl.create_default_context(cafile=str(place.front.authority.certificate))
        line = context.wrap_socket(bare, server_hostname="localhost") if door == "front" else bare
        line.sendall(said)
        heard = b""
        try:
            while piece := line.recv(65536):
                heard += piece
        except (TimeoutError, ConnectionError, ssl.SSLError):
            pass
        line.close()
        return heard


def request(target: str, *headers: str, method: str = "GET", token: str = "", body: bytes = b"") -> bytes:
    shown = [f"Authorization: Bearer {token}"] if token else []
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *shown, *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0


DOORS = ("front", "orthanc", "pages")
ROUND = (
    f"/gecit/exams/{THERE}/THEIRS1",
    f"/gecit/exams/{HERE}/../{THERE}/THEIRS1",
    f"/gecit/exams/{HERE}/A1/../../{THERE}/THEIRS1",
    f"/gecit/exams/{HERE}%2f..%2f{THERE}/THEIRS1",
    f"/gecit/exams/{HERE}/%2e%2e/{THERE}/THEIRS1",
    f"/gecit/exams/{HERE}/..;/{THERE}/THEIRS1",
    f"/gecit/api/findings/{HERE}/..%2f..%2f{THERE}/THEIRS1",
    f"/gecit//exams//{THERE}//THEIRS1",
    f"//gecit/exams/{THERE}/THEIRS1",
    f"/GECIT/exams/{THERE}/THEIRS1",
    f"/gecit/static/../exams/{THERE}/THEIRS1",
    f"/gecit/static/%2e%2e/exams/{THERE}/THEIRS1",
    f"/gecit/assets/..%2f..%2fexams/{THERE}/THEIRS1",
    f"/gecit/assets/../../dicom-web/studies/{THEIRS}/metadata",
    f"/gecit/..%2fdicom-web/studies/{THEIRS}/metadata",
    f"/gecit/%2e%2e/dicom-web/studies/{THEIRS}/metadata",
    f"/gecit\\..\\dicom-web/studies/{THEIRS}/metadata",
    f"/x/../dicom-web/studies/{THEIRS}/metadata",
    f"/dicom-web/studies/{OURS}/..%2f{THEIRS}/metadata",
    f"/dicom-web/studies/{OURS}%2f..%2f{THEIRS}/metadata",
    f"/dicom-web/studies/{OURS}/series/..%2f..%2f{THEIRS}/metadata",
    f"/dicom-web/studies/{OURS}?x=/../{THEIRS}/metadata",
    f"/dicom-web/studies/{THEIRS}/metadata#/../{OURS}",
    f"/dicom-web/studies/{OURS}%23/../{THEIRS}/metadata",
    f"/dicom-web/studies/{THEIRS}%20/metadata",
    f"/dicom-web/studies/0{THEIRS}/metadata",
    "/patients?expand",
    "/studies?expand",
    "/./studies?expand",
    "/gecit/../studies?expand",
    "/%73tudies?expand",
    f"http://localhost/dicom-web/studies/{THEIRS}/metadata",
    f"http://localhost@elsewhere.example/dicom-web/studies/{THEIRS}/metadata",
)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("target", ROUND)
def test_no_way_of_writing_an_address_reaches_another_institution(place: Place, door: str, target: str) -> None:
    """nginx, Orthanc and the pages each read an address in their own way; none of them sees what the guard did not."""
    for token in (place.token, ""):
        heard = spoken(place, door, request(target, token=token))
        assert SECRET not in heard


def test_the_secret_is_there_for_who_may_see_it(place: Place) -> None:
    """Else the tests above would prove nothing."""
    assert SECRET in place.node.get(f"/dicom-web/studies/{THEIRS}/metadata").content
    assert SECRET in place.node.get(f"/gecit/exams/{THERE}/THEIRS1").content
    ours = spoken(place, "front", request(f"/dicom-web/studies/{OURS}/metadata", token=place.token))
    assert status(ours) == 200
    assert status(spoken(place, "front", request(f"/gecit/exams/{HERE}/A1", token=place.token))) == 200


HIDDEN = request(f"/gecit/exams/{THERE}/THEIRS1")
CHUNKED = b"0\r\n\r\n"


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "said",
    [
        request("/gecit/sign-in", f"Content-Length: {len(CHUNKED + HIDDEN)}", "Transfer-Encoding: chunked",
                method="POST", body=CHUNKED + HIDDEN),
        request("/gecit/sign-in", "Transfer-Encoding: chunked", "Content-Length: 4", method="POST",
                body=b"5c\r\n" + HIDDEN + b"\r\n0\r\n\r\n"),
        request("/gecit/sign-in", "Transfer-Encoding: xchunked", method="POST", body=CHUNKED + HIDDEN),
        request("/gecit/sign-in", "Transfer-Encoding : chunked", method="POST", body=CHUNKED + HIDDEN),
        request("/gecit/sign-in", "Transfer-Encoding:\tchunked", "Transfer-Encoding: identity", method="POST",
                body=CHUNKED + HIDDEN),
        request("/gecit/sign-in", "Content-Length: 0", f"Content-Length: {len(HIDDEN)}", method="POST", body=HIDDEN),
        request("/gecit/sign-in", "Content-Length: 0, 5", method="POST", body=HIDDEN),
        request("/gecit/sign-in", "Content-Length: -1", method="POST", body=HIDDEN),
        request("/gecit/sign-in", "Content-Length: 0x10", method="POST", body=HIDDEN),
        request("/gecit/sign-in", "X: y\r\n\tContent-Length: 5", method="POST", body=HIDDEN),
        request("/gecit/sign-in", "X: y\nContent-Length: 5", method="POST", body=HIDDEN),
    ],
    ids=["both", "both-turned", "unknown-coding", "blank-before-colon", "two-codings", "two-lengths", "list",
         "negative", "hex", "folded", "bare-line-feed"],
)  # fmt: skip
def test_a_request_hidden_in_another_ones_body_is_nobodys(place: Place, door: str, said: bytes) -> None:
    """Neither is it answered out of turn, nor does whoever asks next get its answer."""
    heard = spoken(place, door, said)
    assert SECRET not in heard
    for _ in range(6):  # connections from nginx to what stands behind it are kept and shared
        after = spoken(place, door, request("/gecit/api/live"))
        assert status(after) == 200 and after.count(b"HTTP/1.") == 1


SPOOFED = (
    "X-Forwarded-For: 127.0.0.1",
    "X-Forwarded-For: 127.0.0.1, 127.0.0.1",
    "Forwarded: for=127.0.0.1;proto=https",
    "X-Real-IP: 127.0.0.1",
    "X_Forwarded_For: 127.0.0.1",
    "X-Gecit-Forwarder: 1",
    "X-Original-URL: /gecit/api/live",
    "X-Rewrite-URL: /gecit/api/live",
    "X-HTTP-Method-Override: HEAD",
    "X-Forwarded-Prefix: /gecit/api/live",
    "X-Script-Name: /gecit/api/live",
    "X-Forwarded-Host: localhost:1",
    "Authorization: Basic Z2VjaXQ6",
    "Cookie: gecit=; __Host-gecit=x; gecit_visit=x",
)


@pytest.mark.parametrize("header", SPOOFED)
def test_no_header_that_a_client_can_write_opens_anything(place: Place, header: str) -> None:
    for target in (f"/gecit/exams/{THERE}/THEIRS1", f"/dicom-web/studies/{THEIRS}/metadata", "/system", "/gecit/users"):
        said = status(spoken(place, "front", request(target, header)))
        assert said in (303, 400, 401, 403), (target, said)


def test_the_nodes_own_token_opens_nothing_from_outside_however_it_is_dressed(place: Place) -> None:
    inside = place.node.internal()["Authorization"]
    for header in ("", *SPOOFED[:5]):
        more = [header] if header else []
        heard = spoken(place, "front", request("/system", f"Authorization: {inside}", *more))
        assert status(heard) == 403, header


def test_of_two_credentials_the_weaker_does_not_borrow_the_stronger_ones_rights(place: Place) -> None:
    """A program's own header goes before a cookie, and two headers of one name are not mixed."""
    for shown in (
        [f"Authorization: Bearer {place.token}", "Authorization: Basic eDp4"],
        ["Authorization: Basic eDp4", f"Authorization: Bearer {place.token}"],
    ):
        heard = spoken(place, "front", request("/gecit/users", *shown))
        assert status(heard) in (400, 401, 403)


def test_a_host_that_is_not_ours_is_written_into_no_address_of_ours(place: Place) -> None:
    """What a cache or a mail would carry on; `SignIn.PublicUrl` names the one that counts."""
    said = request("/gecit/", "Accept: text/html").replace(b"Host: localhost", b"Host: elsewhere.example")
    heard = spoken(place, "front", said)
    head, _, body = heard.partition(b"\r\n\r\n")
    assert status(heard) == 303
    assert b"elsewhere.example" not in body
    assert b"\r\nLocation: /gecit/" in head, "an address without a host"


@pytest.mark.parametrize(
    "wanted",
    ["//elsewhere.example", "https:elsewhere.example", "/\\elsewhere.example", "/gecit/../../x", "/gecit//x",
     "javascript:alert(1)", "/gecit/\r\nX: y", "/gecit/sign-out", "/gecit/%0d%0aSet-Cookie:x=y",
     "\t//elsewhere.example", "/gecit@elsewhere.example", "/gecit/;@elsewhere.example",
     "/gecit/\u2215\u2215elsewhere.example",
     "https://gecit.example/gecit/"],
)  # fmt: skip
def test_signing_in_leads_nowhere_else(place: Place, wanted: str) -> None:
    from tests.support.node import ADMINISTRATOR

    name, password = ADMINISTRATOR
    answer = requests.post(
        f"{place.node.url}/gecit/sign-in", data={"name": name, "password": password, "next": wanted},
        allow_redirects=False, timeout=SECONDS,
    )  # fmt: skip
    went = answer.headers["Location"]
    assert answer.status_code == 303 and went.startswith("/gecit/") and "elsewhere.example/" not in went
    assert "X" not in answer.headers and "x=y" not in answer.headers["Set-Cookie"]
    assert not went.startswith("/gecit/sign-")


WITH_PATIENTS = (
    f"/gecit/exams/{HERE}/A1", "/gecit/", f"/gecit/api/findings/{HERE}/A1", "/gecit/dicom-web/studies",
    f"/dicom-web/studies/{OURS}/metadata", f"/dicom-web/studies/{OURS}/series/{OURS}.1/instances/{OURS}.1.1/frames/1",
    f"/wado?requestType=WADO&studyUID={OURS}&seriesUID={OURS}.1&objectUID={OURS}.1.1&contentType=application/dicom",
)  # fmt: skip


@pytest.mark.parametrize("path", WITH_PATIENTS)
def test_what_names_a_patient_is_kept_by_no_cache_and_shown_in_no_strangers_frame(place: Place, path: str) -> None:
    answer = requests.get(
        place.front.url + path, headers={"Authorization": f"Bearer {place.token}"}, timeout=SECONDS,
        verify=str(place.front.authority.certificate),
    )  # fmt: skip
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy or "frame-ancestors 'self'" in policy
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_no_foreign_page_is_told_what_stands_here(place: Place) -> None:
    """CORS: a browser gives another origin's script nothing, and changes nothing for it."""
    asked = ("Origin: https://elsewhere.example", "Access-Control-Request-Method: DELETE")
    for target in (f"/dicom-web/studies/{OURS}/metadata", "/gecit/api/exams", "/system"):
        heard = spoken(place, "front", request(target, *asked, method="OPTIONS", token=place.token))
        assert b"access-control-allow-origin" not in heard.lower()


BROWSED = [
    (name, make)
    for name, make in (
        ("html", lambda: ("text/html", "1.2.840.10008.5.1.4.1.1.104.1")),
        ("cda", lambda: ("text/XML", "1.2.840.10008.5.1.4.1.1.104.2")),
    )
]


@pytest.mark.parametrize(("name", "made"), BROWSED, ids=[one for one, _ in BROWSED])
def test_a_page_hidden_in_dicom_is_never_given_out_as_a_page(
    place: Place, name: str, made: Callable[[], tuple[str, str]]
) -> None:
    """An encapsulated document says itself what kind it is; a browser that believed it would run it as ours."""
    mime, sop = made()
    uid = f"1.2.276.73.{len(name)}"
    sent = picture(uid, SOPClassUID=sop, Modality="DOC", PatientID=SOMEBODY, AccessionNumber="A1")
    sent.file_meta.MediaStorageSOPClassUID = sop
    for tag in ("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "PixelRepresentation",
                "BitsAllocated", "BitsStored", "HighBit", "PixelData"):  # fmt: skip
        delattr(sent, tag)
    sent.MIMETypeOfEncapsulatedDocument = mime
    sent.EncapsulatedDocument = b"<html><script>alert(1)</script></html>" + b" " * 4000
    path = place.node.data / f"{name}.dcm"
    sent.save_as(path, enforce_file_format=True)
    assert place.node.ask("POST", "/instances", data=path.read_bytes()).status_code == 200
    instance = f"/dicom-web/studies/{uid}/series/{sent.SeriesInstanceUID}/instances/{sent.SOPInstanceUID}"
    query = f"studyUID={uid}&seriesUID={sent.SeriesInstanceUID}&objectUID={sent.SOPInstanceUID}"
    for target in (f"{instance}/bulk/00420011", instance, f"{instance}/rendered", f"/wado?requestType=WADO&{query}"):
        for wanted in ("*/*", "text/html", "application/xhtml+xml", "image/svg+xml"):
            answer = place.node.get(target, headers={"Accept": wanted})
            kind = answer.headers.get("Content-Type", "")
            assert not any(one in kind.lower() for one in ("html", "xml", "svg")), (target, wanted, kind)
            assert answer.status_code != 200 or kind


def test_hl7_of_another_address_changes_nothing_of_anybody(place: Place) -> None:
    """No institution here lists an HL7 peer: this computer is a stranger at that door."""
    with socket.create_connection(("127.0.0.1", place.node.mllp), timeout=SECONDS) as line:
        line.sendall(b"\x0b" + orm_wire("A1", institution=HERE) + b"\x1c\r")
        answer = line.recv(65536)
    assert b"MSA|AR|" in answer and b"peer-unknown" in answer
