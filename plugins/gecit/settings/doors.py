"""The settings of the DICOM doors."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from ..core.reception import RULES
from ..core.values import Value

RuleId = Literal[
    "accession-missing", "patient-id-missing", "accession-unknown", "study-date-in-future", "study-of-others"
]
assert set(RULES) == set(RuleId.__args__)  # type: ignore[attr-defined] # noqa: S101


class WorklistSettings(Value):
    """What orders look like on a modality's screen."""

    patient_id: Annotated[
        Literal["Tckn", "FileNumber"],
        Meta(
            description="What PatientID (0010,0020) holds: the TCKN, or the institution's file number. The other one "
            "stands in OtherPatientIDs (0010,1000). Images are matched by either."
        ),
    ] = "Tckn"
    expiry_days: Annotated[
        float,
        Meta(gt=0, le=3660, description="An order that got no images leaves the worklist so long after its time."),
    ] = 7


class ReceptionSettings(Value):
    """What is refused at C-STORE."""

    rules: Annotated[
        tuple[RuleId, ...],
        Meta(
            description="Reception rules that are switched on, from `docs/conformance/dicom.md`. Each costs images of "
            "patients; Geçit holds the billing of such images anyway. Switched off they cost nothing."
        ),
    ] = ()
