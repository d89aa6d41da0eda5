"""A new rulebook -> new verdicts of the exams that it can touch, in short transactions, resumed by starting again.

An exam whose verdict stays what it is costs no row. What was rewritten no longer differs, so whoever starts over after
a crash finds only the rest; one `Rejudged` at the end says by which revision all exams stand judged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from ..core.background import Background
from ..core.billing import Action
from ..core.events import JudgingAsked, Rejudged
from ..core.exam import Exam
from ..core.faults import described
from ..core.judge import Compiled, marks_of
from ..core.order import ExamKey
from ..core.values import Value
from ..core.verdict import Verdict
from ..ports import Clock, Institution, Ledger, Records, Transaction, Unavailable
from .background import institution_of, look_up, record
from .judge_exam import write_verdict
from .reached import Plan, Question, plan
from .receive_message import Judging

log = logging.getLogger("gecit.rejudge")

PAGE = 200
GROUP = 200
"""Exams of one transaction: HL7 and images wait for no more than that."""

CALM = timedelta(seconds=1.5)
"""How long a revision must stand before exams are judged anew: by then no process judges by the one before it."""


class Tally(Value):
    """Numbers of exams."""

    looked_at: int = 0
    changed: int = 0
    released: int = 0
    withdrawals: int = 0  # proposed, for a person to approve
    failed: int = 0  # could not be judged; they stay as they are, and due

    def plus(self, other: Tally) -> Tally:
        """Return the sum."""
        sums = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return Tally(**dict(zip(self.__struct_fields__, map(sum, sums), strict=True)))


class Anew:
    """Judges by one revision; knows nothing of how far the whole has come."""

    def __init__(
        self,
        judging: Judging,
        institutions: Mapping[str, Institution],
        role: str,
        rules: frozenset[str] | None = None,
    ) -> None:
        self._compiled = Compiled(judging.rulebook, judging.context)
        self._question = Question(judging.rulebook, judging.context, rules)
        self._institutions, self._role = institutions, role
        self.cause = f"rulebook {judging.rulebook.revision[:12]}"

    def differing(self, exams: Sequence[Exam], now: datetime) -> list[Exam]:
        """Return those whose standing verdict the revision would not give; due ones are the ordinary judge's."""
        return [one for one in exams if not _due(one, now) and (self._stale(one) or self._question.differs(one, now))]

    def judged(self, exams: Sequence[Exam], now: datetime) -> list[tuple[Exam, Verdict]]:
        """Judge them fully, outside any transaction."""
        return [(one, self._compiled.judge(one, judged_at=now, known_at=now)) for one in exams]

    def write(self, tx: Transaction, judged: Sequence[tuple[Exam, Verdict]], now: datetime) -> Tally:
        """Write the new verdicts and what follows from them; an exam that changed meanwhile is judged as it is now."""
        still_in_force(tx, self._compiled.rulebook.revision)
        tx.prefetch(one.key for one, _ in judged)
        tally = Tally()
        for seen, verdict in judged:
            exam = tx.exam(seen.key)
            if exam is None or _due(exam, now):
                continue
            stale = self._stale(exam)
            if stale:
                exam = record(tx, exam, look_up(tx, exam, institution_of(exam, self._institutions)), now)
            if exam != seen and (stale or self._question.differs(exam, now)):
                tally = tally.plus(self._write_changed(tx, exam, now))
            elif exam == seen and (not stale or self._question.differs(exam, now)):
                tally = tally.plus(self._write_one(tx, exam, verdict, now))
        return tally

    def _write_changed(self, tx: Transaction, exam: Exam, now: datetime) -> Tally:
        """Another background can change what any rule says, not only those that the new revision changed."""
        anew = self._compiled.judge(exam, judged_at=now, known_at=now)
        if exam.verdict is not None and marks_of(anew) == marks_of(exam.verdict):
            return Tally()
        return self._write_one(tx, exam, anew, now)

    def _write_one(self, tx: Transaction, exam: Exam, verdict: Verdict, now: datetime) -> Tally:
        institution = institution_of(exam, self._institutions)
        action = write_verdict(tx, exam, verdict, self.cause, institution, now, self._role)
        return Tally(changed=1, released=action is Action.NOTIFY, withdrawals=action is Action.PROPOSE_WITHDRAWAL)

    def _stale(self, exam: Exam) -> bool:
        """Whether the institution was recorded anew since, or the exam was judged before backgrounds were kept."""
        ownership = institution_of(exam, self._institutions).ownership
        return exam.background.ownership != ownership or exam.background == Background()


def still_in_force(tx: Transaction, revision: str) -> None:
    """Raise `Unavailable` where another revision is: its own re-judging may be over already."""
    if tx.revision_in_force() != revision:
        raise Unavailable("another rulebook is in force")


def _due(exam: Exam, now: datetime) -> bool:
    return exam.judge_at is not None and exam.judge_at <= now


class _Run:
    """How far one re-judging has come."""

    def __init__(self, revision: str, todo: Plan, anew: Anew) -> None:
        self.revision, self.todo, self.anew = revision, todo, anew
        self.stretches = list(todo.reached.stretches)
        self.after: ExamKey | None = None
        self.tally = Tally()


