"""Assessor -> a rating of an exam: an event that supersedes his last one of the kind, and edits nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from ..core.access import Action, Person, may_with
from ..core.events import ExamRated
from ..core.exam import Exam
from ..core.order import ExamKey
from ..core.quality import LONGEST_NOTE, LOW, Rating, RatingSource, Reasons
from ..core.report import RatingKind
from ..core.values import Text
from ..ports import Transaction

_PERSON_NUMBER = re.compile(r"(?<!\d)\d{11}(?!\d)")

OTHER = "other"
"""The reason that says nothing without a note."""


class Unrated(StrEnum):
    """Why a rating is not taken."""

    NOT_ALLOWED = "not allowed"  # or there is no such exam: who may not see it learns no difference
    NO_SCORE = "no score"
    NO_IMAGES = "no images"
    NO_REASON = "no reason"
    UNKNOWN_REASON = "unknown reason"
    NO_NOTE = "no note"
    LONG_NOTE = "long note"
    PERSON_NUMBER = "person number"


WORDS: dict[Unrated, Text] = {
    Unrated.NOT_ALLOWED: Text(
        tr="Bu tetkiki puanlayamazsınız ya da böyle bir tetkik yok. Yetkiyi yönetici verir.",
        en="You may not rate this exam, or there is none. An administrator gives the right.",
    ),
    Unrated.NO_SCORE: Text(tr="1 ile 5 arasında bir puan seçin.", en="Choose a score from 1 to 5."),
    Unrated.NO_IMAGES: Text(
        tr="Tetkikin görüntüsü yok; görüntü gelmeden çekim kalitesi puanlanmaz.",
        en="The exam has no images; their quality is rated once they have come.",
    ),
    Unrated.NO_REASON: Text(
        tr=f"{LOW} ve altındaki puan için en az bir neden seçin.",
        en=f"Choose at least one reason for a score of {LOW} or less.",
    ),
    Unrated.UNKNOWN_REASON: Text(
        tr="Seçilen neden bu puan türünün listesinde yok; sayfayı yenileyip yeniden seçin.",
        en="A chosen reason is not in the list of this kind; load the page again and choose anew.",
    ),
    Unrated.NO_NOTE: Text(tr="'Diğer' nedeni için not yazın.", en="Write a note for the reason 'other'."),
    Unrated.LONG_NOTE: Text(
        tr=f"Not en çok {LONGEST_NOTE} karakter olabilir; kısaltın.",
        en=f"A note can have {LONGEST_NOTE} characters at the most; shorten it.",
    ),
    Unrated.PERSON_NUMBER: Text(
        tr="Notta 11 haneli bir kişi numarası var; nottan çıkarın.",
        en="The note has a person's 11-digit number; take it out.",
    ),
}


class RatingRefused(Exception):
    """The rating is not taken; `why` says so in both languages, and nothing is changed."""

    def __init__(self, why: Unrated) -> None:
        super().__init__(why.value)
        self.why = why

    @property
    def text(self) -> Text:
        """What the assessor is told."""
        return WORDS[self.why]


def rate(
    tx: Transaction,
    key: ExamKey,
    person: Person,
    kind: RatingKind,
    score: int | None,
    reasons: Sequence[str],
    note: str,
    known: Reasons,
    now: datetime,
) -> Rating:
    """Record a rating; raises `RatingRefused`. The same rating again is no event."""
    exam = tx.exam(key)
    if exam is None or not may_with(person, Action.RATE_QUALITY, (key.institution,)):
        raise RatingRefused(Unrated.NOT_ALLOWED)
    made = Rating(
        exam=key,
        kind=kind,
        score=_fit(exam, kind, score),
        rater=person.name,
        source=RatingSource.ASSESSOR,
        at=now,
        reasons=tuple(sorted(set(reasons))),
        note=note.strip(),
    )
    _ask_whether_whole(made, known)
    before = next((one for one in exam.rated if one.place == made.place), None)
    if before and (before.score, before.reasons, before.note) == (made.score, made.reasons, made.note):
        return before
    tx.append(ExamRated(at=now, exam=key, rating=made))
    return made


def _fit(exam: Exam, kind: RatingKind, score: int | None) -> int:
    if score is None or not 1 <= score <= 5:
        raise RatingRefused(Unrated.NO_SCORE)
    if kind is RatingKind.IMAGE and not exam.images:
        raise RatingRefused(Unrated.NO_IMAGES)
    return score


def _ask_whether_whole(made: Rating, known: Reasons) -> None:
    if known.unknown(made.kind, made.reasons):
        raise RatingRefused(Unrated.UNKNOWN_REASON)
    if made.low and not made.reasons and known.of(made.kind):
        raise RatingRefused(Unrated.NO_REASON)
    if OTHER in made.reasons and not made.note:
        raise RatingRefused(Unrated.NO_NOTE)
    if len(made.note) > LONGEST_NOTE:
        raise RatingRefused(Unrated.LONG_NOTE)
    if _PERSON_NUMBER.search(made.note):
        raise RatingRefused(Unrated.PERSON_NUMBER)
