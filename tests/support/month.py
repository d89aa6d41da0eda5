"""A month of a hospital by a seed: orders, changes, cancellations, reports in versions, studies, an exemption."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

import sqlalchemy as sa
from msgspec.structs import replace

from gecit.core import events as e
from gecit.core.facts import StudyFacts
from gecit.core.rulebook import Exemption, Rulebook, Source, Window
from gecit.core.values import Text, local
from gecit.edges import hl7_profile
from gecit.edges.store import SqlLedger, schema
from gecit.processes.reception import Raw, Reception
from gecit.sandbox.medula import PretendMedula
from gecit.steps.deliver import Courier, Policy
from gecit.steps.judge_exam import judge_due
from gecit.steps.notify_medula import handlers
from gecit.steps.receive_message import Judging
from gecit.steps.receive_study import receive_study
from gecit.steps.rejudge import CALM, Rejudger

from .billing import HandClock
from .flow import (
    ASKED,
    DOSE,
    FINDINGS,
    HOSPITAL,
    JUDGING,
    RADIOLOGIST,
    SETTLE,
    START,
    SURGEON,
    orm_wire,
    oru_wire,
    study,
)

DAYS = 28
TURN = timedelta(hours=6)
"""After so long all that came is judged and delivered."""

HERE = replace(HOSPITAL, hl7_peers=("192.0.2.1",))
PEER = "192.0.2.1"
LOINC = "^36938-9^BT^LNC"
OTHER_LOINC = "^24627-2^BT^LNC"
PROFILES = {
    path.stem: hl7_profile.load(path) for path in (Path(__file__).parents[2] / "rules" / "profiles").glob("*.toml")
}
ANNOUNCED = START + timedelta(days=20)
"""When an exemption is announced for the exams of the sixth and seventh day that had no LOINC code."""

Happening = tuple[datetime, bytes | StudyFacts | Rulebook]


class Known:
    """A registry that knows two physicians."""

    def look_up(self, identifier: str) -> e.RegistryAnswer:
        return ASKED.get(identifier, e.RegistryAnswer(identifier=identifier, known=False, radiologist=False))


def tckn(number: int) -> str:
    """Return a made-up number that satisfies the checksum."""
    digits = [int(one) for one in f"{100000000 + number:09}"]
    digits.append((7 * sum(digits[0::2]) - sum(digits[1::2])) % 10)
    return "".join(map(str, [*digits, sum(digits) % 10]))


def with_exemption() -> Rulebook:
    start, last = START + timedelta(days=5), START + timedelta(days=7)
    source = Source(kind="site", title="deneme")
    row = Window(id="month", start=start, last=last, published=local(ANNOUNCED).date(), source=source)
    new = Exemption(id="trial", title=Text(tr="deneme", en="trial"), excuses=("loinc-code",), dated_by="order_date",
                    windows=(row,), origin="site")  # fmt: skip
    return Rulebook.of(JUDGING.rulebook.rules, (*JUDGING.rulebook.exemptions, new))


def month(exams: int, seed: int = 7) -> list[Happening]:
    """Return what happens in a month, in its order."""
    draw = random.Random(seed)
    found = [one for number in range(exams) for one in _exam(number, draw)]
    found += [(START, JUDGING.rulebook), (ANNOUNCED, with_exemption())]
    return sorted(found, key=lambda one: one[0])


def _exam(number: int, draw: random.Random) -> Iterator[Happening]:
    name, patient = f"M{number:05}", tckn(number - (number % 10 == 9))  # some come twice: earlier exams are found
    at = START + timedelta(minutes=draw.randrange(DAYS * 1440))
    loinc = "" if draw.random() < 0.08 else LOINC
    ids = (f"{name}-{n}" for n in range(99))

    def orm(control: str, code: str = loinc) -> bytes:
        wire = orm_wire(name, control, control_id=next(ids), tckn=patient, loinc=code)
        return wire.replace(b"20260302080000", f"{local(at):%Y%m%d%H%M%S}".encode())

    def oru(minutes: int, status: str = "F", by: str = RADIOLOGIST, said: str = "") -> tuple[datetime, bytes]:
        wire = oru_wire(name, control_id=next(ids), tckn=patient, status=status, by=by, findings=f"{FINDINGS} {said}")
        then = at + timedelta(minutes=minutes)
        return then, wire.replace(b"20260302085900", f"{local(then):%Y%m%d%H%M%S}".encode())

    order = orm("NW")
    yield at, order
    if draw.random() < 0.05:  # the line broke before the answer came
        yield at + timedelta(minutes=2), order
    yield from _pictures(name, patient, at, draw)
    if draw.random() < 0.1:
        yield oru(100, "P", said="Ön rapor.")
    if draw.random() < 0.02:
        yield oru(150, by=SURGEON)
    if draw.random() < 0.9:
        yield oru(180)
    if draw.random() < 0.06:
        yield oru(2000, "C", said="Düzeltilmiş rapor.")
    if draw.random() < 0.05:
        yield at + timedelta(minutes=300), orm("XO", OTHER_LOINC)
    if draw.random() < 0.04:
        yield at + timedelta(minutes=draw.choice((40, 400, 4000))), orm("CA")


def _pictures(name: str, patient: str, at: datetime, draw: random.Random) -> Iterator[Happening]:
    if draw.random() < 0.03:
        return
    begun = local(at + timedelta(minutes=50))
    whole = study(
        f"s-{name}", name, 20, patient_id=patient, study_date=f"{begun:%Y%m%d}", study_time=f"{begun:%H%M%S}",
        last_instance_at=begun,
        dose_reports=() if draw.random() < 0.05 else (replace(DOSE, sop_instance_uid=f"1.9.{int(name[1:])}"),),
    )  # fmt: skip
    if draw.random() < 0.1:  # read once while it still grows
        some = replace(whole.series[0], instances=5, images=5)
        yield begun, replace(whole, series=(some,), dose_reports=())
    yield begun + timedelta(minutes=5), whole


def recorded(ledger: SqlLedger) -> list[Happening]:
    """Return what a ledger's own record says that came to it, in its order."""
    with ledger.engine.connect() as connection:
        found: list[Happening] = [
            (row.received_at, row.raw) for row in connection.execute(sa.select(schema.message).order_by("id"))
        ]
        for row in connection.execute(sa.select(schema.rulebook).order_by("id")):
            found.append((row.activated_at, Rulebook.from_json(row.content.encode())))
    found += [(one.at, one.facts) for _, one in ledger.events() if isinstance(one, e.StudyFactsRecorded)]
    return sorted(found, key=lambda one: one[0])


