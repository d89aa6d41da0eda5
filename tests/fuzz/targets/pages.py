"""Every route of the web process, asked as everybody with anything; and views that people save."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

from werkzeug.routing import Rule
from werkzeug.test import Client, TestResponse

import gecit.web
from gecit.core.access import Reach
from gecit.core.exam_kinds import Macro
from gecit.core.report import ReportPart
from gecit.core.templates import ID, LONGEST, Owned, TemplateFault, expanded, macro_of, template_faults, tidied
from gecit.core.values import Text
from gecit.edges.report_toml import read_file, write_macros
from gecit.web.tracking.asked import FIELDS, Asked, read_place, write_place

from ..draw import Draw
from ..node import STARTS_PROCESSES, bearer, node
from ..target import Target, must

ASKED_FOR = re.compile(r"""(?:form|args|asked|given)\.get(?:list)?\(\s*["']([\w-]+)["']""")
GIVEN = (
    "999001",
    "910001",
    "A1",
    "A2",
    "r1",
    "c1",
    "1",
    "q1.0",
    "1.2.3",
    "ayse",
    "submission",
    "loinc-code",
    "2026-03-02",
    "own",
)
AWAY = (502, 503, 504)  # Orthanc and other services are not there
CANARY = b"<zq"


@cache
def _names() -> tuple[str, ...]:
    """Every name of a field that the code of the pages asks a form or an address for."""
    folder = Path(gecit.web.__file__).parent
    texts = [one.read_text(encoding="utf-8") for one in sorted(folder.rglob("*.py"))]
    return tuple(sorted({name for text in texts for name in ASKED_FOR.findall(text)} | set(FIELDS)))


@cache
def _rules() -> tuple[tuple[Rule, str], ...]:
    """Every route with each of its methods."""
    found = sorted(node().app.url_map.iter_rules(), key=lambda one: (one.rule, one.endpoint))
    pairs = [(one, method) for one in found for method in sorted((one.methods or set()) - {"HEAD", "OPTIONS"})]
    return tuple(pair for pair in pairs if not (pair[0].endpoint in STARTS_PROCESSES and pair[1] == "POST"))


def ask(data: bytes) -> object:
    draw = Draw(data)
    rule, method = draw.pick(_rules())
    who = draw.byte()
    path = re.sub(r"<[^>]+>", lambda found: _part(draw, found[0]), rule.rule)
    fields = [(_name(draw), _value(draw)) for _ in range(draw.below(10))]
    headers = {**bearer(who), "Accept": draw.pick(("text/html", "application/json", "*/*", _header(draw)))}
    if draw.flag():
        headers[draw.pick(("Origin", "X-Forwarded-For", "If-None-Match", "Cookie", "Range", "HX-Request"))] = _header(
            draw
        )
    target = path + (f"?{_form(fields)}" if method == "GET" or draw.flag() else "")
    body, kind = (
        (_form(fields).encode(), "application/x-www-form-urlencoded")
        if draw.byte() < 200
        else (draw.rest(), "application/json")
    )
    answer = Client(node().app, use_cookies=False).open(
        target,
        method=method,
        headers=headers,
        data=None if method == "GET" else body,
        content_type=None if method == "GET" else kind,
    )
    _answered(rule, method, answer)
    return answer.status_code


def _part(draw: Draw, found: str) -> str:
    if found.startswith("<int"):
        return str(draw.pick((0, 1, 2, 7, 2**31, 2**63, 10**30)))
    return quote(draw.pick(GIVEN) if draw.byte() < 180 else draw.text(24) or "x", safe="", errors="surrogatepass")


def _name(draw: Draw) -> str:
    return draw.pick(_names()) if draw.byte() < 240 else draw.text(12)


def _value(draw: Draw) -> str:
    return draw.pick(GIVEN) if draw.byte() < 90 else draw.text(40)


def _header(draw: Draw) -> str:
    return draw.header(40).replace("\r", " ").replace("\n", " ")


def _form(fields: list[tuple[str, str]]) -> str:
    return "&".join("=".join(quote(one, safe="", errors="surrogatepass") for one in pair) for pair in fields)


def _answered(rule: Rule, method: str, answer: TestResponse) -> None:
    status = answer.status_code
    must(status < 500 or status in AWAY, f"{method} {rule.rule} answers {status}")
    must(answer.headers.get("X-Content-Type-Options") == "nosniff", f"{method} {rule.rule} may be sniffed")
    where = answer.headers.get("Location", "")
    parts = urlsplit(where)
    must(
        not where or (where.startswith("/") and not where.startswith(("//", "/\\")) and not parts.netloc),
        f"{rule.rule} leads away",
    )
    if answer.content_type.startswith("text/html"):
        must(CANARY not in answer.data, f"{method} {rule.rule} shows mark-up of ours as such")


def views(data: bytes) -> object:
    """A filter of the list, as an address has it and as it is kept; and a place of the list."""
    given = dict(parse_qsl(data.decode("utf-8", "replace"), keep_blank_values=True))
    asked = Asked.of(given)
    again = Asked.of(dict(parse_qsl(asked.query(), keep_blank_values=True)))
    must(again.fields == asked.fields and not again.wrong_day, "an address of it asks for something else")
    must(set(asked.fields) <= set(FIELDS), "a field that nobody knows")
    asked.search(Reach(everything=True))
    place = read_place(given.get("after", ""))
    must(read_place(write_place(place)) == place, "a place written and read again is another")
    return asked.fields, repr(place)


def texts(data: bytes) -> object:
    """A template or macro as a form gives it: kept, written to a file, called in a report."""
    draw = Draw(data)
    parts = {draw.pick(list(ReportPart)): _text(draw) for _ in range(draw.below(4))}
    name = draw.pick(("olagan", "a-b", "", draw.text(12)))
    title = Text(tr=_text(draw)[:100], en=_text(draw)[:100])
    owned = tidied(
        Owned(owner="account:a", macro=name, title=title, parts=parts, kinds=("ct-head",) if draw.flag() else ())
    )
    must(tidied(owned) == owned, "tidied again it is another")
    faults = template_faults(owned, {"ct-head"})
    must(not any(len(one) > LONGEST for one in owned.parts.values()) or TemplateFault.TOO_LONG in faults, "too long")
    if faults or not owned.macro:
        return [one.value for one in faults]
    must(ID.fullmatch(owned.macro), "a macro without a name")
    macro = macro_of(owned)
    written = write_macros([macro]).encode("utf-8", "surrogatepass")
    if not any("\ud800" <= letter <= "\udfff" for letter in f"{macro.text}{macro.title.tr}{macro.title.en}"):
        must(read_file(written) == (macro,), "written and read again it is another")
    said = expanded(
        {ReportPart.FINDINGS: f"x\n /{macro.id} \n/{macro.id} y\n{_text(draw)}"},
        [macro, Macro(id="b", title=title, part=macro.part, text="/olagan")],
    )
    must(said[ReportPart.FINDINGS].startswith(f"x\n{macro.text}\n/{macro.id} y"), "called, and another stands there")
    return said


def _text(draw: Draw) -> str:
    return "\n".join(draw.text(40) for _ in range(draw.below(4)))


def seeds() -> list[bytes]:
    """One for each route and method, as an administrator and a radiologist, with some fields."""
    return [bytes([number >> 8, number & 255, who]) + b"\x10" * 40 for number in range(len(_rules())) for who in (0, 1)]


VIEW = (
    "outcome=hold&billing=parked&rule=loinc-code&modality=CT&from=2026-01-05&to=2026-02-30&accession=A%2F1&study=1.2.3"
)

TARGETS = (
    Target(
        name="pages",
        reads="every route of the web process: forms, addresses, headers, bodies, as seven roles",
        holds="no 500; no redirect leads away; mark-up that was sent is shown as text; never sniffed",
        one=ask,
        seeds=seeds,
        longest=384,
        twice=False,  # what is posted changes something
    ),
    Target(
        name="views",
        reads="saved views, filters and places of lists",
        holds="written into an address and read again they are the same",
        one=views,
        seeds=lambda: [
            VIEW.encode(),
            b"from=0001-01-01&to=9999-12-31",
            b"after=2026-01-05T10:00:00%2B03:00~999001~A1",
            b"from=2026-1-5",
        ],
        tokens=(
            *tuple(f"&{one}=".encode() for one in FIELDS),
            b"&after=",
            b"~",
            b"%2B03:00",
            b"2026-01-05",
            b"10000000146",
        ),
        longest=1024,
    ),
    Target(
        name="macros",
        reads="templates and macros of people",
        holds="tidied once; written to a file and read again the same; called where it stands alone in its line",
        one=texts,
        seeds=lambda: [bytes(range(n, n + 60)) for n in range(0, 180, 30)],
        tokens=(b'"""', b"\\", b"/olagan", b"\r\n", b"\x00", b"\x7f", b"\xe2\x80\xa8"),
        longest=1024,
    ),
)
