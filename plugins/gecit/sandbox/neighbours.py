"""What the demo needs beside one hospital's day: a neighbour that reads for it, and a group of radiologists."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..core.exam_kinds import Subspecialty
from ..core.grants import Grant, Paper
from ..core.groups import Group, Member
from ..core.values import local
from ..ports import Institution, Transaction
from .day import INSTITUTION

NEIGHBOUR = Institution(
    skrs="999002",
    medula_code="11999002",
    name="Geçit Komşu Hastanesi",
    ownership="public",
    province=INSTITUTION.province,
    aets=("KOMSUPACS",),
)
"""Public and of the same province: the rule of access covers a grant between the two."""

READERS = ("radyolog", "komsu-radyolog")
GRANT, GROUP, BY = "demo-grant", "demo-group", "sandbox"
STANDS = timedelta(days=90)


def settle_neighbours(tx: Transaction, now: datetime) -> None:
    """Record the neighbour, its leave to read for the hospital, and a group of both, where they are not there."""
    tx.record_institution(NEIGHBOUR, now, by=BY)
    if not any(one.id == GRANT and one.until > now for one in tx.grants()):
        tx.record_grant(_grant(now), now, BY)
    if not any(one.id == GROUP for one in tx.groups()):
        members = tuple(Member(account=one, since=now) for one in READERS)
        group = Group(
            id=GROUP,
            name="Nöroradyoloji (deneme)",
            subspecialty=Subspecialty.NEURO,
            members=members,
            recorded_at=now,
            recorded_by=BY,
        )
        tx.record_group(group, now, BY)


def _grant(now: datetime) -> Grant:
    return Grant(
        id=GRANT,
        readers=READERS[1:],
        institutions=(INSTITUTION.skrs,),
        since=now,
        until=now + STANDS,
        recorded_at=now,
        recorded_by=BY,
        paper=Paper(number="DENEME-1", dated=local(now).date()),
    )
