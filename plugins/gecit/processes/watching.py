"""What the work process does about studies that end Orthanc (`edges.orthanc_caution`)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from queue import SimpleQueue

from ..core.key_images import KeyImage
from ..edges.orthanc_caution import Caution
from ..edges.orthanc_raw import OrthancRaw
from ..edges.reading_note import ReadingNote
from ..edges.set_aside_files import SetAsideFiles
from ..ports import Clock
from ..settings import Settings
from ..steps.watch_health import SET_ASIDE
from .run_folder import forget_suspects, read_suspects

LOOK_SECONDS = 10.0  # a study that was deleted is told of no longer
MOST_TOLD = 20
"""Studies that a sign of life names; there are hardly ever more than one."""


class Watching:
    """Of one node, whose Orthanc stands at `url` and takes the internal `token`; it is another one at every start."""

    def __init__(self, settings: Settings, url: str, token: str, clock: Clock) -> None:
        self._settings = settings
        self._files = SetAsideFiles(settings.data)
        self._raw = OrthancRaw(url, token)
        run = hashlib.sha256(token.encode()).hexdigest()[:16]
        self.caution = Caution(self._files, ReadingNote(settings.run_folder, run), clock)
        self._version, self._next_look = "", 0.0
        self._suspects: list[str] | None = None  # None = not read yet
        self._looked: set[str] = set()
        self._found: SimpleQueue[str] = SimpleQueue()  # set aside by what looks, to be read by what follows

    def to_try_again(self) -> list[str]:
        """Return the studies that are to be read anew. Raises `Unavailable`."""
        if not self._files.all():
            return []
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_SECONDS
            for study in set(self._files.all()):
                if not self._raw.is_there(study):
                    self.caution.gone(study)
        self._version = self._version or self._raw.version()
        again = self.caution.to_try_again(self._version) if self._version else []
        return [*again, *(self._found.get_nowait() for _ in range(self._found.qsize()))]

    def look_at_suspects(self) -> bool:
        """Look through a study that Orthanc was asked to read before it ended; True where there are more of them."""
        if self._suspects is None:
            self._suspects = read_suspects(self._settings)
        if not self._suspects:
            return False
        for study in self._raw.studies_of(self._suspects[-1]):
            if study not in self._looked and self.caution.look_through(self._raw, study):
                self._found.put(study)
            self._looked.add(study)
        self._suspects.pop()
        if not self._suspects:
            forget_suspects(self._settings)
        return bool(self._suspects)

    def guarded(self, pictures: Callable[[KeyImage], bytes | None]) -> Callable[[KeyImage], bytes | None]:
        """Draw no picture of a study that is set aside: the report goes without it."""
        return lambda image: None if image.study in self._files.names() else pictures(image)

    def detail(self) -> dict[str, str | int]:
        """Say in a sign of life what is set aside."""
        found = self._files.all().values()
        return {
            f"{SET_ASIDE}{one.study}": one.reason.value for one in sorted(found, key=lambda one: one.at)[:MOST_TOLD]
        }
