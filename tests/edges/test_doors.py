import base64
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from msgspec.structs import replace

from gecit.core.access import Action, Person, Role
from gecit.core.accounts import Account, Session
from gecit.core.disclosures import Disclosed
from gecit.core.order import ExamKey
from gecit.core.share_links import visitor
from gecit.edges.credentials import VISIT, csrf_of, session_of
from gecit.edges.doors import (
    ANSWER_SECONDS,
    IDLE,
    REFUSED_SECONDS,
    USED_SECONDS,
    Admission,
    Doors,
    How,
    Why,
    token_digest,
)
from gecit.edges.passwords import LIMITS, WINDOW, PasswordCheck
from gecit.ports import Unavailable
from tests.fake_accounts import FakeAudit
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
    found.add_token(token_digest("of-the-pacs"), "ayşe", NOON, None)
    return found


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def audit() -> FakeAudit:
    return FakeAudit()


@pytest.fixture
def doors(accounts: FakeAccounts, ticks: Ticks, clock: StillClock, audit: FakeAudit) -> Doors:
    return Doors(accounts, "inside", clock, ticks, audit=audit)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_an_administrator_passes_with_turkish_letters_and_a_colon_in_the_password(doors: Doors) -> None:
    person = Person(name="ayşe", roles=(Role.ADMINISTRATOR,))
    assert doors.admit(basic("ayşe", "gül bahçesi: 1"), "192.0.2.7") == Admission(
        who="ayşe", person=person, how=How.PASSWORD
    )
    decomposed = basic("ays\u0327e", "gül bahçesi: 1")
    assert doors.admit(decomposed, "192.0.2.7").who == "ayşe", "however the keyboard wrote the name"


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
    assert doors.admit("Bearer of-the-pacs", "192.0.2.7").who == "ayşe"
    accounts.revoke_token(token_digest("of-the-pacs"), NOON)
    ticks.now = ANSWER_SECONDS - 0.1
    assert doors.admit("Bearer of-the-pacs", "192.0.2.7").granted
    ticks.now = ANSWER_SECONDS
    assert doors.admit("Bearer of-the-pacs", "192.0.2.7").why is Why.WRONG


def test_a_token_opens_until_it_expires(doors: Doors, accounts: FakeAccounts, clock: StillClock, ticks: Ticks) -> None:
    accounts.add_token(token_digest("short"), "ayşe", NOON, NOON + timedelta(hours=1))
    assert doors.admit("Bearer short", "192.0.2.7").granted
    clock.advance(3600)
    ticks.now = ANSWER_SECONDS
    assert not doors.admit("Bearer short", "192.0.2.7").granted


def test_a_token_of_an_institution_is_a_program_of_it_and_does_what_it_is_narrowed_to(
    doors: Doors, accounts: FakeAccounts
) -> None:
    accounts.add_token(
        token_digest("t"), "ayşe", NOON, None, institution="910001", actions=[Action.SEE_IMAGES, Action.SEE_AUDIT]
    )
    assert doors.admit("Bearer t", "192.0.2.7").person == Person(
        name="ayşe", roles=(Role.SERVICE,), institution="910001", only=(Action.SEE_IMAGES, Action.SEE_AUDIT)
    )


def test_a_token_falls_with_what_its_owner_may(doors: Doors, accounts: FakeAccounts, ticks: Ticks) -> None:
    manager = Account(name="m", roles=(Role.MANAGER,), institution="910001")
    accounts.save_account(manager, NOON)
    for place in ("910001", "910002"):
        accounts.add_token(token_digest(place), "m", NOON, None, institution=place)
    assert doors.admit("Bearer 910001", "192.0.2.7").granted
    assert not doors.admit("Bearer 910002", "192.0.2.7").granted
    for changed in (replace(manager, disabled=True), replace(manager, roles=(Role.CLINICIAN,))):
        ticks.now += ANSWER_SECONDS
        accounts.save_account(changed, NOON)
        assert not doors.admit("Bearer 910001", "192.0.2.7").granted


def test_the_last_use_of_a_token_is_written_down_now_and_then(
    doors: Doors, accounts: FakeAccounts, clock: StillClock, ticks: Ticks
) -> None:
    uses = []
    for second in (0.0, ANSWER_SECONDS, USED_SECONDS):
        ticks.now = second
        clock.at = NOON + timedelta(seconds=second)
        doors.admit("Bearer of-the-pacs", "192.0.2.7")
        uses.append(accounts.kept_tokens[token_digest("of-the-pacs")].last_used_at)
    assert uses == [NOON, NOON, NOON + timedelta(seconds=USED_SECONDS)]


