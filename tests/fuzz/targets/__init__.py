"""The targets by name. A module is imported when its target is asked for, so that it can be instrumented before."""

from __future__ import annotations

from importlib import import_module

from ..target import Target

PLACES = {
    "mllp": "mllp",
}
"""Target -> module of this folder."""

FOLLOWED = {}
"""Target -> other people's modules whose branches guide it too."""


def load(name: str) -> Target:
    """Return a target."""
    return next(one for one in import_module(f"{__name__}.{PLACES[name]}").TARGETS if one.name == name)
