"""An identity that a provider vouches for -> the account that it signs in."""

from __future__ import annotations

from hashlib import sha256

from ..core.access import Role
from ..core.accounts import Account, Login
from ..core.audit import AuditEntry
from ..core.identifiers import has_tckn_checksum
from ..core.values import Text, Value
from ..ports import Accounts, Audit, Clock, TcknTakenError


class Identity(Value):
    """What a provider says of who signed in there (OpenID Connect Core 2 and 5.1)."""

    issuer: str
    subject: str
    tckn: str = ""
    full_name: str = ""
    email: str = ""


class NotKnown(Exception):
    """Nobody here is signed in by it; says what to do."""

    def __init__(self, why: str, text: Text) -> None:
        super().__init__(why)
        self.why = why
        self.text = text


def identify(
    accounts: Accounts, audit: Audit, clock: Clock, identity: Identity, *, label: str, citizens: bool, address: str
) -> Account:
    """Return the account that an identity signs in: the one it is tied to, else the one with its TCKN.

    `citizens`: whoever has a TCKN and no account becomes one. Audited, a refusal too. Raises `NotKnown`.
    """

    def told(who: str, outcome: str, why: str, institution: str = "") -> None:
        entry = {"at": clock.now(), "who": who, "what": "sign in", "address": address, "outcome": outcome, "why": why}
        audit.record(AuditEntry(**entry, institution=institution, detail={"by": label}))  # type: ignore[arg-type]

    try:
        account = _account(accounts, identity) or _citizen(accounts, clock, identity, citizens=citizens)
    except NotKnown as fault:
        told("", "refused", fault.why)
        raise
    if account.disabled:
        told(account.name, "refused", "disabled")
        raise NotKnown("disabled", DISABLED)
    told(account.name, "done", "", account.institution)
    accounts.link(Login(issuer=identity.issuer, subject=identity.subject, account=account.name, linked_at=clock.now()))
    return account


def _account(accounts: Accounts, identity: Identity) -> Account | None:
    login = accounts.login(identity.issuer, identity.subject)
    tied = accounts.account(login.account) if login else None
    if tied is None:
        return accounts.account_of_tckn(identity.tckn) if has_tckn_checksum(identity.tckn) else None
    if identity.tckn and tied.tckn != identity.tckn:  # the account was given to somebody else meanwhile
        raise NotKnown("another number than the account's", NOT_KNOWN)
    return tied


def _citizen(accounts: Accounts, clock: Clock, identity: Identity, *, citizens: bool) -> Account:
    if not has_tckn_checksum(identity.tckn):
        raise NotKnown("no number", NO_NUMBER)
    if not citizens:
        raise NotKnown("no account", NOT_KNOWN)
    digest = sha256(f"{identity.issuer}\0{identity.subject}".encode()).hexdigest()
    made = Account(
        name=f"vatandas-{digest[:12]}",  # never the TCKN: names stand in URLs and in the audit
        full_name=identity.full_name,
        email=identity.email,
        roles=(Role.CITIZEN,),
        tckn=identity.tckn,
    )
    try:
        accounts.save_account(made, clock.now())
    except TcknTakenError:  # somebody with the number came in by another door at the same moment
        return accounts.account_of_tckn(identity.tckn) or made
    return made


DISABLED = Text(
    tr="Hesabınız kapatılmış. Kurumunuzun yöneticisine ya da Teleradyoloji birimine başvurun.",
    en="Your account is disabled. Ask the manager of your institution or the Teleradyoloji unit.",
)
NOT_KNOWN = Text(
    tr="Kimliğiniz doğrulandı, ama burada hesabınız yok. Kurumunuzun yöneticisi hesabınızı T.C. kimlik numaranızla "
    "açtırmalı.",
    en="Your identity is confirmed, but you have no account here. The manager of your institution must have one made "
    "with your Turkish identity number.",
)
NO_NUMBER = Text(
    tr="Kimlik sağlayıcı T.C. kimlik numaranızı bildirmedi. Sistem yöneticisi TcknClaim ayarını denetlemeli.",
    en="The provider did not tell your Turkish identity number. The administrator should check the setting TcknClaim.",
)
