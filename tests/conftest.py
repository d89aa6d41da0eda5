"""Fixtures that every suite shares."""

import signal

from hypothesis import HealthCheck, settings

# How fast a machine draws examples is no property of ours; a loaded one would fail where nothing is wrong.
settings.register_profile("gecit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gecit")

pytest_plugins = ["tests.support.ledgers", "tests.support.node"]

# A shell that starts tests in the background has them ignore Ctrl-C, and whatever they start would inherit that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
