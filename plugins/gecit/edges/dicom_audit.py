"""What the audit is told of C-FIND: who asked, about which patient, and who was refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Literal

from gecit.core.access import Action
from gecit.core.audit import AuditEntry
from gecit.core.identifiers import is_tckn
from gecit.core.query import single
from gecit.ports import Audit, Clock

from .image_doors import REFUSAL_SECONDS, Kept


class DicomAudit:
    """Tells of queries for patients, studies and series, and of refusals once a minute; not of what a worklist answers,

    which modalities ask for every minute. Raises what the audit raises: whoever asks is not answered then.
    """

    def __init__(self, audit: Audit, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._audit, self._clock, self._monotonic = audit, clock, monotonic
        self._told: Kept[bool] = Kept()
        self._lock = threading.Lock()

    def found(self, aet: str, institution: str, keys: Mapping[str, str]) -> None:
        """Tell of a query that is answered."""
        patient = single(keys, "PatientID")
        self._record(aet, "C-FIND", "done", institution=institution, patient=patient if is_tckn(patient) else "")

    def refused(self, aet: str, door: str, why: str) -> None:
        """Tell of a query that is refused."""
        key, now = (aet, door, why), self._monotonic()
        with self._lock:
            if self._told.get(key, now):
                return
            self._told.put(key, True, now + REFUSAL_SECONDS)
        self._record(aet, door, "refused", why=why)

    def _record(
        self,
        aet: str,
        door: str,
        outcome: Literal["done", "refused"],
        *,
        institution: str = "",
        patient: str = "",
        why: str = "",
    ) -> None:
        self._audit.record(
            AuditEntry(
                at=self._clock.now(),
                who=aet,
                what=Action.SEE_IMAGES.value,
                institution=institution,
                patient=patient,
                outcome=outcome,
                why=why,
                detail={"door": door},
            )
        )