def test_a_right_password_is_hashed_once_and_a_changed_one_shuts_within_seconds(
    doors: Doors, accounts: FakeAccounts, ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = []
    fits = PasswordCheck.fits
    monkeypatch.setattr(PasswordCheck, "fits", lambda *args: hashed.append(1) or fits(*args))
    for second in (0.0, 10.0, 60.0):
        ticks.now = second
        assert doors.admit(basic("ayşe", "gül bahçesi: 1"), "192.0.2.7").granted
    assert len(hashed) == 1
    accounts.passwords["ayşe"] = CHEAP.hash("new")
    ticks.now = 60.0 + ANSWER_SECONDS
    assert not doors.admit(basic("ayşe", "gül bahçesi: 1"), "192.0.2.7").granted


def test_whoever_is_disabled_is_out_within_seconds(doors: Doors, accounts: FakeAccounts, ticks: Ticks) -> None:
    assert doors.admit(basic("ayşe", "gül bahçesi: 1"), "192.0.2.7").granted
    accounts.save_account(replace(accounts.kept["ayşe"], disabled=True), NOON)
    ticks.now = ANSWER_SECONDS
    assert doors.admit(basic("ayşe", "gül bahçesi: 1"), "192.0.2.7").why is Why.WRONG


def test_an_account_is_shut_to_guessing_at_every_door_of_the_ledger(
    accounts: FakeAccounts, clock: StillClock, ticks: Ticks
) -> None:
    """Two processes are doors; the second one knows what was guessed at the first."""
    plugin, web = (Doors(accounts, "inside", clock, ticks) for _ in range(2))
    for number in range(LIMITS["account"]):
        door = plugin if number % 2 else web
        assert door.admit(basic("ayşe", f"guess {number}"), "198.51.100.1").why is Why.WRONG
    for door in (plugin, web):
        assert door.admit(basic("ayşe", "gül bahçesi: 1"), "198.51.100.1").why is Why.TOO_MANY
        assert door.admit(basic("bora", "x"), "198.51.100.1").why is Why.WRONG
    clock.advance(WINDOW.total_seconds() + 1)
    ticks.now += ANSWER_SECONDS
    assert web.admit(basic("ayşe", "gül bahçesi: 1"), "198.51.100.1").granted


def test_whoever_signed_in_before_is_not_locked_out_by_somebody_who_guesses(doors: Doors, ticks: Ticks) -> None:
    assert doors.admit(basic("ayşe", "gül bahçesi: 1"), "192.0.2.7").granted
    for number in range(LIMITS["account"]):
        doors.admit(basic("ayşe", f"guess {number}"), "198.51.100.1")
    ticks.now = ANSWER_SECONDS
    assert doors.admit(basic("ayşe", "gül bahçesi: 1"), "192.0.2.7").granted


def test_a_password_that_is_remembered_answers_no_guess_from_elsewhere(doors: Doors) -> None:
    right = basic("ayşe", "gül bahçesi: 1")
    assert doors.admit(right, "192.0.2.7").granted
    for number in range(LIMITS["account"]):
        doors.admit(basic("ayşe", f"guess {number}"), "198.51.100.1")
    assert doors.admit(right, "198.51.100.1").why is Why.TOO_MANY, "else the guesser would learn it"
    assert doors.sign_in("ayşe", "gül bahçesi: 1", "198.51.100.1").why is Why.TOO_MANY
    assert doors.admit(right, "192.0.2.7").granted


def test_nor_one_from_an_address_that_guessed_too_often(doors: Doors, ticks: Ticks) -> None:
    right = basic("ayşe", "gül bahçesi: 1")
    assert doors.admit(right, "192.0.2.7").granted
    for number in range(LIMITS["address"]):
        doors.admit(basic(f"name {number // 8}", f"guess {number}"), "192.0.2.7")
    ticks.now = ANSWER_SECONDS
    assert doors.admit(right, "192.0.2.7").why is Why.TOO_MANY


def test_all_addresses_of_an_ipv6_network_count_as_one(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gecit.edges.doors.PasswordCheck.fits", lambda *_: False)
    for number in range(LIMITS["address"]):
        assert doors.admit(basic(f"name {number}", "x"), f"2001:db8:1:2::{number:x}").why is Why.WRONG
    assert doors.admit(basic("ayşe", "x"), "2001:db8:1:2:ffff::1").why is Why.TOO_MANY
    assert doors.admit(basic("ayşe", "x"), "2001:db8:1:3::1").why is Why.WRONG


def test_refusals_that_anybody_can_repeat_do_not_fill_the_audit(
    doors: Doors, audit: FakeAudit, ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        doors.admit(f"Bearer random {number}", "192.0.2.7")
    assert len(audit.entries) == 1
    monkeypatch.setattr("gecit.edges.doors.PasswordCheck.fits", lambda *_: False)
    for number in range(LIMITS["account"] + 20):
        doors.admit(basic("ayşe", f"guess {number}"), "192.0.2.8")
    assert len(audit.entries) == 1 + LIMITS["account"] + 1
    ticks.now += REFUSED_SECONDS
    doors.admit("Bearer another", "192.0.2.7")
    assert [one.why for one in audit.entries][-1] == "unknown token"


def test_an_address_is_shut_whichever_names_it_tries(
    doors: Doors, monkeypatch: pytest.MonkeyPatch, accounts: FakeAccounts
) -> None:
    monkeypatch.setattr("gecit.edges.doors.PasswordCheck.fits", lambda *_: False)
    for number in range(LIMITS["address"]):
        assert doors.admit(basic(f"name {number}", "x"), "198.51.100.1").why is Why.WRONG
    assert doors.admit(basic("ayşe", "gül bahçesi: 1"), "198.51.100.1").why is Why.TOO_MANY
    assert not any("name" in key for key in accounts.counted), "a name may be a password that slipped a field"


# Sessions


@pytest.fixture
def cookie(accounts: FakeAccounts) -> str:
    begun = Session(
        digest=token_digest("v"), account="ayşe", created_at=NOON, seen_at=NOON, expires_at=NOON + timedelta(hours=12)
    )
    accounts.add_session(begun)
    return "lang=en; gecit=v"


def test_a_session_opens_with_its_rights_and_its_token_for_forms(doors: Doors, cookie: str) -> None:
    found = doors.admit("", "192.0.2.7", cookie)
    assert (found.who, found.how, found.session) == ("ayşe", How.SESSION, token_digest("v"))
    assert found.csrf == csrf_of("v")
    assert found.person.roles == (Role.ADMINISTRATOR,)


@pytest.mark.parametrize("cookies", ["", "gecit=", "gecit=other", "other=v", "gecit"])
def test_without_a_session_nothing_opens(doors: Doors, cookie: str, cookies: str) -> None:
    assert doors.admit("", "192.0.2.7", cookies) == Admission(why=Why.MISSING)


def test_an_ended_session_is_shut_within_seconds(
    doors: Doors, accounts: FakeAccounts, cookie: str, ticks: Ticks
) -> None:
    assert doors.admit("", "192.0.2.7", cookie).granted
    accounts.end_sessions("ayşe")
    ticks.now = ANSWER_SECONDS
    assert not doors.admit("", "192.0.2.7", cookie).granted


def test_the_process_that_ended_it_need_not_wait(doors: Doors, accounts: FakeAccounts, cookie: str) -> None:
    assert doors.admit("", "192.0.2.7", cookie).granted
    accounts.end_sessions("ayşe")
    doors.forget(cookie)
    assert not doors.admit("", "192.0.2.7", cookie).granted


def test_a_session_ends_unused_and_lives_on_used_until_its_last_hour(
    doors: Doors, cookie: str, clock: StillClock, ticks: Ticks
) -> None:
    step = IDLE - timedelta(minutes=1)
    for _ in range(int(timedelta(hours=12) / step)):
        clock.advance(step.total_seconds())
        ticks.now += step.total_seconds()
        assert doors.admit("", "192.0.2.7", cookie).granted
    clock.advance(step.total_seconds())
    ticks.now += step.total_seconds()
    assert not doors.admit("", "192.0.2.7", cookie).granted


def test_an_unused_session_is_shut(doors: Doors, cookie: str, clock: StillClock) -> None:
    clock.advance(IDLE.total_seconds())
    assert not doors.admit("", "192.0.2.7", cookie).granted


def test_a_ledger_that_can_be_read_and_not_written_keeps_nobody_out(
    doors: Doors, accounts: FakeAccounts, cookie: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise Unavailable("ledger")

    monkeypatch.setattr(accounts, "see_session", busy)
    monkeypatch.setattr(accounts, "use_token", busy)
    assert doors.admit("", "192.0.2.7", cookie).granted
    assert doors.admit("Bearer of-the-pacs", "192.0.2.7").granted


def test_where_only_tls_is_served_the_cookie_that_anybody_can_set_counts_for_nothing() -> None:
    assert session_of("gecit=a; __Host-gecit=b") == "b"
    assert session_of("gecit=a", secure_only=True) == ""
    assert session_of("__Host-gecit=b", secure_only=True) == "b"


# What is written down


def test_sign_ins_and_refusals_are_audited_without_what_was_typed(doors: Doors, audit: FakeAudit) -> None:
    doors.admit(basic("ayşe", "gül bahçesi: 1"), "192.0.2.7")
    doors.admit(basic("ayşe", "wrong-secret"), "192.0.2.7")
    doors.admit(basic("a-secret-as-name", "x"), "192.0.2.7")
    doors.admit("Bearer wrong-secret", "192.0.2.7")
    assert audit.said() == [
        ("ayşe", "sign in", "done"),
        ("ayşe", "sign in", "refused"),
        ("", "sign in", "refused"),
        ("", "show a token", "refused"),
    ]
    assert "secret" not in repr(audit.entries)


def test_each_sign_in_on_the_page_is_audited_and_of_a_program_the_first_one(
    doors: Doors, audit: FakeAudit, ticks: Ticks
) -> None:
    assert doors.knows_password("ayşe", "gül bahçesi: 1", "192.0.2.7").granted
    assert audit.said() == []
    for second in (0.0, ANSWER_SECONDS):
        ticks.now = second
        assert doors.admit(basic("ayşe", "gül bahçesi: 1"), "192.0.2.7").granted
    assert audit.said() == [("ayşe", "sign in", "done")]
    for number in (2, 3):
        assert doors.sign_in("ayşe", "gül bahçesi: 1", "192.0.2.7").granted
        assert len(audit.entries) == number


def test_after_an_audit_that_failed_the_next_try_is_audited(doors: Doors, audit: FakeAudit) -> None:
    audit.broken = True
    assert not doors.admit(basic("ayşe", "gül bahçesi: 1"), "192.0.2.7").granted
    audit.broken = False
    assert doors.admit(basic("ayşe", "gül bahçesi: 1"), "192.0.2.7").granted
    assert audit.said() == [("ayşe", "sign in", "done")]


def test_whoever_cannot_be_audited_does_not_come_in(doors: Doors, audit: FakeAudit) -> None:
    audit.broken = True
    assert doors.admit(basic("ayşe", "gül bahçesi: 1"), "192.0.2.7").why is Why.UNAVAILABLE
    assert doors.admit(basic("ayşe", "wrong"), "192.0.2.7").why is Why.UNAVAILABLE


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


# Visits by a link


def test_a_visit_opens_what_is_disclosed_to_it_and_nothing_without(accounts: FakeAccounts) -> None:
    key = ExamKey(institution="910001", accession="A1")
    opened = [Disclosed(exams=(key,))]
    doors = Doors(
        accounts,
        "inside",
        StillClock(),
        lambda: 0.0 if opened else 9.0,
        disclosed=lambda account, now: opened[0] if opened else Disclosed(),
        visitor=lambda digest, now: visitor("l1") if digest == token_digest("value") else None,
    )
    found = doors.admit("", "192.0.2.7", f"{VISIT}=value")
    assert (found.who, found.how, found.person.roles) == ("link:l1", How.VISIT, (Role.VISITOR,))
    assert found.person.disclosed == (key,) and found.csrf == csrf_of("value")
    for cookies in (f"{VISIT}=other", f"{VISIT}=", f"{VISIT}=value; gecit=another"):
        assert not doors.admit("", "192.0.2.7", cookies).granted
    for header in ("visit value", "visit cookie value", "cookie value", "session cookie value"):
        assert not doors.admit(header, "192.0.2.7", "").granted, "no header shows a cookie"
    opened.clear()
    assert doors.admit("", "192.0.2.7", f"{VISIT}=value") == Admission(why=Why.MISSING)
