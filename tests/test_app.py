"""What the plugin hands to Orthanc."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace

from gecit.app import register


class Careless:
    """An `orthanc` module that keeps no callback alive, as plugin 5.0 does not when it stops."""

    def __init__(self) -> None:
        self.found: dict[str, weakref.ref[object]] = {}

    def RegisterRestCallback(self, pattern: str, callback: object) -> None:
        self.found[pattern] = weakref.ref(callback)

    def RegisterIncomingHttpRequestFilter(self, callback: object) -> None:
        pass


def test_no_rest_callback_dies_where_orthanc_lets_go_of_it() -> None:
    """Orthanc 1.12.7 with Python 3.13 aborts at its stop where one does: `make debian-test` sees it."""
    orthanc = Careless()
    register(orthanc, SimpleNamespace(proof=""), SimpleNamespace(), 8043, SimpleNamespace())  # type: ignore[arg-type]
    gc.collect()
    assert len(orthanc.found) == 3
    assert [pattern for pattern, callback in orthanc.found.items() if callback() is None] == []
