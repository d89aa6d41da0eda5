import json
import signal
import socket
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.support.node import HOME, STOP_SECONDS, Node, free_ports, until

pytestmark = pytest.mark.system
Make = Callable[..., Node]

GUARDED = (
    "/",
    "/system",
    "/app/explorer.html",
    "/instances",
    "/changes",
    "/tools/metrics-prometheus",
    "/dicom-web/studies",
    "/wado",
    "/gecit/../system",
    "//system",
    "/gecit/%2e%2e/system",
    "/gecitx",
)


@pytest.mark.parametrize("path", GUARDED)
def test_nothing_of_orthanc_opens_without_credentials(orthanc_node: Node, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}):
        assert orthanc_node.get(path, signed_in=False, headers=headers).status_code == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_of_orthanc_is_written_without_credentials(orthanc_node: Node, method: str) -> None:
    for path in ("/instances", "/modalities/x", "/dicom-web/studies", "/tools/execute-script"):
        assert orthanc_node.ask(method, path, signed_in=False).status_code == 403


@pytest.mark.parametrize("path", ["/system", "/app/explorer.html", "/instances", "/dicom-web/studies", "/gecit"])
def test_an_administrator_opens_all_of_it(orthanc_node: Node, path: str) -> None:
    assert orthanc_node.get(path).status_code == 200


def test_the_internal_token_opens_and_stands_in_a_file_of_its_own_user(orthanc_node: Node) -> None:
    assert orthanc_node.get("/system", signed_in=False, headers=orthanc_node.internal()).status_code == 200
    run = orthanc_node.data / "run"
    there = {one.name for one in run.iterdir()}
    later = {"home", "home.lock", "reading"}
    assert there - later == {"internal.token", "effective.json", "lock", "asked"}
    assert {stat.S_IMODE(one.stat().st_mode) for one in run.iterdir()} == {0o600}
    assert (run / "internal.token").read_text() not in (run / "effective.json").read_text()


@pytest.mark.parametrize("path", ["/gecit", "/gecit/", "/gecit/health", "/gecit/api/exams", "/gecit/exams/1/2"])
def test_pages_and_json_ask_for_a_sign_in(orthanc_node: Node, path: str) -> None:
    answer = orthanc_node.get(path, signed_in=False)
    assert answer.status_code == 401
    assert ("WWW-Authenticate" in answer.headers) == ("/api/" not in path)


def test_the_forwarder_carries_what_orthanc_gives_of_a_request(orthanc_node: Node) -> None:
    page = orthanc_node.get("/gecit", params={"accession": "İğ ş+ç&=%41"})
    assert 'value="İğ ş+ç&amp;=%41"' in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    repeated = orthanc_node.get("/gecit?accession=first&accession=last").text
    assert 'value="last"' in repeated, "Orthanc gives the last of repeated keys"
    english = orthanc_node.get("/gecit?lang=en")
    assert english.cookies["gecit_lang"] == "en"
    assert '<html lang="en">' in orthanc_node.get("/gecit", cookies={"gecit_lang": "en"}).text


def test_the_forwarder_carries_statuses_and_kinds(orthanc_node: Node) -> None:
    missing = orthanc_node.get("/gecit/api/exams/910001/YOK İ")
    assert missing.status_code == 404 and missing.headers["Content-Type"] == "application/problem+json"
    assert missing.json()["title"]["tr"] == "Böyle bir kayıt yok"
    page = orthanc_node.get("/gecit/yok")
    assert page.status_code == 404 and page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "</html>" in page.text and int(page.headers["Content-Length"]) == len(page.content)
    assert orthanc_node.ask("POST", "/gecit/api/exams", data="x").status_code == 405
    css = orthanc_node.get("/gecit/static/gecit.css", signed_in=False)
    assert css.headers["Content-Type"].startswith("text/css") and "--bs-body-font-size" in css.text


def test_too_many_wrong_passwords_reach_the_client_as_an_answer(orthanc_node: Node) -> None:
    answers = [
        orthanc_node.get("/gecit", signed_in=False, auth=("kötü".encode(), f"{number}".encode()))
        for number in range(12)
    ]
    assert [one.status_code for one in answers[:10]] == [401] * 10
    assert answers[-1].status_code == 503, "429 as Orthanc can say it"


def test_nothing_secret_and_no_query_stands_in_the_log(orthanc_node: Node) -> None:
    orthanc_node.get("/gecit?accession=10000000146")
    text = orthanc_node.log_text()
    assert "10000000146" not in text and "gizli" not in text
    assert (orthanc_node.data / "run/internal.token").read_text() not in text


def test_the_supervisor_tells_its_children_to_the_health_page(orthanc_node: Node) -> None:
    until(lambda: "orthanc" in orthanc_node.get("/gecit/api/health").text, 10, "a beat of Orthanc")
    found = orthanc_node.get("/gecit/api/health").json()
    assert {"orthanc", "web"} <= {one["process"] for one in found["processes"] if one["ok"]}
    orthanc = next(one for one in found["processes"] if one["process"] == "orthanc")
    children = {f"{name}.{what}" for name in ("web", "listen", "work") for what in ("pid", "restarts")}
    assert set(orthanc["detail"]) == {*children, "computer"}
    assert orthanc["detail"]["computer"] == socket.gethostname()


