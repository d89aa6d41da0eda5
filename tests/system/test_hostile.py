"""Bombs, slow senders and crowds at the doors of a running node: it bears them, and serves the next sender."""

from __future__ import annotations

import gzip
import os
import resource
import socket
import ssl
import struct
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from io import BytesIO
from itertools import count
from pathlib import Path

import psutil
import pytest
import requests
from msgspec.structs import replace
from pydicom import Dataset, dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, generate_uid

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.nesting import item_tags
from gecit.core.order import ExamKey, Order
from gecit.edges.dicom_files import orthanc_id
from gecit.edges.doors import new_token, token_digest
from gecit.ports import Institution
from gecit.sandbox.day import INSTITUTION
from gecit.sandbox.imaging import build_study
from tests.support.hospital import FS_CR, VT, Hospital, hospital, order_of, read_ack, ready, stories_at, with_field
from tests.support.nested import CLOSED, OPENED, file_of
from tests.support.nginx import Nginx
from tests.support.node import until

pytestmark = pytest.mark.system

CROWD = 1000
NEIGHBOUR, STRANGER = "127.0.0.9", "127.0.0.10"
"""One speaks for another institution, so that all connections are open to it; the other speaks for nobody."""
MEGABYTE = 1024 * 1024
MOST_GROWTH = 300 * MEGABYTE  # of any process of the node, by anything here
IDLE = 6
US_STORY = stories_at(0)[4]
numbers = count(1)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    environ = {"ORTHANC__GECIT__MLLP_IDLE_SECONDS": str(IDLE), "ORTHANC__GECIT__MLLP_MAX_CONNECTIONS": "400"}
    institutions = (INSTITUTION, Institution(skrs="910009", hl7_peers=(f"{NEIGHBOUR}/32",)))
    with many_files(), hospital(tmp_path_factory.mktemp("hostile"), environ, institutions) as made:
        yield made


