"""Alerts on both engines: one when something begins, one when it ends, by a real mail server and a real receiver."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from msgspec.structs import replace

from gecit.core.background import Outage
from gecit.core.events import OutageBegan, OutageEnded
from gecit.core.values import Text
from gecit.core.webhooks import new_secret
from gecit.edges.smtp import Smtp
from gecit.edges.store import SqlLedger
from gecit.edges.webhook_http import WebhookHttp
from gecit.ports import Backlog, Beat, NewMessage, Refused, Unavailable
from gecit.ports.nodes import Node
from gecit.sandbox.server import running
from gecit.steps.deliver import Courier, Policy
from gecit.steps.watch_health import DESTINATION, KINDS, Facts, Limits, Watch, handlers, settle, wrong
from tests.support.billing import INSTITUTION, START, HandClock, key
from tests.support.postgres import free_port
from tests.support.receiver import Receiver

SECRET = new_secret(b"a" * 32)
WELL = Facts(now=START, beats=(Beat(node="N1", process="work", pid=1, at=START),))
LIMITS = Limits(sender_silence=timedelta(hours=4))


def beat(**detail: Any) -> Beat:
    return Beat(
        node="N1", process="work", pid=1, at=START, detail={name.replace("_", " "): one for name, one in detail.items()}
    )


def backlog(state: str, hours: float = 0) -> Backlog:
    return Backlog(destination="medula", state=state, count=1, oldest=START - timedelta(hours=hours))


def test_what_the_silent_one_of_a_pair_said_last_is_not_so_while_the_other_speaks() -> None:
    left = beat(breaker_medula="open", clock_behind=61, changes_behind=5001, disk_free=9, disk_total=100)
    left = replace(left, home="a", at=START - timedelta(hours=1))
    other = replace(beat(breaker_medula="closed"), home="b")
    assert set(wrong(Facts(now=START, beats=(left, other)), LIMITS)) == {"silent:N1/work"}
    assert "down:N1/medula" in wrong(Facts(now=START, beats=(left,)), LIMITS), "nobody knows that it is over"


def test_a_node_that_comes_back_is_no_incident_before_it_could_speak() -> None:
    """Its signs of life are those of before: the node is there again, its processes have still to say so."""
    back = Node(
        name="N1", mark="m", home="h", started_at=START - timedelta(seconds=5), beat_at=START, silent=timedelta(0)
    )
    old = replace(beat(computer="right"), at=START - timedelta(minutes=5))
    known = Facts(now=START, beats=(old,), nodes=(back,))
    assert wrong(known, LIMITS) == {}
    later = START + timedelta(seconds=86)
    said = wrong(replace(known, now=later), LIMITS)["silent:N1/work"]
    assert "N1 düğümünde (right) work süreci" in said.tr and "node N1 (right) is silent" in said.en


def test_nodes_with_different_audit_keys_are_told_as_long_as_both_live() -> None:
    a, c = replace(beat(audit_key="0a1b"), node="A"), replace(beat(audit_key="0a1b"), node="C")
    b = replace(beat(audit_key="9f9f"), node="B")
    assert wrong(Facts(now=START, beats=(a, c, replace(beat(), node="earlier version"))), LIMITS) == {}
    said = wrong(Facts(now=START, beats=(a, b, c)), LIMITS)["audit-key"]
    assert "A, C: 0a1b; B: 9f9f" in said.tr and "A, C: 0a1b; B: 9f9f" in said.en
    both = replace(a, home="1"), replace(b, node="A", home="2")
    assert set(wrong(Facts(now=START, beats=both), LIMITS)) == {"audit-key"}, "of a pair, too"


def at_node(node: str, taken_in: str = "", home: str = "", computer: str = "", **lists: str) -> Beat:
    detail: dict[str, Any] = {f"code list {kind}": name for kind, name in lists.items()}
    return replace(beat(**detail, code_lists_taken_in=taken_in, computer=computer), node=node, home=home)


def test_a_code_list_that_differs_is_told_once_each_node_had_time_to_take_it_in() -> None:
    old, new = (START - timedelta(days=9)).isoformat(), (START - timedelta(minutes=9)).isoformat()
    a, b = at_node("A", new, loinc="l", radiologists="2"), at_node("B", old, loinc="l", radiologists="1")
    c, unsaid = at_node("C"), replace(beat(), node="earlier version")
    known = Facts(now=START, beats=(a, b, c, unsaid))
    assert wrong(known, LIMITS) == {}, "still going from node to node"
    said = wrong(replace(known, now=START + timedelta(minutes=1)), LIMITS)
    assert list(said) == ["code-list:loinc", "code-list:radiologists"]
    assert "(C: yok; B: 1; A: 2)" in said["code-list:radiologists"].tr
    assert "(C: none; A, B: l)" in said["code-list:loinc"].en and "import loinc FILE" in said["code-list:loinc"].en
    assert wrong(Facts(now=START, beats=(b, replace(b, node="D"), unsaid)), LIMITS) == {}, "alike"
    assert wrong(Facts(now=START, beats=(c, replace(c, node="D"))), LIMITS) == {}, "nobody has any"


def test_the_two_of_a_pair_are_told_apart_by_their_computers() -> None:
    old = (START - timedelta(days=9)).isoformat()
    both = (at_node("A", old, "1", "left", sut="2"), at_node("A", old, "2", "right"), at_node("B", old, sut="2"))
    assert "A (right): none; A (left), B: 2" in wrong(Facts(now=START, beats=both), LIMITS)["code-list:sut"].en


def test_nodes_that_judge_by_different_settings_are_told() -> None:
    a, b = replace(beat(judging_settings="1"), node="A"), replace(beat(judging_settings="2"), node="B")
    said = wrong(Facts(now=START, beats=(a, b)), LIMITS)
    assert list(said) == ["settings"] and "A: 1; B: 2" in said["settings"].tr


def test_the_documents_list_every_kind_of_incident() -> None:
    table, _, _ = (Path(__file__).parents[2] / "docs/howto/alerts.md").read_text().partition("```")
    listed = {line.split("`")[1].partition(":")[0] for line in table.splitlines() if line.startswith("| `")}
    assert listed == KINDS | {"ledger"}


@pytest.mark.parametrize(
    ("differs", "found"),
    [
        ({}, []),
        ({"now": START + timedelta(seconds=90)}, []),
        ({"now": START + timedelta(seconds=91)}, ["silent:N1/work"]),
        ({"backlog": (backlog("parked"),)}, ["parked:medula"]),
        ({"backlog": (backlog("queued", 1),)}, []),
        ({"backlog": (backlog("queued", 1.01), backlog("unknown", 5))}, ["waiting:medula"]),
        ({"backlog": (backlog("parked", 100),)}, ["parked:medula"]),
        ({"beats": (beat(breaker_medula="open"),)}, ["down:N1/medula"]),
        ({"beats": (beat(breaker_medula="half-open"),)}, ["down:N1/medula"]),
        ({"beats": (beat(breaker_medula="closed"),)}, []),
        ({"outages": (Outage(service="upstream", began_at=START),)}, ["outage:upstream"]),
        ({"beats": (beat(disk_free=9, disk_total=100),)}, ["disk:N1"]),
        ({"beats": (beat(clock_behind=60),)}, []),
        ({"beats": (beat(clock_behind=61),)}, ["clock:N1"]),
        ({"beats": (beat(clock_behind=-7200),)}, ["clock:N1"]),
        ({"beats": (beat(clock_behind=31),), "standing": frozenset({"clock:N1"})}, ["clock:N1"]),
        ({"beats": (beat(clock_behind=30),), "standing": frozenset({"clock:N1"})}, []),
        ({"beats": (beat(disk_free=10, disk_total=100),)}, []),
        ({"beats": (beat(changes_behind=5001),)}, ["behind:N1"]),
        ({"beats": (beat(changes_behind=5000),)}, []),
        ({"last_messages": {"999001": START - timedelta(hours=4)}}, []),
        ({"last_messages": {"999001": START - timedelta(hours=4, seconds=1)}}, ["sender:999001"]),
    ],
)
def test_what_is_wrong_is_named_on_either_side_of_its_limit(differs: dict[str, Any], found: list[str]) -> None:
    said = wrong(replace(WELL, **differs), LIMITS)
    assert list(said) == found
    assert all(one.tr and one.en for one in said.values())
    assert {one.partition(":")[0] for one in said} <= KINDS


def test_a_limit_that_is_switched_off_is_never_reached() -> None:
    bad = replace(
        WELL, beats=(beat(disk_free=0, disk_total=100),), last_messages={"999001": START - timedelta(days=99)}
    )
    assert wrong(bad, Limits(disk_percent=0)) == {}


# Incidents in the ledger


def watch(ledger: SqlLedger, clock: HandClock, *channels: str) -> Watch:
    return Watch(ledger, ledger, clock, LIMITS, channels)


def heard(ledger: SqlLedger, clock: HandClock) -> None:
    ledger.beat(Beat(node="N1", process="work", pid=1, at=clock.now()))


def queued(ledger: SqlLedger) -> list[str]:
    return [one.key for one in reversed(ledger.deliveries()) if one.destination == DESTINATION]


def test_an_incident_is_told_when_it_begins_and_when_it_ends_and_never_between(ledger: SqlLedger) -> None:
    clock = HandClock()
    looking, beside = watch(ledger, clock, "e-mail", "webhook"), watch(ledger, clock, "e-mail", "webhook")
    heard(ledger, clock)
    looking.step()
    assert (queued(ledger), ledger.incidents(10)) == ([], [])
    clock.forward(minutes=10)
    for _ in range(3):
        looking.step()
        beside.step()
        clock.forward(minutes=10)
    [one] = ledger.incidents(10)
    opened = [f"{one.id}:incident.opened:{channel}" for channel in ("e-mail", "webhook")]
    assert (one.key, one.closed_at, queued(ledger)) == ("silent:N1/work", None, opened)
    heard(ledger, clock)
    looking.step()
    beside.step()
    [one] = ledger.incidents(10)
    assert one.closed_at == clock.now()
    assert queued(ledger)[2:] == [f"{one.id}:incident.closed:{channel}" for channel in ("e-mail", "webhook")]
    clock.forward(minutes=10)
    looking.step()
    assert [one.closed_at is None for one in ledger.incidents(10)] == [True, False], (
        "a new one, with a number of its own"
    )


def test_who_looks_late_opens_nothing_a_second_time(ledger: SqlLedger) -> None:
    found = wrong(replace(WELL, now=START + timedelta(hours=1)), LIMITS)
    first = ledger.write(lambda tx: settle(tx, found, START, ["e-mail"]))
    second = ledger.write(lambda tx: settle(tx, found, START, ["e-mail"]))
    assert (len(first), second) == (1, [])


def test_an_older_node_closes_nothing_that_it_does_not_look_for(ledger: SqlLedger) -> None:
    clock, later = HandClock(), Text(tr="yeni", en="newer")
    heard(ledger, clock)
    ledger.write(lambda tx: settle(tx, {"newer:N1": later, "disk:N1": later}, START, []))
    watch(ledger, clock, "e-mail").step()
    assert {one.key: one.closed_at is None for one in ledger.incidents(10)} == {"newer:N1": True, "disk:N1": False}
    assert len(queued(ledger)) == 1


def test_the_facts_come_out_of_the_ledger(ledger: SqlLedger) -> None:
    clock = HandClock()
    frame = NewMessage(
        received_at=START - timedelta(hours=5),
        peer="p",
        institution="999001",
        sender=("a", "b"),
        control_id="1",
        digest="d",
        raw=b"x",
    )

    def work(tx: Any) -> None:
        tx.record_institution(INSTITUTION, START)
        tx.add_message(frame)
        tx.append(OutageBegan(at=START, service="upstream"))
        tx.queue("medula", "notify", "k", key(), b"{}", START - timedelta(hours=2))
        tx.queue("archive", "attach-report", "k", key(), b"{}", START)

    ledger.write(work)
    [leased] = ledger.lease("archive", "w", START, START, 1)
    ledger.settle(leased, "w", "parked", error="no")
    watch(ledger, clock).step()
    expected = ["outage:upstream", "parked:archive", "sender:999001", "waiting:medula"]
    assert sorted(one.key for one in ledger.incidents(10)) == expected
    ledger.write(lambda tx: tx.append(OutageEnded(at=START, service="upstream")))
    watch(ledger, clock).step()
    assert sorted(one.key for one in ledger.incidents(10) if one.closed_at is None) == expected[1:]
    assert queued(ledger) == [], "nobody is to be told"


# Telling


class Post:
    """What a real SMTP server was given; `answer` is what it says of a message."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.letters.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return self.answer


