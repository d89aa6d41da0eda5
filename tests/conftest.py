"""Fixtures that every suite shares."""

from hypothesis import HealthCheck, settings

# How fast a machine draws examples is no property of ours; a loaded one would fail where nothing is wrong.
settings.register_profile("gecit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gecit")

pytest_plugins = ["tests.support.ledgers", "tests.support.node"]
