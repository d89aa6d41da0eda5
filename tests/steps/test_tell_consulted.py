"""News of consultations on both engines, by a real mail server and a real receiver: never with data of a patient."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

import pytest
from msgspec.structs import replace

from gecit.core.consultation import State
from gecit.core.consultation_news import SAID
from gecit.edges.smtp import Smtp
from gecit.edges.store import SqlLedger
from gecit.edges.webhook_http import WebhookHttp
from gecit.ports import Mailer, OutboxSearch
from gecit.sandbox.server import running
from gecit.settings import SettingsError, load
from gecit.steps import consult
from gecit.steps.deliver import Courier, Policy
from gecit.steps.tell_consulted import DESTINATION, MAIL, WEBHOOK, handlers, teller
from tests.fakes import StillClock
from tests.support.consulting import ASKER, UZMAN, admit, ask, person
from tests.support.flow import TCKN
from tests.support.reading import NOW, wait_for_reader
from tests.support.receiver import Receiver

from .test_watch_health import SECRET, Post, post  # noqa: F401 -- a fixture

ADDRESS = "https://gecit.example"


def story(ledger: SqlLedger, *channels: str) -> None:
    """Asked and accepted, told by some channels."""
    admit(ledger, replace(ASKER, email="ayse@hastane.example"), replace(UZMAN, email="uzman@komsu.example"))
    wait_for_reader(ledger)
    tell = teller(channels)
    one = ask(ledger, UZMAN)
    ledger.write(lambda tx: tell(tx, one, ["uzman"], NOW))
    ledger.write(lambda tx: consult.accept(tx, "c1", person(UZMAN), NOW, tell))


def deliver(ledger: SqlLedger, port: int, url: str) -> None:
    def mailer(address: str) -> Mailer:
        return Smtp("127.0.0.1", port, "gecit@hastane.example", (address,), security="None", timeout=5)

    clock = StillClock(NOW)
    channels = handlers(ledger, mailer, WebhookHttp(("127.0.0.1",)), f"{url}/hook", lambda: SECRET, clock, ADDRESS)
    courier = Courier(ledger, DESTINATION, channels, clock, "one", Policy(threads=1))
    while courier.step():
        pass
    courier.close()


def test_who_is_asked_and_who_asked_get_a_mail_and_the_administrators_address_each_change(
    ledger: SqlLedger,
    post: tuple[Post, int],  # noqa: F811 -- the fixture
) -> None:
    receiver = Receiver()
    receiver.secrets.append(SECRET)
    story(ledger, MAIL, WEBHOOK)
    with running({"/hook": receiver.faults}) as url:
        deliver(ledger, post[1], url)
    letters: list[EmailMessage] = post[0].letters
    assert sorted(str(one["To"]) for one in letters) == ["ayse@hastane.example", "uzman@komsu.example"]
    to_uzman = next(one for one in letters if one["To"] == "uzman@komsu.example").get_content()
    assert "Size bir konsültasyon soruldu." in to_uzman
    assert f"{ADDRESS}/gecit/consultations/of/c1" in to_uzman
    assert sorted(one["type"] for one in receiver.got.values()) == ["consultation.accepted", "consultation.asked"]
    everything = "".join(one.get_content() for one in letters) + str(receiver.got)
    assert not any(never in everything for never in (TCKN, "ŞAHİN", "A1", "hemanjiom", "Baş ağrısı"))
    assert receiver.refused == 0


@pytest.mark.parametrize("differs", [{"email": ""}, {"disabled": True, "email": "uzman@komsu.example"}])
def test_who_has_no_address_or_is_disabled_is_written_to_no_more(
    ledger: SqlLedger,
    post: tuple[Post, int],  # noqa: F811 -- the fixture
    differs: dict[str, Any],
) -> None:
    story(ledger, MAIL)
    ledger.save_account(replace(UZMAN, **differs), NOW)
    deliver(ledger, post[1], "http://127.0.0.1:9")
    assert [str(one["To"]) for one in post[0].letters] == ["ayse@hastane.example"]
    assert {one.state for one in ledger.search_outbox(OutboxSearch(destination=DESTINATION, limit=9))} == {"done"}


def test_where_nothing_is_configured_nothing_is_queued(ledger: SqlLedger) -> None:
    story(ledger)
    assert ledger.search_outbox(OutboxSearch(destination=DESTINATION, limit=9)) == []


def test_of_each_state_there_is_something_to_say() -> None:
    assert set(SAID) == set(State)


@pytest.mark.parametrize(("switch", "missing"), [("EMAIL", "Alerts.SmtpHost"), ("WEBHOOK", "Alerts.WebhookSecretFile")])
def test_what_is_switched_on_needs_its_server(switch: str, missing: str) -> None:
    with pytest.raises(SettingsError) as found:
        load(environ={f"ORTHANC__GECIT__CONSULTATIONS__{switch}": "true"})
    assert missing in str(found.value)
