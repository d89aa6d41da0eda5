"""Signing in and out, the own account, users, tokens, institutions: through the application, with real forms."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gecit.core.access import Action, Role
from gecit.core.accounts import Account
from gecit.edges.credentials import COOKIE, SECURE_COOKIE, csrf_of, token_digest
from gecit.edges.front_files import read_front
from gecit.edges.same_origin import SAFE
from gecit.ports import Institution
from gecit.web.access import NEEDS
from gecit.web.front import FrontData, front
from tests.fake_accounts import FakeAudit
from tests.fakes import NOON, FakeAccounts, StillClock
from tests.web.conftest import BASIC, CHEAP, FakeInstitutions

HTML = {"Accept": "text/html,application/xhtml+xml"}
ORIGIN = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
GOOD = "mavi trompet 7 kayısı"


@pytest.fixture
def browser(client: FlaskClient, accounts: FakeAccounts) -> FlaskClient:
    """A browser in which the administrator has signed in."""
    answer = client.post("/gecit/sign-in", data={"name": "admin", "password": "gizli"}, headers=ORIGIN)
    assert answer.status_code == 303
    return client


def csrf(client: FlaskClient) -> str:
    kept = client.get_cookie(COOKIE)
    assert kept is not None
    return csrf_of(kept.value)


def post(client: FlaskClient, path: str, **form: object) -> TestResponse:
    return client.post(path, data={"csrf": csrf(client), **form}, headers=ORIGIN)


def as_role(client: FlaskClient, accounts: FakeAccounts, *roles: Role, institution: str = "910001") -> None:
    accounts.save_account(Account(name="other", roles=roles, institution=institution), NOON)
    accounts.set_password("other", CHEAP.hash("gizli"), NOON)
    client.post("/gecit/sign-in", data={"name": "other", "password": "gizli"}, headers=ORIGIN)


# Signing in


def test_a_browser_without_a_session_is_sent_to_sign_in_and_back(client: FlaskClient) -> None:
    answer = client.get("/gecit/users?x=1", headers=HTML)
    assert (answer.status_code, answer.location) == (303, "/gecit/sign-in?next=/gecit/users?x%3D1")
    page = client.get(answer.location, headers=HTML).text
    assert 'name="next" value="/gecit/users?x=1"' in page
    form = {"name": "admin", "password": "gizli", "next": "/gecit/users?x=1"}
    answer = client.post("/gecit/sign-in", data=form, headers=ORIGIN)
    assert (answer.status_code, answer.location) == (303, "/gecit/users?x=1")
    assert client.get(answer.location, headers=HTML).status_code == 200


@pytest.mark.parametrize("path", ["/gecit/users", "/gecit/api/exams", "/gecit/nothing"])
def test_a_program_without_credentials_gets_401(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 401
    assert client.get(path, headers={**HTML, "Authorization": "Bearer wrong"}).status_code == 401


def test_a_part_of_a_page_that_is_loaded_anew_sends_the_whole_page_to_sign_in(client: FlaskClient) -> None:
    answer = client.get("/gecit/users", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/gecit/sign-in")


@pytest.mark.parametrize(
    "aim",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/gecit/",
        "/\\elsewhere.example",
        "javascript:alert(1)",
        "/gecit/../app/explorer.html",
        "/gecit//elsewhere.example",
        "/gecit/sign-out",
        "/app/explorer.html",
        "/gecit/x\r\nSet-Cookie: a=b",
        "",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(client: FlaskClient, aim: str) -> None:
    answer = client.post("/gecit/sign-in", data={"name": "admin", "password": "gizli", "next": aim}, headers=ORIGIN)
    assert (answer.status_code, answer.location) == (303, "/gecit/")


def test_the_cookie_is_for_us_alone_and_over_tls_under_a_name_nobody_else_can_set(client: FlaskClient) -> None:
    form = {"name": "admin", "password": "gizli"}
    plain = client.post("/gecit/sign-in", data=form, headers=ORIGIN).headers["Set-Cookie"]
    assert plain.startswith(f"{COOKIE}=") and "HttpOnly; Path=/; SameSite=Lax" in plain and "Secure" not in plain
    secure = client.post(
        "/gecit/sign-in", data=form, headers={"Origin": "https://localhost"}, base_url="https://localhost"
    )
    kept = secure.headers["Set-Cookie"]
    assert kept.startswith(f"{SECURE_COOKIE}=") and "Secure; HttpOnly; Path=/; SameSite=Lax" in kept
    assert "Domain" not in plain + kept


@pytest.mark.parametrize(("name", "password"), [("admin", "wrong"), ("nobody", "gizli"), ("", ""), ("a:b", "x")])
def test_a_wrong_password_says_no_more_than_that(client: FlaskClient, name: str, password: str) -> None:
    answer = client.post("/gecit/sign-in", data={"name": name, "password": password}, headers=ORIGIN)
    assert answer.status_code == 401
    assert "Kullanıcı adı ya da parola yanlış" in answer.text
    assert "Set-Cookie" not in answer.headers and "WWW-Authenticate" not in answer.headers
    assert 'value="wrong"' not in answer.text
    assert f'value="{name}"' in answer.text, "the name need not be typed again"


def test_after_ten_wrong_ones_the_right_one_waits_too(client: FlaskClient, clock: StillClock) -> None:
    for number in range(10):
        client.post("/gecit/sign-in", data={"name": "admin", "password": f"guess {number}"}, headers=ORIGIN)
    right = {"name": "admin", "password": "gizli"}
    assert client.post("/gecit/sign-in", data=right, headers=ORIGIN).status_code == 429
    clock.advance(15 * 60 + 1)
    assert client.post("/gecit/sign-in", data=right, headers=ORIGIN).status_code == 303


def test_a_session_that_was_planted_is_not_taken_up(client: FlaskClient, accounts: FakeAccounts) -> None:
    client.set_cookie(COOKIE, "planted")
    client.post("/gecit/sign-in", data={"name": "admin", "password": "gizli"}, headers=ORIGIN)
    assert token_digest("planted") not in accounts.kept_sessions


def test_signing_out_ends_the_session_for_good(browser: FlaskClient, accounts: FakeAccounts) -> None:
    value = browser.get_cookie(COOKIE).value
    assert post(browser, "/gecit/sign-out").location == "/gecit/sign-in"
    assert accounts.kept_sessions == {}
    browser.set_cookie(COOKIE, value)
    assert browser.get("/gecit/users").status_code == 401


def test_without_an_audit_nobody_signs_in(client: FlaskClient, audit: FakeAudit, accounts: FakeAccounts) -> None:
    audit.broken = True
    answer = client.post("/gecit/sign-in", data={"name": "admin", "password": "gizli"}, headers=ORIGIN)
    assert answer.status_code == 500
    assert accounts.kept_sessions == {}


# CSRF


def changing(client: FlaskClient) -> list[tuple[str, str]]:
    """Return method and path of every route that is no GET, its parameters filled in."""
    found = []
    for rule in client.application.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "910001", rule.rule)
        found += [(method, path) for method in (rule.methods or set()) - SAFE]
    return sorted(found)


def test_there_are_routes_that_change_something(client: FlaskClient) -> None:
    assert len(changing(client)) >= 12


def test_no_session_changes_anything_without_its_token_from_any_route(
    browser: FlaskClient, accounts: FakeAccounts, audit: FakeAudit
) -> None:
    before = (dict(accounts.kept), dict(accounts.kept_tokens), dict(accounts.kept_sessions), len(audit.entries))
    for method, path in changing(browser):
        if path == "/gecit/sign-in":
            continue
        for form in ({}, {"csrf": ""}, {"csrf": "0" * 64}):
            answer = browser.open(path, method=method, data=form, headers=ORIGIN)
            assert (answer.status_code, path) == (403, path)
    assert (dict(accounts.kept), dict(accounts.kept_tokens), dict(accounts.kept_sessions), len(audit.entries)) == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:8042"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_nothing_is_changed_from_the_page_of_another_origin_whatever_the_browser_adds(
    browser: FlaskClient, headers: dict[str, str]
) -> None:
    token = csrf(browser)
    for method, path in changing(browser):
        answer = browser.open(path, method=method, data={"csrf": token}, headers=headers)
        assert (answer.status_code, path) == (403, path), "with a session and its token"
        answer = browser.open(path, method=method, headers={**headers, "Authorization": BASIC})
        assert (answer.status_code, path) == (403, path), "with a password that the browser was told once"


def test_programs_need_no_token(client: FlaskClient, accounts: FakeAccounts) -> None:
    for authorization in (BASIC, "Bearer program"):
        answer = client.post("/gecit/users/admin/sign-out", headers={"Authorization": authorization})
        assert answer.status_code == 303


def test_htmx_shows_the_token_in_a_header(browser: FlaskClient) -> None:
    headers = {**ORIGIN, "X-CSRF-Token": csrf(browser)}
    assert browser.post("/gecit/users/admin/sign-out", headers=headers).status_code == 303


# Every form of ours carries the field


@pytest.mark.parametrize(
    "path",
    [
        "/gecit/account",
        "/gecit/users",
        "/gecit/users/new",
        "/gecit/users/admin",
        "/gecit/tokens",
        "/gecit/institutions",
        "/gecit/institutions/new",
        "/gecit/institutions/910001",
    ],
)
def test_every_form_carries_the_token_and_no_page_has_inline_script_or_style(browser: FlaskClient, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text
    forms = re.findall(r'<form[^>]*method="post".*?</form>', answer.text, re.DOTALL)
    assert all(f'name="csrf" value="{csrf(browser)}"' in one for one in forms)
    assert forms, "signing out, at the least"
    assert not re.search(r"<script>|<style| style=| on\w+=", answer.text)


# The own account


def test_a_password_is_changed_by_who_knows_it_and_all_other_sessions_end(
    browser: FlaskClient, accounts: FakeAccounts
) -> None:
    other = browser.application.test_client()
    other.post("/gecit/sign-in", data={"name": "admin", "password": "gizli"}, headers=ORIGIN)
    old = browser.get_cookie(COOKIE).value
    answer = post(browser, "/gecit/account/password", present="gizli", new=GOOD, again=GOOD)
    assert (answer.status_code, answer.location) == (303, "/gecit/account")
    assert browser.get_cookie(COOKIE).value != old
    assert browser.get("/gecit/account").status_code == 200
    assert token_digest(other.get_cookie(COOKIE).value) not in accounts.kept_sessions
    assert len(accounts.kept_sessions) == 1
    assert CHEAP.verify(accounts.passwords["admin"], GOOD)


@pytest.mark.parametrize(
    ("present", "new", "again", "said"),
    [
        ("wrong", GOOD, GOOD, "parolanız yanlış"),
        ("gizli", GOOD, GOOD + "x", "iki yazılışı"),
        ("gizli", "kısa", "kısa", "12-256"),
        ("gizli", "x admin x 4711 qp", "x admin x 4711 qp", "geçemez"),
        ("gizli", "123456789012", "123456789012", "kolay tahmin"),
        ("gizli", "istanbul2024", "istanbul2024", "kolay tahmin"),
        ("gizli", "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "kolay tahmin"),
        ("gizli", "q" * 300, "q" * 300, "12-256"),
    ],
)
def test_a_password_that_cannot_be_changes_nothing(
    browser: FlaskClient, accounts: FakeAccounts, present: str, new: str, again: str, said: str
) -> None:
    answer = post(browser, "/gecit/account/password", present=present, new=new, again=again)
    assert answer.status_code == 422
    assert said in answer.text
    assert new not in answer.text
    assert CHEAP.verify(accounts.passwords["admin"], "gizli")


def test_one_sees_and_ends_ones_own_sessions_only(browser: FlaskClient, accounts: FakeAccounts) -> None:
    other = browser.application.test_client()
    as_role(other, accounts, Role.RADIOLOGIST)
    theirs = token_digest(other.get_cookie(COOKIE).value)
    mine = token_digest(browser.get_cookie(COOKIE).value)
    page = browser.get("/gecit/account").text
    assert mine[:12] in page and theirs[:12] not in page and "bu oturum" in page
    post(browser, f"/gecit/account/sessions/{theirs[:12]}/end")
    assert theirs in accounts.kept_sessions
    post(browser, f"/gecit/account/sessions/{mine[:12]}/end")
    assert mine not in accounts.kept_sessions
    assert browser.get("/gecit/account").status_code == 401


def test_signing_out_everywhere(browser: FlaskClient, accounts: FakeAccounts) -> None:
    other = browser.application.test_client()
    other.post("/gecit/sign-in", data={"name": "admin", "password": "gizli"}, headers=ORIGIN)
    assert len(accounts.kept_sessions) == 2
    assert post(browser, "/gecit/account/sign-out-everywhere").status_code == 303
    assert accounts.kept_sessions == {}


# Users


def test_a_user_is_added_with_roles_and_can_sign_in(browser: FlaskClient, accounts: FakeAccounts) -> None:
    answer = post(
        browser,
        "/gecit/users/new",
        name="ayşe",
        full_name="Ayşe <b>Yılmaz</b>",
        email="a@hastane.example",
        tckn="10000000146",
        roles=["radiologist", "citizen", "nonsense"],
        institution="910001",
        password=GOOD,
    )
    assert answer.status_code == 303, answer.text
    found = accounts.kept["ayşe"]
    assert set(found.roles) == {Role.RADIOLOGIST, Role.CITIZEN}
    page = browser.get("/gecit/users").text
    assert "Ayşe &lt;b&gt;Yılmaz" in page and "10000000146" not in page
    other = browser.application.test_client()
    signed = other.post("/gecit/sign-in", data={"name": "ayşe", "password": GOOD}, headers=ORIGIN)
    assert signed.status_code == 303
    assert other.get("/gecit/users").status_code == 403


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "admin", "roles": "administrator"}, "alınmış"),
        ({"name": " : ", "roles": "administrator"}, "1-64"),
        ({"name": "m", "roles": "manager"}, "kurum seçilmeli"),
        ({"name": "m", "roles": "manager", "institution": "999999"}, "kayıtlı kurum yok"),
        ({"name": "m", "roles": "citizen", "tckn": "12345678901"}, "geçersiz"),
        ({"name": "m", "roles": "citizen", "password": "kısa"}, "12-256"),
    ],
)
def test_an_account_that_cannot_be_is_not_made(
    browser: FlaskClient, accounts: FakeAccounts, form: dict[str, str], said: str
) -> None:
    answer = post(browser, "/gecit/users/new", **form)
    assert answer.status_code == 422
    assert said in answer.text
    assert list(accounts.kept) == ["admin"]


def test_a_change_keeps_what_the_form_does_not_have(browser: FlaskClient, accounts: FakeAccounts) -> None:
    accounts.save_account(Account(name="x", roles=(Role.CITIZEN,), disabled=True), NOON)
    assert post(browser, "/gecit/users/x", roles="citizen", full_name="Yeni").status_code == 303
    assert accounts.kept["x"].disabled
    assert accounts.kept["x"].full_name == "Yeni"


def test_whoever_is_disabled_is_out_at_once_and_can_be_let_in_again(
    browser: FlaskClient, accounts: FakeAccounts, clock: StillClock
) -> None:
    other = browser.application.test_client()
    as_role(other, accounts, Role.RADIOLOGIST)
    assert post(browser, "/gecit/users/other/state", disabled="yes").status_code == 303
    assert accounts.sessions("other") == []
    right = {"name": "other", "password": "gizli"}
    assert other.post("/gecit/sign-in", data=right, headers=ORIGIN).status_code == 401
    post(browser, "/gecit/users/other/state", disabled="no")
    assert other.post("/gecit/sign-in", data=right, headers=ORIGIN).status_code == 303


@pytest.mark.parametrize("path", ["/gecit/users/admin/state", "/gecit/users/admin"])
def test_the_last_administrator_cannot_be_given_up(browser: FlaskClient, accounts: FakeAccounts, path: str) -> None:
    answer = post(browser, path, disabled="yes", roles="citizen")
    assert answer.status_code == 422
    assert "son sistem yöneticisi" in answer.text
    assert accounts.has_administrator()


def test_a_new_password_ends_a_lock_out(browser: FlaskClient, accounts: FakeAccounts) -> None:
    other = browser.application.test_client()
    as_role(other, accounts, Role.RADIOLOGIST)
    for number in range(10):
        other.post("/gecit/sign-in", data={"name": "other", "password": f"guess {number}"}, headers=ORIGIN)
    assert post(browser, "/gecit/users/other/password", password=GOOD).status_code == 303
    signed = other.post("/gecit/sign-in", data={"name": "other", "password": GOOD}, headers=ORIGIN)
    assert signed.status_code == 303


# Tokens


def test_a_token_is_shown_once_and_opens_what_it_was_made_for(browser: FlaskClient, accounts: FakeAccounts) -> None:
    form = {"program": "Örnek HBYS", "institution": "910001", "label": "deneme", "actions": "query duplicates"}
    answer = post(browser, "/gecit/tokens", **form, days="30")
    secret = re.search(r'id="token">([^<]+)<', answer.text)[1]
    assert secret not in browser.get("/gecit/tokens").text
    kept = accounts.kept_tokens[token_digest(secret)]
    assert (kept.owner, kept.institution, kept.actions) == ("Örnek HBYS", "910001", (Action.QUERY_DUPLICATES,))
    assert kept.expires_at == NOON + timedelta(days=30)
    program = browser.application.test_client()
    assert program.get("/gecit/api/exams", headers={"Authorization": f"Bearer {secret}"}).status_code == 403


def test_no_institution_is_chosen_beforehand_and_one_for_trials_says_so(
    browser: FlaskClient, institutions: FakeInstitutions
) -> None:
    institutions.kept["100001"] = Institution(skrs="100001", name="Sınama", trial=True)
    options = re.findall(r'<option value="(\d*)"[^>]*>([^<]+)</option>', browser.get("/gecit/tokens").text)
    assert [code for code, _ in options[:3]] == ["", "910001", "100001"], "a trial institution comes last"
    assert "(deneme)" in options[2][1]
    assert "(deneme)" not in options[1][1]


@pytest.mark.parametrize("action", ["use Orthanc", "manage users", "nonsense"])
def test_actions_that_no_program_has_make_no_token_of_all(
    browser: FlaskClient, accounts: FakeAccounts, action: str
) -> None:
    form = {"program": "Örnek HBYS", "institution": "910001", "actions": action}
    assert post(browser, "/gecit/tokens", **form).status_code == 422
    assert not [one for one in accounts.tokens() if one.owner == "Örnek HBYS"]


@pytest.mark.parametrize("name", ["gecit", "Gecit "])
def test_nobody_takes_the_name_that_the_audit_has_for_the_installation(browser: FlaskClient, name: str) -> None:
    form = {"program": name, "institution": "910001", "actions": "query duplicates"}
    assert post(browser, "/gecit/tokens", **form).status_code == 422


def test_a_managers_tokens_are_of_the_own_institution(
    browser: FlaskClient, accounts: FakeAccounts, institutions: FakeInstitutions
) -> None:
    institutions.kept["910002"] = institutions.kept["910001"].__class__(skrs="910002")
    post(browser, "/gecit/tokens", program="foreign HBYS", institution="910002")
    foreign = next(one for one in accounts.tokens() if one.institution == "910002")
    manager = browser.application.test_client()
    as_role(manager, accounts, Role.MANAGER)
    assert "foreign HBYS" not in manager.get("/gecit/tokens").text
    assert post(manager, "/gecit/tokens", program="p", institution="910002").status_code == 422
    assert post(manager, "/gecit/tokens", program="foreign HBYS", institution="910001").status_code == 422
    assert post(manager, f"/gecit/tokens/{foreign.id}/revoke").status_code == 422
    assert post(manager, "/gecit/tokens", program="own HBYS", institution="910001").status_code == 200
    own = next(one for one in accounts.tokens() if one.owner == "own HBYS")
    assert accounts.kept["own HBYS"].roles == (Role.SERVICE,)
    assert post(manager, f"/gecit/tokens/{own.id}/revoke").status_code == 303
    assert accounts.token(own.digest).revoked_at == NOON


# Institutions


FORM = {
    "skrs": "910002",
    "medula_code": "11010002",
    "name": "İkinci",
    "province": "Van",
    "ownership": "private",
    "profile": "example-hbys",
    "character_set": "Windows1254",
    "aets": "MR1\r\nCT2\r\n",
    "stations": "MR1=MR@192.0.2.7:11112",
    "hl7_peers": "192.0.2.0/28",
}


def test_an_institution_is_added_changed_and_shown_as_it_was_written(
    browser: FlaskClient, institutions: FakeInstitutions
) -> None:
    assert post(browser, "/gecit/institutions/new", **FORM).status_code == 303
    made = institutions.kept["910002"]
    assert (made.aets, made.hl7_peers, made.stations[0].port) == (("MR1", "CT2"), ("192.0.2.0/28",), 11112)
    page = browser.get("/gecit/institutions/910002").text
    assert "MR1=MR@192.0.2.7:11112" in page
    assert post(browser, "/gecit/institutions/910002", **{**FORM, "skrs": "999", "name": "Yeni"}).status_code == 303
    assert institutions.kept["910002"].name == "Yeni"
    assert "999" not in institutions.kept


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"skrs": "91 0002"}, "boşluksuz"),
        ({"skrs": "910001"}, "zaten kayıtlı"),
        ({"hl7_peers": "hbys.example"}, "hbys.example"),
        ({"profile": "nonsense"}, "profili yok"),
        ({"aets": "TOO-LONG-A-TITLE-FOR-DICOM"}, "16 ASCII"),
        ({"stations": "MR9=MR"}, "AE başlıkları arasında"),
        ({"stations": "MR1=MR@x:99999"}, "biçiminde değil"),
        ({"character_set": "Latin5"}, "karakter kümesi"),
    ],
)
def test_an_institution_that_could_never_speak_is_not_kept_and_what_was_typed_stays(
    browser: FlaskClient, institutions: FakeInstitutions, changed: dict[str, str], said: str
) -> None:
    answer = post(browser, "/gecit/institutions/new", **{**FORM, **changed})
    assert answer.status_code == 422
    assert said in answer.text
    assert "İkinci" in answer.text
    assert list(institutions.kept) == ["910001"]


# Who may, and what is written down


@pytest.mark.parametrize("role", set(Role) - {Role.ADMINISTRATOR})
def test_only_administrators_manage_users_and_institutions(
    client: FlaskClient, accounts: FakeAccounts, role: Role
) -> None:
    as_role(client, accounts, role)
    for path in ("/gecit/users", "/gecit/users/new", "/gecit/users/admin", "/gecit/institutions"):
        assert client.get(path).status_code == 403, path
    for path in ("/gecit/users/new", "/gecit/users/admin", "/gecit/users/admin/password", "/gecit/institutions/new"):
        assert post(client, path, name="x", roles="administrator", password=GOOD).status_code == 403, path
    assert set(accounts.kept) == {"admin", "other"}


def test_every_change_is_audited_before_it_is_made_and_no_secret_is(
    browser: FlaskClient, accounts: FakeAccounts, audit: FakeAudit
) -> None:
    post(browser, "/gecit/users/new", name="x", roles="citizen", tckn="10000000146", password=GOOD)
    post(browser, "/gecit/users/x", roles=["citizen", "administrator"], tckn="10000000146")
    post(browser, "/gecit/tokens", program="p", institution="910001")
    post(browser, "/gecit/institutions/new", **FORM)
    post(browser, "/gecit/sign-out")
    assert [what for _, what, _ in audit.said()] == [
        "sign in",
        "add an account",
        "set a password",
        "change an account",
        "add an account",
        "add a token",
        "add an institution",
        "sign out",
    ]
    assert all(one.who == "admin" and one.address == "127.0.0.1" for one in audit.entries)
    assert "citizen -> administrator citizen" in audit.entries[3].detail["changed"]
    assert GOOD not in repr(audit.entries) and "10000000146" not in repr(audit.entries)


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/gecit/users/new", {"name": "x", "roles": "citizen"}),
        ("/gecit/users/admin/password", {"password": GOOD}),
        ("/gecit/tokens", {"program": "p", "institution": "910001"}),
        ("/gecit/institutions/new", FORM),
    ],
)
def test_what_cannot_be_audited_is_not_done(
    browser: FlaskClient,
    accounts: FakeAccounts,
    audit: FakeAudit,
    institutions: FakeInstitutions,
    path: str,
    form: dict[str, str],
) -> None:
    before = (dict(accounts.kept), dict(accounts.passwords), dict(accounts.kept_tokens), dict(institutions.kept))
    audit.broken = True
    assert post(browser, path, **form).status_code == 500
    after = (dict(accounts.kept), dict(accounts.passwords), dict(accounts.kept_tokens), dict(institutions.kept))
    assert after == before


def test_open_pages_are_the_sign_in_ones_alone(client: FlaskClient) -> None:
    views = client.application.view_functions
    of_accounts = ("sign_in.", "providers.", "own.", "users.", "tokens.", "institutions.")
    opened = {name for name, view in views.items() if name.startswith(of_accounts) and getattr(view, NEEDS, 0) is None}
    assert opened == {"sign_in.show", "sign_in.sign_in", "providers.go", "providers.back"}


def test_a_token_that_cannot_be_made_loses_nothing_that_was_typed(browser: FlaskClient) -> None:
    form = {"program": "admin", "label": "Örnek", "institution": "910001", "actions": "see images", "days": "30"}
    answer = post(browser, "/gecit/tokens", **form)
    assert answer.status_code == 422
    for kept in ('value="admin"', 'value="Örnek"', 'value="910001" selected', 'value="30" selected'):
        assert kept in answer.text
    assert re.search(r'value="see images"[^>]* checked', answer.text)


def test_who_has_no_list_of_exams_is_led_to_the_front_page_and_not_refused(
    client: FlaskClient, accounts: FakeAccounts
) -> None:
    home = Path(__file__).parents[2]
    client.application.register_blueprint(front(FrontData(read_front(None), lambda: None, lambda: 1, home)))
    as_role(client, accounts, Role.CONSULTANT)
    answer = client.get("/gecit/", headers=HTML)
    assert (answer.status_code, answer.location) == (303, "/gecit/front")
    assert "Tetkikleri izle" not in client.get("/gecit/front").text, "a button that leads back here"
    assert client.get("/gecit/", headers={"Accept": "application/json"}).status_code == 403
    as_role(client, accounts, Role.RADIOLOGIST)
    assert client.get("/gecit/", headers=HTML).status_code == 200
    assert "Tetkikleri izle" in client.get("/gecit/front").text
