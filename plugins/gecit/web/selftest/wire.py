"""What the self-test and the site say to each other."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from gecit.core.trials import Left
from gecit.core.values import Text, Value

from ..problem import Problem
from ..route import Route

BASE = "/gecit/api/selftest"
Run = Annotated[str, msgspec.Meta(pattern="^([0-9A-F]{6})?$", description="Six hexadecimal digits; empty = every run.")]
Hex = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$", description="SHA-256, 64 hexadecimal digits.")]
Count = Annotated[int, msgspec.Meta(ge=0, le=1000)]
Short = Annotated[str, msgspec.Meta(max_length=200, pattern="^[^\\x00]*$")]


class Site(Value):
    """The installation, and the doors as it knows them itself; from outside they may be at other addresses."""

    version: str
    node: str
    role: str
    dicom_aet: str
    dicom_port: int
    mllp_port: int
    mllp_tls: bool
    medula: Literal["answers", "silent", "not configured"]
    medula_fault: str = ""


class Place(Value):
    """The trial institution of whoever asks."""

    skrs: str
    medula_code: str
    name: str
    aets: tuple[str, ...]


class Facts(Value):
    """How the site stands before a self-test."""

    site: Site
    institution: Place
    revision: str  # of the rulebook in force; empty = none
    rules: int
    exemptions: int
    left: Left


class Removing(Value):
    """Which run is to be removed."""

    run: Run = ""


class Removed(Value):
    """What was removed, and what is left; `busy` = exams of which something is being delivered: ask again."""

    exams: int
    studies: int
    busy: int
    left: Left


class Sealing(Value):
    """What a page says, for the audit: its digest, and how many checks ended how."""

    digest: Hex
    passed: Count
    failed: Count
    skipped: Count


class Seal(Value):
    """That the site was shown a page of this digest, by whom and when; a keyed digest over all of it."""

    digest: Hex
    sealed_at: Annotated[datetime, msgspec.Meta(tz=True)]
    by: Short
    institution: Short
    seal: Short = ""


class Sealed(Value):
    """Whether the site made the seal, and of just this."""

    good: bool


NOT_FOR_TRIALS = Problem(
    type="not-for-trials",
    status=409,
    title=Text(tr="Deneme kurumu değil", en="Not a trial institution"),
    detail=Text(
        tr="Kendi kendini sınama yalnız deneme kurumunun belirteciyle çalışır. Yönetici bir deneme kurumu "
        "(gecit institutions add --trial) ve onun programı için bir belirteç kaydetmeli.",
        en="A self-test runs with a token of a trial institution alone. The administrator should record a trial "
        "institution (gecit institutions add --trial) and a token for its program.",
    ),
)
_WRITES = (400, 409, 413, 415, 422)
DESCRIBED = (
    Route(path=BASE, text="How the site stands, for `gecit selftest`.", answers=Facts, errors=(409,)),
    Route(
        path=f"{BASE}/remove",
        text="Remove what a self-test sent: images, exams, queries.",
        answers=Removed,
        body=Removing,
        errors=_WRITES,
    ),
    Route(path=f"{BASE}/seal", text="Seal a page of results.", answers=Seal, body=Sealing, errors=_WRITES),
    Route(path=f"{BASE}/seal/check", text="Check a seal.", answers=Sealed, body=Seal, errors=_WRITES),
)