@pytest.fixture(scope="module")
def front(node: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    made = Nginx(tmp_path_factory.mktemp("front"), node.node)
    text = (made.folder / "nginx.conf").read_text()
    (made.folder / "nginx.conf").write_text(text.replace("worker_connections 256", "worker_connections 4096"))
    try:
        yield made.start()
    finally:
        made.end()


@contextmanager
def many_files() -> Iterator[None]:
    """Let this process have as many connections as a crowd needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 8192), hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def fresh() -> Order:
    return replace(US_STORY.order, key=ExamKey(institution=INSTITUTION.skrs, accession=f"H{next(numbers):06}"))


def memory(made: Hospital) -> dict[str, int]:
    """Bytes that each process of the node holds."""
    assert made.node.process
    found = {"orthanc": psutil.Process(made.node.process.pid), **made.node.children()}
    return {name: one.memory_info().rss for name, one in found.items()}


@contextmanager
def borne(made: Hospital) -> Iterator[None]:
    """What happens inside ends no process of the node and costs it bounded memory, and nobody waits for it."""
    before, pids = memory(made), {name: one.pid for name, one in made.node.children().items()}
    yield
    served(made)
    after = memory(made)
    assert {name: one.pid for name, one in made.node.children().items()} == pids, "a process ended"
    grown = {name: (after[name] - before[name]) // MEGABYTE for name in before if name in after}
    assert all(one < MOST_GROWTH // MEGABYTE for one in grown.values()), f"grew by megabytes: {grown}"


def served(made: Hospital) -> None:
    """Another sender is served by HL7, and what it was told is accepted is there; pages answer."""
    order = fresh()
    assert made.order(order).code == "AA"
    assert made.exam(order.key)
    assert made.node.get("/gecit/api/live").status_code == 200


def stored(made: Hospital, folder: Path) -> None:
    """Another sender stores an image, and it reaches its exam."""
    order = fresh()
    made.order(order)
    [path] = build_study("US", order=order, institution=INSTITUTION, folder=folder / order.key.accession)
    assert made.store(path) == 0
    until(lambda: (found := made.exam(order.key)) and found.images, 40, "the image reaches its exam")


def connect(port: int, source: str = "127.0.0.1") -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


# HL7


def crowd(made: Hospital, stack: ExitStack, source: str, said: bytes = b"") -> list[socket.socket]:
    found = [stack.enter_context(connect(made.node.mllp, source)) for _ in range(CROWD)]
    for one in found:
        with suppress(OSError):
            one.sendall(said)
    return found


@pytest.mark.parametrize("source", [NEIGHBOUR, STRANGER])
@pytest.mark.parametrize("said", [b"", VT, VT + b"MSH|^~\\&|HALF"], ids=["silent", "begun", "half"])
def test_a_thousand_idle_connections_keep_no_other_sender_waiting(node: Hospital, said: bytes, source: str) -> None:
    with borne(node), ExitStack() as stack:
        crowd(node, stack, source, said)
        for _ in range(3):
            served(node)


def test_connections_that_vanish_without_a_word_cost_nobody_anything(node: Hospital) -> None:
    with borne(node):
        for _ in range(300):
            one = connect(node.node.mllp, NEIGHBOUR)
            one.sendall(VT + order_of(fresh())[:200])
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, no farewell
            one.close()


def test_senders_that_drip_are_cut_off_in_time_and_others_are_served_meanwhile(node: Hospital) -> None:
    data = VT + order_of(fresh())
    with borne(node), ExitStack() as stack:
        slow = [stack.enter_context(connect(node.node.mllp, NEIGHBOUR)) for _ in range(50)]
        ended: set[int] = set()
        began, place = time.monotonic(), 0
        while len(ended) < len(slow) and time.monotonic() - began < 60:
            for number, one in enumerate(slow):
                if number not in ended and not drip(one, data[place : place + 1] or b"x"):
                    ended.add(number)
            if place == 5:
                served(node)
            place += 1
            time.sleep(0.05)
        assert len(ended) == len(slow), f"{len(slow) - len(ended)} are still open"


def drip(one: socket.socket, byte: bytes) -> bool:
    """Send a byte; False where the other side has ended it."""
    one.settimeout(0.001)
    try:
        one.sendall(byte)
        return one.recv(4096) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def test_unfinished_messages_of_a_gigabyte_take_bounded_memory(node: Hospital) -> None:
    with borne(node), ExitStack() as stack:
        piece = b"x" * MEGABYTE
        for _ in range(60):
            one = stack.enter_context(connect(node.node.mllp, NEIGHBOUR))
            with suppress(OSError):
                one.sendall(VT + b"MSH|^~\\&|A|B\rNTE|1|")
                for _ in range(15):
                    one.sendall(piece)
        served(node)


def longest(order: Order) -> bytes:
    return with_field(order_of(order), "OBR", 13, "x" * (17 * MEGABYTE))


UNWIELDY: dict[str, tuple[Callable[[Order], bytes], str]] = {
    "over the limit": (longest, "AR"),
    "segments": (lambda order: order_of(order) + b"NTE|1|x\r" * 200_000, "AR"),
    "orders": (lambda order: order_of(order) + b"ORC|NW|X\rOBR|1|X|X|801590^x^SUT\r" * 900, "AR"),
    "a segment": (lambda order: with_field(order_of(order), "PID", 5, "A^" * 4_000_000), "AR"),
    "escapes": (lambda order: with_field(order_of(order), "OBR", 13, "\\X41\\" * 10_000), "AA"),
    "line ends": (lambda order: order_of(order) + b"\r\n" * 4_000_000, "AA"),
    "repetitions": (
        lambda order: order_of(order).replace(b"ORM^O01", b"ORU^R01")
        + b"OBX|1|TX|TXT^BASE64||" + b"%%%^9~" * 1_000_000,
        "AE",
    ),
    "components": (
        lambda order: order_of(order).replace(b"ORM^O01", b"ORU^R01") + b"OBX|1|TX|TXT^BASE64||" + b"^QUJD" * 2_000_000,
        "AE",
    ),
    "an enormous report": (
        lambda order: order_of(order).replace(b"ORM^O01", b"ORU^R01")
        + b"OBX|1|TX|HTML^BASE64||" + b"PGI+PGk+PHU+" * 1_000_000 + b"^3||||||F\r",
        "AE",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UNWIELDY)
def test_a_message_beyond_measure_is_answered_and_the_next_sender_is_served(node: Hospital, case: str) -> None:
    make, code = UNWIELDY[case]
    with borne(node), connect(node.node.mllp) as one:
        one.settimeout(60)
        one.sendall(VT + make(fresh()) + FS_CR)
        answer = b""
        while not answer.endswith(FS_CR) and (piece := one.recv(65536)):
            answer += piece
        assert read_ack(answer).code == code
        assert len(answer) < 256 * 1024


# HTTP, by the proxy that stands in front


@contextmanager
def browser(front: Nginx) -> Iterator[ssl.SSLSocket]:
    context = ssl.create_default_context(cafile=str(front.authority.certificate))
    with socket.create_connection(("127.0.0.1", front.port), timeout=20) as plain:
        yield context.wrap_socket(plain, server_hostname="localhost")


def said(front: Nginx, *pieces: bytes) -> bytes:
    """Send bytes as they are; return what is answered until the end."""
    found = b""
    with browser(front) as one, suppress(OSError):
        for piece in pieces:
            one.sendall(piece)
        while piece := one.recv(65536):
            found += piece
            if b"\r\n\r\n" in found:
                break
    return found


HEAD = b"GET /gecit/api/live HTTP/1.1\r\nHost: localhost\r\n"
OVERLONG = {
    "request line": (b"GET /gecit/" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",),
    "header": (HEAD + b"X-Long: " + b"a" * 200_000 + b"\r\n\r\n",),
    "cookie": (HEAD + b"Cookie: gecit=" + b"a" * 100_000 + b"\r\n\r\n",),
    "headers": (HEAD + b"".join(b"X-%d: a\r\n" % number for number in range(20_000)) + b"\r\n",),
    "declared body": (b"POST /gecit/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n",),
    "negative body": (b"POST /gecit/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",),
    "two lengths": (
        HEAD.replace(b"GET", b"POST") + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET ",
    ),
    "no HTTP": (b"\x16\x03\x01" * 2000 + b"\r\n\r\n",),
}


@pytest.mark.parametrize("case", OVERLONG)
def test_what_is_longer_than_any_request_is_refused(node: Hospital, front: Nginx, case: str) -> None:
    with borne(node):
        answer = said(front, *OVERLONG[case])
        assert answer == b"" or answer.split(b" ", 2)[1] in (b"400", b"401", b"403", b"413", b"414", b"431"), answer[
            :80
        ]
        assert asked(front).status_code == 200


def asked(front: Nginx) -> requests.Response:
    return requests.get(f"{front.url}/gecit/api/live", verify=str(front.authority.certificate), timeout=20)


def test_a_thousand_idle_connections_and_slow_headers_keep_no_browser_waiting(node: Hospital, front: Nginx) -> None:
    with borne(node), ExitStack() as stack:
        for number in range(CROWD):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", front.plain), timeout=20))
            with suppress(OSError):
                one.sendall(
                    (b"", HEAD, b"POST /gecit/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\na")[number % 3]
                )
        for _ in range(5):
            assert asked(front).status_code == 200
        slow = [stack.enter_context(browser(front)) for _ in range(40)]
        for place in range(20):
            for one in slow:
                with suppress(OSError):
                    one.sendall(HEAD[place : place + 1])
        assert asked(front).status_code == 200


def test_a_body_of_zeros_under_gzip_is_not_unpacked(node: Hospital, front: Nginx) -> None:
    bomb = gzip.compress(bytes(400 * MEGABYTE), 9)
    with borne(node):
        for path in ("/gecit/sign-in", "/gecit/api/duplicates/previous-studies"):
            answer = requests.post(
                front.url + path, data=bomb, verify=str(front.authority.certificate), timeout=30, allow_redirects=False,
                headers={"Content-Encoding": "gzip", "Content-Type": "application/json"},
            )  # fmt: skip
            assert 400 <= answer.status_code < 500


# What services answer


def test_a_bomb_in_an_answer_is_an_answer_that_is_unknown_and_costs_bounded_memory(tmp_path: Path) -> None:
    """In a process of its own, so that nothing else counts."""
    done = subprocess.run(
        [str(Path(os.environ.get("VIRTUAL_ENV", Path(__file__).parents[2] / ".venv")) / "bin/python"), "-c", BOMBED],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    said_, grown = done.stdout.split()
    assert said_ == "AnswerUnknown,AnswerUnknown,Unavailable,AnswerUnknown"
    assert int(grown) < 60


BOMBED = """
import gzip, resource, tempfile, zlib
from pathlib import Path
from werkzeug.wrappers import Response
from gecit.edges.bounded_http import BoundedHttp
from gecit.edges.duplicates_http import Wire
from gecit.sandbox.server import running
from tests.contract.test_medula_contract import CLEAN
from gecit.core.billing import key_of
from gecit.core.values import to_json
from tests.support.soap import soap_medula
bomb = gzip.compress(bytes(300 * 1024 * 1024), 9)
deep = b'<?xml version="1.0"?><!DOCTYPE a [' + b"".join(
    b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10 if n else b"ha" * 10) for n in range(12)) + b"]><a>&e11;</a>"
