"""DICOM and HL7 over TLS on a running node, as `docs/howto/tls.md` says, each with another program's client."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from hl7.client import MLLPClient
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from pynetdicom import AE

from gecit.edges.certificates import end_of_file
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import Institution
from tests.fakes import NOON
from tests.support.certificates import Authority, Pair, config_with_dicom_tls
from tests.support.dicom import dcmtk, picture
from tests.support.flow import orm_wire
from tests.support.node import Node, until

pytestmark = pytest.mark.system
UID = "2.25.330119"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def sender(authority: Authority) -> Pair:
    return authority.sign("hbys.example")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("tls")
    data = folder / "data"
    data.mkdir()
    ours = authority.sign("gecit.example")
    config = config_with_dicom_tls(folder / "config", ours, authority)
    found = Node(
        data,
        config,
        {
            "ORTHANC__GECIT__MLLP_TLS__CERTIFICATE": str(ours.certificate),
            "ORTHANC__GECIT__MLLP_TLS__KEY": str(ours.key),
            "ORTHANC__GECIT__MLLP_TLS__CLIENT_AUTHORITIES": str(authority.certificate),
            "ORTHANC__GECIT__ALERTS__EVERY_SECONDS": "1",
        },
    )
    found.add_administrator()
    ledger = open_ledger(found.database)
    one = Institution(skrs="910001", name="Merkez", aets=("MODALITE",), hl7_peers=("cert:hbys.example",))
    ledger.write(lambda tx: tx.record_institution(one, NOON, by="test"))
    ledger.close()
    try:
        found.start().wait_live()
        until(lambda: found.get("/modalities").json(), 30, "the AE title is known")
        yield found
    finally:
        found.end()
        print(found.log_text())  # noqa: T201


def stored(node: Node, uid: str) -> bool:
    return bool(node.ask("POST", "/tools/lookup", data=uid).json())


def test_dcmtk_stores_over_tls(node: Node, authority: Authority, sender: Pair, tmp_path: Path) -> None:
    file = tmp_path / "one.dcm"
    picture(f"{UID}.1").save_as(file, enforce_file_format=True)
    calling = ("-aet", "MODALITE", "-aec", "GECIT", "127.0.0.1", str(node.dicom), str(file))
    dcmtk(
        "storescu",
        "+tls",
        str(sender.key),
        str(sender.certificate),
        "+cf",
        str(authority.certificate),
        *calling,
        check=True,
    )
    assert stored(node, f"{UID}.1.1.1")


def test_pynetdicom_stores_over_tls(node: Node, authority: Authority, sender: Pair) -> None:
    context = ssl.create_default_context(cafile=authority.certificate)
    context.load_cert_chain(sender.certificate, sender.key)
    ae = AE(ae_title="MODALITE")
    ae.add_requested_context(SecondaryCaptureImageStorage, ExplicitVRLittleEndian)
    association = ae.associate("127.0.0.1", node.dicom, ae_title="GECIT", tls_args=(context, "gecit.example"))
    assert association.is_established
    assert association.send_c_store(picture(f"{UID}.2")).Status == 0
    association.release()


@pytest.mark.parametrize("how", ["plain", "stranger", "nameless"])
def test_nothing_is_stored_otherwise(node: Node, authority: Authority, tmp_path: Path, how: str) -> None:
    file = tmp_path / "one.dcm"
    picture(f"{UID}.9").save_as(file, enforce_file_format=True)
    stranger = Authority(tmp_path / "other", "Başka").sign("hbys.example")
    trusting = ("+cf", str(authority.certificate))
    tls = {
        "plain": (),
        "stranger": ("+tls", str(stranger.key), str(stranger.certificate), *trusting),
        "nameless": ("+tla", *trusting),
    }[how]
    said = dcmtk("storescu", *tls, "-aet", "MODALITE", "-aec", "GECIT", "127.0.0.1", str(node.dicom), str(file))
    assert re.search("Association Request Failed|Association Rejected|Peer aborted|TLS", said), said
    assert not stored(node, f"{UID}.9.1.1")


def test_hl7_over_tls_is_heard_by_the_name_in_the_certificate(node: Node, authority: Authority, sender: Pair) -> None:
    stranger = authority.sign("other.example")
    heard = ((sender, b"MSA|AA"), (stranger, b"peer-unknown"), (None, b"peer-unknown"))
    for number, (pair, answer) in enumerate(heard):
        context = ssl.create_default_context(cafile=authority.certificate)
        if pair:
            context.load_cert_chain(pair.certificate, pair.key)
        with MLLPClient("127.0.0.1", node.mllp) as client:
            client.socket = context.wrap_socket(client.socket, server_hostname="gecit.example")
            said = client.send_message(orm_wire("TLS1", control_id=f"T{number}"))
        assert answer in said, said


def test_a_node_watches_the_certificates_of_both_its_doors(node: Node, authority: Authority) -> None:
    """Both show the same one; it has two days to go."""
    ledger = open_ledger(node.database)
    try:
        until(lambda: {"certificate:hl7", "certificate:dicom"} <= opened(ledger), 60, "both ends are incidents")
        [end] = {one.detail[f"certificate {name}"] for one in ledger.beats() for name in ("hl7", "dicom")
                 if f"certificate {name}" in one.detail}  # fmt: skip
        assert end == end_of_file(authority.certificate.with_name("gecit.example.pem")).isoformat()
    finally:
        ledger.close()


def opened(ledger: SqlLedger) -> set[str]:
    """The kinds of incidents that are open, with what they are of, without the node's name."""
    keys = [one.key for one in ledger.incidents(100) if one.closed_at is None]
    return {
        f"{kind}:{what}" for kind, _, of in (key.partition(":") for key in keys) for what in [of.rpartition("/")[2]]
    }
