"""Who is to read an exam: load, subspecialty, target and availability weighed, always alike, and always explained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from .exam_kinds import SUBSPECIALTIES, Subspecialty
from .order import ExamKey
from .reading_list import Urgency
from .values import Text, Value

OTHER_SUBSPECIALTY = 1.5
"""How much longer an exam is reckoned to take somebody whose subspecialty it is not."""
OTHER_INSTITUTION = timedelta(minutes=10)
"""What an exam of another institution is reckoned to cost beside reading it: an own one is preferred by so much."""


class ReaderProfile(Value):
    """What a radiologist says of himself."""

    subspecialties: tuple[Subspecialty, ...] = ()
    away_until: datetime | None = None  # nothing is pushed to him before

    def away(self, now: datetime) -> bool:
        """Whether he is away at an instant."""
        return self.away_until is not None and now < self.away_until


class Work(Value):
    """An exam that waits for a reader."""

    key: ExamKey
    urgency: Urgency
    waits_from: datetime
    minutes: float  # that reading it is reckoned to take
    target: timedelta
    modality: str = ""
    subspecialty: Subspecialty = Subspecialty.GENERAL


class Reader(Value):
    """A radiologist as the balance sees one, at one instant."""

    name: str  # account
    institutions: tuple[str, ...]  # SKRS codes he may report for now, the own one first
    subspecialties: tuple[Subspecialty, ...] = ()  # () = general
    waiting: int = 0  # exams that he has taken or that are pushed to him
    load: float = 0.0  # minutes of reading that they are reckoned to take
    available: bool = True


class Candidate(Value):
    """What one reader would mean for one exam."""

    reader: str
    done_in: float  # minutes from now until he is reckoned to have read it
    cost: float  # what candidates are compared by, minutes
    own: bool  # the exam is of his own institution
    fits: bool  # its subspecialty is his
    late: bool  # it would be read after its target
    waiting: int


class Choice(Value):
    """Who was chosen and why; all candidates, the best first."""

    reader: str
    why: tuple[Text, ...]
    candidates: tuple[Candidate, ...]


def choose(work: Work, readers: Iterable[Reader], now: datetime) -> Choice | None:
    """Choose a reader; None where nobody may read it or nobody is there. Equal readers are taken by their name.

    Whoever reads it in time comes before who does not; then the lower cost, which is the time until it is read, longer
    for another subspecialty and another institution.
    """
    able = [one for one in readers if one.available and work.key.institution in one.institutions]
    ranked = sorted((_candidate(work, one, now) for one in able), key=lambda one: (one.late, one.cost, one.reader))
    if not ranked:
        return None
    return Choice(reader=ranked[0].reader, why=_why(work, ranked), candidates=tuple(ranked))


def _candidate(work: Work, reader: Reader, now: datetime) -> Candidate:
    fits = work.subspecialty is Subspecialty.GENERAL or work.subspecialty in reader.subspecialties
    own = reader.institutions[:1] == (work.key.institution,)
    minutes = work.minutes * (1.0 if fits else OTHER_SUBSPECIALTY)
    done_in = reader.load + minutes
    apart = 0.0 if own else OTHER_INSTITUTION.total_seconds() / 60
    due_in = (work.waits_from + work.target - now).total_seconds() / 60
    return Candidate(
        reader=reader.name,
        done_in=done_in,
        cost=done_in + apart,
        own=own,
        fits=fits,
        late=done_in > due_in,
        waiting=reader.waiting,
    )


def _why(work: Work, ranked: Sequence[Candidate]) -> tuple[Text, ...]:
    best, count = ranked[0], len(ranked)
    return (
        _of_time(best),
        _of_others(best, ranked) if count > 1 else _ALONE,
        *([_of_subspecialty(work)] if best.fits and work.subspecialty is not Subspecialty.GENERAL else []),
        *([_OWN] if best.own else [_FOREIGN]),
        _LATE if best.late else _IN_TIME,
    )


_ALONE = Text(tr="Bu tetkiki okuyabilecek, şu an hazır başka hekim yok.", en="Nobody else who may read it is there.")
_OWN = Text(tr="Tetkik kendi kurumunuzun.", en="The exam is of your own institution.")
_FOREIGN = Text(tr="Bu kurum için rapor yazma yetkiniz var.", en="You are granted to report for this institution.")
_IN_TIME = Text(tr="Hedef süre içinde okunabilir.", en="It can be read within its target time.")
_LATE = Text(
    tr="Kimse hedef süreye yetişemiyor; en az gecikme sizde.", en="Nobody meets the target time; you miss it by least."
)


def _of_time(best: Candidate) -> Text:
    return Text(
        tr=f"Önünüzde {best.waiting} tetkik var; yaklaşık {best.done_in:.0f} dakikada okunur.",
        en=f"You have {best.waiting} exams before it; it is read in about {best.done_in:.0f} minutes.",
    )


def _of_others(best: Candidate, ranked: Sequence[Candidate]) -> Text:
    next_one = ranked[1]
    return Text(
        tr=f"Hazır {len(ranked)} hekim içinde en uygun sizsiniz; sıradaki için süre {next_one.done_in:.0f} dakika.",
        en=f"Of {len(ranked)} who are there you suit best; the next one would need {next_one.done_in:.0f} minutes.",
    )


def _of_subspecialty(work: Work) -> Text:
    name = SUBSPECIALTIES[work.subspecialty]
    return Text(tr=f"Alt uzmanlık alanınız: {name.tr}.", en=f"It is of your subspecialty: {name.en}.")
