"""Terms -> a list of studies past their time; an approved list -> those studies deleted, one by one."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

from msgspec.structs import replace

from ..core.audit import AuditEntry
from ..core.exam import Exam, Study
from ..core.facts import StudyKey
from ..core.retention import (
    DONE,
    MOST,
    Fault,
    Hold,
    Item,
    ItemState,
    ListedStudy,
    RetentionList,
    Terms,
    digest_of,
    faults_of,
)
from ..core.retention_due import covers, kept_until, listed
from ..core.values import local
from ..ports import Audit, Clock, Ledger, Remover, Transaction
from .receive_study import forget_study

log = logging.getLogger("gecit.retention")

PAGE = 500
DELETE = "delete a study past its time"


class RetentionRefused(Exception):
    """Something about retention is refused; `faults` is all that stands against it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(", ".join(faults))
        self.faults = tuple(faults)


def hold(ledger: Ledger, asked: Hold, now: datetime) -> Hold:
    """Put a patient's or an exam's studies on hold; raises `RetentionRefused`."""
    found = faults_of(asked)
    if found:
        raise RetentionRefused(found)
    made = replace(asked, id=secrets.token_hex(8), at=now)
    ledger.write(lambda tx: tx.record_legal_hold(made, now, made.by))
    return made


def release(ledger: Ledger, number: str, reason: str, by: str, now: datetime) -> bool:
    """Release a hold; False where none of that id stands. Raises `RetentionRefused` without a reason."""
    if not reason:
        raise RetentionRefused([Fault.REASON])

    def work(tx: Transaction) -> bool:
        found = next((one for one in tx.legal_holds(standing=True) if one.id == number), None)
        if found is None:
            return False
        tx.record_legal_hold(replace(found, released_at=now, released_by=by, release_reason=reason), now, by)
        return True

    return ledger.write(work)


def past(tx: Transaction, node: str, terms: Terms, now: datetime) -> list[ListedStudy]:
    """Return a node's studies that are past their time and that nothing holds, longest first, `MOST` of them."""
    if not terms.shortest:
        return []
    today, holds = local(now).date(), tx.legal_holds(standing=True)
    last = f"{max(today.year - terms.shortest, 1):04d}{today:%m%d}"
    found: list[ListedStudy] = []
    for study in _studies(tx, node, last):
        exams = tx.exams_of_study(study.key)
        until = kept_until(study, exams, terms)
        if until and until <= today and not any(covers(one, study, exams) for one in holds):
            found.append(listed(study, exams, until))
        if len(found) == MOST:
            break
    return found


def _studies(tx: Transaction, node: str, last: str) -> Iterator[Study]:
    after = ("", "")
    while page := tx.studies_until(node, last, after, PAGE):
        yield from page
        after = (page[-1].facts.study_date, page[-1].key.orthanc_id)


def make_list(ledger: Ledger, node: str, terms: Terms, by: str, now: datetime) -> RetentionList | None:
    """Make and freeze a list; None where nothing is past its time."""

    def work(tx: Transaction) -> RetentionList | None:
        studies = past(tx, node, terms, now)
        if not studies:
            return None
        bare = RetentionList(
            id=secrets.token_hex(6),
            made_at=now,
            made_by=by,
            years=terms.years,
            by_modality=dict(sorted(terms.by_modality.items())),
            studies=tuple(studies),
        )
        made = replace(bare, digest=digest_of(bare))
        tx.record_retention_list(made, now, by)
        return made

    return ledger.write(work)


def approve(ledger: Ledger, number: str, digest: str, by: str, now: datetime) -> RetentionList:
    """Approve the list that was shown; raises `RetentionRefused` where it is another one, or not open any more."""

    def work(tx: Transaction) -> RetentionList:
        found = _open(tx, number)
        if not digest or digest != found.digest or digest != digest_of(found):
            raise RetentionRefused([Fault.OTHER_LIST])
        approved = replace(found, approved_at=now, approved_by=by)
        tx.record_retention_list(approved, now, by)
        return approved

    return ledger.write(work)


def drop(ledger: Ledger, number: str, by: str, now: datetime) -> None:
    """Drop a list that nobody approved; raises `RetentionRefused`."""
    ledger.write(
        lambda tx: tx.record_retention_list(replace(_open(tx, number), dropped_at=now, dropped_by=by), now, by)
    )


def _open(tx: Transaction, number: str) -> RetentionList:
    found = tx.retention_list(number)
    if found is None or found.approved_at or found.dropped_at:
        raise RetentionRefused([Fault.NOT_OPEN])
    return found


