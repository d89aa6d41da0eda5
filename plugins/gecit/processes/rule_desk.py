"""What the pages of the rules are made of on this node."""

from __future__ import annotations

from gecit.edges.rule_cases import read_cases
from gecit.edges.rule_drafts import DraftFolder
from gecit.edges.store import SqlLedger
from gecit.ports import Clock
from gecit.settings import Settings
from gecit.web.rules import RuleDesk

from .whatif_runs import WhatIfRuns


def rule_desk_of(settings: Settings, ledger: SqlLedger, clock: Clock) -> RuleDesk:
    """Return it; whoever takes it ends its runs with `runs.close`."""
    site = settings.site_rules
    cases = read_cases(settings.rules, *([site] if site else []))
    return RuleDesk(ledger, DraftFolder(settings.rules, site), WhatIfRuns(settings, clock), clock, cases)
