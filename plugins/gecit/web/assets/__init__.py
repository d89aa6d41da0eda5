"""Style sheets, scripts and the viewer's files as set-up built them, under names that change with their content.

They are nobody's data and open to all. Each stands beside itself compressed; nginx serves the same folder.
"""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec
from flask import Blueprint, Response, request, send_from_directory
from werkzeug.security import safe_join

from ..access import open_to_all

log = logging.getLogger("gecit.web")

PREFIX = "/gecit/assets"
A_YEAR = "public, max-age=31536000, immutable"
COMPRESSED = (("br", ".br"), ("gzip", ".gz"))  # best first


class Assets:
    """The folder that `scripts/assets.sh` built; without it pages work and look bare."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._names = _manifest(folder) if folder else {}

    def address(self, name: str) -> str:
        """Return the address of a file of `assets/served.json` by the name that it has there."""
        return f"{PREFIX}/{self._names.get(name, name)}"

    def answer(self, name: str) -> Response:
        """Answer with a served file, compressed where the browser takes that; 404 where there is none."""
        served = (self.folder or Path("/nonexistent")) / "served"
        encoding, ending = self._best(served, name)
        answer = send_from_directory(served, name + ending, mimetype=kind_of(name), conditional=False, etag=False)
        answer.direct_passthrough = False
        answer.headers["Cache-Control"] = A_YEAR
        answer.headers["Vary"] = "Accept-Encoding"
        if encoding:
            answer.headers["Content-Encoding"] = encoding
        return answer

    def _best(self, served: Path, name: str) -> tuple[str, str]:
        for encoding, ending in COMPRESSED:
            path = safe_join(str(served), name + ending)
            if path and request.accept_encodings[encoding] > 0 and Path(path).is_file():
                return encoding, ending
        return "", ""


KINDS = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",  # a browser compiles no other kind while it streams
    ".woff2": "font/woff2",
}


def kind_of(name: str) -> str:
    """Return the content type by the ending; what the system thinks of endings is not asked."""
    return KINDS.get(Path(name).suffix, "application/octet-stream")


def _manifest(folder: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode((folder / "manifest.json").read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        log.error("Web dosyaları yok, scripts/setup.sh çalıştırın | no web files, run scripts/setup.sh: %s", folder)
        return {}


def served(assets: Assets) -> Blueprint:
    """Build the route of the files."""
    files = Blueprint("assets", __name__, url_prefix=PREFIX)

    @files.get("/<path:name>")
    @open_to_all
    def read(name: str) -> Response:
        return assets.answer(name)

    return files
