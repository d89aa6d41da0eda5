"""Fixtures that every suite shares."""

pytest_plugins = ["tests.support.ledgers", "tests.support.node"]
