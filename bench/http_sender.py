"""Sends DICOM files over HTTP, one after the other over one kept connection: `python -m bench.http_sender`.

Arguments: WAY (`stow` or `rest`), PORT, the token (`-`: none), and folders. `stow`: the series of a folder in requests
of twenty instances each (PS3.18 10.5), as archives send them; `rest`: each instance by `POST /instances`. Ends with 1
where one was not stored.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import urllib3

BOUNDARY = "gecit-bench-5d0c9b1e"
TOGETHER = 20
STOW = {
    "Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
    "Accept": "application/dicom+json",
}


def requests_of(way: str, folder: Path) -> Iterator[tuple[str, bytes, dict[str, str]]]:
    """Yield path, body and headers of each request for the files of a folder."""
    files = sorted(folder.iterdir())
    if way == "rest":
        for one in files:
            yield "/instances", one.read_bytes(), {"Content-Type": "application/dicom"}
        return
    for first in range(0, len(files), TOGETHER):
        yield "/dicom-web/studies", b"".join(_parts(files[first : first + TOGETHER])), STOW


def _parts(files: list[Path]) -> Iterator[bytes]:
    for one in files:
        yield f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        yield one.read_bytes()
        yield b"\r\n"
    yield f"--{BOUNDARY}--\r\n".encode()


def failed(answer: bytes) -> bool:
    """Whether an answer to STOW-RS names instances that were not stored: Failed SOP Sequence, PS3.18 I.2.1."""
    return bool(json.loads(answer).get("00081198", {}).get("Value"))


def main() -> None:
    """Send what the command line names."""
    way, port, token = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    pool = urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=1, retries=False, timeout=120)
    signed = {} if token == "-" else {"Authorization": f"Bearer {token}"}  # noqa: S105 -- no token
    for folder in sys.argv[4:]:
        for path, body, headers in requests_of(way, Path(folder)):
            answer = pool.request("POST", path, body, headers={**headers, **signed})
            if answer.status != 200 or (way == "stow" and failed(answer.data)):
                sys.exit(f"not stored: {answer.status}")


if __name__ == "__main__":
    main()
