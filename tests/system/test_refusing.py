"""What this Orthanc does when a callback refuses, discards or fails: each cell of the table in docs."""

from __future__ import annotations

import io
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from pydicom import Dataset

from tests.support.dicom import picture, store
from tests.support.node import HOME, ORTHANC, free_ports, until

pytestmark = pytest.mark.system
PLUGINS = Path("/usr/share/orthanc/plugins")
SCRIPT = HOME / "tests/support/refusing.py"
Start = Callable[[str], "Bare"]


class Bare:
    """An Orthanc without Geçit, whose only script refuses."""

    def __init__(self, data: Path, refusing: str) -> None:
        self.http, self.dicom = free_ports(2)
        self.url = f"http://127.0.0.1:{self.http}"
        folder = data / "configuration"
        folder.mkdir()
        settings = {
            "Name": "bare", "StorageDirectory": str(data), "IndexDirectory": str(data), "HttpPort": self.http,
            "DicomPort": self.dicom, "DicomAet": "GECIT", "PythonScript": str(SCRIPT), "AuthenticationEnabled": False,
            "Plugins": [str(PLUGINS / one) for one in ("libOrthancPython.so", "libOrthancDicomWeb.so")],
        }  # fmt: skip
        (folder / "orthanc.json").write_text(json.dumps(settings))
        environ = {**os.environ, "REFUSING": refusing, "TCP_NODELAY": "1"}
        self.log = data / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([ORTHANC, str(folder)], cwd=data, env=environ, stdout=log, stderr=log)
        until(self._lives, 30, "Orthanc answers")

    def _lives(self) -> bool:
        assert self.process.poll() is None, self.log.read_text(errors="replace")
        try:
            return requests.get(f"{self.url}/system", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    def stored(self) -> int:
        """Return how many instances there are."""
        return len(requests.get(f"{self.url}/instances", timeout=10).json())


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start bare Orthancs that refuse in a given way; ended after the test."""
    made: list[Bare] = []

    def begin(refusing: str) -> Bare:
        data = tmp_path / refusing.replace("=", "-")
        data.mkdir()
        made.append(Bare(data, refusing))
        return made[-1]

    yield begin
    for one in made:
        one.process.terminate()
        one.process.wait(20)


def as_bytes(instance: Dataset) -> bytes:
    written = io.BytesIO()
    instance.save_as(written, enforce_file_format=True)
    return written.getvalue()


def post(node: Bare, instance: Dataset) -> tuple[int, bool]:
    """Post to Orthanc's REST: the status, and whether it says where the instance is."""
    answer = requests.post(f"{node.url}/instances", data=as_bytes(instance), timeout=20)
    return answer.status_code, bool(answer.json().get("ID"))


def stow(node: Bare, instance: Dataset) -> tuple[int, bool]:
    """Send by STOW-RS: the status, and whether the instance is listed as stored."""
    body = b"--x\r\nContent-Type: application/dicom\r\n\r\n" + as_bytes(instance) + b"\r\n--x--\r\n"
    kind = {
        "Content-Type": 'multipart/related; type="application/dicom"; boundary=x',
        "Accept": "application/dicom+json",
    }
    answer = requests.post(f"{node.url}/dicom-web/studies", data=body, headers=kind, timeout=20)
    stored, failed = (answer.json().get(tag, {}).get("Value", []) for tag in ("00081199", "00081198"))
    return answer.status_code, len(stored) == 1 and not failed


#                    C-STORE  stored?  REST, ID?      stored?  STOW-RS, listed?  stored?
TABLE = {
    "received=discards": (0x0000, False, (200, False), False, (200, True), False),
    "received=raises": (0x0000, True, (200, True), True, (200, True), True),
    "filter=0xA700": (0xA700, False, (200, True), True, (200, True), True),
    "filter=0xC123": (0xC123, False, (200, True), True, (200, True), True),
    "filter=0xB007": (0xB007, False, (200, True), True, (200, True), True),
    "filter=raises": (0xA700, False, (200, True), True, (200, True), True),
}


@pytest.mark.parametrize("refusing", sorted(TABLE))
def test_the_table_of_refusing_and_discarding(start: Start, refusing: str) -> None:
    """A discarded instance is a false success on all three doors, which is why the plugin never discards."""
    node = start(refusing)
    said: list[object] = []
    ways = (lambda one: store(node.dicom, one, "ANY"), lambda one: post(node, one), lambda one: stow(node, one))
    for number, send in enumerate(ways, start=1):
        before = node.stored()
        said += [send(picture(f"1.2.3.{number}")), node.stored() > before]
    assert tuple(said) == TABLE[refusing]