def unfinished(tx: Transaction, node: str) -> list[str]:
    """Return the approved lists of which studies of a node still wait, those approved first on top."""
    approved = [one for one in tx.retention_lists() if one.approved_at]
    found = []
    for one in sorted(approved, key=lambda one: (one.approved_at, one.id)):
        items = tx.retention_items(one.id)
        done = {key for key, item in items.items() if item.state in DONE}
        if any(study.key.node == node and study.key not in done for study in one.studies):
            found.append(one.id)
    return found


class Deleting:
    """Carries approved lists out on one node; whoever is stopped begins again where it was."""

    def __init__(
        self,
        ledger: Ledger,
        remover: Remover,
        audit: Audit,
        clock: Clock,
        node: str,
        group_minutes: int,
    ) -> None:
        self._ledger, self._remover, self._audit, self._clock = ledger, remover, audit, clock
        self._node, self._group_minutes = node, group_minutes

    def run(self, number: str) -> Iterator[tuple[ListedStudy, ItemState]]:
        """Delete what an approved list names, yielding what became of each study; raises `RetentionRefused`."""
        found, items = self._ledger.read(lambda tx: (tx.retention_list(number), tx.retention_items(number)))
        if found is None or not found.approved_at or found.digest != digest_of(found):
            raise RetentionRefused([Fault.OTHER_LIST if found and found.approved_at else Fault.NOT_OPEN])
        for one in found.studies:
            item = items.get(one.key)
            if one.key.node == self._node and not (item and item.state in DONE):
                yield one, self._delete(found, one)

    def step(self, most: int = 20) -> bool:
        """Carry some of what was approved out; True where more waits. A list that cannot be used waits for a person."""
        left = most
        for number in self._ledger.read(lambda tx: unfinished(tx, self._node)):
            try:
                for _ in self.run(number):
                    left -= 1
                    if not left:
                        return True
            except RetentionRefused as refused:
                log.error("retention list %s: %s", number, refused)
        return False

    def _delete(self, of: RetentionList, one: ListedStudy) -> ItemState:
        """Delete one study.

        It is decided twice: before the audit is told, and again at once before Orthanc is, so that a hold that came in
        between keeps it. Orthanc is not asked within the transaction: its own door writes to the ledger, which has one
        writer on SQLite.
        """
        if (state := self._decided(of, one)) in DONE:
            return state
        self._tell(of, one)
        if (state := self._decided(of, one)) in DONE:
            self._tell(of, one, "refused")  # what the audit was told before was not done
            return state
        self._remover.remove_study(one.key.orthanc_id)
        return self._ledger.write(lambda tx: self._settle(tx, of.id, one.key))

    def _decided(self, of: RetentionList, one: ListedStudy) -> ItemState:
        last = self._remover.last_instance_at(one.key.orthanc_id)
        return self._ledger.write(lambda tx: self._decide(tx, of, one, last))

    def _decide(self, tx: Transaction, of: RetentionList, one: ListedStudy, last: datetime | None) -> ItemState:
        now = self._clock.now()
        study, exams = tx.study(one.key), tx.exams_of_study(one.key)
        state = ItemState.DELETING
        if study is None or study.deleted:
            before = tx.retention_items(of.id).get(one.key)
            if before and before.state in DONE:  # `gecit retention delete` beside `gecit work`: the other one did it
                return before.state
            state = ItemState.GONE
        elif any(covers(hold, study, exams) for hold in tx.legal_holds(standing=True)):
            state = ItemState.HELD
        elif _changed(of, one, study, exams, last, local(now).date()):  # also where it was decided and not done yet
            state = ItemState.CHANGED
        tx.record_retention_item(of.id, one.key, Item(state=state, at=now))
        return state

    def _settle(self, tx: Transaction, number: str, key: StudyKey) -> ItemState:
        now = self._clock.now()
        forget_study(tx, key, now, self._group_minutes, f"retention list {number}")
        tx.record_retention_item(number, key, Item(state=ItemState.DELETED, at=now))
        return ItemState.DELETED

    def _tell(self, of: RetentionList, one: ListedStudy, outcome: Literal["done", "refused"] = "done") -> None:
        """Tell the audit before it is done; where that cannot be told nothing is deleted."""
        exam = one.exams[0] if one.exams else None
        self._audit.record(
            AuditEntry(
                at=self._clock.now(),
                who=of.approved_by,
                what=DELETE,
                institution=exam.institution if exam else one.institution,
                accession=exam.accession if exam else one.accession,
                outcome=outcome,
                detail={"study": one.study_instance_uid, "list": of.id, "digest": of.digest},
            )
        )


def _changed(
    of: RetentionList, one: ListedStudy, study: Study, exams: list[Exam], last: datetime | None, today: date
) -> bool:
    """Whether it is another study than the one approved: something came for it, or it is not past its time now."""
    until = kept_until(study, exams, of.terms)
    came = last is not None and one.last_instance_at is not None and last > one.last_instance_at
    return came or until is None or until > today or study.facts.images != one.images
