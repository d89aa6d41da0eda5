"""One person of each role, with a password of its own, printed once."""

from datetime import timedelta

from gecit.core.access import GIVEN, Role
from gecit.edges.doors import token_digest
from gecit.edges.passwords import PasswordCheck
from gecit.sandbox.people import BEGINS, PEOPLE, PROGRAM, become_patient, give_token, settle, shown
from tests.fakes import NOON, FakeAccounts


def test_each_role_but_programs_has_somebody_with_a_password_of_the_own() -> None:
    accounts = FakeAccounts()
    passwords = settle(accounts, NOON)
    assert {role for one in PEOPLE for role in one.roles} == set(GIVEN) - {Role.SERVICE}
    assert len(set(passwords.values())) == len(PEOPLE) == len(passwords)
    assert PasswordCheck().fits(accounts.passwords["mudur"], passwords["mudur"])
    assert all(secret in shown(passwords, "gecit users password") for secret in passwords.values())


def test_those_who_are_there_keep_their_passwords() -> None:
    accounts = FakeAccounts()
    settle(accounts, NOON)
    assert settle(accounts, NOON) == {}
    assert "gecit users password" in shown({}, "gecit users password")


def test_each_is_told_where_to_begin_and_what_to_try_first() -> None:
    lines = shown({one.name: "x" for one in PEOPLE}, "gecit users password").splitlines()
    assert len(lines) == 2 * len(PEOPLE) and set(BEGINS) == {one.name for one in PEOPLE}
    begun = {line.split()[0]: line.split()[3] for line in lines[::2]}
    assert begun["radyolog"] == begun["komsu-radyolog"] == "/gecit/reading"
    assert all(address.startswith("/gecit/") for address in begun.values())
    assert all(line.startswith(" " * 17) and " / " in line for line in lines[1::2]), "in both languages"


def test_the_citizen_becomes_a_patient_of_the_day() -> None:
    accounts = FakeAccounts()
    settle(accounts, NOON)
    become_patient(accounts, "10000000146", NOON)
    assert accounts.kept["vatandas"].tckn == "10000000146"
    assert accounts.kept["vatandas"].roles == (Role.CITIZEN,)


def test_a_new_token_of_the_program_ends_in_thirty_days_and_the_older_ones_now() -> None:
    accounts = FakeAccounts()
    settle(accounts, NOON)
    accounts.add_token(token_digest("endless"), PROGRAM.name, NOON - timedelta(days=1), None)
    accounts.add_token(token_digest("another"), "mudur", NOON, None)
    give_token(accounts, NOON)
    last = give_token(accounts, NOON + timedelta(minutes=1))
    standing = {one.digest: one.expires_at for one in accounts.tokens() if one.revoked_at is None}
    assert standing == {
        token_digest(last): NOON + timedelta(days=30, minutes=1),
        token_digest("another"): None,
    }
