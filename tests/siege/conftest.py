"""Fixtures that the sieges borrow from the suites of what they besiege."""

from tests.cli.conftest import data, gecit  # noqa: F401
