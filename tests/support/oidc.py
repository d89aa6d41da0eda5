"""A real OpenID provider (npm `oidc-provider`) as a process of its own on loopback, and signing in there."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import requests

HOME = Path(__file__).parents[2]
CLIENT, SECRET = "gecit", "gizli-deneme-anahtari"


@contextmanager
def provider(port: int, redirect: str, *, in_userinfo: bool = False) -> Iterator[str]:
    """Run the provider; give its issuer. `in_userinfo`: claims stand in the userinfo answer, not in the ID token."""
    command = ["node", str(HOME / "tests" / "oidc" / "provider.mjs"), str(port), redirect]
    environ = {**os.environ, "IN_USERINFO": "yes" if in_userinfo else "no", "NODE_ENV": "test"}
    with subprocess.Popen(
        command, cwd=HOME / "build" / "oidc", env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def sign_in_there(browser: requests.Session, start: str, login: str) -> requests.Response:
    """Go to an address that leads to the provider, sign in there and agree; return what our node answers at the end."""
    page = browser.get(start, headers={"Accept": "text/html"})
    for _ in range(4):
        form = re.search(r'<form[^>]*action="([^"]+)"', page.text)
        if form is None or "prompt" not in page.text:
            break
        fields = {"prompt": re.search(r'name="prompt" value="(\w+)"', page.text)[1], "login": login, "password": "x"}
        page = browser.post(urljoin(page.url, form[1]), data=fields, headers={"Accept": "text/html"})
    return page
