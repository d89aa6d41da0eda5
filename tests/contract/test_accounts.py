"""What the ledger promises of accounts, sessions, tokens and attempts; the fake keeps the same promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from msgspec.structs import replace

from gecit.core.access import Action, Role
from gecit.core.accounts import (
    FAMILIAR_FOR,
    Account,
    Login,
    Session,
    Token,
    attempt_from,
    attempt_key,
    familiar_key,
)
from gecit.ports import Accounts, Institution, NoAccountError, NoAudit, TcknTakenError
from gecit.steps.identify import Identity, identify
from tests.fakes import FakeAccounts, StillClock

from .test_ledger import NOW

AYSE = Account(
    name="ayşe", full_name="Ayşe Yılmaz", roles=(Role.CLINICIAN, Role.CITIZEN), institution="910001", tckn="10000000146"
)
SESSION = Session(
    digest="a1" * 32,
    account="ayşe",
    created_at=NOW,
    seen_at=NOW,
    expires_at=NOW + timedelta(hours=12),
    address="192.0.2.7",
)


@pytest.fixture(params=["fake", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ledger_url(request: pytest.FixtureRequest, tmp_path) -> str:
    if request.param == "postgres":
        return request.getfixturevalue("postgres").new_database()
    return "" if request.param == "fake" else f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def kept(request: pytest.FixtureRequest, ledger_url: str) -> Accounts:
    return request.getfixturevalue("ledger") if ledger_url else FakeAccounts()


@pytest.fixture
def with_ayse(kept: Accounts) -> Accounts:
    kept.save_account(AYSE, NOW)
    return kept


def test_an_account_is_found_by_name_and_by_number(with_ayse: Accounts) -> None:
    found = with_ayse.account("ayşe")
    assert found == replace(AYSE, roles=tuple(sorted(AYSE.roles)), created_at=NOW)
    assert with_ayse.account_of_tckn("10000000146") == found
    assert with_ayse.account("Ayşe") is None
    assert with_ayse.account_of_tckn("") is None


def test_a_change_keeps_the_password_and_the_day_it_was_made(with_ayse: Accounts) -> None:
    with_ayse.set_password("ayşe", "$argon2id$1", NOW)
    with_ayse.save_account(replace(AYSE, email="a@hastane.example", roles=()), NOW + timedelta(days=1))
    found = with_ayse.account("ayşe")
    assert found is not None
    assert (found.email, found.roles, found.created_at) == ("a@hastane.example", (), NOW)
    assert with_ayse.password_hash("ayşe") == "$argon2id$1"


def test_two_accounts_never_share_a_number_but_many_have_none(with_ayse: Accounts) -> None:
    with pytest.raises(TcknTakenError):
        with_ayse.save_account(replace(AYSE, name="other"), NOW)
    for name in ("b", "c"):
        with_ayse.save_account(Account(name=name), NOW)
    assert [one.name for one in with_ayse.accounts()] == ["ayşe", "b", "c"]


def test_an_account_without_a_password_has_no_hash(with_ayse: Accounts) -> None:
    assert with_ayse.password_hash("ayşe") is None
    assert with_ayse.password_hash("nobody") is None
    with pytest.raises(NoAccountError):
        with_ayse.set_password("nobody", "$argon2id$", NOW)


def test_only_an_administrator_who_can_sign_in_counts(with_ayse: Accounts) -> None:
    with_ayse.set_password("ayşe", "$argon2id$1", NOW)
    with_ayse.save_account(Account(name="admin", roles=(Role.ADMINISTRATOR,)), NOW)
    assert not with_ayse.has_administrator()
    with_ayse.add_administrator("admin", "$argon2id$2", NOW)
    assert with_ayse.has_administrator()
    with_ayse.save_account(Account(name="admin", roles=(Role.ADMINISTRATOR,), disabled=True), NOW)
    assert not with_ayse.has_administrator()


def test_a_new_password_and_disabling_end_all_sessions(with_ayse: Accounts) -> None:
    with_ayse.add_session(SESSION)
    with_ayse.set_password("ayşe", "$argon2id$1", NOW)
    assert with_ayse.session(SESSION.digest) is None
    with_ayse.add_session(SESSION)
    with_ayse.save_account(replace(AYSE, disabled=True), NOW)
    assert with_ayse.session(SESSION.digest) is None


def test_sessions_are_kept_seen_and_ended(with_ayse: Accounts) -> None:
    with_ayse.add_session(SESSION)
    later = replace(SESSION, digest="b2" * 32, created_at=NOW + timedelta(minutes=1), how="e-Devlet")
    with_ayse.add_session(later)
    assert with_ayse.sessions("ayşe") == [later, SESSION]
    with_ayse.see_session(SESSION.digest, NOW + timedelta(minutes=2))
    assert with_ayse.session(SESSION.digest) == replace(SESSION, seen_at=NOW + timedelta(minutes=2))
    assert not with_ayse.end_session("other", SESSION.digest)
    assert not with_ayse.end_session("ayşe", "a1")
    assert with_ayse.end_session("ayşe", SESSION.id)
    assert with_ayse.sessions("ayşe") == [later]
    assert with_ayse.end_sessions("ayşe") == 1
    assert with_ayse.sessions("ayşe") == []


def test_expired_sessions_are_forgotten_when_another_begins(with_ayse: Accounts) -> None:
    with_ayse.add_session(SESSION)
    with_ayse.add_session(replace(SESSION, digest="b2" * 32, created_at=SESSION.expires_at))
    assert with_ayse.session(SESSION.digest) is None


def test_a_token_carries_what_it_is_narrowed_to(with_ayse: Accounts) -> None:
    until = NOW + timedelta(days=1)
    with_ayse.add_token("d1", "ayşe", NOW, until, label="PACS", institution="910001", actions=[Action.SEE_IMAGES])
    with_ayse.add_token("d2", "ayşe", NOW + timedelta(seconds=1), None)
    made = Token(digest="d1", owner="ayşe", created_at=NOW, expires_at=until, label="PACS", institution="910001")
    assert with_ayse.token("d1") == replace(made, actions=(Action.SEE_IMAGES,))
    assert [one.digest for one in with_ayse.tokens()] == ["d2", "d1"]
    assert with_ayse.token("d3") is None
    with pytest.raises(NoAccountError):
        with_ayse.add_token("d3", "nobody", NOW, None)


def test_a_token_is_used_and_revoked_once(with_ayse: Accounts) -> None:
    with_ayse.add_token("d1", "ayşe", NOW, None)
    with_ayse.use_token("d1", NOW + timedelta(minutes=1))
    assert with_ayse.revoke_token("d1", NOW + timedelta(minutes=2))
    assert not with_ayse.revoke_token("d1", NOW + timedelta(minutes=3))
    found = with_ayse.token("d1")
    assert found is not None
    assert (found.last_used_at, found.revoked_at) == (NOW + timedelta(minutes=1), NOW + timedelta(minutes=2))


def test_an_identity_of_a_provider_is_tied_to_one_account(with_ayse: Accounts) -> None:
    made = Login(issuer="https://idp.example", subject="42", account="ayşe", linked_at=NOW)
    with_ayse.link(made)
    assert with_ayse.login("https://idp.example", "42") == made
    assert with_ayse.login("https://other.example", "42") is None
    with pytest.raises(NoAccountError):
        with_ayse.link(replace(made, account="nobody"))


def test_attempts_are_counted_in_a_window(kept: Accounts) -> None:
    since = NOW - timedelta(minutes=15)
    assert kept.attempts("k", since) == 0
    assert [kept.count_attempt("k", NOW, since) for _ in range(3)] == [1, 2, 3]
    assert kept.attempts("k", since) == 3
    later = NOW + timedelta(minutes=1)
    assert kept.attempts("k", later) == 0
    assert kept.count_attempt("k", later, later) == 1
    kept.forget_attempts("k")
    assert kept.attempts("k", since) == 0


def test_a_window_is_the_keys_own_whatever_else_is_counted_meanwhile(kept: Accounts) -> None:
    """What is counted in a day must not begin anew because somebody mistyped a password."""
    day, quarter = timedelta(days=1), timedelta(minutes=15)
    assert kept.count_attempt("of a day", NOW, NOW - day) == 1
    later = NOW + timedelta(hours=1)
    assert kept.count_attempt("of a quarter", later, later - quarter) == 1
    assert kept.count_attempt("of a day", later, later - day) == 2
    much_later = NOW + timedelta(hours=25)
    assert kept.count_attempt("of a day", much_later, much_later - day) == 1


def test_what_is_forgotten_is_forgotten_for_every_network(kept: Accounts) -> None:
    since = NOW - timedelta(minutes=15)
    whole, other = attempt_key("account", "ayşe"), attempt_key("account", "bora")
    for key in (whole, attempt_from(whole, "192.0.2.1"), attempt_from(other, "192.0.2.1")):
        kept.count_attempt(key, NOW, since)
    kept.forget_attempts(whole)
    counted = [kept.attempts(one, since) for one in (whole, attempt_from(whole, "192.0.2.1"))]
    assert counted == [0, 0]
    assert kept.attempts(attempt_from(other, "192.0.2.1"), since) == 1


def test_where_a_password_was_right_is_known_for_longer_than_any_window(kept: Accounts) -> None:
    kept.count_attempt(familiar_key("ayşe", "192.0.2.1"), NOW, NOW - FAMILIAR_FOR)
    later = NOW + timedelta(days=20)
    kept.count_attempt("another", later, later - timedelta(minutes=15))
    assert kept.attempts(familiar_key("ayşe", "192.0.2.1"), later - FAMILIAR_FOR) == 1
    assert kept.attempts(familiar_key("ayşe", "192.0.2.2"), later - FAMILIAR_FOR) == 0


def test_ownership_and_province_are_those_of_the_institution(request: pytest.FixtureRequest, ledger_url: str) -> None:
    if not ledger_url:
        pytest.skip("the fake has no institutions")
    ledger = request.getfixturevalue("ledger")
    place = Institution(skrs="910001", ownership="private", province="Ankara")
    ledger.write(lambda tx: tx.record_institution(place, NOW))
    ledger.save_account(AYSE, NOW)
    found = ledger.account("ayşe")
    assert (found.ownership, found.province) == ("private", "Ankara")


def test_somebody_who_comes_in_by_two_providers_at_once_becomes_one_citizen(kept: Accounts) -> None:
    if isinstance(kept, FakeAccounts):
        pytest.skip("a race of real databases")
    at_once = Barrier(6)

    def sign_in(number: int) -> str:
        identity = Identity(issuer=f"https://{number % 3}.example", subject="s", tckn="10000000146")
        at_once.wait()
        return identify(kept, NoAudit(), StillClock(), identity, label="x", citizens=True, address="").name

    with ThreadPoolExecutor(6) as pool:
        names = set(pool.map(sign_in, range(6)))
    assert len(names) == len(kept.accounts()) == 1


def test_guesses_that_come_at_once_are_all_counted(kept: Accounts) -> None:
    if isinstance(kept, FakeAccounts):
        pytest.skip("a race of real databases")
    kept.count_attempt("old", NOW - timedelta(hours=1), NOW - timedelta(hours=2))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: kept.count_attempt("k", NOW, NOW - timedelta(minutes=15)), range(40)))
    assert kept.attempts("k", NOW - timedelta(minutes=15)) == 40
