"""What `make install` lays, keeps and takes away, under a folder; `make debian-test` starts a node of it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gecit.settings import load
from tests.support.certificates import Authority
from tests.support.nginx import MAIN
from tests.support.node import HOME, free_ports

UNITS = Path("/usr/lib/systemd/system")
DROPIN = "usr/lib/systemd/system/orthanc.service.d/gecit.conf"
LAID = {
    "usr/bin/gecit": 0o755,
    "usr/lib/gecit/plugins/main.py": 0o644,
    "usr/lib/gecit/plugins/gecit/__init__.py": 0o644,
    "usr/lib/gecit/rules/README.md": 0o644,
    "usr/lib/gecit/build/assets/served": 0o755,
    "usr/lib/gecit/environment": 0o644,
    DROPIN: 0o644,
    "usr/lib/tmpfiles.d/gecit.conf": 0o644,
    "usr/share/doc/gecit/LICENSE": 0o644,
    "usr/share/doc/gecit/docs/howto/install.md": 0o644,
    "etc/gecit": 0o750,
    "etc/gecit/tls": 0o750,
    "etc/gecit/orthanc.json": 0o640,
    "etc/gecit/dicomweb.json": 0o640,
    "etc/gecit/python.json": 0o640,
    "etc/gecit/gecit.json": 0o640,
    "etc/gecit/environment": 0o640,
    "etc/nginx/sites-available/gecit.conf": 0o644,
    "etc/logrotate.d/gecit": 0o644,
    "var/lib/gecit": 0o700,
    "var/log/gecit": 0o750,
}
"""Path and mode of what must be there."""


def install(folder: Path, *arguments: str, prefix: str = "/usr") -> subprocess.CompletedProcess[str]:
    if not (HOME / "build/assets/.stamp").exists():
        pytest.skip("not set up by scripts/setup.sh")
    environ = {**os.environ, "DESTDIR": str(folder), "PREFIX": prefix}
    return subprocess.run(
        [HOME / "scripts/install.sh", *(arguments or ("--without-venv",))],
        env=environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def laid(folder: Path) -> dict[str, tuple[int, str]]:
    """Return mode and content of everything below a folder."""
    return {
        str(one.relative_to(folder)): (
            one.stat().st_mode,
            hashlib.sha256(one.read_bytes()).hexdigest() if one.is_file() else "",
        )
        for one in sorted(folder.rglob("*"))
    }


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation that tests only read."""
    folder = tmp_path_factory.mktemp("installed")
    done = install(folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An installation that a test may change."""
    folder = tmp_path / "root"
    done = install(folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_everything_lies_where_debian_expects_it_and_secrets_are_nobody_elses(installed: Path) -> None:
    found = {name: (installed / name).stat().st_mode & 0o7777 for name in LAID if (installed / name).exists()}
    assert found == LAID
    assert not list(installed.rglob("__pycache__"))
    writable = [one for one in installed.rglob("*") if not one.is_symlink() and one.stat().st_mode & 0o022]
    assert writable == []


def test_the_laid_configuration_is_read_without_a_fault_and_names_the_installation(installed: Path) -> None:
    lines = (installed / "usr/lib/gecit/environment").read_text().splitlines()
    environ = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert environ["TCP_NODELAY"] == "1"
    assert environ["GECIT_HOME"] == "/usr/lib/gecit" and environ["GECIT_DATA"] == "/var/lib/gecit"
    home = installed / "usr/lib/gecit"
    settings = load(installed / environ["GECIT_CONFIG"].lstrip("/"), {**environ, "GECIT_HOME": str(home)})
    assert settings.rules == home / "rules"
    served = f"/{settings.assets.relative_to(installed)}/served/"
    assert f"alias {served};" in (installed / "etc/nginx/sites-available/gecit.conf").read_text()
    assert (installed / served.lstrip("/")).is_dir()


def test_another_prefix_is_named_wherever_the_first_was(tmp_path: Path) -> None:
    assert install(tmp_path, prefix="/opt/site").returncode == 0
    for name in ("opt/site/bin/gecit", "opt/site/lib/gecit/environment", DROPIN):
        text = (tmp_path / name).read_text()
        assert "/opt/site/lib/gecit" in text and "/usr/lib/gecit" not in text, name
    assert not (tmp_path / "usr/lib/gecit").exists()


def test_a_second_install_changes_nothing(root: Path) -> None:
    before = laid(root)
    done = install(root)
    assert done.returncode == 0, done.stderr
    assert laid(root) == before
    assert ".dpkg-dist" not in done.stdout


def test_an_upgrade_keeps_what_the_site_wrote_and_lays_the_new_default_beside_it(root: Path) -> None:
    etc, record = root / "etc/gecit", root / "usr/lib/gecit/conffiles/etc/gecit"
    now = {name: (record / name).read_text() for name in ("orthanc.json", "dicomweb.json", "gecit.json", "python.json")}
    (record / "orthanc.json").write_text("// of an older version\n")
    (etc / "orthanc.json").write_text("// of an older version, changed by the site\n")
    (record / "dicomweb.json").write_text("// of an older version\n")
    (etc / "dicomweb.json").write_text("// of an older version\n")
    (etc / "gecit.json").write_text("// changed by the site, and the default is as it was\n")
    (etc / "python.json").unlink()
    (etc / "site.json").write_text("{}\n")
    (etc / "python.json.new").write_text("// laid by a version that named it so\n")

    done = install(root)

    assert done.returncode == 0, done.stderr
    assert (etc / "orthanc.json").read_text() == "// of an older version, changed by the site\n"
    assert (etc / "orthanc.json.dpkg-dist").read_text() == now["orthanc.json"]
    assert "/etc/gecit/orthanc.json.dpkg-dist" in done.stdout
    assert (etc / "dicomweb.json").read_text() == now["dicomweb.json"], "nobody had changed it"
    assert (etc / "gecit.json").read_text() == "// changed by the site, and the default is as it was\n"
    assert not (etc / "gecit.json.dpkg-dist").exists()
    assert not (etc / "python.json").exists(), "what the site removed stays away"
    assert (etc / "site.json").read_text() == "{}\n"

    (etc / "orthanc.json").write_text(now["orthanc.json"])
    assert install(root).returncode == 0
    assert not (etc / "orthanc.json.dpkg-dist").exists(), "taken over: nothing is left to be looked at"
    assert not list(etc.glob("*.new"))


def test_uninstall_leaves_data_and_configuration_and_nothing_else_of_ours(root: Path) -> None:
    (root / "var/lib/gecit/ledger.db").write_text("exams")
    (root / "etc/gecit/tls/web.key").write_text("key")
    kept = {name: found for name, found in laid(root).items() if name.startswith(("etc", "var"))}
    done = install(root, "--uninstall")
    assert done.returncode == 0, done.stderr
    left = laid(root)
    assert {name: found for name, found in left.items() if name.startswith(("etc", "var"))} == kept
    assert [name for name in left if "gecit" in name and not name.startswith(("etc", "var"))] == []
    assert install(root, "--uninstall").returncode == 0, "a second time there is nothing to be done"


@pytest.mark.parametrize(
    ("arguments", "destination", "words"),
    [(("--purge",), "/nowhere", "--purge"), ((), "relative", "mutlak"), (("--uninstall",), "relative", "mutlak")],
)
def test_what_is_not_understood_is_refused_in_words(arguments: tuple[str, ...], destination: str, words: str) -> None:
    done = install(Path(destination), *arguments)
    assert done.returncode == 1
    assert words in done.stderr


@pytest.fixture
def unit(installed: Path, tmp_path: Path) -> Path:
    """Debian's unit with our drop-in, in a root with the targets that it names."""
    if not shutil.which("systemd-analyze") or not (UNITS / "orthanc.service").exists():
        pytest.skip("no systemd or no Orthanc here")
    units = tmp_path / "usr/lib/systemd/system"
    shutil.copytree(installed / Path(DROPIN).parent, units / "orthanc.service.d")
    shutil.copy(UNITS / "orthanc.service", units)
    for one in UNITS.glob("*.target"):
        if one.is_file():
            shutil.copy(one, units)
    for program in ("usr/sbin/Orthanc", "usr/lib/gecit/environment", "bin/false"):
        file = tmp_path / program
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("#!/bin/sh\n")
        file.chmod(0o755)
    return tmp_path


def analyze(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", f"--root={root}", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_systemd_understands_every_line_of_the_unit(unit: Path) -> None:
    done = analyze(unit, "--man=no", "verify", "orthanc.service")
    ours = [line for line in done.stderr.splitlines() if "gecit.conf" in line or "orthanc.service" in line]
    assert ours == []
    text = (unit / "usr/lib/systemd/system/orthanc.service.d/gecit.conf").read_text()
    (unit / "usr/lib/systemd/system/orthanc.service.d/gecit.conf").write_text(f"{text}NoNewPrivilege=yes\n")
    assert "NoNewPrivilege" in analyze(unit, "--man=no", "verify", "orthanc.service").stderr, "the test sees a slip"


def test_systemd_finds_the_service_little_exposed(unit: Path) -> None:
    done = analyze(unit, "security", "--offline=yes", "--threshold=20", "--no-pager", "orthanc.service")
    assert done.returncode == 0, done.stdout[-3000:]
    (unit / "usr/lib/systemd/system/orthanc.service.d/gecit.conf").unlink()
    done = analyze(unit, "security", "--offline=yes", "--threshold=20", "--no-pager", "orthanc.service")
    assert done.returncode != 0, "without ours it is"


def test_nginx_takes_the_laid_site(installed: Path, tmp_path: Path) -> None:
    pair = Authority(tmp_path / "authority").sign("gecit.example")
    plain, tls = free_ports(2)
    text = (installed / "etc/nginx/sites-available/gecit.conf").read_text()
    for shipped, here in (
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl", f"listen 127.0.0.1:{tls} ssl"),
        ("/etc/gecit/tls/web.pem", str(pair.certificate)),
        ("/etc/gecit/tls/web.key", str(pair.key)),
        ("/var/log/nginx", str(tmp_path)),
    ):
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    (tmp_path / "gecit.conf").write_text(text)
    (tmp_path / "nginx.conf").write_text(MAIN.format(folder=tmp_path))
    done = subprocess.run(
        ["/usr/sbin/nginx", "-t", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_logrotate_takes_the_laid_file(installed: Path) -> None:
    done = subprocess.run(
        ["/usr/sbin/logrotate", "--debug", installed / "etc/logrotate.d/gecit"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr
    assert "/var/log/gecit/*.log" in done.stderr


def test_logrotate_passes_over_a_new_default_beside_the_sites_file(root: Path, tmp_path: Path) -> None:
    folder, record = root / "etc/logrotate.d", root / "usr/lib/gecit/conffiles/etc/logrotate.d/gecit"
    record.write_text("# of an older version\n")
    (folder / "gecit").write_text((folder / "gecit").read_text().replace("rotate 14", "rotate 30"))
    assert install(root).returncode == 0
    assert len(list(folder.iterdir())) == 2
    main = tmp_path / "logrotate.conf"
    main.write_text(f"include {folder}\n")
    done = subprocess.run(["/usr/sbin/logrotate", "--debug", main], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr


def test_root_gives_the_service_what_was_laid_and_no_file_of_the_sites_own(root: Path) -> None:
    etc = root / "etc/gecit"
    (etc / "ledger.pgpass").write_text("127.0.0.1:5432:*:gecit:password\n")
    (etc / "orthanc.json.dpkg-dist").write_text("{}\n")
    (etc / "python.json").unlink()
    text = (HOME / "scripts/install.sh").read_text()
    function = text[text.index("give_to_service() {") : text.index("\nreload()")]
    script = f"""set -euo pipefail; etc={etc}; home={root}/usr/lib/gecit; data={root}/var/lib/gecit
        chown() {{ echo "chown $*"; }}; chgrp() {{ echo "chgrp $*"; }}
        {function.replace("conffiles$etc", "conffiles/etc/gecit")}
        give_to_service"""
    done = subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    given = {line.removeprefix(f"chgrp orthanc {etc}/") for line in done.stdout.splitlines() if "chgrp" in line}
    now = {"orthanc.json", "orthanc.json.dpkg-dist", "dicomweb.json", "gecit.json", "environment", "nginx-dicom.conf"}
    assert given == now
    assert f"chown root:orthanc {etc} {etc}/tls" in done.stdout
    assert "pgpass" not in done.stdout and " -R" not in done.stdout


@pytest.fixture
def command(installed: Path, tmp_path: Path) -> Path:
    """The installed command in a folder of its own; its Python prints what it was given, `id -un` says $WHO."""
    home, etc = tmp_path / "home", tmp_path / "etc"
    for folder in (home / ".venv/bin", etc, tmp_path / "bin"):
        folder.mkdir(parents=True)
    shutil.copy(installed / "usr/lib/gecit/environment", home)
    (etc / "environment").write_text("# ours\nGECIT_HTTP_PORT=9042\nORTHANC__GECIT__LOG_LEVEL=a b $(false)")
    text = (installed / "usr/bin/gecit").read_text()
    file = tmp_path / "gecit"
    file.write_text(text.replace("/usr/lib/gecit", str(home)).replace("/etc/gecit", str(etc)))
    said = 'echo "$GECIT_CONFIG|$GECIT_HTTP_PORT|$ORTHANC__GECIT__LOG_LEVEL|$*"'
    for program, body in (
        (home / ".venv/bin/python", said),
        (tmp_path / "bin/id", 'echo "$WHO"'),
        (tmp_path / "bin/runuser", 'echo "as $2"; shift 3; exec "$@"'),
        (file, None),
    ):
        if body:
            program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)
    return file


def call(command: Path, who: str, *arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": f"{command.parent}/bin:{os.environ['PATH']}", "WHO": who, **given}
    return subprocess.run([command, *arguments], env=environ, capture_output=True, text=True, check=False)


def test_the_command_has_the_nodes_folders_and_what_root_does_is_done_by_the_nodes_user(command: Path) -> None:
    as_root, as_orthanc = call(command, "root", "users", "add", "a b"), call(command, "orthanc", "health")
    assert as_root.stdout == "as orthanc\n/etc/gecit|9042|a b $(false)|-P -m gecit.cli users add a b\n"
    assert as_orthanc.stdout == "/etc/gecit|9042|a b $(false)|-P -m gecit.cli health\n"


def test_a_database_that_is_typed_before_the_command_wins_over_the_nodes_own_and_nothing_else_does(
    command: Path,
) -> None:
    with (command.parent / "etc/environment").open("a") as file:
        file.write("\nORTHANC__GECIT__DATABASE=pooled")
    said = command.parent / "home/.venv/bin/python"
    said.write_text('#!/bin/sh\necho "$ORTHANC__GECIT__DATABASE|$GECIT_HTTP_PORT"\n')
    assert call(command, "orthanc", "backup").stdout == "pooled|9042\n"
    given = {"ORTHANC__GECIT__DATABASE": "direct", "GECIT_HTTP_PORT": "1"}
    assert call(command, "root", "backup", **given).stdout == "as orthanc\ndirect|9042\n"


def test_the_command_tells_others_whom_to_be_and_plays_no_day_in_a_nodes_data(command: Path) -> None:
    refused = call(command, "ayşe", "users")
    assert refused.returncode == 2 and "sudo gecit" in refused.stderr
    assert call(command, "ayşe", "selftest", "--list").stdout.endswith("selftest --list\n")
    for who in ("root", "orthanc", "ayşe"):
        demo = call(command, who, "demo")
        assert demo.returncode == 2 and "make demo" in demo.stderr
