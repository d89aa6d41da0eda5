"""A trial institution, an archive in memory, and what a self-test would send, played on a ledger."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from gecit.core import events as e
from gecit.core.background import DuplicateQuery
from gecit.core.facts import StudyKey
from gecit.core.order import ExamKey, Patient
from gecit.core.trials import accession_of, patient_of
from gecit.edges.store import SqlLedger
from gecit.ports import Institution
from tests.support.flow import arrive, incoming, judge, order, report, send, study

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TRIAL = Institution(skrs="990001", medula_code="11990001", name="Deneme", aets=("GECITTEST",), trial=True)
RUN, OTHER = "0A1B2C", "FFFFFF"
PATIENT = patient_of(7)


class Images:
    """An index in memory."""

    def __init__(self, *studies: StudyKey) -> None:
        self.there = list(studies)
        self.deleted: list[str] = []
        self.node = "N"

    def trial_studies(self, run: str = "") -> list[StudyKey]:
        return list(self.there)

    def remove_study(self, orthanc_id: str) -> bool:
        self.there = [one for one in self.there if one.orthanc_id != orthanc_id]
        self.deleted.append(orthanc_id)
        return True


def mine(accession: str, skrs: str = TRIAL.skrs) -> ExamKey:
    return ExamKey(institution=skrs, accession=accession)


def play(ledger: SqlLedger, run: str = RUN, institution: Institution = TRIAL, patient: str = PATIENT) -> list[ExamKey]:
    """One exam that passes, with a query before it, and one of which only the order came."""
    keys = [mine(accession_of(run, number), institution.skrs) for number in (1, 2)]
    query = DuplicateQuery(id=f"q{run}", at=NOW, institution=institution.skrs, tckn=patient, sut=("R100250",))
    ledger.write(lambda tx: tx.append(e.DuplicateQueried(at=NOW, query=query)))
    for number, key in enumerate(keys):
        made = order(key.accession, patient=Patient(tckn=patient), key=key)
        send(ledger, incoming(made, f"{run}{number}"))
    arrive(ledger, study(f"t{run}", keys[0].accession, patient_id=patient, calling_aet="GECITTEST", settled=True))
    arrive(ledger, study(f"d{run}", keys[0].accession, 0, patient_id=patient, calling_aet="GECITTEST", settled=True))
    send(ledger, incoming(replace(report(keys[0].accession), key=keys[0], patient=Patient(tckn=patient)), f"{run}R"))
    judge(ledger, NOW)
    return keys
