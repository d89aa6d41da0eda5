"""What the JSON interface answers beside exams: flat values, numbers of persons masked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from gecit.core.events import Event, ExamJudged
from gecit.core.exam import Exam
from gecit.core.rulebook import Edition, Exemption, Rule, Rulebook, Scope, Source, Window
from gecit.core.values import Text, Value
from gecit.core.verdict import Effect, Outcome
from gecit.core.webhooks import Subscription
from gecit.ports import Delivery, Incident, Institution

from ..masking import mask
from ..phrases import cause
from ..shown import ShownExam, ShownFinding, show_finding
from ..timeline import ShownEvent


class ExamPage(Value):
    """Exams, the newest order first; `next` is left out on the last page."""

    exams: tuple[ShownExam, ...]
    next: str = ""


class ShownVerdict(Value):
    """One verdict with its findings; revisions are those that it can be reproduced by."""

    outcome: Outcome
    judged_at: datetime
    known_at: datetime
    rulebook: str
    codes: str
    cause: Text | None
    due_at: datetime | None
    findings: tuple[ShownFinding, ...]


class Verdicts(Value):
    """Verdicts of an exam, the newest first."""

    institution: str
    accession: str
    verdicts: tuple[ShownVerdict, ...]


class Findings(Value):
    """What the rules say of an exam by its last verdict; nothing before the first."""

    institution: str
    accession: str
    outcome: Outcome | None
    judged_at: datetime | None
    findings: tuple[ShownFinding, ...]


class Timeline(Value):
    """Events of an exam, oldest first."""

    institution: str
    accession: str
    events: tuple[ShownEvent, ...]


def show_verdicts(exam: Exam, events: Iterable[Event], limit: int) -> Verdicts:
    """Return the newest verdicts of an exam."""
    judged = [one for one in events if isinstance(one, ExamJudged)][-limit:]
    shown = tuple(_verdict(one) for one in reversed(judged))
    return Verdicts(institution=exam.key.institution, accession=exam.key.accession, verdicts=shown)


def _verdict(event: ExamJudged) -> ShownVerdict:
    verdict = event.verdict
    return ShownVerdict(
        outcome=verdict.outcome,
        judged_at=verdict.judged_at,
        known_at=verdict.known_at,
        rulebook=verdict.rulebook,
        codes=verdict.codes,
        cause=cause(event.cause) if event.cause else None,
        due_at=verdict.due_at,
        findings=tuple(show_finding(one) for one in verdict.findings),
    )


def show_findings(exam: Exam) -> Findings:
    """Return the findings of an exam's last verdict."""
    verdict = exam.verdict
    return Findings(
        institution=exam.key.institution,
        accession=exam.key.accession,
        outcome=verdict.outcome if verdict else None,
        judged_at=verdict.judged_at if verdict else None,
        findings=tuple(show_finding(one) for one in verdict.findings) if verdict else (),
    )


class ShownEdition(Value):
    """What a rule says from one instant until another; null = without beginning or end."""

    start: datetime | None
    until: datetime | None
    in_force: bool
    published: date | None
    source: Source
    applies: Scope
    reading: str


class ShownRule(Value):
    """A rule in all its editions."""

    id: str
    title: Text
    fix: Text
    who: str
    where: str
    effect: Effect
    dated_by: str
    origin: str
    editions: tuple[ShownEdition, ...]


class Rules(Value):
    """The rulebook in force; `in_force` is said of `at`."""

    revision: str
    at: datetime
    rules: tuple[ShownRule, ...]


class ShownWindow(Value):
    """A window of an exemption; the whole minute of `last` is inside, null = until further notice."""

    id: str
    exemption: str
    title: Text
    excuses: tuple[str, ...]
    dated_by: str
    start: datetime
    last: datetime | None
    in_force: bool
    published: date
    source: Source
    applies: tuple[Scope, ...]  # every one of them
    origin: str
    teletip_id: str


class Exemptions(Value):
    """The windows of the exemptions in force, in order of time; `in_force` is said of `at`."""

    revision: str
    at: datetime
    windows: tuple[ShownWindow, ...]


def show_rules(book: Rulebook, at: datetime) -> Rules:
    """Return the rules of a revision."""
    return Rules(revision=book.revision, at=at, rules=tuple(_rule(one, at) for one in book.rules))


