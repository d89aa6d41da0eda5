"""Which AE titles Orthanc is told of, and when."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gecit.edges.orthanc_http import Modality
from gecit.ports import Institution, Station, Unavailable
from gecit.processes.work import Worker, modalities_of

ONE = Institution(skrs="1", aets=("CT", "PACS"), stations=(Station(aet="CT", host="10.0.0.1", port=11112),))
TWO = Institution(skrs="2", aets=("MR",))


class Orthanc:
    """What `tell_modalities` asks of the archive."""

    def __init__(self, *aets: str) -> None:
        self.known = {aet: Modality(aet=aet) for aet in aets}
        self.told: list[str] = []
        self.away = False

    def allowed_modalities(self) -> set[str]:
        return set(self.known)

    def allow_modality(self, one: Modality) -> None:
        if self.away:
            raise Unavailable("Orthanc")
        self.told.append(one.aet)
        self.known[one.aet] = one

    def forget_modality(self, aet: str) -> None:
        del self.known[aet]


def worker(orthanc: Orthanc, institutions: list[Institution]) -> Any:
    settings = SimpleNamespace(development_open=False)
    return SimpleNamespace(_archive=orthanc, _institutions=lambda: institutions, _modalities=None, _settings=settings)


def test_a_title_is_let_in_with_what_is_known_of_its_station() -> None:
    """Storage commitment is open only where Orthanc is told whom to call back."""
    found = {one.aet: one for one in modalities_of([ONE, TWO])}
    assert (found["CT"].host, found["CT"].port) == ("10.0.0.1", 11112)
    assert {aet for aet, one in found.items() if one.entry()["AllowStorageCommitment"]} == {"CT"}


def test_after_a_start_all_are_told_again_and_then_only_what_changes() -> None:
    """An entry that an older release wrote does not let its station find."""
    orthanc, institutions = Orthanc("CT", "GONE"), [ONE]
    made = worker(orthanc, institutions)
    Worker.tell_modalities(made)
    assert (orthanc.told, set(orthanc.known)) == (["CT", "PACS"], {"CT", "PACS"})
    Worker.tell_modalities(made)
    assert orthanc.told == ["CT", "PACS"]
    institutions[:] = [Institution(skrs="1", aets=("CT",)), TWO]  # CT without its host
    Worker.tell_modalities(made)
    assert (orthanc.told[2:], set(orthanc.known)) == (["CT", "MR"], {"CT", "MR"})
    assert orthanc.known["CT"].host == ""


def test_while_orthanc_is_away_nothing_counts_as_told() -> None:
    """The next round tells all of it."""
    orthanc = Orthanc()
    orthanc.away = True
    made = worker(orthanc, [TWO])
    with pytest.raises(Unavailable):
        Worker.tell_modalities(made)
    orthanc.away = False
    Worker.tell_modalities(made)
    assert orthanc.told == ["MR"]
