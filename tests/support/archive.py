"""An archive in memory for what points to pictures: the study of `tests.support.flow` and one of somebody else."""

from __future__ import annotations

from collections.abc import Sequence

from gecit.ports import Unavailable

CT = "1.2.840.10008.5.1.4.1.1.2"
SR = "1.2.840.10008.5.1.4.1.1.88.11"
OWN, FOREIGN = "1.2.3", "1.2.9"


class FakeTags:
    """`ports.Tags` of two studies with Orthanc ids `own` and `foreign`."""

    def __init__(self) -> None:
        self.down = False
        self.held: dict[str, dict[str, list[dict[str, str]]]] = {
            "own": {
                "2": [_picture(f"{OWN}.2.{number}", number) for number in (1, 2, 3)],
                "3": [{**_picture(f"{OWN}.3.1", 1), "NumberOfFrames": "30"}],
                "4": [_picture(f"{OWN}.4.1", 1), _picture(f"{OWN}.4.2", 1)],
                "9000": [{"SOPInstanceUID": f"{OWN}.9000.1", "SOPClassUID": SR, "InstanceNumber": "1"}],
            },
            "foreign": {"2": [_picture(f"{FOREIGN}.2.1", 1)]},
        }

    def studies(self, orthanc_ids: Sequence[str], uids: Sequence[str]) -> dict[str, dict[str, str]]:
        return {}

    def series(self, study: str) -> list[tuple[str, dict[str, str]]]:
        if self.down:
            raise Unavailable("Orthanc does not answer")
        uid = OWN if study == "own" else FOREIGN
        return [
            (f"{study}/{number}", {"SeriesInstanceUID": f"{uid}.{number}", "SeriesNumber": number})
            for number in self.held.get(study, {})
        ]

    def instances(self, series: str) -> list[tuple[str, dict[str, str]]]:
        study, _, number = series.partition("/")
        kept = ("SOPInstanceUID", "InstanceNumber")
        return [
            (f"{series}/{at}", {name: one[name] for name in kept}) for at, one in enumerate(self.held[study][number])
        ]

    def all_of(self, instance: str) -> dict[str, str]:
        study, number, at = instance.split("/")
        return self.held[study][number][int(at)]

    def one_of_study(self, study: str) -> str:
        return ""


def _picture(uid: str, number: int) -> dict[str, str]:
    return {"SOPInstanceUID": uid, "SOPClassUID": CT, "InstanceNumber": str(number), "Rows": "256"}
