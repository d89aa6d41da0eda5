"""Reports that were made to break what draws, cuts or carries them on."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from msgspec.structs import replace
from pydicom import dcmread

from gecit.core.issue import issue
from gecit.core.order import Person
from gecit.core.report import ReportPart
from gecit.edges import report_pdf
from gecit.edges.hl7_build import Envelope, order_message, report_message
from gecit.edges.hl7_reader import parse
from gecit.edges.report_pdf import PRINTED
from gecit.edges.report_sr import build_sr
from gecit.edges.report_text import KEPT, sanitised
from gecit.sandbox.day import INSTITUTION
from tests.edges.test_report_pdf import pdf_of
from tests.edges.test_report_pdf import text_of as printed
from tests.support.reports import STORY, TEMPLATE, exam, version

# Exhausting


@pytest.mark.parametrize(
    "text", ["<br>" * 3_000_000, "xx\n" * 4_000_000, "W" * 12_000_000], ids=["mark-up", "lines", "one word"]
)
def test_the_longest_report_is_printed_as_far_as_a_printer_goes_and_says_so(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each filled a courier for minutes; leased anew meanwhile, one report kept all couriers busy."""
    monkeypatch.setattr(report_pdf, "PRINTED", 3_000)
    said = re.search(r"son (\d+)\s+karakteri\s+basılmadı", printed(pdf_of(text)))
    assert said
    kept = len(re.sub(r"\s", "", text)) - int(said[1])
    assert 0 < kept <= 3_000


def test_what_is_not_printed_stands_in_the_structured_report() -> None:
    long = "\n".join(f"satır {number}" for number in range(20_000))
    assert len(long) > PRINTED
    found = exam([version("F", 1, long)])
    issued = issue(found, 1)
    assert issued
    made = build_sr(INSTITUTION.name, found, issued, found.studies[0].facts, TEMPLATE)
    assert dcmread(BytesIO(made)).SpecificCharacterSet == "ISO_IR 192"
    assert "satır 19999".encode() in made


def test_an_ordinary_long_report_is_printed_whole() -> None:
    assert "basılmadı" not in printed(pdf_of("karaciğerde lezyon izlenmedi. " * 3_000))


# HTML that changes when it is read twice, nests, or hides what runs

HOSTILE = (
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<svg/onload=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<math><mi//xlink:href='data:x,<script>alert(4)</script>'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<p style='background:url(javascript:alert(1))' onclick=alert(1)>x</p>",
    "<style>@import 'http://127.0.0.1:9/x.css';</style>",
    "<a href='java\tscript:alert(1)'>x</a><a href=data:text/html;base64,PHNjcmlwdD4=>y</a>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe><object data=data:text/html,x></object><embed src=x>",
    "<base href=http://127.0.0.1:9/><meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    "<link rel=stylesheet href=http://127.0.0.1:9/><input autofocus onfocus=alert(1)>",
    "<template><script>alert(1)</script></template><xmp><script>alert(1)</script></xmp>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<<script>alert(1)//<</script>",
    "<img src=x\x00 onerror=alert(1)><\x00script>alert(1)</script>",
    "<b\x0bonmouseover=alert(1)>x</b>",
    "<table><td><p><table><td><script>alert(1)</script>",
    "<textarea></textarea><img src=x onerror=alert(1)></textarea>",
    "<!--><img src=x onerror=alert(1)>--><![CDATA[<img src=x onerror=alert(1)>]]>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<p>" * 5_000 + "<img src=x onerror=alert(1)>",
    "<b>" * 5_000 + "<svg onload=alert(1)>",
    "<\u017fcript>alert(1)</\u017fcript>",
    "<img src=x onerror=\uff41lert(1)>\u2028<script>\u2028alert(1)</script>",
)


@pytest.mark.parametrize("html", HOSTILE, ids=range(len(HOSTILE)))
def test_of_hostile_html_nothing_is_left_but_bare_elements_however_often_it_is_read(html: str) -> None:
    once = sanitised(html)
    again = sanitised(once)
    assert again in (once, ""), "else it would change in a second reading, and turn into something else"
    tags = re.findall(r"<[^>]*>", once)
    assert [one for one in tags if not re.fullmatch(rf"</?(?:{'|'.join(KEPT)})>", one)] == []
    assert "".join(re.split(r"<[^>]*>", once)).count("<") == 0


@pytest.mark.parametrize("html", HOSTILE[:6])
def test_its_text_is_text_in_the_pdf(html: str) -> None:
    assert pdf_of(html, format="HTML").count(b"/URI") == 0
    assert b"/JavaScript" not in pdf_of(html, format="TXT")


# What goes on to hospitals as HL7

BREAKS = ("\r", "\n", "\r\nMSH|^~\\&|x", "|", "^", "&", "~", "\\", "\\X0D\\", "\x0b", "\x1c\r", "\x1c\x0bMSH|")


@pytest.mark.parametrize("broken", BREAKS, ids=range(len(BREAKS)))
def test_no_name_or_text_begins_a_segment_a_field_or_a_frame_of_its_own(broken: str) -> None:
    evil = f"A{broken}ZZZ|evil"
    order = replace(STORY.order, patient=replace(STORY.order.patient, family=evil, given=evil, file_number=evil))
    order = replace(order, physician=Person(identifier=evil, family=evil), clinical_information=evil)
    assert STORY.report
    report = replace(
        STORY.report, patient=order.patient, parts={ReportPart.FINDINGS: evil}, radiologists=(order.physician,)
    )
    plain_order, plain_report = (order_message(STORY.order, Envelope(control_id="1")),
                                 report_message(STORY.report, Envelope(control_id="1")))  # fmt: skip
    for made, plain in (
        (order_message(order, Envelope(control_id="1")), plain_order),
        (report_message(report, Envelope(control_id="1")), plain_report),
    ):
        assert [one.id for one in parse(made).segments] == [one.id for one in parse(plain).segments]
        assert not any(one in made for one in (b"\x0b", b"\x1c", b"\n"))
        assert parse(made).get("PID", 5).split("^")[0].startswith("A")
        assert not parse(made).get("PID", 6), "no field moved"
