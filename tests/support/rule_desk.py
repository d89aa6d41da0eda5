"""An installation with a site's own folder of rules, held exams and a recorded outage, and its pages of the rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from gecit.core.events import OutageBegan, OutageEnded
from gecit.core.rulebook import Rulebook
from gecit.core.values import ISTANBUL
from gecit.core.verdict import Outcome
from gecit.edges.rule_cases import read_cases
from gecit.edges.rule_drafts import DraftFolder
from gecit.edges.rules_files import read_folder
from gecit.edges.store import SqlLedger, open_ledger
from gecit.edges.system_clock import SystemClock
from gecit.ports import Transaction
from gecit.processes.whatif_runs import WhatIfRuns
from gecit.settings import Settings
from gecit.steps.judge_exam import judge_due
from gecit.steps.receive_message import Judging
from gecit.steps.rejudge import Rejudger
from gecit.web.rules import RuleDesk

from . import flow

DAY = datetime(2026, 3, 2, tzinfo=ISTANBUL)
RULES = Path(__file__).parents[2] / "rules"
SERVICE = "upstream:ust"


def at(hour: int, minute: int, second: int = 0) -> datetime:
    return DAY.replace(hour=hour, minute=minute, second=second)


class Office:
    """The ledger and what is done in it; `settings` names the site's folder."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        assert settings.site_rules
        (settings.site_rules / "exemptions").mkdir(parents=True, exist_ok=True)
        settings.data.mkdir(parents=True, exist_ok=True)
        self.ledger: SqlLedger = open_ledger(settings.database)
        self.clock = SystemClock()
        self.runs = WhatIfRuns(settings, self.clock)
        book = read_folder(settings.rules, settings.site_rules)
        self.ledger.activate_rulebook(book.revision, book.to_json(), self.clock.now(), "first start")
        self.drafts = DraftFolder(settings.rules, settings.site_rules)
        self.desk = RuleDesk(self.ledger, self.drafts, self.runs, self.clock, read_cases(RULES))

    def close(self) -> None:
        """End what goes on."""
        self.runs.close()
        self.ledger.close()

    def fill(self) -> None:
        """Two exams without a duplicate query: one in the outage, one after it and without its report."""
        flow.register(self.ledger, flow.HOSPITAL)
        receive(self.ledger, "IN", at(9, 40, 59), flow.TCKN)
        receive(self.ledger, "OUT", at(9, 41), flow.OTHER_TCKN)
        self.break_off(at(9, 30, 20), at(9, 40, 1))
        judging = self.judging()
        self.ledger.write(lambda tx: judge_due(tx, judging, flow.START, "Node"))

    def break_off(self, began: datetime, ended: datetime, service: str = SERVICE) -> None:
        """Record an outage."""

        def work(tx: Transaction) -> None:
            tx.append(OutageBegan(at=began, service=service, reason="upstream"))
            tx.append(OutageEnded(at=ended, service=service))

        self.ledger.write(work)

    def judging(self) -> Judging:
        """Return what is judged by."""
        active = self.ledger.active_rulebook()
        assert active
        return Judging(rulebook=Rulebook.from_json(active[1]))

    def rejudge(self) -> None:
        """Do what the work process does once a revision is activated."""
        judging = self.judging()
        worker = Rejudger(self.ledger, self.ledger, self.clock, lambda: judging, "Node", calm=timedelta(0))
        while worker.step():
            pass

    def outcomes(self) -> dict[str, Outcome | None]:
        """Return every exam's outcome by accession number."""
        found = self.ledger.recent_exams(9)
        return {one.key.accession: one.verdict.outcome if one.verdict else None for one in found}


def receive(ledger: SqlLedger, accession: str, ordered: datetime, tckn: str) -> None:
    """Take in a whole exam for which nobody made a duplicate query."""
    patient = replace(flow.order().patient, tckn=tckn, file_number="D-1")
    order = flow.order(accession, ordered_at=ordered, patient=patient, clinical_information="ağrı")
    flow.send(ledger, flow.incoming(order, f"o-{accession}"))
    flow.send(ledger, flow.incoming(flow.report(accession), f"r-{accession}"))
    flow.arrive(ledger, flow.study(accession, accession, patient_id=tckn, dose_reports=(flow.DOSE,)))
