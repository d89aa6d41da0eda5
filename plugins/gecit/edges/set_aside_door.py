"""The door for studies that are set aside: whoever asks, Orthanc is not to read one of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from gecit.core.orthanc_doors import Method
from gecit.core.set_aside import asked_of, reads

from .asked_ring import AskedRing
from .set_aside_files import SetAsideFiles

log = logging.getLogger("gecit.aside")

TOLD_SECONDS = 60.0


class SetAsideDoor:
    """Refuses what would have Orthanc read a study that is set aside; says so in the log once a minute."""

    def __init__(self, files: SetAsideFiles, ring: AskedRing, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._files, self._ring, self._monotonic = files, ring, monotonic
        self._told = -TOLD_SECONDS

    def passed(self, method: Method | None, path: str, query: Mapping[str, str]) -> None:
        """Note what Orthanc is going to read."""
        if name := asked_of(method.value if method else "", path, query):
            self._ring.note(name)

    def refuses(self, method: Method | None, path: str, query: Mapping[str, str]) -> bool:
        """Whether a request must not pass."""
        names = self._files.names()
        if not names or not reads(method.value if method else "", path, query, names):
            return False
        now = self._monotonic()
        if now - self._told >= TOLD_SECONDS:
            self._told = now
            aside = ", ".join(sorted(self._files.all()))
            log.warning("a request that would have Orthanc read what is set aside was refused; set aside: %s", aside)
        return True
