"""The whole application of a node with a filled ledger in memory, for targets that ask it."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from flask import Flask

from gecit.core.access import Person, Role
from gecit.edges import passwords
from gecit.edges.audit_book import AuditBook
from gecit.edges.doors import Admission, Doors, How
from gecit.edges.store import SqlLedger, open_ledger
from gecit.processes.web import application
from gecit.settings import load
from tests.fakes import StillClock
from tests.support.everything import fill
from tests.support.flow import HOSPITAL, JUDGING, START, TCKN
from tests.support.reading import NOW
from tests.web.conftest import CHEAP

PEOPLE = (
    Person(name="birim", roles=(Role.ADMINISTRATOR,)),
    Person(name="ayse", roles=(Role.RADIOLOGIST,), institution=HOSPITAL.skrs),
    Person(name="mudur", roles=(Role.MANAGER,), institution=HOSPITAL.skrs),
    Person(name="cerrah", roles=(Role.CLINICIAN,), institution=HOSPITAL.skrs),
    Person(name="cem", roles=(Role.ASSESSOR,), institution=HOSPITAL.skrs),
    Person(name="hasta", roles=(Role.CITIZEN,), tckn=TCKN),
    Person(name="hbys", roles=(Role.SERVICE,), institution=HOSPITAL.skrs),
)
STARTS_PROCESSES = ("tracking.ask_export", "rules.try_draft", "rules.try_date")
"""Routes that begin a process: its own inputs are those of the others."""


class Node(NamedTuple):
    """The application, and what it stands on."""

    app: Flask
    ledger: SqlLedger


@cache
def node() -> Node:
    """Make it once in a process; whoever asks shows the number of one of `PEOPLE` as a bearer token."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="gecit-fuzz-", dir=memory if memory.is_dir() else None))
    for name in [one for one in os.environ if one.startswith(("GECIT_", "ORTHANC__"))]:
        del os.environ[name]
    os.environ |= {
        "GECIT_DATA": str(folder),
        "GECIT_HTTP_PORT": "9",
        "ORTHANC__GECIT__DUPLICATES__MINISTRY_GET": "true",
    }
    (folder / "run").mkdir()
    (folder / "run" / "internal.token").write_text("inside", encoding="utf-8")
    passwords.PasswordHasher = lambda: CHEAP  # type: ignore[assignment, misc] -- an input in a hundred would take a tenth of a second
    ledger = open_ledger("sqlite://")
    ledger.activate_rulebook(JUDGING.rulebook.revision, JUDGING.rulebook.to_json(), START)
    fill(ledger)
    clock = StillClock(NOW)
    app = application(load(), ledger, AuditBook(ledger, b"k" * 32, "N1/web", clock), clock)
    Doors.admit = _admit  # type: ignore[method-assign]
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Node(app, ledger)


def _admit(self: Doors, authorization: str, address: str, cookies: str = "") -> Admission:
    number = authorization.removeprefix("Bearer ")
    if not (number.isascii() and number.isdigit()) or int(number) >= len(PEOPLE):
        return Admission()
    person = PEOPLE[int(number)]
    return Admission(who=person.name, person=person, how=How.TOKEN)


def bearer(number: int) -> Mapping[str, str]:
    """Return the header of one of `PEOPLE`."""
    return {"Authorization": f"Bearer {number % len(PEOPLE)}"}
