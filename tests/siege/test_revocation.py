"""Whoever was let in a moment ago: sessions, tokens, accounts and disclosures that end while a request is under way."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from msgspec.structs import replace

from gecit.core.access import Person, Role
from gecit.core.accounts import Account, Session
from gecit.core.belonging import Belonging
from gecit.core.order import ExamKey
from gecit.edges.doors import ANSWER_SECONDS, Doors, token_digest
from gecit.edges.image_doors import ImageDoors
from gecit.edges.store import SqlLedger
from tests.edges.test_image_doors import IMAGES, SENT, Ticks, request
from tests.fake_accounts import FakeAudit
from tests.fake_studies import FakeStudyDoors
from tests.fakes import NOON, FakeAccounts, StillClock

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
AYSE = Account(name="ayşe", roles=(Role.ADMINISTRATOR,))
RIGHT = "gül bahçesi: 1"
SESSION = Session(digest=token_digest("v"), account="ayşe", created_at=NOON, seen_at=NOON,
                  expires_at=NOON + timedelta(hours=12))  # fmt: skip
COOKIE, TOKEN = "gecit=v", "Bearer of-the-pacs"
PASSWORD = "Basic " + base64.b64encode(f"ayşe:{RIGHT}".encode()).decode()


class Held(FakeAccounts):
    """Answers a question about a session after it was let go on."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_now, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def session(self, digest: str) -> Session | None:
        found = super().session(digest)
        self.asked_now.set()
        assert self.go_on.wait(20)
        return found


def test_a_look_up_that_is_under_way_brings_no_ended_session_back() -> None:
    accounts = Held()
    accounts.save_account(AYSE, NOON)
    accounts.add_session(SESSION)
    doors = Doors(accounts, "inside", StillClock(), Ticks())
    accounts.go_on.clear()
    accounts.asked_now.clear()
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(doors.admit, "", "192.0.2.7", COOKIE)
        assert accounts.asked_now.wait(20)
        accounts.end_sessions("ayşe")
        doors.forget(COOKIE)
        accounts.go_on.set()
        assert under_way.result().granted, "it was asked before"
    assert not doors.admit("", "192.0.2.7", COOKIE).granted, "and nobody after it is let in by its answer"


def test_what_was_asked_is_believed_from_when_it_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that waits its turn for seconds must not be believed for seconds more."""
    accounts, ticks = FakeAccounts(), Ticks()
    accounts.save_account(AYSE, NOON)
    accounts.set_password("ayşe", CHEAP.hash(RIGHT), NOON)
    doors = Doors(accounts, "inside", StillClock(), ticks)

    def slowly(self: object, kept: str | None, password: str) -> bool:
        ticks.now += 2.0
        return True

    monkeypatch.setattr("gecit.edges.doors.PasswordCheck.fits", slowly)
    assert doors.admit(PASSWORD, "192.0.2.7").granted
    accounts.save_account(replace(AYSE, disabled=True), NOON)
    ticks.now += ANSWER_SECONDS - 2.0
    assert not doors.admit(PASSWORD, "192.0.2.7").granted


ENDS: dict[str, tuple[tuple[str, str], Callable[[SqlLedger], object]]] = {
    "session ended": (("", COOKIE), lambda ledger: ledger.end_sessions("ayşe")),
    "token revoked": ((TOKEN, ""), lambda ledger: ledger.revoke_token(token_digest("of-the-pacs"), NOON)),
    "session of an account that was switched off": (
        ("", COOKIE), lambda ledger: ledger.save_account(replace(AYSE, disabled=True), NOON)),
    "token of an account that was switched off": (
        (TOKEN, ""), lambda ledger: ledger.save_account(replace(AYSE, disabled=True), NOON)),
    "password of an account that was switched off": (
        (PASSWORD, ""), lambda ledger: ledger.save_account(replace(AYSE, disabled=True), NOON)),
    "password changed": ((PASSWORD, ""), lambda ledger: ledger.set_password("ayşe", CHEAP.hash("another one"), NOON)),
}  # fmt: skip


@pytest.mark.parametrize("how", ENDS)
def test_what_ended_in_one_process_is_shut_in_another_within_seconds(ledger: SqlLedger, how: str) -> None:
    (authorization, cookies), end = ENDS[how]
    ledger.save_account(AYSE, NOON)
    ledger.set_password("ayşe", CHEAP.hash(RIGHT), NOON)
    ledger.add_session(SESSION)
    ledger.add_token(token_digest("of-the-pacs"), "ayşe", NOON, None)
    ticks = Ticks()
    plugin = Doors(ledger, "inside", StillClock(), ticks)
    assert plugin.admit(authorization, "192.0.2.7", cookies).granted
    end(ledger)
    ticks.now += ANSWER_SECONDS
    assert not plugin.admit(authorization, "192.0.2.7", cookies).granted


def test_two_memories_do_not_add_up() -> None:
    """The door remembers the person for three seconds, the door to images its answer for five: of that very person."""
    exam = ExamKey(institution="10002", accession="A1")
    theirs = [Belonging(institutions=("10002",), exams=(exam,), sent=(SENT,))]
    images = ImageDoors(FakeStudyDoors(**{"1.2.3": theirs}), FakeAudit(), StillClock(), "N1", Ticks())
    asked = request(IMAGES.replace("/metadata", f"/series/{SENT}/metadata"))
    shown = Person(name="k", roles=(Role.CLINICIAN,), institution="10001", disclosed=(exam,))
    assert images.passes(shown, asked)
    assert not images.passes(replace(shown, disclosed=()), asked), "in the same second"
    assert not images.passes(replace(shown, roles=()), asked)
