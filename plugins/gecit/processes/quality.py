"""What hints go by and raters choose from, as the files stand at each asking."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..core.quality_data import QualityData
from ..edges.quality_files import QualityFileError, QualityFiles
from ..settings import Settings

log = logging.getLogger("gecit.quality")

NOTHING = QualityData()


def quality_of(settings: Settings) -> Callable[[], QualityData]:
    """Return what gives the data; a file that cannot be used costs the hints until it is mended, never a verdict."""
    files = QualityFiles(settings.rules, settings.site_rules)
    last = ""

    def data() -> QualityData:
        nonlocal last
        try:
            return files()
        except QualityFileError as fault:
            if str(fault) != last:
                log.error("no hints are looked for until it is mended: %s", fault)
            last = str(fault)
            return NOTHING

    return data
