"""A real node with the pretend outside world, and a hospital's own senders: hl7's MLLP client, DCMTK, pynetdicom."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import hl7
import msgspec
import requests
import sqlalchemy as sa
from hl7.client import MLLPClient

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.exam import Billing, Exam
from gecit.core.order import ExamKey, Order
from gecit.core.verdict import Outcome
from gecit.edges import codes, hl7_build
from gecit.edges.doors import new_token, token_digest
from gecit.edges.store import SqlLedger, open_ledger, schema
from gecit.edges.system_clock import SystemClock
from gecit.ports import Institution
from gecit.sandbox import node as laptop
from gecit.sandbox.day import INSTITUTION, ExamStory, exams_of_the_day
from gecit.sandbox.duplicates import new_credentials
from gecit.sandbox.faults import Faults
from gecit.sandbox.medula_soap import new_account
from gecit.sandbox.play import Player, Result, wait_for
from gecit.sandbox.server import outside_world, running
from gecit.settings import load

from .node import HOME, Node, until

PYTHON = HOME / ".venv/bin/python"
VT, FS_CR = b"\x0b", b"\x1c\r"
QUICK = {
    "ORTHANC__GECIT__SETTLE_SECONDS": "1.5",
    "ORTHANC__GECIT__TRANSIENT_RETRY_SECONDS": "1",
    "ORTHANC__GECIT__OUTBOX__BACKOFF_SECONDS": "0.2",
    "ORTHANC__GECIT__OUTBOX__BREAKER_SECONDS": "1",
    "ORTHANC__GECIT__REGISTRY__CACHE_MINUTES": "0",
    "ORTHANC__GECIT__REGISTRY__TIMEOUT_SECONDS": "2",
    "ORTHANC__GECIT__MEDULA__TIMEOUT_SECONDS": "2",
    "ORTHANC__GECIT__OUTBOX__LEASE_SECONDS": "3",
}


class Remarked(NamedTuple):
    """One repetition of ERR-1."""

    code: str
    where: str  # ORC-21
    tr: str
    en: str


class Ack(NamedTuple):
    """An answer as python-hl7 reads it; `noted` = MSA-3."""

    code: str
    control_id: str
    noted: str
    remarks: tuple[Remarked, ...]

    def told(self, code: str) -> Remarked:
        """Return a remark by its code; fails, showing all, where it was not made."""
        found = [one for one in self.remarks if one.code == code]
        assert found, f"no {code} in {self}"
        return found[0]


def read_ack(answer: bytes) -> Ack:
    """Read an answer, framed or not, with a library of somebody else's."""
    data = answer.lstrip(VT).split(b"\x1c")[0]
    text = data.decode("cp1254" if b"|Windows1254\r" in data else "utf-8")  # as MSH-18 says
    message = hl7.parse(text)
    msa = message.segment("MSA")
    errors = [line.partition("|")[2] for line in text.split("\r") if line.startswith("ERR|")]
    remarks = [_remarked(one) for line in errors for one in line.split("~")]
    return Ack(str(msa[1]), str(msa[2]), str(msa[3]) if len(msa) > 3 else "", tuple(remarks))


def _remarked(repetition: str) -> Remarked:
    segment, sequence, field, element = repetition.split("^")
    code, tr, ours, again, en, ours_again = element.split("&")
    assert sequence.isdigit() and code == again and ours == ours_again == "GECIT"
    return Remarked(code, f"{segment}-{field}" if field else segment, tr, en)


class Message(NamedTuple):
    """What the ledger keeps of a frame."""

    id: int
    raw: bytes
    answer: bytes
    answer_code: str
    transient: bool


