"""The sandbox on loopback, with a courier before it, as fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gecit.core.order import ExamKey
from gecit.edges.medula_json import JsonMedula
from gecit.edges.store import SqlLedger
from gecit.ports import Medula
from gecit.sandbox.faults import Faults
from gecit.sandbox.medula import PretendMedula, medula_app
from gecit.sandbox.server import running
from gecit.steps.breaker import Breaker
from gecit.steps.deliver import Courier, Policy
from gecit.steps.notify_medula import handlers

from .billing import INSTITUTION, HandClock
from .soap import ACCOUNT, Everybody, soap_medula


class World:
    """A pretend MEDULA behind real HTTP, and couriers that deliver to it from a ledger.

    `folder`: where the secrets of SOAP stand; without it JSON is spoken.
    """

    def __init__(self, ledger: SqlLedger, timeout: float = 0.4, folder: Path | None = None) -> None:
        self.ledger = ledger
        self.clock = HandClock()
        self.medula = PretendMedula()
        self.faults = Faults(medula_app(self.medula, account=ACCOUNT))
        self.timeout = timeout
        self.folder = folder
        self.physicians = Everybody()
        self.url = ""

    def client(self) -> Medula:
        if self.folder is None:
            return JsonMedula(f"{self.url}/medula", timeout=self.timeout)
        return soap_medula(f"{self.url}/medula/soap", self.folder, self.timeout, self.physicians)

    def courier(self, owner: str = "one", breaker: Breaker | None = None, threads: int = 4) -> Courier:
        client = self.client()
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
        assert {facility for facility, _ in self.medula.exams()} <= {INSTITUTION.medula_code}
        return [ExamKey(institution=INSTITUTION.skrs, accession=one) for _, one in self.medula.exams()]


@pytest.fixture
def world(sqlite_ledger: SqlLedger) -> Iterator[World]:
    made = World(sqlite_ledger)
    with running({"/medula": made.faults}) as url:
        made.url = url
        yield made


@pytest.fixture
def soap_world(sqlite_ledger: SqlLedger, tmp_path: Path) -> Iterator[World]:
    made = World(sqlite_ledger, folder=tmp_path)
    with running({"/medula": made.faults}) as url:
        made.url = url
        yield made
