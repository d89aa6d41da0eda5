"""`gecit webhooks` and `gecit alerts`: subscribed, listed without secrets, ended; a trial says what failed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from gecit.core.values import Text, local
from gecit.core.webhooks import new_secret
from gecit.edges.store import SqlLedger, open_ledger
from gecit.sandbox.server import running
from tests.support.billing import INSTITUTION, START
from tests.support.postgres import free_port
from tests.support.receiver import Receiver

Run = Callable[..., Result]
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")
SETTING = "ORTHANC__GECIT__"


@pytest.fixture
def ledger(data: Path) -> Iterator[SqlLedger]:
    data.mkdir(parents=True)
    made = open_ledger(f"sqlite:///{data}/ledger.db")
    made.write(lambda tx: tx.record_institution(INSTITUTION, START))
    yield made
    made.close()


def test_a_subscription_is_made_listed_and_ended(run: Run, ledger: SqlLedger) -> None:
    made = run("webhooks", "add", "https://hbys.example/gecit", "--institution", "999001", "--outcome", "hold")
    number, secret = made.stdout.split()
    assert SECRET.fullmatch(secret)
    [shown] = json.loads(run("webhooks", "list", "--json").stdout)
    assert (shown["id"], shown["institution"], shown["outcomes"]) == (number, "999001", "hold")
    assert secret not in run("webhooks", "list").stdout
    assert ledger.read(lambda tx: tx.webhooks())[0].secret == secret
    run("webhooks", "remove", number)
    assert "yok / none" in run("webhooks", "list").stdout
    assert number in run("webhooks", "remove", number, code=1).output


def test_as_json_id_and_secret_are_told(run: Run, ledger: SqlLedger) -> None:
    told = json.loads(run("webhooks", "add", "https://hbys.example/", "--json").stdout)
    assert SECRET.fullmatch(told["secret"])
    assert ledger.read(lambda tx: tx.webhooks())[0].institution == "", "of every institution"


@pytest.mark.parametrize("url", ["http://hbys.example/", "https://10.1.2.3/", "nonsense"])
def test_an_address_that_nothing_may_go_to_is_refused_with_the_reason(run: Run, ledger: SqlLedger, url: str) -> None:
    said = run("webhooks", "add", url, code=2).output
    assert "https" in said or "Gecit.Webhooks.Allow" in said
    assert ledger.read(lambda tx: tx.webhooks()) == []


def test_what_the_site_allows_is_allowed(run: Run, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{SETTING}WEBHOOKS__ALLOW", "10.1.0.0/16,*.hbys.example")
    run("webhooks", "add", "https://10.1.2.3/")
    run("webhooks", "add", "https://a.hbys.example/")
    monkeypatch.setenv(f"{SETTING}WEBHOOKS__ALLOW", "https://hbys.example")
    with pytest.raises(Exception, match=r"Gecit\.Webhooks\.Allow"):
        run("webhooks", "list")


def test_an_institution_must_be_known(run: Run, ledger: SqlLedger) -> None:
    assert "--institution" in run("webhooks", "add", "https://hbys.example/", "--institution", "1", code=2).output


def test_incidents_are_listed_the_open_ones_first(run: Run, ledger: SqlLedger) -> None:
    text = Text(tr="süreç sessiz", en="silent")
    first = ledger.write(lambda tx: tx.open_incident("silent:N/web", text, START))
    ledger.write(lambda tx: tx.open_incident("disk:N", text, START))
    ledger.write(lambda tx: tx.close_incident(first.id, START))
    found = json.loads(run("alerts", "list", "--json").stdout)
    assert [(one["key"], one["closed"] == "-") for one in found] == [("disk:N", True), ("silent:N/web", False)]
    assert {one["opened"] for one in found} == {local(START).isoformat(timespec="seconds")}, "as all commands tell time"
    assert len(json.loads(run("alerts", "list", "--limit", "1", "--json").stdout)) == 1


def test_a_trial_says_which_way_works(
    run: Run, ledger: SqlLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Gecit.Alerts" in run("alerts", "test", code=1).output
    receiver, secret = Receiver(), tmp_path / "secret"
    receiver.secrets.append(new_secret(b"t" * 32))
    secret.write_text(receiver.secrets[0] + "\n")
    with running({"/duty": receiver.faults}) as url:
        for name, value in {
            "WEBHOOK_URL": f"{url}/duty",
            "WEBHOOK_SECRET_FILE": str(secret),
            "EMAIL_TO": "nobetci@hastane.example",
            "EMAIL_FROM": "gecit@hastane.example",
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(free_port()),
        }.items():
            monkeypatch.setenv(f"{SETTING}ALERTS__{name}", value)
        said = run("alerts", "test", code=1).output
    assert "webhook: gönderildi / sent" in said and "e-mail: no SMTP connection" in said
    assert [one["key"] for one in receiver.got.values()] == ["trial:0"]


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"EMAIL_TO": "a@b.example"}, ["Gecit.Alerts.EmailFrom", "Gecit.Alerts.SmtpHost"]),
        ({"WEBHOOK_URL": "https://x.example/"}, ["Gecit.Alerts.WebhookSecretFile"]),
        ({"EMAIL_TO": "nobody"}, ["Gecit.Alerts.EmailTo"]),
        (
            {"EMAIL_TO": "a@b.example", "EMAIL_FROM": "c@d.example", "SMTP_HOST": "mail.example", "SMTP_USER": "u",
             "SMTP_SECURITY": "None"},
            ["Gecit.Alerts.SmtpSecurity"],
        ),
    ],
)  # fmt: skip
def test_settings_that_cannot_alert_are_named(
    run: Run, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], missing: list[str]
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"{SETTING}ALERTS__{name}", value)
    with pytest.raises(Exception, match=r"Gecit\.Alerts") as fault:
        run("alerts", "list")
    assert [one for one in missing if one not in str(fault.value)] == []
