"""What people read says what the code does, points at what exists, and names nobody's real host."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import click
import pytest

from gecit.app import PROCESSES
from gecit.cli import cli
from gecit.core.checks import CHECKS
from gecit.core.codes_of_remarks import CATALOGUE
from gecit.core.dates import DATED_BY
from gecit.core.events import AnyExamEvent, AnyInstallationEvent, AnyStudyEvent, Event, OrderPlaced
from gecit.core.verdict import Effect, Status
from gecit.edges.codes import import_folder
from gecit.edges.rules_files import read_folder
from gecit.edges.store import SqlLedger
from gecit.edges.store.schema import metadata
from gecit.settings import REFERENCE
from tests.builders import exam_of
from tests.support.commands import walk

HOME = Path(__file__).parents[1]
README = (HOME / "README.md").read_text(encoding="utf-8")
BOOK = read_folder(HOME / "rules")


def page(name: str) -> str:
    return (HOME / name).read_text(encoding="utf-8")


def written() -> list[Path]:
    """Every text file of the repository, added or about to be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=HOME, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("no git repository here")
    return [path for one in listed.stdout.split("\0") if one and (path := HOME / one).is_file()]


PAGES = sorted(
    [
        *HOME.glob("*.md"),
        *(path for top in ("docs", "rules", "orthanc-config", "tests") for path in (HOME / top).rglob("*.md")),
    ]
)


