"""Facts of an exam -> hints of its quality: in the judge's transaction, since whatever changes an exam wakes the judge.

Hints are advice: the verdict is made before they are looked for, and never sees them.
"""

from __future__ import annotations

from datetime import datetime

from ..core.events import HintsFound
from ..core.exam import Exam
from ..core.hints import hints_of
from ..core.quality_data import QualityData
from ..ports import Transaction


def find_hints(tx: Transaction, exam: Exam, data: QualityData, now: datetime) -> bool:
    """Record an exam's hints where they differ from those that stand; without data nothing is looked for."""
    if not data.revision:
        return False
    found = hints_of(exam, data)
    if found == exam.hints:
        return False
    tx.append(HintsFound(at=now, exam=exam.key, hints=found, data=data.revision))
    return True
