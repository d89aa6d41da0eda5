"""Who is known at the pretend hospital: its program, and one person of each role."""

from __future__ import annotations

from ..core.access import Role
from ..core.accounts import Account
from .day import INSTITUTION

PROGRAM = Account(name="sandbox HBYS", full_name="Deneme HBYS", roles=(Role.SERVICE,), institution=INSTITUTION.skrs)
