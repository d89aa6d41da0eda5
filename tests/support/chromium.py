"""A headless Chromium that reaches nothing but this computer, and what it asked for."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from selenium import webdriver

SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--force-prefers-reduced-motion",  # what is looked at stands still: axe would measure a colour on its way
    "--use-angle=swiftshader",  # WebGL without a graphics card
    "--enable-unsafe-swiftshader",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


class Asked(NamedTuple):
    """One request of a page: what for, what came, and how many bytes it took on the wire (0 = out of the cache)."""

    url: str
    status: int
    kind: str
    encoding: str
    bytes: int


@contextmanager
def chromium(
    profile: Path, *, width: int = 1280, height: int = 900, switches: tuple[str, ...] = ()
) -> Iterator[webdriver.Chrome]:
    """Give a browser with a profile of its own; a phone is 390 wide."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for one in (*SWITCHES, *switches, f"--user-data-dir={profile}"):
        options.add_argument(one)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService("/usr/bin/chromedriver", env={**os.environ, "SE_OFFLINE": "true"})
    driver = webdriver.Chrome(options, service)
    try:
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 800}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        yield driver
    finally:
        driver.quit()


def asked(driver: webdriver.Chrome) -> list[Asked]:
    """Return what was asked for since the last call, in order, redirects too."""
    found: dict[str, dict[str, object]] = {}
    for line in driver.get_log("performance"):
        message = json.loads(line["message"])["message"]
        method, params = message["method"], message["params"]
        if method == "Network.requestWillBeSent":
            if params.get("redirectResponse"):
                found[f"{params['requestId']} {len(found)}"] = _answered(params["redirectResponse"])
            found.setdefault(params["requestId"], {})["url"] = params["request"]["url"]
        elif method == "Network.responseReceived":
            found.setdefault(params["requestId"], {}).update(_answered(params["response"]))
        elif method == "Network.loadingFinished":
            one = found.setdefault(params["requestId"], {})
            one["bytes"] = 0 if one.get("cached") else int(params["encodedDataLength"])
    return [
        Asked(
            str(one.get("url", "")),
            int(str(one.get("status", 0))),
            str(one.get("kind", "")),
            str(one.get("encoding", "")),
            int(str(one.get("bytes", 0))),
        )
        for one in found.values()
    ]


def _answered(response: dict[str, object]) -> dict[str, object]:
    headers = {str(name).lower(): value for name, value in dict(response.get("headers") or {}).items()}  # type: ignore[call-overload]
    return {
        "url": response["url"],
        "status": response["status"],
        "kind": response["mimeType"],
        "encoding": headers.get("content-encoding", ""),
        "cached": bool(response.get("fromDiskCache")),
    }


def shot(driver: webdriver.Chrome, path: Path) -> None:
    """Keep a picture of what is seen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(base64.b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", {})["data"]))
