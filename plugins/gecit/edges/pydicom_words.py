"""What pydicom says of odd values: it quotes them, in warnings and in its log, and they may be a patient's."""

from __future__ import annotations

import logging
import warnings


def quieten() -> None:
    """Have it say nothing in this process; what cannot be read is told by whoever reads, without its text."""
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module=r"pydicom\b")
