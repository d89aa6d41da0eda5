"""What a reader sees of HTML, sanitised; text that was made to be slow to read is read like any other."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gecit.edges.hl7_parts import from_base64, plain
from gecit.edges.hl7_reader import parse
from gecit.edges.report_text import KEPT, Line, Run, lines_of, sanitised, text_of

MANY = 100_000


@pytest.mark.parametrize(
    ("unit", "seen"),
    [
        ("<", "<" * MANY),
        ("<!--", "<!--" * MANY),
        ("<!-- >", ""),
        ("</", "</" * MANY),
        ("<p>", ""),
        ("<script>x</script>", ""),
        ("<title>", ""),
    ],
)
def test_the_listener_reads_a_long_run_of_mark_up_once(unit: str, seen: str) -> None:
    assert plain(unit * MANY, "HTML") == seen


def test_a_long_run_of_line_ends_is_read_once() -> None:
    message = parse(b"MSH|^~\\&|A|B\rNTE|1|" + b"\r\n" * MANY + b"x\rPID|1")
    assert [one.id for one in message.segments] == ["MSH", "NTE", "PID"]


def test_a_long_run_of_blanks_in_base64_is_read_once() -> None:
    assert from_base64("QUJD" + " " * MANY + "QUJD") is None
    assert from_base64("QUJD" + " " * MANY + "\r\n\t" + "QUJD") == b"ABCABC"


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("<p>Bir</p><p>İki</p>", "Bir\nİki"),
        ("Bir<br>İki<br/>Üç", "Bir\nİki\nÜç"),
        ("Bir<br><br><br>İki", "Bir\n\nİki"),
        ("<ul><li>Bir</li><li>İki</li></ul>son", "• Bir\n• İki\nson"),
        ("<ul><li>bir<li>iki</ul>son", "• bir\n• iki\nson"),
        ("<ul><li><p>Bir</p></li><li>İki<ol><li>a<li>b</ol></ul>son", "• Bir\n• İki\n  1. a\n  2. b\nson"),
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>x", "a | b\n1 | 2\nx"),
        ("<h2>Başlık</h2> \n metin <b>kalın</b>, son", "Başlık\nmetin kalın, son"),
        ("ısı &lt; 5 &ouml;l&ccedil;&uuml; &#287;", "ısı < 5 ölçü ğ"),
        ("5 < 6 &amp; 7 > 6", "5 < 6 & 7 > 6"),
        ("<style>p{}</style><script>alert(1)</script>Sonuç", "Sonuç"),
        ("<SCRIPT>x</p></script >kalan", "kalan"),
        ("<style>never closed <p>x</p>", ""),
        ("İSTANBUL<Script>x</SCRIPT>ığüş", "İSTANBULığüş"),
        ("a<!-- <p>hidden</p> -->b", "ab"),
        ("<pre>a\n  b</pre>c\nd", "a\n  b\nc d"),
        ("kapanmamış <b>etiket <p>ve satır", "kapanmamış etiket\nve satır"),
        ('<p title="a>b">x</p><img src=x onerror=alert(1)><a href="http://127.0.0.1/">y</a>', "x\ny"),
        ("<html><head><title>t</title></head><body><p class=MsoNormal>Word<o:p></o:p></p></body></html>", "Word"),
        ("", ""),
    ],
)
def test_what_a_reader_sees(html: str, seen: str) -> None:
    assert text_of(html, "HTML") == seen


def test_plain_text_stands_as_sent_without_blank_lines_around_it() -> None:
    assert text_of("\n a < b  <b>c</b>\n\n\n\nd\n", "TXT") == "a < b  <b>c</b>\n\nd"


def test_bold_is_kept_in_its_place() -> None:
    assert lines_of("x <b>k</b> y", "HTML") == [Line(runs=(Run(text="x "), Run(text="k", bold=True), Run(text=" y")))]


HOSTILE = (
    *("<script>", "</script>", "<style>", "<img src=http://h/ onerror=x()>", "<a href=javascript:x()>"),
    *("<svg/onload=x>", "<iframe src=//h>", "<p style='background:url(//h)'>", "<b>", "</b>", "<ul><li>", "<!--"),
    *("-->", "&lt;script&gt;", "<table>", "<td>", "metin", '"', "'", "<", ">", "<math><mtext>", "<noscript>"),
    *("<template>", "</p>"),
)


@given(st.lists(st.sampled_from(HOSTILE), max_size=25))
def test_whatever_is_put_together_only_kept_elements_without_attributes_are_left(bits: Iterable[str]) -> None:
    left = re.findall(r"<([^>]*)>", sanitised("".join(bits)))
    assert [one for one in left if one.strip("/ ") not in KEPT] == []


@pytest.mark.parametrize(
    "html",
    [
        "<p>" + "".join(f"<font size={number}>" for number in range(7000)) + "</p><p>x" * 10_000,
        "<p>" + "<b><i><u><s>" * 500 + "</p><p>x" * 20_000,
        "<div>" * 15_000 + "<p>x" * 30_000,
        "<ul><li>" * 12_000 + "x",
        "<b>" * 60_000 + "x",
    ],
    ids=["fonts made anew", "letters made anew", "scopes", "lists", "depth"],
)
def test_what_would_blow_up_a_tree_is_read_in_seconds_and_loses_no_text(html: str) -> None:
    begun = time.monotonic()
    found = text_of(html, "HTML")
    assert time.monotonic() - begun < 15
    assert found.count("x") == html.count("x")
