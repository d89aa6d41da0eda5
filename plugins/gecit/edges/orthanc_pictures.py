"""Key images as Orthanc draws them: JPEG, of a bounded size, over loopback."""

from __future__ import annotations

import urllib3

from ..core.key_images import KeyImage, rendering
from ..ports import Unavailable
from .report_pictures import JPEG_START, SIDE

LARGEST = 1_000_000  # bytes
HEADERS = {"Accept": "image/jpeg", "Accept-Encoding": "identity"}


class OrthancPictures:
    """An Orthanc at `url`, asked with the internal `token`; `timeout` in seconds."""

    def __init__(self, url: str, token: str, timeout: float = 30.0) -> None:
        self._pool = urllib3.connection_from_url(url, timeout=timeout, retries=urllib3.Retry(2, status=0))
        self._headers = {**HEADERS, **({"Authorization": f"Bearer {token}"} if token else {})}

    def __call__(self, image: KeyImage) -> bytes | None:
        """Return the picture; None where it is gone, or compressed in a way that this Orthanc cannot draw.

        Raises `Unavailable` where Orthanc does not answer. Which answers mean "cannot" was measured on 1.10.1.
        """
        path = f"/dicom-web/{rendering(image, SIDE)}"
        try:
            with self._pool.urlopen(
                "GET", path, headers=self._headers, redirect=False, preload_content=False
            ) as answer:
                content = answer.read(LARGEST + 1)
                answer.drain_conn()
        except urllib3.exceptions.HTTPError as fault:
            raise Unavailable(f"Orthanc does not answer: {type(fault).__name__}") from fault
        if answer.status in (401, 403, 502, 503, 504):
            raise Unavailable(f"Orthanc answers {answer.status}")
        fits = answer.status == 200 and content.startswith(JPEG_START) and len(content) <= LARGEST
        return content if fits else None
