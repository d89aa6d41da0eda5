"""Before Orthanc is asked to read an instance: whether that would end it. Measured on 1.10.1.

its raw file, which Orthanc gives out unread -> how deep its items stand -> too deep: it is not asked
Orthanc ended while a study was read         -> every file of the study is looked at, then it is read again
it ended `MOST_ENDS` times in a row          -> the study is set aside, whatever is in it
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from ..core.set_aside import Reason, SetAside, explained, normal
from ..ports import Clock
from .dicom_depth import WHOLE, stands_deep
from .reading_note import ReadingNote
from .set_aside_files import SetAsideFiles

log = logging.getLogger("gecit.caution")

MOST_ENDS = 3
"""Ends of Orthanc in a row, each while a study alone was read: a kill by hand may be one of them, and seldom all."""

UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")

Json = Mapping[str, Any]


class Source(Protocol):
    """Orthanc, as far as it must be asked."""

    def pieces(self, instance: str) -> Iterator[bytes]:
        """Yield an instance's file; nothing where it is gone."""
        ...

    def members(self, study: str) -> Iterable[Json]:
        """Return what the index says of a study, its patient, series and instances."""
        ...

    def version(self) -> str:
        """Return Orthanc's version."""
        ...


class Caution:
    """What a follower knows of studies that end Orthanc."""

    def __init__(self, files: SetAsideFiles, note: ReadingNote, clock: Clock) -> None:
        self._files, self._note, self._clock = files, note, clock

    @contextmanager
    def reading(self, source: Source, study: str) -> Iterator[Looking]:
        """Go through the reading of a study: what is found is set aside, what is well is cleared."""
        looking = Looking(source, self._files.all().get(study))
        if looking.reason is None and (ends := self._note.ends(study)):
            self._suspect(source, study, ends, looking)
        with self._note.reading(study):
            yield looking
        self._settle(source, study, looking)

    def gone(self, study: str) -> None:
        """Forget a study that is not there any more."""
        if study in self._files.all():
            self._files.remove(study)
        self._note.clear(study)

    def look_through(self, source: Source, study: str) -> bool:
        """Look at every file of a study, without having Orthanc read one; True where it is set aside."""
        looking = Looking(source, self._files.all().get(study))
        looking.at_all(study)
        self._settle(source, study, looking)
        return looking.reason is not None

    def to_try_again(self, version: str) -> list[str]:
        """Return the studies that may be read anew: Orthanc is another one, or somebody asks for it."""
        found = [one for one in self._files.all().values() if one.again or one.orthanc != version]
        for one in found:
            self._files.remove(one.study)
            log.warning("study %s is tried again", one.study)
        return [one.study for one in found]

    def _suspect(self, source: Source, study: str, ends: int, looking: Looking) -> None:
        log.warning("Orthanc ended %d times while study %s was read: its files are looked at", ends, study)
        looking.at_all(study)
        if looking.reason is None and ends >= MOST_ENDS:
            looking.ended = True

    def _settle(self, source: Source, study: str, looking: Looking) -> None:
        known = self._files.all().get(study)
        if looking.reason is None:
            if known is not None and known == looking.known:  # else it was set aside meanwhile
                self._files.remove(study)
                log.warning("study %s is set aside no longer: nothing in it stands too deep", study)
            return
        names = {normal(str(name)) for one in source.members(study) for name in _names_of(one)} - {""}
        made = SetAside(
            study=study,
            reason=looking.reason,
            at=known.at if known else self._clock.now(),
            orthanc=source.version(),
            instances=tuple(sorted(looking.deep)),
            names=tuple(sorted(names | {study})),
        )
        if known != made:
            self._files.put(made)
        if known is None:
            log.error("%s", explained(study, made.reason).en)


class Looking:
    """What is found of one study while it is read. `known`: what was, where it is set aside."""

    def __init__(self, source: Source, known: SetAside | None) -> None:
        self._source, self.known = source, known
        self.ended = known is not None and known.reason is Reason.ENDED
        self.deep: set[str] = set()
        self._looked: set[str] = set()
        for one in known.instances if known else ():
            self.may_be_read(one, None)

    @property
    def reason(self) -> Reason | None:
        """Why the study is to be set aside; None = it is not."""
        return Reason.DEEP if self.deep else Reason.ENDED if self.ended else None

    def may_be_read(self, instance: str, pixels: int | None) -> bool:
        """Whether Orthanc may be asked to read an instance. `pixels`: up to which byte it does, None = to the end."""
        if self.ended:
            return False
        if instance not in self._looked:
            self._looked.add(instance)
            if stands_deep(self._source.pieces(instance), None if pixels is None else max(pixels, WHOLE)):
                self.deep.add(instance)
        return instance not in self.deep

    def at_all(self, study: str) -> None:
        """Look at every file, to its end."""
        for one in self._source.members(study):
            if one.get("Type") == "Instance" and stands_deep(self._source.pieces(str(one["ID"]))):
                self.deep.add(str(one["ID"]))


def _names_of(one: Json) -> Iterator[str]:
    yield str(one.get("ID", ""))
    main = one.get("MainDicomTags")
    known = main if isinstance(main, Mapping) else {}
    yield from (str(known[name]) for name in UIDS if known.get(name))
