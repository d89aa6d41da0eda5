"""The shipped nginx configuration in front of a running node: TLS, limits, files, addresses, logs."""

import gzip
import json
import re
import signal
import socket
import ssl
import warnings
from collections.abc import Iterator
from email import message_from_bytes
from urllib.parse import urlsplit

import pytest
import requests
from pydicom.uid import EncapsulatedPDFStorage, generate_uid

from gecit.web.assets import KINDS
from gecit.web.assets.policy import VIEWER
from tests.support.dicom import picture
from tests.support.nginx import ELSEWHERE, SHIPPED, Nginx
from tests.support.node import ADMINISTRATOR, HOME, Node, until

pytestmark = pytest.mark.system
TCKN = "10000000146"
UID = "2.25.330233"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    found = Node(tmp_path_factory.mktemp("node"))
    found.add_administrator()
    try:
        yield found.start().wait_live()
    finally:
        found.end()
        print(found.log_text())  # noqa: T201


@pytest.fixture(scope="module")
def front(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    found = Nginx(tmp_path_factory.mktemp("nginx"), node)
    try:
        yield found.start()
    finally:
        found.end()


def ask(front: Nginx, path: str, method: str = "GET", *, signed_in: bool = True, **more: object) -> requests.Response:
    if signed_in:
        more["auth"] = tuple(one.encode() for one in ADMINISTRATOR)
    return requests.request(
        method, front.url + path, verify=str(front.authority.certificate), allow_redirects=False, timeout=20, **more
    )  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def pdf(node: Node) -> str:
    """A study that is one PDF; returns its UID."""
    made = picture(UID, SOPClassUID=EncapsulatedPDFStorage, SOPInstanceUID=generate_uid(), Modality="DOC")
    for name in ("Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "PixelRepresentation"):
        delattr(made, name)
    for name in ("BitsAllocated", "BitsStored", "HighBit", "PixelData"):
        delattr(made, name)
    made.MIMETypeOfEncapsulatedDocument, made.DocumentTitle = "application/pdf", "Rapor"
    made.EncapsulatedDocument = b"%PDF-1.4 " + b"x" * 5000 + b"\n"
    path = node.data / "pdf.dcm"
    made.save_as(path, enforce_file_format=True)
    assert node.ask("POST", "/instances", data=path.read_bytes()).status_code == 200
    until(lambda: node.get(f"/gecit/dicom-web/studies?StudyInstanceUID={UID}").json(), 30, "the study is followed")
    return UID


def test_plain_http_is_sent_to_https_and_the_first_page_is_ours(front: Nginx) -> None:
    plain = requests.get(f"http://127.0.0.1:{front.plain}/gecit/?lang=tr", allow_redirects=False, timeout=20)
    assert plain.status_code == 308 and plain.headers["Location"].startswith("https://")
    first = ask(front, "/", signed_in=False)
    assert first.status_code == 302 and first.headers["Location"].endswith("/gecit/")
    assert "max-age" in ask(front, "/gecit/").headers["Strict-Transport-Security"]


def test_old_tls_is_refused(front: Nginx) -> None:
    for latest, heard in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True)):
        context = ssl.create_default_context(cafile=str(front.authority.certificate))
        with warnings.catch_warnings(action="ignore"):
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, latest
        context.set_ciphers("ALL:@SECLEVEL=0")
        with socket.create_connection(("127.0.0.1", front.port), timeout=20) as plain:
            if heard:
                context.wrap_socket(plain, server_hostname="localhost").close()
            else:
                with pytest.raises(ssl.SSLError):
                    context.wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize(
    ("path", "stranger"),
    [
        ("/gecit/health", (302, 303, 401)),
        ("/gecit/dicom-web/studies", (302, 303, 401)),
        ("/dicom-web/studies", (403,)),
        ("/system", (403,)),
        ("/app/explorer.html", (403,)),
        ("/gecit/ohif/", (302, 303, 401)),
    ],
)
def test_doors_stay_as_they_are_behind_it(front: Nginx, path: str, stranger: tuple[int, ...]) -> None:
    assert ask(front, path, signed_in=False).status_code in stranger
    assert ask(front, path).status_code in (200, 503), "health says 503 while a process starts"


def test_the_token_of_the_nodes_own_processes_opens_nothing_from_outside(front: Nginx, node: Node) -> None:
    assert node.get("/system", signed_in=False, headers=node.internal()).status_code == 200
    assert ask(front, "/system", signed_in=False, headers=node.internal()).status_code == 403
    claimed = {**node.internal(), "X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1"}
    assert ask(front, "/system", signed_in=False, headers=claimed).status_code == 403
    assert ask(front, "/gecit/health", signed_in=False, headers=claimed).status_code in (401, 403)


def test_a_balancers_look_sees_an_orthanc_that_hangs(front: Nginx, node: Node) -> None:
    live = ask(front, "/gecit/api/live", signed_in=False)
    assert live.status_code == 200
    assert live.headers["X-Content-Type-Options"] == "nosniff"
    assert "max-age" in live.headers["Strict-Transport-Security"]
    assert node.process
    node.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(requests.Timeout):
            requests.get(f"{front.url}/gecit/api/live", verify=str(front.authority.certificate), timeout=3)
        assert ask(front, "/gecit/sign-in", signed_in=False).status_code == 200, "pages go past it"
    finally:
        node.process.send_signal(signal.SIGCONT)
    assert ask(front, "/gecit/api/live", signed_in=False).status_code == 200


