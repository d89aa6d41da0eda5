"""Radiologist -> the reading of an exam: taken, held, given back, out of time, pushed. Two never have the same exam.

Each step reads and writes the exam in one transaction, which locks it; so whoever comes second finds it taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from ..core.access import Action, Person, may_with
from ..core.draft import LONGEST_PART, Draft
from ..core.events import ReadingAssigned, ReadingHeld, ReadingReleased, ReadingTaken
from ..core.exam import Exam, reading_of
from ..core.order import ExamKey
from ..core.reading import AT_WORK, Act, Limits, Reading, State, after, timed_out
from ..core.values import Text
from ..ports import ListSearch, Transaction


class Why(StrEnum):
    """Why something cannot be done with a reading."""

    NOT_ALLOWED = "not allowed"  # or there is no such exam: who may not see it learns no difference
    TAKEN = "taken"
    NOT_OPEN = "not open"
    NOT_YOURS = "not yours"
    NO_IMAGES = "no images"
    CANCELLED = "cancelled"
    OWN_SIGNATURE = "own signature"
    CHANGED = "changed"
    TOO_LONG = "too long"
    NO_DRAFT = "no draft"
    OVERTAKEN = "overtaken"
    NO_NUMBER = "no number"
    UNFIT = "unfit"
    NO_RADIOLOGIST = "no radiologist"
    REGISTRY = "registry"


WORDS: dict[Why, Text] = {
    Why.NOT_ALLOWED: Text(
        tr="Bu tetkike rapor yazamazsınız ya da böyle bir tetkik yok. Yetki için Teleradyoloji Birimi'ne başvurulur.",
        en="You may not report on this exam, or there is none. The Teleradiology unit grants it.",
    ),
    Why.TAKEN: Text(
        tr="Tetkiki şu anda başka bir hekim okuyor; listeden başkasını alın.",
        en="Another radiologist is reading this exam; take another one from the list.",
    ),
    Why.NOT_OPEN: Text(
        tr="Tetkikin raporu imzalanmış; ek rapor ya da düzeltme yazılabilir.",
        en="The exam's report is signed; an addendum or a correction can be written.",
    ),
    Why.NOT_YOURS: Text(
        tr="Bu tetkik artık sizde değil (süre doldu ya da geri verildi). Kaydedilen taslak duruyor; yeniden alın.",
        en="You do not have this exam any more (out of time, or given back). Your draft is kept; take the exam again.",
    ),
    Why.NO_IMAGES: Text(
        tr="Tetkikin görüntüsü henüz gelmedi; gelince listede görünür.",
        en="The exam's images have not arrived yet; it will be on the list when they do.",
    ),
    Why.CANCELLED: Text(
        tr="İstem iptal edilmiş; HBYS yeni istem göndermedikçe rapor yazılmaz.",
        en="The order is cancelled; no report is written unless the HBYS sends a new order.",
    ),
    Why.OWN_SIGNATURE: Text(
        tr="İlk imza sizin; ikinci imzayı başka bir hekim atmalı.",
        en="The first signature is yours; another radiologist must give the second.",
    ),
    Why.CHANGED: Text(
        tr="Taslak başka bir pencerede değişti; kayıtlı hâline bakıp yeniden deneyin.",
        en="The draft was changed in another window; look at it as it is saved and try again.",
    ),
    Why.TOO_LONG: Text(
        tr=f"Bir bölüm en çok {LONGEST_PART} karakter olabilir; kısaltın.",
        en=f"A part can have {LONGEST_PART} characters at the most; shorten it.",
    ),
    Why.NO_DRAFT: Text(tr="İmzalanacak bir taslak yok.", en="There is no draft to sign."),
    Why.OVERTAKEN: Text(
        tr="Siz yazarken hastaneden bu tetkikin kesin raporu geldi. Onu okuyun; gerekiyorsa düzeltme ya da ek rapor "
        "olarak sürdürün.",
        en="While you were writing, the hospital sent a final report of this exam. Read it; go on with a correction "
        "or an addendum if one is needed.",
    ),
    Why.NO_NUMBER: Text(
        tr="Hesabınızda TCKN yok; raporu imzalayan hekim onunla tanınır (OBX-16). Yönetici kaydetmeli.",
        en="Your account has no TCKN, by which a report's signer is known (OBX-16). An administrator must record it.",
    ),
    Why.UNFIT: Text(tr="Rapor bu hâliyle imzalanamaz.", en="The report cannot be signed like this."),
    Why.NO_RADIOLOGIST: Text(
        tr="Hekim kaydında radyolog olarak görünmüyorsunuz; kaydın düzeltilmesi gerekir.",
        en="The physicians' registry does not know you as a radiologist; it must be mended there.",
    ),
    Why.REGISTRY: Text(
        tr="Hekim kaydı şu anda yanıt vermiyor. Taslağınız saklandı; birazdan yeniden imzalayın.",
        en="The physicians' registry does not answer now. Your draft is kept; sign again in a while.",
    ),
}


class ReadingRefused(Exception):
    """It cannot be done; `why` says so in both languages, `more` what else there is to say."""

    def __init__(self, why: Why, more: Sequence[Text] = ()) -> None:
        super().__init__(why.value)
        self.why = why
        self.more = tuple(more)

    @property
    def text(self) -> Text:
        """What the reader is told."""
        return WORDS[self.why]


def exam_for(tx: Transaction, key: ExamKey, person: Person) -> Exam:
    """Return an exam that the person may report on at this moment; raises `ReadingRefused`."""
    exam = tx.exam(key)
    if exam is None or not may_with(person, Action.WRITE_REPORT, (key.institution,)):
        raise ReadingRefused(Why.NOT_ALLOWED)
    return exam


def take(tx: Transaction, key: ExamKey, person: Person, limits: Limits, now: datetime, act: Act = Act.TAKE) -> Reading:
    """Take an exam to read, or to add to its report or correct it; taking what one has already changes nothing."""
    exam = exam_for(tx, key, person)
    reading = _free_if_timed_out(tx, exam, limits, now)
    if reading.state in AT_WORK and reading.reader == person.name:
        return _take_up(tx, key, reading, act, now)
    if reading.state in AT_WORK or (reading.state is State.ASSIGNED and reading.reader != person.name):
        raise ReadingRefused(Why.TAKEN)
    if after(reading.state, act) is None:
        raise ReadingRefused(Why.NOT_OPEN)
    _ask_whether_readable(exam, reading, person)
    tx.append(ReadingTaken(at=now, exam=key, reader=person.name, act=act))
    return _now(tx, key)


def _take_up(tx: Transaction, key: ExamKey, reading: Reading, act: Act, now: datetime) -> Reading:
    """Go on with what one has: what is held is taken up, what was overtaken becomes a correction or an addendum."""
    wanted = Act.RESUME if reading.state is State.HELD else act
    if after(reading.state, wanted) is not None and wanted is not Act.TAKE:
        tx.append(ReadingTaken(at=now, exam=key, reader=reading.reader, act=wanted))
    return _now(tx, key)


def _ask_whether_readable(exam: Exam, reading: Reading, person: Person) -> None:
    if exam.cancelled:
        raise ReadingRefused(Why.CANCELLED)
    if not exam.images:
        raise ReadingRefused(Why.NO_IMAGES)
    if reading.first and reading.first.by == person.name:
        raise ReadingRefused(Why.OWN_SIGNATURE)


def hold(tx: Transaction, key: ExamKey, person: Person, reason: str, now: datetime) -> Reading:
    """Put a reading off and keep it."""
    reading = mine(exam_for(tx, key, person), person)
    if after(reading.state, Act.HOLD) is None:
        raise ReadingRefused(Why.NOT_OPEN)
    tx.append(ReadingHeld(at=now, exam=key, reader=person.name, reason=reason.strip()[:500]))
    return _now(tx, key)


def give_back(tx: Transaction, key: ExamKey, person: Person, now: datetime, reason: str = "") -> Reading:
    """Give an exam back to the list; what was written is kept for its author."""
    reading = reading_of(exam_for(tx, key, person))
    if reading.reader != person.name or after(reading.state, Act.GIVE_BACK) is None:
        raise ReadingRefused(Why.NOT_YOURS)
    tx.append(ReadingReleased(at=now, exam=key, reader=person.name, act=Act.GIVE_BACK, reason=reason.strip()[:500]))
    return _now(tx, key)


def assign(
    tx: Transaction, key: ExamKey, reader: str, by: str, why: Sequence[Text], limits: Limits, now: datetime
) -> Reading:
    """Push an exam to a reader; whether that one may read it is the caller's to have asked."""
    exam = tx.exam(key)
    if exam is None:
        raise ReadingRefused(Why.NOT_ALLOWED)
    reading = _free_if_timed_out(tx, exam, limits, now)
    if after(reading.state, Act.ASSIGN) is None:
        raise ReadingRefused(Why.TAKEN if reading.state in AT_WORK else Why.NOT_OPEN)
    tx.append(ReadingAssigned(at=now, exam=key, reader=reader, by=by, why=tuple(why)))
    return _now(tx, key)


