"""The licences of what is installed to run a node go with AGPL-3.0-or-later."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from .common import RUN_LOCK, Fault, accepted, pinned, settle

# Each may be part of a work under AGPL-3.0; names as SPDX, as trove classifiers and as people write them.
COMPATIBLE = re.compile(
    r"\b(mit|mit-cmu|bsd|bsd-[23]-clause|0bsd|apache(?:[- ]software|-2\.0| 2\.0)?|isc|psf-2\.0"
    r"|python software foundation|zpl|mpl-2\.0|mozilla public license 2\.0|lgpl|lesser general public|zlib"
    r"|unlicense|cc0|hpnd|public domain)\b",
    re.IGNORECASE,
)


def faults() -> Iterator[Fault]:
    """Yield packages whose licence is not known to go with ours; of what is not installed here nothing is said."""
    found = []
    for one in pinned(RUN_LOCK):
        try:
            told = licence_of(distribution(one.name))
        except PackageNotFoundError:
            continue  # of another system: its marker says so
        if not COMPATIBLE.search(told):
            found.append(("licence", one.name, told[:80] or "says nothing of its licence"))
    yield from settle("licences", found, accepted("licences"))


def licence_of(package: Distribution) -> str:
    """Return what a package says of its licence."""
    about = package.metadata
    classifiers = [
        one.rpartition("::")[2].strip() for one in about.get_all("Classifier") or () if one.startswith("License ::")
    ]
    said = (about.get("License-Expression") or "", *classifiers, (about.get("License") or "").split("\n")[0])
    return " | ".join(one for one in said if one)
