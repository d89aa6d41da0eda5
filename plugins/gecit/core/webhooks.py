"""Webhooks: who is told of which verdicts, what is told, and how it is signed.

Message, headers and signature follow the Standard Webhooks specification 1.0 (`webhook-id`, `webhook-timestamp`,
`webhook-signature`; HMAC-SHA-256 over id.timestamp.body). What is told names no patient.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime

from .exam import Exam
from .order import ExamKey
from .values import Text, Value
from .verdict import Effect, Finding, Outcome, Status, Verdict

SECRET_PREFIX = "whsec_"  # noqa: S105 -- says what follows, and is none
SECRET_BYTES = 32
VERDICT_CHANGED = "verdict.changed"
TRIAL = "webhook.trial"
_OPEN = (Status.FAILED, Status.CANNOT_TELL)


class Subscription(Value):
    """Who is told. The secret is kept as it is: a signature is made with it."""

    id: str
    institution: str  # SKRS code; empty = exams of every institution
    url: str
    secret: str  # whsec_ and base64
    created_at: datetime
    by: str  # who made it
    outcomes: tuple[Outcome, ...] = ()  # of the new verdict; () = any
    paused_at: datetime | None = None  # since when nothing is told; what changes meanwhile is not told later either
    rotated_at: datetime | None = None  # since when the secret is another one than at first


class Missing(Value):
    """What keeps the exam from being billed, and who must mend it."""

    rule: str
    title: Text
    who: str
    where: str


class VerdictChange(Value):
    """The body of a webhook: an exam has another outcome, or other things are missing."""

    type: str  # verdict.changed
    timestamp: datetime
    institution: str  # SKRS code
    accession: str
    outcome: Outcome
    before: Outcome | None  # None = the exam was never judged
    rulebook: str  # revision that it was judged by
    missing: tuple[Missing, ...]


class Trial(Value):
    """The body of a trial that a person asked for: it is about no exam."""

    type: str  # webhook.trial
    timestamp: datetime
    institution: str  # SKRS code of the subscription; empty = every institution


def missing(verdict: Verdict | None) -> tuple[Finding, ...]:
    """Return the findings that keep an exam from being billed."""
    found = verdict.findings if verdict else ()
    return tuple(one for one in found if one.status in _OPEN and one.effect is not Effect.WARN)


def changed(before: Verdict | None, after: Verdict) -> bool:
    """Whether a verdict is news: another outcome, or other things missing."""
    if before is None or before.outcome is not after.outcome:
        return True
    return {one.rule for one in missing(before)} != {one.rule for one in missing(after)}


def wants(subscription: Subscription, key: ExamKey, outcome: Outcome) -> bool:
    """Whether a subscriber is told of such a verdict."""
    of_theirs = subscription.institution in ("", key.institution)
    return (
        subscription.paused_at is None and of_theirs and (not subscription.outcomes or outcome in subscription.outcomes)
    )


def change_of(exam: Exam, before: Verdict | None, after: Verdict) -> VerdictChange:
    """Return what is told of a new verdict."""
    return VerdictChange(
        type=VERDICT_CHANGED,
        timestamp=after.judged_at,
        institution=exam.key.institution,
        accession=exam.key.accession,
        outcome=after.outcome,
        before=before.outcome if before else None,
        rulebook=after.rulebook,
        missing=tuple(Missing(rule=one.rule, title=one.title, who=one.who, where=one.where) for one in missing(after)),
    )


def message_id(key: str) -> str:
    """Return the `webhook-id` of an idempotency key: the same however often it is sent."""
    return f"msg_{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def new_secret(random: bytes) -> str:
    """Return a secret as it is given to the receiver."""
    return SECRET_PREFIX + base64.b64encode(random).decode()


def key_of(secret: str) -> bytes:
    """Return the bytes of a secret; ValueError where it is none."""
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as fault:
        raise ValueError("a secret is whsec_ and base64") from fault


def headers(secret: str, number: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that let a receiver check who sent a body, and when (seconds since 1970)."""
    second = str(int(at.timestamp()))
    mac = hmac.new(key_of(secret), f"{number}.{second}.".encode() + body, "sha256").digest()
    return {
        "webhook-id": number,
        "webhook-timestamp": second,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }
