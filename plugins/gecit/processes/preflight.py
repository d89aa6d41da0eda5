"""`gecit check`: files -> what Geçit would say of them, by the real reception and judge on a ledger in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec

from ..core import matching
from ..core.access import Role
from ..core.accounts import Account
from ..core.checks import Context
from ..core.encounters import EncounterTold
from ..core.exam import Exam
from ..core.facts import StudyFacts, StudyKey
from ..core.identifiers import is_tckn
from ..core.openings import CARE, CareEdition, CareRule
from ..core.order import ExamKey, Order
from ..core.profile import Profile
from ..core.remarks import Remark
from ..core.rulebook import Rulebook
from ..core.values import Text, Value
from ..core.verdict import Verdict
from ..edges import hl7_profile, hl7_reader
from ..edges.store import SqlLedger, open_ledger
from ..ports import Institution, Registry, Transaction
from ..steps import preflight as step
from ..steps.judge_exam import judge_due
from ..steps.preflight import Meaning, Said
from ..steps.receive_message import Judging
from ..steps.receive_study import receive_study, skrs_of
from .preflight_files import Files, Sent, Unused
from .reception import Raw, Reception

PEER = "127.0.0.1"
PIECE_OF = {"ORM": step.ORDER, "ORU": step.REPORT}
ALL_CARE = CareRule(editions=(CareEdition(since=datetime.min.replace(tzinfo=UTC), ways=CARE),))
NOBODY = "?"
"""Stands for the institution where neither a file nor `--institution` names one."""


class Options(Value):
    """How files are looked at: as if all of them came at `now`."""

    now: datetime
    profile: Profile
    institution: str = ""  # SKRS code; empty = as the files say
    known: frozenset[str] = frozenset()  # checks of `OFFLINE` that can be answered


class MessageSaid(Value):
    """One message with its answer."""

    file: str
    number: int  # within the file, from 1
    type: str
    control_id: str
    exam: ExamKey
    code: str  # AA | AE | AR
    answer: str
    remarks: tuple[Remark, ...]
    structure: tuple[str, ...] = ()  # hl7apy's own words

    @property
    def mend(self) -> bool:
        """Whether it would not be taken as it is."""
        return self.code != "AA"


class StudySaid(Value):
    """One study with the exams that it is of, else with why it is of none."""

    facts: StudyFacts
    files: int
    exams: tuple[ExamKey, ...] = ()
    misses: tuple[Text, ...] = ()  # why it is of no exam, where something is to be mended
    note: Text | None = None
    held_for: tuple[Said, ...] = ()  # what images alone would be held for

    @property
    def mend(self) -> bool:
        """Whether something is to be mended."""
        return bool(self.misses or self.held_for)


class ExamSaid(Value):
    """One exam judged as if all its messages and images had arrived."""

    exam: ExamKey
    verdict: Verdict
    said: tuple[Said, ...]
    given: tuple[str, ...]

    @property
    def mend(self) -> bool:
        """Whether something of what was given is to be mended."""
        return any(one.meaning is Meaning.MEND for one in self.said)


class Checked(Value):
    """All that is said of the files."""

    now: datetime
    rulebook: str
    messages: tuple[MessageSaid, ...] = ()
    studies: tuple[StudySaid, ...] = ()
    exams: tuple[ExamSaid, ...] = ()
    unused: tuple[Unused, ...] = ()

    @property
    def code(self) -> int:
        """0 nothing to mend, 1 something is, 2 nothing could be read, or something broken stood there."""
        if not (self.messages or self.studies) or any(one.broken for one in self.unused):
            return 2
        mend = (
            [one.mend for one in self.messages] + [one.mend for one in self.studies] + [one.mend for one in self.exams]
        )
        return int(any(mend))


def check(
    paths: Iterable[tuple[Path, bool]],
    options: Options,
    rulebook: Rulebook,
    context: Context,
    registry: Registry,
    group_minutes: int = 40,
) -> Checked:
    """Say what Geçit would say of files; a path comes with whether the caller named this very file."""
    files = Files(options.profile)
    for path, named in paths:
        files.add(path, named=named)
    judging = Judging(rulebook=rulebook, context=context, group_minutes=group_minutes)
    ledger = open_ledger("sqlite://")
    try:
        return _Check(ledger, files, options, judging, registry).run()
    finally:
        ledger.close()


class StoppedClock:
    """A clock that stands still; implements `ports.Clock`."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return where it stands."""
        return self._now


