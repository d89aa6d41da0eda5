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
from .day import INSTITUTION, OTHER_PHYSICIAN, PHYSICIAN, RADIOLOGIST, SECOND_RADIOLOGIST
from .neighbours import NEIGHBOUR, READERS

ADMINISTRATOR, CITIZEN = "yonetici", "vatandas"
PROGRAM = Account(name="sandbox HBYS", full_name="Deneme HBYS", roles=(Role.SERVICE,), institution=INSTITUTION.skrs)
TOKEN_LASTS = timedelta(days=30)
_AT, _NEXT_DOOR = INSTITUTION.skrs, NEIGHBOUR.skrs
OUTSIDE_CLINICIAN = Account(
    name="komsu-hekim",
    full_name="Komşu Hekim",
    email="hekim@komsu.example",
    roles=(Role.CLINICIAN,),
    institution=_NEXT_DOOR,
    tckn=OTHER_PHYSICIAN.identifier,
)
"""To whom the citizen opened an exam."""
PEOPLE = (
    Account(name=ADMINISTRATOR, full_name="Deneme Yönetici", roles=(Role.ADMINISTRATOR,)),
    Account(name="mudur", full_name="Deneme Müdür", roles=(Role.MANAGER,), institution=_AT),
    Account(
        name=READERS[0],
        full_name="Deneme Radyolog",
        email="radyolog@deneme.example",
        roles=(Role.RADIOLOGIST,),
        institution=_AT,
        tckn=RADIOLOGIST.identifier,
    ),
    Account(
        name="konsultan",
        full_name="Deneme Konsültan",
        email="konsultan@deneme.example",
        roles=(Role.CONSULTANT,),
        institution=_AT,
    ),
    Account(
        name="klinisyen",
        full_name="Deneme Klinisyen",
        email="klinisyen@deneme.example",
        roles=(Role.CLINICIAN,),
        institution=_AT,
        tckn=PHYSICIAN.identifier,
    ),
    Account(name="kalite", full_name="Deneme Kalite", roles=(Role.ASSESSOR,), institution=_AT),
    Account(
        name=READERS[1],
        full_name="Komşu Radyolog",
        roles=(Role.RADIOLOGIST,),
        institution=_NEXT_DOOR,
        tckn=SECOND_RADIOLOGIST.identifier,
    ),
    Account(
        name="beyin-cerrahi",
        full_name="Komşu Beyin Cerrahı",
        email="beyin-cerrahi@komsu.example",
        roles=(Role.CONSULTANT,),
        institution=_NEXT_DOOR,
    ),
    OUTSIDE_CLINICIAN,
    Account(name=CITIZEN, full_name="Deneme Vatandaş", roles=(Role.CITIZEN,)),
)
"""Somebody of each role, and three at the neighbour; the citizen becomes a patient of the day that is played."""

BEGINS: Mapping[str, tuple[str, str]] = {
    ADMINISTRATOR: (
        "/gecit/health",
        "süreçlere, teslimata bak; kullanıcı ekle / look at processes and deliveries; add a user",
    ),
    "mudur": ("/gecit/", "bekletilen bir tetkikte ne eksik, kim düzeltir / what a held exam lacks, who mends it"),
    READERS[0]: (
        "/gecit/reading",
        "sıradakini al, raporu yaz, imzala; konsultan'a danış / take the next, write, sign; ask konsultan",
    ),
    "konsultan": (
        "/gecit/consultations",
        "radyolog'un sorusunu yanıtla (önce o sormalı) / answer what radyolog asks (he asks first)",
    ),
    "klinisyen": ("/gecit/critical", "bekleyen kritik bulguyu oku, onayla / read the critical finding, confirm it"),
    "kalite": (
        "/gecit/",
        "bir tetkiki aç, Kalite'de görüntüsünü puanla / open an exam, rate its images under Quality",
    ),
    READERS[1]: ("/gecit/reading", "komşu hastanenin tetkikini oku / read for the hospital next door"),
    "beyin-cerrahi": (
        "/gecit/consultations",
        "başka kurumdan soruyu yanıtla / answer a question of another institution",
    ),
    OUTSIDE_CLINICIAN.name: (
        "/gecit/shared",
        "vatandas'ın açtığı BT'ye ve raporuna bak / see the CT and report that vatandas opened",
    ),
    CITIZEN: (
        "/gecit/own",
        "görüntülerine bak; paylaşımda bağlantı yap, kodu posta kutusunda / see your exams; make a link, its code "
        "comes to the mail box",
    ),
}
"""Where each begins, and what to try there first."""


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
    """Say who may sign in with which password, and what to try first; `renew`: the command that gives a new one."""
    lines = []
    for one in PEOPLE:
        begin, what = BEGINS[one.name]
        role = one.roles[0].value
        lines += [f"  {one.name:<15}{passwords.get(one.name, '-'):<18}{role:<15}{begin}", f"{'':<17}{what}"]
    if not all(one.name in passwords for one in PEOPLE):
        lines.append(f"  - = ilk açılışta yazıldı / printed at the first start; {renew}")
    return "\n".join(lines)