class Hospital:
    """A node that is running, its pretend MEDULA and registry, and how to speak to it."""

    def __init__(self, node: Node, sandbox: str, world: Mapping[str, Faults], folder: Path) -> None:
        self.node, self.sandbox, self.world, self.folder = node, sandbox, world, folder
        self.ledger: SqlLedger = open_ledger(node.database)
        self._token = new_token()
        now = datetime.now(UTC)
        self.ledger.save_account(Account(name="HBYS", roles=(Role.ADMINISTRATOR,)), now)
        self.ledger.add_token(token_digest(self._token), "HBYS", now, None)
        self._sent = 0

    def close(self) -> None:
        """Stop the node, by its pid."""
        self.ledger.close()
        self.node.end()

    # HL7

    def say(self, message: bytes, *, framed: bool = False) -> Ack:
        """Send one message (or a frame) by hl7's own MLLP client, and read the answer; OSError where there is none."""
        with MLLPClient("127.0.0.1", self.node.mllp) as client:
            client.socket.settimeout(30)
            answer = client.send(message) if framed else client.send_message(message)
        if not answer:
            raise ConnectionResetError("closed without an answer")
        return read_ack(answer)

    def order(self, order: Order, control_id: str = "", **envelope: str) -> Ack:
        """Send an order."""
        return self.say(order_of(order, control_id, **envelope))

    def listening(self) -> bool:
        """Whether the HL7 door answers; of one with TLS, whether somebody is there."""
        try:
            if "ORTHANC__GECIT__MLLP_TLS__CERTIFICATE" in self.node.environ:
                socket.create_connection(("127.0.0.1", self.node.mllp), 5).close()
                return True
            hl7_build.send("127.0.0.1", self.node.mllp, [b"MSH|^~\\&|PROBE"], timeout=5)
        except OSError:
            return False
        return True

    # What the ledger knows

    def exam(self, key: ExamKey) -> Exam | None:
        """Return an exam."""
        return self.ledger.read(lambda tx: tx.exam(key))

    def messages(self, *, control_id: str = "", containing: bytes = b"") -> list[Message]:
        """Return messages by MSH-10, or by some of their bytes."""
        table = schema.message.c
        query = sa.select(table.id, table.raw, table.answer, table.answer_code, table.transient).order_by(table.id)
        if control_id:
            query = query.where(table.control_id == control_id)
        with self.ledger.engine.connect() as connection:
            found = [Message(*row) for row in connection.execute(query)]
        return [one for one in found if containing in one.raw]

    def kinds(self, key: ExamKey) -> list[str]:
        """Return the kinds of an exam's events, oldest first."""
        return [type(one).__name__ for one in self.ledger.timeline(key)]

    # Images

    def store(self, *files: Path, calling: str = INSTITUTION.aets[0], called: str = "GECIT") -> int:
        """Store by DCMTK's storescu; returns its exit code."""
        command = ["storescu", "-R", "-aet", calling, "-aec", called, "127.0.0.1", str(self.node.dicom)]
        environ = {**self.node.environ, "TCP_NODELAY": "1"}
        done = subprocess.run([*command, *map(str, files)], env=environ, capture_output=True, timeout=60, check=False)
        return done.returncode

    # The day

    def running(self) -> laptop.Running:
        """Return the node as the demo's player knows it."""
        settings = load(environ=self.node.environ)
        return laptop.Running(settings, self.sandbox, passwords={}, token=self._token, ended=lambda: None)

    def play(self, stories: Sequence[ExamStory], folder: Path) -> None:
        """Send all that the stories say."""
        player = Player(self.running(), folder)
        for story in stories:
            player.play(story)

    def results(self, stories: Sequence[ExamStory], patience: float = 60.0) -> list[Result]:
        """Wait for the stories' end."""
        return wait_for(self.ledger, stories, patience)

    # MEDULA

    def effective(self) -> list[tuple[str, str]]:
        """Return (institution, accession) of every notification in force at the pretend MEDULA, as `/inspect` says."""
        skrs = {one.medula_code: one.skrs for one in self.ledger.read(lambda tx: tx.institutions())}
        return sorted((skrs[facility], accession) for facility, accession in self.inspect()["exams"])

    def inspect(self) -> dict[str, Any]:
        """Return what the pretend MEDULA shows."""
        found: dict[str, Any] = requests.get(f"{self.sandbox}/medula/inspect", timeout=20).json()
        return found

    # The command line

    def gecit(self, *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run the command line on this node."""
        return run_gecit(self.node.environ, *arguments, seconds=seconds)


def run_gecit(environ: Mapping[str, str], *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """Run `gecit` as a process."""
    return subprocess.run(
        [str(PYTHON), "-m", "gecit.cli", *arguments],
        env=dict(environ), capture_output=True, text=True, timeout=seconds, check=False, cwd=HOME,
    )  # fmt: skip


@contextmanager
def hospital(
    data: Path,
    environ: Mapping[str, str] | None = None,
    institutions: Sequence[Institution] = (INSTITUTION,),
    database: str = "",
    log: Path | None = None,
    protocol: str = "Json",
    config: Path = HOME / "orthanc-config",
) -> Iterator[Hospital]:
    """Run a node with its outside world for the length of a block; its log is shown where a test fails."""
    data.mkdir(parents=True, exist_ok=True)
    credentials, account = new_credentials(), new_account()
    world = outside_world(SystemClock(), credentials=credentials, account=account)
    with running(world) as sandbox:
        addresses = {
            **laptop.duplicates_above(data, sandbox, credentials),
            **laptop.medula_over(protocol, data, sandbox, account),
            **(environ or {}),
        }
        made = not_started(data, sandbox, world, addresses, database, config)
        made.node.add_administrator()
        made.node.log = log or made.node.log
        record(made.ledger, institutions)
        node = made.node
        try:
            node.start()
            ready(made)
            yield made
        finally:
            made.close()
            print(f"--- log of {data.name}\n{node.log_text()[-20_000:]}")  # noqa: T201 -- shown by pytest on failure


def not_started(
    data: Path,
    sandbox: str,
    world: Mapping[str, Faults],
    environ: Mapping[str, str],
    database: str = "",
    config: Path = HOME / "orthanc-config",
) -> Hospital:
    """Return a node beside an outside world that is running, to be started."""
    data.mkdir(parents=True, exist_ok=True)
    registry = {"ORTHANC__GECIT__REGISTRY__URL": f"{sandbox}/registry"}
    node = Node(data, config, {**QUICK, **laptop.site_rules(data), **registry, **environ})
    if database:
        node.database = node.environ["ORTHANC__GECIT__DATABASE"] = database
    codes.import_csv(data / "codes.db", "physicians", laptop.PHYSICIANS, datetime.now(UTC))
    return Hospital(node, sandbox, world, data)


def record(ledger: SqlLedger, institutions: Sequence[Institution]) -> None:
    """Record institutions."""
    for one in institutions:
        ledger.write(lambda tx, one=one: tx.record_institution(one, datetime.now(UTC)))  # type: ignore[misc]


def ready(made: Hospital) -> None:
    """Wait until all doors are open, the DICOM door to the institutions' AE titles too."""
    made.node.wait_live()
    until(made.listening, 30, "the HL7 door is open")
    until(lambda: "gecit-" in made.node.get("/modalities").text, 30, "the institutions' AE titles are known to Orthanc")


def stories_at(minutes_ago: int, institution: Institution = INSTITUTION) -> list[ExamStory]:
    """Return the demo's stories with accession numbers of their own."""
    now = datetime.now(UTC)
    return exams_of_the_day(now, institution, named=now - timedelta(minutes=minutes_ago))


def order_of(order: Order, control_id: str = "", **envelope: str) -> bytes:
    """Write an order as HL7."""
    control = control_id or f"O{order.key.accession}"
    return hl7_build.order_message(order, hl7_build.Envelope(control_id=control, **envelope))


def with_accession(order: Order, accession: str, **changes: object) -> Order:
    """Return another exam's order."""
    key = ExamKey(institution=order.key.institution, accession=accession)
    return msgspec.structs.replace(order, key=key, **changes)


def with_field(message: bytes, segment: str, number: int, value: str, codec: str = "utf-8") -> bytes:
    """Write a field of a segment's first occurrence anew."""
    lines = message.decode(codec).split("\r")
    place = next(at for at, line in enumerate(lines) if line.startswith(segment))
    fields = lines[place].split("|")
    number -= segment == "MSH"  # MSH-1 is the separator itself
    fields += [""] * (number + 1 - len(fields))
    fields[number] = value
    lines[place] = "|".join(fields)
    return "\r".join(lines).encode(codec)


def as_it_should(results: Sequence[Result], ledger: SqlLedger) -> None:
    """Fail with the reasons, and what waits in the outbox, where an exam of the day did not end as its story says."""
    wrong = [one for one in results if not one.as_expected]
    told = [
        (one.story.id, one.verdict.outcome if one.verdict else None, one.exam.billing if one.exam else None,
         [(found.rule, found.status) for found in (one.verdict.findings if one.verdict else ())],
         [(row.kind, row.state, row.attempts, row.last_error) for row in ledger.deliveries(limit=1000)
          if row.exam == one.story.order.key])
        for one in wrong
    ]  # fmt: skip
    assert not wrong, told


def billable(results: Sequence[Result]) -> list[tuple[str, str]]:
    """Return (institution, accession) of the exams that MEDULA must know."""
    keys = [one.story.order.key for one in results if one.story.outcome is Outcome.SUBMIT]
    return sorted((one.institution, one.accession) for one in keys)


def unfinished(made: Hospital, keys: Sequence[ExamKey]) -> list[ExamKey]:
    """Return exams that MEDULA does not know yet."""
    exams = [made.exam(key) for key in keys]
    return [key for key, one in zip(keys, exams, strict=True) if one is None or one.billing is not Billing.TOLD]


def read_json(text: str) -> dict[str, object]:
    """Read a command's JSON."""
    found: dict[str, object] = json.loads(text)
    return found