@pytest.fixture
def post() -> Iterator[tuple[Post, int]]:
    taken = Post()
    server = Controller(taken, hostname="127.0.0.1", port=free_port())
    server.start()
    yield taken, server.port
    server.stop()


def smtp(port: int, **named: Any) -> Smtp:
    return Smtp(
        "127.0.0.1", port, "gecit@hastane.example", ("nobetci@hastane.example",), security="None", timeout=5, **named
    )


def test_an_incident_arrives_as_e_mail_and_as_webhook(ledger: SqlLedger, post: tuple[Post, int]) -> None:
    clock, receiver = HandClock(), Receiver()
    receiver.secrets.append(SECRET)
    heard(ledger, clock)
    clock.forward(minutes=5)
    with running({"/hook": receiver.faults}) as url:
        channels = handlers(smtp(post[1]), WebhookHttp(("127.0.0.1",)), f"{url}/hook", lambda: SECRET, clock)
        looking = watch(ledger, clock, *channels)
        courier = Courier(ledger, DESTINATION, channels, clock, "one", Policy(threads=1))
        looking.step()
        heard(ledger, clock)
        looking.step()
        while courier.step():
            pass
        courier.close()
    letters = post[0].letters
    assert [str(one["Subject"]) for one in letters] == [
        "[Geçit] uyarı / alert: silent:N1/work",
        "[Geçit] düzeldi / over: silent:N1/work",
    ]
    text = letters[0].get_content()
    assert "N1 düğümünde work süreci" in text and "Process work of node N1" in text
    assert letters[0]["To"] == "nobetci@hastane.example" and letters[0]["Auto-Submitted"] == "auto-generated"
    assert len({str(one["Message-ID"]) for one in letters}) == 2
    assert [one["type"] for one in receiver.got.values()] == ["incident.opened", "incident.closed"]
    assert next(iter(receiver.got.values()))["key"] == "silent:N1/work"


