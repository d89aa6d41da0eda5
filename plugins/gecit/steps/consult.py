"""Radiologist -> a consultation: asked, accepted, answered, closed; and a disclosure for whoever is asked, as long.

Each step reads and writes the exam in one transaction, which locks it: of a group one accepts, and the second finds it
taken. What is open to whom follows from the consultation's state, and is brought into line in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from ..core.access import Action, Person, Whose, may, may_with
from ..core.accounts import Account, person_of
from ..core.consultation import (
    LONGEST,
    LONGEST_TEXT,
    MOST_ASKED,
    MOST_OF_EXAM,
    OPEN,
    OVER,
    SHORTEST,
    TABLE,
    WAITS,
    Act,
    Addressee,
    Asked,
    Consultation,
    Entry,
    EntryKind,
    ImageReference,
    Outcome,
    Side,
    State,
    can,
    open_to,
    sides,
)
from ..core.consulting import ConsultationRefused, Why
from ..core.disclosures import Disclosure, Ground
from ..core.events import ConsultationAnswered, ConsultationAsked, ConsultationClosed, ConsultationMoved
from ..core.exam import Exam
from ..core.order import ExamKey
from ..core.values import Value
from ..ports import Transaction
from .disclosing import disclose, end

Tell = Callable[[Transaction, Consultation, Sequence[str], datetime], None]
"""Queues a word to accounts that something happened to a consultation; names no patient."""


def tell_nobody(tx: Transaction, one: Consultation, accounts: Sequence[str], now: datetime) -> None:
    """Where nothing is configured that tells."""


class Asking(Value):
    """What somebody asks. `number`: the new consultation's id, drawn; `accounts`: those who are to be asked."""

    number: str
    key: ExamKey
    to: Addressee
    accounts: tuple[Account, ...]
    question: str
    until: datetime
    images: tuple[ImageReference, ...] = ()
    name: str = ""  # full name of who asks


def can_be_asked(account: Account) -> bool:
    """Whether an account is a physician's that can answer."""
    return may(person_of(account), Action.ANSWER_CONSULTATION, Whose.DISCLOSED)


def ask(tx: Transaction, asking: Asking, person: Person, now: datetime, tell: Tell = tell_nobody) -> Consultation:
    """Ask, and open the exam to whoever is asked. Raises `ConsultationRefused`."""
    exam = tx.exam(asking.key)
    if exam is None or not may_with(person, Action.ASK_CONSULTATION, (asking.key.institution,)):
        raise ConsultationRefused(Why.NOT_ALLOWED)
    _ask_whether_fit(exam, asking, now)
    asked = _asked(asking.accounts, person)
    made = Consultation(
        id=asking.number,
        asker=person.name,
        employer=person.institution,
        to=asking.to,
        asked=asked,
        asked_at=now,
        until=asking.until,
        since=now,
        thread=(_entry(EntryKind.QUESTION, asking.question, person, asking.name, now, images=asking.images),),
    )
    tx.append(ConsultationAsked(at=now, exam=exam.key, consultation=made))
    _open(tx, exam, made, person.name, now)
    tell(tx, made, [one.account for one in asked], now)
    return made


def _ask_whether_fit(exam: Exam, asking: Asking, now: datetime) -> None:
    if exam.cancelled:
        raise ConsultationRefused(Why.CANCELLED)
    if not exam.images:
        raise ConsultationRefused(Why.NO_IMAGES)
    _fit_text(asking.question)
    _fit_deadline(asking.until, now)
    if sum(1 for one in exam.consultations if one.state not in OVER) >= MOST_OF_EXAM:
        raise ConsultationRefused(Why.TOO_MANY)


def _asked(accounts: Iterable[Account], person: Person) -> tuple[Asked, ...]:
    found = {
        one.name: Asked(account=one.name, employer=one.institution)
        for one in accounts
        if one.name != person.name and can_be_asked(one)
    }
    if not found:
        raise ConsultationRefused(Why.NOBODY)
    if len(found) > MOST_ASKED:
        raise ConsultationRefused(Why.TOO_MANY_ASKED)
    return tuple(found[name] for name in sorted(found))


