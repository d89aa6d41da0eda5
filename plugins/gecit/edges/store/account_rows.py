"""Accounts as they are read, with what their employer's record says of it."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.ports import Institution

from .schema import account, institution

ACCOUNTS = sa.select(account, institution.c.data).select_from(
    account.outerjoin(institution, institution.c.skrs == account.c.institution)
)


def read_roles(data: str) -> tuple[Role, ...]:
    """Read the roles of an account's row."""
    return msgspec.json.decode(data, type=tuple[Role, ...])


def read_account(row: Any) -> Account:
    """Read a row of `ACCOUNTS`."""
    employer = msgspec.json.decode(row.data, type=Institution) if row.data else None
    return Account(
        name=row.name,
        full_name=row.full_name,
        email=row.email,
        roles=read_roles(row.roles),
        institution=row.institution,
        tckn=row.tckn,
        disabled=row.disabled,
        created_at=row.created_at,
        ownership=employer.ownership if employer else "",
        province=employer.province if employer else "",
    )