def save(tx: Transaction, draft: Draft, person: Person, now: datetime, *, pressed: bool = False) -> Draft:
    """Keep what was written; `draft.revision` is the one that the writing began from. Raises `ReadingRefused`.

    `pressed`: its author pressed a button: it stands over what the same page saved by itself a moment before, which may
    still have been on its way. Saving is a sign of life: the reading stays with its reader.
    """
    mine(exam_for(tx, draft.exam, person), person)
    if any(len(text) > LONGEST_PART for text in draft.parts.values()):
        raise ReadingRefused(Why.TOO_LONG)
    before = tx.draft(draft.exam, person.name)
    newer = before is not None and before.revision != draft.revision
    if newer and not (pressed and draft.window and before and before.window == draft.window):
        raise ReadingRefused(Why.CHANGED)
    kept = _saved(draft, person.name, now, before)
    tx.save_draft(kept)
    return kept


def _saved(draft: Draft, author: str, now: datetime, before: Draft | None) -> Draft:
    images = before.key_images if before else draft.key_images  # they are marked by themselves: `mark_image`
    revision = before.revision + 1 if before else 1
    return msgspec.structs.replace(draft, author=author, revision=revision, saved_at=now, key_images=images)


def mine(exam: Exam, person: Person) -> Reading:
    """Return the reading of an exam that the person has; raises `ReadingRefused`."""
    reading = reading_of(exam)
    if reading.state not in AT_WORK or reading.reader != person.name:
        raise ReadingRefused(Why.NOT_YOURS)
    return reading


