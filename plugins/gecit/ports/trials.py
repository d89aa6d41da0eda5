"""What the self-test's removal needs: its rows in the ledger, its images in Orthanc."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ..core.facts import StudyKey
from ..core.trials import Left, Removal


class TrialsKept(Protocol):
    """The part of a transaction that knows trial exams; each method looks at one trial institution's alone."""

    def trial_left(self, skrs: str) -> Left:
        """Count what is left; `images` are not counted here."""
        ...

    def remove_trial(
        self, skrs: str, run: str, studies: Sequence[StudyKey], at: datetime, by: str, node: str
    ) -> Removal:
        """Remove a run's exams ("" = of every run) with what belongs to them, and those studies, all of `node`.

        What is being delivered at this moment stays for the next call, and studies of other nodes for one there: each
        deletes images of its own index alone.
        """
        ...


class TrialImages(Protocol):
    """An archive's studies of self-tests. Every method raises `Unavailable`."""

    @property
    def node(self) -> str:
        """The name under which the ledger keeps this archive's studies."""
        ...

    def trial_studies(self, run: str = "") -> list[StudyKey]:
        """Return the studies that carry a run's accession numbers ("" = of every run) and a trial patient's number."""
        ...

    def remove_study(self, orthanc_id: str) -> bool:
        """Delete a study with all of its instances; False where it was gone."""
        ...
