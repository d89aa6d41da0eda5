"""The rulebook: dated rules and dated exemptions as frozen values; files become it in `rulefile.py`.

Two time axes. *Valid*: which of an exam's dates picks the edition or falls into the window (`dated_by`).
*Known*: which revision of the whole rulebook was in force when the exam was judged; the ledger keeps revisions.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from .values import Text, Value, to_json
from .verdict import Effect

Param = bool | int | float | str | tuple[str, ...]
Origin = Literal["shipped", "site"]
MINUTE = timedelta(minutes=1)


class Source(Value):
    """What gives an edition or a window its force."""

    kind: str  # notice | letter | circular | guide | reading | site
    title: str
    published: date | None = None
    reference: str = ""


class Scope(Value):
    """Which exams are meant; an empty list means every one."""

    modality: tuple[str, ...] = ()  # by OBR-24 or by the images
    not_modality: tuple[str, ...] = ()  # by OBR-24; by the images only where OBR-24 is empty
    institution: tuple[str, ...] = ()  # SKRS codes
    not_institution: tuple[str, ...] = ()
    ownership: tuple[str, ...] = ()  # public | private | university, as the institution is recorded
    sut: tuple[str, ...] = ()  # SUT codes, any procedure; a trailing * stands for any ending
    not_sut: tuple[str, ...] = ()  # every procedure
    device_serial: tuple[str, ...] = ()  # every device that made images must be one of them


class Edition(Value):
    """What a rule says from one instant until another."""

    start: datetime | None  # inclusive; None = no source gives one, in force as far back as we look
    check: str  # a name in `checks.CHECKS`
    source: Source
    until: datetime | None = None  # exclusive; None = still in force
    params: dict[str, Param] = msgspec.field(default_factory=dict)
    applies: Scope = Scope()
    published: date | None = None  # the Ministry's day
    reading: str = ""  # how we read what the text leaves open
    track: str = ""  # editions of different tracks run side by side, each for exams that its `applies` names
    gap: str = ""  # why nothing was in force between the edition before and this one

    def covers(self, moment: datetime) -> bool:
        """Whether the edition is in force at `moment`."""
        return (self.start is None or self.start <= moment) and (self.until is None or moment < self.until)

    @property
    def timeless(self) -> bool:
        """Whether it is in force at any date, so that none needs to be known."""
        return self.start is None and self.until is None


class Rule(Value):
    """One thing asked of an exam, in all its editions."""

    id: str
    title: Text
    fix: Text
    who: str  # modality | HBYS | radiologist | PACS | administrator
    where: str
    effect: Effect
    dated_by: str  # a name in `dates.DATED_BY`
    editions: tuple[Edition, ...]  # track after track, in each the oldest first
    origin: Origin = "shipped"

    def edition_at(self, moment: datetime) -> Edition | None:
        """Return the edition in force at `moment`, of the first track that has one; None where there is none."""
        return next(iter(self.editions_at(moment)), None)

    def editions_at(self, moment: datetime) -> tuple[Edition, ...]:
        """Return the editions in force at `moment`, one of a track at the most; the first that means an exam counts."""
        return tuple(one for one in self.editions if one.covers(moment))


class Window(Value):
    """A stretch of time that excuses, closed at minute resolution: the whole minute of `last` is inside."""

    id: str
    start: datetime
    last: datetime | None  # None = until further notice
    published: date
    source: Source
    applies: Scope = Scope()  # narrows the exemption's own
    teletip_id: str = ""  # of the device that a waiver is for
    origin: Origin = "shipped"  # a site may add a window to a shipped exemption

    def covers(self, moment: datetime) -> bool:
        """Whether `moment` lies inside; 12:30:59 is inside a window whose last minute is 12:30, 12:31:00 is not."""
        return self.start <= moment and (self.end is None or moment < self.end)

    @property
    def end(self) -> datetime | None:
        """The first instant that is outside again; None = until further notice."""
        return None if self.last is None else self.last + MINUTE


class Exemption(Value):
    """Windows in which named rules hold nobody back."""

    id: str
    title: Text
    excuses: tuple[str, ...]  # rule ids
    dated_by: str
    windows: tuple[Window, ...]
    applies: Scope = Scope()
    provided: str = ""  # a name in `checks.CHECKS`: it excuses only an exam that passes this too
    provided_params: dict[str, Param] = msgspec.field(default_factory=dict)
    reading: str = ""
    origin: Origin = "shipped"


class Rulebook(Value):
    """All rules and exemptions of one revision; `revision` is the SHA-256 of everything else in it."""

    rules: tuple[Rule, ...]  # by id
    exemptions: tuple[Exemption, ...]  # by id
    revision: str

    @classmethod
    def of(cls, rules: tuple[Rule, ...], exemptions: tuple[Exemption, ...] = ()) -> Rulebook:
        """Put rules and exemptions in order and seal them."""
        ordered = tuple(sorted(rules, key=lambda one: one.id)), tuple(sorted(exemptions, key=lambda one: one.id))
        return cls(rules=ordered[0], exemptions=ordered[1], revision=_digest(*ordered))

    @classmethod
    def from_json(cls, content: bytes) -> Rulebook:
        """Read a stored revision; ValueError where its content is not what its revision says."""
        stored = msgspec.json.decode(content, type=cls)
        if _digest(stored.rules, stored.exemptions) != stored.revision:
            raise ValueError(f"rulebook {stored.revision[:12]}: its content was changed after it was stored")
        return stored

    def to_json(self) -> bytes:
        """Return the revision as it is stored: equal rulebooks are equal bytes."""
        return to_json(self)

    def rule(self, rule_id: str) -> Rule:
        """Return one rule; KeyError where there is none."""
        for one in self.rules:
            if one.id == rule_id:
                return one
        raise KeyError(rule_id)

    def exemptions_of(self, rule_id: str) -> tuple[Exemption, ...]:
        """Return the exemptions that can excuse a rule."""
        return tuple(one for one in self.exemptions if rule_id in one.excuses)


def _digest(rules: tuple[Rule, ...], exemptions: tuple[Exemption, ...]) -> str:
    return hashlib.sha256(to_json([rules, exemptions])).hexdigest()