def running(make_node: Make, **more: object) -> Node:
    node = make_node(**more)
    node.add_administrator()
    return node.start().wait_live()


def test_a_process_that_is_killed_comes_back_and_its_absence_is_said(make_node: Make) -> None:
    node = running(make_node)
    first = node.children()["web"]
    first.kill()
    until(lambda: node.get("/gecit").status_code in (502, 200), 5, "an answer meanwhile")
    until(lambda: node.get("/gecit").status_code == 200, 20, "the web process is back")
    assert node.children()["web"].pid != first.pid
    assert "web ended with -9" in node.log_text()


def test_the_answer_while_the_web_process_is_down_is_in_both_languages(make_node: Make) -> None:
    node = running(make_node)
    web = node.children()["web"]
    web.suspend()
    web.kill()
    answer = node.get("/gecit")
    if answer.status_code != 200:  # it may be back already
        assert answer.status_code == 502
        assert "yanıt vermiyor" in answer.content.decode() and "does not answer" in answer.content.decode()
        assert answer.headers["Retry-After"] == "5"


def all_children(node: Node) -> list[psutil.Process]:
    assert node.process
    parent = psutil.Process(node.process.pid)
    until(lambda: len(parent.children()) == 3, 10, "three processes")
    return parent.children()


def test_after_sigkill_of_orthanc_no_process_is_left(make_node: Make) -> None:
    node = running(make_node)
    children = all_children(node)
    assert node.process
    node.process.kill()
    node.process.wait()
    until(lambda: not any(one.is_running() for one in children), 15, "all children ended")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_orthanc_and_all_its_processes_cleanly(make_node: Make, number: signal.Signals) -> None:
    node = running(make_node)
    children = all_children(node)
    assert node.process
    node.process.send_signal(number)
    assert node.process.wait(STOP_SECONDS) == 0
    assert not any(one.is_running() for one in children)
    assert "Orthanc has stopped" in node.log_text()
    assert "is killed" not in node.log_text()
    assert (node.data / "ledger.db").stat().st_size > 0
    assert not (node.data / "ledger.db-wal").exists()  # whoever copies the file has all of it


def test_a_wrong_configuration_stops_the_start_and_all_faults_are_named(make_node: Make) -> None:
    node = make_node(
        environ={
            "ORTHANC__GECIT__SETTLE_SECONDS": "soon",
            "ORTHANC__GECIT__MEDULA__URL": "relative/path",
            "ORTHANC__GECIT__ROLE": "Nodde",
        }
    )
    node.start()
    assert node.process and node.process.wait(20) != 0
    for key in ("SETTLE_SECONDS", "MEDULA__URL", "ROLE"):
        assert key in node.log_text()
    assert not (node.data / "run").exists()
    assert "settings/read.py" not in node.log_text(), "whoever mends a setting is shown no place in our code"


def open_config(tmp_path: Path) -> Path:
    """Our configuration with remote access switched on."""
    folder = tmp_path / "open-config"
    folder.mkdir()
    for file in (HOME / "orthanc-config").glob("*.json"):
        text = file.read_text()
        changed = text.replace('"RemoteAccessAllowed": false', '"RemoteAccessAllowed": true')
        (folder / file.name).write_text(changed)
    return folder


def test_remote_access_without_an_administrator_does_not_start(make_node: Make, tmp_path: Path) -> None:
    config = open_config(tmp_path)
    closed = make_node(config=config).start()
    assert closed.process and closed.process.wait(20) != 0
    assert "gecit users add" in closed.log_text()
    opened = running(make_node, config=config)
    assert opened.get("/system", signed_in=False).status_code == 403


def test_effective_configuration_gives_the_children_the_same_settings(orthanc_node: Node) -> None:
    found = json.loads((orthanc_node.data / "run/effective.json").read_text())
    assert found["HttpPort"] == orthanc_node.http
    assert found["Gecit"]["WebPort"] == orthanc_node.web


def test_a_second_node_on_the_same_folder_is_refused_and_harms_nothing(orthanc_node: Node) -> None:
    effective = (orthanc_node.data / "run" / "effective.json").read_bytes()
    names = ("GECIT_HTTP_PORT", "GECIT_DICOM_PORT", "GECIT_MLLP_PORT", "GECIT_WEB_PORT")
    others = dict(zip(names, map(str, free_ports(4)), strict=True))
    environ = {**orthanc_node.environ, **others}
    done = subprocess.run(
        ["/usr/sbin/Orthanc", str(HOME / "orthanc-config")], env=environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert "A running node uses the folder" in done.stdout + done.stderr
    assert (orthanc_node.data / "run" / "effective.json").read_bytes() == effective
    assert orthanc_node.get("/gecit/api/live").status_code == 200
