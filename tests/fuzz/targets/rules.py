"""TOML that people write: rules and exemptions, HL7 profiles, templates and macros."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from gecit.core.exam_kinds import Kind
from gecit.core.rulebook import Rulebook
from gecit.core.rulefile import RulebookError
from gecit.edges.hl7_profile import ProfileError, load
from gecit.edges.report_files import ReportFileError
from gecit.edges.report_toml import read_file, write_kind, write_macros
from gecit.edges.rules_files import read_with

from ..places import WORK, made
from ..target import Target, must

RULES = Path(__file__).parents[3] / "rules"
KINDS = ("submission", "exemptions")


@cache
def _shipped() -> Path:
    """A folder with one rule and one exemption: the whole of ours would be read anew for each input."""
    folder = made(WORK / "rules")
    for name in ("submission/loinc-code.toml", "exemptions/dose-report.toml", "submission/dose-report.toml"):
        made((folder / name).parent)
        (folder / name).write_bytes((RULES / name).read_bytes())
    return folder


def rules(data: bytes) -> object:
    """As a draft on the page: text in, a rulebook or every fault with its file."""
    text = data[1:].decode("utf-8", "replace")
    kind = KINDS[data[:1] > b"\x7f"]
    try:
        book = read_with(_shipped(), made(WORK / "site"), f"{kind}/draft.toml", text)
    except RulebookError as error:
        must(error.faults and all(one.text.tr and one.text.en for one in error.faults), "a fault without words")
        return str(error)
    must(Rulebook.from_json(book.to_json()) == book, "a rulebook that the ledger cannot keep")
    return book.revision


def rule_seeds() -> list[bytes]:
    found = []
    for number, kind in enumerate(KINDS):
        for path in sorted((RULES / kind).glob("*.toml")):
            found.append(b"\x00\xff"[number : number + 1] + path.read_bytes())
    return found


def profile(data: bytes) -> object:
    try:
        return repr(load(data, "uploaded"))
    except ProfileError as error:
        must(str(error).startswith("uploaded:"), "a fault without its file")
        return "refused"


def templates(data: bytes) -> object:
    """What was uploaded; written and read again it is the same."""
    try:
        found = read_file(data)
    except ReportFileError as error:
        return str(error)
    written = write_kind(found) if isinstance(found, Kind) else write_macros(found)
    if written:
        tomllib.loads(written)
        must(read_file(written.encode()) == found, "written and read again it is another")
    return repr(found)


NESTED = (
    b"[" * 1500,
    b"a=" + b"[" * 1500,
    b"a={b=" * 400,
    b"9" * 300,
    b"0001-01-01",
    b"9999-12-31T23:59:59Z",
    b"\\uD800",
)
TABLES = (b"\n[[edition]]\n", b"\n[[window]]\n", b"\n[match]\n", b'"""', b"'''", b"from = ", b"until = ", b"= []\n")

TARGETS = (
    Target(
        name="rules",
        reads="rules and exemptions, TOML",
        holds="a rulebook, or faults in both languages; a rulebook can be kept and read back",
        one=rules,
        seeds=rule_seeds,
        tokens=NESTED + TABLES + (b"params", b"applies", b"adds_to", b"excuses", b"start_unknown = true"),
        longest=8192,
        quotes=True,
    ),
    Target(
        name="profiles",
        reads="HL7 profiles, TOML",
        holds="a profile, or a fault that names the file",
        one=profile,
        seeds=lambda: [one.read_bytes() for one in sorted((RULES / "profiles").glob("*.toml"))],
        tokens=NESTED + TABLES + (b"[facts]", b"[patterns]", b"[severities]", b"accession = ", b"OBR-4.1", b"(a+)+$"),
        longest=8192,
        quotes=True,
    ),
    Target(
        name="templates",
        reads="templates and macros that are uploaded, TOML",
        holds="written and read again they are the same; else a fault",
        one=templates,
        seeds=lambda: [one.read_bytes() for one in sorted((RULES / "reports").glob("*.toml"))],
        tokens=NESTED + TABLES + (b"[[macro]]", b"text = ", b"findings = ", b"\\u0000", b"\x7f", b'\\"', b"\\\n"),
        longest=8192,
        quotes=True,
    ),
)
