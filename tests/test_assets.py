"""What browsers are given is fetched by version and hash, and built whole."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
ASSETS, BUILT = REPOSITORY / "assets", REPOSITORY / "build/assets"


def test_every_package_is_pinned_by_a_hash_and_no_registry_is_named() -> None:
    wanted = json.loads((ASSETS / "package.json").read_text())
    for version in {**wanted.get("dependencies", {}), **wanted.get("devDependencies", {})}.values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), "exact, no range"
    lock = (ASSETS / "package-lock.json").read_text()
    assert "resolved" not in lock
    packages = {name: one for name, one in json.loads(lock)["packages"].items() if name}
    assert packages and all(one["integrity"].startswith("sha512-") for one in packages.values())
    settings = (ASSETS / ".npmrc").read_text().split()
    assert {"omit-lockfile-registry-resolved=true", "ignore-scripts=true"} <= set(settings)


@pytest.mark.parametrize("name", ["ohif/app.js", "ohif/app.css", "ohif/app-config.js", "ohif/viewer.css"])
def test_what_pages_name_is_there_under_a_name_of_its_content(name: str) -> None:
    served = json.loads((BUILT / "manifest.json").read_text())[name]
    assert (BUILT / "served" / served).is_file()
    assert re.search(r"[0-9a-f]{10}", served)


def test_every_served_file_is_of_a_kind_that_is_known() -> None:
    from gecit.web.assets import KINDS

    endings = {one.suffix for one in (BUILT / "served").rglob("*") if one.is_file()} - {".br", ".gz"}
    assert endings <= set(KINDS)


def test_the_viewer_names_no_other_place_than_ours() -> None:
    served = json.loads((BUILT / "manifest.json").read_text())
    config = (BUILT / "served" / served["ohif/app-config.js"]).read_text()
    assert "http:" not in config and "https:" not in config and "{base}" not in config
    folder = (BUILT / "served" / served["ohif/app.js"]).parent
    left = [
        one.name
        for one in folder.rglob("*")
        if re.search(r"sw\.js|service-worker|\.map$|microscopy-viewer|^ort$", one.name)
    ]
    assert left == []
    scripts = [one.read_text() for one in folder.glob("*.js")]
    assert not any(re.search(r'\.p ?= ?"/"', one) for one in scripts)
    assert "MIT License" in (folder / "LICENSE.txt").read_text()


def test_another_package_than_the_edits_were_made_for_stops_the_build(tmp_path: Path) -> None:
    work = tmp_path / "npm"
    (work / "ohif/dist").mkdir(parents=True)
    shutil.copytree(ASSETS, tmp_path / "assets")
    chosen = json.loads((ASSETS / "ohif.json").read_text())
    (tmp_path / "assets/ohif.json").write_text(json.dumps({**chosen, "integrity": "sha512-another"}))
    for one in ("node_modules", "package.json"):
        (work / one).symlink_to(REPOSITORY / "build/npm" / one)
    packed = f"ohif-app-{chosen['version']}.tgz"
    (work / packed).symlink_to(REPOSITORY / "build/npm" / packed)
    command = [shutil.which("node") or "", str(tmp_path / "assets/build.mjs"), str(work), str(tmp_path / "built")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env={"PATH": str(_no_npm(tmp_path))})
    assert done.returncode != 0 and "is not what ohif.json names" in done.stderr
    edits = tmp_path / "assets/ohif-edits.mjs"
    edits.write_text(edits.read_text().replace("times: 8,", "times: 9,"))
    (tmp_path / "assets/ohif.json").write_text(json.dumps(chosen))
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0 and "stands 8 times, not 9" in done.stderr


def _no_npm(folder: Path) -> Path:
    """Return a folder for PATH whose npm fetches nothing."""
    made = folder / "bin"
    made.mkdir()
    for name in ("node", "tar", "gzip"):
        (made / name).symlink_to(shutil.which(name) or "")
    (made / "npm").write_text("#!/bin/true\n")
    (made / "npm").chmod(0o755)
    return made
