"""A waiting exam and who is there -> the reader it is pushed to, and why just that one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from ..core.access import Role
from ..core.accounts import Account
from ..core.balance import Choice, Reader, ReaderProfile, Work, choose
from ..core.exam import Exam
from ..core.exam_kinds import Kind
from ..core.order import ExamKey
from ..core.reading import AT_WORK, Limits, State
from ..core.reading_list import Urgency, line_of, urgency_of
from ..core.recorded_days import USUAL_MINUTES
from ..ports import Accounts, ListSearch, Transaction
from .granting import Granted
from .read_exam import ReadingRefused, Why, assign

PRESENT = timedelta(minutes=30)
"""Who used a session in this time is there."""
HIS = (State.ASSIGNED, *sorted(AT_WORK))


class Assigning:
    """Pushes exams; what it asks of accounts it asks before the transaction that writes."""

    def __init__(
        self,
        accounts: Accounts,
        granted: Granted,
        kind: Callable[[Exam], Kind],
        targets: Mapping[Urgency, timedelta],
        limits: Limits,
    ) -> None:
        self._accounts = accounts
        self._granted = granted
        self._kind = kind
        self._targets = targets
        self._limits = limits

    def present(self, now: datetime) -> dict[str, tuple[str, ...]]:
        """Return the radiologists who are there, with the institutions they may report for, the own one first."""
        return {
            one.name: (one.institution, *self._granted(one, now))
            for one in self._accounts.accounts()
            if Role.RADIOLOGIST in one.roles and not one.disabled and self._is_there(one, now)
        }

    def _is_there(self, account: Account, now: datetime) -> bool:
        sessions = self._accounts.sessions(account.name)
        return any(now - PRESENT <= one.seen_at and now < one.expires_at for one in sessions)

    def push(
        self, tx: Transaction, key: ExamKey, present: Mapping[str, tuple[str, ...]], by: str, now: datetime
    ) -> Choice | None:
        """Push an exam to who suits best; None where nobody does. Raises `ReadingRefused` where it is not open."""
        exam = tx.exam(key)
        line = line_of(exam) if exam else None
        if exam is None or line is None:
            raise ReadingRefused(Why.NOT_OPEN)
        urgency = urgency_of(exam.order)
        work = Work(
            key=key,
            urgency=urgency,
            waits_from=line.waits_from,
            minutes=USUAL_MINUTES,
            target=self._targets[urgency],
            modality=line.modality,
            subspecialty=self._kind(exam).subspecialty,
        )
        first = exam.reading.first.by if exam.reading and exam.reading.first else ""
        found = choose(work, (one for one in _readers(tx, present, now) if one.name != first), now)
        if found:
            assign(tx, key, found.reader, by, found.why, self._limits, now)
        return found


def _readers(tx: Transaction, present: Mapping[str, tuple[str, ...]], now: datetime) -> Iterable[Reader]:
    profiles, nothing = tx.reader_profiles(), ReaderProfile()
    for name, institutions in sorted(present.items()):
        profile = profiles.get(name, nothing)
        waiting = len(tx.reading_lines(ListSearch(institutions=None, states=HIS, reader=name)))
        yield Reader(
            name=name,
            institutions=institutions,
            subspecialties=profile.subspecialties,
            waiting=waiting,
            load=waiting * USUAL_MINUTES,
            available=not profile.away(now),
        )