def accept(tx: Transaction, number: str, person: Person, now: datetime, tell: Tell = tell_nobody) -> Consultation:
    """Take a consultation; of several who are asked, one has it. What one has already is left as it is."""
    key, one = _for(tx, number, person, now)
    if one.state is State.ACCEPTED and one.answerer == person.name:
        return one
    return _move(tx, key, one, Act.ACCEPT, person, now, tell)


def decline(
    tx: Transaction, number: str, person: Person, reason: str, now: datetime, tell: Tell = tell_nobody, name: str = ""
) -> Consultation:
    """Decline; where others are still asked, they are."""
    key, one = _for(tx, number, person, now)
    others = [each for each in one.still_asked if each.account != person.name]
    act = Act.STEP_BACK if others and one.state in (State.ASKED, State.ACCEPTED) else Act.DECLINE
    return _move(tx, key, one, act, person, now, tell, entry=_reason(reason, person, name, now))


def answer(
    tx: Transaction, number: str, entry: Entry, person: Person, seen: int, now: datetime, tell: Tell = tell_nobody
) -> Consultation:
    """Record a signed answer; `seen`: how many entries of the thread its author had before him."""
    key, one = _for(tx, number, person, now)
    _may_move(one, Act.ANSWER, person)
    _fit_text(entry.text)
    if seen != len(one.thread):
        raise ConsultationRefused(Why.CHANGED)
    tx.append(ConsultationAnswered(at=now, exam=key, consultation=number, by=person.name, entry=entry))
    return _settled(tx, number, person.name, now, tell)


def withdraw(
    tx: Transaction, number: str, person: Person, reason: str, now: datetime, tell: Tell = tell_nobody, name: str = ""
) -> Consultation:
    """Take the question back."""
    key, one = _of_asker(tx, number, person)
    return _move(tx, key, one, Act.WITHDRAW, person, now, tell, entry=_reason(reason, person, name, now))


def ask_again(
    tx: Transaction,
    number: str,
    entry: Entry,
    person: Person,
    until: datetime,
    now: datetime,
    tell: Tell = tell_nobody,
) -> Consultation:
    """Ask who answered once more, until a new deadline."""
    key, one = _of_asker(tx, number, person)
    _fit_text(entry.text)
    _fit_deadline(until, now)
    return _move(tx, key, one, Act.ASK_AGAIN, person, now, tell, entry=entry, until=until)


def extend(
    tx: Transaction, number: str, person: Person, until: datetime, now: datetime, tell: Tell = tell_nobody
) -> Consultation:
    """Give more time to what nobody answered: everybody is asked anew who did not decline."""
    key, one = _of_asker(tx, number, person)
    _fit_deadline(until, now)
    return _move(tx, key, _expired(tx, key, one, now), Act.EXTEND, person, now, tell, until=until)


def close(
    tx: Transaction, number: str, person: Person, outcome: Outcome, now: datetime, tell: Tell = tell_nobody
) -> Consultation:
    """Close it; putting the answer into the draft is the caller's, in the same transaction."""
    key, one = _of_asker(tx, number, person)
    one = _expired(tx, key, one, now)
    _may_move(one, Act.CLOSE, person)
    if outcome is Outcome.REPORT and not one.answers:
        raise ConsultationRefused(Why.NO_ANSWER)
    tx.append(ConsultationClosed(at=now, exam=key, consultation=number, by=person.name, outcome=outcome))
    return _settled(tx, number, person.name, now, tell)


def entry_of(
    kind: EntryKind, text: str, person: Person, name: str, now: datetime, images: Sequence[ImageReference] = ()
) -> Entry:
    """Return what a person writes into the thread."""
    return _entry(kind, text, person, name, now, images=tuple(images))


# What time and ended rights do


