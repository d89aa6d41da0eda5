"""The studies that the doors ask about, in memory; for tests of the filter alone."""

from gecit.core.belonging import Belonging
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
