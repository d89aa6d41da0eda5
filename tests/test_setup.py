"""Set-up and shipped configuration: what they do on a machine, tried with stand-ins for apt and with a real Orthanc."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import json5
import pytest
import requests

REPOSITORY = Path(__file__).parents[1]
CONFIG = REPOSITORY / "orthanc-config"
ORTHANC = Path("/usr/sbin/Orthanc")


def script(folder: Path, name: str, body: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)


def set_up(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["scripts/setup.sh", *arguments],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A copy of the set-up on a machine without any of the packages, as a user who is not root; apt only records."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(REPOSITORY / "scripts/setup.sh", tmp_path / "scripts")
    fake = tmp_path / "bin"
    fake.mkdir()
    script(fake, "dpkg-query", "exit 1")
    script(fake, "apt-get", "exit 99")
    script(fake, "id", "echo 1000")
    return tmp_path


def test_a_second_set_up_changes_nothing() -> None:
    if not (REPOSITORY / ".venv/.gecit-test").exists():
        pytest.skip("not set up by scripts/setup.sh")
    done = set_up(REPOSITORY, "--test")
    assert done.returncode == 0, done.stderr
    assert "kuruluyor" not in done.stdout
    assert done.stdout.count("tamam") == 3  # Debian, Python, web files


def test_without_rights_the_set_up_says_what_an_administrator_must_run(bare: Path) -> None:
    script(bare / "bin", "sudo", "exit 1")
    done = set_up(bare, PATH=f"{bare}/bin:{os.environ['PATH']}")
    assert done.returncode == 1
    assert "apt-get install --no-install-recommends orthanc orthanc-python" in done.stderr
    assert "bir yönetici" in done.stderr
    assert "postgresql" not in done.stderr


def test_with_sudo_it_updates_first_installs_without_questions_and_starts_no_service(bare: Path) -> None:
    # Ends after apt: the recorded install fails, so that no virtual environment is made here.
    script(bare / "bin", "sudo", f'echo "$*" >> {bare}/calls\ncase "$*" in *" install "*) exit 7;; esac')
    done = set_up(bare, "--test", PATH=f"{bare}/bin:{os.environ['PATH']}")
    calls = (bare / "calls").read_text().splitlines()
    assert done.returncode == 7
    assert all(call.startswith("-n ") for call in calls)
    apt = [call for call in calls if "apt-get" in call]
    assert apt[0].endswith(" update")
    assert "DEBIAN_FRONTEND=noninteractive" in apt[1]
    assert " install -y --no-install-recommends orthanc " in apt[1]
    assert "postgresql" in apt[1]
    ours = [call for call in calls if "policy-rc.d" in call]
    if not Path("/usr/sbin/policy-rc.d").exists():
        assert [call.split()[1] for call in ours] == ["tee", "chmod", "rm"]
        assert calls.index(ours[0]) < calls.index(apt[1]) < calls.index(ours[-1])
    else:
        assert ours == []  # somebody else's stays


def test_an_unknown_option_is_refused(bare: Path) -> None:
    done = set_up(bare, "--tset")
    assert done.returncode == 1
    assert "--tset" in done.stderr


def test_a_suite_that_fails_fails_the_run_and_the_next_one_still_runs(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / ".venv/bin").mkdir(parents=True)
    shutil.copy(REPOSITORY / "scripts/suites.sh", tmp_path / "scripts")
    script(tmp_path / ".venv/bin", "python", 'case "$*" in *"not system"*) exit 1;; *browser*) exit 5;; esac')
    done = subprocess.run(
        ["scripts/suites.sh", "fast=1", "system=1", "browser=1"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "== fast: HATA" in done.stdout
    assert "== system: tamam" in done.stdout
    assert "== browser: test yok" in done.stdout
    assert done.stdout.endswith("failed: fast browser\n")


def test_every_target_of_the_makefile_that_people_use_is_listed() -> None:
    listed = subprocess.run(["make", "-s"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    targets = {line.split()[1] for line in listed.splitlines()}
    assert {"demo", "run", "test", "check", "bench", "bench-%", "lock", "clean", "help"} <= targets


def keys_of(file: Path) -> set[str]:
    text = re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", file.read_text(encoding="utf-8"))
    return {key for key in json5.loads(text, allow_duplicate_keys=False) if key not in ("DicomWeb", "Python", "Gecit")}


@pytest.mark.parametrize("name", ["orthanc.json", "python.json"])
def test_every_value_of_the_shipped_configuration_is_explained(name: str) -> None:
    readme = (CONFIG / "README.md").read_text(encoding="utf-8")
    section = readme.split(f"## `{name}`")[1].split("\n## ")[0]
    assert keys_of(CONFIG / name) <= set(re.findall(r"`([A-Za-z]+)`", section))


def test_every_key_of_orthanc_json_is_one_that_orthanc_reads() -> None:
    if not ORTHANC.exists():
        pytest.skip("no Orthanc here")
    libraries = sorted(Path("/usr/lib").glob("*-linux-gnu/libOrthanc*.so*"))
    binary = b"".join(file.read_bytes() for file in [ORTHANC.resolve(), *libraries])
    unknown = {key for key in keys_of(CONFIG / "orthanc.json") if key.encode() not in binary}
    assert unknown == set()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A real Orthanc on the shipped folder, its Python plugin left out; gives its address and DICOM port."""
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config, ignore=shutil.ignore_patterns("python.json"))
    http, dicom = free_port(), free_port()
    ports = {"GECIT_HTTP_PORT": str(http), "GECIT_DICOM_PORT": str(dicom), "GECIT_DATA": str(tmp_path / "data")}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([ORTHANC, config], env={**os.environ, **ports}, stdout=log, stderr=log)
        try:
            wait_until_up(f"http://127.0.0.1:{http}/system", process, tmp_path / "log")
            yield f"http://127.0.0.1:{http}", dicom
        finally:
            process.terminate()
            process.wait(timeout=30)


def wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        if process.poll() is not None:
            break
        try:
            requests.get(url, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())


@pytest.mark.system
def test_a_real_orthanc_starts_with_the_shipped_folder_and_keeps_its_doors_closed(
    orthanc: tuple[str, int], tmp_path: Path
) -> None:
    url, dicom = orthanc
    assert requests.get(f"{url}/system", timeout=5).json()["DicomAet"] == "GECIT"
    assert set(requests.get(f"{url}/plugins", timeout=5).json()) == {"explorer.js", "python", "dicom-web"}
    assert requests.post(f"{url}/tools/execute-script", data="print(1)", timeout=5).status_code == 403
    assert requests.get(f"{url}/webdav/", timeout=5).status_code == 404
    assert (tmp_path / "data/orthanc/index").is_file()

    def echo(title: str) -> int:
        return subprocess.run(["echoscu", "-aec", title, "127.0.0.1", str(dicom)], capture_output=True).returncode

    assert echo("GECIT") == 0
    assert echo("OTHER") != 0
    sample = next((REPOSITORY / "build/testdata/openrem").glob("CT-RDSR-GE*.dcm"), None)
    if sample is None:
        return
    send = ["storescu", "-aec", "GECIT", "-aet", "STRANGER", "127.0.0.1", str(dicom), str(sample)]
    assert subprocess.run(send, capture_output=True).returncode != 0
    requests.put(f"{url}/modalities/pacs", json=["STRANGER", "127.0.0.1", 104], timeout=5).raise_for_status()
    assert subprocess.run(send, capture_output=True).returncode == 0
