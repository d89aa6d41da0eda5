"""Compose files and Dockerfiles hold what docs/howto/containers.md says of them; `make docker-test` runs them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gecit.settings import load
from gecit.settings.reference import REFERENCE

HOME = Path(__file__).parents[1]
DOCKER = HOME / "docker"
FILES = ("hospital.yml", "province.yml", "demo.yml")
IMAGES = {
    "node": "Dockerfile",
    "proxy": "Dockerfile",
    "database": "Dockerfile.around",
    "balancer": "Dockerfile.around",
    "metrics": "Dockerfile.around",
    "demo": "Dockerfile.around",
}
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
    assert "org.opencontainers.image.title" in text
    assert image == "demo" or "HEALTHCHECK" in text  # the demo has its node's


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
    assert ":-b." in names[1] and "req.ssl_sni -m beg -i b." in (DOCKER / "haproxy.cfg").read_text()


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