def settle_due(
    tx: Transaction,
    now: datetime,
    account: Callable[[str], Account | None],
    may_ask: Callable[[Account, str], bool],
    tell: Tell = tell_nobody,
    most: int = 200,
) -> int:
    """End what is out of time, and what its asker or those asked have no right to any more; return how many changed.

    `account`: by name. `may_ask`: whether an account may ask about exams of an institution (SKRS code) at this moment.
    """
    changed = 0
    for key, found in tx.consultations_open(10_000):
        if changed >= most:
            break
        asker = account(found.asker)
        gone = asker is None or asker.institution != found.employer or not may_ask(asker, key.institution)
        left = [one for one in found.still_asked if not _is_there(account(one.account), one)]
        late = found.state in WAITS and found.until <= now
        if gone or left or late:
            changed += _settle(tx, found.id, now, tell, gone=gone, left=left)
    return changed


def _is_there(account: Account | None, asked: Asked) -> bool:
    return account is not None and account.institution == asked.employer and can_be_asked(account)


def _settle(tx: Transaction, number: str, now: datetime, tell: Tell, *, gone: bool, left: Sequence[Asked]) -> int:
    found = tx.consultation(number)
    if found is None or found[1].state not in OPEN:
        return 0
    key, one = found
    if gone:
        act = Act.CLOSE if (one.state, Act.CLOSE) in TABLE else Act.WITHDRAW
        event = (
            ConsultationClosed(at=now, exam=key, consultation=number)
            if act is Act.CLOSE
            else ConsultationMoved(at=now, exam=key, consultation=number, act=act)
        )
        tx.append(event)
        _settled(tx, number, "", now, tell)
        return 1
    before = one
    for each in left:
        one = _left(tx, key, one, each, now)
    if one.state in WAITS and one.until <= now:
        tx.append(ConsultationMoved(at=now, exam=key, consultation=number, act=Act.EXPIRE))
    one = _now(tx, number)
    if one != before:
        _settled(tx, number, "", now, tell)
    return int(one != before)


def _left(tx: Transaction, key: ExamKey, one: Consultation, gone: Asked, now: datetime) -> Consultation:
    """Let somebody be asked no more: he left his employer, or his account is shut."""
    if one.state in (State.ACCEPTED, State.ASKED_AGAIN, State.ANSWERED) and one.answerer != gone.account:
        return one
    others = [each for each in one.still_asked if each.account != gone.account]
    act = Act.STEP_BACK if others and (one.state, Act.STEP_BACK) in TABLE else Act.DECLINE
    if (one.state, act) in TABLE:
        tx.append(ConsultationMoved(at=now, exam=key, consultation=one.id, act=act, by=gone.account))
    return _now(tx, one.id)


# Together


def _for(tx: Transaction, number: str, person: Person, now: datetime) -> tuple[ExamKey, Consultation]:
    """Return a consultation that is open to who is asked at this moment."""
    found = tx.consultation(number)
    asked = found[1].asked_as(person.name) if found else None
    if found is None or asked is None or asked.employer != person.institution:
        raise ConsultationRefused(Why.NOT_ALLOWED)
    key, one = found
    if not may(person, Action.ANSWER_CONSULTATION, Whose.DISCLOSED):
        raise ConsultationRefused(Why.NOT_ALLOWED)
    if one.state in OPEN and one.until <= now:
        raise ConsultationRefused(Why.OVER)
    if one.answerer and one.answerer != person.name and one.state in OPEN:
        raise ConsultationRefused(Why.TAKEN)
    if not any(each.account == person.name for each in open_to(one)):
        raise ConsultationRefused(Why.OVER if one.state is State.EXPIRED else Why.NOT_ALLOWED)
    return key, one


def _of_asker(tx: Transaction, number: str, person: Person) -> tuple[ExamKey, Consultation]:
    """Return a consultation of somebody who may still ask about its exam."""
    found = tx.consultation(number)
    if found is None or Side.ASKER not in sides(found[1], person.name):
        raise ConsultationRefused(Why.NOT_ALLOWED)
    if not may_with(person, Action.ASK_CONSULTATION, (found[0].institution,)):
        raise ConsultationRefused(Why.NOT_ALLOWED)
    return found