def anchors(path: Path) -> set[str]:
    """The anchors that a forge makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


# Every link leads somewhere


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(HOME)))
def test_every_relative_link_of_a_page_leads_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S)
    links = [one for one in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"[a-z]+:", one)]
    broken = []
    for link in links:
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_picture_has_words_for_those_who_do_not_see_it() -> None:
    alone = [path.name for path in PAGES if "![](" in path.read_text(encoding="utf-8")]
    assert alone == []
    assert {"<title", "<desc"} <= set(re.findall(r"<\w+", page("docs/images/flow.svg")))


def test_every_decision_is_listed_and_has_its_three_parts() -> None:
    listed = page("docs/decisions/README.md")
    files = sorted((HOME / "docs/decisions").glob("0*.md"))
    assert [one.name for one in files if f"({one.name})" not in listed] == []
    parts = ("**Context.**", "**Decision.**", "**Consequence.**")
    assert [one.name for one in files if not all(part in one.read_text(encoding="utf-8") for part in parts)] == []
    assert [one.name[:4] for one in files] == [f"{number:04}" for number in range(1, len(files) + 1)]


# Everything is documented


def test_every_rule_exemption_check_and_date_stands_in_the_rules_readme() -> None:
    text = page("rules/README.md")
    names = {*(one.id for one in BOOK.rules), *(one.id for one in BOOK.exemptions), *CHECKS, *DATED_BY}
    names |= {one.value for one in Effect}
    assert [one for one in sorted(names) if f"`{one}`" not in text] == []
    assert [one.value for one in Status if f"| {one.value} |" not in text] == []


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_every_parameter_of_a_check_is_documented_with_its_default(name: str) -> None:
    row = next(line for line in page("rules/README.md").splitlines() if line.startswith(f"| `{name}` | "))
    wanted = [f"`{key} = {str(value).lower()}`" for key, value in CHECKS[name].params.items()]
    assert [one for one in wanted if one not in row] == []


def test_every_setting_has_its_row() -> None:
    text = page("docs/settings.md")
    assert [one.key for one in REFERENCE if f"| `{one.key}` |" not in text] == []


def test_every_remark_has_its_row() -> None:
    text = page("docs/conformance/hl7.md")
    assert [code for code in CATALOGUE if f"| `{code}` |" not in text] == []


EVENTS = [one for union in (AnyExamEvent, AnyStudyEvent, AnyInstallationEvent) for one in get_args(union)]


@pytest.mark.parametrize("event", EVENTS, ids=lambda one: one.__name__)
def test_every_event_has_its_row_in_its_own_words(event: type[Event]) -> None:
    fields = ", ".join(f"`{one}`" for one in event.__struct_fields__)
    row = f"| `{event.__name__}` | {(event.__doc__ or '').strip()} | {fields} |"
    assert row in page("docs/events.md").splitlines()


def test_no_event_is_documented_that_is_none() -> None:
    named = re.findall(r"^\| `([A-Z]\w+)` \|", page("docs/events.md"), re.M)
    assert named == [one.__name__ for one in EVENTS]


COMMANDS = {" ".join(("gecit", *path)): one for path, one in walk(cli) if not isinstance(one, click.Group)}


def sections() -> dict[str, str]:
    """The sections of the page by their command; arguments stand in capitals after it."""
    parts = page("docs/commands.md").split("\n### ")[1:]
    titles = (part.split("\n", 1) for part in parts)
    return {
        re.sub(r"( \[?[A-Z_]+\]?)+$", "", title): f"{title}\n{text.split(chr(10) + '## ')[0]}" for title, text in titles
    }


def test_every_command_has_its_section_and_every_section_its_command() -> None:
    assert sorted(sections()) == sorted(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_documented_with_its_words_arguments_and_options(name: str) -> None:
    command, section = COMMANDS[name], sections()[name]
    first = (command.help or "").split("\n")[0].split(". ")[0].split(" (started by the plugin)")[0].rstrip(".")
    assert first in section
    title = section.split("\n")[0].replace("[", "").replace("]", "")
    names = [str(one.name).upper() for one in command.params if isinstance(one, click.Argument)]
    assert title == " ".join([name, *names])
    options = {opt for one in command.params if isinstance(one, click.Option) for opt in one.opts}
    assert set(re.findall(r"^\| `(--[a-z0-9-]+)`", section, re.M)) == options


def test_the_list_of_how_tos_names_each() -> None:
    listed = set(re.findall(r"\]\(([\w.-]+\.md)\)", page("docs/howto/README.md")))
    assert listed == {one.name for one in (HOME / "docs" / "howto").glob("*.md")} - {"README.md"}


def test_architecture_names_every_process_step_table_and_folder() -> None:
    text = page("docs/architecture.md")
    package = HOME / "plugins/gecit"
    steps = [one.stem for one in (package / "steps").glob("*.py") if one.stem != "__init__"]
    folders = [f"plugins/gecit/{one.parent.name}/" for one in package.glob("*/__init__.py")]
    rows = [f"| `{one}` |" for one in (*PROCESSES, *steps, *(one.name for one in metadata.sorted_tables), *folders)]
    assert [one for one in rows if one not in text] == []


def test_every_test_that_the_failure_table_names_exists() -> None:
    table = page("docs/architecture.md").split("## What if it dies here?")[1]
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", table)
    assert len(named) > 20
    missing = [f"{file}::{test}" for file, test in named if f"def {test}(" not in page(f"tests/{file}")]
    assert missing == []
    rows = [line for line in table.splitlines() if line.startswith("| ")][2:]
    assert [row for row in rows if "::" not in row and "not yet tested" not in row] == []


# The README works


def test_every_make_target_that_a_page_names_exists() -> None:
    makefile = page("Makefile")
    named = {
        one for path in PAGES for one in re.findall(r"(?:`|^)make ([a-z][a-z0-9-]*)", path.read_text("utf-8"), re.M)
    }
    assert {"demo", "test", "check"} <= named
    rules = {one: rf"^({one}|{one.partition('-')[0]}-%):" for one in sorted(named)}
    assert [one for one, rule in rules.items() if not re.search(rule, makefile, re.M)] == []


def queries(name: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", page(name), re.S)
    asking = [block for block in blocks if re.search(r"^sqlite-utils ", block, re.M)]
    return [
        one.strip() for block in asking for one in re.split(r"\n(?=sqlite-utils |#)", block) if "sqlite-utils" in one
    ]


QUERIES = [(name, query) for name in ("README.md", "docs/howto/query-with-sqlite-utils.md") for query in queries(name)]


@pytest.fixture
def folder(sqlite_ledger: SqlLedger, tmp_path: Path) -> Path:
    """A data folder with a small ledger and the shipped code lists."""
    exam = exam_of({"base": "clean CT"})
    assert exam.order
    now = datetime(2024, 1, 1, tzinfo=UTC)
    placed = OrderPlaced(at=now, exam=exam.key, order=exam.order, message=1)
    sqlite_ledger.write(lambda tx: tx.append(placed))
    import_folder(tmp_path / "codes.db", HOME / "rules/codes", now)
    return tmp_path


def ask(query: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "sqlite-utils"
    if not program.exists():
        pytest.skip("sqlite-utils is not beside this Python")
    command = re.sub(r"^sqlite-utils ", f"{program} ", query, flags=re.M)
    return subprocess.run(["bash", "-ec", command], cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("name", "query"), QUERIES, ids=[f"{name}-{number}" for number, (name, _) in enumerate(QUERIES)]
)
def test_the_queries_for_analysts_run(name: str, query: str, folder: Path) -> None:
    done = ask(query, folder)
    assert done.returncode == 0, done.stderr


def test_a_query_of_the_readme_answers_with_what_the_ledger_holds(folder: Path) -> None:
    first, _, timeline, search = queries("README.md")
    accession = exam_of({"base": "clean CT"}).key.accession
    assert "untold" in ask(first, folder).stdout
    assert "OrderPlaced" in ask(re.sub(r"D\d{12}", accession, timeline), folder).stdout
    assert "24558-9" in ask(search, folder).stdout


def test_the_backup_of_the_readme_is_the_one_that_is_tried_on_a_node() -> None:
    """`tests/system/test_backup.py` runs it; here it is only the same command, with options that there are."""
    said = re.findall(r"^\.venv/bin/(gecit (?:backup|restore) .*?)\s+#", README, re.M)
    assert [one.split()[1] for one in said] == ["backup", "restore"]
    assert all(f"{one.split(' /')[0]} " in page("docs/howto/backup.md") for one in said)


def test_the_first_screen_of_the_readme_has_what_a_newcomer_needs() -> None:
    screen = README.split("\n## ")[0]
    assert all(one in screen for one in ("make demo", "make test", "docs/images/flow.svg", "Debian 12"))
    assert len(screen.splitlines()) <= 25


# The README in Turkish says the same

READMES = ("README.md", "README.tr.md")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.S | re.M)


def parts(name: str) -> list[tuple[str, str]]:
    """The level and the prose of each section, code blocks left out."""
    pieces = re.split(r"^(#+) .*$", FENCED.sub("", page(name)), flags=re.M)[1:]
    return list(zip(pieces[::2], pieces[1::2], strict=True))


def code_without_comments(name: str) -> list[tuple[str, list[str]]]:
    blocks = FENCED.findall(page(name))
    bare = [(kind, re.sub(r"(^|\s+)# .*$", "", text, flags=re.M) if kind == "sh" else text) for kind, text in blocks]
    return [(kind, [line for line in text.splitlines() if line]) for kind, text in bare]


def test_both_readmes_have_the_same_headings() -> None:
    english, turkish = ([level for level, _ in parts(name)] for name in READMES)
    assert turkish == english


def test_both_readmes_have_the_same_code_apart_from_its_comments() -> None:
    english, turkish = map(code_without_comments, READMES)
    assert len(english) > 5
    assert turkish == english


SAME: dict[str, Callable[[str], list[str]]] = {
    "links and pictures": lambda prose: [
        re.sub(r"\.(?:en|tr)\.md\b", ".md", one) for one in re.findall(r"\]\(([^)\s]+)\)", prose)
    ],
    "rows, cells and items": lambda prose: [
        "|" * line.count("|") or "-" for line in prose.splitlines() if line.startswith(("|", "- "))
    ],
    "names in code": lambda prose: list({" ".join(one.split()) for one in re.findall(r"`([^`]+)`", prose)}),
    "numbers": lambda prose: re.findall(r"\d(?:[\d.:]*\d)?", prose),
}
"""What a section has in both languages, in any order: a Turkish sentence has its own, and names Turkish pages first."""


@pytest.mark.parametrize("what", SAME)
def test_each_section_of_both_readmes_has_the_same(what: str) -> None:
    english, turkish = ([sorted(SAME[what](prose)) for _, prose in parts(name)] for name in READMES)
    assert any(english)
    assert turkish == english


# How-tos for people at work: Turkish ones that say the same

TURKISH = sorted(one.name for one in (HOME / "docs/howto").glob("*.tr.md"))
"""Each beside the English page of its name."""


@pytest.mark.parametrize("name", TURKISH)
def test_a_turkish_how_to_has_the_sections_links_names_and_numbers_of_the_english_one(name: str) -> None:
    turkish, english = parts(f"docs/howto/{name}"), parts(f"docs/howto/{name.replace('.tr.', '.')}")
    assert [level for level, _ in turkish] == [level for level, _ in english] and len(turkish) >= 3
    for what, found in SAME.items():
        pairs = zip(turkish, english, strict=True)
        differ = [(sorted(found(one)), sorted(found(other))) for (_, one), (_, other) in pairs]
        assert [pair for pair in differ if pair[0] != pair[1]] == [], what


@pytest.mark.parametrize("name", TURKISH)
def test_what_a_turkish_how_to_prints_bold_stands_on_the_pages(name: str) -> None:
    words = "\n".join(one.read_text(encoding="utf-8") for one in (HOME / "plugins/gecit/web").rglob("*.py"))
    named = re.findall(r"\*\*([^*]+)\*\*", page(f"docs/howto/{name}"))
    missing = [one for one in named if f'"{" ".join(one.split())}' not in words]
    assert missing == []


# What must not stand in the repository. Written in pieces, so that this file passes its own test.

HOSTS = ("saglik" + ".gov.tr", "sgk" + ".gov.tr", "enabiz" + ".gov.tr", "pypi" + ".org", "pythonhosted" + ".org")
HOSTS += ("registry.npmjs" + ".org", "deb.debian" + ".org", "teletip" + ".")
PLACES = ("/" + "work/",)
NAMESPACE = "http://servisler.ws.gss.sgk" + ".gov.tr"
"""The name of an XML vocabulary, as the wire format demands; nobody connects to it."""


def test_no_host_of_the_ministry_of_sgk_or_of_a_package_registry_is_named() -> None:
    found = []
    for path in written():
        text = path.read_bytes().decode("utf-8", "replace").casefold().replace(NAMESPACE, "")
        found += [f"{path.relative_to(HOME)}: {one}" for one in HOSTS if one in text]
        found += [f"{path.relative_to(HOME)}: {one}" for one in PLACES if re.search(rf"(?<![\w>.]){one}", text)]
    assert found == []
