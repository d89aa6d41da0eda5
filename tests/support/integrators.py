"""The JSON interface on a real ledger, asked by an integrator of one institution, an administrator and others."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import msgspec

from gecit.core.access import Person, Role
from gecit.core.events import JudgingAsked
from gecit.core.order import Patient
from gecit.edges.doors import Doors, Why
from gecit.edges.store import SqlLedger
from gecit.ports import Institution
from gecit.web.api.integration import Integrating
from gecit.web.api.webhooks import Destinations
from gecit.web.app import create_app
from tests.fakes import FakeAccounts, StillClock
from tests.support.flow import HOSPITAL, JUDGING, OTHER_TCKN, START, arrive, incoming, judge, order, report, send, study

OTHER = Institution(skrs="910002", medula_code="11910002", name="Öteki Hastane")
PEOPLE = {
    "integrator": Person(name="hbys", roles=(Role.SERVICE,), institution=HOSPITAL.skrs),
    "other": Person(name="öteki hbys", roles=(Role.SERVICE,), institution=OTHER.skrs),
    "administrator": Person(name="yönetici", roles=(Role.ADMINISTRATOR,)),
    "citizen": Person(name="vatandaş", roles=(Role.CITIZEN,), tckn=OTHER_TCKN),
    "clinician": Person(name="hekim", roles=(Role.CLINICIAN,), institution=HOSPITAL.skrs),
    "consultant": Person(name="danışman", roles=(Role.CONSULTANT,)),
}


class Badges(Doors):
    """Doors at which the token is the name of one of `PEOPLE`; whoever shows none stays outside."""

    def __init__(self, clock: StillClock) -> None:
        super().__init__(FakeAccounts(), "inside", clock)

    def admit(self, *shown: str) -> Any:
        person = PEOPLE.get(shown[0].removeprefix("Bearer "))
        if person is None:
            return SimpleNamespace(granted=False, who="", why=Why.MISSING, person=Person(name=""))
        return SimpleNamespace(granted=True, who=person.name, why=None, person=person)


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


def fill(ledger: SqlLedger) -> None:
    """Two institutions; a whole exam, one that waits, one of the other institution; the last two of another patient."""

    def work(tx: Any) -> None:
        for one in (HOSPITAL, OTHER):
            tx.record_institution(one, START)

    ledger.write(work)
    ledger.activate_rulebook(JUDGING.rulebook.revision, JUDGING.rulebook.to_json(), START)
    send(ledger, incoming(order("A1"), "1"))
    send(ledger, incoming(report("A1"), "2"))
    arrive(ledger, study("s1", "A1"))
    arrive(ledger, study("s2", "A1", images=0))
    other = Patient(tckn=OTHER_TCKN, family="ÖRNEK", given="ALİ")
    send(ledger, incoming(order("A/2 İ", patient=other), "3"))
    foreign = order("B1", patient=other)
    foreign = msgspec.structs.replace(foreign, key=msgspec.structs.replace(foreign.key, institution=OTHER.skrs))
    send(ledger, incoming(foreign, "4"))
    judge(ledger, START + timedelta(minutes=5))


def again(ledger: SqlLedger, accession: str = "A1", after: timedelta = timedelta(hours=1)) -> None:
    """Have an exam judged once more."""
    key = msgspec.structs.replace(order().key, accession=accession)
    at = START + after
    ledger.write(lambda tx: tx.append(JudgingAsked(at=at, exam=key, cause="due")))
    judge(ledger, at)


def application(ledger: SqlLedger, clock: StillClock, allow: tuple[str, ...] = (), *, pages: bool = False) -> Any:
    return create_app(
        doors=Badges(clock),
        views=ledger,
        vitals=ledger,
        clock=clock,
        node="N1",
        expected=(),
        evidence=ledger,
        integrating=Integrating(ledger, ledger, Destinations(allow)),
        ledger=ledger if pages else None,
    )
