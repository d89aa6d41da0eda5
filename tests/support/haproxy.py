"""The shipped HAProxy configuration in front of two nodes, on free ports and with a certificate of its own."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.support.certificates import Authority
from tests.support.front import Front, replaced
from tests.support.node import HOME, Node, free_ports

PROGRAM = "/usr/sbin/haproxy"
SHIPPED = HOME / "deploy/haproxy/haproxy.cfg"
PEM = "/etc/gecit/tls/haproxy.pem"


def with_certificate(folder: Path) -> str:
    """Return the shipped configuration with a certificate that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    pair = Authority(folder / "authority").sign("gecit.example")
    both = folder / "haproxy.pem"
    both.write_bytes(pair.certificate.read_bytes() + pair.key.read_bytes())
    return replaced(SHIPPED.read_text(), {PEM: str(both)})


def checked(path: Path) -> subprocess.CompletedProcess[str]:
    """Have HAProxy itself check a configuration."""
    return subprocess.run([PROGRAM, "-c", "-f", str(path)], capture_output=True, text=True, timeout=60, check=False)


class HaProxy(Front):
    """An HAProxy process. `url` is https on loopback; `believed` is whom its clients must believe."""

    def __init__(self, folder: Path, a: Node, b: Node) -> None:
        self.folder = folder
        text = with_certificate(folder)
        self.believed = str(folder / "authority/authority.pem")
        self.plain, self.port, self.mllp, self.dicom = free_ports(4)
        self.url = f"https://localhost:{self.port}"
        ports = {"bind :80 ": self.plain, "bind :443 ": self.port, "bind :2575 ": self.mllp, "bind :4242 ": self.dicom}
        text = replaced(text, {one: f"bind 127.0.0.1:{port} " for one, port in ports.items()})
        for shipped, here in (
            *((8043, a.web), (8042, a.http), (3575, a.mllp), (5242, a.dicom)),
            *((9043, b.web), (9042, b.http), (4575, b.mllp), (6242, b.dicom)),
        ):
            text, count = re.subn(rf"(127\.0\.0\.1:|port ){shipped}\b", rf"\g<1>{here}", text)
            assert count, shipped
        if os.geteuid():
            text = replaced(text, {"    user haproxy\n    group haproxy\n": ""})
        self.config = folder / "haproxy.cfg"
        self.config.write_text(text)
        self.command = [PROGRAM, "-db", "-f", str(self.config)]

    def start(self) -> HaProxy:
        """Start it and wait until it listens."""
        self.run()
        return self
