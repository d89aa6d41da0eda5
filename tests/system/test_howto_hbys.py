"""The pages for HBYS vendors on a real node: docs/howto/hbys-vendors.md is walked, the profile of hl7.md is broken."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from gecit.cli.hl7_page.fields import ORDER, ORDER_ROWS, REPORT, REPORT_ROWS, Row
from gecit.cli.hl7_page.page import MARKED
from gecit.cli.hl7_page.tables import everywhere
from gecit.core.codes_of_remarks import CATALOGUE
from gecit.core.exam import Exam
from gecit.core.order import ExamKey
from gecit.core.remarks import Severity
from gecit.edges.rules_files import read_folder
from gecit.sandbox.day import INSTITUTION
from tests.support.hl7_samples import profile, wire
from tests.support.hospital import Ack, Hospital, hospital
from tests.support.node import HOME

pytestmark = pytest.mark.system

PAGES = {one: (HOME / "docs/howto" / one).read_text("utf-8") for one in ("hbys-vendors.md", "hbys-vendors.en.md")}
FENCE = re.compile(r"^```(?P<kind>sh|python|hl7|ack)(?: (?P<name>\S+))?\n(?P<text>.*?)^```$", re.M | re.S)
CLOSED = {"gecici.hl7": "/registry"}
"""Messages that are sent while a service of the outside world is down."""


class Block(NamedTuple):
    kind: str
    name: str
    text: str


class Done(NamedTuple):
    block: Block
    output: str
    code: int


def blocks(page: str) -> list[Block]:
    return [Block(one["kind"], one["name"] or "", one["text"]) for one in FENCE.finditer(PAGES[page])]


BLOCKS = blocks("hbys-vendors.md")


class Walk:
    """A developer who follows the page from top to bottom, in one folder."""

    def __init__(self, node: Hospital, folder: Path) -> None:
        self.node, self.folder = node, folder
        self.ports = {"2575": node.node.mllp, "8042": node.node.http}
        path = f"{HOME}/.venv/bin:{os.environ['PATH']}"
        self.environ = {**node.node.environ, "PATH": path, "TOKEN": self._token()}

    def _token(self) -> str:
        done = self.node.gecit("tokens", "add", "HBYS of the page", "--institution", INSTITUTION.skrs)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[-1]

    def all(self) -> list[Done]:
        return [self.one(block) for block in BLOCKS]

    def one(self, block: Block) -> Done:
        if block.kind == "python":
            (self.folder / block.name).write_text(self._here(block.text), "utf-8")
        if block.kind == "hl7":
            (self.folder / block.name).write_text(block.text, "utf-8")
            return self._send(block)
        return self._run(block, block.text) if block.kind == "sh" else Done(block, "", 0)

    def _send(self, block: Block) -> Done:
        service = self.node.world.get(CLOSED.get(block.name, ""))
        if service:
            service.spoil(1.0, ["503"])
        done = self._run(block, f"mllp_send --loose -p 2575 -f {block.name} 127.0.0.1")
        if service:
            service.stop()
        return done

    def _here(self, text: str) -> str:
        """Write the default ports as those of this node."""
        return re.sub("|".join(self.ports), lambda found: str(self.ports[found[0]]), text)

    def _run(self, block: Block, command: str) -> Done:
        done = subprocess.run(
            ["bash", "-ec", self._here(command)],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            timeout=60,
            check=False,
        )
        return Done(block, (done.stdout + done.stderr).decode("utf-8", "replace"), done.returncode)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hospital, list[Done]]]:
    with hospital(tmp_path_factory.mktemp("howto")) as node:
        yield node, Walk(node, tmp_path_factory.mktemp("walk")).all()


def told(output: str) -> list[str]:
    """What an ACK says: its lines but the header, whose time and number are its own."""
    return [one for one in re.split(r"[\r\n]+", output) if one.startswith(("MSA|", "ERR|"))]


def answered() -> dict[str, list[str]]:
    """Message -> the lines of the ACK that the page shows after it."""
    pairs = pairwise(BLOCKS)
    return {one.name: told(ack.text) for one, ack in pairs if (one.kind, ack.kind) == ("hl7", "ack")}


ANSWERED = answered()


def test_every_message_of_the_page_has_its_answer() -> None:
    sent = [one.name for one in BLOCKS if one.kind == "hl7"]
    assert list(ANSWERED) == sent and len(sent) == len(set(sent)) > 8
    assert len([one for one in BLOCKS if one.kind == "ack"]) == len(sent)


@pytest.mark.parametrize("name", ANSWERED)
def test_a_message_gets_the_answer_that_the_page_shows(walk: tuple[Hospital, list[Done]], name: str) -> None:
    [done] = [one for one in walk[1] if one.block.name == name]
    assert done.code == 0, done.output
    assert told(done.output) == ANSWERED[name]


COMMANDS = [number for number, one in enumerate(BLOCKS) if one.kind == "sh"]


@pytest.mark.parametrize("number", COMMANDS)
def test_a_command_of_the_page_runs(walk: tuple[Hospital, list[Done]], number: int) -> None:
    done = walk[1][number]
    assert done.code == 0, f"{done.block.text}\n{done.output}"


def said_by(walk: tuple[Hospital, list[Done]], command: str) -> str:
    [done] = [one for one in walk[1] if one.block.kind == "sh" and command in one.block.text]
    return done.output


def test_the_same_message_again_gets_the_very_same_answer(walk: tuple[Hospital, list[Done]]) -> None:
    [first] = [one.output for one in walk[1] if one.block.name == "istem.hl7"]
    again = said_by(walk, "gonder.py istem.hl7")
    assert re.split(r"[\r\n]+", first.strip()) == re.split(r"[\r\n]+", again.strip())
    assert len(walk[0].messages(control_id="1")) == 1


def test_a_transient_answer_is_final_when_sent_again(walk: tuple[Hospital, list[Done]]) -> None:
    assert told(said_by(walk, "-f gecici.hl7")) == ["MSA|AA|10|"]


def test_windows_1254_is_read_as_it_says(walk: tuple[Hospital, list[Done]]) -> None:
    assert told(said_by(walk, "iconv")) == ["MSA|AA|12|"]
    assert "Örnek HBYS" in said_by(walk, "iconv"), "the page's sender reads the answer by its MSH-18"
    [kept] = walk[0].messages(control_id="12")
    assert "ŞAHİN".encode("cp1254") in kept.raw and b"|Windows1254" in kept.answer


def test_the_json_names_what_is_missing(walk: tuple[Hospital, list[Done]]) -> None:
    assert '"image-present"' in said_by(walk, "/gecit/api/exams/999001/NASIL1")


def exam(walk: tuple[Hospital, list[Done]], accession: str) -> Exam:
    found = walk[0].exam(ExamKey(institution="999001", accession=accession))
    assert found
    return found


def test_at_the_end_the_exam_is_as_the_page_says(walk: tuple[Hospital, list[Done]]) -> None:
    first = exam(walk, "NASIL1")
    assert first.report and first.report.report.status == "C"
    assert [one.family for one in first.report.report.radiologists] == ["ÖRNEKÇİ", "DENEMECİ"]
    assert first.order and first.order.procedures[0].loinc == "24558-9"
    assert first.order.patient.family == "ŞAHİN"
    second = exam(walk, "NASIL2")
    assert second.order and second.order.control == "CA"


@pytest.mark.parametrize("page", PAGES)
def test_every_file_is_named_where_a_reader_sees_it(page: str) -> None:
    named = [one.name for one in blocks(page) if one.name]
    assert len(named) > 10
    assert [one for one in named if f"\n`{one}`:\n\n```" not in PAGES[page]] == []


def test_both_languages_show_the_same_blocks() -> None:
    assert blocks("hbys-vendors.en.md") == BLOCKS


RULES = {one.id: one for one in read_folder(HOME / "rules").rules}


@pytest.mark.parametrize("page", PAGES)
def test_the_table_of_mistakes_names_remarks_and_rules_as_they_weigh(page: str) -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+)", PAGES[page], re.M)
    weights = {code: entry.severity.value for code, entry in CATALOGUE.items()}
    weights |= dict.fromkeys(RULES, Severity.NOTE.value)
    assert len(rows) > 12
    assert [(code, weight) for code, weight in rows if weights.get(code) != weight] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_transient_remark_is_named_as_one(page: str) -> None:
    transient = [code for code, entry in CATALOGUE.items() if entry.transient]
    assert [code for code in transient if f"`{code}`" not in PAGES[page]] == []


# The profile of docs/conformance/hl7.md: what it promises of every field, sent to the node

HL7 = (HOME / "docs/conformance/hl7.md").read_text("utf-8")
PARTS = {found["name"]: found[0] for found in MARKED.finditer(HL7)}
KINDS = {"order-fields": (ORDER, ORDER_ROWS), "report-fields": (REPORT, REPORT_ROWS)}
ONLY_HERE = {
    "duplicate-query-missing", "control-id-reused", "report-repeated", "report-superseded", "report-approved-earlier",
}  # fmt: skip
"""What a node knows and the page supposes: here nobody asked before the order, MSH-10 is counted for all rows, and many
rows send the same report again, or one of an earlier hour."""


class Promise(NamedTuple):
    table: str
    row: Row
    written: str
    promised: str  # the cell of the page, or its part that is about this value


def promises() -> Iterator[Promise]:
    """Every field with the empty value and each wrong one, and what the page says of it."""
    for table, (_, rows) in KINDS.items():
        lines = [one.replace("\\|", "").strip("| ").split(" | ") for one in PARTS[table].splitlines()[3:-1]]
        for row, cells in zip(rows, lines, strict=True):
            assert cells[0] == row.place
            yield Promise(table, row, "", cells[6])
            wrong = cells[7] if row.wrong else ""
            for number, one in enumerate(row.wrong):
                after = wrong.split(f"`{one}`: ")[1]
                following = f"; `{row.wrong[number + 1]}`: " if number + 1 < len(row.wrong) else "\0"
                yield Promise(table, row, one, after.split(following)[0])


PROMISES = list(promises())


def in_the_ack(promised: str) -> set[str]:
    """The codes that the ACK itself must name, as `AE code`; what is only held or warned for is not in it."""
    found = re.findall(r"(A[AER])(?:, \w+)? `([\w-]+)`", promised)
    return {f"{weight} {one}" for weight, one in found if one not in ONLY_HERE}


def codes_in(answer: Ack) -> set[str]:
    if answer.code == "AA":
        return {f"AA {one}" for one in answer.noted.split(", ") if one and one not in ONLY_HERE}
    weights = {code: entry.severity.value for code, entry in CATALOGUE.items()}
    return {f"{weights[one.code]} {one.code}" for one in answer.remarks if one.code not in ONLY_HERE}


@pytest.mark.parametrize(
    "number", range(len(PROMISES)), ids=[f"{one.table}-{one.row.place}-{one.written}" for one in PROMISES]
)
def test_the_node_says_of_a_field_what_the_page_promises(walk: tuple[Hospital, list[Done]], number: int) -> None:
    table, row, written, promised = PROMISES[number]
    message = everywhere(profile(), KINDS[table][0], row, written)
    counted = re.sub(r"\|300[12]\|", f"|P{number}|", message, count=1)
    answer = walk[0].say(wire(counted))
    assert codes_in(answer) == in_the_ack(promised), f"{promised}\n{answer}"
    worst = max((one[:2] for one in in_the_ack(promised)), key=["AA", "AE", "AR"].index, default="AA")
    assert answer.code == worst


def test_the_whole_messages_of_the_page_are_accepted_as_they_stand(walk: tuple[Hospital, list[Done]]) -> None:
    plain = re.findall(r"^```\n(MSH.*?)^```$", HL7, re.M | re.S)
    ours = [one for one in plain if "|999001\\S\\" in one or "\\S\\999001\\S\\" in one]
    assert len(ours) == 4
    assert [(answer.code, codes_in(answer)) for answer in map(walk[0].say, map(wire, ours))] == [("AA", set())] * 4
