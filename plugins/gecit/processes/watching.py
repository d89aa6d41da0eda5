"""What the work process does about studies that end Orthanc (`edges.orthanc_caution`)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from ..core.key_images import KeyImage
from ..edges.orthanc_caution import Caution
from ..edges.orthanc_raw import OrthancRaw
from ..edges.reading_note import ReadingNote
from ..edges.set_aside_files import SetAsideFiles
from ..ports import Clock
from ..settings import Settings
from ..steps.watch_health import SET_ASIDE

LOOK_SECONDS = 10.0  # a study that was deleted is told of no longer
MOST_TOLD = 20
"""Studies that a sign of life names; there are hardly ever more than one."""


class Watching:
    """Of one node, whose Orthanc stands at `url` and takes the internal `token`; it is another one at every start."""

    def __init__(self, settings: Settings, url: str, token: str, clock: Clock) -> None:
        self._files = SetAsideFiles(settings.data)
        self._raw = OrthancRaw(url, token)
        run = hashlib.sha256(token.encode()).hexdigest()[:16]
        self.caution = Caution(self._files, ReadingNote(settings.run_folder, run), clock)
        self._version, self._next_look = "", 0.0

    def to_try_again(self) -> list[str]:
        """Return the studies that may be read anew. Raises `Unavailable`."""
        if not self._files.all():
            return []
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_SECONDS
            for study in set(self._files.all()):
                if not self._raw.is_there(study):
                    self.caution.gone(study)
        self._version = self._version or self._raw.version()
        return self.caution.to_try_again(self._version)

    def guarded(self, pictures: Callable[[KeyImage], bytes | None]) -> Callable[[KeyImage], bytes | None]:
        """Draw no picture of a study that is set aside: the report goes without it."""
        return lambda image: None if image.study in self._files.names() else pictures(image)

    def detail(self) -> dict[str, str | int]:
        """Say in a sign of life what is set aside."""
        found = self._files.all().values()
        return {
            f"{SET_ASIDE}{one.study}": one.reason.value for one in sorted(found, key=lambda one: one.at)[:MOST_TOLD]
        }
