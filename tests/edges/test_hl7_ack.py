"""Answers: made from a template, held against hl7apy."""

from datetime import UTC, datetime

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message
from hypothesis import given
from hypothesis import strategies as st

from gecit.core.codes_of_remarks import remark
from gecit.core.remarks import Severity, Where
from gecit.edges.hl7_ack import acknowledge, escape
from gecit.edges.hl7_reader import Message, Separators, parse
from tests.support.hl7_samples import orm, wire

NOW = datetime(2024, 1, 1, 9, 0, 5, tzinfo=UTC)
NOTE = remark("sut-dotted", Where(segment="OBR", sequence=2, field=4), used="801590")
ERROR = remark("accession-contradictory", Where(segment="OBR", field=3), found="A|1, B^2")
REJECT = remark("version-unsupported", Where(field=12), found="2.5", expected="2.3.1")
LEVELS = [VALIDATION_LEVEL.TOLERANT, VALIDATION_LEVEL.STRICT]


def answer(remarks, request=None):
    return acknowledge(request or parse(orm()), remarks, NOW, "G1")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("remarks", [[], [NOTE], [ERROR, NOTE], [NOTE, ERROR, REJECT]])
def test_hl7apy_takes_every_answer_for_a_valid_ack(level, remarks):
    found = parse_message(answer(remarks).decode(), validation_level=level)
    assert (found.name, found.version, found.validate()) == ("ACK", "2.3.1", True)
    assert found.msh.msh_9.to_er7() == "ACK^O01^ACK"
    assert [found.msh.msh_3.value, found.msh.msh_4.value] == ["GECIT", "NODE"]
    assert [found.msh.msh_5.value, found.msh.msh_6.value] == ["FIRMA01", "Örnek HBYS"]
    assert (found.msh.msh_7.value, found.msh.msh_10.value, found.msh.msh_18.value) == (
        "20240101120005+0300",
        "G1",
        "UTF8",
    )
    assert found.msa.msa_2.value == "77"


@pytest.mark.parametrize(
    ("remarks", "code", "text"),
    [
        ([], "AA", ""),
        ([NOTE], "AA", "sut-dotted"),
        ([NOTE, ERROR], "AE", "accession-contradictory: Erişim numaraları çelişiyor: A\\F\\1, B\\S\\2."),
        ([NOTE, ERROR, REJECT], "AR", "version-unsupported: MSH-12 '2.5' kabul edilmiyor; beklenen: 2.3.1."),
    ],
)
def test_the_worst_remark_decides_and_is_told_first(remarks, code, text):
    found = parse(answer(remarks))
    assert (found.get("MSA", 1), found.first("MSA").field(3)) == (code, text)


def test_an_accepted_message_has_no_err_and_names_its_notes():
    found = parse(answer([NOTE, remark("admission-missing")]))
    assert found.first("ERR") is None
    assert found.get("MSA", 3) == "sut-dotted, admission-missing"


def test_err_names_segment_sequence_field_and_both_languages():
    found = parse(answer([ERROR, NOTE]))
    error = found.first("ERR")
    assert len(error.repetitions(1)) == 2
    assert [error.get(1, number) for number in (1, 2, 3)] == ["OBR", "1", "3"]
    assert [error.get(1, 4, number) for number in range(1, 7)] == [
        "accession-contradictory",
        "Erişim numaraları çelişiyor: A|1, B^2.",
        "GECIT",
        "accession-contradictory",
        "Accession numbers contradict each other: A|1, B^2.",
        "GECIT",
    ]
    assert [error.get(1, number, repetition=1) for number in (1, 2, 3)] == ["OBR", "2", "4"]


def test_msa_3_never_exceeds_eighty_characters():
    for found in ("|" * 70, "ş" * 70, "\\" * 30):
        one = remark("accession-contradictory", found=found)
        text = parse(answer([one])).first("MSA").field(3)
        assert len(text) <= 80
        assert text.startswith("accession-contradictory: ") and text.endswith("...")


@pytest.mark.parametrize(
    ("request_", "codec", "label"),
    [
        (parse(orm("Windows1254", "cp1254")), "cp1254", "Windows1254"),
        (parse(orm("8859/9", "cp1254")), "cp1254", "8859/9"),
        (parse(orm("UTF8", "cp1254")), "cp1254", "Windows1254"),
        (parse(orm("", "cp1254")), "cp1254", "Windows1254"),
        (parse(orm("UTF8")), "utf-8", "UTF8"),
        (None, "utf-8", "UTF8"),
    ],
)
def test_the_answer_is_in_the_senders_character_set_and_says_which(request_, codec, label):
    data = acknowledge(request_, [ERROR], NOW, "G1")
    assert "Erişim numaraları çelişiyor" in data.decode(codec)
    assert parse(data).declared == label
    assert parse(data).remarks == []


def test_what_the_senders_character_set_lacks_is_replaced():
    request = parse(wire("MSH|^~\\&|A|B|||20240101||ORM^O01|1|P|2.3.1||||||ASCII"))
    assert b"Eri?im numaralar?" in acknowledge(request, [ERROR], NOW, "G1")


@pytest.mark.parametrize("level", LEVELS)
def test_what_could_not_be_read_is_answered_all_the_same(level):
    for request in (None, parse(b"hello")):
        data = acknowledge(request, [remark("not-hl7")], NOW, "G1")
        found = parse_message(data.decode(), validation_level=level)
        assert (found.msa.msa_1.value, found.msh.msh_3.value) == ("AR", "GECIT")


def test_other_separators_of_a_sender_are_answered_in_the_standard_ones():
    request = parse(wire("MSH#*!?%#A|x*B#C#D#E#20240101##ORM*O01#1#P#2.3.1"))
    found = parse(acknowledge(request, [], NOW, "G1"))
    assert found.separators == Separators()
    assert (found.get("MSH", 5, 1), found.get("MSH", 5, 2)) == ("A|x", "B")


@given(st.text(max_size=60))
def test_whatever_is_escaped_is_one_value_and_reads_back(text):
    reader = Message(Separators(), "utf-8", "", "")
    reader.add("ZZZ|" + escape(text))
    printable = "".join(" " if one in "\r\n\t" else one for one in text if one >= " " or one in "\r\n\t")
    printable = printable.replace("\x7f", "")
    assert reader.get("ZZZ", 1) == printable.strip()


def test_a_transient_answer_is_an_error_that_may_change():
    passing = ("registry-unavailable", "ledger-unavailable", "internal")
    assert [remark(code).transient for code in (*passing, "not-hl7")] == [True, True, True, False]
    assert remark("registry-unavailable").severity is Severity.ERROR
