"""`gecit scale`: what it prints for people and for programs, other assumptions, and the page that is made of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from gecit.cli.hl7_page.page import MARKED, generated
from gecit.cli.scale.page import all_parts
from gecit.core.scale.load import Size
from gecit.edges.scale_files import shipped

PAGE = (Path(__file__).parents[2] / "docs/scale.md").read_text("utf-8")
Run = Callable[..., Result]


def simulated(run: Run, *more: str) -> dict[str, Any]:
    done = run("scale", "simulate", "--size", "hospital", "--json", *more)
    found: dict[str, Any] = json.loads(done.output)
    return found


def of(found: dict[str, Any], size: str) -> Any:
    [one] = [one for one in found["sizes"] if one["size"] == size]
    return one


def test_the_page_says_what_the_simulation_says_today() -> None:
    parts = all_parts(shipped())
    assert generated(PAGE, parts) == PAGE, "run `make docs`"
    assert sorted(found["name"] for found in MARKED.finditer(PAGE)) == sorted(parts)


def test_json_has_every_size_with_its_bounds_and_needs_no_ledger(run: Run, data: Path) -> None:
    found = simulated(run)
    assert [one["size"] for one in found["sizes"]] == [one.value for one in Size]
    country = of(found, "country")
    assert country["nodes"] == 2361
    [connections, *_] = country["node_for_each_hospital"]
    assert (connections["key"], connections["breaks"], connections["months_until_full"]) == ("connections", True, None)
    assert connections["then"].keys() == {"tr", "en"}
    assert [(one["lost"], one["minutes"]) for one in found["days"]] == [("nothing", 0), ("node", 30)]
    assert not data.exists()


def test_a_seed_draws_the_same_day_again_and_another_another(run: Run) -> None:
    first, again, other = (simulated(run, "--seed", seed)["days"] for seed in ("5", "5", "6"))
    assert first == again != other


def test_other_assumptions_change_what_follows_from_them_and_are_named(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text('[kind.CT]\ninstances = { value = 800, source = "our PACS" }\n[node]\ndisk = 100e12\n')
    before, after = simulated(run), simulated(run, "--file", str(file), "--assume", "node.disk=200e12")
    assert of(after, "country")["whole"]["exams_year"] == of(before, "country")["whole"]["exams_year"]
    assert of(after, "country")["whole"]["instances_year"] > 1.5 * of(before, "country")["whole"]["instances_year"]
    told = {key: (one["value"], one["source"]) for key, one in after["assumptions"].items() if one["basis"] == "given"}
    assert told == {"kind.CT.instances": (800, "our PACS"), "node.disk": (200e12, "--assume")}


def test_people_read_what_breaks_and_what_to_do_in_both_languages(run: Run) -> None:
    done = run("scale", "simulate", "--size", "province", "--lost", "10", "--hours", "--assume", "exam.views=9")
    for said in (
        "PostgreSQL bağlantıları / connections to PostgreSQL", "hemen / at once", "a pooler in front (PgBouncer)",
        "veritabanı yok / database away, 10 min", "Değiştirilen varsayımlar / Changed assumptions",
    ):  # fmt: skip
        assert said in done.output
    hours = [line for line in done.output.splitlines() if re.match(r"10  \s*HL7 ", line)]
    assert len(hours) == 3, "the peak hour of three days"


def test_every_assumption_is_listed_with_its_source(run: Run) -> None:
    done = run("scale", "assumptions", "--json")
    listed = json.loads(done.output)
    assert listed.keys() == shipped().numbers.keys()
    assert "measured" in run("scale", "assumptions").output


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[kind.CT]\ninstance = 3\n", "there is no such assumption"),
        ("[kind.CT]\ninstances = 'many'\n", "not a number"),
        ("[kind.CT]\ninstances = true\n", "not a number"),
        ("[kind.CT]\ninstances = { value = -1 }\n", "must be a number from 1 to"),
        (f"[kind.CT]\ninstances = 1{'0' * 400}\n", "must be a number from 1 to"),
        ("kind.CT.instances = \n", "not TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(run: Run, tmp_path: Path, written: str, said: str) -> None:
    file = tmp_path / "ours.toml"
    file.write_text(written)
    assert said in run("scale", "simulate", "--file", str(file), code=2).output


@pytest.mark.parametrize("wrong", ["exam.views", "exam.views=x", "exam.view=3", "rate.messages=0", "node.disk=0",
                                   "database.connections=0", "country.large_hospital=1e9"])  # fmt: skip
def test_an_assumption_that_cannot_be_used_is_told(run: Run, wrong: str) -> None:
    assert wrong.split("=")[0] in run("scale", "simulate", "--assume", wrong, code=2).output


def test_a_day_that_is_too_much_to_draw_is_told_at_once(run: Run) -> None:
    much = ("--assume", "country.people=200e6", "--assume", "country.busy_day=3")
    assert "country.people=200000000" in run("scale", "simulate", *much, code=2).output
    simulated(run, *much)


def test_help_has_the_defaults(run: Run) -> None:
    said = " ".join(run("scale", "simulate", "--help").output.split())
    for default in ("default: country", "default: 1]", "default: 30"):
        assert default in said
