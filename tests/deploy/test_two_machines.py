"""The blocks of docs/howto/availability.md for two machines, in the shipped files: HAProxy and nginx take them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from gecit.settings import load
from tests.support import haproxy, nginx
from tests.support.certificates import Authority
from tests.support.front import replaced
from tests.support.node import HOME, free_ports

PAGE = (HOME / "docs/howto/availability.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("### On two machines\n")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", SECTION, re.S | re.M)
LOOK = "    option httpchk GET /gecit/api/live\n"
SERVERS = re.compile(r"^    server .*\n    server .*\n", re.M)


def block(kind: str, word: str) -> str:
    """Return the one block of a kind that has a word in it."""
    (found,) = [text for name, text in BLOCKS if name == kind and word in text]
    return str(found)


def servers() -> dict[str, str]:
    """Return the page's server lines by the section of haproxy.cfg that the comment above them names."""
    parts = re.split(r"^# (.*)\n", block("", "server a"), flags=re.M)[1:]
    named = dict(zip(parts[::2], parts[1::2], strict=True))
    return {name: lines for where, lines in named.items() for name in re.findall(r"(?:backend|listen) \w+", where)}


def on_two_machines(shipped: str) -> str:
    """Return haproxy.cfg with the page's lines in the place of its own."""
    assert shipped.count(LOOK) == 3
    text = shipped.replace(LOOK, block("", "http-check send"))
    for name, lines in servers().items():
        head, tail = text.split(f"\n{name}\n", 1)
        text = f"{head}\n{name}\n{SERVERS.sub(lines, tail, count=1)}"
    assert "server a 127" not in text and "server b 127" not in text
    return text


def test_the_page_names_every_section_of_haproxy_that_has_servers() -> None:
    sections = re.split(r"^(?=\S)", haproxy.SHIPPED.read_text(), flags=re.M)
    assert set(servers()) == {one.splitlines()[0] for one in sections if "\n    server " in one}


@pytest.mark.parametrize("wrong", ["", "verify required"])
def test_haproxy_takes_the_lines_for_two_machines(tmp_path: Path, wrong: str) -> None:
    text = on_two_machines(haproxy.with_certificate(tmp_path))
    text = replaced(text, {"/etc/gecit/tls/authority.pem": str(tmp_path / "authority/authority.pem")})
    path = tmp_path / "haproxy.cfg"
    path.write_text(text.replace(wrong, f"{wrong}d") if wrong else text)
    done = haproxy.checked(path)
    assert (done.returncode == 0) is not bool(wrong), done.stderr
    assert wrong or "WARNING" not in done.stderr.upper().replace("WARNINGS", ""), done.stderr


@pytest.mark.parametrize("wrong", ["", "set_real_ip_from"])
def test_nginx_takes_the_lines_for_two_machines(tmp_path: Path, wrong: str) -> None:
    pair = Authority(tmp_path / "authority").sign("gecit.example")
    plain, tls = free_ports(2)
    listens = "    listen 443 ssl http2;                        # SITE\n"
    places = {
        listens: f"    listen 127.0.0.1:{tls} ssl http2;\n{block('nginx', 'real_ip_header')}",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "/etc/gecit/tls/web.pem": str(pair.certificate),
        "/etc/gecit/tls/web.key": str(pair.key),
        "/var/log/nginx": str(tmp_path),
    }
    text = replaced(nginx.SHIPPED.read_text(), places)
    (tmp_path / "gecit.conf").write_text(text.replace(wrong, f"{wrong}_") if wrong else text)
    (tmp_path / "nginx.conf").write_text(nginx.MAIN.format(folder=tmp_path))
    done = subprocess.run(
        ["/usr/sbin/nginx", "-t", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) is not bool(wrong), done.stderr


def test_the_settings_for_hl7_on_two_machines_are_read(tmp_path: Path) -> None:
    pair = Authority(tmp_path / "authority").sign("gecit.example")
    places = {
        "/etc/gecit/tls/hl7.pem": str(pair.certificate),
        "/etc/gecit/tls/hl7.key": str(pair.key),
        "/etc/gecit/tls/senders.pem": str(tmp_path / "authority/authority.pem"),
    }
    (tmp_path / "gecit.json").write_text(f"{{{replaced(block('json', 'MllpHost'), places)}}}")
    settings = load(tmp_path, {"GECIT_DATA": str(tmp_path)})
    assert settings.mllp_host == "0.0.0.0"  # noqa: S104 -- what the page says
    assert str(settings.mllp_tls.client_authorities) == places["/etc/gecit/tls/senders.pem"]
