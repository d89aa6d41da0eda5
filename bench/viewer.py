"""The viewer: bytes that a browser fetches before it shows a CT, images and their metadata not counted.

Once with an empty cache and once again with the same browser, counted by Chromium itself as they came over the wire;
what its workers fetch it does not count (three scripts of 49 kB at the first visit, by nginx's log).
The anchor is the package as OHIF publishes it, served by nginx as it is, with our DICOMweb as its only data source.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait
from tests.support.chromium import asked, chromium
from tests.support.nginx import MAIN, Nginx
from tests.support.node import HOME, Node, free_ports, until
from tests.support.viewer import RADIOLOGIST, make_studies, people, study_uid, upload

from .figures import Figure, Goal, compare
from .machine import elsewhere, machine_now

FIRST = Goal(most=3_200_000, absolute=True)
SECOND = Goal(most=4_096, absolute=True)
PATIENCE = 90
IMAGES = ("/dicom-web/", "/gecit/dicom-web/")
PICTURE = """
return [...document.querySelectorAll('canvas.cornerstone-canvas')].some(one => {
  if (!one.width || !one.height) return false;
  const data = one.getContext('2d').getImageData(one.width / 4, one.height / 4, one.width / 2, one.height / 2).data;
  return new Set(data).size > 3;
});
"""
UNTOUCHED = """server {{
    listen 127.0.0.1:{port};
    root {dist};
    types {{ text/html html; text/css css; text/javascript js; application/wasm wasm; font/woff2 woff2; }}
    location / {{ try_files $uri /index.html; }}
    location /dicom-web/ {{
        proxy_pass http://127.0.0.1:{orthanc};
        proxy_set_header Authorization "{authorization}";
    }}
}}
"""


def figures(rounds: int, patience: float) -> Iterator[Figure]:
    """Open a CT twice in each round. The bytes hardly differ between rounds, and no other work changes them."""
    taken: dict[str, list[tuple[float, float, float]]] = {"first visit": [], "second visit": []}
    others: list[float] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        front, theirs, uid = stack.enter_context(_served(folder))
        for number in range(min(rounds, 3)):
            before = machine_now()
            mine = _visits(folder / f"{number}-ours", front.url, uid, front.believed)
            one, other = (_visits(folder / f"{number}-{name}", theirs, uid, "") for name in ("one", "other"))
            for name, values in zip(taken, zip(mine, one, other, strict=True), strict=True):
                taken[name].append(values)
            others.append(elsewhere(before, machine_now(), 0.0))
    for name, goal in (("first visit", FIRST), ("second visit", SECOND)):
        yield compare("viewer", name, "static", "byte", taken[name], others, goal, "OHIF as published")


@contextmanager
def _served(folder: Path) -> Iterator[tuple[Nginx, str, str]]:
    """Start a node with a CT, nginx before it, and nginx with the untouched package; give addresses and the study."""
    studies = {"CT": make_studies(folder / "studies")["CT"]}
    (folder / "node").mkdir()
    node = Node(folder / "node", environ={"ORTHANC__GECIT__SETTLE_SECONDS": "0.2"})
    people(node)
    with ExitStack() as stack:
        stack.callback(node.end)
        node.start().wait_live()
        upload(node, studies)
        front = Nginx(folder / "nginx", node)
        stack.callback(front.end)
        front.start()
        yield front, stack.enter_context(_untouched(folder / "untouched", node)), study_uid(studies["CT"])


@contextmanager
def _untouched(folder: Path, node: Node) -> Iterator[str]:
    """Serve the package as it is; only its configuration names our server instead of the public demonstration."""
    folder.mkdir()
    chosen = json.loads((HOME / "assets/ohif.json").read_text())
    package = chosen["package"].removeprefix("@").replace("/", "-")
    packed = HOME / f"build/npm/{package}-{chosen['version']}.tgz"
    left = ("--exclude=*/dist/ort", "--exclude=*.map")  # large, and nobody asks for them
    subprocess.run(["tar", "-xzf", str(packed), "-C", str(folder), *left], check=True)
    config = folder / "package/dist/app-config.js"
    config.write_text(config.read_text().replace("https://d14fa38qiwhyfd.cloudfront.net/dicomweb", "/dicom-web"))
    (port,) = free_ports(1)
    text = UNTOUCHED.format(
        port=port, dist=folder / "package/dist", orthanc=node.http, authorization=node.internal()["Authorization"]
    )
    (folder / "gecit.conf").write_text(text)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    process = subprocess.Popen(["/usr/sbin/nginx", "-c", str(folder / "nginx.conf")])
    try:
        until(lambda: (folder / "nginx.pid").exists(), 20, "nginx with the untouched package listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _visits(profile: Path, url: str, uid: str, believed: str) -> tuple[float, float]:
    """Return the static bytes of a first and of a second visit of one browser; `believed` where it is our node."""
    with chromium(profile, switches=(believed,) if believed else ()) as browser:
        if believed:
            sign_in(browser, url)
        page = f"{url}{'/gecit/ohif' if believed else ''}/viewer?StudyInstanceUIDs={uid}"
        return _visit(browser, page), _visit(browser, page)


def sign_in(browser: webdriver.Chrome, url: str) -> None:
    """Sign in as the radiologist."""
    browser.get(f"{url}/gecit/sign-in")
    for name, value in zip(("name", "password"), RADIOLOGIST, strict=True):
        browser.find_element("name", name).send_keys(value)
    browser.find_element("css selector", "form[action='/gecit/sign-in'] button").click()
    WebDriverWait(browser, PATIENCE).until(lambda page: "/sign-in" not in page.current_url)


def _visit(browser: webdriver.Chrome, page: str) -> float:
    browser.get("about:blank")
    asked(browser)
    browser.get(page)
    WebDriverWait(browser, PATIENCE, ignored_exceptions=[Exception]).until(lambda one: one.execute_script(PICTURE))
    origin = page.partition("/viewer")[0].removesuffix("/gecit/ohif")
    seen = [one for one in asked(browser) if one.url.startswith(origin)]
    found = sum(one.bytes for one in seen if not any(part in one.url for part in IMAGES))
    return float(max(found, 1))  # the package's own service worker may ask for nothing, and a ratio needs something
