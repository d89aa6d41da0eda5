"""Webhooks to a real receiver on loopback, on both engines: told of each change, signed, once, whatever happens."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from werkzeug.serving import make_server

from gecit.core.order import ExamKey
from gecit.core.values import Text
from gecit.core.verdict import Effect, Finding, Outcome, Status, Verdict
from gecit.core.webhooks import Subscription, message_id, new_secret
from gecit.edges.store import SqlLedger
from gecit.edges.webhook_http import WebhookHttp
from gecit.ports import Refused, Transaction
from gecit.sandbox.server import running
from gecit.steps.announce import DESTINATION, Announcer
from gecit.steps.breaker import Breaker
from gecit.steps.deliver import Courier, Policy
from gecit.steps.judge_exam import write_verdict
from tests.support.billing import INSTITUTION, HandClock, arrive, key
from tests.support.receiver import Receiver

SECRET = new_secret(b"s" * 32)
LOOPBACK = ("127.0.0.0/8",)


def finding(rule: str = "dose-report") -> Finding:
    return Finding(
        rule=rule,
        status=Status.FAILED,
        effect=Effect.HOLD,
        title=Text(tr="Doz raporu", en="Dose report"),
        reason=Text(tr="AYŞE DENEME 10000000146", en="AYŞE DENEME 10000000146"),
        found="10000000146",
        who="modality",
        where="113701^DCM",
    )


class Told:
    """A ledger with a subscriber, and couriers before a receiver."""

    def __init__(self, ledger: SqlLedger, url: str, receiver: Receiver) -> None:
        self.ledger, self.url, self.receiver, self.clock = ledger, url, receiver, HandClock()
        receiver.secrets.append(SECRET)
        arrive(ledger, key(), self.clock.now())

    def subscribe(self, number: str = "wh-1", url: str = "", **differs: object) -> None:
        one = Subscription(
            id=number, institution="999001", url=url or self.url, secret=SECRET, created_at=self.clock.now(), by="hbys"
        )
        self.ledger.write(lambda tx: tx.add_webhook(replace(one, **differs)))

    def judge(self, outcome: Outcome, *findings: Finding, exam: ExamKey | None = None) -> None:
        now = self.clock.now()
        said = Verdict(outcome=outcome, findings=findings, judged_at=now, known_at=now, rulebook="r1")

        def work(tx: Transaction) -> None:
            found = tx.exam(exam or key())
            assert found is not None
            write_verdict(tx, found, said, "due", INSTITUTION, now, "Node")

        self.ledger.write(work)
        self.clock.forward(seconds=1)

    def deliver(self, rounds: int = 1, announcer: Announcer | None = None) -> None:
        poster = WebhookHttp(LOOPBACK, timeout=0.4)
        told = announcer or Announcer(self.ledger, poster, self.clock, lambda: Breaker(1000))
        courier = Courier(
            self.ledger,
            DESTINATION,
            told.handlers(),
            self.clock,
            "one",
            Policy(lease=timedelta(minutes=2)),
            Breaker(10**9),
        )
        for _ in range(rounds):
            while courier.step():
                pass
            self.clock.forward(hours=1)
        courier.close()

    def states(self) -> list[str]:
        return [one.state for one in self.ledger.deliveries() if one.destination == DESTINATION]

    def outcomes(self) -> list[tuple[str, str | None]]:
        in_order = sorted(self.receiver.got.values(), key=lambda one: one["timestamp"])  # arrival promises none
        return [(one["outcome"], one["before"]) for one in in_order]


@pytest.fixture
def told(ledger: SqlLedger) -> Iterator[Told]:
    receiver = Receiver()
    with running({"/hook": receiver.faults}) as url:
        yield Told(ledger, f"{url}/hook", receiver)
        receiver.faults.stop()


def test_each_change_of_a_verdict_is_told_and_what_stays_the_same_is_not(told: Told) -> None:
    told.subscribe()
    told.judge(Outcome.HOLD, finding())
    told.judge(Outcome.HOLD, finding())
    told.judge(Outcome.HOLD, finding(), finding("loinc-code"))
    told.judge(Outcome.SUBMIT)
    told.deliver()
    assert told.outcomes() == [("hold", None), ("hold", "hold"), ("submit", "hold")]
    assert told.states() == ["done"] * 3 and told.receiver.refused == 0


def test_a_message_says_who_must_mend_what_and_names_no_patient(told: Told) -> None:
    told.subscribe()
    told.judge(Outcome.HOLD, finding())
    told.deliver()
    [(number, body)] = told.receiver.got.items()
    assert body["missing"] == [
        {
            "rule": "dose-report",
            "title": {"tr": "Doz raporu", "en": "Dose report"},
            "who": "modality",
            "where": "113701^DCM",
        }
    ]
    assert (body["type"], body["institution"], body["accession"]) == ("verdict.changed", "999001", key().accession)
    [row] = [one for one in told.ledger.deliveries() if one.destination == DESTINATION]
    assert number == message_id(row.key)
    assert not {"10000000146", "DENEME", "AYŞE"} & set(json.dumps(body, ensure_ascii=False).replace('"', " ").split())


def test_only_whom_it_concerns_is_told(told: Told) -> None:
    told.subscribe("wh-1", outcomes=(Outcome.SUBMIT,))
    told.subscribe("wh-2", institution="999002")
    told.subscribe("wh-3", institution="")
    told.judge(Outcome.HOLD, finding())
    told.judge(Outcome.SUBMIT)
    told.deliver()
    keys = sorted(one.key.split(":")[0] for one in told.ledger.deliveries() if one.destination == DESTINATION)
    assert keys == ["wh-1", "wh-3", "wh-3"]
    assert len(told.receiver.got) == 3


def test_a_verdict_that_is_not_committed_is_told_to_nobody(told: Told) -> None:
    told.subscribe()

    def work(tx: Transaction) -> None:
        found = tx.exam(key())
        assert found is not None
        now = told.clock.now()
        said = Verdict(outcome=Outcome.HOLD, findings=(), judged_at=now, known_at=now, rulebook="r1")
        write_verdict(tx, found, said, "due", INSTITUTION, now, "Node")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        told.ledger.write(work)
    assert told.states() == []


FAULTS = ["500", "503", "401", "hang-before", "hang-after", "reset-before", "reset-after", "half", "500-after", "slow"]


@pytest.mark.parametrize("fault", FAULTS)
def test_after_any_fault_it_arrives_under_the_same_id(told: Told, fault: str) -> None:
    told.subscribe()
    told.receiver.faults.plan(fault)
    told.judge(Outcome.HOLD, finding())
    told.deliver(rounds=3)
    assert told.states() == ["done"]
    assert told.receiver.faults.spoilt == [fault]
    assert len(told.receiver.got) == 1, "what arrives twice has one id"


def test_what_is_refused_is_parked_and_what_is_never_taken_is_given_up(told: Told) -> None:
    told.subscribe()
    told.receiver.status = 410
    told.judge(Outcome.HOLD, finding())
    told.deliver()
    assert told.states() == ["parked"]
    told.judge(Outcome.SUBMIT)
    told.receiver.status = 500
    told.deliver(rounds=100)
    assert told.states() == ["parked", "parked"]
    errors = [one.last_error.split()[0] for one in told.ledger.deliveries() if one.destination == DESTINATION]
    assert errors == ["given-up", "HTTP"]


def test_an_address_that_is_away_keeps_no_other_waiting(told: Told) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        away = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
    told.subscribe("wh-away", away)
    told.subscribe("wh-there")
    for outcome in (Outcome.HOLD, Outcome.SUBMIT) * 4:
        told.judge(outcome)
    announcer = Announcer(told.ledger, WebhookHttp(LOOPBACK, timeout=0.4), told.clock, lambda: Breaker(2))
    told.deliver(announcer=announcer)
    assert len(told.receiver.got) == 8
    waiting = [one for one in told.ledger.deliveries() if one.destination == DESTINATION and one.state != "done"]
    assert len(waiting) == 8 and all(one.key.startswith("wh-away") for one in waiting)
    assert any("left alone" in one.last_error for one in waiting)


def test_who_unsubscribes_is_told_nothing_more_and_the_secret_is_forgotten(told: Told) -> None:
    told.subscribe()
    told.judge(Outcome.HOLD, finding())
    assert told.ledger.write(lambda tx: tx.remove_webhook("wh-1", told.clock.now(), "hbys"))
    assert not told.ledger.write(lambda tx: tx.remove_webhook("wh-1", told.clock.now(), "hbys"))
    told.judge(Outcome.SUBMIT)
    told.deliver()
    assert (told.states(), told.receiver.arrivals) == (["done"], [])
    assert SECRET not in json.dumps({name: str(rows) for name, rows in told.ledger.content().items()})


def test_a_message_of_a_subscription_that_went_while_it_was_leased_is_sent_to_nobody(told: Told) -> None:
    told.subscribe()
    told.judge(Outcome.HOLD, finding())
    [leased] = told.ledger.lease(DESTINATION, "one", told.clock.now(), told.clock.now(), 1)
    told.ledger.write(lambda tx: tx.remove_webhook("wh-1", told.clock.now(), "hbys"))
    announcer = Announcer(told.ledger, WebhookHttp(LOOPBACK), told.clock)
    assert (announcer(leased), told.receiver.arrivals) == ((), [])


def test_an_address_inside_the_house_is_not_connected_to(told: Told) -> None:
    told.subscribe(url=told.url.replace("127.0.0.1", "localhost"))
    told.judge(Outcome.HOLD, finding())
    told.deliver(announcer=Announcer(told.ledger, WebhookHttp((), plain_http=True), told.clock))
    assert (told.states(), told.receiver.arrivals) == (["parked"], [])
    assert told.ledger.deliveries()[0].last_error.startswith("address-not-allowed")


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433"])
def test_nor_does_anybody_learn_which_ports_answer_there(told: Told, host: str) -> None:
    """Connecting first and looking then told an open port from a closed one."""
    said = []
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_server(("127.0.0.1", 0)) as closed:
        ports = [one.getsockname()[1] for one in (listening, closed)]
        closed.close()
        listening.setblocking(False)
        for port in ports:
            with pytest.raises(Refused) as refused:
                WebhookHttp((), plain_http=True).post(f"http://{host}:{port}/", b"{}", {})
            said.append((refused.value.code, str(refused.value).replace(str(port), "")))
        with pytest.raises(BlockingIOError):
            listening.accept()
    assert said[0] == said[1]


def test_a_name_is_asked_for_once_and_its_address_kept(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    real = socket.getaddrinfo

    def rebinding(host: object, *args: Any, **named: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1" if host == "hbys.example" else host, *args, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    told.subscribe(url=told.url.replace("127.0.0.1", "hbys.example"))
    told.judge(Outcome.HOLD, finding())
    told.deliver(announcer=Announcer(told.ledger, WebhookHttp(LOOPBACK, plain_http=True), told.clock))
    assert asked.count("hbys.example") == 1
    assert len(told.receiver.arrivals) == 1


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=deneme"]
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*made, *files], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context, tmp_path / "cert.pem"


def test_over_tls_only_a_receiver_that_an_authority_vouches_for_is_told(
    sqlite_ledger: SqlLedger, tls: tuple[ssl.SSLContext, Path]
) -> None:
    context, authority = tls
    receiver = Receiver()
    server = make_server("127.0.0.1", 0, receiver.faults, threaded=True, ssl_context=context)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    told = Told(sqlite_ledger, f"https://127.0.0.1:{server.port}/hook", receiver)
    told.subscribe()
    told.judge(Outcome.HOLD, finding())
    told.deliver(announcer=Announcer(told.ledger, WebhookHttp(LOOPBACK, timeout=5), told.clock))
    [waiting] = told.ledger.deliveries()
    assert (waiting.state, receiver.arrivals) == ("queued", []) and "SSLError" in waiting.last_error
    trusting = WebhookHttp(LOOPBACK, timeout=5, ca_file=authority)
    told.deliver(announcer=Announcer(told.ledger, trusting, told.clock))
    assert (told.states(), len(receiver.got)) == (["done"], 1)
    server.shutdown()
    server.server_close()
    thread.join()
