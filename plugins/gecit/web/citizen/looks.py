"""Who looked at one's exams and when, out of the audit: institution, role and initials of whoever it was."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from flask import Blueprint, render_template
from msgspec.structs import replace

from gecit.core.access import Action, Role
from gecit.core.accounts import Account
from gecit.core.audit_chain import AuditRow
from gecit.core.exam import Exam
from gecit.core.share_links import came_by_link
from gecit.core.values import Text, Value
from gecit.ports import Institution

from ..access import needs, person
from ..audit import about
from ..words_accounts import ROLES
from ..words_citizen import BY_ROUTE, BY_SELF, LOOKS
from .exams import OwnExam, page_number, shown
from .room import CitizenRoom, own_number

PAGE = 50
MOST_EXAMS = 500
IMAGES = Action.SEE_IMAGES.value
OPENING = timedelta(minutes=1)
"""Within which time rows of pictures are one opening of the viewer."""

SELF = Text(tr="Siz", en="You")
PROGRAM = Text(tr="Kurumun cihazı ya da programı", en="The institution's device or program")
BY_LINK = Text(tr="Paylaşım bağlantınızla gelen kişi", en="Whoever came by the link that you shared")
GONE = Text(tr="Artık hesabı olmayan biri", en="Somebody who has no account any more")


class Look(Value):
    """One look; `who` names nobody in full."""

    at: datetime
    what: Text
    role: Text
    initials: str = ""
    institution: str = ""  # of who looked
    exam: OwnExam | None = None
    own: bool = False


def look_pages(room: CitizenRoom) -> Blueprint:
    """Build the page."""
    pages = Blueprint("looks", __name__, url_prefix="/gecit/own/looks")

    @pages.get("")
    @needs(Action.SEE_OWN_EXAMS)
    def show() -> str:
        number, tckn = page_number(), own_number()
        about(patient=tckn)
        rows = room.ledger.looks(room.audit.digest(tckn), tuple(LOOKS), PAGE + 1, (number - 1) * PAGE) if tckn else []
        told = _Telling(room, room.ledger.exams_of(tckn, MOST_EXAMS))
        found = _openings([(one, told.look(one)) for one in rows[:PAGE]])
        return render_template("citizen/looks.html", rows=found, number=number, more=len(rows) > PAGE)

    return pages


def _openings(found: Iterable[tuple[AuditRow, Look]]) -> list[Look]:
    """Put the rows of one opening of the viewer together; `found` has the newest first.

    A viewer is opened, looks for the patient's studies (a row of no exam) and fetches pictures: a look is told once.
    """
    kept: list[tuple[AuditRow, Look]] = []
    for row, look in found:
        of_one = (number for number, (other, one) in enumerate(kept) if _one_opening(other, one, row, look))
        if (at := next(of_one, None)) is None:
            kept.append((row, look))
        else:
            kept[at] = (kept[at][0], replace(kept[at][1], exam=kept[at][1].exam or look.exam))
    return [look for _, look in kept]


def _one_opening(later: AuditRow, shown: Look, row: AuditRow, look: Look) -> bool:
    by_one = (later.who, later.what, shown.what) == (row.who, row.what, look.what) and row.what == IMAGES
    return by_one and later.at - row.at < OPENING and (look.exam == shown.exam or not look.exam or not shown.exam)


class _Telling:
    """Says of a row who that was, as far as the patient is told."""

    def __init__(self, room: CitizenRoom, exams: list[Exam]) -> None:
        known: list[Institution] = room.ledger.read(lambda tx: tx.institutions())
        self._names = {one.skrs: one.name or one.skrs for one in known}
        self._aets = {aet: one.skrs for one in known for aet in one.aets}
        self._accounts: dict[str, Account] = {one.name: one for one in room.ledger.accounts()}
        made = [(one, shown(room, one, self._names)) for one in exams]
        self._by_key = {(one.institution, one.accession): line for exam, line in made for one in (exam.key,)}
        self._by_study = {linked.facts.study_instance_uid: line for exam, line in made for linked in exam.studies}

    def look(self, row: AuditRow) -> Look:
        what = BY_ROUTE.get(row.detail.get("route", ""), LOOKS[row.what])
        exam = self._by_key.get((row.institution, row.accession)) or self._by_study.get(row.detail.get("study", ""))
        if row.who == person().name:
            own = BY_SELF.get(row.detail.get("route", ""), BY_SELF.get(row.what, what))
            return Look(at=row.at, what=own, role=SELF, exam=exam, own=True)
        if came_by_link(row.who):
            return Look(at=row.at, what=what, role=BY_LINK, exam=exam)
        account = self._accounts.get(row.who)
        if account is None:
            skrs = self._aets.get(row.who, "")
            return Look(
                at=row.at, what=what, role=PROGRAM if skrs else GONE, institution=self._names.get(skrs, ""), exam=exam
            )
        return Look(
            at=row.at,
            what=what,
            role=_role(account),
            initials="" if Role.SERVICE in account.roles else initials(account.full_name),
            institution=self._names.get(account.institution, account.institution),
            exam=exam,
        )


def initials(full_name: str) -> str:
    """Return `A*** Y***` of a name; a name of one letter is as masked as a long one."""
    return " ".join(f"{word[0]}***" for word in full_name.split())


def _role(account: Account) -> Text:
    """Return the role in which somebody looked: not that he is somebody's patient too."""
    if Role.SERVICE in account.roles:
        return PROGRAM
    working = [one for one in account.roles if one is not Role.CITIZEN]
    words = [ROLES[one] for one in working] or [ROLES[Role.CITIZEN]]
    return Text(tr=", ".join(one.tr for one in words), en=", ".join(one.en for one in words))
