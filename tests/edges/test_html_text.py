"""Text that was made to be slow to read is read like any other: each of these took minutes to hours before."""

from __future__ import annotations

import pytest

from gecit.edges.hl7_parts import from_base64, plain
from gecit.edges.hl7_reader import parse
from gecit.edges.html_text import text_of_html

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
def test_a_long_run_of_mark_up_is_read_once(unit: str, seen: str) -> None:
    assert text_of_html(unit * MANY) == seen
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
        ("5 < 6 &amp; 7 > 6", "5 < 6 & 7 > 6"),
        ("a<!-- <p>hidden</p> -->b", "ab"),
        ("a<!-- never closed <b>c", "ac"),
        ("<SCRIPT>x</p></script >kalan", "kalan"),
        ("<style>never closed <p>x</p>", ""),
        ("İSTANBUL<Script>x</SCRIPT>ığüş", "İSTANBULığüş"),
        ("<ul><li>bir<li>iki</ul>son", "• bir\n• iki\nson"),
        ("<pre>a\n  b</pre>c\nd", "a\nb\nc d"),
    ],
)
def test_what_a_reader_sees(html: str, seen: str) -> None:
    assert text_of_html(html) == seen