class Node:
    """The steps of a node on one ledger, with a clock that is moved by hand."""

    def __init__(self, ledger: SqlLedger) -> None:
        self.ledger, self.clock, self.medula = ledger, HandClock(START), PretendMedula()
        ledger.write(lambda tx: tx.record_institution(HERE, START))
        self.book = JUDGING.rulebook
        self.reception = Reception(ledger, Known(), self.clock, self.judging, PROFILES)
        self.courier = Courier(
            ledger, "medula", handlers(self.medula, ledger, self.clock), self.clock, "one", Policy(threads=1)
        )
        self.rejudger = Rejudger(ledger, ledger, self.clock, self.judging, "Node")

    def judging(self) -> Judging:
        return replace(JUDGING, rulebook=self.book)

    def play(self, happenings: Iterable[Happening]) -> None:
        """Let everything happen, turn by turn; at each one's end all that is due is judged and delivered."""
        for turn, group in groupby(happenings, lambda one: (one[0] - START) // TURN):
            self.take_in(list(group))
            self.clock.forward(seconds=(START + (turn + 1) * TURN - self.clock.now()).total_seconds())
            self.work()
        self.courier.close()

    def take_in(self, happenings: Sequence[Happening]) -> None:
        for kind, group in groupby(happenings, lambda one: type(one[1])):
            some = list(group)
            if kind is bytes:
                self.reception.receive([Raw(data, PEER, at) for at, data in some if isinstance(data, bytes)])
                continue
            for at, what in some:
                if isinstance(what, Rulebook):
                    self.ledger.activate_rulebook(what.revision, what.to_json(), at)
                    self.book = what
                elif isinstance(what, StudyFacts):
                    self.ledger.write(lambda tx, at=at, what=what: receive_study(tx, what, (HERE,), at, SETTLE, 40))  # type: ignore[misc]

    def work(self) -> None:
        if self.rejudger.step():
            self.clock.forward(seconds=CALM.total_seconds())
            while self.rejudger.step():
                pass
        busy = True
        while busy:
            judged = self.ledger.write(lambda tx: judge_due(tx, self.judging(), self.clock.now(), "Node"))
            busy = bool(judged) or self.courier.step()