def test_what_a_client_says_of_its_own_address_is_overwritten(front: Nginx) -> None:
    said = set(re.findall(r"proxy_set_header (X-Forwarded-\w+|Forwarded|Host) (.*);", SHIPPED.read_text()))
    assert said == {
        ("Host", "$http_host"),
        ("X-Forwarded-For", "$remote_addr"),
        ("X-Forwarded-Proto", "$scheme"),
        ("X-Forwarded-Host", "$http_host"),
        ("Forwarded", '"for=$remote_addr;host=$http_host;proto=$scheme"'),
    }
    assert (front.folder / "gecit.conf").read_text().count(ELSEWHERE) == 1


def test_qido_and_wado_pass_and_bulk_data_stays_at_the_address_that_was_asked(front: Nginx, pdf: str) -> None:
    found = ask(front, f"/gecit/dicom-web/studies?StudyInstanceUID={pdf}")
    assert found.status_code == 200 and found.json()[0]["0020000D"]["Value"] == [pdf]
    metadata = ask(front, f"/dicom-web/studies/{pdf}/metadata").json()[0]
    address = metadata["00420011"]["BulkDataURI"]
    assert address.startswith(f"{front.url}/dicom-web/"), address
    bulk = ask(
        front, address.removeprefix(front.url), headers={"Accept": "multipart/related; type=application/octet-stream"}
    )
    part = message_from_bytes(b"Content-Type: " + bulk.headers["Content-Type"].encode() + b"\r\n\r\n" + bulk.content)
    assert part.get_payload()[0].get_payload(decode=True).startswith(b"%PDF")  # type: ignore[index, union-attr]


def test_a_pdf_opens_as_the_viewer_asks_for_it(front: Nginx, pdf: str) -> None:
    """Its words, as OHIF sends them; Orthanc's DICOMweb 1.20 refuses them where nginx hands them on."""
    found = ask(front, f"/dicom-web/studies/{pdf}/metadata", headers={"Accept": "application/dicom+json"}).json()
    place = urlsplit(found[0]["00420011"]["BulkDataURI"]).path
    wanted = 'multipart/related; type="application/pdf", multipart/related; type="application/octet-stream"'
    answer = ask(front, place, headers={"Accept": wanted})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("multipart/related") and b"%PDF-1.4" in answer.content


def test_a_stow_of_some_megabytes_passes_and_pages_take_no_more_than_two(front: Nginx, node: Node) -> None:
    side = 2000
    big = picture(f"{UID}.8", Rows=side, Columns=side, PixelData=bytes(side * side))
    big.save_as(node.data / "big.dcm", enforce_file_format=True)
    assert ask(front, "/instances", "POST", data=(node.data / "big.dcm").read_bytes()).status_code == 200
    assert ask(front, "/gecit/api/exams", "POST", data=b"x" * 3_000_000).status_code == 413


def test_the_viewers_files_come_from_the_disk_compressed_and_for_a_year(front: Nginx) -> None:
    names = json.loads((HOME / "build/assets/manifest.json").read_text())
    for accepted, encoding in (("gzip, br", "br"), ("gzip", "gzip"), ("identity", None)):
        path = f"/gecit/assets/{names['ohif/app.js']}"
        answer = ask(front, path, signed_in=False, headers={"Accept-Encoding": accepted}, stream=True)
        assert answer.status_code == 200 and answer.headers.get("Content-Encoding") == encoding
        assert answer.headers["Content-Type"].startswith("text/javascript")
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Security-Policy"] == VIEWER
        ending = {"br": ".br", "gzip": ".gz", None: ""}[encoding]
        size = (HOME / "build/assets/served" / (names["ohif/app.js"] + ending)).stat().st_size
        assert int(answer.headers["Content-Length"]) == size
        answer.close()
    assert ask(front, "/gecit/assets/../manifest.json", signed_in=False).status_code in (401, 404)


def test_its_kinds_of_files_are_those_of_the_web_process() -> None:
    block = re.search(r"types \{(.*?)\}", SHIPPED.read_text(), re.S)
    assert block
    rows = [line.strip().rstrip(";").split() for line in block[1].strip().splitlines()]
    found = {f".{ending}": kind for kind, *endings in rows for ending in endings}
    assert found == {ending: kind for ending, kind in KINDS.items() if ending != ".ico"}


def test_pages_are_compressed_on_the_way(front: Nginx) -> None:
    answer = ask(front, "/gecit/static/gecit.css", headers={"Accept-Encoding": "gzip"}, stream=True)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(gzip.decompress(answer.raw.read())) > 1000


def test_no_log_keeps_a_query_string(front: Nginx, node: Node) -> None:
    ask(front, f"/gecit/dicom-web/studies?00100020={TCKN}", headers={"Referer": f"{front.url}/?00100020={TCKN}"})
    ask(front, f"/dicom-web/studies?00100020={TCKN}")
    ask(front, f"/gecit/?q={TCKN}", "POST", data=b"x" * 3_000_000)  # refused by nginx itself
    lines = front.access.read_text()
    assert "GET /gecit/dicom-web/studies HTTP" in lines
    logs = [front.access, front.errors, front.folder / "error.log", node.log]
    assert [one for one in logs if one.exists() and TCKN in one.read_text(errors="replace")] == []
