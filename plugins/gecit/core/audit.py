"""What the audit is told: who did, or tried, what with whose data."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from .values import Value


class AuditEntry(Value, kw_only=True):
    """One thing that somebody did or was refused."""

    at: datetime
    who: str  # name of the account, AE title or peer; "" = nobody signed in
    what: str  # value of an `access.Action`, or what no action names: "sign in", "sign out"
    institution: str = ""  # SKRS code of whose data it is
    accession: str = ""
    patient: str = ""  # TCKN; only a keyed digest of it is kept
    address: str = ""  # where it came from
    outcome: Literal["done", "refused", "failed"]
    why: str = ""
    detail: dict[str, str] = msgspec.field(default_factory=dict)  # no name, no TCKN; `payload` is kept as a digest
