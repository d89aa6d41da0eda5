"""HTML of reports: what the listener counts, what the sanitiser leaves, what a reader sees."""

from __future__ import annotations

import re

from gecit.edges.hl7_parts import plain
from gecit.edges.report_text import KEPT, lines_of, sanitised, text_of
from tests.edges.test_html_text import HOSTILE

from ..target import Target, must

ELEMENT = re.compile(r"<([^>]*)>")


def one(data: bytes) -> object:
    text = data.decode("utf-8", "replace")
    clean = sanitised(text)
    left = [found for found in ELEMENT.findall(clean) if found.strip("/ ") not in KEPT]
    must(not left, f"kept {left[:2]}")
    must(not [found for found in ELEMENT.findall(sanitised(clean)) if found.strip("/ ") not in KEPT], "kept at last")
    shown = text_of(text, "HTML")
    lines = lines_of(text, "HTML")
    must(not lines or (lines[0].runs and lines[-1].runs), "blank lines around")
    must(all("\n" not in run.text for line in lines for run in line.runs), "a line of several")
    must(text_of(text_of(text, "TXT"), "TXT") == text_of(text, "TXT"), "plain text read again is another")
    return clean, shown, plain(text, "HTML"), plain(text, "TXT")


def seeds() -> list[bytes]:
    whole = [
        "<p>Bir</p><p>İki</p>", "<ul><li>Bir</li><li>İki<ol><li>a</ol></ul>son",
        "<table><tr><th>a<th>b<tr><td>1</table>",
        "a<!-- <p>x</p> -->b", '<p title="a>b">x</p><img src=x onerror=alert(1)>', "ısı &lt; 5 &ouml;&#287;&#x130;",
        "<pre>a\n  b</pre>c", "<html><head><title>t</title></head><body><p class=MsoNormal>W<o:p></o:p></p>",
    ]  # fmt: skip
    return [one.encode() for one in (*whole, *HOSTILE)]


TARGETS = (
    Target(
        name="html",
        reads="HTML of reports",
        holds="only the kept elements and no attribute are left; sanitised again neither; no blank line around",
        one=one,
        seeds=seeds,
        tokens=(
            *tuple(one.encode() for one in HOSTILE),
            b"<svg><style>",
            b"<math><mi>",
            b"<select>",
            b"&#0;",
            b"&#xD800;",
            b"\x0c",
        ),
        longest=2048,
    ),
)
