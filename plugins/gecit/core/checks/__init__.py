"""The checks that rules name: each looks at one exam and answers passed, failed or cannot tell; none knows a date."""

from __future__ import annotations

from .answers import Answer, Check, Context, Params, failed, passed, unknown
from .duplicates import duplicate_queried, no_earlier_exam
from .orders import dates_plausible, has_loinc, has_order, order_is_active, patient_identifier_valid
from .pictures import has_dose_report, has_images, images_match_order, uid_unique
from .reports import follows_guide, has_report, signed_by_radiologist

__all__ = ["CHECKS", "Answer", "Check", "Context", "Params", "failed", "passed", "unknown"]

CHECKS: dict[str, Check] = {
    "has_order": Check(run=has_order, cites="Matching needs an order: HL7 v2.3.1 ORM^O01, ORC-1"),
    "order_is_active": Check(run=order_is_active, cites="HL7 v2.3.1 table 0119, CA"),
    "patient_identifier_valid": Check(run=patient_identifier_valid, cites="PID-4; checksum of the TCKN"),
    "has_loinc": Check(run=has_loinc, cites="Rule loinc-code; OBR-4.4", params={"check_digit": False, "listed": False}),
    "has_images": Check(
        run=has_images, cites="Rules image-present, enough-slices", params={"minimum": 1, "none_passes": False}
    ),
    "images_match_order": Check(run=images_match_order, cites="Rule study-matched; (0008,0050), PID-4, PID-3"),
    "uid_unique": Check(run=uid_unique, cites="Rule study-uid-unique; PS3.3 C.7.2.1, (0020,000D)"),
    "has_dose_report": Check(run=has_dose_report, cites="Rule dose-report; PS3.16 TID 10001, TID 10011"),
    "has_report": Check(
        run=has_report, cites="Rule report-present; HL7 v2.3.1 OBX-11", params={"preliminary_counts": False}
    ),
    "signed_by_radiologist": Check(
        run=signed_by_radiologist, cites="Rule radiologist; OBX-16", params={"all_signers": False}
    ),
    "duplicate_queried": Check(
        run=duplicate_queried,
        cites="Rule duplicate-query-missing; the query belongs to ordering",
        params={"before_hours": 24, "after_minutes": 15, "same_physician": False, "failed_counts": False},
        most={"before_hours": 168, "after_minutes": 1440},  # how far `steps/background.py` looks for queries
    ),
    "no_earlier_exam": Check(
        run=no_earlier_exam,
        cites="Rule duplicate-found; same TCKN and SUT within six months",
        params={"months": 6, "days": 0, "dated": "ordered", "performed_only": True, "justified_passes": True},
        choices={"dated": ("ordered", "performed")},
        most={"months": 24, "days": 730},  # within 24 months a changed earlier exam is told to later ones
    ),
    "dates_plausible": Check(
        run=dates_plausible,
        cites="Rule dates-not-in-future; OBR-6, (0008,0020)",
        params={"tolerance_minutes": 60, "study_tolerance_minutes": 1440},
    ),
    "follows_guide": Check(
        run=follows_guide,
        cites="Rule smart-imaging; OBR-13, OBX-5, OBX-13",
        params={"clinical_information": True, "findings_part": True, "conclusion_part": True, "ratings": True},
    ),
}
