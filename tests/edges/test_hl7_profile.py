"""Profiles as data, and messages read by them."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from gecit.core.codes_of_remarks import CATALOGUE
from gecit.core.order import Control, ExamKey, Patient, Person, Procedure
from gecit.core.profile import Source
from gecit.core.remarks import Severity, worst
from gecit.core.report import ReportPart, ReportStatus
from gecit.edges.hl7_facts import read_time
from gecit.edges.hl7_profile import ProfileError, load, read
from gecit.edges.hl7_reader import parse
from tests.support.hl7_samples import FINDINGS, PROFILES, b64, orm, oru, profile, wire

GOOD = f"{b64(FINDINGS)}^3~{b64('Olağan.')}^4"


def reading(data, *, name="ministry", hint=""):
    return read(parse(data), profile(name), institution_hint=hint)


def changed(*pairs, charset="UTF8"):
    text = orm(charset).decode()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


def codes(found):
    return [one.code for one in found.remarks]


def test_every_field_of_an_order_in_the_ministrys_layout_is_read():
    found = reading(orm())
    order = found.content
    assert (found.type, found.control_id, found.sender) == ("ORM^O01", "77", ("FIRMA01", "Örnek HBYS"))
    assert found.remarks == ()
    assert order.key == ExamKey(institution="123", accession="A1")
    assert order.control is Control.NEW
    assert order.patient == Patient(
        tckn="10000000146", file_number="F1001", family="ŞAHİN", given="ÇİĞDEM", birth_date="19800102", sex="K"
    )
    assert order.procedures == (Procedure(sut="801590", sut_name="Mamografi", loinc="24606-6", loinc_name="MG tarama"),)
    assert order.ordered_at == datetime(2024, 1, 1, 8, 59, tzinfo=UTC)
    assert order.message_at == datetime(2024, 1, 1, 9, 0, tzinfo=UTC)
    assert order.scheduled_at == datetime(2024, 1, 1, 9, 5, tzinfo=UTC)
    assert order.physician == Person(identifier="10000000146", family="HEKİM", given="IŞIL")
    assert (order.modality, order.department, order.admission) == ("MG", "R1", "KABUL9")
    assert (order.tracking_number, order.reference, order.clinical_information) == ("SYS1", "REF1", "ağrı")
    assert (order.performing_institution, order.repeat_reason, order.diagnoses) == ("", "", ("C50",))


@pytest.mark.parametrize(("written", "control"), [("NW", Control.NEW), ("XO", Control.CHANGE), ("CA", Control.CANCEL)])
def test_order_control_decides_what_becomes_of_the_order(written, control):
    assert reading(changed(("ORC|NW", f"ORC|{written}"))).content.control is control


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Kurum^^SKRS\\S\\123\\S\\11000001", "123"),
        ("123", "123"),
        ("Kurum adı", "999"),
        ("", "999"),
    ],
)
def test_the_institution_is_read_in_both_forms_and_else_is_the_peers(written, code):
    found = reading(changed(("Kurum^^SKRS\\S\\123\\S\\11000001", written)), hint="999")
    assert found.content.key.institution == code
    assert found.institution == ("" if code == "999" else code)


def test_without_any_institution_the_message_is_an_error():
    found = reading(changed(("Kurum^^SKRS\\S\\123\\S\\11000001", "")))
    assert (codes(found), found.content) == (["institution-missing"], None)


def test_another_institution_that_performs_is_read_from_obr_15():
    found = reading(changed(("Radiology^^^^^R", "456&&SKRS^^^^^R")))
    assert found.content.performing_institution == "456"


@pytest.mark.parametrize(
    ("written", "procedure"),
    [
        ("801590^M^SUT", Procedure(sut="801590", sut_name="M")),
        ("24606-6^L^LNC", Procedure(loinc="24606-6", loinc_name="L")),
        ("24606-6^L^LNC^801590^M^SUT", Procedure(sut="801590", sut_name="M", loinc="24606-6", loinc_name="L")),
    ],
)
def test_sut_and_loinc_are_told_apart_by_their_code_system(written, procedure):
    found = reading(changed(("801590^Mamografi^SUT^24606-6^MG tarama^LNC", written)))
    assert found.content.procedures == (procedure,)


@pytest.mark.parametrize("written", ["801.590", "801,590", "801-590", "801 590"])
def test_a_sut_code_loses_its_punctuation_and_the_sender_is_told(written):
    found = reading(changed(("|801590^", f"|{written}^")))
    assert (found.content.procedures[0].sut, codes(found)) == ("801590", ["sut-dotted"])
    assert str(found.remarks[0].where) == "OBR-4"


def test_several_obr_groups_of_one_accession_are_several_procedures():
    second = "ORC|NW|A1\rOBR|2|A1|A1|801950^Omurga^SUT||||||||||||||A1\r"
    found = reading(orm() + second.encode())
    assert [one.sut for one in found.content.procedures] == ["801590", "801950"]
    assert found.remarks == ()


def test_an_obr_without_its_own_orc_has_the_one_before():
    found = reading(orm() + b"OBR|2|A1|A1|801950^Omurga^SUT||||||||||||||A1\r")
    assert (len(found.content.procedures), found.remarks) == (2, ())


@pytest.mark.parametrize(
    "data",
    [
        changed(("OBR|1|A1|A1", "OBR|1|A1|A2")),
        changed(("|||A1||SYS1", "|||A9||SYS1")),
        orm() + b"ORC|NW|B7\rOBR|2|B7|B7|801950^x^SUT||||||||||||||B7\r",
    ],
)
def test_contradictory_accession_numbers_are_an_error(data):
    found = reading(data)
    assert (codes(found), found.content, found.accession) == (["accession-contradictory"], None, "")
    assert worst(found.remarks) is Severity.ERROR


@pytest.mark.parametrize(
    ("accession", "code"),
    [
        ("", "accession-missing"),
        ('""', "accession-missing"),
        ("12345678901234567", "accession-too-long"),
        ("A\\E\\1", "accession-unusable"),
        ("İ1", "accession-unusable"),
    ],
)
def test_an_accession_number_that_dicom_cannot_hold_is_an_error(accession, code):
    data = changed(
        ("|A1^FIRMA01", f"|{accession}"), ("|A1|A1|", f"|{accession}|{accession}|"), ("|A1||", f"|{accession}||")
    )
    found = reading(data)
    assert (codes(found), found.content) == ([code], None)


def test_sixteen_characters_are_a_good_accession_number():
    full = "1234567890123456"
    data = changed(("|A1^FIRMA01", f"|{full}"), ("|A1|A1|", f"|{full}|{full}|"), ("|A1||", f"|{full}||"))
    assert reading(data).accession == full


@pytest.mark.parametrize(
    ("pairs", "code", "severity"),
    [
        ([("|2.3.1|", "|2.5|")], "version-unsupported", Severity.REJECT),
        ([("ORM^O01", "MDM^T02")], "message-type-unknown", Severity.REJECT),
        ([("|77|P|", "|77|T|")], "processing-id", Severity.REJECT),
        ([("|77|P|", "||P|")], "control-id-missing", Severity.ERROR),
        ([("FIRMA01|Örnek", "|Örnek")], "sender-missing", Severity.NOTE),
        ([("ORC|NW", "ORC|ZZ")], "order-control-unknown", Severity.ERROR),
        ([("F1001|10000000146^^^TC", "|")], "patient-missing", Severity.ERROR),
        ([("KABUL9", "")], "admission-missing", Severity.NOTE),
        ([("|MG|", "||")], "modality-missing", Severity.NOTE),
        ([("20240101115900", "01.01.2024")], "time-unreadable", Severity.NOTE),
        ([("19800102", "19801302")], "time-unreadable", Severity.NOTE),
        ([("20240101120000", "20240101250000")], "time-unreadable", Severity.NOTE),
    ],
)
def test_each_deviation_has_its_name_and_its_weight(pairs, code, severity):
    found = reading(changed(*pairs))
    assert [(one.code, one.severity) for one in found.remarks] == [(code, severity)]


def test_an_unreadable_order_time_falls_back_to_orc_9():
    found = reading(changed(("20240101115900", "yarın")))
    assert found.content.ordered_at == datetime(2024, 1, 1, 8, 58, tzinfo=UTC)


def test_groups_that_disagree_on_what_to_do_are_an_error():
    found = reading(orm() + b"ORC|CA|A1\rOBR|2|A1|A1|801950^x^SUT||||||||||||||A1\r")
    assert (codes(found), found.content) == (["order-control-contradictory"], None)


def test_a_type_that_contradicts_the_body_is_named():
    found = reading(changed(("ORM^O01", "ORU^R01")))
    assert "type-contradicts-body" in codes(found)


def test_what_is_no_hl7_gives_a_reading_without_content():
    found = reading(b"hello")
    assert (found.content, codes(found), found.sender) == (None, ["not-hl7"], ("", ""))


def test_all_faults_of_a_message_reach_the_sender_at_once():
    found = reading(changed(("|2.3.1|", "|2.5|"), ("ORC|NW", "ORC|ZZ"), ("|801590^", "|801.590^"), ("KABUL9", "")))
    assert set(codes(found)) == {"version-unsupported", "order-control-unknown", "sut-dotted", "admission-missing"}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("20240101", datetime(2023, 12, 31, 21, 0, tzinfo=UTC)),
        ("202401011530", datetime(2024, 1, 1, 12, 30, tzinfo=UTC)),
        ("20240101153045", datetime(2024, 1, 1, 12, 30, 45, tzinfo=UTC)),
        ("20240101153045.5", datetime(2024, 1, 1, 12, 30, 45, 500000, tzinfo=UTC)),
        ("20240101153045.1234", datetime(2024, 1, 1, 12, 30, 45, 123400, tzinfo=UTC)),
        ("20240101153045+0000", datetime(2024, 1, 1, 15, 30, 45, tzinfo=UTC)),
        ("20240101153045-0130", datetime(2024, 1, 1, 17, 0, 45, tzinfo=UTC)),
        ("20150701120000", datetime(2015, 7, 1, 9, 0, tzinfo=UTC)),
        ("20150101120000", datetime(2015, 1, 1, 10, 0, tzinfo=UTC)),  # before 2016 Türkiye had winter time
    ],
)
def test_times_are_aware_and_in_istanbul_unless_they_say_otherwise(written, meant):
    found = read_time(written)
    assert found == meant
    assert found.tzinfo.key == "Europe/Istanbul"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "2024",
        "202401",
        "20240230",
        "20240101 1200",
        "20240101120060",
        "00000101",
        "00010101",
        "18991231",
        "22000101",
        "x",
    ],
)
def test_what_is_no_time_is_none(written):
    assert read_time(written) is None


# The report


def test_every_field_of_a_report_is_read():
    tail = "4^5|||10000000146^UZMAN^ŞÜKRÜ~10000000214^UZMAN^ALİ|IV^Iohexol^300"
    report = reading(oru(f"{b64('Teknik.')}^1~{b64('Yok')}^2~{GOOD}", tail=tail)).content
    assert report.parts == {
        ReportPart.TECHNIQUE: "Teknik.",
        ReportPart.COMPARISON: "Yok",
        ReportPart.FINDINGS: FINDINGS,
        ReportPart.CONCLUSION: "Olağan.",
    }
    assert (report.status, report.format, report.modality) == (ReportStatus.FINAL, "TXT", "MG")
    assert [one.given for one in report.radiologists] == ["ŞÜKRÜ", "ALİ"]
    assert report.approved_at == datetime(2024, 1, 2, 6, 59, tzinfo=UTC)
    assert (report.request_reason_rating, report.image_quality_rating) == (4, 5)
    assert report.contrast == "IV^Iohexol^300"
    assert report.procedures == (Procedure(sut="801590", sut_name="Mamografi"),)


def _wrapped(text):
    encoded = b64(text)
    return "\r\n".join(encoded[at : at + 20] for at in range(0, len(encoded), 20))


@pytest.mark.parametrize(
    ("obx5", "expected"),
    [
        (f"^3^{b64(FINDINGS)}~^4^{b64('Olağan.')}", []),
        (f"3^{b64(FINDINGS)}~4^{b64('Olağan.')}", []),
        (f"{_wrapped(FINDINGS)}^3~{b64('Olağan.')}^4", ["line-break-inside"]),
        (f"{b64(FINDINGS).rstrip('=')}^3~{b64('Olağan.').rstrip('=')}^4", []),
        (b64(FINDINGS)[:20] + "\\.br\\" + b64(FINDINGS)[20:] + f"^3~{b64('Olağan.')}^4", []),
    ],
)
def test_report_parts_are_read_in_every_form_that_the_field_sends(obx5, expected):
    found = reading(oru(obx5))
    assert found.content.parts == {ReportPart.FINDINGS: FINDINGS, ReportPart.CONCLUSION: "Olağan."}
    assert codes(found) == expected


def test_report_parts_may_come_in_an_obx_each():
    first = oru(f"{b64(FINDINGS)}^3")
    second = f"OBX|2|TX|TXT^BASE64|4|{b64('Olağan.')}||||||F\r".encode()
    found = reading(first + second)
    assert (set(found.content.parts), codes(found)) == ({ReportPart.FINDINGS, ReportPart.CONCLUSION}, [])


@pytest.mark.parametrize(
    ("obx5", "expected"),
    [
        (f"Akciğer olağan^3~{b64('Olağan.')}^4", {"report-not-base64", "findings-too-short"}),
        (f"abcde^3~{b64('Olağan.')}^4", {"report-not-base64", "findings-too-short"}),
        (f"{b64('%PDF-1.4')}^3~{b64('Olağan.')}^4", {"report-not-text", "findings-too-short"}),
        (f"{b64('{' + chr(92) + 'rtf1')}^3~{b64('Olağan.')}^4", {"report-not-text", "findings-too-short"}),
        (f"{b64(chr(0) * 60)}^3~{b64('Olağan.')}^4", {"report-not-text", "findings-too-short"}),
        (f"{b64(FINDINGS)}^3", {"report-part-missing"}),
        (f"{b64('Olağan.')}^4", {"report-part-missing"}),
        ("", {"report-part-missing"}),
        (f"{GOOD}~{b64('x')}", {"report-part-unknown"}),
        (f"{GOOD}~{b64('Başka.')}^4", {"report-part-repeated"}),
    ],
)
def test_what_is_wrong_with_a_report_is_an_error_by_name(obx5, expected):
    found = reading(oru(obx5))
    assert set(codes(found)) == expected
    assert worst(found.remarks) is Severity.ERROR


@pytest.mark.parametrize(("length", "expected"), [(49, ["findings-too-short"]), (50, [])])
def test_findings_need_fifty_characters(length, expected):
    found = reading(oru(f"{b64('ş' * length)}^3~{b64('Olağan.')}^4"))
    assert codes(found) == expected


@pytest.mark.parametrize(("length", "expected"), [(49, ["findings-too-short"]), (50, [])])
def test_mark_up_does_not_count_as_findings(length, expected):
    text = f"<html><style>p {{ color: {'x' * 90} }}</style><p class='long'>{'&#351;' * length}</p></html>"
    found = reading(oru(f"{b64(text)}^3~{b64('Olağan.')}^4", obx3="HTML^BASE64"))
    assert (codes(found), found.content.format) == (expected, "HTML")


@pytest.mark.parametrize(
    ("written", "status", "expected"),
    [
        ("F", ReportStatus.FINAL, []),
        ("C", ReportStatus.CORRECTED, []),
        ("P", ReportStatus.PRELIMINARY, []),
        ("B", ReportStatus.ADDENDUM, []),
        ("A", None, ["report-status-unknown"]),
        ("X", None, ["report-status-unknown"]),
        ("", None, ["report-status-unknown"]),
    ],
)
def test_the_status_is_never_guessed(written, status, expected):
    found = reading(oru(GOOD, status=written))
    assert (found.content and found.content.status, codes(found)) == (status, expected)


def test_a_report_is_as_final_as_its_least_final_part():
    found = reading(oru(GOOD) + f"OBX|2|TX|TXT^BASE64||{b64('Teknik')}^1||||||P\r".encode())
    assert found.content.status is ReportStatus.PRELIMINARY


@pytest.mark.parametrize(
    ("tail", "code"),
    [
        ("4^5", "radiologist-missing"),
        ("4^5|||^UZMAN^ŞÜKRÜ", "radiologist-missing"),
        ("9^x|||10000000146^UZMAN^ŞÜKRÜ", "rating-unreadable"),
        ("0^5|||10000000146^UZMAN^ŞÜKRÜ", "rating-unreadable"),
        ("5^6|||10000000146^UZMAN^ŞÜKRÜ", "rating-unreadable"),
        ("4^5|||10000000146^UZMAN^ŞÜKRÜ|XX^Iohexol^300", "contrast-unreadable"),
        ("4^5|||10000000146^UZMAN^ŞÜKRÜ|IV", "contrast-unreadable"),
    ],
)
def test_signers_and_ratings_are_checked_for_their_form(tail, code):
    assert codes(reading(oru(GOOD, tail=tail))) == [code]


@pytest.mark.parametrize(
    "tail", ["1^5|||10000000146^UZMAN^ŞÜKRÜ|IV^Iohexol^300~O^Baryum sülfat", "5|||10000000146^U^Ş"]
)
def test_ratings_at_their_bounds_and_contrast_of_two_routes_are_taken(tail):
    assert codes(reading(oru(GOOD, tail=tail))) == []


def test_a_rating_out_of_bounds_is_named_and_left_out_and_the_other_one_kept():
    found = reading(oru(GOOD, tail="4^9|||10000000146^UZMAN^ŞÜKRÜ"))
    assert (found.content.request_reason_rating, found.content.image_quality_rating) == (4, None)
    assert "4^9" in found.remarks[0].text.tr
    assert found.remarks[0].severity is Severity.NOTE


@pytest.mark.parametrize(
    ("obx5", "expected"),
    [
        (f"{b64('Ek: kısa.')}^4", []),
        (f"{b64('Ek: kısa.')}^3", []),
        (GOOD, []),
        ("", ["addendum-empty"]),
        (f"{b64(' ')}^3", ["addendum-empty"]),
    ],
)
def test_an_addendum_needs_one_part_of_any_length(obx5, expected):
    assert codes(reading(oru(obx5, status="B"))) == expected


def test_a_profile_may_say_what_an_addendum_must_hold_and_how_it_is_sent():
    strict = replace(
        profile("ministry"), addendum_parts=(ReportPart.CONCLUSION,), statuses={"A": ReportStatus.ADDENDUM}
    )
    assert codes(read(parse(oru(f"{b64('Ek')}^3", status="A")), strict)) == ["report-part-missing"]
    found = read(parse(oru(f"{b64('Ek')}^4", status="A")), strict)
    assert found.content.status is ReportStatus.ADDENDUM


def test_of_mixed_results_an_addendum_supersedes_nothing():
    found = reading(oru(GOOD) + f"OBX|2|TX|TXT^BASE64||{b64('Teknik')}^1||||||B\r".encode())
    assert found.content.status is ReportStatus.ADDENDUM


def test_an_unknown_format_is_named():
    found = reading(oru(GOOD, obx3="PDF^BASE64"))
    assert codes(found) == ["report-format-unknown"]
    assert "PDF" in found.remarks[0].text.en


def test_the_decoded_report_may_be_mislabelled_though_the_message_is_not():
    found = reading(oru(f"{b64(FINDINGS, 'cp1254')}^3~{b64('Olağan.', 'cp1254')}^4"))
    assert found.content.parts[ReportPart.FINDINGS] == FINDINGS
    assert codes(found) == ["charset-mislabelled"]


# The deviating HBYS, and profiles as files


def test_the_example_profile_reads_the_same_order_from_another_layout():
    text = (
        "MSH|^~\\&|F|HBYS|||20240101120000||ORM^O01|77|P|2.5\n"
        "PID|1||F1001^^^HBYS^MR~10000000146^^^MERNIS^TC||ŞAHİN&&&^ÇİĞDEM||19800102|K\n"
        "PV1|1|O|||||||||||||||||KABUL9\n"
        "ORC|RP|A1^F|||SC||||20240101115900|||10000000146^HEKİM^IŞIL|||||R1||||Kurum^^123\n"
        "OBR|1|A1|A1|801590^Mamografi||||||||||||||||SYS1|REF1|||MG||||||||||||||||||||24606-6^MG tarama^LNC\n"
    )
    found = read(parse(wire(text, "cp1254"), agreed="Windows1254"), profile("example-hbys"))
    assert found.remarks == ()
    order = found.content
    assert (order.key, order.control) == (ExamKey(institution="123", accession="A1"), Control.CHANGE)
    assert (order.patient.tckn, order.patient.file_number) == ("10000000146", "F1001")
    assert (order.patient.family, order.patient.given) == ("ŞAHİN", "ÇİĞDEM")
    assert order.procedures == (Procedure(sut="801590", sut_name="Mamografi", loinc="24606-6", loinc_name="MG tarama"),)


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_profile_that_ships_loads_and_is_named_like_its_file(path):
    assert load(path).id == path.stem


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("PID-4", {"segment": "PID", "field": 4}),
        ("PID-3[5=TC].1", {"segment": "PID", "field": 3, "filter_component": 5, "filter_value": "TC"}),
        (
            "OBR-15[1.3=SKRS].1.1",
            {"segment": "OBR", "field": 15, "filter_component": 1, "filter_sub": 3, "filter_value": "SKRS"},
        ),
        ("ORC-21.3/2", {"segment": "ORC", "field": 21, "component": 3, "inner": 2}),
        ("PID-5.1.2", {"segment": "PID", "field": 5, "component": 1, "sub": 2}),
    ],
)
def test_paths_are_read(path, source):
    assert Source.parse(path) == Source(path=path, **source)


MINISTRY = (PROFILES / "ministry.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("findings_min", "findings_mni", "findings_mni"),
        ("[facts]", "[facts]\nwrong = ['PID-1']", "facts.wrong"),
        ('["PID-3.1"]', '["PID3"]', "facts.file_number"),
        ('["PID-3.1"]', '"PID-3.1"', "facts.file_number"),
        ("[severities]", "[severities]\nno-such = 'AA'", "severities.no-such"),
        ("[severities]", "[severities]\ntoo-long = 'XX'", "severities"),
        ('institution = "[0-9]{1,10}"', 'institution = "["', "patterns.institution"),
        ('control      = ["ORC-1"]', "", "facts.control"),
        ("[facts]", "[facts", "site.toml"),
    ],
)
def test_a_faulty_profile_is_refused_naming_file_and_key(old, new, named):
    assert old in MINISTRY
    with pytest.raises(ProfileError) as caught:
        load(MINISTRY.replace(old, new).encode(), "site.toml")
    assert "site.toml" in str(caught.value)
    assert named in str(caught.value)


def test_a_missing_profile_is_refused_by_name(tmp_path):
    with pytest.raises(ProfileError, match=r"none\.toml"):
        load(tmp_path / "none.toml")


def test_a_profile_may_give_a_remark_another_weight():
    strict = load(MINISTRY.replace('admission-missing = "AA"', 'admission-missing = "AE"').encode())
    found = read(parse(changed(("KABUL9", ""))), strict)
    assert [(one.code, one.severity) for one in found.remarks] == [("admission-missing", Severity.ERROR)]


def test_every_remark_speaks_both_languages_and_its_placeholders_agree():
    names = {"limit", "found", "expected", "missing", "used", "declared", "field", "part", "name_tr", "name_en"}
    values = dict.fromkeys(names, "7")
    for entry in CATALOGUE.values():
        assert entry.tr.format_map(values) and entry.en.format_map(values)
        assert entry.tr != entry.en
