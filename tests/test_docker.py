"""Compose files and Dockerfiles hold what docs/howto/containers.md says of them; `make docker-test` runs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gecit import __version__
from gecit.settings import load
from gecit.settings.reference import REFERENCE
from tests.support import haproxy
from tests.support.certificates import Authority
from tests.support.front import replaced
from tests.support.node import free_ports, until

HOME = Path(__file__).parents[1]
DOCKER = HOME / "docker"
FILES = ("hospital.yml", "province.yml", "demo.yml")
IMAGES = {
    "node": "Dockerfile",
    "proxy": "Dockerfile",
    "database": "Dockerfile.around",
    "balancer": "Dockerfile.around",
    "metrics": "Dockerfile.around",
    "demo": "Dockerfile",
}
TOGETHER = (*((one,) for one in FILES), ("province.yml", "test.yml"), ("hospital.yml", "test/orthancteam.yml"))
ARGUMENTS = {"BASE": "${GECIT_BASE:-debian:12-slim}", "REVISION": "${GECIT_REVISION:-unknown}"}
LABELS = ("title", "licenses", "version", "revision", "base.name")
PAGE = HOME / "docs/howto/containers.md"
DOCKERFILES = ("Dockerfile", "Dockerfile.around", "Dockerfile.orthancteam", "test/Dockerfile.orthancteam-alike")
OURS = {
    "GECIT_NAME",
    "GECIT_SERVER_NAME",
    "GECIT_BALANCERS",
    "GECIT_LEDGER_PASSWORD_FILE",
    "GECIT_MAX_CONNECTIONS",
}


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DOCKER / name).read_text(encoding="utf-8"))
    return found


def services() -> list[Any]:
    return [
        pytest.param(name, service, words, id=f"{name}:{service}")
        for name in (*FILES, "test.yml")
        for service, words in read(name)["services"].items()
        if "image" in words
    ]


def stages(name: str) -> dict[str, str]:
    """Return the text of each stage of a Dockerfile by its name."""
    parts = re.split(r"^FROM \S+ AS (\S+)$", (DOCKER / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize(("name", "service", "words"), services())
def test_a_container_may_do_no_more_than_it_must(name: str, service: str, words: dict[str, Any]) -> None:
    assert words["read_only"] is True
    assert words["cap_drop"] == ["ALL"]
    assert words["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "user", "pid", "ipc", "devices"} & set(words)
    assert words.get("network_mode", "service:door").startswith("service:door")
    assert words["mem_limit"] and words["pids_limit"] and words["ulimits"]["core"] == 0


@pytest.mark.parametrize(("name", "service", "words"), services())
def test_ports_are_published_on_loopback_until_somebody_changes_that(
    name: str, service: str, words: dict[str, Any]
) -> None:
    for port in words.get("ports", []):
        assert port.startswith(("127.0.0.1:", "${GECIT_BIND:-127.0.0.1}:")), port


@pytest.mark.parametrize(("name", "service", "words"), services())
def test_what_a_container_is_told_exists(name: str, service: str, words: dict[str, Any]) -> None:
    file = read(name)
    known = {one.variable for one in REFERENCE if one.variable} | OURS
    told = words.get("environment", {})
    assert set(told) <= known, set(told) - known
    secrets = words.get("secrets", [])
    assert {Path(str(one)).name for one in told.values() if str(one).startswith("/run/secrets/")} <= set(secrets)
    assert set(secrets) <= set(file.get("secrets", {}))
    volumes = {one.split(":")[0] for one in words.get("volumes", [])}
    assert volumes <= set(file.get("volumes", {})), "volumes have names: no folder of the host is mounted"
    if "build" in words:
        assert (words["image"], words["build"]["dockerfile"]) == (
            f"gecit/{words['build']['target']}",
            f"docker/{IMAGES[words['build']['target']]}",
        )
        assert name == "test.yml" or words["build"]["args"] == ARGUMENTS


@pytest.mark.parametrize("name", FILES)
def test_services_come_back_and_the_door_outlives_them(name: str) -> None:
    found = read(name)["services"]
    wanted = "no" if name == "demo.yml" else "unless-stopped"
    assert {one["restart"] for one in found.values()} == {wanted}
    for service, words in found.items():
        door = words.get("network_mode", "").partition("service:")[2]
        assert not door or found[door]["entrypoint"][-1] == "hold", service


def test_secrets_are_files_that_are_made_and_have_no_default() -> None:
    made = (DOCKER / "prepare.sh").read_text(encoding="utf-8")
    for name in FILES:
        for secret, place in read(name)["secrets"].items():
            assert place == {"file": f"${{GECIT_SECRETS:-./secrets}}/{secret}"}
            assert secret in made
        assert not re.search(r"password\w*: *[\"']?[A-Za-z0-9]{4,}[\"']?$", (DOCKER / name).read_text(), re.M | re.I)


def test_prepare_makes_secrets_once_and_each_its_own(tmp_path: Path) -> None:
    said = []

    def prepare(folder: str) -> dict[str, bytes]:
        place = tmp_path / folder
        done = subprocess.run([DOCKER / "prepare.sh", "a.example"], check=True, capture_output=True, text=True,
                              env={"GECIT_SECRETS": str(place), "PATH": "/usr/bin:/bin"})  # fmt: skip
        said.append(done.stdout.splitlines()[-1])
        assert place.stat().st_mode & 0o777 == 0o700
        return {one.name: one.read_bytes() for one in place.iterdir()}

    first, again, other = prepare("one"), prepare("one"), prepare("two")
    assert first == again
    assert ["is kept" in one for one in said] == [False, True, False]
    assert set(said[1].rpartition("is kept: ")[2].split()) == set(first)
    assert set(first) == {"audit_key", "ledger_password", "metrics_token", "web.key", "web.pem"}
    assert len(first["audit_key"]) == 32
    for name in ("audit_key", "ledger_password", "web.key"):
        assert first[name] != other[name]


@pytest.mark.parametrize(("image", "file"), IMAGES.items())
def test_an_image_runs_as_nobody_and_says_how_it_is(image: str, file: str) -> None:
    text = stages(file)[image]
    users = re.findall(r"^USER (\S+)$", text, re.MULTILINE)
    assert users and users[-1] not in ("root", "0")
    text += stages(file)["node"] if image == "demo" else ""  # it is its node's, and a title
    assert [one for one in LABELS if f"org.opencontainers.image.{one}=" not in text] == []
    assert "HEALTHCHECK" in text


@pytest.mark.parametrize("file", DOCKERFILES[:3])
def test_an_image_that_nobody_told_a_version_has_the_real_one(file: str) -> None:
    """A label cannot be read of a file, and compose knows no version."""
    text = (DOCKER / file).read_text(encoding="utf-8")
    assert re.findall(r"^ARG VERSION=(\S+)$", text, re.MULTILINE) == [__version__]
    assert text.count("ARG VERSION\n") == text.count("ARG REVISION\n") == text.count("image.version=")


@pytest.mark.parametrize("files", TOGETHER, ids="+".join)
def test_docker_compose_takes_the_files(files: tuple[str, ...]) -> None:
    compose(DOCKER, *files)


def compose(folder: Path, *files: str) -> None:
    """Have docker-compose read compose files."""
    named = [word for one in files for word in ("-f", str(folder / one))]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("GECIT_", "COMPOSE_"))}
    done = subprocess.run(["docker-compose", *named, "config", "-q"], env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("script", sorted(DOCKER.glob("*.sh")), ids=lambda one: one.name)
def test_a_script_can_be_read_by_its_shell(script: Path) -> None:
    shell = script.read_text().splitlines()[0].removeprefix("#!")
    assert shell in ("/bin/sh", "/bin/bash")
    subprocess.run([shell, "-n", script], check=True)


@pytest.fixture
def grown(tmp_path: Path) -> Path:
    """docker/ after what the page says of one more hospital, and of another after that."""
    shutil.copytree(DOCKER, tmp_path / "docker", ignore=shutil.ignore_patterns("secrets", ".env"))
    [step] = re.findall(r"^docker/add-hospital\.sh c$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    for command in (step, step, step.replace(" c", " e")):
        subprocess.run(command.split(), cwd=tmp_path, check=True, timeout=60)
    return tmp_path / "docker"


def test_one_more_hospital_is_added_by_what_the_page_says(grown: Path) -> None:
    compose(grown, "province.yml")
    found = yaml.safe_load((grown / "province.yml").read_text())
    services = found["services"]
    names = services["proxy-b"]["environment"]["GECIT_SERVER_NAME"]
    for letter, dicom in (("c", 4244), ("e", 4246)):
        for service in ("door", "node", "proxy"):
            as_b = json.dumps(services[f"{service}-b"]).replace(names, "NAMES")
            for of_b, its in (
                *(("-b", f"-{letter}"), ("_B:", f"_{letter.upper()}:"), (":-b.", f":-{letter}.")),
                *(("-4243", f"-{dicom}"), ("-2576", f"-{dicom - 1667}"), ("NAMES", names)),
            ):
                as_b = as_b.replace(of_b, its)
            assert json.loads(as_b) == services[f"{service}-{letter}"]
        assert services[f"node-{letter}"]["environment"]["GECIT_NAME"] == f"node-{letter}"
        assert {f"data-{letter}", f"backups-{letter}", f"uploads-{letter}"} <= set(found["volumes"])
        name = f"${{GECIT_SERVER_NAME_{letter.upper()}:-{letter}.localhost}}"
        assert all(name in services[f"proxy-{one}"]["environment"]["GECIT_SERVER_NAME"].split() for one in "abce")
    assert services["balancer"]["depends_on"] == ["door-a", "door-b", "door-c", "door-e"]
    published = [port for one in services.values() for port in one.get("ports", [])]
    assert len(published) == len(set(published)) == 10
    done = haproxy.checked(grown / "haproxy.cfg")
    assert done.returncode == 0, done.stderr
    assert (grown / "haproxy.cfg").read_text().count("    server ") == 4


def test_a_letter_that_is_none_adds_no_hospital(tmp_path: Path) -> None:
    for wrong in ("b", "C", "cd", ""):
        assert subprocess.run([DOCKER / "add-hospital.sh", wrong], cwd=tmp_path, capture_output=True).returncode == 2


class Stub:
    """Stands for a node's nginx: answers HAProxy's look, and to a TLS client its own letter."""

    def __init__(self, letter: str) -> None:
        self.letter, self._socket = letter.encode(), socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        try:
            while True:
                one, _ = self._socket.accept()
                with one:
                    look = one.recv(4096).startswith(b"GET ")
                    one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" if look else self.letter)
        except OSError:
            return

    def end(self) -> None:
        """Close its port."""
        if self._socket.fileno() >= 0:
            self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()


@pytest.fixture
def balanced(grown: Path) -> Iterator[tuple[int, dict[str, Stub]]]:
    """HAProxy as shipped, with two more hospitals, before stubs."""
    stubs = {letter: Stub(letter) for letter in "abce"}
    front, figures = free_ports(2)
    places = {f"door-{one}:8443": f"127.0.0.1:{stub.port}" for one, stub in stubs.items()}
    places |= {
        "bind :8443": f"bind 127.0.0.1:{front}",
        "bind :8404": f"bind 127.0.0.1:{figures}",
        "inter 2s": "inter 200ms",
    }
    places["check check-ssl verify none check-send-proxy send-proxy-v2"] = "check"
    (grown / "haproxy.cfg").write_text(replaced((grown / "haproxy.cfg").read_text(), places))
    process = subprocess.Popen([haproxy.PROGRAM, "-db", "-f", grown / "haproxy.cfg"], stdout=subprocess.DEVNULL)
    until(lambda: answered(front, "a.gecit.example") == "a", 20, "HAProxy answers")
    yield front, stubs
    process.terminate()
    process.wait(20)
    for one in stubs.values():
        one.end()


def answered(port: int, name: str) -> str:
    """Return the letter of the node that a TLS client of that name comes to; empty: of none."""
    said = ssl.MemoryBIO()
    context = ssl.create_default_context()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), said, server_hostname=name).do_handshake()
    try:
        with socket.create_connection(("127.0.0.1", port), 10) as client:
            client.sendall(said.read())
            return client.recv(16).decode()
    except OSError:
        return ""


def test_the_balancer_leads_by_the_first_word_of_a_name_and_to_another_while_that_is_away(
    balanced: tuple[int, dict[str, Stub]],
) -> None:
    port, stubs = balanced
    names = (
        "a.gecit.example",
        "b.gecit.example",
        "C.gecit.example",
        "e.localhost",
        "localhost",
        "d.example",
        "127.0.0.1",
    )
    assert [answered(port, one) for one in names] == ["a", "b", "c", "e", "a", "a", "a"]
    stubs["b"].end()
    until(lambda: answered(port, "b.gecit.example") == "a", 20, "a answers for b")
    stubs["a"].end()
    until(lambda: answered(port, "localhost") == "c", 20, "c answers for a")
    assert [answered(port, one) for one in names] == ["c", "c", "c", "e", "c", "c", "c"]


def test_nginx_takes_what_its_container_makes_of_the_shipped_file(tmp_path: Path) -> None:
    pair = Authority(tmp_path / "authority").sign("a.example")
    places = {
        "/tmp/gecit.conf": f"{tmp_path}/made.conf",
        "/etc/gecit/gecit.conf": str(HOME / "orthanc-config/nginx/gecit.conf"),
        "/etc/gecit/nginx.conf": f"{tmp_path}/nginx.conf",
        "/run/secrets/web.pem": str(pair.certificate),
        "/run/secrets/web.key": str(pair.key),
        "exec nginx ": "exec /usr/sbin/nginx -t ",
    }
    frame = {
        "/tmp/nginx.pid": f"{tmp_path}/nginx.pid",
        "/tmp/gecit.conf": f"{tmp_path}/made.conf",
        "/var/lib/gecit-proxy": str(tmp_path),
    }
    (tmp_path / "nginx.conf").write_text(replaced((DOCKER / "nginx.conf").read_text(), frame))
    script = replaced((DOCKER / "proxy.sh").read_text(), places)
    https, plain = free_ports(2)
    for more in ({}, {"GECIT_SERVER_NAME": "a.example b.example", "GECIT_BALANCERS": "10.0.0.0/8 172.16.0.0/12"}):
        environ = {"PATH": "/usr/bin:/bin", "GECIT_HTTPS_PORT": str(https), "GECIT_PLAIN_PORT": str(plain), **more}
        done = subprocess.run(["/bin/sh", "-c", script, "proxy.sh"], env=environ, capture_output=True, text=True)
        assert done.returncode == 0 and "test is successful" in done.stderr, done.stderr


def test_systemd_understands_the_nightly_backup(tmp_path: Path) -> None:
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    for name in ("gecit-backup.service", "gecit-backup.timer"):
        shutil.copy(DOCKER / name, units)
    program = tmp_path / "srv/gecit/docker/backup.sh"
    program.parent.mkdir(parents=True)
    shutil.copy(DOCKER / "backup.sh", program)
    done = subprocess.run(
        ["systemd-analyze", f"--root={tmp_path}", "--man=no", "verify", "gecit-backup.service", "gecit-backup.timer"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert [line for line in done.stderr.splitlines() if "gecit-backup" in line and "not found" not in line] == []


def test_a_backup_stands_on_that_of_the_night_before_and_old_ones_go(tmp_path: Path) -> None:
    """With stand-ins: docker-compose runs the command here, gecit makes a folder."""
    nights, programs = tmp_path / "backup", tmp_path / "bin"
    programs.mkdir()
    (programs / "docker-compose").write_text('#!/bin/sh\nshift 5\n[ "$FAILS" != 1 ] && exec "$@"\n')
    (programs / "gecit").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/said\nmkdir "$2"\n')
    for one in programs.iterdir():
        one.chmod(0o755)
    for day in range(1, 6):
        (nights / f"2026-01-0{day}").mkdir(parents=True)
    script = tmp_path / "backup.sh"
    script.write_text(replaced((DOCKER / "backup.sh").read_text(), {"/backup": str(nights)}))
    script.chmod(0o755)

    def run(fails: str) -> int:
        environ = {"PATH": f"{programs}:/usr/bin:/bin", "GECIT_KEEP": "3", "FAILS": fails}
        return subprocess.run([script, "hospital.yml", "node"], env=environ, capture_output=True).returncode

    assert run("1") == 1
    assert len(list(nights.iterdir())) == 5
    assert run("0") == 0
    assert f"--base {nights}/2026-01-05" in (tmp_path / "said").read_text()
    kept = sorted(one.name for one in nights.iterdir())
    assert len(kept) == 3 and kept[:2] == ["2026-01-04", "2026-01-05"]


def test_python_packages_come_by_the_lock_and_its_hashes() -> None:
    text = stages("Dockerfile")["python"]
    assert "--require-hashes -r requirements.lock" in text and "--only-binary :all:" in text and "--no-deps" in text
    assert "pip uninstall -q -y setuptools pip" in text


@pytest.mark.parametrize("file", DOCKERFILES)
def test_hadolint_has_nothing_to_say(file: str) -> None:
    program = Path(sys.prefix) / "bin/hadolint"
    done = subprocess.run([program, "--no-color", DOCKER / file], cwd=HOME, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@pytest.mark.parametrize("file", DOCKERFILES)
def test_what_is_copied_into_an_image_is_let_into_its_context(file: str) -> None:
    allowed = [one[1:] for one in (HOME / ".dockerignore").read_text().splitlines() if one.startswith("!")]
    for line in re.findall(r"^COPY (?!--from)(.+)$", (DOCKER / file).read_text(), re.MULTILINE):
        for place in line.split()[:-1]:
            assert place.startswith("build/assets") or list(HOME.glob(place)), place
            assert any(Path(place).match(one) or place.startswith(f"{one}/") for one in allowed), place


def test_nginx_in_its_container_is_the_shipped_one() -> None:
    shipped = (HOME / "orthanc-config/nginx/gecit.conf").read_text(encoding="utf-8")
    changed = re.findall(r"^change '?([^']+?)'? ", (DOCKER / "proxy.sh").read_text(), re.MULTILINE)
    assert len(changed) == 9
    for one in changed:
        assert one in shipped, one


def test_prometheus_in_its_container_asks_the_shipped_rules(tmp_path: Path) -> None:
    [copied] = re.findall(r"^COPY (.+) /etc/prometheus/$", stages("Dockerfile.around")["metrics"], re.MULTILINE)
    for place in copied.split():
        text = (HOME / place).read_text(encoding="utf-8").replace("/run/secrets", str(tmp_path))
        (tmp_path / Path(place).name).write_text(text, encoding="utf-8")
    for secret in ("metrics_token", "web.pem"):
        (tmp_path / secret).touch()
    done = subprocess.run(
        ["promtool", "check", "config", "prometheus.yml"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0 and "1 rule files found" in done.stdout, done.stdout + done.stderr
    assert yaml.safe_load((DOCKER / "prometheus.yml").read_text())["scrape_configs"][0]["job_name"] == "gecit"


def test_nodes_of_a_province_send_browsers_to_each_other_by_names_of_their_own() -> None:
    """What the balancer leads elsewhere than to the node that is meant would come back to the one that sent it."""
    found = read("province.yml")["services"]
    names = [found[one]["environment"]["ORTHANC__GECIT__SIGN_IN__PUBLIC_URL"] for one in ("node-a", "node-b")]
    assert len(set(names)) == 2
    assert ":-b." in names[1] and "server b door-b:" in (DOCKER / "haproxy.cfg").read_text()


@pytest.mark.parametrize(
    ("began", "asked", "misled"),
    [
        ("a.x", "a.x", "0"),
        ("a.x", "b.x", "1"),
        ("b.x", "a.x", "1"),
        ("b.x", "b.x", "0"),  # also at node a, while b is away
        ("localhost", "balancer", "0"),  # Prometheus
        ("", "gecit", "0"),  # the balancer's own look
    ],
)
def test_who_asks_for_another_node_on_a_connection_that_began_with_this_one_is_told_so(
    began: str, asked: str, misled: str
) -> None:
    """Browsers do, over HTTP/2, where one certificate is good for both names and one address stands behind them."""
    [table] = re.findall(
        r"map \"\$ssl_server_name/\$host\" \$misled \{ default 0; (.+) \}", (DOCKER / "nginx.conf").read_text()
    )
    entries = re.findall(r'"~\*?([^"]+)" (\d);', table)
    assert len(entries) == 2
    found = next((value for pattern, value in entries if re.search(pattern, f"{began}/{asked}")), "0")
    assert found == misled
    assert "if (\\$misled) { return 421; }" in (DOCKER / "proxy.sh").read_text()


def test_the_start_hands_libpq_a_password_file_of_its_own(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a:b\\c\n")
    script = (DOCKER / "start.sh").read_text().replace("/tmp/pgpass", str(tmp_path / "pgpass"))
    environ = {"GECIT_LEDGER_PASSWORD_FILE": str(secret), "TMPDIR": str(tmp_path / "tmp"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["/bin/sh", "-c", script, "start", "echo", "well"], env=environ, capture_output=True)
    assert (done.returncode, done.stdout) == (0, b"well\n")
    written = tmp_path / "pgpass"
    assert written.read_text() == "*:*:*:*:a\\:b\\\\c\n"
    assert written.stat().st_mode & 0o777 == 0o600
    secret.write_text("")
    assert subprocess.run(["/bin/sh", "-c", script, "start", "echo", "well"], env=environ).returncode == 2


def test_what_orthanc_teams_start_makes_of_our_files_and_variables_is_taken(tmp_path: Path) -> None:
    made = tmp_path / "orthanc.json"
    script = (DOCKER / "test/orthancteam-start.py").read_text(encoding="utf-8")
    for there, here in (("/etc/orthanc", HOME / "orthanc-config"), ("/tmp/orthanc.json", made), ("os.execvp", "print")):
        assert there in script
        script = script.replace(there, str(here))
    environ = {
        "GECIT_HOME": str(HOME),
        "GECIT_DATA": str(tmp_path / "data"),
        "ORTHANC__NAME": "hastane",
        "ORTHANC__GECIT__MLLP_PORT": "2600",
        "ORTHANC__GECIT__MEDULA__HBYS_CODE": "x",
    }
    subprocess.run([sys.executable, "-c", script], env=environ, check=True, timeout=60)
    settings = load(made, environ)
    assert (settings.name, settings.mllp_port, settings.medula.hbys_code) == ("hastane", 2600, "x")
    assert not settings.remote_access_allowed