def _may_move(one: Consultation, act: Act, person: Person) -> None:
    if not can(one, act, person.name):
        raise ConsultationRefused(Why.NOT_NOW)


def _move(
    tx: Transaction,
    key: ExamKey,
    one: Consultation,
    act: Act,
    person: Person,
    now: datetime,
    tell: Tell,
    entry: Entry | None = None,
    until: datetime | None = None,
) -> Consultation:
    _may_move(one, act, person)
    tx.append(
        ConsultationMoved(at=now, exam=key, consultation=one.id, act=act, by=person.name, entry=entry, until=until)
    )
    return _settled(tx, one.id, person.name, now, tell)


def _expired(tx: Transaction, key: ExamKey, one: Consultation, now: datetime) -> Consultation:
    """Record first that its time is over, where nobody has yet."""
    if one.state in WAITS and one.until <= now:
        tx.append(ConsultationMoved(at=now, exam=key, consultation=one.id, act=Act.EXPIRE))
    return _now(tx, one.id)


def _settled(tx: Transaction, number: str, by: str, now: datetime, tell: Tell) -> Consultation:
    """Bring what is open into line with the state, tell the other side, and return the consultation."""
    found = tx.consultation(number)
    assert found is not None  # noqa: S101 -- for the type checker: it was just changed
    key, one = found
    exam = tx.exam(key)
    assert exam is not None  # noqa: S101 -- likewise
    _open(tx, exam, one, by, now)
    others = one.still_asked if one.state is State.WITHDRAWN else open_to(one)
    concerned = {one.asker, *(each.account for each in others), one.answerer} - {by, ""}
    tell(tx, one, sorted(concerned), now)
    return one


def _open(tx: Transaction, exam: Exam, one: Consultation, by: str, now: datetime) -> None:
    """End the disclosures that the state has no more, and record those that it has now."""
    wanted = {(each.account, each.employer, one.until) for each in open_to(one) if now < one.until}
    standing = [each for each in tx.disclosures_for([one.id]) if now < each.ends]
    kept = {(each.account, each.employer, each.until) for each in standing}
    end(tx, [each for each in standing if (each.account, each.employer, each.until) not in wanted], by, now)
    for account, employer, until in sorted(wanted - kept):
        made = Disclosure(
            id=f"{one.id}:{account}:{int(now.timestamp() * 1000)}",
            ground=Ground.CONSULTATION,
            reference=one.id,
            since=now,
            until=until,
            account=account,
            employer=employer,
            patient=exam.patient.tckn,
            exams=(exam.key,),
        )
        disclose(tx, made, by, now)


def _now(tx: Transaction, number: str) -> Consultation:
    found = tx.consultation(number)
    if found is None:
        raise ConsultationRefused(Why.NOT_ALLOWED)
    return found[1]


def _fit_text(text: str) -> None:
    if not text.strip():
        raise ConsultationRefused(Why.NO_TEXT)
    if len(text) > LONGEST_TEXT:
        raise ConsultationRefused(Why.TOO_LONG)


def _fit_deadline(until: datetime, now: datetime) -> None:
    if not SHORTEST <= until - now <= LONGEST:
        raise ConsultationRefused(Why.DEADLINE)


def _reason(text: str, person: Person, name: str, now: datetime) -> Entry | None:
    said = text.strip()[:500]
    return _entry(EntryKind.REASON, said, person, name, now) if said else None


def _entry(
    kind: EntryKind,
    text: str,
    person: Person,
    name: str,
    now: datetime,
    images: tuple[ImageReference, ...] = (),
) -> Entry:
    return Entry(
        kind=kind, by=person.name, at=now, text=text.strip(), name=name, employer=person.institution, images=images
    )
