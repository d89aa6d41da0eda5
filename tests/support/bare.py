"""A bare Orthanc with DICOMweb, no plugin of ours: the index that the follower follows."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import requests

from .node import ORTHANC, free_ports, until

DICOMWEB = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"


class BareOrthanc:
    """One Orthanc process on free ports; its index is `folder/index`, so that a test can put another one there."""

    def __init__(self, folder: Path, name: str = "N") -> None:
        self.folder, self.name = folder, name
        self.http, self.dicom = free_ports(2)
        self.url = f"http://127.0.0.1:{self.http}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> BareOrthanc:
        """Start, and return when it answers."""
        configuration = {
            "Name": self.name,
            "StorageDirectory": str(self.folder / "index"),
            "IndexDirectory": str(self.folder / "index"),
            "HttpPort": self.http,
            "DicomPort": self.dicom,
            "DicomAet": "GECIT",
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomAlwaysAllowStore": True,
            "OverwriteInstances": True,
            "StableAge": 1,
            "Plugins": [DICOMWEB],
            "DicomWeb": {"Enable": True},
        }
        file = self.folder / "orthanc.json"
        file.write_text(json.dumps(configuration))
        environ = {**os.environ, "TCP_NODELAY": "1", "TZ": "Europe/Istanbul"}
        with (self.folder / "orthanc.log").open("ab") as log:
            self.process = subprocess.Popen([ORTHANC, str(file)], cwd=self.folder, env=environ, stdout=log, stderr=log)
        until(self._answers, 30, "a bare Orthanc answers")
        return self

    def _answers(self) -> bool:
        assert self.process and self.process.poll() is None, "Orthanc ended"
        try:
            return requests.get(f"{self.url}/system", timeout=5).ok
        except requests.ConnectionError:
            return False

    def stop(self) -> None:
        """End it by its pid."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def rest(self, dicom: bytes) -> requests.Response:
        """Store by REST."""
        return requests.post(f"{self.url}/instances", data=dicom, timeout=20)

    def store(self, *files: Path, aet: str = "CT1") -> int:
        """Store by C-STORE; returns storescu's exit code."""
        command = ["storescu", "-R", "-aet", aet, "-aec", "GECIT", "127.0.0.1", str(self.dicom), *map(str, files)]
        environ = {**os.environ, "TCP_NODELAY": "1"}
        return subprocess.run(command, env=environ, capture_output=True, timeout=60).returncode

    def stow(self, dicom: bytes) -> requests.Response:
        """Store by STOW-RS."""
        kind = 'multipart/related; type="application/dicom"; boundary=B'
        body = b"--B\r\nContent-Type: application/dicom\r\n\r\n" + dicom + b"\r\n--B--"
        return requests.post(
            f"{self.url}/dicom-web/studies",
            data=body,
            headers={"Content-Type": kind, "Accept": "application/dicom+json"},
            timeout=20,
        )

    def studies(self) -> list[str]:
        """Return the Orthanc ids of all studies."""
        found: list[str] = requests.get(f"{self.url}/studies", timeout=20).json()
        return found

    def empty(self) -> None:
        """Delete everything."""
        for study in self.studies():
            requests.delete(f"{self.url}/studies/{study}", timeout=20).raise_for_status()
