"""Whoever guesses passwords, and whoever guesses only to shut somebody else out."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from gecit.core.access import Role
from gecit.core.accounts import FAMILIAR_FOR, Account
from gecit.edges.doors import Doors, Why
from gecit.edges.passwords import LIMITS, WINDOW, PasswordCheck
from gecit.edges.store import SqlLedger
from tests.fakes import StillClock

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
RIGHT = "gül bahçesi: 1"
HOME, ATTACKER = "192.0.2.7", "198.51.100.1"


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def doors(sqlite_ledger: SqlLedger, clock: StillClock, monkeypatch: pytest.MonkeyPatch) -> Doors:
    """The doors of a real ledger; hashing is cheap, and each answer is asked for anew."""
    sqlite_ledger.save_account(Account(name="ayşe", roles=(Role.MANAGER,), institution="910001"), clock.now())
    sqlite_ledger.set_password("ayşe", CHEAP.hash(RIGHT), clock.now())
    monkeypatch.setattr(PasswordCheck, "_nobody", CHEAP.hash("nobody's"))
    return Doors(sqlite_ledger, "inside", clock, lambda: clock.now().timestamp() * 1e6)


def shown(password: str, name: str = "ayşe") -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def guess(doors: Doors, times: int, address: str = ATTACKER) -> None:
    for number in range(times):
        doors.admit(shown(f"guess {number} from {address}"), address)


def test_who_guesses_a_name_shuts_it_to_his_own_network_alone(doors: Doors) -> None:
    """Its owner, who never came before, signs in meanwhile."""
    guess(doors, LIMITS["account"] + 5)
    assert doors.sign_in("ayşe", RIGHT, ATTACKER).why is Why.TOO_MANY
    assert doors.sign_in("ayşe", RIGHT, HOME).granted


def guess_from_everywhere(doors: Doors) -> None:
    for number in range(LIMITS["everywhere"] // LIMITS["account"]):
        guess(doors, LIMITS["account"], f"203.0.113.{number}")


def test_guesses_from_many_networks_are_counted_together(doors: Doors) -> None:
    guess_from_everywhere(doors)
    assert doors.admit(shown("one more"), "198.51.100.99").why is Why.TOO_MANY
    assert doors.admit(shown(RIGHT), "198.51.100.99").why is Why.TOO_MANY, "else the guesser would learn it"


def test_a_guesser_with_many_networks_locks_nobody_out_of_where_he_came_from_before(
    doors: Doors, clock: StillClock
) -> None:
    assert doors.sign_in("ayşe", RIGHT, HOME).granted
    clock.advance(timedelta(days=29).total_seconds())
    guess_from_everywhere(doors)
    assert doors.sign_in("ayşe", RIGHT, HOME).granted
    guess_from_everywhere(doors)
    assert doors.admit(shown(RIGHT), "198.51.100.99").why is Why.TOO_MANY, "a right password elsewhere frees no guesser"
    clock.advance(FAMILIAR_FOR.total_seconds() + 1)
    guess_from_everywhere(doors)
    assert doors.sign_in("ayşe", RIGHT, HOME).why is Why.TOO_MANY, "a place is known for a month"


def test_it_is_over_after_its_window(doors: Doors, clock: StillClock) -> None:
    guess_from_everywhere(doors)
    guess(doors, LIMITS["account"], HOME)
    clock.advance(WINDOW.total_seconds() + 1)
    assert doors.sign_in("ayşe", RIGHT, HOME).granted


def test_a_lock_out_tells_nobody_whether_a_name_has_an_account(doors: Doors) -> None:
    def said(name: str) -> list[Why | None]:
        times = range(LIMITS["account"] + 2)
        return [doors.admit(shown(f"guess {number}", name), f"198.51.100.{len(name)}").why for number in times]

    assert said("ayşe") == said("nobody")
