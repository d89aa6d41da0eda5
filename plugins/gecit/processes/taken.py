"""What a process says when somebody else is at its port."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager


class PortTakenError(OSError):
    """A port is in use; the text says which, and by which variable another is chosen."""


@contextmanager
def port_of(what: str, port: int, variable: str) -> Iterator[None]:
    """Tell an address in use from any other fault of the block."""
    try:
        yield
    except OSError as fault:
        if fault.errno != errno.EADDRINUSE:
            raise
        raise PortTakenError(
            f"{what}: {port} numaralı kapı dolu; kullanan programı durdurun ya da {variable} ile başka kapı verin. / "
            f"{what}: port {port} is in use; stop what uses it, or set {variable} to another."
        ) from fault
