"""Links (paylaşım bağlantısı): exams opened to whoever shows a link and the code that was sent for it.

A link names nobody: what it opens is a disclosure to an account that nobody can have (`account_of`). A code is short,
sent on demand to the address that the patient wrote, good once, for minutes, and for a few tries.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum

from .access import Role
from .accounts import Account
from .values import Text, Value

CODE_DIGITS = 8
TRIES = 5
"""Wrong codes after which a code is worth nothing."""
WINDOW, DAY = timedelta(minutes=15), timedelta(days=1)
WRONG_OF_LINK, WRONG_OF_NETWORK = 10, 30
"""Wrong codes in a window after which nobody is asked any more, of one link and from one network."""
CODES_OF_LINK, CODES_OF_NETWORK, CODES_A_DAY, LINKS_A_DAY = 3, 20, 10, 20
"""Codes sent in a window for one link and from one network, codes of a link and links of a patient in a day."""

_PREFIX = "link:"
_EMAIL = re.compile(r"[^\s@<>,;:\"\\()\x00-\x1f]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+", re.ASCII)
_PHONE = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)  # E.164


class Channel(StrEnum):
    """How a code is sent."""

    EMAIL = "e-mail"
    SMS = "sms"


class ShareLink(Value):
    """A link; its token is kept nowhere, and stands in the address that the patient was shown once."""

    id: str
    digest: str  # SHA-256 of the token, hex
    patient: str  # TCKN
    disclosure: str  # id
    channel: Channel
    address: str  # that codes are sent to
    made_at: datetime


class Visit(Value):
    """A browser that showed a link and its code."""

    digest: str  # SHA-256 of the cookie's value, hex
    link: str  # id
    expires_at: datetime


def account_of(link_id: str) -> str:
    """Return the name under which a link's visitor is known; no account can have it, for its colon."""
    return f"{_PREFIX}{link_id}"


def came_by_link(name: str) -> bool:
    """Whether a name is a visitor's, and no account's."""
    return name.startswith(_PREFIX)


def visitor(link_id: str) -> Account:
    """Return as whom a visitor stands at the doors."""
    return Account(name=account_of(link_id), roles=(Role.VISITOR,))


def address_of(channel: Channel, written: str) -> str:
    """Return an address as codes are sent to it; "" where it is none."""
    if channel is Channel.SMS:
        number = re.sub(r"[\s()-]", "", written)
        return number if _PHONE.fullmatch(number) else ""
    found = written.strip()
    return found if len(found) <= 254 and _EMAIL.fullmatch(found) else ""


def code_text(code: str, minutes: float) -> tuple[Text, Text]:
    """Return subject and text of the message with a code; no name, no link and nothing of an exam stands in it."""
    half = len(code) // 2
    shown = f"{code[:half]} {code[half:]}"
    return (
        Text(tr="Geçit paylaşım kodu", en="Geçit sharing code"),
        Text(
            tr=f"Paylaşım kodunuz: {shown}. {minutes:g} dakika geçerlidir, bir kez kullanılır. Siz istemediyseniz "
            "dikkate almayın, kimseye söylemeyin.",
            en=f"Your sharing code: {shown}. It is good for {minutes:g} minutes, once. If you did not ask for it, "
            "ignore it and tell it to nobody.",
        ),
    )


def digits_of(written: str) -> str:
    """Return the digits of a code as somebody typed it."""
    return "".join(one for one in written if one.isascii() and one.isdigit())[: CODE_DIGITS + 1]
