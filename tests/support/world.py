"""The sandbox on loopback, with a courier before it, as fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from gecit.core.order import ExamKey
from gecit.edges.medula_json import JsonMedula
from gecit.edges.store import SqlLedger
from gecit.sandbox.faults import Faults
from gecit.sandbox.medula import PretendMedula, medula_app
from gecit.sandbox.server import running
from gecit.steps.breaker import Breaker
from gecit.steps.deliver import Courier, Policy
from gecit.steps.notify_medula import handlers

from .billing import HandClock


class World:
    """A pretend MEDULA behind real HTTP, and couriers that deliver to it from a ledger."""

    def __init__(self, ledger: SqlLedger, timeout: float = 0.4) -> None:
        self.ledger = ledger
        self.clock = HandClock()
        self.medula = PretendMedula()
        self.faults = Faults(medula_app(self.medula))
        self.timeout = timeout
        self.url = ""

    def courier(self, owner: str = "one", breaker: Breaker | None = None, threads: int = 4) -> Courier:
        client = JsonMedula(f"{self.url}/medula", timeout=self.timeout)
        return Courier(
            self.ledger,
            "medula",
            handlers(client, self.ledger, self.clock),
            self.clock,
            owner,
            Policy(threads=threads, lease=timedelta(minutes=2)),
            breaker or Breaker(failures=1000),
        )

    def deliver_all(self, courier: Courier | None = None, rounds: int = 12) -> None:
        """Deliver until nothing is due, then let time pass, until nothing is left that could become due."""
        courier = courier or self.courier()
        for _ in range(rounds):
            while courier.step():
                pass
            if not self.waiting():
                break
            self.clock.forward(hours=1)
        courier.close()

    def waiting(self) -> list[str]:
        return [one.state for one in self.ledger.deliveries() if one.state not in ("done", "parked")]

    def states(self) -> list[str]:
        return [one.state for one in self.ledger.deliveries()]

    def effective(self) -> list[ExamKey]:
        told = [one.content for one in self.medula.effective()]
        return [ExamKey(institution=one.institution_skrs, accession=one.accession) for one in told]


@pytest.fixture
def world(sqlite_ledger: SqlLedger) -> Iterator[World]:
    made = World(sqlite_ledger)
    with running({"/medula": made.faults}) as url:
        made.url = url
        yield made
