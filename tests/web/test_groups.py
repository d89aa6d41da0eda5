"""Pages of groups, and the papers of grants: kept by administrators; a file is what it holds, not what it is called."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from gecit.core.papers import LONGEST_PAPER
from gecit.edges.store import SqlLedger
from tests.fake_accounts import FakeAudit
from tests.fakes import StillClock
from tests.support.flow import HOSPITAL
from tests.support.reading import NOW
from tests.support.trials import TRIAL

from .test_reading import GRANT, ask, audit, client, clock, ledger, registry, tags  # noqa: F401 -- fixtures

# ruff: noqa: F811 -- fixtures are named as what they give

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def group_form(*members: tuple[str, str, str], name: str = "Toraks ekibi", subspecialty: str = "chest") -> Any:
    rows: list[tuple[str, str]] = [("name", name), ("subspecialty", subspecialty)]
    for account, since, until in members:
        rows += [("account", account), ("since", since), ("until", until)]
    return MultiDict(rows)


UZAK = ("uzak", "2026-03-01", "2026-03-10")


def recorded(client: FlaskClient, ledger: SqlLedger, *members: tuple[str, str, str]) -> str:
    assert ask(client, "yonetici", "/gecit/groups", group_form(*members)).status_code == 303
    return ledger.groups()[0].id


def test_a_group_is_recorded_changed_and_closed_by_administrators_alone(
    client: FlaskClient, ledger: SqlLedger, audit: FakeAudit
) -> None:
    group = recorded(client, ledger, UZAK, ("", "2026-03-01", ""))
    assert ledger.members(group, NOW) == ("uzak",)
    for who in ("mudur", "ayse"):
        assert ask(client, who, "/gecit/groups").status_code == 403
        assert ask(client, who, f"/gecit/groups/{group}/close", {}).status_code == 403
    changed = group_form(("ayse", "2026-03-01", ""), ("bora", "2026-03-01", ""), name="Toraks")
    assert ask(client, "yonetici", f"/gecit/groups/{group}", changed).status_code == 303
    assert ledger.members(group, NOW) == ("ayse", "bora")
    assert "Toraks" in ask(client, "yonetici", "/gecit/groups").text
    assert ask(client, "yonetici", f"/gecit/groups/{group}/close", {}).status_code == 303
    assert ledger.members(group, NOW) == ()
    assert ask(client, "yonetici", f"/gecit/groups/{group}", changed).status_code == 404
    done = [
        one.what for one in audit.entries if one.who == "yonetici" and one.outcome == "done" and "group" in one.what
    ]
    assert done == ["record a group", "record a group", "close a group"]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (group_form(UZAK, name=" "), "Grubun adı gerekir."),
        (group_form(("mudur", "2026-03-01", "")), "açık bir radyolog hesabı değil"),
        (group_form(("uzak", "", "")), "günler geçerli tarih olmalı"),
        (group_form(("uzak", "9999-12-31", "9999-12-31")), "günler geçerli tarih olmalı"),
        (group_form(("uzak", "2026-03-02", "2026-03-01")), "ilk gününden önce olamaz"),
        (group_form(UZAK, UZAK), "aynı günlerde iki kez"),
    ],
)
def test_what_cannot_be_a_group_is_refused_in_clear_words_and_shown_again(
    client: FlaskClient, ledger: SqlLedger, form: Any, said: str
) -> None:
    answer = ask(client, "yonetici", "/gecit/groups", form)
    assert answer.status_code == 422
    assert said in unescape(answer.text)
    assert ledger.groups() == []


def test_nobody_is_granted_to_read_for_a_trial_institution(client: FlaskClient, ledger: SqlLedger) -> None:
    ledger.write(lambda tx: tx.record_institution(TRIAL, NOW))
    page = ask(client, "yonetici", "/gecit/grants").text
    assert 'name="institution"' in page
    assert TRIAL.skrs not in page
    assert "()" not in page


def test_a_grant_to_a_group_opens_the_list_for_whoever_belongs_to_it_that_day(
    client: FlaskClient, ledger: SqlLedger, clock: StillClock
) -> None:
    group = recorded(client, ledger, UZAK)
    form = {**{one: text for one, text in GRANT.items() if one != "reader"}, "group": group}
    assert ask(client, "yonetici", "/gecit/grants", form).status_code == 303
    assert "A1" in ask(client, "uzak", "/gecit/reading").text
    assert "Toraks ekibi" in ask(client, "yonetici", "/gecit/grants").text
    clock.at = NOW + timedelta(days=10)
    assert "A1" not in ask(client, "uzak", "/gecit/reading").text


def test_an_exam_is_pushed_within_a_group(client: FlaskClient, ledger: SqlLedger) -> None:
    from gecit.core.accounts import Session

    for who in ("ayse", "bora"):
        ledger.add_session(
            Session(digest=who * 4, account=who, created_at=NOW, seen_at=NOW, expires_at=NOW + timedelta(hours=1))
        )
    group = recorded(client, ledger, ("bora", "2026-03-01", ""))
    place = f"/gecit/reading/assign/{HOSPITAL.skrs}/A1"
    assert "bora hekimine atandı" in ask(client, "yonetici", place, {"group": group}).text
    ask(client, "yonetici", f"/gecit/groups/{group}", group_form())
    assert "radyolog yok" in ask(client, "yonetici", place, {"group": group}).text


def with_file(content: bytes, name: str = "yazi.pdf") -> dict[str, Any]:
    return {**GRANT, "file": name, "file-content": base64.urlsafe_b64encode(content).decode()}


def test_the_paper_is_kept_with_its_digest_and_downloaded_by_administrators_alone(
    client: FlaskClient, ledger: SqlLedger, audit: FakeAudit
) -> None:
    assert ask(client, "yonetici", "/gecit/grants", with_file(PDF, "../../<b>.exe")).status_code == 303
    (grant,) = ledger.read(lambda tx: tx.grants())
    assert grant.paper.digest == hashlib.sha256(PDF).hexdigest()
    place = f"/gecit/grants/{grant.id}/paper"
    answer = ask(client, "yonetici", place)
    assert answer.data == PDF and answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="gecit-basvuru-{grant.id}.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert [ask(client, who, place).status_code for who in ("mudur", "uzak")] == [403, 403]
    seen = [one for one in audit.entries if one.what == "see the paper of a grant"]
    assert [(one.who, one.detail) for one in seen] == [("yonetici", {"grant": grant.id})]
    assert ask(client, "yonetici", "/gecit/grants/yok/paper").status_code == 404


@pytest.mark.parametrize("content", [PDF, PNG, b"\xff\xd8\xff\xe0" + b"\0" * 20])
def test_pdf_and_pictures_are_taken_whatever_they_are_called(
    client: FlaskClient, ledger: SqlLedger, content: bytes
) -> None:
    assert ask(client, "yonetici", "/gecit/grants", with_file(content, "dosya")).status_code == 303


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>%PDF-1.7", "PDF, JPEG ya da PNG olmalı"),
        (b"MZ\x90\0", "PDF, JPEG ya da PNG olmalı"),
        (PDF + b"0" * LONGEST_PAPER, "en çok 1.5 MB"),
    ],
)
def test_anything_else_and_what_is_too_long_is_refused_and_nothing_is_recorded(
    client: FlaskClient, ledger: SqlLedger, content: bytes, said: str
) -> None:
    answer = ask(client, "yonetici", "/gecit/grants", with_file(content))
    assert answer.status_code == 422 and said in unescape(answer.text)
    assert ledger.read(lambda tx: tx.grants()) == []


def test_a_body_that_is_longer_still_is_not_read_and_other_routes_take_no_more_than_before(client: FlaskClient) -> None:
    assert ask(client, "yonetici", "/gecit/grants", with_file(b"0" * 2_200_000)).status_code == 413
    assert ask(client, "yonetici", "/gecit/groups", {"name": "x" * 1_100_000}).status_code == 413


@pytest.mark.parametrize("content", ["", "!!", "YQ"])
def test_a_file_whose_content_did_not_come_whole_is_not_taken_for_none(
    client: FlaskClient, ledger: SqlLedger, content: str
) -> None:
    answer = ask(client, "yonetici", "/gecit/grants", {**GRANT, "file": "yazi.pdf", "file-content": content})
    assert answer.status_code == 422 and "JavaScript" in answer.text
    assert ledger.read(lambda tx: tx.grants()) == []
