"""Answers a QIDO-RS search with what the asker may see: the ledger says whose a study is, the archive what it holds.

Everything is narrowed before it is paged, so that no page tells of what is not shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from ..core.access import Action, Person, Reach, may, reach
from ..core.belonging import from_outside, may_reach
from ..core.exam import Study
from ..core.facts import StudyKey, is_our_report
from ..core.peer_review import ReviewView
from ..core.qido import RETURNED, Level, Search, SearchRefused, fits, searchable
from ..core.query import day_range, exact, single
from ..core.values import Value
from ..ports import ImageSearch, StudyDoors, Tags
from ..ports.reviews import ReviewDoors
from .answer_dicom import entities_of

LIMIT = 2_000
"""Studies looked at for one search; a search that hardly narrows has more answers than this finds."""

QUESTIONS = 10_000
"""Asked of the archive for one search at the most: more than a study has instances, and an end to looking into all
images for what stands in none, which would hold a thread of the web process for hours."""

CHUNK = 100  # studies whose tags are read at once
FROM_LEDGER = frozenset({
    "PatientID", "PatientName", "OtherPatientIDs", "StudyInstanceUID", "AccessionNumber", "StudyDate", "StudyTime",
    "StudyDescription", "ModalitiesInStudy", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances",
})  # fmt: skip
FROM_INDEX = frozenset({
    "PatientBirthDate", "PatientSex", "ReferringPhysicianName", "StudyID", "RequestedProcedureDescription",
    "RequestingPhysician", "InstitutionName",
})  # fmt: skip
OF_SERIES = frozenset({
    "Modality", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "SeriesDate", "SeriesTime",
    "BodyPartExamined", "Manufacturer", "StationName", "ProtocolName", "OperatorsName",
    "NumberOfSeriesRelatedInstances", "PerformedProcedureStepDescription",
})  # fmt: skip


class Answers(Value):
    """A page of answers, text by keyword; `more`: there are more than were asked for or looked at."""

    entities: tuple[dict[str, str], ...] = ()
    more: bool = False


class _Enough(Exception):
    """As much was asked as one search may."""


class _Counted:
    """The archive, for one search."""

    def __init__(self, tags: Tags) -> None:
        self._tags, self._left = tags, QUESTIONS

    def _one(self) -> Tags:
        if self._left == 0:
            raise _Enough
        self._left -= 1
        return self._tags

    def studies(self, orthanc_ids: Sequence[str], uids: Sequence[str]) -> dict[str, dict[str, str]]:
        return self._one().studies(orthanc_ids, uids)

    def series(self, study: str) -> list[tuple[str, dict[str, str]]]:
        return self._one().series(study)

    def instances(self, series: str) -> list[tuple[str, dict[str, str]]]:
        return self._one().instances(series)

    def all_of(self, instance: str) -> dict[str, str]:
        return self._one().all_of(instance)

    def one_of_study(self, study: str) -> str:
        return self._one().one_of_study(study)


class ImageSearches:
    """Searches for one node, `node` in the ledger; of a study under blind review only its pictures are found."""

    def __init__(self, studies: StudyDoors, tags: Tags, node: str, reviews: ReviewDoors | None = None) -> None:
        self._studies, self._tags, self._node, self._reviews = studies, tags, node, reviews
        self._views: dict[str, ReviewView] = {}  # by Study Instance UID, of one search

    def find(self, person: Person, search: Search) -> Answers:
        """Return the page that is asked for; raises `SearchRefused` and `Unavailable`."""
        if not searchable(search):
            raise SearchRefused("too many wildcards")
        asking = ImageSearches(self._studies, _Counted(self._tags), self._node)
        if self._reviews:  # whatever he asks with: a token bears its owner's name
            asking._views = {one.study: one for one in self._reviews.views_of(person.name, self._node)}
        found, outside, whole = asking._mine(person, search)
        entities = asking._entities(found, search, outside)
        page: list[dict[str, str]] = []
        try:
            for one in islice(entities, search.offset, search.offset + search.limit + 1):
                page.append(one)
        except _Enough:
            whole = False
        return Answers(entities=tuple(page[: search.limit]), more=len(page) > search.limit or not whole)

    def _mine(self, person: Person, search: Search) -> tuple[list[Study], frozenset[StudyKey], bool]:
        """Return the studies that the person may see and that the ledger's keys leave, the newest first.

        And those among them that he sees from outside only; and whether these are all.
        """
        keys = search.keys
        first, last = day_range(keys, "StudyDate")
        wanted = ImageSearch(
            reach=reach(person, Action.SEE_IMAGES),
            node=self._node,
            study_instance_uids=exact(keys, "StudyInstanceUID", LIMIT),
            accession=single(keys, "AccessionNumber"),
            patient_id=single(keys, "PatientID"),
            first_day=first,
            last_day=last,
            limit=LIMIT,
        )
        found = self._studies.reachable_studies(wanted)
        reached = [one for one in found if may_reach(person, Action.SEE_IMAGES, one.whose)]
        mine = [one.study for one in reached]
        if may(person, Action.REVIEW_REPORT):
            mine += self._reviewed(wanted, {one.facts.key for one in mine})
        outside = frozenset(
            one.study.facts.key for one in reached if from_outside(person, Action.SEE_IMAGES, one.whose)
        )
        ours = msgspec.structs.replace(search, keys=search.of_level(FROM_LEDGER))
        fitting = [one for one in mine if fits(ours, _of_ledger(one))]
        fitting.sort(key=lambda one: (one.facts.study_date, one.facts.study_time, one.facts.study_instance_uid))
        return fitting[::-1], outside, len(found) < LIMIT

    def _reviewed(self, wanted: ImageSearch, known: Collection[StudyKey]) -> list[Study]:
        """Return studies that a peer review opens beside what the person sees anyway."""
        if not self._views:
            return []
        asked = set(wanted.study_instance_uids)
        uids = tuple(sorted(asked & set(self._views) if asked else self._views))
        everything = msgspec.structs.replace(wanted, reach=Reach(everything=True), study_instance_uids=uids)
        found = self._studies.reachable_studies(everything) if uids else []
        beside = [one.study for one in found if one.study.facts.key not in known]
        return [one for one in beside if self._is_alone(one.facts.study_instance_uid)]

    def _is_alone(self, uid: str) -> bool:
        """Whether no other study stands under the UID: the door shuts both then, whichever was meant."""
        return len(self._studies.belongings(self._node, uid)) <= 1

    def _is_narrow(self, study: Study, outside: bool) -> bool:
        view = self._views.get(study.facts.study_instance_uid)
        return outside or (view is not None and view.series is not None)

    def _shown(self, study: Study, tags: dict[str, str], outside: bool) -> bool:
        """Whether a series may be found.

        Of a blind review its pictures alone, the rest names who wrote the report; from outside no document that Geçit
        attached, preliminary and superseded versions stand among them.
        """
        view = self._views.get(study.facts.study_instance_uid)
        if view is not None and view.series is not None and tags.get("SeriesInstanceUID", "") not in view.series:
            return False
        return not (outside and is_our_report(tags))

    def _entities(
        self, studies: Sequence[Study], search: Search, outside: frozenset[StudyKey]
    ) -> Iterator[dict[str, str]]:
        if search.level is Level.STUDY:
            yield from self._study_answers(studies, search, outside)
            return
        below = FROM_LEDGER | FROM_INDEX
        of_study = msgspec.structs.replace(search, keys=search.of_level(below))
        rest = msgspec.structs.replace(search, keys={k: v for k, v in search.keys.items() if k not in below})
        for study, tags in self._with_tags(studies, of_study):
            if fits(of_study, tags):
                yield from self._series_answers(study, tags, rest, study.facts.key in outside)

    def _study_answers(
        self, studies: Sequence[Study], search: Search, outside: frozenset[StudyKey]
    ) -> Iterator[dict[str, str]]:
        if not self._deep(search, FROM_LEDGER | FROM_INDEX, Level.STUDY):
            yield from (tags for _, tags in self._with_tags(studies, search) if fits(search, tags))
            return
        for study, tags in self._with_tags(studies, search):
            speaker = self._speaker(study, study.facts.key in outside)
            inside = self._tags.all_of(speaker) if speaker else {}
            if fits(search, whole := {**inside, **tags}):
                yield whole

    def _speaker(self, study: Study, outside: bool) -> str:
        """Return an instance that speaks for the study, of what may be found of it; "" = there is none."""
        number = study.facts.key.orthanc_id
        if not self._is_narrow(study, outside):
            return self._tags.one_of_study(number)
        for series, own in self._tags.series(number):
            if self._shown(study, own, outside) and (instances := self._tags.instances(series)):
                return instances[0][0]
        return ""

    def _with_tags(self, studies: Sequence[Study], search: Search) -> Iterator[tuple[Study, dict[str, str]]]:
        """Yield studies with what ledger and index know of them; a first page reads no more than it shows."""
        size = min(CHUNK, search.offset + search.limit + 1)
        for some in _chunks(studies, size):
            keys = [one.facts.key.orthanc_id for one in some]
            known = self._tags.studies(keys, [one.facts.study_instance_uid for one in some])
            for one in some:
                if one.facts.key.orthanc_id in known:  # deleted, and the sweep has not been there
                    yield one, {**_of_ledger(one), **known[one.facts.key.orthanc_id]}

    def _series_answers(
        self, study: Study, tags: dict[str, str], search: Search, outside: bool
    ) -> Iterator[dict[str, str]]:
        keys = search.of_level(OF_SERIES) if search.level is Level.INSTANCE else search.keys
        wanted = msgspec.structs.replace(search, keys=keys)
        deep = search.level is Level.SERIES and self._deep(search, OF_SERIES, Level.SERIES)
        for number, own in self._tags.series(study.facts.key.orthanc_id):
            if not self._shown(study, own, outside):
                continue
            whole = {**tags, **own}
            if deep:
                instances = self._tags.instances(number)
                whole = {**(self._tags.all_of(instances[0][0]) if instances else {}), **whole}
            if not fits(wanted, whole):
                continue
            if search.level is Level.SERIES:
                yield whole
            else:
                rest = {name: key for name, key in search.keys.items() if name not in keys}
                yield from self._instance_answers(number, whole, msgspec.structs.replace(search, keys=rest))

    def _instance_answers(self, series: str, tags: dict[str, str], search: Search) -> Iterator[dict[str, str]]:
        for number, own in self._tags.instances(series):
            if fits(msgspec.structs.replace(search, keys=search.of_level(own)), own):
                whole = {**self._tags.all_of(number), **tags, **own}
                if fits(search, whole):
                    yield whole

    def _deep(self, search: Search, known: Iterable[str], level: Level) -> bool:
        """Whether something is asked that stands in the images only."""
        there = {*known, *FROM_LEDGER, *FROM_INDEX, *RETURNED[level]}
        return search.every_field or any(one not in there for one in (*search.keys, *search.fields))


def _of_ledger(study: Study) -> dict[str, str]:
    return next({k: v for k, v in one.items() if k in FROM_LEDGER} for one in entities_of(study, "STUDY"))


def _chunks(items: Sequence[Study], size: int) -> Iterator[Sequence[Study]]:
    return (items[start : start + size] for start in range(0, len(items), size))
