"""The pages for integrators on a real node: docs/howto/integrators.md is walked from top to bottom."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.hospital import Hospital, hospital
from tests.support.node import HOME
from tests.support.postgres import free_port

pytestmark = pytest.mark.system

FENCE = re.compile(r"^```(?P<kind>sh|python)(?: (?P<name>\S+))?\n(?P<text>.*?)^```$", re.M | re.S)
PAGES = {one: (HOME / "docs/howto" / one).read_text("utf-8") for one in ("integrators.md", "integrators.en.md")}


class Block(NamedTuple):
    kind: str
    name: str
    text: str


def blocks(page: str) -> list[Block]:
    return [Block(one["kind"], one["name"] or "", one["text"]) for one in FENCE.finditer(PAGES[page])]


BLOCKS = blocks("integrators.md")


def test_both_languages_show_the_same_blocks() -> None:
    assert blocks("integrators.en.md") == BLOCKS and len(BLOCKS) > 10


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """What each block printed."""
    folder = tmp_path_factory.mktemp("walk")
    with hospital(tmp_path_factory.mktemp("node"), {"ORTHANC__GECIT__WEBHOOKS__ALLOW": "127.0.0.1"}) as node:
        token = node.gecit("tokens", "add", "HBYS of the page", "--institution", "999001").stdout.split()[-1]
        path = f"{HOME}/.venv/bin:{os.environ['PATH']}"
        environ = {
            **node.node.environ,
            "PATH": path,
            "GECIT": node.node.url,
            "MLLP": str(node.node.mllp),
            "TOKEN": token,
        }
        yield [one(block, node, environ, folder) for block in here(BLOCKS)]


def here(written: list[Block]) -> list[Block]:
    """The blocks with a port for the receiver that is free."""
    port = str(free_port())
    return [one._replace(text=one.text.replace("9099", port)) for one in written]


def one(block: Block, node: Hospital, environ: dict[str, str], folder: Path) -> str:
    if block.kind == "python":
        (folder / block.name).write_text(block.text, "utf-8")
        return ""
    done = subprocess.run(["bash", "-ec", block.text], cwd=folder, env=environ, capture_output=True, timeout=90)
    text = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert done.returncode == 0, f"{block.text}\n{text}"
    return text


def values(text: str) -> list[Any]:
    """The JSON values that stand in a row."""
    found, place, decoder = [], 0, json.JSONDecoder()
    while place < len(text.rstrip()):
        value, place = decoder.raw_decode(text, place)
        found.append(value)
        while place < len(text) and text[place].isspace():
            place += 1
    return found


def of(said: list[str], part: str) -> list[Any]:
    [number] = [place for place, block in enumerate(BLOCKS) if block.kind == "sh" and part in block.text]
    return values(said[number])


def printed(said: list[str], part: str) -> str:
    [number] = [place for place, block in enumerate(BLOCKS) if block.kind == "sh" and part in block.text]
    return said[number]


def test_the_node_lives_and_knows_the_institution(said: list[str]) -> None:
    live, institutions = of(said, "/api/live")
    assert live == {"ok": True}
    assert "999001" in [one["skrs"] for one in institutions["institutions"]]


def test_the_filters_and_the_search_find_the_order(said: list[str]) -> None:
    for found in (*of(said, "outcome=hold"), *of(said, "exams/search")):
        assert [one["accession"] for one in found["exams"]] == ["JSON1"]
    assert "999001 JSON1 hold" in printed(said, "sayfalar.py")


def test_an_exam_tells_its_findings_verdicts_and_events(said: list[str]) -> None:
    findings, verdicts, timeline = of(said, "/api/findings/999001/JSON1")
    assert "duplicate-query-missing" in [one["rule"] for one in findings["findings"] if one["counts"]]
    assert verdicts["verdicts"][0]["outcome"] == "hold"
    assert {"OrderPlaced", "ExamJudged"} <= {one["kind"] for one in timeline["events"]}


def test_outbox_and_exemptions_answer(said: list[str]) -> None:
    outbox, exemptions = of(said, "/api/outbox?")
    assert outbox == {"deliveries": []}
    assert [one["exemption"] for one in exemptions["windows"]] == ["duplicate-query"]


def test_what_is_wrong_is_a_problem_in_both_languages(said: list[str]) -> None:
    problems = of(said, "limit=0")
    assert [one["status"] for one in problems] == [400, 404]
    assert all(one["detail"]["tr"] and one["detail"]["en"] for one in problems)


def test_the_subscription_is_made_before_anything_is_sent(said: list[str]) -> None:
    assert printed(said, "> gizli.txt") == "OK\n"


def test_the_receiver_of_the_page_is_told_and_knows_who_told_it(said: list[str]) -> None:
    assert re.search(r"^JSON2 None -> (hold|pending)$", printed(said, "python3 alici.py"), re.M)


def test_at_the_end_nobody_is_subscribed(said: list[str]) -> None:
    text = printed(said, "-X DELETE")
    assert '{"webhooks":[]}' in text and "yok / none" in text
