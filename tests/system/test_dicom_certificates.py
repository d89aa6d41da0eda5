"""nginx in front of DICOM, as shipped: a certificate speaks for the AE titles of its own sender and of nobody else."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from pynetdicom import AE

from gecit.edges.store import open_ledger
from gecit.ports import Institution, Station
from tests.support.certificates import Authority, Pair
from tests.support.dicom import picture
from tests.support.node import HOME, Node, free_ports, until

pytestmark = pytest.mark.system
SHIPPED = HOME / "orthanc-config/nginx/dicom.conf"
NOW = datetime.now(UTC)


class Front(NamedTuple):
    node: Node
    port: int
    authority: Authority

    def store(self, uid: str, aet: str, pair: Pair | None) -> int | None:
        """Store one instance; its status, None where the association did not come to be."""
        context = ssl.create_default_context(cafile=self.authority.certificate)
        if pair:
            context.load_cert_chain(pair.certificate, pair.key)
        ae = AE(ae_title=aet)
        ae.add_requested_context(SecondaryCaptureImageStorage, ExplicitVRLittleEndian)
        ae.connection_timeout = ae.acse_timeout = ae.dimse_timeout = 10
        association = ae.associate("127.0.0.1", self.port, ae_title="GECIT", tls_args=(context, "gecit.example"))
        if not association.is_established:
            return None
        status: int | None = association.send_c_store(picture(uid)).get("Status")
        association.release()
        return status

    def stored(self) -> int:
        return len(self.node.get("/instances").json())


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("certificates")
    config, data = folder / "config", folder / "data"
    config.mkdir()
    data.mkdir()
    for file in (HOME / "orthanc-config").glob("*.json"):
        line = r'("DicomCheckModalityHost": )[^,]+'
        (config / file.name).write_text(re.sub(line, r"\g<1>true", file.read_text()))
    node = Node(data, config)
    node.add_administrator()
    ledger = open_ledger(node.database)
    for skrs, aet, host in (("910001", "PACSA", "127.1.0.1"), ("910002", "PACSB", "127.1.0.2")):
        one = Institution(skrs=skrs, aets=(aet,), stations=(Station(aet=aet, host=host),))
        ledger.write(lambda tx, one=one: tx.record_institution(one, NOW))
    ledger.close()
    authority, port = Authority(folder / "authority"), free_ports(1)[0]
    pair = authority.sign("gecit.example")
    text = SHIPPED.read_text()
    for shipped, here in (
        ("listen 2762", f"listen 127.0.0.1:{port}"),
        ("/etc/gecit/tls/dicom.pem", str(pair.certificate)),
        ("/etc/gecit/tls/dicom.key", str(pair.key)),
        ("/etc/gecit/tls/senders.pem", str(authority.certificate)),
        ("proxy_pass 127.0.0.1:4242", f"proxy_pass 127.0.0.1:{node.dicom}"),
    ):
        assert shipped in text
        text = text.replace(shipped, here)
    (folder / "dicom.conf").write_text(text)
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\n"
        "include /etc/nginx/modules-enabled/*.conf;\nevents {}\n"
        f"include {folder}/dicom.conf;\n"
    )
    started: subprocess.Popen[bytes] | None = None
    try:
        node.start().wait_live()
        until(lambda: len(node.get("/modalities").json()) == 2, 30, "Orthanc knows the AE titles")
        started = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf")])
        made = Front(node, port, authority)
        until(lambda: made.store("1.2.9", "PACSA", authority.sign("pacs.hastane-a.example")) == 0, 30, "nginx listens")
        yield made
    finally:
        if started:
            started.terminate()
            started.wait(20)
        node.end()
        print(node.log_text())  # noqa: T201


def test_each_sender_stores_under_its_own_title_alone(front: Front) -> None:
    a, b = (front.authority.sign(f"pacs.hastane-{one}.example") for one in "ab")
    before = front.stored()
    assert front.store("1.2.1", "PACSA", a) == 0
    assert front.store("1.2.2", "PACSB", b) == 0
    assert front.stored() == before + 2
    assert front.store("1.2.3", "PACSB", a) is None
    assert front.store("1.2.4", "PACSA", b) is None
    assert front.stored() == before + 2


def test_strangers_that_say_nothing_or_drip_keep_no_sender_waiting(front: Front) -> None:
    """Orthanc itself waits half a minute for the first word of each connection and hears nobody else meanwhile."""
    pair, before = front.authority.sign("pacs.hastane-a.example"), front.stored()
    with ExitStack() as stack:
        for number in range(200):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", front.port), timeout=20))
            one.sendall((b"", b"\x16", b"\x01\x00\x00\x00\xff\xff")[number % 3])
        for number in range(5):
            assert front.store(f"1.2.8.{number}", "PACSA", pair) == 0
    assert front.stored() == before + 5


@pytest.mark.parametrize("name", ["pacs.hastane-c.example", "pacs.hastane-a.example.other.example", "x"])
def test_a_name_that_no_line_has_speaks_for_nobody(front: Front, name: str) -> None:
    pair, before = front.authority.sign(name), front.stored()
    assert front.store("1.2.5", "PACSA", pair) is None
    assert front.stored() == before


def test_a_name_cannot_be_smuggled_into_another_field(front: Front) -> None:
    """A comma within a value is escaped in the subject's text, so that it begins no field of its own."""
    pair = front.authority.sign("y.example", subject="y,CN=pacs.hastane-a.example")
    before = front.stored()
    assert front.store("1.2.6", "PACSA", pair) is None
    assert front.stored() == before


def test_strangers_and_those_without_a_certificate_come_to_nothing(front: Front, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "other", "Başka").sign("pacs.hastane-a.example")
    before = front.stored()
    assert front.store("1.2.7", "PACSA", stranger) is None
    assert front.store("1.2.8", "PACSA", None) is None
    assert front.stored() == before
