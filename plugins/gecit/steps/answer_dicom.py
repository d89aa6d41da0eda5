"""Answers a C-FIND out of the ledger: the worklist, and what the calling institution may see of the studies."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from ..core.exam import Study
from ..core.query import Keys, day_range, exact, matches, single, too_many_patterns
from ..core.values import ISTANBUL, Value
from ..core.worklist import STEP, Asking, Entry, attributes, may_find
from ..ports import Clock, DicomViews, Institution, StudySearch, WorklistSearch

LIMIT = 2_000
"""Rows read for one query; there are more answers to find than this only where the query hardly narrows."""

LAST_DAY = datetime(9999, 12, 31, tzinfo=ISTANBUL)
"""A range that ends then, as some stations write "open", has no next day."""

STATION = f"{STEP}.ScheduledStationAETitle"
LEVELS = ("PATIENT", "STUDY", "SERIES")


class NotAnswered(Exception):
    """A query is refused; the text is for the log and names no patient."""


class Scheduled(Value):
    """An entry and how it is written for whoever asks."""

    entry: Entry
    asking: Asking


class Found(Value):
    """Answers; `complete` = no more were left out."""

    answers: tuple[dict[str, str], ...] = ()
    complete: bool = True


class Worklist(Value):
    """Answers from the worklist; `complete` = no more were left out."""

    answers: tuple[Scheduled, ...] = ()
    complete: bool = True


class DicomAnswers:
    """Answers for one node, `node` in the ledger. The rest is the site's choice; `nameless`: stand-ins for a TCKN."""

    def __init__(
        self,
        views: DicomViews,
        clock: Clock,
        node: str,
        expiry_days: float = 7,
        *,
        by_file_number: bool = False,
        nameless: Collection[str] = (),
    ) -> None:
        self._views, self._clock, self._node = views, clock, node
        self._expiry, self._by_file_number = timedelta(days=expiry_days), by_file_number
        self._nameless = nameless

    def caller(self, aet: str) -> Institution:
        """Return whose AE title it is; raises `NotAnswered` for nobody's and for one of several institutions."""
        known = [one for one in self._views.read(lambda tx: tx.institutions()) if aet and aet in one.aets]
        if len(known) != 1:
            raise NotAnswered("the calling AE title is of no institution, or of several")
        return known[0]

    def _asks(self, aet: str, keys: Keys) -> Institution:
        if too_many_patterns(keys):
            raise NotAnswered("a key lists too many values with wildcards")
        return self.caller(aet)

    def worklist(self, aet: str, keys: Keys) -> Worklist:
        """Return the calling institution's open entries that match."""
        institution = self._asks(aet, keys)
        found = self._views.worklist(self._search(institution, keys))
        answers = [one for entry in found if (one := self._scheduled(institution, aet, keys, entry))]
        return Worklist(answers=tuple(answers), complete=len(found) < LIMIT)

    def _search(self, institution: Institution, keys: Keys) -> WorklistSearch:
        first, last = day_range(keys, f"{STEP}.ScheduledProcedureStepStartDate")
        oldest = self._clock.now() - self._expiry
        start, end = _midnight(first), _midnight(last)
        return WorklistSearch(
            performer=institution.skrs,
            since=max(oldest, start) if start else oldest,
            until=end + timedelta(days=1) if end and end < LAST_DAY else None,
            accession=single(keys, "AccessionNumber"),
            modality=single(keys, f"{STEP}.Modality"),
            limit=LIMIT,
        )

    def _scheduled(self, institution: Institution, aet: str, keys: Keys, entry: Entry) -> Scheduled | None:
        asking = Asking(
            aet=aet,
            asked_station=single(keys, STATION),
            stations=institution.stations_for(entry.order.modality),
            institution_name=institution.name,
            nameless=entry.order.patient.tckn in self._nameless,
            by_file_number=self._by_file_number,
        )
        # Where no station is named for the modality, any that is asked for may do it, a wildcard included.
        wanted = keys if asking.stations else {name: key for name, key in keys.items() if name != STATION}
        return Scheduled(entry=entry, asking=asking) if matches(wanted, attributes(entry, asking)) else None

    def find(self, aet: str, keys: Keys) -> Found:
        """Return patients, studies or series that match, of studies that the calling institution may see."""
        institution = self._asks(aet, keys)
        level = keys.get("QueryRetrieveLevel", "").strip()
        if level not in LEVELS:
            raise NotAnswered("queries are answered at the levels PATIENT, STUDY and SERIES only")
        first, last = day_range(keys, "StudyDate")
        search = StudySearch(
            institution=institution.skrs,
            node=self._node,
            study_instance_uids=exact(keys, "StudyInstanceUID", LIMIT),
            accession=single(keys, "AccessionNumber"),
            patient_id=single(keys, "PatientID"),
            first_day=first,
            last_day=last,
            limit=LIMIT,
        )
        studies = self._views.visible_studies(search)
        mine = [one for one in studies if may_find(one.facts, institution.skrs)]
        entities = {tuple(one.items()): one for study in mine for one in entities_of(study, level)}
        answers = tuple(one for one in entities.values() if matches(keys, one))
        return Found(answers=answers, complete=len(studies) < LIMIT)


def _midnight(day: str) -> datetime | None:
    try:
        return datetime.strptime(day, "%Y%m%d").replace(tzinfo=ISTANBUL)
    except ValueError:
        return None


def entities_of(study: Study, level: str) -> Iterator[dict[str, str]]:
    """Yield what is known of a study at a level, by keyword. What the ledger does not keep is there, and empty."""
    facts = study.facts
    patient = {
        "QueryRetrieveLevel": level,
        "PatientID": facts.patient_id,
        "PatientName": facts.patient_name,
        "OtherPatientIDs": "\\".join(facts.other_patient_ids),
    }
    if level == "PATIENT":
        yield patient
        return
    whole = {
        **patient,
        "StudyInstanceUID": facts.study_instance_uid,
        "AccessionNumber": facts.accession,
        "StudyDate": facts.study_date,
        "StudyTime": facts.study_time,
        "StudyDescription": facts.description,
        "StudyID": "",
        "InstitutionName": facts.institution_name,
        "ModalitiesInStudy": "\\".join(sorted({one.modality for one in facts.series if one.modality})),
        "NumberOfStudyRelatedSeries": str(len(facts.series)),
        "NumberOfStudyRelatedInstances": str(sum(one.instances for one in facts.series)),
    }
    if level == "STUDY":
        yield whole
        return
    for one in facts.series:
        yield {
            **whole,
            "SeriesInstanceUID": one.series_instance_uid,
            "Modality": one.modality,
            "SeriesNumber": "",
            "Manufacturer": one.manufacturer,
            "ManufacturerModelName": one.model,
            "StationName": one.station,
            "NumberOfSeriesRelatedInstances": str(one.instances),
        }