def answer(environ, start):
    if environ["PATH_INFO"].endswith("xml"):
        return Response(deep, content_type="text/xml")(environ, start)
    kind = "deflate" if environ["PATH_INFO"].endswith("deflate") else "gzip"
    body = zlib.compress(bytes(300 * 1024 * 1024), 9) if kind == "deflate" else bomb
    return Response(body, headers={"Content-Encoding": kind})(environ, start)
def told(ask):
    try:
        ask()
    except Exception as fault:
        return type(fault).__name__
    return "taken"
with running({"/bomb": answer}) as url, tempfile.TemporaryDirectory() as folder:
    zlib.compress(bytes(300 * 1024 * 1024), 9)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    http, wire = BoundedHttp(url + "/bomb"), Wire()
    found = [told(lambda: http.post("/gzip", b"", {})), told(lambda: http.post("/deflate", b"", {})),
             told(lambda: wire.ask("GET", url + "/bomb/gzip", {}, 20.0)),
             told(lambda: soap_medula(url + "/bomb/xml", Path(folder)).send("notify", key_of(CLEAN), to_json(CLEAN)))]
    print(",".join(found), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


# DICOM


def test_after_a_silent_association_the_door_is_open_again(node: Hospital, tmp_path: Path) -> None:
    """Orthanc hears one newcomer after the other, each for half a minute: what docs/reliability-input.md says of it.

    Behind the shipped nginx nobody waits (tests/system/test_dicom_certificates.py).
    """
    order = fresh()
    node.order(order)
    [path] = build_study("US", order=order, institution=INSTITUTION, folder=tmp_path / "late")
    with borne(node), connect(node.node.dicom, STRANGER) as one:
        one.sendall(b"\x01\x00")
        until(lambda: node.store(path) == 0, 100, "the next sender is heard")


def test_an_association_beyond_measure_is_ended(node: Hospital, tmp_path: Path) -> None:
    with borne(node), connect(node.node.dicom, STRANGER) as one:
        with suppress(OSError):
            one.sendall(b"\x01\x00\xff\xff\xff\xff" + b"\x00" * 100_000)
        stored(node, tmp_path)


def written(dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.PatientID, dataset.Modality = "10000000146", "SR"
    return file_of(dataset, syntax)


NESTED = OPENED * 400 + CLOSED * 400


def deep() -> bytes:
    """Sequences of undefined length in each other, four hundred deep."""
    return written(Dataset()) + NESTED


def deflated() -> bytes:
    """A deflated data set of two hundred kilobytes that becomes two hundred megabytes."""
    whole = written(Dataset(), DeflatedExplicitVRLittleEndian)
    end_of_meta = 144 + int.from_bytes(whole[140:144], "little")
    plain = zlib.decompress(whole[end_of_meta:], -zlib.MAX_WBITS)
    size = 200 * MEGABYTE
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    text = b"\x40\x00\x60\xa1UT\x00\x00" + struct.pack("<I", size)
    return whole[:end_of_meta] + packer.compress(plain + text + b" " * size) + packer.flush()


def started_again(made: Hospital, children: list[psutil.Process], patience: float) -> None:
    """Do what the service manager does where Orthanc has ended; it may take some seconds to do so."""
    assert made.node.process
    with suppress(subprocess.TimeoutExpired):
        made.node.process.wait(patience)
        psutil.wait_procs(children, 20)
        made.node.start()
    ready(made)


def aside(made: Hospital) -> Path:
    return made.node.data / "set-aside"


def assert_refused(made: Hospital, path: Path) -> None:
    """Nobody has Orthanc read what is set aside; the administrator sees why, has its file, and deletes it."""
    [study] = [one.stem for one in aside(made).glob("*.json")]
    about = made.node.get(f"/studies/{study}").json()
    uid, [series] = about["MainDicomTags"]["StudyInstanceUID"], about["Series"]
    [instance] = made.node.get(f"/series/{series}").json()["Instances"]
    token = new_token()
    radiologist = Account(name="reader", roles=(Role.RADIOLOGIST,), institution=INSTITUTION.skrs)
    made.ledger.save_account(radiologist, datetime.now(UTC))
    made.ledger.add_token(token_digest(token), radiologist.name, datetime.now(UTC), None)
    for asked in (
        f"/instances/{instance}/tags", f"/instances/{instance}/simplified-tags", f"/instances/{instance}/preview",
        f"/studies/{study}/shared-tags", f"/series/{series}/instances-tags", f"/studies/{study}/archive",
        f"/dicom-web/studies/{uid}/metadata", f"/dicom-web/studies/{uid}/instances", f"/dicom-web/studies/{uid}",
        f"/dicom-web/studies?StudyInstanceUID={uid}", f"/wado?requestType=WADO&studyUID={uid}",
    ):  # fmt: skip
        assert made.node.get(asked).status_code == 403, asked
        assert requests.get(made.node.url + asked, headers=made.node.internal(), timeout=20).status_code == 403, asked
        shown = requests.get(made.node.url + asked, headers={"Authorization": f"Bearer {token}"}, timeout=20)
        assert shown.status_code == 403, asked
    assert item_tags(made.node.get(f"/instances/{instance}/file").content) == item_tags(path.read_bytes())
    until(lambda: study in made.node.get("/gecit/health").text, 30, "the health page names it")
    assert made.node.ask("DELETE", f"/studies/{study}").status_code == 200


@pytest.mark.parametrize("make", [deep, deflated], ids=["deep", "deflated"])
def test_a_bomb_of_a_file_is_borne(node: Hospital, make: Callable[[], bytes], tmp_path: Path) -> None:
    """By HTTP Debian 12's Orthanc ends at sequences fifty deep, and is started again; by C-STORE it does not end."""
    data, patience = make(), 12 if make is deep else 2
    path = tmp_path / "bomb.dcm"
    path.write_bytes(data)
    known = fresh()
    assert node.order(known).code == "AA"
    before, children = memory(node), list(node.node.children().values())
    with suppress(requests.ConnectionError):
        node.node.ask("POST", "/instances", data=data)
    started_again(node, children, patience)
    children = list(node.node.children().values())
    assert node.node.process
    pid = node.node.process.pid
    node.store(path)
    if make is deep:
        until(lambda: list(aside(node).glob("*.json")), 120, "the deep study is set aside")
    else:
        started_again(node, children, patience)
    assert node.exam(known.key)
    stored(node, tmp_path)
    served(node)
    if make is deep:
        assert_refused(node, path)
        assert node.node.process.poll() is None and node.node.process.pid == pid, "Orthanc ended"
    grown = {name: (memory(node)[name] - size) // MEGABYTE for name, size in before.items() if name != "orthanc"}
    assert all(one < 300 for one in grown.values()), f"grew by megabytes: {grown}"


def hidden(folder: Path) -> list[Path]:
    """Write a long series of which one instance stands deep: not the one whose tags the follower asks for."""
    study, series = generate_uid(), generate_uid()
    uids = sorted((generate_uid() for _ in range(12)), key=lambda one: orthanc_id("10000000146", study, series, one))
    for number, uid in enumerate(uids):
        whole = dcmread(BytesIO(written(Dataset())))
        whole.StudyInstanceUID, whole.SeriesInstanceUID, whole.SOPInstanceUID = study, series, uid
        whole.file_meta.MediaStorageSOPInstanceUID = uid
        whole.save_as(folder / f"{number:02}.dcm", enforce_file_format=True)
    paths = sorted(folder.glob("*.dcm"))
    paths[-1].write_bytes(paths[-1].read_bytes() + NESTED)
    return paths


def test_an_instance_that_nobody_looked_at_ends_orthanc_once_and_is_found_then(node: Hospital, tmp_path: Path) -> None:
    paths = hidden(tmp_path)
    uid = str(dcmread(paths[0]).StudyInstanceUID)
    assert node.store(*paths) == 0
    [study] = until_found(node, uid)
    about = node.node.get(f"/studies/{study}/instances").json()
    deepest = max(one["ID"] for one in about)
    name = node.node.get("/system").json()["Name"]
    until(lambda: node.ledger.belongings(name, uid), 120, "the study is read")
    assert not list(aside(node).glob("*.json"))
    children = list(node.node.children().values())
    with suppress(requests.ConnectionError):
        node.node.get(f"/instances/{deepest}/tags")
    started_again(node, children, 12)
    until(lambda: [one.stem for one in aside(node).glob("*.json")] == [study], 120, "the study is set aside")
    assert node.node.get(f"/instances/{deepest}/tags").status_code == 403
    assert node.node.get(f"/dicom-web/studies/{uid}/metadata").status_code == 403
    served(node)
    assert node.node.ask("DELETE", f"/studies/{study}").status_code == 200
    until(lambda: not list(aside(node).glob("*.json")), 30, "what is gone is set aside no longer")


def until_found(made: Hospital, uid: str) -> list[str]:
    found = made.node.ask("POST", "/tools/lookup", data=uid).json()
    return [one["ID"] for one in found if one["Type"] == "Study"]


def test_after_all_this_the_folded_ledger_is_what_its_events_say(node: Hospital) -> None:
    done = node.gecit("ledger", "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