class Rejudger:
    """One loop of `work`: goes through the reached exams page by page whenever another revision is in force."""

    def __init__(
        self,
        ledger: Ledger,
        records: Records,
        clock: Clock,
        judging: Callable[[], Judging],
        role: str,
        *,
        page: int = PAGE,
        group: int = GROUP,
        calm: timedelta = CALM,
    ) -> None:
        self._ledger, self._records, self._clock, self._judging, self._role = ledger, records, clock, judging, role
        self._page, self._group, self._calm = page, group, calm
        self._run: _Run | None = None
        self._settled = ""  # the revision after which there is nothing to do
        self._noticed: tuple[str, datetime] | None = None

    @property
    def progress(self) -> str:
        """Say how far it has come; empty while there is nothing to do."""
        if self._run is None:
            return ""
        tally = self._run.tally
        return f"{self._run.revision[:12]}: {tally.looked_at} looked at, {tally.changed} changed"

    def step(self) -> bool:
        """Go through one page; False where there is nothing to do."""
        judging = self._judging()
        revision = judging.rulebook.revision
        if self._run is not None and self._run.revision != revision:
            log.info("rulebook %s is in force meanwhile: re-judging starts over", revision[:12])
            self._run = None
        if self._run is None and not self._begin(judging, self._clock.now()):
            return False
        assert self._run is not None  # noqa: S101 -- begun just now
        self._go_on(self._run)
        return self._run is not None

    def _begin(self, judging: Judging, now: datetime) -> bool:
        revision = judging.rulebook.revision
        if revision == self._settled:
            return False
        self._settled = ""
        todo = plan(self._records, judging.rulebook)
        if todo is None:
            self._settled = revision
            return False
        if self._noticed is None or self._noticed[0] != revision:
            self._noticed = (revision, now)
        if now - self._noticed[1] < self._calm:
            return False
        institutions = {one.skrs: one for one in self._ledger.read(lambda tx: tx.institutions())}
        self._run = _Run(revision, todo, Anew(judging, institutions, self._role, todo.reached.rules))
        log.info("re-judging by rulebook %s, %d stretches of order dates", revision[:12], len(todo.reached.stretches))
        return True

    def _go_on(self, run: _Run) -> None:
        if not run.stretches:
            self._finish(run)
            return
        start, end = run.stretches[0]
        page = self._records.scan(run.after, self._page, ordered_from=start, ordered_until=end)
        for first in range(0, len(page.exams), self._group):
            run.tally = run.tally.plus(self._group_of(run.anew, page.exams[first : first + self._group]))
        run.after = page.after
        if page.after is None:
            run.stretches.pop(0)

    def _group_of(self, anew: Anew, exams: Sequence[Exam]) -> Tally:
        now = self._clock.now()
        try:
            return self._rewritten(anew, exams, now).plus(Tally(looked_at=len(exams)))
        except Unavailable:
            raise
        except Exception as fault:  # noqa: BLE001 -- one exam of many failed: the others are not to wait for it
            log.warning("re-judging a group failed, each exam is judged alone: %s", described(fault))
            tally = Tally(looked_at=len(exams))
            for one in exams:
                tally = tally.plus(self._alone(anew, one, now))
            return tally

    def _alone(self, anew: Anew, exam: Exam, now: datetime) -> Tally:
        try:
            return self._rewritten(anew, [exam], now)
        except Unavailable:
            raise
        except Exception as fault:  # noqa: BLE001 -- the outermost boundary of one exam: said, and left to the judge
            log.error("exam %s cannot be judged anew: %s", exam.key, described(fault))
            asked = JudgingAsked(at=now, exam=exam.key, cause=anew.cause)
            self._ledger.write(lambda tx: tx.append(asked))  # the ordinary judge goes on trying
            return Tally(failed=1)

    def _rewritten(self, anew: Anew, exams: Sequence[Exam], now: datetime) -> Tally:
        judged = anew.judged(anew.differing(exams, now), now)
        return self._ledger.write(lambda tx: anew.write(tx, judged, now)) if judged else Tally()

    def _finish(self, run: _Run) -> None:
        tally = run.tally
        event = Rejudged(
            at=max(self._clock.now(), run.todo.activated_at),  # another node's clock may be ahead of ours
            revision=run.revision,
            before=run.todo.before,
            looked_at=tally.looked_at,
            changed=tally.changed,
            released=tally.released,
            withdrawals=tally.withdrawals,
        )

        def work(tx: Transaction) -> None:
            still_in_force(tx, run.revision)
            tx.append(event)

        self._ledger.write(work)
        self._run, self._settled = None, run.revision
        log.info(
            "all exams stand judged by rulebook %s: %d looked at, %d changed, %d released, %d withdrawals to approve, "
            "%d could not be judged",
            run.revision[:12],
            tally.looked_at,
            tally.changed,
            tally.released,
            tally.withdrawals,
            tally.failed,
        )
