"""The targets by name. A module is imported when its target is asked for, so that it can be instrumented before."""

from __future__ import annotations

from importlib import import_module

from ..target import Target

PLACES = {
    "mllp": "mllp",
    "hl7": "hl7",
    "facts": "dicom",
    "dose": "dicom",
    "find": "dicom",
    "nesting": "nesting",
    "rules": "rules",
    "profiles": "rules",
    "templates": "rules",
    "html": "html",
    "lists": "lists",
    "qido": "queries",
    "duplicate-query": "queries",
    "image-door": "queries",
    "soap": "answers",
    "medula-json": "answers",
    "services": "answers",
    "oauth2": "answers",
    "credentials": "doors",
    "forwarder": "doors",
    "origin": "doors",
    "views": "pages",
    "macros": "pages",
    "pages": "pages",
    "api": "api",
    "oidc": "oidc",
}
"""Target -> module of this folder."""

FOLLOWED = {
    "soap": ("zeep.wsdl", "zeep.xsd", "zeep.loader"),
    "dose": ("pydicom.filereader", "pydicom.dataset", "pydicom.values", "pydicom.charset", "pydicom.sequence"),
    "find": ("pydicom.filereader", "pydicom.dataset", "pydicom.values", "pydicom.charset"),
}
"""Target -> other people's modules whose branches guide it too."""


def load(name: str) -> Target:
    """Return a target."""
    return next(one for one in import_module(f"{__name__}.{PLACES[name]}").TARGETS if one.name == name)