class _Check:
    def __init__(self, ledger: SqlLedger, files: Files, options: Options, judging: Judging, registry: Registry) -> None:
        self._ledger, self._files, self._options, self._judging = ledger, files, options, judging
        self._studies = list(files.dicom.studies())
        self._institutions = _institutions(options, [one.reading.institution for one in files.sent], self._studies)
        self._default = self._institutions[0].skrs if len(self._institutions) == 1 else ""
        self._sent = [self._with_hint(one) for one in files.sent]
        profiles = {options.profile.id: options.profile, "ministry": options.profile}
        clock = StoppedClock(options.now)
        self._reception = Reception(ledger, registry, clock, lambda: judging, profiles, self._default, lambda: ALL_CARE)

    def run(self) -> Checked:
        """Receive everything, judge, and tell."""
        ledger, now = self._ledger, self._options.now
        ledger.write(self._register)
        self._suppose_physicians()
        orders = [one.reading.content for one in self._sent if isinstance(one.reading.content, Order)]
        ledger.write(lambda tx: step.suppose_queries(tx, orders, now))
        messages = self._receive()
        keys = ledger.write(self._take_studies)
        exams = {one.key: one for one in ledger.recent_exams(len(self._sent) + 1)}
        while ledger.write(lambda tx: judge_due(tx, self._judging, now, "Preflight")):
            pass
        given = self._given()
        judged = ledger.read(lambda tx: [one for key in sorted(exams) if (one := tx.exam(key)) and one.verdict])
        return Checked(
            now=now,
            rulebook=self._judging.rulebook.revision,
            messages=messages,
            studies=tuple(ledger.read(lambda tx: list(map(partial(self._study, tx), keys, self._studies)))),
            exams=tuple(self._exam(one, given) for one in judged),
            unused=tuple(self._files.unused),
        )

    def _with_hint(self, one: Sent) -> Sent:
        """Read a message as one of the only institution, where it names none itself."""
        message = hl7_reader.parse(one.data, agreed=self._options.profile.character_set)
        reading = hl7_profile.read(message, self._options.profile, institution_hint=self._default)
        return msgspec.structs.replace(one, reading=reading)

    def _register(self, tx: Transaction) -> None:
        for one in self._institutions:
            tx.record_institution(one, self._options.now)

    def _suppose_physicians(self) -> None:
        """Take whoever is named by a TCKN that can be one for a physician of the hospital that names him."""
        for one in self._sent:
            if isinstance(told := one.reading.content, EncounterTold):
                for who in (*(told.attending or ()), *(told.family_doctors or ())):
                    if is_tckn(who.identifier):
                        supposed = Account(name=who.identifier, roles=(Role.CLINICIAN,), tckn=who.identifier)
                        self._ledger.save_account(
                            msgspec.structs.replace(supposed, institution=told.institution), self._options.now
                        )

    def _receive(self) -> tuple[MessageSaid, ...]:
        """Let the messages in, in the order in which they say they were sent; answers stand in the files' order."""
        said: dict[int, MessageSaid] = {}
        for place, one in sorted(enumerate(self._sent), key=lambda pair: pair[1].sent_at):
            (answered,) = self._reception.take_in([Raw(one.data, PEER, self._options.now)])
            remarks = answered.remarks
            said[place] = MessageSaid(
                file=one.file,
                number=one.number,
                type=one.message,
                control_id=one.reading.control_id,
                exam=self._key(one.reading),
                code=_code(answered.answer),
                answer=hl7_reader.decode(answered.answer, None).text,
                remarks=remarks,
                structure=one.structure,
            )
        return tuple(said[place] for place in sorted(said))

    def _key(self, reading: hl7_profile.Reading) -> ExamKey:
        return ExamKey(institution=reading.institution or self._default, accession=reading.accession)

    def _take_studies(self, tx: Transaction) -> list[StudyKey]:
        known, minutes = tx.institutions(), self._judging.group_minutes
        return [
            receive_study(tx, facts, known, self._options.now, timedelta(0), minutes, self._default).key
            for facts, _ in self._studies
        ]

    def _given(self) -> dict[str, set[str]]:
        """Return the pieces at hand of each accession number."""
        given: dict[str, set[str]] = {}
        for one in self._sent:
            pieces = [piece for kind, piece in PIECE_OF.items() if one.message.startswith(kind)]
            given.setdefault(one.reading.accession, set()).update(pieces)
        for facts, _ in self._studies:
            given.setdefault(facts.accession, set()).add(step.IMAGES)
        return given

    def _exam(self, exam: Exam, given: Mapping[str, Collection[str]]) -> ExamSaid:
        assert exam.verdict  # noqa: S101 -- the caller chose those that have one
        at_hand = {*given.get(exam.key.accession, ()), *([step.IMAGES] if exam.studies else [])}
        said = step.explain(exam.verdict, self._judging.rulebook, at_hand, self._options.known, exam.order)
        return ExamSaid(exam=exam.key, verdict=exam.verdict, said=said, given=tuple(sorted(at_hand)))

    def _study(self, tx: Transaction, key: StudyKey, found: tuple[StudyFacts, int]) -> StudySaid:
        study = tx.study(key)
        facts = study.facts if study else found[0]
        exams = tuple(one.key for one in tx.exams_of_study(key))
        if exams:
            return StudySaid(facts=facts, files=found[1], exams=exams)
        orders = [one.order for one in tx.exams_of_accession(facts.accession) if one.order]
        near = matching.near_misses(facts, orders)
        held = step.images_alone(facts, self._judging, self._options.now, self._options.known)
        misses = tuple(one for one in near if one != matching.NO_ORDER)
        note = step.NOT_GIVEN[step.ORDER] if matching.NO_ORDER in near else None
        return StudySaid(facts=facts, files=found[1], misses=misses, note=note, held_for=held if note else ())


def _institutions(
    options: Options, said: Iterable[str], studies: Iterable[tuple[StudyFacts, int]]
) -> Sequence[Institution]:
    """Return who may speak: whom the caller names, else everyone whom the files name."""
    named = {*said, *(skrs_of(facts.institution_name) for facts, _ in studies)} - {""}
    codes = [options.institution] if options.institution else sorted(named) or [NOBODY]
    return [Institution(skrs=one, hl7_peers=(PEER,), profile=options.profile.id) for one in codes]


def _code(answer: bytes) -> str:
    """Return MSA-1."""
    return answer.partition(b"\rMSA|")[2][:2].decode("ascii", "replace")
