"""The generated parts of `docs/scale.md`."""

from __future__ import annotations

from gecit.core.scale.assumptions import Assumptions
from gecit.core.scale.limits import outlook
from gecit.core.scale.load import Size

from . import days, tables

SEED, LOST = 1, 30.0
"""Of the days that the page shows: seed, and minutes that are lost."""


def all_parts(known: Assumptions) -> dict[str, str]:
    """Return every generated part by its name."""
    outlooks = [outlook(one, known) for one in Size]
    country = outlooks[-1]
    node, database = days(country, known, SEED, LOST)
    return {
        "amounts": tables.amounts(outlooks, known).markdown(),
        "one-node": tables.breaking(outlooks, known, one_node=True).markdown(),
        "each-own": tables.breaking(outlooks, known, one_node=False).markdown(),
        "remedies": tables.remedies(tables.all_broken(outlooks, known)).markdown(),
        "day-of-node": tables.days(node).markdown(),
        "day-of-database": tables.days(database).markdown(),
        "assumptions": tables.assumed(known).markdown(),
    }