def release_due(
    tx: Transaction, limits: Limits, now: datetime, may_still: Callable[[str, str], bool], most: int = 200
) -> int:
    """Give back what its reader's time is over for, or what he may not report any more; return how many.

    `may_still`: account and SKRS code -> whether that one may report for it at this moment.
    """
    states = (State.ASSIGNED, *sorted(AT_WORK))
    released = 0
    for line in tx.reading_lines(ListSearch(institutions=None, states=states, limit=10_000)):
        exam = tx.exam(line.key)  # locked now: another node may have given it back meanwhile, and somebody taken it
        if exam is None or released >= most or reading_of(exam).reader != line.reader:
            continue
        if not may_still(line.reader, line.key.institution):
            released += _release(tx, exam, Act.GIVE_BACK, now, "grant ended")
        elif _over(tx, exam, limits, now):
            released += _release(tx, exam, Act.TIME_OUT, now)
    return released


def _free_if_timed_out(tx: Transaction, exam: Exam, limits: Limits, now: datetime) -> Reading:
    if _over(tx, exam, limits, now):
        _release(tx, exam, Act.TIME_OUT, now)
    return _now(tx, exam.key)


def _over(tx: Transaction, exam: Exam, limits: Limits, now: datetime) -> bool:
    reading = reading_of(exam)
    if not reading.reader:
        return False
    draft = tx.draft(exam.key, reading.reader)
    return timed_out(reading, limits, now, draft.saved_at if draft else None)


def _release(tx: Transaction, exam: Exam, act: Act, now: datetime, reason: str = "") -> int:
    reading = reading_of(exam)
    if after(reading.state, act) is None:
        return 0
    tx.append(ReadingReleased(at=now, exam=exam.key, reader=reading.reader, act=act, reason=reason))
    return 1


def _now(tx: Transaction, key: ExamKey) -> Reading:
    return reading_of(tx.exam(key) or Exam(key=key))
