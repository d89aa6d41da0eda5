"""The patient-rights desk is told by a real mail server that somebody asks for an exam: never who, and never which."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gecit.core.patient_requests import Act, PatientRequest, Side, moved
from gecit.edges.smtp import Smtp
from gecit.edges.store import SqlLedger
from gecit.ports import Mailer, OutboxSearch
from gecit.steps.deliver import Courier, Policy
from gecit.steps.tell_desk import DESTINATION, handlers, teller
from tests.fakes import StillClock
from tests.support.flow import HOSPITAL, TCKN
from tests.support.reading import NOW

from .test_watch_health import Post, post  # noqa: F401 -- a fixture

ADDRESS = "https://gecit.example"
DESKS = {HOSPITAL.skrs: ("hakhukuk@hastane.example", "sekreter@hastane.example")}
ASKED = PatientRequest(
    id="a1b2", institution=HOSPITAL.skrs, tckn=TCKN, name="ÇİĞDEM ŞAHİN", when="Mart 2024", what="Beyin MR",
    asked_at=NOW, due_at=NOW.replace(month=4),
)  # fmt: skip


def asked(ledger: SqlLedger, one: PatientRequest = ASKED, most: int = 5) -> bool:
    tell = teller(DESKS)
    return ledger.add_request(one, most, lambda tx: tell(tx, one, NOW))


def deliver(ledger: SqlLedger, port: int) -> None:
    def mailer(to: tuple[str, ...]) -> Mailer:
        return Smtp("127.0.0.1", port, "gecit@hastane.example", to, security="None", timeout=5)

    told = handlers(ledger, mailer, DESKS, ADDRESS)
    courier = Courier(ledger, DESTINATION, told, StillClock(NOW), "one", Policy(threads=1))
    while courier.step():
        pass
    courier.close()


def states(ledger: SqlLedger) -> list[str]:
    return [one.state for one in ledger.search_outbox(OutboxSearch(destination=DESTINATION, limit=9))]


def test_the_desk_of_the_institution_gets_a_link_and_the_day_and_nothing_else(
    ledger: SqlLedger,
    post: tuple[Post, int],  # noqa: F811 -- the fixture
) -> None:
    assert asked(ledger)
    deliver(ledger, post[1])
    deliver(ledger, post[1])
    (letter,) = post[0].letters
    assert letter["To"] == "hakhukuk@hastane.example, sekreter@hastane.example"
    text = letter.get_content()
    assert f"{ADDRESS}/gecit/patient-desk/a1b2" in text and "02.04.2026" in text
    whole = text + str(letter["Subject"])
    assert not any(never in whole for never in (TCKN, "ŞAHİN", "ÇİĞDEM", "Beyin", "Mart 2024"))
    assert states(ledger) == ["done"]
    rows = [one.payload for one in ledger.lease(DESTINATION, "t", NOW, NOW.replace(month=5), 9)]
    assert rows == []


def test_one_that_is_not_kept_and_one_of_a_desk_without_address_tell_nobody(ledger: SqlLedger) -> None:
    assert not asked(ledger, most=0)
    assert asked(ledger, replace(ASKED, id="c3", institution="910009"))
    assert states(ledger) == []


@pytest.mark.parametrize("act", [Act.WITHDRAW, Act.ANSWER])
def test_what_was_withdrawn_or_answered_meanwhile_is_told_no_more(
    ledger: SqlLedger,
    post: tuple[Post, int],  # noqa: F811 -- the fixture
    act: Act,
) -> None:
    asked(ledger)
    side = Side.CITIZEN if act is Act.WITHDRAW else Side.DESK
    ledger.change_request("a1b2", lambda one: moved(one, act, side, NOW, by="m", text="yok"))
    deliver(ledger, post[1])
    assert (post[0].letters, states(ledger)) == ([], ["done"])
