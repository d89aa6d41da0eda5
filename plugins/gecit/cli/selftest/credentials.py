"""What must not stand on a command line: token and physicians, from the environment or from a file of one's own."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path

import click
import msgspec

from gecit.core.values import Value

ENVIRONMENT = {
    "GECIT_SELFTEST_TOKEN": "token",
    "GECIT_SELFTEST_RADIOLOGIST": "radiologist",
    "GECIT_SELFTEST_PHYSICIAN": "physician",
}
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Credentials(Value):
    """Who asks, and the numbers (TCKN) of whoever signs and orders."""

    token: str = ""
    radiologist: str = ""
    physician: str = ""


def read_credentials(path: Path | None, environ: Mapping[str, str] = os.environ, *, needed: bool = True) -> Credentials:
    """Read the file, and what the environment says over it; raises `CredentialsError` for what will not do.

    `needed`: without a token it will not do.
    """
    found = _file(path) if path else {}
    said = {field: environ[name].strip() for name, field in ENVIRONMENT.items() if environ.get(name, "").strip()}
    try:
        read = msgspec.convert({**found, **said}, type=Credentials)
    except msgspec.ValidationError as fault:
        raise _bad(
            "yalnız token, radiologist ve physician (metin) yazılabilir",
            "only token, radiologist and physician (texts) are known",
        ) from fault
    if needed and not read.token:
        raise _bad(
            "belirteç yok: GECIT_SELFTEST_TOKEN değişkeni ya da --credentials dosyası gerekir",
            "no token: it needs the variable GECIT_SELFTEST_TOKEN or a file by --credentials",
        )
    return read


def _file(path: Path) -> dict[str, object]:
    if path.stat().st_mode & OTHERS:
        raise _bad(f"{path} başkalarınca okunabilir: chmod 600", f"{path} can be read by others: chmod 600")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:  # its text may quote the line with the token
        raise _bad(f"{path} TOML değil", f"{path} is no TOML") from fault


class CredentialsError(click.ClickException):
    """Whoever runs it has to mend how the credentials are given."""

    exit_code = 2


def _bad(tr: str, en: str) -> CredentialsError:
    return CredentialsError(f"{tr} / {en}")
