"""The reader of the hot path: tolerant, lazy, and never surprised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gecit.core.remarks import Severity
from gecit.edges.hl7_reader import _segment_break, _segments, codec_of, parse
from tests.support.hl7_samples import orm, wire

HEADER = "MSH|^~\\&|A|B|C|D|20240101||ORM^O01|1|P|2.3.1||||||UTF8\n"


def codes(message):
    return [one.code for one in message.remarks]


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\r\r\n"])
def test_segments_end_with_carriage_return_line_feed_or_both(end):
    message = parse(orm().replace(b"\r", end))
    assert [one.id for one in message.segments] == ["MSH", "PID", "PV1", "ORC", "OBR", "DG1"]
    assert codes(message) == []


def test_fields_components_and_subcomponents_are_found_by_their_numbers():
    message = parse(wire(HEADER + "OBR|1||x~y^z|77&&SKRS^^^^^R"))
    obr = message.first("OBR")
    assert (obr.get(3), obr.get(3, 1, repetition=1), obr.get(3, 2, repetition=1)) == ("x", "y", "z")
    assert (obr.get(4, 1, 1), obr.get(4, 1, 3), obr.get(4, 6)) == ("77", "SKRS", "R")
    assert (obr.get(4, 2), obr.get(4, 9), obr.get(4, 1, 9), obr.get(99)) == ("", "", "", "")


def test_msh_counts_its_separator_as_the_first_field():
    message = parse(orm())
    assert [message.get("MSH", number) for number in (1, 2, 3, 10)] == ["|", "^~\\&", "FIRMA01", "77"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"a\F\b", "a|b"),
        (r"a\S\b", "a^b"),
        (r"a\T\b", "a&b"),
        (r"a\R\b", "a~b"),
        (r"a\E\b", "a\\b"),
        (r"\XC59E\ahin", "Şahin"),
        (r"bir\.br\iki", "bir\niki"),
        (r"\H\kalın\N\ ", "kalın"),
        (r"a\Q9\b", r"a\Q9\b"),
        (r"a\Xzz\b", r"a\Xzz\b"),
        ("a\\b", "a\\b"),
    ],
)
def test_escapes_are_resolved_and_unknown_ones_stay(written, meant):
    assert parse(wire(HEADER + f"OBR|{written}")).get("OBR", 1) == meant


def test_other_separators_are_taken_from_the_header():
    message = parse(wire("MSH#*!?%#A#B#####ORM*O01#1#P#2.3.1\nPID#1##F1#x%y*z!q"))
    assert message.get("MSH", 9, 2) == "O01"
    assert (message.get("PID", 4, 1, 2), message.get("PID", 4, 2)) == ("y", "z")


def test_a_line_break_inside_base64_continues_its_field_and_is_noted():
    message = parse(wire(HEADER + "OBX|1|TX|TXT^BASE64||QUJD\nREVG\nR0hJ^3||||||F"))
    obx = message.first("OBX")
    assert [one.id for one in message.segments] == ["MSH", "OBX"]
    assert "".join(obx.get(5).split()) == "QUJDREVGR0hJ"
    assert obx.get(11) == "F"
    assert codes(message) == ["line-break-inside"]


def test_segments_without_fields_and_unknown_ones_are_kept():
    message = parse(wire(HEADER + "PV1\nZQX|1\nPID|1"))
    assert [one.id for one in message.segments] == ["MSH", "PV1", "ZQX", "PID"]
    assert message.get("PV1", 19) == ""


def test_segments_of_one_name_are_numbered_from_one():
    message = parse(wire(HEADER + "OBX|1\nNTE|1\nOBX|2"))
    assert [(one.id, one.sequence) for one in message.segments[1:]] == [("OBX", 1), ("NTE", 1), ("OBX", 2)]


@pytest.mark.parametrize(
    "data", [b"", b"\r\n", b"MSH", b"MSH|", b"GET / HTTP/1.1", b"\x16\x03\x01\x02", b"MSHabcdef", b"PID|1|"]
)
def test_what_is_no_hl7_is_rejected_by_name(data):
    message = parse(data)
    assert message.segments == []
    assert [(one.code, one.severity) for one in message.remarks] == [("not-hl7", Severity.REJECT)]


def test_binary_data_in_the_text_is_named_with_its_place():
    found = parse(wire(HEADER + "PID|1||F\x001")).remarks[0]
    assert (found.code, found.severity, str(found.where)) == ("binary", Severity.ERROR, "PID")


@given(st.binary(max_size=300))
def test_no_bytes_at_all_make_the_reader_raise(data):
    for prefix in (b"", b"MSH|^~\\&|", b"MSH|^~\\&|A|B|C|D|20240101||ORM^O01|1|P|2.3.1||||||Windows1254\rPID|"):
        message = parse(prefix + data)
        for segment in message.segments:
            for number in range(6):
                segment.get(number, 2, 2)


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF8", "utf-8"),
        ("UTF-8", "utf-8"),
        ("UNICODE UTF-8", "utf-8"),
        ("Windows1254", "cp1254"),
        ("WINDOWS-1254", "cp1254"),
        ("windows 1254", "cp1254"),
        ("8859/9", "cp1254"),
        ("ISO-8859-9", "cp1254"),
        ("ASCII", "ascii"),
        ("KLINGON", None),
        ("", None),
    ],
)
def test_character_sets_are_known_by_many_names(label, codec):
    assert codec_of(label) == codec


@pytest.mark.parametrize(("label", "codec"), [("UTF8", "utf-8"), ("Windows1254", "cp1254"), ("8859/9", "iso8859-9")])
def test_turkish_letters_arrive_in_the_declared_character_set(label, codec):
    message = parse(orm(label, codec))
    assert (message.get("PID", 5), message.get("PID", 5, 2)) == ("ŞAHİN", "ÇİĞDEM")
    assert codes(message) == []


@pytest.mark.parametrize(("label", "codec"), [("UTF8", "cp1254"), ("Windows1254", "utf-8"), ("8859/9", "utf-8")])
def test_a_wrong_label_is_noticed_and_the_bytes_are_believed(label, codec):
    message = parse(orm(label, codec))
    assert message.get("PID", 5) == "ŞAHİN"
    assert (codes(message), message.codec) == (["charset-mislabelled"], codec)


def test_an_apostrophe_after_a_capital_i_does_not_turn_windows_1254_into_utf_8():
    text = HEADER.replace("UTF8", "Windows1254") + "PID|1||||KAYİ’NİN"
    data = wire(text.replace("NİN", "NIN"), "cp1254")
    data.decode("utf-8")  # the trap: these bytes are valid UTF-8 as well
    message = parse(data)
    assert (message.get("PID", 5), codes(message)) == ("KAYİ’NIN", [])


@pytest.mark.parametrize(("agreed", "expected"), [("", ["charset-undeclared"]), ("Windows1254", [])])
def test_an_undeclared_character_set_is_noted_unless_one_is_agreed(agreed, expected):
    message = parse(orm("", "cp1254"), agreed=agreed)
    assert (message.get("PID", 5, 2), codes(message)) == ("ÇİĞDEM", expected)


def test_an_unknown_label_is_noted_and_the_bytes_are_believed():
    message = parse(orm("KLINGON", "cp1254"))
    assert (message.get("PID", 5), codes(message)) == ("ŞAHİN", ["charset-unknown"])


def test_plain_ascii_without_a_label_needs_no_remark():
    assert codes(parse(wire("MSH|^~\\&|A|B|||20240101||ORM^O01|1|P|2.3.1\nPID|1||F1"))) == []


@given(st.text(alphabet="MSHOBXZ1z|^\r\n ", max_size=60))
def test_the_fast_cut_into_segments_gives_what_the_close_one_gives(text):
    text = f"MSH|{text.strip()}"
    assert _segments(text, "|") == _segment_break("|")(text)


def test_the_fast_cut_is_taken_for_lines_that_all_begin_segments():
    assert _segments("MSH|a\rOBX|b\rZX1|c", "|") == ["MSH|a", "OBX|b", "ZX1|c"]


def test_subcomponents_are_unescaped_after_they_are_divided_and_none_stand_in_an_empty_place():
    [_, segment] = parse(b"MSH|^~\\&|\rOBX|a^ b\\T\\c & d &~x").segments
    assert segment.subcomponents(1, 2) == ["b&c", "d", ""]
    assert segment.subcomponents(1, 3) == segment.subcomponents(9, 1) == []
