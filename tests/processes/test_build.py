"""What the settings make the processes of."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from gecit.edges.medula_json import JsonMedula
from gecit.edges.medula_soap import SoapMedula
from gecit.edges.registry_snapshot import NoRegistry, SnapshotRegistry
from gecit.ports import Unavailable
from gecit.processes.build import Parts, registry_of
from gecit.settings import from_orthanc
from tests.fakes import NOON, StillClock

Make = Callable[..., Parts]


@pytest.fixture
def parts(tmp_path: Path) -> Make:
    def make(**medula: object) -> Parts:
        for name in ("user", "password"):
            (tmp_path / name).write_text("x")
        secrets = {"UserFile": str(tmp_path / "user"), "PasswordFile": str(tmp_path / "password"), "HbysCode": "k"}
        section = {"Data": str(tmp_path / "data"), "Medula": {**secrets, **medula}}
        return Parts(from_orthanc({"Gecit": section}, {}))

    return make


def test_the_protocol_chooses_the_adapter_and_without_an_address_there_is_none(parts: Make) -> None:
    url = "http://127.0.0.1:9"
    assert parts().medula() is None
    assert isinstance(parts(Url=url).medula(), JsonMedula)
    assert isinstance(parts(Url=url, Protocol="Soap").medula(), SoapMedula)


def test_a_wsdl_that_will_not_do_is_said_and_nothing_is_sent(
    parts: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "theirs.wsdl").write_text("<a/>")
    assert parts(Url="http://127.0.0.1:9", Protocol="Soap", Wsdl=str(tmp_path / "theirs.wsdl")).medula() is None
    assert "Gecit.Medula.Wsdl" in caplog.text and "theirs.wsdl" in caplog.text


@pytest.mark.parametrize(("protocol", "requests"), [("Json", 2), ("Soap", 4)])
def test_half_a_lease_outlasts_all_requests_of_one_delivery(parts: Make, protocol: str, requests: int) -> None:
    made = parts(Url="http://127.0.0.1:9", Protocol=protocol, TimeoutSeconds=20)
    assert made.policy().lease / 2 > timedelta(seconds=20 * requests)


def test_who_speaks_json_does_not_load_the_soap_library() -> None:
    """It is several megabytes in each process."""
    code = "import gecit.processes.work, gecit.processes.listen, gecit.processes.web, sys; print('zeep' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_list_that_is_switched_off_is_not_asked(tmp_path: Path) -> None:
    for switched, kind in ((True, SnapshotRegistry), (False, NoRegistry)):
        section = {"Data": str(tmp_path), "Registry": {"Snapshot": switched}}
        registry = registry_of(from_orthanc({"Gecit": section}, {}), StillClock(NOON))
        assert isinstance(registry, kind)
        with pytest.raises(Unavailable):
            registry.look_up("10000000146")