def _rule(rule: Rule, at: datetime) -> ShownRule:
    return ShownRule(
        id=rule.id,
        title=rule.title,
        fix=rule.fix,
        who=rule.who,
        where=rule.where,
        effect=rule.effect,
        dated_by=rule.dated_by,
        origin=rule.origin,
        editions=tuple(_edition(one, at) for one in rule.editions),
    )


def _edition(one: Edition, at: datetime) -> ShownEdition:
    return ShownEdition(
        start=one.start,
        until=one.until,
        in_force=one.covers(at),
        published=one.published,
        source=one.source,
        applies=one.applies,
        reading=one.reading,
    )


def show_exemptions(book: Rulebook, at: datetime, rule: str = "", in_force: bool | None = None) -> Exemptions:
    """Return the windows of a revision: those that excuse a rule, and those that cover `at` or do not."""
    found = [_window(one, window, at) for one in book.exemptions for window in one.windows]
    wanted = [
        one for one in found if (not rule or rule in one.excuses) and (in_force is None or one.in_force is in_force)
    ]
    return Exemptions(revision=book.revision, at=at, windows=tuple(sorted(wanted, key=lambda one: (one.start, one.id))))


def _window(exemption: Exemption, window: Window, at: datetime) -> ShownWindow:
    return ShownWindow(
        id=window.id,
        exemption=exemption.id,
        title=exemption.title,
        excuses=exemption.excuses,
        dated_by=exemption.dated_by,
        start=window.start,
        last=window.last,
        in_force=window.covers(at),
        published=window.published,
        source=window.source,
        applies=tuple(one for one in (exemption.applies, window.applies) if one != Scope()),
        origin=window.origin,
        teletip_id=window.teletip_id,
    )


class ShownInstitution(Value):
    """A hospital: both its codes are its own."""

    skrs: str
    medula_code: str
    name: str
    ownership: str
    province: str
    aets: tuple[str, ...]


class Institutions(Value):
    """Institutions, by SKRS code."""

    institutions: tuple[ShownInstitution, ...]


def show_institution(one: Institution) -> ShownInstitution:
    """Return an institution without the addresses of its machines."""
    return ShownInstitution(
        skrs=one.skrs,
        medula_code=one.medula_code,
        name=one.name,
        ownership=one.ownership,
        province=one.province,
        aets=one.aets,
    )


class ShownDelivery(Value):
    """A delivery: what is to be told to whom, and how it stands. Its content is not shown."""

    id: int
    destination: str
    kind: str
    institution: str
    accession: str
    state: str  # queued | leased | unknown | parked | done
    attempts: int
    created_at: datetime | None
    next_at: datetime | None
    last_error: str


class Outbox(Value):
    """Deliveries, the newest first; `next` is left out on the last page."""

    deliveries: tuple[ShownDelivery, ...]
    next: int = 0


def show_delivery(one: Delivery) -> ShownDelivery:
    """Return a delivery."""
    return ShownDelivery(
        id=one.id,
        destination=one.destination,
        kind=one.kind,
        institution=one.exam.institution,
        accession=one.exam.accession,
        state="leased" if one.leased_by else one.state,
        attempts=one.attempts,
        created_at=one.created_at,
        next_at=one.next_at,
        last_error=mask(one.last_error),
    )


class Incidents(Value):
    """What is or was wrong with the installation: what still is first, then the newest."""

    incidents: tuple[Incident, ...]


class ShownWebhook(Value):
    """A subscription, without its secret."""

    id: str
    institution: str  # empty = every institution
    url: str
    outcomes: tuple[Outcome, ...]  # empty = any
    created_at: datetime
    by: str


class Webhooks(Value):
    """Subscriptions, the oldest first."""

    webhooks: tuple[ShownWebhook, ...]


class MadeWebhook(Value):
    """A new subscription; the secret is told once."""

    webhook: ShownWebhook
    secret: str


def show_webhook(one: Subscription) -> ShownWebhook:
    """Return a subscription without its secret."""
    return ShownWebhook(
        id=one.id,
        institution=one.institution,
        url=one.url,
        outcomes=one.outcomes,
        created_at=one.created_at,
        by=one.by,
    )
