"""A ledger that is lost is told of once, and once when it is back, whoever looks and however it comes and goes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from gecit.core.events import Event
from gecit.edges.store.fence import LedgerMovedError
from gecit.ports import AnswerUnknown, Delivery, Refused, Unavailable
from gecit.processes.lost_ledger import LostLedger, telling_if_lost
from gecit.settings import Settings, load
from gecit.steps.watch_ledger import Teller, Trouble
from tests.support.billing import HandClock

from .test_watch_health import Post, post  # noqa: F401 -- a fixture

PATIENCE = timedelta(minutes=5)


class Channel:
    """Keeps what it was given; raises `fault` instead where there is one."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.fault: Exception | None = None

    def __call__(self, delivery: Delivery) -> Sequence[Event]:
        """Take it."""
        if self.fault:
            raise self.fault
        self.got.append(delivery.key.rpartition(":")[0].rpartition(":")[2])
        return ()


class Told:
    """One teller with two channels, and the trouble that is noted between its steps."""

    def __init__(self) -> None:
        self.clock, self.mail, self.hook = HandClock(), Channel(), Channel()
        self.trouble: Trouble | None = None
        self.log: list[str] = []
        channels = {"e-mail": self.mail, "webhook": self.hook}
        self._teller = Teller("N1", channels, self.clock, PATIENCE, self.log.append)

    def passes(self, minutes: int, *, lost: bool) -> None:
        """Look every half minute."""
        since = self.clock.now() if lost else None
        for _ in range(minutes * 2):
            self.trouble = self._teller.step(self.trouble, since)
            self.clock.forward(seconds=30)


def test_both_are_told_once_however_long_it_lasts() -> None:
    told = Told()
    told.passes(5, lost=True)
    assert told.mail.got == []
    told.passes(60, lost=True)
    assert (told.mail.got, told.hook.got) == (["incident.opened"], ["incident.opened"])
    told.passes(5, lost=False)
    assert told.mail.got == ["incident.opened"]
    told.passes(60, lost=False)
    assert told.mail.got == told.hook.got == ["incident.opened", "incident.closed"]
    assert (told.trouble, told.log) == (None, [])


def test_what_was_away_for_a_moment_is_told_to_nobody() -> None:
    told = Told()
    for _ in range(20):
        told.passes(4, lost=True)
        told.passes(1, lost=False)
    assert (told.mail.got, told.trouble) == ([], None)


def test_one_that_comes_and_goes_is_one_trouble() -> None:
    told = Told()
    for _ in range(20):
        told.passes(6, lost=True)
        told.passes(4, lost=False)
    assert told.mail.got == ["incident.opened"]
    told.passes(7, lost=False)
    assert told.mail.got == ["incident.opened", "incident.closed"]


def test_who_is_away_is_told_later_and_who_refuses_is_not_asked_again() -> None:
    told = Told()
    told.mail.fault, told.hook.fault = Unavailable("no SMTP connection"), Refused("410", "gone")
    told.passes(10, lost=True)
    assert len([one for one in told.log if one.startswith("webhook")]) == 1
    assert len([one for one in told.log if one.startswith("e-mail")]) == 10
    told.mail.fault = None
    told.passes(10, lost=True)
    assert told.mail.got == ["incident.opened"]


def test_whoever_was_not_told_of_the_loss_is_not_told_of_the_end() -> None:
    told = Told()
    told.mail.fault = Unavailable("no SMTP connection")
    told.passes(10, lost=True)
    told.mail.fault = None
    told.passes(10, lost=False)
    assert (told.mail.got, told.hook.got, told.trouble) == ([], ["incident.opened", "incident.closed"], None)


def test_a_letter_whose_answer_was_lost_is_not_sent_again() -> None:
    told = Told()
    told.mail.fault = AnswerUnknown("sent, and no answer")
    told.passes(20, lost=True)
    assert len(told.log) == 1


# Processes of a node, with a mail server


def settings(folder: Path, port: int) -> Settings:
    (folder / "data").mkdir(exist_ok=True)
    named = {
        "EMAIL_TO": "nobetci@hastane.example", "EMAIL_FROM": "gecit@hastane.example", "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(port), "SMTP_SECURITY": "None",
    }  # fmt: skip
    environ = {f"ORTHANC__GECIT__ALERTS__{name}": one for name, one in named.items()}
    return load(environ={"GECIT_DATA": str(folder / "data"), **environ})


