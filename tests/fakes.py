"""In-memory sides of the ports that the doors and pages read."""

from datetime import datetime, timedelta

from gecit.core.events import Event
from gecit.core.exam import Exam, Study
from gecit.core.order import ExamKey
from gecit.core.values import ISTANBUL
from gecit.ports import Beat

from .fake_accounts import SAYS_TOO_MUCH
from .fake_accounts import FakeAccounts as FakeAccounts

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=ISTANBUL)


class StillClock:
    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class FakeViews:
    def __init__(self) -> None:
        self.exams: list[Exam] = []
        self.studies: list[Study] = []
        self.events: dict[ExamKey, list[Event]] = {}
        self.broken = False

    def recent_exams(self, limit: int) -> list[Exam]:
        if self.broken:
            raise OSError(SAYS_TOO_MUCH)
        return self.exams[:limit]

    def find_exams(self, accession: str) -> list[Exam]:
        return [one for one in self.exams if one.key.accession == accession]

    def timeline(self, key: ExamKey) -> list[Event]:
        return self.events.get(key, [])

    def unlinked_studies(self, limit: int) -> list[Study]:
        return self.studies[:limit]


class FakeVitals:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str, str], Beat] = {}

    def beat(self, beat: Beat) -> None:
        self.kept[beat.node, beat.home, beat.process] = beat

    def beats(self) -> list[Beat]:
        return list(self.kept.values())

    def counts(self) -> dict[str, int]:
        return {"exam.hold": 2, "outbox.parked": 1, "message": 40}
