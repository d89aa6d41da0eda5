"""Whatever a command changes is audited before it: with the audit away it ends, and nothing has changed."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from gecit.cli import cli
from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.billing import idempotency_key
from gecit.core.events import NotificationAnswered, OutageBegan, OutageEnded
from gecit.core.set_aside import Reason, SetAside
from gecit.core.verdict import Outcome
from gecit.core.webhooks import Subscription, new_secret
from gecit.edges.set_aside_files import SetAsideFiles
from gecit.edges.store import SqlLedger, open_ledger, schema
from gecit.ports import Unavailable
from gecit.ports.nodes import NewNode
from gecit.settings import load
from gecit.steps.judge_exam import judge_due
from tests.steps.test_find_hints import LATER, flat
from tests.support import billing, flow
from tests.support.commands import walk
from tests.support.reviews import NUMBERS, SIGNED, signed

from .test_outbox import held_by
from .test_retention import aged

ASIDE = "-".join(["0123abcd"] * 5)
AUDIT = {"audit", "audit_chain"}
READS = {
    "run", "demo", "work", "listen", "web", "health", "check", "samples", "judge", "replay",
    "rules lint", "rules list", "rules show", "rules calendar", "rules diff", "rules drafts",
    "exemptions list", "exemptions affected", "codes search", "institutions list", "users list", "tokens list",
    "worklist list", "outbox list", "outbox show", "webhooks list", "alerts list", "alerts test", "balance simulate",
    "aside list", "audit verify", "audit list", "quality again", "quality report", "ledger verify", "selftest", "send",
    "scale simulate", "scale assumptions",
    "nodes list",
}  # fmt: skip
"""They change nothing, or are processes whose own rows are told where they are made."""
TELL_ELSEWHERE = {"users add", "users disable", "users password", "tokens add", "tokens revoke", "restore"}
"""The desk of accounts tells, as it does for the pages; tests/cli/test_users.py. A restore tells in the ledger that it
brings, which is not there before: tests/cli/test_backup.py."""


class Place(NamedTuple):
    ledger: SqlLedger
    data: Path
    site: Path

    def state(self) -> object:
        """Everything that a change could have touched, but for the audit itself."""
        with self.ledger.engine.connect() as connection:
            tables = {
                one.name: sorted(map(repr, connection.execute(sa.select(one)).all()))
                for one in schema.metadata.sorted_tables
                if one.name not in AUDIT
            }
        kept = [*self.site.rglob("*"), *self.data.glob("codes*"), *self.data.glob("set-aside/*")]
        return tables, {str(one): one.read_bytes() for one in kept if one.is_file() and one.suffix != ".lock"}

    def told(self) -> list[tuple[str, str, str, str]]:
        found = sa.select(schema.audit).where(schema.audit.c.what != "anchor").order_by(schema.audit.c.at)
        with self.ledger.engine.connect() as connection:
            rows = connection.execute(found).all()
        return [(one.who, one.address, one.what, one.outcome) for one in rows]


@pytest.fixture
def place(data: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("ORTHANC__GECIT__RETENTION__YEARS", "20")
    data.mkdir(parents=True)
    ledger = open_ledger(f"sqlite:///{data}/ledger.db")
    made = Place(ledger, data, site)
    prepare(made)
    yield made
    ledger.close()


def prepare(place: Place) -> None:
    """Something to retry, to park, to decide, to end, to draw, to delete, to excuse and to mend."""
    ledger = place.ledger
    put = SetAside(study=ASIDE, reason=Reason.ENDED, at=billing.START, names=(ASIDE,))
    SetAsideFiles(place.data).put(put)
    ledger.write(lambda tx: tx.record_institution(billing.INSTITUTION, billing.START))
    ledger.write(lambda tx: tx.record_institution(flow.HOSPITAL, billing.START))
    ledger.save_account(Account(name="cem", roles=(Role.ASSESSOR,), tckn=NUMBERS["cem"]), SIGNED)
    signed(ledger, "R1", image_quality_rating=2)
    flow.send(ledger, flow.incoming(flow.order("H1"), "1"))
    flow.arrive(ledger, flat(accession="H1"))
    ledger.write(lambda tx: judge_due(tx, flow.JUDGING, LATER, "Node"))
    for number in (1, 2):
        told(ledger, number)
    aged(ledger, load().name)
    one = Subscription(
        id="wh-1", institution="", url="https://127.0.0.1/", secret=new_secret(b"s" * 32),
        created_at=billing.START, by="x",
    )  # fmt: skip
    ledger.write(lambda tx: tx.add_webhook(one))
    for number in range(2):
        named = f"wh-1:{number}"
        ledger.write(
            lambda tx, named=named: tx.queue("webhook", "trial", named, billing.key(1), b"{}", billing.START)  # type: ignore[misc]
        )
    began = flow.START
    ledger.write(lambda tx: tx.append(OutageBegan(at=began, service="duplicates", reason="x")))
    ledger.write(lambda tx: tx.append(OutageEnded(at=began + timedelta(hours=3), service="duplicates")))


def told(ledger: SqlLedger, number: int) -> None:
    """An exam whose withdrawal waits for a person."""
    exam = billing.key(number)
    billing.arrive(ledger, exam, billing.START)
    billing.judge(ledger, exam, Outcome.SUBMIT, billing.START)
    name = idempotency_key(billing.exam_of(ledger, exam), 1, "notify")
    answered = NotificationAnswered(at=billing.START, exam=exam, key=name, accepted=True, code="0000")
    ledger.write(lambda tx: tx.append(answered))
    held_by(ledger, exam, "dose-report")


def delivery(place: Place, number: int) -> str:
    return str(sorted(one.id for one in place.ledger.deliveries() if one.destination == "webhook")[number])


def park(place: Place) -> None:
    with place.ledger.engine.begin() as connection:
        connection.execute(sa.update(schema.outbox).where(schema.outbox.c.id == int(delivery(place, 1))).values(
            state="parked", resume="queued"
        ))  # fmt: skip


def broken_fold(place: Place) -> None:
    with place.ledger.engine.begin() as connection:
        connection.execute(sa.delete(schema.procedure))


def approved(place: Place) -> str:
    return place.ledger.read(lambda tx: tx.retention_lists())[0].id


def csv_of(place: Place) -> str:
    written = place.data.parent / "list.csv"
    shipped = sorted((load().rules / "codes").glob("*.csv"))[0]
    written.write_bytes(shipped.read_bytes())
    return f"{shipped.stem} {written}"


def silent_node(place: Place) -> str:
    place.ledger.claim_node(NewNode(name="N9", mark="9", home="9"))
    with place.ledger.engine.begin() as connection:
        connection.execute(sa.update(schema.node).values(beat_at=billing.START))
    return "N9"


Case = Callable[[Place], str]
CASES: dict[str, Case] = {
    "institutions add": lambda _: "910077 --name Deneme",
    "webhooks add": lambda _: "https://hbys.example/gecit",
    "outbox park": lambda p: f"{delivery(p, 0)} --reason deneme",
    "outbox retry": lambda p: park(p) or delivery(p, 1),
    "outbox approve": lambda _: f"{billing.key(1).accession} --reason deneme",
    "outbox dismiss": lambda _: f"{billing.key(2).accession} --reason deneme",
    "rules activate": lambda _: "--note deneme",
    "exemptions draft": lambda _: "--from 2026-03-02 --to 2026-03-03 --keep mart",
    "retention list": lambda _: "",
    "quality sample": lambda _: "--from 2026-03-01 --to 2026-03-31 --reviewer cem --size random=1",
    "quality find-hints": lambda _: "",
    "ledger rebuild": lambda p: broken_fold(p) or "",
    "codes import": csv_of,
    "webhooks remove": lambda _: "wh-1",
    "aside retry": lambda _: ASIDE,
    "nodes forget": silent_node,
}
"""In an order in which each finds what it changes; `retention delete` needs an Orthanc."""
NEEDS_MORE = {"retention delete", "backup"}
ENDS_WITH = {"ledger rebuild": 1}  # it says that something was not what the events say


def test_nothing_is_changed_that_cannot_be_audited(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, case in CASES.items():
        words = [*name.split(), *case(place).split()]
        before, rows = place.state(), len(place.told())
        with monkeypatch.context() as broken:
            broken.setattr(SqlLedger, "add_audit", lambda *_: (_ for _ in ()).throw(OSError("full")))
            ended = CliRunner().invoke(cli, words)
            assert isinstance(ended.exception, Unavailable), (name, ended.output)
        assert place.state() == before, name
        ended = CliRunner().invoke(cli, words)
        assert ended.exit_code == ENDS_WITH.get(name, 0), (name, ended.output, ended.exception)
        assert place.state() != before, f"{name}: the test would prove nothing"
        [(who, where, what, outcome)] = place.told()[rows:]
        assert (who, where, outcome) == (getpass.getuser(), "cli", "done") and what, name


def test_a_list_to_delete_is_not_begun_that_cannot_be_audited(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    CliRunner().invoke(cli, ["retention", "list"])
    before = place.state()
    monkeypatch.setattr(SqlLedger, "add_audit", lambda *_: (_ for _ in ()).throw(OSError("full")))
    ended = CliRunner().invoke(cli, ["retention", "delete", approved(place)])
    assert isinstance(ended.exception, Unavailable)
    assert place.state() == before


def test_a_command_that_fails_is_a_second_row(place: Place) -> None:
    ended = CliRunner().invoke(cli, ["outbox", "retry", "999"])
    assert ended.exit_code == 1
    assert [(what, outcome) for _, _, what, outcome in place.told()] == [
        ("retry a delivery", "done"),
        ("retry a delivery", "failed"),
    ]


def test_every_command_reads_or_is_among_them() -> None:
    leaves = {" ".join(path) for path, one in walk(cli) if not isinstance(one, click.Group)}
    assert leaves == READS | TELL_ELSEWHERE | set(CASES) | NEEDS_MORE
