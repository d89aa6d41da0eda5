"""The shipped nginx configuration in front of a node, on free ports and with a certificate of its own."""

from __future__ import annotations

from pathlib import Path

from tests.support.certificates import Authority
from tests.support.front import Front, replaced
from tests.support.node import HOME, Node, free_ports

SHIPPED = HOME / "orthanc-config/nginx/gecit.conf"
ELSEWHERE = "192.0.2.7"
MAIN = """user root;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log error;
include /etc/nginx/modules-enabled/*.conf;
events {{ worker_connections 256; }}
http {{
    include /etc/nginx/mime.types;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/gecit.conf;
}}
"""


class Nginx(Front):
    """An nginx process. `url` is https on loopback; `authority` is whom its clients must believe.

    What it hands on comes from ELSEWHERE, since all tests run on this computer.
    """

    def __init__(self, folder: Path, node: Node, assets: Path = HOME / "build/assets") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.plain, self.port = free_ports(2)
        self.url = f"https://localhost:{self.port}"
        self.authority = Authority(folder / "authority")
        self.access, self.errors = folder / "access.log", folder / "gecit-error.log"
        pair = self.authority.sign("gecit.example")
        self.believed = f"--ignore-certificate-errors-spki-list={pair.spki}"  # a switch of Chromium
        places = {
            "127.0.0.1:8043": f"127.0.0.1:{node.web}",
            "127.0.0.1:8042": f"127.0.0.1:{node.http}",
            "listen 80;": f"listen 127.0.0.1:{self.plain};",
            "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            "server_name gecit.example;": "server_name localhost;",
            "/etc/gecit/tls/web.pem": str(pair.certificate),
            "/etc/gecit/tls/web.key": str(pair.key),
            "/var/log/nginx/gecit.log": str(self.access),
            "/var/log/nginx/gecit-error.log": str(self.errors),
            "/opt/gecit/build/assets": str(assets),
            "X-Forwarded-For $remote_addr;": f"X-Forwarded-For {ELSEWHERE};",
        }
        (folder / "gecit.conf").write_text(replaced(SHIPPED.read_text(), places))
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
        self.command = ["/usr/sbin/nginx", "-c", str(folder / "nginx.conf")]

    def start(self) -> Nginx:
        """Start it and wait until it listens."""
        self.run()
        return self
