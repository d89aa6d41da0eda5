"""The self-test's studies in Orthanc: found by their numbers, and deleted."""

from __future__ import annotations

import json
from urllib.parse import quote

from gecit.core.facts import StudyKey
from gecit.core.trials import PREFIX, is_trial_accession, is_trial_patient

from .orthanc_tags import OrthancTags

MOST = 1000  # studies found at once


class OrthancTrials(OrthancTags):
    """Implements `ports.trials.TrialImages`; `node`: the name under which the ledger keeps this index's studies."""

    def __init__(self, url: str, token: str, node: str, timeout: float = 20.0) -> None:
        super().__init__(url, token, timeout)
        self.node = node

    def trial_studies(self, run: str = "") -> list[StudyKey]:
        """Return studies of self-tests; Orthanc's wildcard is only a first sieve."""
        query = {"Level": "Study", "Expand": True, "Limit": MOST, "Query": {"AccessionNumber": f"{PREFIX}{run}*"}}
        found = self._ask("POST", "/tools/find", json.dumps(query).encode()) or []
        mine = (one for one in found if is_trial_accession(_said(one, "MainDicomTags", "AccessionNumber"), run))
        kept = (one for one in mine if is_trial_patient(_said(one, "PatientMainDicomTags", "PatientID")))
        return sorted(StudyKey(node=self.node, orthanc_id=str(one["ID"])) for one in kept)

    def remove_study(self, orthanc_id: str) -> bool:
        """Delete a study with all of its instances; False where it was gone."""
        return self._ask("DELETE", f"/studies/{quote(orthanc_id, safe='-')}") is not None


def _said(study: dict[str, dict[str, object]], group: str, keyword: str) -> str:
    return str((study.get(group) or {}).get(keyword, "")).strip()
