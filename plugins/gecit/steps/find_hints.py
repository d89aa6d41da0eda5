"""Facts of an exam -> hints of its quality: in the judge's transaction, since whatever changes an exam wakes the judge.

Hints are advice: the verdict is made before they are looked for, and never sees them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..core.events import HintsFound
from ..core.exam import Exam
from ..core.hints import hints_of
from ..core.order import ExamKey
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


def find_again(tx: Transaction, keys: Sequence[ExamKey], data: QualityData, now: datetime) -> int:
    """Look for the hints of exams anew, read and locked in one go; return of how many they changed."""
    tx.foresee(keys, [], [])
    exams = [found for one in sorted(keys) if (found := tx.exam(one))]
    return sum(find_hints(tx, one, data, now) for one in exams)
