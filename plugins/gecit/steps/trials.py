"""A self-test is over -> its images are deleted and its exams leave every list, query and count (decision 0055)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from ..core.codes_of_remarks import remark
from ..core.order import Patient
from ..core.remarks import Remark, Where
from ..core.trials import Left, Removal, is_trial_patient
from ..ports import Institution, Ledger, Transaction
from ..ports.trials import TrialImages


def trial_institution(ledger: Ledger, skrs: str) -> Institution | None:
    """Return the institution where it is one for trials; None where it is another, or none."""
    known = ledger.read(lambda tx: tx.institutions())
    return next((one for one in known if one.skrs == skrs and one.trial), None)


def strangers(institution: Institution, patient: Patient) -> tuple[Remark, ...]:
    """Say that a trial institution sent somebody whom no self-test made up: his exam would never be billed."""
    if not institution.trial or is_trial_patient(patient.tckn):
        return ()
    return (remark("trial-with-patient", Where(segment="PID", field=4)),)


def left_of(ledger: Ledger, images: TrialImages, skrs: str) -> Left:
    """Count what is left of all self-tests of a trial institution; raises `Unavailable`."""
    found = ledger.read(lambda tx: tx.trial_left(skrs))
    return replace(found, images=len(images.trial_studies()))


def remove(
    ledger: Ledger, images: TrialImages, skrs: str, run: str, by: str, now: Callable[[], datetime]
) -> tuple[Removal, Left]:
    """Remove a run ("" = every one) and return what was removed and what is left; raises `Unavailable`.

    Images first: whatever ends in between, the next call finds the exams and goes on. It may be called again and
    again; what is on its way to Orthanc at this moment is left for that.
    What lies at another node is left for a call there.
    """
    studies = images.trial_studies(run)
    for one in studies:
        images.remove_study(one.orthanc_id)

    def work(tx: Transaction) -> Removal:
        if not any(one.skrs == skrs and one.trial for one in tx.institutions()):
            return Removal()
        return tx.remove_trial(skrs, run, studies, now(), by, images.node)

    removed = ledger.write(work)
    return removed, left_of(ledger, images, skrs)
