import base64

import pytest
from argon2 import PasswordHasher

from gecit.edges.doors import FAILURES, PASSWORD_SECONDS, TOKEN_SECONDS, Admission, Doors, Why, token_digest
from tests.fakes import NOON, FakeAccounts, StillClock

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Ticks:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def accounts() -> FakeAccounts:
    found = FakeAccounts()
    found.add_administrator("ayşe", CHEAP.hash("gül bahçesi: 1"), NOON)
    found.add_token(token_digest("of-the-pacs"), "pacs", NOON, None)
    return found


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def doors(accounts: FakeAccounts, ticks: Ticks) -> Doors:
    return Doors(accounts, "inside", StillClock(), ticks)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_an_administrator_passes_with_turkish_letters_and_a_colon_in_the_password(doors: Doors) -> None:
    assert doors.admit(basic("ayşe", "gül bahçesi: 1"), "192.0.2.7") == Admission(who="ayşe")


@pytest.mark.parametrize(
    ("authorization", "why"),
    [
        ("", Why.MISSING),
        ("Basic", Why.MISSING),
        ("Basic ???", Why.MISSING),
        ("Basic " + base64.b64encode(b"no colon").decode(), Why.MISSING),
        ("Basic " + base64.b64encode(b":empty user").decode(), Why.MISSING),
        ("Basic " + base64.b64encode(b"\xff\xfe:x").decode(), Why.MISSING),
        ("Digest x", Why.MISSING),
        ("Bearer ", Why.MISSING),
        ("Bearer nobody's", Why.WRONG),
        (basic("ayşe", "wrong"), Why.WRONG),
        (basic("nobody", "gül bahçesi: 1"), Why.WRONG),
    ],
)
def test_whoever_is_not_known_stays_outside(doors: Doors, authorization: str, why: Why) -> None:
    assert doors.admit(authorization, "127.0.0.1") == Admission(why=why)


def test_the_internal_token_opens_from_this_machine_only(doors: Doors) -> None:
    assert doors.admit("Bearer inside", "127.0.0.1").granted
    assert doors.admit("bearer inside", "::1").granted
    assert not doors.admit("Bearer inside", "192.0.2.7").granted
    assert not doors.admit("Bearer inside", "").granted


def test_a_token_that_is_revoked_closes_within_its_seconds(doors: Doors, accounts: FakeAccounts, ticks: Ticks) -> None:
    assert doors.admit("Bearer of-the-pacs", "192.0.2.7").who == "pacs"
    accounts.tokens.clear()
    ticks.now = TOKEN_SECONDS - 0.1
    assert doors.admit("Bearer of-the-pacs", "192.0.2.7").granted
    ticks.now = TOKEN_SECONDS
    assert doors.admit("Bearer of-the-pacs", "192.0.2.7").why is Why.WRONG


def test_a_right_password_is_verified_once_in_its_seconds(doors: Doors, accounts: FakeAccounts, ticks: Ticks) -> None:
    for second in (0.0, 10.0, PASSWORD_SECONDS - 0.1):
        ticks.now = second
        assert doors.admit(basic("ayşe", "gül bahçesi: 1"), "192.0.2.7").granted
    assert accounts.asked == 1
    accounts.passwords["ayşe"] = CHEAP.hash("new")
    ticks.now = PASSWORD_SECONDS
    assert not doors.admit(basic("ayşe", "gül bahçesi: 1"), "192.0.2.7").granted


def test_too_many_wrong_passwords_stop_the_guessing_of_one_address_only(doors: Doors, ticks: Ticks) -> None:
    for number in range(FAILURES):
        assert doors.admit(basic("ayşe", f"guess {number}"), "192.0.2.7").why is Why.WRONG
    assert doors.admit(basic("ayşe", "gül bahçesi: 1"), "192.0.2.7").why is Why.TOO_MANY
    assert doors.admit(basic("ayşe", "gül bahçesi: 1"), "192.0.2.8").granted
    ticks.now = 61.0
    assert doors.admit(basic("ayşe", "gül bahçesi: 1"), "192.0.2.7").granted


def test_a_ledger_that_fails_keeps_the_door_shut(
    doors: Doors, accounts: FakeAccounts, caplog: pytest.LogCaptureFixture
) -> None:
    accounts.broken = True
    assert doors.admit("Bearer of-the-pacs", "127.0.0.1") == Admission(why=Why.UNAVAILABLE)
    accounts.broken = False
    assert doors.admit("Bearer of-the-pacs", "127.0.0.1").granted, "and the failure is not remembered"
    assert "10000000146" not in caplog.text


def test_no_secret_is_logged(doors: Doors, caplog: pytest.LogCaptureFixture) -> None:
    doors.admit(basic("ayşe", "wrong-secret"), "192.0.2.7")
    doors.admit("Bearer wrong-secret", "192.0.2.7")
    assert "192.0.2.7" in caplog.text
    assert "wrong-secret" not in caplog.text


def test_a_damaged_hash_refuses(doors: Doors, accounts: FakeAccounts) -> None:
    accounts.passwords["ayşe"] = "not a hash"
    assert doors.admit(basic("ayşe", "not a hash"), "127.0.0.1").why is Why.WRONG
