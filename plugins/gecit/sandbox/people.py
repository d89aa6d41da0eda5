"""Who is known at the pretend hospital: its program, and one person of each role; no password is ever a default."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from ..core.access import Role
from ..core.accounts import Account
from ..edges.doors import new_token, token_digest
from ..edges.passwords import hash_password
from ..ports import Accounts
from .day import INSTITUTION, OTHER_PHYSICIAN, RADIOLOGIST, SECOND_RADIOLOGIST
from .neighbours import NEIGHBOUR, READERS

ADMINISTRATOR, CITIZEN = "yonetici", "vatandas"
PROGRAM = Account(name="sandbox HBYS", full_name="Deneme HBYS", roles=(Role.SERVICE,), institution=INSTITUTION.skrs)
TOKEN_LASTS = timedelta(days=30)
_AT, _NEXT_DOOR = INSTITUTION.skrs, NEIGHBOUR.skrs
PEOPLE = (
    Account(name=ADMINISTRATOR, full_name="Deneme Yönetici", roles=(Role.ADMINISTRATOR,)),
    Account(name="mudur", full_name="Deneme Müdür", roles=(Role.MANAGER,), institution=_AT),
    Account(
        name=READERS[0],
        full_name="Deneme Radyolog",
        roles=(Role.RADIOLOGIST,),
        institution=_AT,
        tckn=RADIOLOGIST.identifier,
    ),
    Account(name="konsultan", full_name="Deneme Konsültan", roles=(Role.CONSULTANT,), institution=_AT),
    Account(name="klinisyen", full_name="Deneme Klinisyen", roles=(Role.CLINICIAN,), institution=_AT),
    Account(name="kalite", full_name="Deneme Kalite", roles=(Role.ASSESSOR,), institution=_AT),
    Account(
        name=READERS[1],
        full_name="Komşu Radyolog",
        roles=(Role.RADIOLOGIST,),
        institution=_NEXT_DOOR,
        tckn=SECOND_RADIOLOGIST.identifier,
    ),
    Account(name="beyin-cerrahi", full_name="Komşu Beyin Cerrahı", roles=(Role.CONSULTANT,), institution=_NEXT_DOOR),
    Account(
        name="komsu-hekim",
        full_name="Komşu Hekim",
        roles=(Role.CLINICIAN,),
        institution=_NEXT_DOOR,
        tckn=OTHER_PHYSICIAN.identifier,
    ),
    Account(name=CITIZEN, full_name="Deneme Vatandaş", roles=(Role.CITIZEN,)),
)
"""Somebody of each role, and three at the neighbour; the citizen becomes a patient of the day that is played."""

BEGINS: Mapping[Role, tuple[str, str]] = {
    Role.ADMINISTRATOR: ("/gecit/health", "kurumlar, kullanıcılar, yetkiler / institutions, users, grants"),
    Role.MANAGER: ("/gecit/", "ne eksik, kim düzeltir / what is missing, who mends it"),
    Role.RADIOLOGIST: ("/gecit/reading", "sıradaki tetkiki al, yaz, imzala / take the next exam, write, sign"),
    Role.CONSULTANT: ("/gecit/consultations", "sorulana yanıt / answers what is asked"),
    Role.CLINICIAN: (
        "/gecit/critical",
        "kritik bulgular, paylaşılanlar / critical findings, shared exams",
    ),
    Role.ASSESSOR: ("/gecit/quality", "görüntü ve istem kalitesi / quality of images and requests"),
    Role.CITIZEN: ("/gecit/own", "görüntülerim, paylaşım / my exams, sharing"),
}
"""Where each role begins, and with what."""


def settle(accounts: Accounts, at: datetime) -> Mapping[str, str]:
    """Record program and people where they are not there; return the passwords of those who were given one."""
    accounts.save_account(PROGRAM, at)
    return {one.name: _new(accounts, one, at) for one in PEOPLE if accounts.password_hash(one.name) is None}


def give_token(accounts: Accounts, at: datetime) -> str:
    """Return a new token of the program; its older ones are revoked, since each start gives one."""
    for one in accounts.tokens():
        if one.owner == PROGRAM.name and one.revoked_at is None:
            accounts.revoke_token(one.digest, at)
    token = new_token()
    accounts.add_token(token_digest(token), PROGRAM.name, at, at + TOKEN_LASTS)
    return token


def become_patient(accounts: Accounts, tckn: str, at: datetime) -> None:
    """Let the citizen be a patient, so that somebody sees what is his own."""
    citizen = accounts.account(CITIZEN)
    if citizen:
        accounts.save_account(replace(citizen, tckn=tckn), at)


def _new(accounts: Accounts, one: Account, at: datetime) -> str:
    password = secrets.token_urlsafe(12)
    accounts.save_account(one, at)
    accounts.set_password(one.name, hash_password(password), at)
    return password


def shown(passwords: Mapping[str, str], renew: str) -> str:
    """Say who may sign in with which password, and where to begin; `renew`: the command that gives a new one."""
    lines = []
    for one in PEOPLE:
        role = one.roles[0]
        begin, what = BEGINS[role]
        lines.append(f"  {one.name:<15}{passwords.get(one.name, '-'):<18}{role.value:<15}{begin:<22}{what}")
    if not all(one.name in passwords for one in PEOPLE):
        lines.append(f"  - = ilk açılışta yazıldı / printed at the first start; {renew}")
    return "\n".join(lines)
