"""The studies that the doors ask about, in memory; for tests of the filter alone."""

from gecit.core.belonging import Belonging
from gecit.core.order import ExamKey
from gecit.core.peer_review import ReviewView
from gecit.ports import ImageSearch, OwnedStudy


class FakeStudyDoors:
    """`known`: whose each study is, by Study Instance UID, on every node."""

    def __init__(self, **known: list[Belonging]) -> None:
        self.known: dict[str, list[Belonging]] = dict(known)
        self.found: list[OwnedStudy] = []
        self.asked = 0
        self.broken = False

    def belongings(self, node: str, study_instance_uid: str) -> list[Belonging]:
        self.asked += 1
        if self.broken:
            raise OSError("10000000146")
        return self.known.get(study_instance_uid, [])

    def reachable_studies(self, search: ImageSearch) -> list[OwnedStudy]:
        return self.found[: search.limit]


class FakeReviewDoors:
    """`views`: what each reviewer may look into, by account."""

    def __init__(self, **views: list[ReviewView]) -> None:
        self.views = dict(views)

    def views_of(self, reviewer: str, node: str, study_uid: str = "") -> list[ReviewView]:
        return [one for one in self.views.get(reviewer, []) if study_uid in ("", one.study)]

    def is_blind(self, reviewer: str, exam: ExamKey) -> bool:
        return bool(self.views.get(reviewer))