def test_a_mail_server_that_refuses_is_told_from_one_that_is_busy_or_away(
    post: tuple[Post, int], tmp_path: Path
) -> None:
    taken, port = post
    taken.answer = "554 no"
    with pytest.raises(Refused):
        smtp(port).send("s", "t", "1")
    taken.answer = "451 later"
    with pytest.raises(Unavailable):
        smtp(port).send("s", "t", "1")
    with pytest.raises(Unavailable):
        smtp(free_port()).send("s", "t", "1")
    (tmp_path / "password").write_text("x")
    with pytest.raises(Unavailable, match="no SMTP connection"):
        smtp(port, user="gecit", password_file=tmp_path / "password").send("s", "t", "1")
    with pytest.raises(Unavailable):
        Smtp("127.0.0.1", port, "a@b.example", ("c@d.example",), security="StartTls", timeout=5).send("s", "t", "1")
    assert taken.letters == []


def test_a_node_that_falls_silent_has_renewed_no_certificate_and_made_no_backup() -> None:
    """A letter that says it is over would be wrong, and the node's return would send the first one again."""
    at = START - timedelta(minutes=10)
    silent = Node(name="N1", mark="a", home="a", started_at=at, beat_at=at, silent=timedelta(minutes=10))
    said = beat(certificate_hl7=(START + timedelta(days=2)).isoformat(), backup_due="never", clock_behind=61)
    stood = frozenset({"certificate:N1/hl7", "backup:N1", "clock:N1"})
    known = Facts(now=START, beats=(replace(said, at=at),), nodes=(silent,), standing=stood)
    assert list(wrong(known, LIMITS)) == ["node:N1", "certificate:N1/hl7", "backup:N1"]
    assert list(wrong(replace(known, standing=frozenset()), LIMITS)) == ["node:N1"], "nor does anything new begin"


def test_a_node_that_is_silent_as_a_whole_is_one_incident_whatever_its_processes_said() -> None:
    def of(node: str, silent: timedelta) -> Node:
        at = START - silent
        return Node(name=node, mark=node, home=node, started_at=START - timedelta(days=1), beat_at=at, silent=silent)

    late = timedelta(minutes=10)
    beats = tuple(
        Beat(node=name, process="work", pid=1, at=START - late, detail={"breaker medula": "open"})
        for name in ("N1", "N2")
    )
    known = Facts(now=START, beats=beats, nodes=(of("N1", late), of("N2", timedelta(0))))
    assert list(wrong(known, LIMITS)) == ["node:N1", "silent:N2/work", "down:N2/medula"]
