"""`gecit users` and `gecit tokens`: accounts with roles, tokens with what they are narrowed to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result

from gecit.core.access import Action, Role
from gecit.edges.doors import token_digest
from gecit.edges.store import SqlLedger, open_ledger

Run = Callable[..., Result]
SECRET = "correct horse battery"
TYPED = f"{SECRET}\n{SECRET}\n"


@pytest.fixture
def ledger(run: Run, data: Path) -> Iterator[SqlLedger]:
    run("institutions", "add", "910001", "--province", "Van", "--ownership", "university")
    opened = open_ledger(f"sqlite:///{data}/ledger.db")
    yield opened
    opened.close()


def test_a_user_has_roles_an_employer_and_a_number(run: Run, ledger: SqlLedger) -> None:
    given = ("--role", "radiologist", "--role", "citizen", "--institution", "910001", "--tckn", "10000000146")
    assert SECRET not in run("users", "add", "ayşe", *given, "--full-name", "Ayşe Yılmaz", stdin=TYPED).output
    found = ledger.account("ayşe")
    assert set(found.roles) == {Role.RADIOLOGIST, Role.CITIZEN}
    assert (found.institution, found.province, found.ownership) == ("910001", "Van", "university")
    shown = run("users", "list", "--json").output
    assert json.loads(shown)[0]["full name"] == "Ayşe Yılmaz"
    assert "10000000146" not in shown


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("x", "--role", "manager"), "needs an institution"),
        (("x", "--role", "manager", "--institution", "1"), "No institution is recorded"),
        (("x", "--role", "citizen", "--tckn", "10000000147"), "not valid"),
        (("a:b",), "1 to 64 characters"),
    ],
)
def test_an_account_that_cannot_be_is_not_made(run: Run, ledger: SqlLedger, args: tuple[str, ...], said: str) -> None:
    assert said in run("users", "add", *args, stdin=TYPED, code=1).output
    assert ledger.accounts() == []


def test_an_account_without_a_password_is_for_providers_and_tokens(run: Run, ledger: SqlLedger) -> None:
    run("users", "add", "a", "--role", "administrator", "--no-password")
    assert ledger.password_hash("a") is None
    assert not ledger.has_administrator()


def test_an_account_is_shut_and_opened_again(run: Run, ledger: SqlLedger) -> None:
    run("users", "add", "a", stdin=TYPED)
    run("users", "add", "b", stdin=TYPED)
    run("users", "disable", "b")
    assert ledger.account("b").disabled
    assert "last administrator" in run("users", "disable", "a", code=1).output
    run("users", "disable", "b", "--undo")
    assert not ledger.account("b").disabled
    assert "there is no account" in run("users", "disable", "c", code=1).output


def test_a_new_password_replaces_the_old_one(run: Run, ledger: SqlLedger) -> None:
    run("users", "add", "a", stdin=TYPED)
    old = ledger.password_hash("a")
    other = "another few unrelated words"
    assert other not in run("users", "password", "a", stdin=f"{other}\n{other}\n").output
    assert ledger.password_hash("a") != old
    assert "easily guessed" in run("users", "password", "a", "--password", "123456789012", code=1).output


def test_a_token_of_an_institution_is_its_programs(run: Run, ledger: SqlLedger) -> None:
    given = ("--institution", "910001", "--action", "see images", "--label", "görüntü")
    secret = run("tokens", "add", "Örnek PACS", *given).output.strip()
    kept = ledger.token(token_digest(secret))
    assert (kept.owner, kept.institution, kept.actions) == ("Örnek PACS", "910001", (Action.SEE_IMAGES,))
    assert ledger.account("Örnek PACS").roles == (Role.SERVICE,)
    shown = run("tokens", "list").output
    assert "Örnek PACS" in shown and "görüntü" in shown and "see images" in shown
    assert secret not in shown


@pytest.mark.parametrize("args", [("nobody",), ("x", "--institution", "1"), ("ayşe", "--institution", "910002")])
def test_a_token_that_could_open_nothing_is_not_made(run: Run, ledger: SqlLedger, args: tuple[str, ...]) -> None:
    run("institutions", "add", "910002")
    run("users", "add", "ayşe", "--role", "manager", "--institution", "910001", stdin=TYPED)
    run("tokens", "add", *args, code=1)
    assert ledger.tokens() == []


def test_a_token_is_revoked_by_what_the_list_calls_it(run: Run, ledger: SqlLedger) -> None:
    for name in ("one", "other"):
        run("tokens", "add", name, "--institution", "910001")
    listed = json.loads(run("tokens", "list", "--json").output)
    named = next(one["id"] for one in listed if one["owner"] == "one")
    run("tokens", "revoke", named)
    standing = [one.owner for one in ledger.tokens() if one.stands(datetime.now(UTC))]
    assert standing == ["other"]
    for wrong in ("", "0" * 12, named[:5]):
        assert "no such token" in run("tokens", "revoke", wrong, code=1).output
