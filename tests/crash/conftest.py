"""What the tests of this folder share."""

from __future__ import annotations

import pytest

from .checks import Verdicts
from .runs import bench


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    """The verdicts of a day that nobody disturbs; every engine and every disturbed day has to come to the same."""
    with bench("sqlite", tmp_path_factory.mktemp("undisturbed")) as place:
        return place.undisturbed()
