"""The rulebook of a laptop's node: the rule files, as far as nothing is lost by them that was put in force before."""

from __future__ import annotations

from datetime import datetime

from ..core.rulebook import Rulebook
from ..core.rulediff import Difference, difference, lost
from ..edges.rule_activation import in_force
from ..edges.rules_files import read_folder
from ..edges.store import SqlLedger
from ..settings import Settings

SITE_SETTING = "ORTHANC__GECIT__SITE_RULES"


def put_in_force(settings: Settings, ledger: SqlLedger, now: datetime) -> str:
    """Activate the rule files, unless something in force is not in them: that is a person's to drop.

    Returns what is to be said of it, "" = they are in force. A data folder may be one that somebody worked in, with
    rules and exemptions of the site's own.
    """
    book = read_folder(settings.rules, settings.site_rules)
    gone = would_go(ledger, book)
    if not gone:
        ledger.activate_rulebook(book.revision, book.to_json(), now, "sandbox")
        return ""
    named = ", ".join(sorted({f"{one.kind} {one.id}" for one in gone}))
    return (
        f"Yürürlükteki kural kitabında olup kural dosyalarında bulunmayan {len(gone)} kayıt var ({named}); kural "
        f"kitabı değiştirilmedi. Sitenin kuralları başka klasördeyse {SITE_SETTING} ile gösterin; kalkmaları "
        "isteniyorsa: gecit rules activate\n"
        f"{len(gone)} entries in force are not in the rule files ({named}); the rulebook was left as it is. Name the "
        f"site's rules by {SITE_SETTING} if they are in another folder; if they are to go: gecit rules activate\n"
    )


def would_go(ledger: SqlLedger, book: Rulebook) -> tuple[Difference, ...]:
    """Return what is in force and would not be by another rulebook."""
    before = in_force(ledger)
    return lost(difference(before, book)) if before else ()