class Ledger:
    """Answers or not."""

    def __init__(self) -> None:
        self.away = False

    def ask(self) -> None:
        """Be asked."""
        if self.away:
            raise Unavailable("ledger")


def subjects(post: tuple[Post, int]) -> list[str]:  # noqa: F811
    return [str(one["Subject"]).partition(":")[0].removeprefix("[Geçit] ") for one in post[0].letters]


def test_two_processes_that_look_tell_once_and_so_does_one_that_was_started_anew(
    post: tuple[Post, int],  # noqa: F811
    tmp_path: Path,
) -> None:
    chosen, ledger, clock = settings(tmp_path, post[1]), Ledger(), HandClock()
    looking = [LostLedger(chosen, ledger.ask, clock) for _ in range(2)]

    def minutes(count: int) -> None:
        for _ in range(count):
            for one in looking:
                one.ask()
                one.tell()
            clock.forward(minutes=1)

    minutes(3)
    assert not (chosen.run_folder / "ledger-lost.json").exists()
    ledger.away = True
    minutes(4)
    looking[0] = LostLedger(chosen, ledger.ask, clock)
    minutes(10)
    assert subjects(post) == ["uyarı / alert"]
    text = post[0].letters[0].get_content()
    assert "kayıt defterine" in text and "PostgreSQL" in text
    looking[1] = LostLedger(chosen, ledger.ask, clock)
    ledger.away = False
    minutes(10)
    assert subjects(post) == ["uyarı / alert", "düzeldi / over"]
    assert not (chosen.run_folder / "ledger-lost.json").exists()


@pytest.mark.parametrize("blocked", ["ledger-lost.json", "ledger-lost.lock"])
def test_a_disk_that_takes_nothing_keeps_it_neither_from_being_told_nor_from_being_told_once(
    post: tuple[Post, int],  # noqa: F811
    tmp_path: Path,
    blocked: str,
) -> None:
    """It may be the one that the ledger is lost by. A folder in the file's place refuses even the superuser."""
    chosen, ledger, clock = settings(tmp_path, post[1]), Ledger(), HandClock()
    (chosen.run_folder / blocked / "full").mkdir(parents=True)
    looking = LostLedger(chosen, ledger.ask, clock)

    def minutes(count: int) -> None:
        for _ in range(count):
            looking.ask()
            looking.tell()
            clock.forward(minutes=1)

    ledger.away = True
    minutes(20)
    assert subjects(post) == ["uyarı / alert"]
    ledger.away = False
    minutes(20)
    assert subjects(post) == ["uyarı / alert", "düzeldi / over"]


def test_a_question_that_hangs_is_none_that_was_answered(post: tuple[Post, int], tmp_path: Path) -> None:  # noqa: F811
    """A network that swallows everything: the driver waits, and nothing is raised."""
    clock, answer, asked = HandClock(), threading.Event(), threading.Event()

    def hang() -> None:
        asked.set()
        answer.wait()

    looking = LostLedger(settings(tmp_path, post[1]), hang, clock)
    asking = threading.Thread(target=looking.ask)
    asking.start()
    try:
        assert asked.wait(30)
        clock.forward(minutes=5)
        looking.tell()
        assert subjects(post) == ["uyarı / alert"]
    finally:
        answer.set()
        asking.join()


def test_a_ledger_of_another_schema_answers(post: tuple[Post, int], tmp_path: Path) -> None:  # noqa: F811
    """What this node then lacks is an upgrade, not a database."""

    def ask() -> None:
        raise LedgerMovedError("1", "2")

    clock = HandClock()
    looking = LostLedger(settings(tmp_path, post[1]), ask, clock)
    for _ in range(10):
        looking.ask()
        looking.tell()
        clock.forward(minutes=1)
    assert subjects(post) == []


def test_a_process_that_cannot_even_open_it_tells_over_its_starts(
    post: tuple[Post, int],  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen, clock = settings(tmp_path, post[1]), HandClock()
    monkeypatch.setattr("gecit.processes.lost_ledger.SystemClock", lambda: clock)
    for minutes in range(8):
        with pytest.raises(Unavailable), telling_if_lost(chosen):
            raise Unavailable("ledger")
        assert subjects(post) == ["uyarı / alert"] * (minutes >= 5)
        clock.forward(minutes=1)


def test_nobody_looks_where_nobody_is_to_be_told(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert LostLedger(load(environ={"GECIT_DATA": str(tmp_path / "data")}), Ledger().ask).loops() == []
