"""The runbook names what exists: commands, options, alerts, incidents and tests, in both languages alike."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from gecit.cli import cli

HOME = Path(__file__).parents[1]
ENGLISH, TURKISH = (HOME / "docs/howto" / name for name in ("runbook.md", "runbook.tr.md"))
PAGES = (ENGLISH, TURKISH)
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.S | re.M)
OPERATIONS = (
    "Install", "First institution", "Go-live check", "Backup and restore", "Upgrade", "Node lost", "Database lost",
    "Certificate renewal", "An exemption is announced", "MEDULA is down for a day",
)  # fmt: skip
LABELS = {
    ENGLISH: ("- Notice:", "- Do[,: ](?!not)", "- It worked when", "- Do not ", "- More: ", "- Executed by "),
    TURKISH: ("- Fark edilir: ", "- Yapılır[,: ]", "- Olduysa ", "- Yapmayın: ", "- Ayrıntı: ", "- Yürüten"),
}
"""What each operation says, in this order."""


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def sections(path: Path) -> list[tuple[str, str]]:
    """The operations: heading and text of each, what was carried out by hand left out."""
    parts = re.split(r"^## (.*)$", text(path), flags=re.M)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))[: len(OPERATIONS)]


def lines(page: str) -> list[str]:
    return [line for block in BLOCK.findall(page) for line in block.splitlines() if not line.startswith("#")]


def calls(page: str) -> list[str]:
    """Each call of gecit, in a block to type or in a sentence."""
    spoken = re.findall(r"`(gecit [a-z][^`]+)`", BLOCK.sub("", page))
    return [one for one in [*lines(page), *spoken] if one.startswith("gecit ")]


def executing(page: str) -> list[str]:
    return re.findall(r"`([\w/]+\.py::\w+)`", page)


def fault(call: str) -> str:
    """What of a call is not there: a command, or one of its options."""
    command: click.Command = cli
    words = shlex.split(call)[1:]
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words.pop(0)) if words else None
        if found is None:
            return "no such command"
        command = found
    known = {name for one in command.params for name in one.opts} | {"--help"}
    return ", ".join(one for one in words if one.startswith("--") and one not in known)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_operation_says_how_it_is_noticed_done_and_known_to_have_worked(page: Path) -> None:
    operations = sections(page)
    assert len(operations) == len(OPERATIONS)
    for name, section in operations:
        prose = BLOCK.sub("", section)
        found = [re.search(f"^{label}", prose, re.M) for label in LABELS[page]]
        places = [one.start() for one in found if one]
        assert len(places) == len(found) and places == sorted(places), (name, places)
        assert BLOCK.search(section), name
        assert executing(section), name


def test_the_operations_are_those_of_a_site_that_lives() -> None:
    assert tuple(name for name, _ in sections(ENGLISH)) == OPERATIONS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_named_exists_with_its_options(page: Path) -> None:
    named = calls(text(page))
    assert len(named) > 40
    assert {one: why for one in named if (why := fault(one))} == {}


@pytest.mark.parametrize("call", ["gecit nodes bury A", "gecit backup /backup --twice", "gecit nodes"])
def test_a_command_that_is_not_there_is_noticed(call: str) -> None:
    assert fault(call)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_is_named_exists(page: Path) -> None:
    named = [one.split("::") for one in executing(text(page))]
    assert [f"{file}::{name}" for file, name in named if f"\ndef {name}(" not in text(HOME / "tests" / file)] == []


def test_both_languages_name_the_same_commands_and_tests_in_the_same_order() -> None:
    for (name, english), (_, turkish) in zip(sections(ENGLISH), sections(TURKISH), strict=True):
        assert lines(turkish) == lines(english), name
        assert executing(turkish) == executing(english), name
    assert lines(text(TURKISH)) == lines(text(ENGLISH))


def test_alerts_and_incidents_that_are_named_exist() -> None:
    alerts = set(re.findall(r"- alert: (\w+)", text(HOME / "deploy/prometheus/gecit.rules.yml")))
    prose = BLOCK.sub("", text(ENGLISH))
    named = set(re.findall(r"`(Gecit[A-Z]\w+)`", prose))
    assert named and named <= alerts
    kinds = set(re.findall(r"^\| `(\w+):", text(HOME / "docs/howto/alerts.md"), re.M))
    incidents = set(re.findall(r"`(\w+):[A-Za-z/]+`", prose)) - {"upstream"}
    assert incidents and incidents <= kinds
