"""The client of a duplicate service above: its tokens, its limits, and what it never lets out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests

from gecit.core.values import ISTANBUL
from gecit.edges.duplicates_http import HttpDuplicates
from gecit.edges.oauth2 import PasswordGrant
from gecit.ports import Refused, Unavailable
from gecit.sandbox.duplicates import PretendDuplicates, PretendStudy, duplicates_app, new_credentials
from gecit.sandbox.faults import Faults
from gecit.sandbox.server import running
from tests.support.billing import HandClock
from tests.support.duplicates import NOW, PHYSICIAN, SUT, TCKN

MEDULA = "11910001"


class Above:
    """The pretend service on loopback, with every request line it saw."""

    def __init__(self) -> None:
        self.clock = HandClock(NOW)
        self.service = PretendDuplicates(self.clock, new_credentials())
        self.service.add(PretendStudy(tckn=TCKN, sut=SUT, accession="X1", performed_at=NOW - timedelta(days=30)))
        self.faults = Faults(duplicates_app(self.service), method="GET")
        self.url = ""

    def client(self, folder: Path, timeout: float = 5.0, **differs: str) -> HttpDuplicates:
        known = self.service.credentials
        (folder / "client").write_text(differs.get("secret", known.client_secret) + "\n")
        (folder / "user").write_text(differs.get("password", known.password) + "\n")
        tokens = PasswordGrant(
            f"{self.url}/connect/token",
            self.clock,
            client=known.client,
            client_secret_file=folder / "client",
            user=known.user,
            password_file=folder / "user",
            scope=differs.get("scope", "openid Common.WebApi"),
        )
        return HttpDuplicates(self.url, tokens, timeout=timeout)


@pytest.fixture
def above() -> Iterator[Above]:
    made = Above()
    with running({"/above": made.faults}) as url:
        made.url = f"{url}/above"
        yield made
        made.faults.stop()


def ask(client: HttpDuplicates, *suts: str) -> list[str]:
    return [one.accession for one in client.previous_studies(MEDULA, TCKN, suts or (SUT,), PHYSICIAN)]


def test_an_answer_is_read_with_its_source_and_reference(above: Above, tmp_path: Path) -> None:
    (one,) = above.client(tmp_path).previous_studies(MEDULA, TCKN, (SUT,), PHYSICIAN)
    assert (one.source, one.reference, one.sut, one.images, one.report) == ("upstream", "0", SUT, True, True)
    assert one.performed_at == datetime(2024, 6, 15, 12, 0, tzinfo=ISTANBUL)


def test_each_result_is_of_the_code_it_was_asked_for(above: Above, tmp_path: Path) -> None:
    above.service.add(PretendStudy(tckn=TCKN, sut="R100250", accession="X2"))
    found = above.client(tmp_path).previous_studies(MEDULA, TCKN, ("R100250", SUT), PHYSICIAN)
    assert [(one.accession, one.sut) for one in found] == [("X2", "R100250"), ("X1", SUT)]


# Tokens


def test_a_token_serves_until_shortly_before_its_end(above: Above, tmp_path: Path) -> None:
    client = above.client(tmp_path)
    ask(client)
    above.clock.forward(seconds=3569)
    ask(client)
    assert above.service.tokens_given == 1
    above.clock.forward(seconds=1)
    ask(client)
    assert above.service.tokens_given == 2


def test_a_token_that_is_refused_is_replaced_once_and_the_question_asked_again(above: Above, tmp_path: Path) -> None:
    client = above.client(tmp_path)
    ask(client)
    above.service.revoke()
    assert ask(client) == ["X1"]
    assert above.service.tokens_given == 2


def test_a_service_that_refuses_every_token_is_not_asked_for_ever(above: Above, tmp_path: Path) -> None:
    client = above.client(tmp_path)
    above.faults.plan("401", "401", "401")
    with pytest.raises(Unavailable):
        ask(client)
    assert (above.service.tokens_given, above.faults.spoilt) == (2, ["401", "401"])


@pytest.mark.parametrize("differs", [{"secret": "x"}, {"password": "x"}, {"scope": "openid"}])
def test_wrong_credentials_are_an_outage_and_stand_in_no_text(
    above: Above, tmp_path: Path, differs: dict[str, str]
) -> None:
    with pytest.raises(Unavailable) as failure:
        ask(above.client(tmp_path, **differs))
    assert "token service answers HTTP 400" in str(failure.value)
    assert above.service.credentials.password not in str(failure.value)


def test_secrets_are_read_anew_for_each_token(above: Above, tmp_path: Path) -> None:
    client = above.client(tmp_path, password="old")
    with pytest.raises(Unavailable):
        ask(client)
    (tmp_path / "user").write_text(above.service.credentials.password)
    assert ask(client) == ["X1"]
    (tmp_path / "user").unlink()
    above.service.revoke()
    with pytest.raises(Unavailable, match="cannot be read"):
        ask(client)


# Failures


@pytest.mark.parametrize(
    "fault", ["500", "503", "hang-before", "reset-before", "reset-after", "half", "wrong-json", "other-answer"]
)
def test_a_failure_is_an_outage_never_an_empty_answer(
    above: Above, tmp_path: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = above.client(tmp_path, timeout=0.6)
    above.faults.plan(fault)
    with pytest.raises(Unavailable) as failure:
        ask(client)
    assert failure.value.__suppress_context__ or failure.value.__context__ is None, "no traceback shows the address"
    lines = [one.getMessage() for one in caplog.records] + [str(failure.value)]
    assert [line for line in lines if TCKN in line or PHYSICIAN in line or "parameter" in line] == []
    assert ask(client) == ["X1"]


def test_an_answer_that_drips_ends_with_its_time(above: Above, tmp_path: Path) -> None:
    client = above.client(tmp_path, timeout=0.5)
    above.faults.plan("slow")
    with pytest.raises(Unavailable, match="too long"):
        ask(client)


def test_a_question_that_is_refused_is_no_outage(above: Above, tmp_path: Path) -> None:
    client = above.client(tmp_path)
    above.faults.plan("400")
    with pytest.raises(Refused):
        ask(client)
    with pytest.raises(Refused):
        client.previous_studies("", TCKN, (SUT,), PHYSICIAN)


def test_a_service_that_is_not_there_is_an_outage(above: Above, tmp_path: Path) -> None:
    above.url = "http://127.0.0.1:9"
    with pytest.raises(Unavailable) as failure:
        ask(above.client(tmp_path, timeout=0.5))
    assert TCKN not in str(failure.value)


def test_nothing_that_was_asked_is_in_a_log_line(
    above: Above, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "urllib3")
    ask(above.client(tmp_path))
    lines = [one.getMessage() for one in caplog.records]
    assert lines and [one for one in lines if TCKN in one or "parameter" in one] == []


def test_the_pretend_service_shows_what_it_was_asked_with_masked_numbers(above: Above, tmp_path: Path) -> None:
    ask(above.client(tmp_path))
    shown = requests.get(f"{above.url}/inspect", timeout=5)
    assert "reconstruction" in shown.json()["note"]
    assert shown.json()["asked"][0]["PatientCitizenId"] == "********146" and TCKN not in shown.text
